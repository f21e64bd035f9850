/* readline.c -- the line editor's loop: waits for keys, runs what they mean.
 *
 * Between two keys nothing but the struct rl is held, and the frames below are
 * small: an idle session waits in here.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/readline.h"

#include <errno.h>
#include <string.h>

#include "shell/readline_priv.h"

enum { SEQ_MAX = 8, ARG_MAX_ = 1000000 };

struct rl *rl_new(struct proc *p, struct arena *a, const struct rl_host *host)
{
    struct rl *r = arena_zalloc(a, sizeof *r);
    if (!r)
        return NULL;
    r->p = p;
    r->a = a;
    r->host = host;
    r->pending = RL_KEY_EOF;
    r->next_hist = -1;
    str_init(&r->out, a);
    return r;
}

void rl_set_modes(struct rl *r, bool utf8, bool vi)
{
    r->utf8 = utf8;
    r->vi = vi;
}

/* --- keys ------------------------------------------------------------------------ */
static void on_winch(struct proc *p, int sig)
{
    (void)p;
    (void)sig;
}

static void look_at_size(struct rl *r)
{
    unsigned width = r->width, height = r->height;
    term_size(r);
    if (width == r->width && height == r->height)
        return;
    struct winsize w = {0};
    (void)vm_getwinsize(r->p, 0, &w);
    if (r->host->resized)
        r->host->resized(r->host->ctx, w.ws_col, w.ws_row);
    draw_resized(r, width);
}

int rl_key(struct rl *r)
{
    uint8_t c;
    if (r->interrupted)
        return RL_KEY_INTERRUPT;
    if (r->pending != RL_KEY_EOF) {
        int key = r->pending;
        r->pending = RL_KEY_EOF;
        return key;
    }
    rl_flush(r);
    for (;;) {
        if (r->host->signalled(r->host->ctx)) {
            r->interrupted = true;
            return RL_KEY_INTERRUPT;
        }
        ssize_t n = vm_read(r->p, 0, &c, 1);
        if (n == 1)
            return c;
        if (n != -EINTR)
            return RL_KEY_EOF;
        look_at_size(r);
    }
}

bool rl_key_waits(struct rl *r)
{
    struct pollfd f = {.fd = 0, .events = POLLIN};
    return r->pending != RL_KEY_EOF || vm_poll(r->p, &f, 1, 0) > 0;
}

void rl_run(struct rl *r, rl_fn *fn, int count, int key)
{
    r->was_killing = r->killing;
    r->killing = false;
    if (fn != rl_exchange)
        r->active = false;
    fn(r, count, key);
    r->last = fn;
}

/* Reads on until the keys have a meaning; NULL: they have none. */
static rl_fn *resolve(struct rl *r, int *key)
{
    char seq[SEQ_MAX];
    size_t n = 0;
    bool prefix;
    if (*key >= 0x80 && !r->utf8) { /* Meta */
        seq[n++] = 27;
        *key &= 0x7f;
    }
    seq[n++] = (char)*key;
    for (;;) {
        rl_fn *fn = keys_find(r, seq, n, &prefix);
        if (fn)
            return fn;
        if (!prefix || n == SEQ_MAX)
            return NULL;
        int k = rl_key(r);
        if (k < 0)
            return NULL;
        *key = k;
        seq[n++] = (char)k;
    }
}

static void dispatch(struct rl *r, int key)
{
    int count = r->arg_given ? r->arg : 1;
    r->arg_given = false;
    r->arg = 1;
    rl_fn *fn = resolve(r, &key);
    if (fn)
        rl_run(r, fn, count, key);
    else if (!r->interrupted) {
        r->active = false;
        rl_ding(r);
        r->last = NULL;
    }
}

/* --- commands of the loop itself ------------------------------------------------------ */
void rl_accept(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    draw(r); /* without the highlighted region */
    r->done = true;
}

void rl_delete_or_eof(struct rl *r, int count, int key)
{
    rl_delete(r, count, key);
}

void rl_nothing(struct rl *r, int count, int key)
{
    (void)r;
    (void)count;
    (void)key;
}

void rl_abort(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    rl_ding(r);
}

void rl_clear_screen(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    draw_clear(r);
}

static void insert_repeated(struct rl *r, const char *s, size_t n, int count)
{
    for (; count > 0; count--)
        rl_insert_text(r, s, n);
}

/* One byte that stands for itself. False while a character is incomplete. */
static bool insert_byte(struct rl *r, int count, int key)
{
    char c = (char)key;
    uint32_t rune;
    if (!r->utf8 || (key < 0x80 && !r->partial_n)) {
        insert_repeated(r, &c, 1, count);
        return true;
    }
    bool more = (key & 0xc0) == 0x80;
    if (r->partial_n && !more) {
        insert_repeated(r, (char *)r->partial, r->partial_n, count);
        r->partial_n = 0;
        return insert_byte(r, count, key);
    }
    r->partial[r->partial_n++] = (uint8_t)key;
    size_t want = r->partial[0] >= 0xf0   ? 4
                  : r->partial[0] >= 0xe0 ? 3
                  : r->partial[0] >= 0xc2 ? 2
                                          : 1;
    if (r->partial_n < want)
        return false;
    (void)utf8_decode((char *)r->partial, r->partial_n, &rune);
    insert_repeated(r, (char *)r->partial, r->partial_n, count);
    r->partial_n = 0;
    return true;
}

void rl_insert(struct rl *r, int count, int key)
{
    if (r->overwrite && r->point < r->n)
        rl_delete_text(r, r->point, rl_next(r, r->point));
    (void)insert_byte(r, count, key);
    /* What was typed ahead goes in at once, as one change of the screen. */
    while (!r->overwrite && rl_key_waits(r)) {
        int k = rl_key(r);
        if (k < 0 || !keys_inserts(r, k)) {
            if (k >= 0)
                r->pending = k;
            else if (k == RL_KEY_EOF)
                r->eof = true;
            break;
        }
        (void)insert_byte(r, 1, k);
        vm_tick(r->p, 1);
    }
}

/* A key as it is, even one that makes a signal. */
void rl_quoted_insert(struct rl *r, int count, int key)
{
    struct termios t, raw;
    if (vm_tcgetattr(r->p, 0, &t) != 0)
        return;
    raw = t;
    raw.c_lflag &= ~(tcflag_t)ISIG;
    (void)vm_tcsetattr(r->p, 0, TCSADRAIN, &raw);
    key = rl_key(r);
    (void)vm_tcsetattr(r->p, 0, TCSADRAIN, &t);
    if (key >= 0)
        (void)insert_byte(r, count, key);
}

void rl_tab(struct rl *r, int count, int key)
{
    (void)key;
    insert_repeated(r, "\t", 1, count);
}

void rl_overwrite_mode(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    r->overwrite = !r->overwrite;
}

/* Bracketed paste: everything up to ESC [ 201 ~ goes in unchanged. */
void rl_paste(struct rl *r, int count, int key)
{
    static const char end[] = "\033[201~";
    struct str s;
    (void)count;
    str_init(&s, r->a);
    while (s.n < RL_LINE_MAX && (key = rl_key(r)) >= 0) {
        str_putc(&s, key == '\r' ? '\n' : key);
        if (key == '~' && s.n >= 6 && memcmp(s.s + s.n - 6, end, 6) == 0) {
            str_trunc(&s, s.n - 6);
            break;
        }
        vm_tick(r->p, 1);
    }
    r->mark = r->point;
    rl_insert_text(r, str_text(&s), s.n);
    r->active = s.n > 0;
    str_release(&s);
}

void rl_digit(struct rl *r, int count, int key)
{
    char message[32];
    int n = key == '-' ? 1 : key - '0', sign = key == '-' ? -1 : 1;
    bool digits = key != '-';
    (void)count;
    draw_message(r, "(arg: 1) ");
    if (digits)
        draw(r);
    for (;;) {
        (void)str_fmt(message, sizeof message, "(arg: %d) ", sign * n);
        draw_message(r, message);
        draw(r);
        key = rl_key(r);
        if (key == 27 || (key >= 0x80 && !r->utf8)) { /* Alt-digit goes on as well */
            int next = key == 27 ? rl_key(r) : key & 0x7f;
            if (next < '0' || next > '9') {
                draw_message(r, NULL);
                draw(r);
                r->arg = sign * n;
                r->arg_given = true;
                if (next >= 0) {
                    r->pending = next;
                    dispatch(r, 27);
                }
                return;
            }
            key = next;
        }
        if (key < '0' || key > '9')
            break;
        n = digits ? n * 10 + (key - '0') : key - '0';
        digits = true;
        if (n > ARG_MAX_)
            n = ARG_MAX_;
    }
    draw_message(r, NULL);
    draw(r);
    r->arg = sign * n > 4096 ? 4096 : sign * n;
    r->arg_given = true;
    if (key >= 0)
        dispatch(r, key);
}

static void find_char(struct rl *r, int dir)
{
    int key = rl_key(r);
    if (key < 0)
        return;
    for (int64_t i = (int64_t)r->point + dir; i >= 0 && i < (int64_t)r->n; i += dir)
        if ((uint8_t)r->text[i] == key) {
            r->point = (uint32_t)i;
            return;
        }
    rl_ding(r);
}

void rl_find_char(struct rl *r, int count, int key)
{
    (void)key;
    find_char(r, count < 0 ? -1 : 1);
}

void rl_find_char_back(struct rl *r, int count, int key)
{
    (void)key;
    find_char(r, count < 0 ? 1 : -1);
}

/* --- one line ------------------------------------------------------------------------------- */
static void echo_interrupt(struct rl *r)
{
    if ((r->cooked.c_lflag & ECHOCTL) && r->echoing && r->cooked.c_cc[VINTR])
        str_printf(&r->out, "^%c", r->cooked.c_cc[VINTR] ^ 0100);
    /* The signal handler restores the modes, then the editor is left. */
    if (r->paste_on)
        str_puts(&r->out, "\033[?2004l\r\033[?2004h");
    r->eof = false;
    term_deprep(r);
    str_putc(&r->out, '\n');
    rl_flush(r);
}

static void edit(struct rl *r)
{
    while (!r->done && !r->interrupted && !r->eof) {
        int key = rl_key(r);
        if (key == RL_KEY_INTERRUPT)
            return;
        if (r->n == 0 && (key == RL_KEY_EOF || key == r->eof_char)) {
            r->eof = true;
            return;
        }
        if (key == RL_KEY_EOF) {
            r->done = true;
            return;
        }
        dispatch(r, key);
        if (!r->done && !r->interrupted)
            draw(r);
    }
}

static void begin(struct rl *r, const char *prompt)
{
    term_load(r);
    rl_replace_line(r, "", true);
    r->done = r->eof = r->interrupted = r->active = r->overwrite = false;
    r->arg_given = r->killing = false;
    r->partial_n = 0;
    r->last = NULL;
    draw_prompt(r, prompt);
    term_prep(r);
    term_size(r);
    rl_hist_reset(r);
    draw_forced(r);
}

enum rl_result rl_read(struct rl *r, const char *prompt, const char **line)
{
    vm_sig_fn *winch = vm_signal(r->p, SIGWINCH, on_winch, false);
    begin(r, prompt);
    edit(r);
    (void)vm_signal(r->p, SIGWINCH, winch, true);
    rl_forget_undo(r);
    if (r->interrupted) {
        r->pending = RL_KEY_EOF;
        echo_interrupt(r);
        return RL_INTERRUPT;
    }
    if (!r->eof)
        draw_final(r);
    term_deprep(r);
    *line = r->text;
    return r->eof ? RL_EOF : RL_LINE;
}
