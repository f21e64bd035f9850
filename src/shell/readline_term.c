/* readline_term.c -- the terminal under the line editor: its capabilities, as
 * the machine's own terminfo files tell them, and its modes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "shell/readline_priv.h"

enum { TI_MAGIC = 0432, TI_MAGIC32 = 01036, TI_MAX = 8192, TI_AM = 1, TI_XENL = 4 };

/* Where terminfo keeps them among its strings. */
static const uint8_t cap_index[CAP_COUNT] = {
    [CAP_CR] = 2,    [CAP_CLEAR] = 5, [CAP_EL] = 6,    [CAP_CUB1] = 14, [CAP_CUF1] = 17,
    [CAP_CUU1] = 19, [CAP_DCH1] = 21, [CAP_DCH] = 105, [CAP_ICH1] = 52, [CAP_ICH] = 108,
    [CAP_SMIR] = 31, [CAP_RMIR] = 42, [CAP_SMSO] = 35, [CAP_RMSO] = 43};

static unsigned u16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

static char *cap_copy(struct rl *r, const uint8_t *t, size_t n, size_t strings, unsigned at)
{
    const uint8_t *s = t + strings + at;
    if (strings + at >= n || !memchr(s, 0, n - strings - at))
        return NULL;
    return rl_dup(r, (const char *)s, strlen((const char *)s));
}

/* The compiled entry t; false if it is none. */
static bool parse(struct rl *r, const uint8_t *t, size_t n)
{
    if (n < 12 || (u16(t) != TI_MAGIC && u16(t) != TI_MAGIC32))
        return false;
    size_t names = u16(t + 2), bools = u16(t + 4), nums = u16(t + 6), offsets = u16(t + 8);
    size_t at_bools = 12 + names, at_nums = at_bools + bools;
    at_nums += at_nums & 1;
    size_t at_offsets = at_nums + nums * (u16(t) == TI_MAGIC32 ? 4 : 2);
    size_t strings = at_offsets + offsets * 2;
    if (strings > n)
        return false;
    r->term.wraps = bools > TI_XENL && t[at_bools + TI_AM] == 1 && t[at_bools + TI_XENL] == 1;
    for (int i = 0; i < CAP_COUNT; i++) {
        unsigned off = cap_index[i] < offsets ? u16(t + at_offsets + 2u * cap_index[i]) : 0xffff;
        r->term.cap[i] = off < 0x8000 ? cap_copy(r, t, n, strings, off) : NULL;
    }
    return true;
}

static bool load_file(struct rl *r, const char *dir, const char *name)
{
    char *path = vm_asprintf(r->p, "%s/%c/%s", dir, name[0], name);
    int fd = vm_open(r->p, path, O_RDONLY | O_CLOEXEC, 0);
    vm_release(r->p, path, strlen(path) + 1);
    if (fd < 0)
        return false;
    uint8_t *t = vm_alloc(r->p, TI_MAX);
    size_t n = 0;
    ssize_t k;
    while (n < TI_MAX && (k = vm_read(r->p, fd, t + n, TI_MAX - n)) > 0)
        n += (size_t)k;
    (void)vm_close(r->p, fd);
    bool ok = parse(r, t, n);
    vm_release(r->p, t, TI_MAX);
    return ok;
}

static void forget(struct rl *r)
{
    for (int i = 0; i < CAP_COUNT; i++)
        rl_drop(r, (char *)r->term.cap[i]);
    rl_drop(r, r->term.name);
    r->term = (struct rl_term){0};
}

void term_load(struct rl *r)
{
    static const char *const dirs[] = {"/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo"};
    const char *name = r->host->var(r->host->ctx, "TERM");
    if (!name)
        name = "dumb";
    if (r->term.name && strcmp(r->term.name, name) == 0)
        return;
    forget(r);
    r->term.name = rl_dup(r, name, strlen(name));
    bool ok = false;
    for (int i = 0; i < 3 && !ok && *name && !strchr(name, '/') && strlen(name) < 64; i++)
        ok = load_file(r, dirs[i], name);
    if (!r->term.cap[CAP_CR])
        r->term.cap[CAP_CR] = rl_dup(r, "\r", 1);
    r->term.dumb = !ok || strcmp(name, "dumb") == 0;
    /* Unknown and hard-copy terminals get no bracketed paste. */
    r->paste_on = ok && !r->term.dumb && r->term.cap[CAP_CUU1];
}

/* --- output ------------------------------------------------------------------------ */
void rl_flush(struct rl *r)
{
    if (r->out.n)
        (void)vm_write_all(r->p, 2, r->out.s, r->out.n);
    str_trunc(&r->out, 0);
    if (r->out.cap > 1024)
        str_release(&r->out);
}

void rl_ding(struct rl *r)
{
    (void)vm_write_all(r->p, 2, "\a", 1);
}

/* Padding is NULs for as long as the line speed asks for. */
static const char *put_padding(struct rl *r, const char *s)
{
    const char *end = strchr(s, '>');
    long tenths = 0;
    if (!end)
        return s;
    for (s += 2; *s >= '0' && *s <= '9'; s++)
        if (tenths < 10000)
            tenths = tenths * 10 + (*s - '0');
    tenths *= 10;
    speed_t code = cfgetospeed(&r->cooked);
    long baud = code == B38400 ? 38400 : code == B9600 ? 9600 : code == B115200 ? 115200 : 0;
    str_fill(&r->out, 0, (size_t)(tenths * baud / 90000));
    return end + 1;
}

static void put_cap(struct rl *r, const char *s, int n)
{
    while (s && *s) {
        if (s[0] == '$' && s[1] == '<')
            s = put_padding(r, s);
        else if (s[0] == '%' && (s[1] == 'p' || s[1] == 'i'))
            s += s[1] == 'p' ? 3 : 2;
        else if (s[0] == '%' && s[1] == 'd') {
            str_printf(&r->out, "%d", n);
            s += 2;
        } else
            str_putc(&r->out, (unsigned char)*s++);
    }
}

void term_out(struct rl *r, enum rl_cap cap)
{
    put_cap(r, r->term.cap[cap], 0);
}

void term_out_n(struct rl *r, enum rl_cap cap, int n)
{
    put_cap(r, r->term.cap[cap], n);
}

/* --- modes --------------------------------------------------------------------------- */
void term_prep(struct rl *r)
{
    struct termios t;
    if (r->prepped || vm_tcgetattr(r->p, 0, &t) != 0)
        return;
    r->cooked = t;
    r->echoing = t.c_lflag & ECHO;
    r->eof_char = t.c_cc[VEOF];
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    if ((t.c_cflag & CSIZE) == CS8)
        t.c_iflag &= ~(tcflag_t)(ISTRIP | INPCK);
    t.c_iflag &= ~(tcflag_t)(ICRNL | INLCR);
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    t.c_cc[VLNEXT] = 0;
    (void)vm_tcsetattr(r->p, 0, TCSADRAIN, &t);
    r->prepped = true;
    if (r->paste_on)
        str_puts(&r->out, "\033[?2004h");
}

void term_deprep(struct rl *r)
{
    if (!r->prepped)
        return;
    if (r->paste_on)
        str_puts(&r->out, "\033[?2004l\r");
    if (r->eof)
        str_puts(&r->out, r->paste_on ? "\n" : "");
    rl_flush(r);
    (void)vm_tcsetattr(r->p, 0, TCSADRAIN, &r->cooked);
    r->prepped = false;
}

static unsigned number(const char *s)
{
    int64_t n;
    return s && str_int(s, 1, 10000, &n) == 0 ? (unsigned)n : 0;
}

void term_size(struct rl *r)
{
    struct winsize w = {0};
    (void)vm_getwinsize(r->p, 0, &w);
    r->width = w.ws_col;
    r->height = w.ws_row;
    if (!r->width)
        r->width = number(r->host->var(r->host->ctx, "COLUMNS"));
    if (!r->height)
        r->height = number(r->host->var(r->host->ctx, "LINES"));
    if (!r->width)
        r->width = 80;
    if (r->width > 4096)
        r->width = 4096;
    if (!r->height)
        r->height = 24;
    /* Without automatic margins the last column stays empty. */
    if (!r->term.wraps && r->width > 1)
        r->width--;
}
