/* wc.c -- counts lines, words, characters, bytes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"

enum { BLOCK = 65536 };

struct counts {
    uint64_t lines, words, chars, bytes, longest;
};

struct wc {
    struct cmd_run *r;
    bool lines, words, chars, bytes, longest, utf8;
    int width;
};

struct position {
    bool in_word;
    uint64_t column;
};

static void end_line(struct counts *c, struct position *at)
{
    if (at->column > c->longest)
        c->longest = at->column;
    at->column = 0;
}

static void count_char(struct counts *c, struct position *at, uint32_t rune)
{
    bool space = false;
    c->chars++;
    switch (rune) {
    case '\n':
        c->lines++; /* fall through */
    case '\r':
    case '\f':
        end_line(c, at);
        space = true;
        break;
    case '\t':
        at->column += 8 - at->column % 8;
        space = true;
        break;
    case '\v':
        space = true;
        break;
    case ' ':
        at->column++;
        space = true;
        break;
    default:
        if (rune < 32 || rune == 127)
            return; /* neither word nor space */
        at->column += (uint64_t)(rune < 128 ? 1 : utf8_width(rune));
        space = rune >= 128 &&
                (rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a && rune != 0x2007) ||
                 rune == 0x2028 || rune == 0x2029 || rune == 0x205f || rune == 0x3000);
    }
    if (!space && !at->in_word)
        c->words++;
    at->in_word = !space;
}

/* Counts n bytes; how many of them were left for the next block: a character
 * that is cut in two. */
static size_t count_block(struct wc *w, struct counts *c, struct position *at, const char *s,
                          size_t n, bool more)
{
    for (size_t i = 0; i < n;) {
        unsigned char b = (unsigned char)s[i];
        uint32_t rune;
        if (b < 128 || !w->utf8) {
            if (b < 128)
                count_char(c, at, b);
            else
                c->chars += !w->utf8; /* a byte of no character set: part of a word */
            i++;
            continue;
        }
        size_t k = utf8_decode(s + i, n - i, &rune);
        if (k)
            count_char(c, at, rune);
        else if (n - i < 4 && more)
            return n - i;
        i += k ? k : 1;
    }
    return 0;
}

static int count_file(struct wc *w, int fd, struct counts *c)
{
    struct proc *p = w->r->p;
    char *block = vm_alloc(p, BLOCK + 4);
    struct position at = {0};
    ssize_t n;
    bool simple = !w->words && !w->chars && !w->longest;
    struct vfs_stat st;
    if (simple && !w->lines && !vm_fstat(p, fd, &st) && S_ISREG(st.mode) && st.size > 0) {
        int64_t now = vm_lseek(p, fd, 0, SEEK_CUR);
        if (now >= 0) {
            c->bytes = now < st.size ? (uint64_t)(st.size - now) : 0;
            vm_lseek(p, fd, 0, SEEK_END);
            return 0;
        }
    }
    size_t left = 0;
    while ((n = vm_read(p, fd, block + left, BLOCK)) > 0) {
        c->bytes += (uint64_t)n;
        if (!simple) {
            vm_tick(p, 256);
            size_t have = left + (size_t)n;
            left = count_block(w, c, &at, block, have, true);
            memmove(block, block + have - left, left);
            continue;
        }
        if (!w->lines)
            continue;
        for (const char *s = block, *e = block + n; (s = memchr(s, '\n', (size_t)(e - s))); s++)
            c->lines++;
    }
    count_block(w, c, &at, block, left, false);
    end_line(c, &at);
    vm_release(p, block, BLOCK + 4);
    return n < 0 ? (int)n : 0;
}

static void put(struct wc *w, const struct counts *c, const char *name)
{
    struct vfile *o = w->r->out;
    const uint64_t *v[] = {&c->lines, &c->words, &c->chars, &c->bytes, &c->longest};
    bool on[] = {w->lines, w->words, w->chars, w->bytes, w->longest};
    bool first = true;
    for (int i = 0; i < 5; i++) {
        if (!on[i])
            continue;
        vf_printf(o, "%s%*lu", first ? "" : " ", w->width, (unsigned long)*v[i]);
        first = false;
    }
    if (name)
        vf_printf(o, " %s", strchr(name, '\n') ? cmd_quotef(w->r, name) : name);
    vf_putc(o, '\n');
}

/* How wide must numbers be? As wide as the sum of all sizes, 7 if some
 * operand is no regular file, 1 for a single number. */
static int number_width(struct wc *w, char **f, int n)
{
    int columns = w->lines + w->words + w->chars + w->bytes + w->longest;
    if (n <= 1 && columns == 1)
        return 1;
    uint64_t total = 0;
    int least = 1, width = 1;
    for (int i = 0; i < (n ? n : 1); i++) {
        struct vfs_stat st;
        int err = n && strcmp(f[i], "-") ? vm_stat(w->r->p, f[i], &st) : vm_fstat(w->r->p, 0, &st);
        if (err < 0)
            continue;
        if (S_ISREG(st.mode))
            total += (uint64_t)st.size;
        else
            least = 7;
    }
    for (; total >= 10; total /= 10)
        width++;
    return width > least ? width : least;
}

/* The names of --files0-from=FILE. */
static char **names_from(struct cmd_run *r, const char *file, int *n)
{
    struct vfile *f = cmd_stream(r, file);
    if (!f)
        return NULL;
    size_t cap = 16, len;
    char **names = vm_alloc(r->p, cap * sizeof(*names));
    for (char *s; (s = vf_getdelim(f, 0, &len));) {
        if ((size_t)*n + 1 >= cap) {
            char **more = vm_alloc(r->p, 2 * cap * sizeof(*names));
            memcpy(more, names, cap * sizeof(*names));
            names = more;
            cap *= 2;
        }
        names[(*n)++] = vm_asprintf(r->p, "%.*s", (int)len, s);
    }
    return names;
}

static int wc_run(struct cmd_run *r)
{
    struct wc w = {.r = r, .utf8 = cmd_utf8(r->p)};
    w.lines = cmd_has(r, 'l');
    w.words = cmd_has(r, 'w');
    w.chars = cmd_has(r, 'm');
    w.bytes = cmd_has(r, 'c');
    w.longest = cmd_has(r, 'L');
    if (!(w.lines || w.words || w.chars || w.bytes || w.longest))
        w.lines = w.words = w.bytes = true;
    int n = r->argc;
    char **names = r->argv;
    const char *from = cmd_arg(r, '\1');
    if (from) {
        if (n) {
            cmd_warn(r, "extra operand %s", cmd_quotel(r, names[0]));
            vf_puts(r->err, "file operands cannot be combined with --files0-from\n");
            return cmd_usage(r);
        }
        if (!(names = names_from(r, from, &n)))
            return 1;
    }
    w.width = from ? 1 : number_width(&w, names, n);
    struct counts total = {0};
    int status = 0;
    for (int i = 0; i < (n || from ? n : 1); i++) {
        const char *name = n ? names[i] : "-";
        struct counts c = {0};
        int fd = cmd_open(r, name), err = fd;
        if (fd >= 0)
            err = count_file(&w, fd, &c);
        if (err < 0) {
            cmd_warn_err(r, err, "%s", cmd_quotef(r, name));
            status = 1;
        }
        if (fd >= 0)
            put(&w, &c, n ? name : NULL);
        if (fd > 0)
            vm_close(r->p, fd);
        total.lines += c.lines;
        total.words += c.words;
        total.chars += c.chars;
        total.bytes += c.bytes;
        if (c.longest > total.longest)
            total.longest = c.longest;
    }
    if (n > 1)
        put(&w, &total, "total");
    return status;
}

static const char *const wc_longs[] = {"bytes=c",         "chars=m",           "lines=l", "words=w",
                                       "files0-from:=\1", "max-line-length=L", NULL};

const struct cmd cmd_wc = {.name = "wc", .opts = "clLmw", .longs = wc_longs, .run = wc_run};
