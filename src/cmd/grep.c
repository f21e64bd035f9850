/* grep.c -- grep, egrep, fgrep: lines that match.
 *
 * Files are read in large blocks and searched as a whole: the matcher jumps
 * from match to match, so lines in between cost nothing unless somebody
 * counts them. Lines are looked at one by one only for -v, -P, for context
 * after a match, and with -z.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/regex.h"
#include "cmd/cmd.h"
#include "cmd/glob.h"
#include "cmd/perl_regex.h"

enum { BLOCK = 65536 };
enum names { NAMES_AUTO, NAMES_NO, NAMES_YES };
enum binary { BIN_REPORT, BIN_TEXT, BIN_SKIP };

struct patterns {
    struct str text; /* of -e and -f, separated by newlines */
    bool any;
};

struct grep {
    struct cmd_run *r;
    struct regex *re;
    struct perl_regex *perl;
    char kind; /* 'G' 'E' 'F' 'P' */
    bool icase, invert, word, line, count, list, list_not, quiet, silent, number, only, offset,
        null, tab, colour, zero, recursive, follow, initial_tab, unbuffered;
    enum names names;
    enum binary binary;
    bool skip_dirs;
    int64_t max, before, after;
    char eol;
    bool utf8;
    const char *label;
    const char **include, **exclude, **exclude_dir;
    size_t ninclude, nexclude, nexclude_dir;
    bool with_name; /* for the file at hand */
    bool matched, failed;
    bool printed; /* some context group was: "--" goes before the next */
};

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

static void tick(void *ctx, unsigned steps)
{
    vm_tick(ctx, steps);
}

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

/* --- files --------------------------------------------------------------------------- */

static void complain(struct grep *g, int err, const char *name)
{
    if (!g->silent)
        cmd_warn_err(g->r, err, "%s", name);
    g->failed = true;
}

static void grep_fd(struct grep *g, int fd, const char *name)
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
        complain(g, err, name);
    else
        finish_file(g, &s);
    vm_release(r->p, s.buf, s.cap ? s.cap + 1 : 0);
}

static bool excluded(struct grep *g, const char *name)
{
    const char *base = cmd_base(name);
    for (size_t i = 0; i < g->nexclude; i++)
        if (glob_match(g->exclude[i], base, 0) || glob_match(g->exclude[i], name, 0))
            return true;
    for (size_t i = 0; i < g->ninclude; i++)
        if (glob_match(g->include[i], base, 0))
            return false;
    return g->ninclude > 0;
}

static bool dir_excluded(struct grep *g, const char *name)
{
    const char *base = cmd_base(name);
    for (size_t i = 0; i < g->nexclude_dir; i++)
        if (glob_match(g->exclude_dir[i], base, 0) || glob_match(g->exclude_dir[i], name, 0))
            return true;
    return false;
}

static void grep_dir(struct grep *g, const char *path, bool named);

/* operand: named on the command line; else found in a directory. */
static void grep_path(struct grep *g, const char *path, bool operand)
{
    struct cmd_run *r = g->r;
    struct vfs_stat st;
    int err = operand || g->follow ? vm_stat(r->p, path, &st) : vm_lstat(r->p, path, &st);
    if (err < 0) {
        complain(g, err, path);
        return;
    }
    if (S_ISDIR(st.mode)) {
        if (g->skip_dirs)
            return;
        if (g->recursive) {
            if (!dir_excluded(g, path))
                grep_dir(g, path, true);
            return;
        }
        complain(g, EISDIR, path);
        return;
    }
    if ((!operand && !S_ISREG(st.mode)) || excluded(g, path))
        return;
    int fd = vm_open(r->p, path, O_RDONLY | O_CLOEXEC | (operand ? 0 : O_NONBLOCK), 0);
    if (fd < 0) {
        complain(g, fd, path);
        return;
    }
    grep_fd(g, fd, path);
    vm_close(r->p, fd);
}

static void grep_dir(struct grep *g, const char *path, bool named)
{
    struct cmd_run *r = g->r;
    struct vm_dirent *e;
    int n = vm_readdir(r->p, path, &e);
    if (n < 0) {
        complain(g, n, path);
        return;
    }
    if (vm_deep(r->p))
        return;
    for (int i = 0; i < n && !(g->quiet && g->matched); i++)
        grep_path(g, named ? cmd_path_join(r, path, e[i].name) : e[i].name, false);
}

/* --- options -------------------------------------------------------------------------- */

static void add_patterns(struct grep *g, struct patterns *ps, const char *s, size_t n)
{
    (void)g;
    if (ps->any)
        str_putc(&ps->text, '\n');
    str_add(&ps->text, s, n);
    ps->any = true;
}

/* -f FILE; an empty file has no pattern at all. */
static bool pattern_file(struct grep *g, struct patterns *ps, const char *file, bool *none)
{
    struct vfile *f = cmd_stream(g->r, file);
    if (!f)
        return false;
    size_t n;
    for (char *line; (line = vf_getline(f, &n));) {
        add_patterns(g, ps, line, n - (line[n - 1] == '\n'));
        *none = false;
    }
    cmd_stream_close(g->r, f);
    return true;
}

/* Several patterns become one with alternatives. */
static void join_patterns(struct grep *g, const char *text, size_t n, struct str *out)
{
    const char *end = text + n;
    str_init(out, g->r->arena);
    for (const char *s = text;;) {
        const char *nl = memchr(s, '\n', (size_t)(end - s));
        size_t len = (size_t)((nl ? nl : end) - s);
        if (g->kind == 'F') {
            for (size_t i = 0; i < len; i++) {
                if (s[i] && strchr(".[\\*^$", s[i]))
                    str_putc(out, '\\');
                str_putc(out, s[i]);
            }
        } else {
            str_add(out, s, len);
        }
        if (!nl)
            break;
        str_puts(out, g->kind == 'E' || g->kind == 'P' ? "|" : "\\|");
        s = nl + 1;
    }
}

static bool compile(struct grep *g, const struct patterns *ps, bool none)
{
    const char *why = NULL, *text = str_text(&ps->text);
    size_t n = ps->text.n;
    struct str joined;
    unsigned flags = (g->kind == 'E' ? REGEX_ERE | REGEX_PAREN_ORD : 0) |
                     (g->icase ? REGEX_ICASE : 0) | (g->utf8 ? REGEX_UTF8 : 0) |
                     (g->zero ? 0 : REGEX_NEWLINE) | (g->word && !g->line ? REGEX_WORDS : 0) |
                     (g->line ? REGEX_LINES : 0);
    if (none) {
        /* No pattern matches nothing: an empty set. */
        g->re = regex_new(g->r->arena, "a\\`b", 4, 0, &why);
        return g->re != NULL;
    }
    if (memchr(text, '\n', n)) {
        join_patterns(g, text, n, &joined);
        text = str_text(&joined);
        n = joined.n;
    } else if (g->kind == 'F') {
        flags |= REGEX_LITERAL;
    }
    if (g->kind == 'P') {
        g->perl = perl_regex_new(g->r->p, text, n, g->icase, g->utf8, g->word, g->line, &why);
        if (!g->perl)
            cmd_warn(g->r, "%s", why);
        return g->perl != NULL;
    }
    if (g->kind == 'E' && *text == '*')
        cmd_warn(g->r, "warning: * at start of expression");
    g->re = regex_new(g->r->arena, text, n, flags, &why);
    if (!g->re) {
        /* A bracket right at the end is told differently. */
        if (why && str_starts(why, "Unmatched [") && (text[n - 1] == '[' || str_ends(text, "[^")))
            why = "Invalid regular expression";
        cmd_warn(g->r, "%s", why);
        return false;
    }
    regex_tick(g->re, tick, g->r->p);
    return true;
}

static bool context(struct cmd_run *r, const char *arg, int64_t *out)
{
    uint64_t n;
    int err = *arg == '+' || *arg == '-' ? -EINVAL : cmd_number(arg, "", &n);
    if (err == -EINVAL) {
        cmd_warn(r, "%s: invalid context length argument", arg);
        return false;
    }
    *out = n > INT64_MAX ? INT64_MAX : (int64_t)n;
    return true;
}

static void push(struct grep *g, const char ***list, size_t *n, const char *s)
{
    const char **more = vm_alloc(g->r->p, (*n + 1) * sizeof(*more));
    if (*n)
        memcpy(more, *list, *n * sizeof(*more));
    more[(*n)++] = s;
    *list = more;
}

static bool terminal_colour(struct proc *p)
{
    const char *term = vm_getenv(p, "TERM");
    return vm_isatty(p, 1) && term && strcmp(term, "dumb");
}

enum {
    O_COLOUR = 1,
    O_INCLUDE,
    O_EXCLUDE,
    O_EXCLUDE_DIR,
    O_LABEL,
    O_BUFFER,
    O_BINARY,
    O_NO_CASE,
    O_SEPARATOR,
    O_EXCLUDE_FROM,
    O_NO_SEPARATOR
};

static int set_option(struct grep *g, struct patterns *ps, int o, const char *arg, bool *none)
{
    struct cmd_run *r = g->r;
    int64_t n;
    switch (o) {
    case 'E':
    case 'F':
    case 'G':
    case 'P':
        g->kind = (char)o;
        break;
    case 'e':
        add_patterns(g, ps, arg, strlen(arg));
        *none = false;
        break;
    case 'f':
        if (!pattern_file(g, ps, arg, none))
            return 2;
        break;
    case 'i':
    case 'y':
        g->icase = true;
        break;
    case O_NO_CASE:
        g->icase = false;
        break;
    case 'v':
        g->invert = true;
        break;
    case 'w':
        g->word = true;
        break;
    case 'x':
        g->line = true;
        break;
    case 'c':
        g->count = true;
        break;
    case 'l':
        g->list = true;
        g->list_not = false;
        break;
    case 'L':
        g->list_not = true;
        g->list = false;
        break;
    case 'q':
        g->quiet = true;
        break;
    case 's':
        g->silent = true;
        break;
    case 'n':
        g->number = true;
        break;
    case 'o':
        g->only = true;
        break;
    case 'b':
        g->offset = true;
        break;
    case 'H':
        g->names = NAMES_YES;
        break;
    case 'h':
        g->names = NAMES_NO;
        break;
    case 'Z':
        g->null = true;
        break;
    case 'z':
        g->zero = true;
        g->eol = '\0';
        break;
    case 'T':
        g->initial_tab = true;
        break;
    case 'a':
        g->binary = BIN_TEXT;
        break;
    case 'I':
        g->binary = BIN_SKIP;
        break;
    case 'U':
    case 'u':
        break;
    case 'r':
        g->recursive = true;
        break;
    case 'R':
        g->recursive = g->follow = true;
        break;
    case 'm':
        if (str_int(arg, INT64_MIN, INT64_MAX, &n)) {
            cmd_warn(r, "invalid max count");
            return 2;
        }
        g->max = n < 0 ? INT64_MAX : n;
        break;
    case 'A':
        return context(r, arg, &g->after) ? 0 : 2;
    case 'B':
        return context(r, arg, &g->before) ? 0 : 2;
    case 'C':
        if (!context(r, arg, &n))
            return 2;
        g->before = g->before < 0 ? n : g->before;
        g->after = g->after < 0 ? n : g->after;
        break;
    case 'd':
        if (!strcmp(arg, "skip"))
            g->skip_dirs = true;
        else if (!strcmp(arg, "recurse"))
            g->recursive = true;
        break;
    case O_COLOUR:
        g->colour = arg && !strcmp(arg, "always");
        if (!arg || !strcmp(arg, "auto"))
            g->colour = terminal_colour(r->p);
        break;
    case O_INCLUDE:
        push(g, &g->include, &g->ninclude, arg);
        break;
    case O_EXCLUDE:
        push(g, &g->exclude, &g->nexclude, arg);
        break;
    case O_EXCLUDE_DIR:
        push(g, &g->exclude_dir, &g->nexclude_dir, arg);
        break;
    case O_LABEL:
        g->label = arg;
        break;
    case O_BUFFER:
        g->unbuffered = true;
        break;
    case O_BINARY:
        g->binary = !strcmp(arg, "text")            ? BIN_TEXT
                    : !strcmp(arg, "without-match") ? BIN_SKIP
                                                    : BIN_REPORT;
        break;
    default:
        break;
    }
    return 0;
}

/* "-5" is a context; digits gather. -C is weaker than -A and -B. */
static int set_options(struct grep *g, struct patterns *ps, bool *none)
{
    struct cmd_run *r = g->r;
    struct str digits;
    str_init(&digits, r->arena);
    for (const char *o = r->opt; *o; o++) {
        if (*o >= '0' && *o <= '9')
            str_putc(&digits, *o);
        else if (*o != 'C') {
            int status = set_option(g, ps, *o, r->optarg[o - r->opt], none);
            if (status)
                return status;
        }
    }
    const char *both = cmd_arg(r, 'C');
    if (!both && digits.n)
        both = str_text(&digits);
    if (both && set_option(g, ps, 'C', both, none))
        return 2;
    if (g->before < 0)
        g->before = 0;
    if (g->after < 0)
        g->after = 0;
    return 0;
}

static int grep_run(struct cmd_run *r)
{
    struct grep g = {.r = r, .kind = 'G', .max = INT64_MAX, .before = -1, .after = -1, .eol = '\n'};
    struct patterns ps = {0};
    bool none = true;
    str_init(&ps.text, r->arena);
    g.utf8 = cmd_utf8(r->p);
    g.label = "(standard input)";
    if (!strcmp(r->cmd->name, "egrep"))
        g.kind = 'E';
    if (!strcmp(r->cmd->name, "fgrep"))
        g.kind = 'F';
    int status = set_options(&g, &ps, &none);
    if (status)
        return status;
    char **files = r->argv;
    int n = r->argc;
    if (!cmd_has(r, 'e') && !cmd_has(r, 'f')) {
        if (!n)
            return cmd_usage(r);
        add_patterns(&g, &ps, files[0], strlen(files[0]));
        none = false;
        files++;
        n--;
    }
    if (!compile(&g, &ps, none))
        return 2;
    if (g.quiet || g.list || g.list_not)
        g.count = false;
    g.with_name = g.names == NAMES_YES || (g.names == NAMES_AUTO && (n > 1 || g.recursive));
    if (!n && g.recursive) {
        grep_dir(&g, ".", false);
    } else if (!n) {
        g.with_name = g.names == NAMES_YES;
        grep_fd(&g, 0, g.label);
    }
    for (int i = 0; i < n && !(g.quiet && g.matched); i++) {
        struct vfs_stat st;
        /* -r with a single file that is no directory shows no name */
        if (n == 1 && g.recursive && g.names == NAMES_AUTO && !vm_stat(r->p, files[i], &st))
            g.with_name = S_ISDIR(st.mode);
        if (!strcmp(files[i], "-"))
            grep_fd(&g, 0, g.label);
        else
            grep_path(&g, files[i], true);
    }
    if (g.failed && !(g.quiet && g.matched))
        return 2;
    return g.list_not ? !g.matched : !g.matched;
}

static const char *const grep_longs[] = {"basic-regexp=G",
                                         "extended-regexp=E",
                                         "fixed-regexp=F",
                                         "fixed-strings=F",
                                         "perl-regexp=P",
                                         "after-context:=A",
                                         "before-context:=B",
                                         "binary-files:=\7",
                                         "binary=U",
                                         "byte-offset=b",
                                         "context:=C",
                                         "color?=\1",
                                         "colour?=\1",
                                         "count=c",
                                         "devices:=D",
                                         "directories:=d",
                                         "exclude:=\3",
                                         "exclude-from:=\12",
                                         "exclude-dir:=\4",
                                         "file:=f",
                                         "files-with-matches=l",
                                         "files-without-match=L",
                                         "group-separator:=\11",
                                         "ignore-case=i",
                                         "no-ignore-case=\10",
                                         "include:=\2",
                                         "initial-tab=T",
                                         "label:=\5",
                                         "line-buffered=\6",
                                         "line-number=n",
                                         "line-regexp=x",
                                         "max-count:=m",
                                         "no-filename=h",
                                         "no-group-separator=\13",
                                         "no-messages=s",
                                         "null=Z",
                                         "null-data=z",
                                         "only-matching=o",
                                         "quiet=q",
                                         "recursive=r",
                                         "dereference-recursive=R",
                                         "regexp:=e",
                                         "invert-match=v",
                                         "silent=q",
                                         "text=a",
                                         "with-filename=H",
                                         "word-regexp=w",
                                         NULL};

#define GREP_ENTRY(n)                                                                              \
    {                                                                                              \
        .name = n, .opts = "0123456789A:B:C:D:EFGHILPTUVX:abcd:e:f:hiLlm:noqRrsuvwxyZz",           \
        .longs = grep_longs, .run = grep_run, .usage_status = 2,                                   \
        .try = "Usage: grep [OPTION]... PATTERNS [FILE]...\n"                                      \
               "Try 'grep --help' for more information.\n"                                         \
    }
const struct cmd cmd_grep = GREP_ENTRY("grep");
const struct cmd cmd_egrep = GREP_ENTRY("egrep");
const struct cmd cmd_fgrep = GREP_ENTRY("fgrep");
