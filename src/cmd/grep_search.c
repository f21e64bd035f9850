/* grep_search.c -- grep looks through one file, and shows what it finds.
 *
 * Files are read in large blocks and searched as a whole: the matcher jumps
 * from match to match, so lines in between cost nothing unless somebody
 * counts them. Lines are looked at one by one only for -v, -P, for context
 * after a match, and with -z.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/grep.h"

enum { BLOCK = 65536 };

/* What is known about the file being searched. */
struct scan {
    const char *name;
    char *buf;
    size_t cap, n;
    size_t pos;     /* lines before it are done */
    size_t shown;   /* lines before it have been printed */
    int64_t base;   /* offset in the file of buf[0] */
    int64_t lineno; /* of the line at counted, less one */
    size_t counted;
    int64_t selected, pending; /* lines of context still to print */
    bool binary, done;
};

/* --- matching ------------------------------------------------------------------ */

/* The first match in s[from..n): its place, or none. exact: both ends are
 * needed, else eo alone. */
static bool find(struct grep *g, const char *s, size_t n, size_t from, bool exact,
                 struct regex_match *m)
{
    int found =
        g->perl ? perl_regex_exec(g->perl, s, n, from, m) : regex_exec(g->re, s, n, from, m, exact);
    if (found < 0) {
        cmd_warn(g->r, g->perl ? "exceeded PCRE's backtracking limit" : "stack overflow");
        g->failed = true;
        return false;
    }
    return found;
}

/* --- printing ------------------------------------------------------------------- */

static void put_coloured(struct grep *g, const char *colour, const char *s, size_t n)
{
    if (g->colour)
        vf_printf(g->r->out, "\33[%sm\33[K", colour);
    vf_write(g->r->out, s, n);
    if (g->colour)
        vf_puts(g->r->out, "\33[m\33[K");
}

static void put_sep(struct grep *g, char c)
{
    put_coloured(g, "36", &c, 1);
}

static void put_name(struct grep *g, const char *name)
{
    put_coloured(g, "35", name, strlen(name));
}

static void count_lines(struct grep *g, struct scan *s, size_t upto)
{
    const char *at = s->buf + s->counted, *end = s->buf + upto;
    while (at < end && (at = memchr(at, g->eol, (size_t)(end - at)))) {
        s->lineno++;
        at++;
    }
    s->counted = upto;
}

static void put_prefix(struct grep *g, struct scan *s, size_t line, size_t at, char sep)
{
    char text[32];
    if (g->with_name) {
        put_name(g, s->name);
        if (g->null)
            vf_putc(g->r->out, '\0');
        else
            put_sep(g, sep);
    }
    if (g->number) {
        count_lines(g, s, line);
        int n = snprintf(text, sizeof(text), g->initial_tab ? "%4ld" : "%ld", (long)s->lineno + 1);
        put_coloured(g, "32", text, (size_t)n);
        put_sep(g, sep);
    }
    if (g->offset) {
        int n = snprintf(text, sizeof(text), "%ld", (long)(s->base + (int64_t)at));
        put_coloured(g, "32", text, (size_t)n);
        put_sep(g, sep);
    }
    if (g->initial_tab && (g->with_name || g->number || g->offset))
        vf_puts(g->r->out, g->number ? "\t" : "\t");
}

/* Only the matching parts of a line. */
static void put_parts(struct grep *g, struct scan *s, size_t line, size_t end)
{
    size_t at = 0, n = end - line;
    struct regex_match m;
    while (at <= n && find(g, s->buf + line, n, at, true, &m)) {
        if (m.eo == m.so) {
            at = m.eo + 1;
            continue;
        }
        put_prefix(g, s, line, line + m.so, ':');
        put_coloured(g, "01;31", s->buf + line + m.so, m.eo - m.so);
        vf_putc(g->r->out, g->eol);
        at = m.eo;
    }
}

static void put_line(struct grep *g, struct scan *s, size_t line, size_t end, char sep)
{
    put_prefix(g, s, line, line, sep);
    size_t at = 0, n = end - line;
    struct regex_match m;
    if (g->colour && (sep == ':') != g->invert) {
        while (at <= n && find(g, s->buf + line, n, at, true, &m)) {
            if (m.eo == m.so) {
                if (m.eo >= n)
                    break;
                vf_write(g->r->out, s->buf + line + at, m.eo + 1 - at);
                at = m.eo + 1;
                continue;
            }
            vf_write(g->r->out, s->buf + line + at, m.so - at);
            put_coloured(g, "01;31", s->buf + line + m.so, m.eo - m.so);
            at = m.eo;
        }
    }
    vf_write(g->r->out, s->buf + line + at, n - at);
    vf_putc(g->r->out, g->eol);
    s->shown = end + 1;
    if (g->unbuffered)
        (void)vf_flush(g->r->out);
}

static void put_before(struct grep *g, struct scan *s, size_t line)
{
    size_t from = line;
    for (int64_t i = 0; i < g->before && from > s->shown; i++) {
        const char *p = from > 1 ? memrchr(s->buf, g->eol, from - 1) : NULL;
        size_t prev = p ? (size_t)(p - s->buf) + 1 : 0;
        from = prev < s->shown ? s->shown : prev;
    }
    bool gap = from > s->shown || s->shown == 0;
    if ((g->before || g->after) && g->printed && gap && !g->only) {
        put_coloured(g, "36", "--", 2);
        vf_putc(g->r->out, '\n');
    }
    while (from < line && !g->only) {
        const char *p = memchr(s->buf + from, g->eol, line - from);
        size_t end = (size_t)(p - s->buf);
        put_line(g, s, from, end, '-');
        from = end + 1;
    }
}

static bool badly_encoded(struct grep *g, const char *s, size_t n)
{
    if (!g->utf8)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] >= 128)
            return !utf8_valid(s, n);
    return false;
}

/* A line was selected: true if the file is finished with. */
static bool select_line(struct grep *g, struct scan *s, size_t line, size_t end)
{
    s->selected++;
    g->matched = true;
    if (g->quiet || g->list || g->list_not)
        return true;
    if (!g->count) {
        if (g->binary == BIN_REPORT && (s->binary || badly_encoded(g, s->buf + line, end - line))) {
            cmd_warn(g->r, "%s: binary file matches", s->name);
            return true;
        }
        put_before(g, s, line);
        if (g->only && !g->invert)
            put_parts(g, s, line, end);
        else if (!g->only)
            put_line(g, s, line, end, ':');
        s->shown = end + 1;
        g->printed = true;
        s->pending = g->after;
    }
    if (s->selected >= g->max) {
        if (!s->pending)
            return true;
        s->done = true; /* only the context is still wanted */
    }
    return false;
}

/* The line at pos, which ends at end: true if the file is finished with. */
static bool look_at(struct grep *g, struct scan *s, size_t line, size_t end)
{
    struct regex_match m;
    bool hit = !s->done && find(g, s->buf + line, end - line, 0, false, &m) != g->invert;
    if (hit)
        return select_line(g, s, line, end);
    if (!s->pending)
        return s->done;
    s->pending--;
    if (!g->only)
        put_line(g, s, line, end, '-');
    s->shown = end + 1;
    return s->done && !s->pending;
}

/* All complete lines in buf[pos..limit): true if the file is finished with. */
static bool scan_lines(struct grep *g, struct scan *s, size_t limit)
{
    struct regex_match m;
    while (s->pos < limit) {
        size_t line = s->pos;
        if (!g->invert && !s->pending && !s->done && !g->zero && !g->perl) {
            if (!find(g, s->buf, limit - 1, line, false, &m)) {
                s->pos = limit;
                return g->failed;
            }
            const char *p = m.eo > line ? memrchr(s->buf + line, g->eol, m.eo - line) : NULL;
            line = p ? (size_t)(p - s->buf) + 1 : line;
            size_t end = (size_t)((char *)memchr(s->buf + m.eo, g->eol, limit - m.eo) - s->buf);
            s->pos = end + 1;
            if (select_line(g, s, line, end))
                return true;
            continue;
        }
        size_t end = (size_t)((char *)memchr(s->buf + line, g->eol, limit - line) - s->buf);
        s->pos = end + 1;
        if (look_at(g, s, line, end))
            return true;
        vm_tick(g->r->p, 2);
    }
    return false;
}

/* Makes room by dropping what is done, but for lines that may be context. */
static void compact(struct grep *g, struct scan *s)
{
    size_t keep = s->pos;
    for (int64_t i = 0; i < g->before && keep > s->shown && keep; i++) {
        const char *p = keep > 1 ? memrchr(s->buf, g->eol, keep - 1) : NULL;
        keep = p ? (size_t)(p - s->buf) + 1 : 0;
    }
    if (g->number)
        count_lines(g, s, keep > s->counted ? keep : s->counted);
    if (!keep)
        return;
    memmove(s->buf, s->buf + keep, s->n - keep);
    s->n -= keep;
    s->pos -= keep;
    s->base += (int64_t)keep;
    s->counted = s->counted > keep ? s->counted - keep : 0;
    /* 1 tells put_before that something stood before: a gap, not the start */
    s->shown = s->shown > keep ? s->shown - keep : 0;
}

static int scan_file(struct grep *g, struct scan *s, int fd)
{
    struct cmd_run *r = g->r;
    for (;;) {
        compact(g, s);
        if (s->cap - s->n < BLOCK) {
            size_t cap = s->cap ? s->cap * 2 : 2 * BLOCK;
            char *more = vm_alloc(r->p, cap + 1);
            if (s->n)
                memcpy(more, s->buf, s->n);
            vm_release(r->p, s->buf, s->cap ? s->cap + 1 : 0);
            s->buf = more;
            s->cap = cap;
        }
        ssize_t n = vm_read(r->p, fd, s->buf + s->n, s->cap - s->n);
        if (n < 0)
            return (int)n;
        if (!g->zero && n > 0 && g->binary != BIN_TEXT && memchr(s->buf + s->n, 0, (size_t)n))
            s->binary = true;
        if (s->binary && g->binary == BIN_SKIP)
            return 0;
        size_t old = s->n;
        s->n += (size_t)n;
        size_t limit;
        if (!n) {
            if (s->n > s->pos && s->buf[s->n - 1] != g->eol)
                s->buf[s->n++] = g->eol;
            limit = s->n;
        } else {
            const char *p = memrchr(s->buf + old, g->eol, s->n - old);
            if (!p)
                continue;
            limit = (size_t)(p - s->buf) + 1;
        }
        if (limit > s->pos && scan_lines(g, s, limit))
            return 0;
        if (!n)
            return 0;
    }
}

static void finish_file(struct grep *g, struct scan *s)
{
    struct vfile *o = g->r->out;
    if (g->quiet)
        return;
    if (g->count) {
        if (g->with_name) {
            put_name(g, s->name);
            if (g->null)
                vf_putc(o, '\0');
            else
                put_sep(g, ':');
        }
        vf_printf(o, "%ld\n", (long)s->selected);
    }
    if ((g->list && s->selected) || (g->list_not && !s->selected)) {
        put_name(g, s->name);
        vf_putc(o, g->null ? '\0' : '\n');
    }
}

void grep_complain(struct grep *g, int err, const char *name)
{
    if (!g->silent)
        cmd_warn_err(g->r, err, "%s", name);
    g->failed = true;
}

void grep_file(struct grep *g, int fd, const char *name)
{
    struct scan s = {.name = name};
    struct cmd_run *r = g->r;
    struct vfs_stat in, out;
    if (!g->quiet && !g->list && !g->list_not && !g->count && g->max > 1 &&
        !vm_fstat(r->p, fd, &in) && !vm_fstat(r->p, 1, &out) && S_ISREG(in.mode) &&
        in.ino == out.ino && in.dev == out.dev) {
        if (!g->silent)
            cmd_warn(r, "%s: input file is also the output", name);
        g->failed = true;
        return;
    }
    int err = g->max ? scan_file(g, &s, fd) : 0;
    if (err < 0)
        grep_complain(g, err, name);
    else
        finish_file(g, &s);
    vm_release(r->p, s.buf, s.cap ? s.cap + 1 : 0);
}
