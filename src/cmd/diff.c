/* diff.c -- what differs between files and between directories.
 *
 * Lines become numbers (equal lines, equal numbers), diff_rows finds what
 * changed, and the changes are written in one of three forms.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/sys.h"

struct text {
    const char *name;
    char *s;
    size_t n;
    struct timespec mtime;
    const char **line; /* starts; line[count] is the end */
    uint32_t *id;
    bool *changed;
    int count;
    bool no_newline, missing;
};

/* A run of changes: lines a0..a1 of the first against b0..b1 of the second. */
struct change {
    int a0, a1, b0, b1;
};

struct diff {
    struct cmd_run *r;
    char form; /* 0, 'u', 'c' */
    int64_t context;
    bool brief, report_same, recursive, new_file, icase, no_space, some_space;
    struct text t[2];
    struct change *change;
    int changes;
    const char *options; /* as "diff -r a b" repeats them */
};

static void split(struct diff *d, struct text *t)
{
    int lines = 0;
    for (size_t i = 0; i < t->n; i++)
        lines += t->s[i] == '\n';
    t->no_newline = t->n && t->s[t->n - 1] != '\n';
    lines += t->no_newline;
    t->count = lines;
    t->line = vm_alloc(d->r->p, ((size_t)lines + 1) * sizeof(*t->line));
    t->id = vm_alloc(d->r->p, ((size_t)lines + 1) * sizeof(*t->id));
    t->changed = vm_alloc(d->r->p, (size_t)lines + 1);
    const char *s = t->s, *end = t->s + t->n;
    for (int i = 0; i < lines; i++) {
        t->line[i] = s;
        const char *nl = memchr(s, '\n', (size_t)(end - s));
        s = nl ? nl + 1 : end;
    }
    t->line[lines] = end;
}

static size_t length(const struct text *t, int i)
{
    return (size_t)(t->line[i + 1] - t->line[i]);
}

/* A line as it is compared: case and blanks folded if so wanted. */
static size_t fold(struct diff *d, const char *s, size_t n, char *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        bool space = c == ' ' || c == '\t' || c == '\r' || (c == '\n' && d->some_space);
        if (space && d->no_space)
            continue;
        if (space && d->some_space) {
            if (k && out[k - 1] == ' ')
                continue;
            c = ' ';
        }
        if (d->icase && c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        out[k++] = c;
    }
    while (d->some_space && k && out[k - 1] == ' ')
        k--;
    return k;
}

struct class
{
    const char *s;
    size_t n;
    uint32_t id;
};

static uint64_t hash(const char *s, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    return h ^ h >> 29;
}

static void classify(struct diff *d)
{
    size_t room = 64, want = 2 * ((size_t)d->t[0].count + (size_t)d->t[1].count);
    while (room < want)
        room *= 2;
    struct class *table = vm_alloc(d->r->p, room * sizeof(*table));
    uint32_t next = 1;
    bool folds = d->icase || d->no_space || d->some_space;
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < d->t[k].count; i++) {
            const char *s = d->t[k].line[i];
            size_t n = length(&d->t[k], i);
            if (folds) {
                char *copy = vm_alloc(d->r->p, n + 1);
                n = fold(d, s, n, copy);
                s = copy;
            }
            size_t at = (size_t)hash(s, n) & (room - 1);
            while (table[at].id && (table[at].n != n || memcmp(table[at].s, s, n) != 0))
                at = (at + 1) & (room - 1);
            if (!table[at].id)
                table[at] = (struct class){s, n, next++};
            d->t[k].id[i] = table[at].id;
            if (i % 256 == 0)
                vm_tick(d->r->p, 64);
        }
    vm_release(d->r->p, table, room * sizeof(*table));
}

/* Moves each run of changes as far down as equal lines let it, as the real one
 * shows them. */
static void slide(struct text *t, const struct text *other)
{
    int i = 0, j = 0;
    while (i < t->count) {
        while (j < other->count && other->changed[j])
            j++;
        if (!t->changed[i]) {
            i++;
            j++;
            continue;
        }
        int from = i, end = i;
        while (end < t->count && t->changed[end])
            end++;
        while (end < t->count && t->id[from] == t->id[end]) {
            t->changed[from++] = false;
            t->changed[end++] = true;
            j++;
            while (end < t->count && t->changed[end])
                end++;
            if (j < other->count && other->changed[j])
                break;
        }
        i = end;
    }
}

static void collect(struct diff *d)
{
    struct text *a = &d->t[0], *b = &d->t[1];
    d->change = vm_alloc(d->r->p, ((size_t)a->count + (size_t)b->count + 1) * sizeof(*d->change));
    d->changes = 0;
    for (int i = 0, j = 0; i < a->count || j < b->count;) {
        if ((i >= a->count || !a->changed[i]) && (j >= b->count || !b->changed[j])) {
            i++;
            j++;
            continue;
        }
        struct change c = {i, i, j, j};
        while (c.a1 < a->count && a->changed[c.a1])
            c.a1++;
        while (c.b1 < b->count && b->changed[c.b1])
            c.b1++;
        d->change[d->changes++] = c;
        i = c.a1;
        j = c.b1;
    }
}

/* --- the forms ------------------------------------------------------------------------ */

static void put_line(struct diff *d, const struct text *t, int i, const char *mark)
{
    size_t n = length(t, i);
    vf_puts(d->r->out, mark);
    vf_write(d->r->out, t->line[i], n);
    if (!n || t->line[i][n - 1] != '\n')
        vf_puts(d->r->out, "\n\\ No newline at end of file\n");
}

static void put_range(struct diff *d, int from, int to)
{
    if (to - from > 1)
        vf_printf(d->r->out, "%d,%d", from + 1, to);
    else
        vf_printf(d->r->out, "%d", to);
}

static void normal(struct diff *d)
{
    for (struct change *c = d->change; c < d->change + d->changes; c++) {
        put_range(d, c->a0, c->a1);
        vf_putc(d->r->out, c->a0 == c->a1 ? 'a' : c->b0 == c->b1 ? 'd' : 'c');
        put_range(d, c->b0, c->b1);
        vf_putc(d->r->out, '\n');
        for (int i = c->a0; i < c->a1; i++)
            put_line(d, &d->t[0], i, "< ");
        if (c->a0 < c->a1 && c->b0 < c->b1)
            vf_puts(d->r->out, "---\n");
        for (int i = c->b0; i < c->b1; i++)
            put_line(d, &d->t[1], i, "> ");
    }
}

static void put_head(struct diff *d, const char *mark, const struct text *t)
{
    struct tm tm;
    char text[40];
    time_t at = t->mtime.tv_sec;
    gmtime_r(&at, &tm);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
    vf_printf(d->r->out, "%s %s\t%s.%09ld +0000\n", mark, t->name, text, t->mtime.tv_nsec);
}

/* The changes from c on whose contexts touch: how many. */
static int together(struct diff *d, const struct change *c)
{
    int n = 1;
    while (c + n < d->change + d->changes && c[n].a0 - c[n - 1].a1 <= 2 * d->context)
        n++;
    return n;
}

static void put_span(struct diff *d, int from, int n)
{
    if (n == 1)
        vf_printf(d->r->out, "%d", from + 1);
    else
        vf_printf(d->r->out, "%d,%d", n ? from + 1 : from, n);
}

static void unified_hunk(struct diff *d, const struct change *c, int n, const struct change *span)
{
    vf_puts(d->r->out, "@@ -");
    put_span(d, span->a0, span->a1 - span->a0);
    vf_puts(d->r->out, " +");
    put_span(d, span->b0, span->b1 - span->b0);
    vf_puts(d->r->out, " @@\n");
    int i = span->a0;
    for (const struct change *e = c; e < c + n; e++) {
        while (i < e->a0)
            put_line(d, &d->t[0], i++, " ");
        for (; i < e->a1; i++)
            put_line(d, &d->t[0], i, "-");
        for (int k = e->b0; k < e->b1; k++)
            put_line(d, &d->t[1], k, "+");
    }
    while (i < span->a1)
        put_line(d, &d->t[0], i++, " ");
}

static void context_side(struct diff *d, const struct change *c, int n, int side,
                         const struct change *span)
{
    const struct text *t = &d->t[side];
    int from = side ? span->b0 : span->a0, to = side ? span->b1 : span->a1;
    const char *mark = side ? "---" : "***";
    if (to - from > 1)
        vf_printf(d->r->out, "%s %d,%d %s\n", mark, from + 1, to, side ? "----" : "****");
    else
        vf_printf(d->r->out, "%s %d %s\n", mark, to, side ? "----" : "****");
    bool any = false;
    for (int i = 0; i < n; i++)
        any |= side ? c[i].b0 < c[i].b1 : c[i].a0 < c[i].a1;
    for (int i = from; any && i < to; i++) {
        const char *how = "  ";
        for (const struct change *e = c; e < c + n; e++) {
            int lo = side ? e->b0 : e->a0, hi = side ? e->b1 : e->a1;
            bool both = e->a0 < e->a1 && e->b0 < e->b1;
            if (i >= lo && i < hi)
                how = both ? "! " : side ? "+ " : "- ";
        }
        put_line(d, t, i, how);
    }
}

static void hunks(struct diff *d)
{
    put_head(d, d->form == 'u' ? "---" : "***", &d->t[0]);
    put_head(d, d->form == 'u' ? "+++" : "---", &d->t[1]);
    for (struct change *c = d->change; c < d->change + d->changes;) {
        int n = together(d, c), context = (int)d->context;
        struct change *last = c + n - 1, span = {c->a0 - context, last->a1 + context, 0, 0};
        span.a0 = span.a0 < 0 ? 0 : span.a0;
        span.a1 = span.a1 > d->t[0].count ? d->t[0].count : span.a1;
        span.b0 = c->b0 - (c->a0 - span.a0);
        span.b1 = last->b1 + (span.a1 - last->a1);
        if (d->form == 'u') {
            unified_hunk(d, c, n, &span);
        } else {
            vf_puts(d->r->out, "***************\n");
            context_side(d, c, n, 0, &span);
            context_side(d, c, n, 1, &span);
        }
        c += n;
    }
}

/* --- files and directories -------------------------------------------------------------- */

static int load(struct diff *d, struct text *t, const char *path, bool missing)
{
    struct cmd_run *r = d->r;
    struct vfs_stat st;
    int err = 0;
    *t = (struct text){.name = path, .missing = missing};
    if (missing) {
        t->s = vm_strdup(r->p, "");
        return 0;
    }
    if (!strcmp(path, "-")) {
        struct str b;
        str_init(&b, r->arena);
        char block[4096];
        for (size_t n; (n = vf_read(r->in, block, sizeof(block))) > 0;)
            str_add(&b, block, n);
        t->s = (char *)(uintptr_t)str_text(&b);
        t->n = b.n;
        t->mtime = vm_now(r->p);
        return 0;
    }
    t->s = sys_slurp(r, path, &t->n, &err);
    if (!t->s) {
        cmd_warn_err(r, err, "%s", path);
        return 2;
    }
    if (!vm_stat(r->p, path, &st))
        t->mtime = st.mtime;
    return 0;
}

static int compare_files(struct diff *d, const char *a, const char *b, bool no_a, bool no_b)
{
    struct vfile *out = d->r->out;
    if (load(d, &d->t[0], a, no_a) || load(d, &d->t[1], b, no_b))
        return 2;
    struct text *t = d->t;
    bool same = t[0].n == t[1].n && !memcmp(t[0].s, t[1].s, t[0].n);
    bool binary = memchr(t[0].s, 0, t[0].n) || memchr(t[1].s, 0, t[1].n);
    if (same) {
        if (d->report_same)
            vf_printf(out, "Files %s and %s are identical\n", a, b);
        return 0;
    }
    bool folds = d->icase || d->no_space || d->some_space;
    if (binary || (d->brief && !folds)) {
        vf_printf(out, "%s %s and %s differ\n", binary && !d->brief ? "Binary files" : "Files", a,
                  b);
        return 1;
    }
    split(d, &t[0]);
    split(d, &t[1]);
    classify(d);
    struct diff_rows rows = {
        {t[0].id, t[1].id}, {t[0].count, t[1].count}, {t[0].changed, t[1].changed}};
    diff_rows(d->r->p, &rows);
    slide(&t[0], &t[1]);
    slide(&t[1], &t[0]);
    collect(d);
    if (!d->changes)
        return 0;
    if (d->brief) {
        vf_printf(out, "Files %s and %s differ\n", a, b);
        return 1;
    }
    if (d->options)
        vf_printf(out, "diff%s %s %s\n", d->options, a, b);
    if (d->form)
        hunks(d);
    else
        normal(d);
    return 1;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct vm_dirent *)a)->name, ((const struct vm_dirent *)b)->name);
}

static int compare_pair(struct diff *d, const char *a, const char *b, bool top);

static int compare_dirs(struct diff *d, const char *a, const char *b)
{
    struct cmd_run *r = d->r;
    struct vm_dirent *e[2];
    int n[2], status = 0;
    const char *path[2] = {a, b};
    for (int k = 0; k < 2; k++) {
        n[k] = vm_readdir(r->p, path[k], &e[k]);
        if (n[k] < 0) {
            cmd_warn_err(r, n[k], "%s", path[k]);
            return 2;
        }
        qsort(e[k], (size_t)n[k], sizeof(**e), by_name);
    }
    for (int i = 0, j = 0; i < n[0] || j < n[1];) {
        int c = i >= n[0] ? 1 : j >= n[1] ? -1 : strcmp(e[0][i].name, e[1][j].name);
        const char *name = c <= 0 ? e[0][i].name : e[1][j].name;
        int got = 1;
        if (!c || d->new_file)
            got = compare_pair(d, cmd_path_join(r, a, name), cmd_path_join(r, b, name), false);
        else
            vf_printf(r->out, "Only in %s: %s\n", c < 0 ? a : b, name);
        status = got > status ? got : status;
        i += c <= 0;
        j += c >= 0;
    }
    return status;
}

static const char *kind(const struct vfs_stat *st)
{
    return S_ISDIR(st->mode)                ? "directory"
           : S_ISREG(st->mode) && !st->size ? "regular empty file"
           : S_ISREG(st->mode)              ? "regular file"
           : S_ISFIFO(st->mode)             ? "fifo"
           : S_ISCHR(st->mode)              ? "character special file"
           : S_ISBLK(st->mode)              ? "block special file"
                                            : "symbolic link";
}

static int compare_pair(struct diff *d, const char *a, const char *b, bool top)
{
    struct cmd_run *r = d->r;
    struct vfs_stat sa = {.mode = S_IFREG}, sb = {.mode = S_IFREG};
    int ea = strcmp(a, "-") ? vm_stat(r->p, a, &sa) : 0;
    int eb = strcmp(b, "-") ? vm_stat(r->p, b, &sb) : 0;
    bool no_a = ea == -ENOENT && d->new_file && eb != -ENOENT;
    bool no_b = eb == -ENOENT && d->new_file && ea != -ENOENT;
    if ((ea && !no_a) || (eb && !no_b)) {
        if (ea && !no_a)
            cmd_warn_err(r, ea, "%s", a);
        if (eb && !no_b)
            cmd_warn_err(r, eb, "%s", b);
        return 2;
    }
    bool da = !no_a && S_ISDIR(sa.mode), db = !no_b && S_ISDIR(sb.mode);
    if (top && da != db && !no_a && !no_b) {
        const char *dir = da ? a : b, *file = da ? b : a;
        const char *inner = cmd_path_join(r, dir, cmd_base(file));
        return compare_pair(d, da ? inner : a, da ? b : inner, false);
    }
    if (da && db) {
        if (!top && !d->recursive) {
            vf_printf(r->out, "Common subdirectories: %s and %s\n", a, b);
            return 0;
        }
        return vm_deep(r->p) ? 2 : compare_dirs(d, a, b);
    }
    if (da != db) {
        vf_printf(r->out, "File %s is a %s while file %s is a %s\n", a, kind(&sa), b, kind(&sb));
        return 1;
    }
    return compare_files(d, a, b, no_a, no_b);
}

/* The options as they were given, for the line above each pair of two
 * directories; "-u5" becomes the "-U5" that getopt knows. */
static const char *take_options(struct cmd_run *r, char **argv, int argc)
{
    struct str b;
    str_init(&b, r->arena);
    for (int i = 0; i < argc; i++) {
        argv[i] = r->argv[i - 1];
        if (!i || argv[i][0] != '-' || !argv[i][1])
            continue;
        str_printf(&b, " %s", argv[i]);
        bool digits =
            (argv[i][1] == 'u' || argv[i][1] == 'c') && argv[i][2] >= '0' && argv[i][2] <= '9';
        if (digits)
            argv[i] = vm_asprintf(r->p, "-%c%s", argv[i][1] == 'u' ? 'U' : 'C', argv[i] + 2);
    }
    return str_text(&b);
}

static bool both_dirs(struct cmd_run *r)
{
    struct vfs_stat a, b;
    return !vm_stat(r->p, r->argv[0], &a) && !vm_stat(r->p, r->argv[1], &b) && S_ISDIR(a.mode) &&
           S_ISDIR(b.mode);
}

static int diff_run(struct cmd_run *r)
{
    int argc = r->argc + 1;
    char **argv = vm_alloc(r->p, ((size_t)argc + 1) * sizeof(*argv));
    const char *options = take_options(r, argv, argc);
    int status = cmd_getopt(r, argc, argv);
    if (status >= 0)
        return status;
    struct diff *d = vm_alloc(r->p, sizeof(*d));
    *d = (struct diff){.r = r,
                       .context = 3,
                       .brief = cmd_has(r, 'q'),
                       .report_same = cmd_has(r, 's'),
                       .recursive = cmd_has(r, 'r'),
                       .new_file = cmd_has(r, 'N'),
                       .icase = cmd_has(r, 'i'),
                       .no_space = cmd_has(r, 'w'),
                       .some_space = cmd_has(r, 'b')};
    for (const char *o = r->opt; *o; o++) {
        const char *arg = r->optarg[o - r->opt];
        if (strchr("uUcC\1\2", *o))
            d->form = strchr("uU\1", *o) ? 'u' : 'c';
        if (strchr("UC\1\2", *o) && arg && str_int(arg, 0, INT32_MAX / 4, &d->context)) {
            cmd_warn(r, "invalid context length '%s'", arg);
            return cmd_usage(r);
        }
    }
    if (r->argc < 2) {
        cmd_warn(r, "missing operand after '%s'", argv[argc - 1]);
        return cmd_usage(r);
    }
    if (r->argc > 2) {
        cmd_warn(r, "extra operand '%s'", r->argv[2]);
        return cmd_usage(r);
    }
    if (both_dirs(r))
        d->options = options;
    return compare_pair(d, r->argv[0], r->argv[1], true);
}

static const char *const diff_longs[] = {"brief=q",
                                         "report-identical-files=s",
                                         "unified?=\1",
                                         "context?=\2",
                                         "recursive=r",
                                         "new-file=N",
                                         "ignore-case=i",
                                         "ignore-all-space=w",
                                         "ignore-space-change=b",
                                         "ignore-blank-lines=B",
                                         "text=a",
                                         "color?=\3",
                                         "normal=\4",
                                         NULL};

const struct cmd cmd_diff = {.name = "diff",
                             .opts = "qsuU:cC:rNiwbBad",
                             .longs = diff_longs,
                             .run = diff_run,
                             .flags = CMD_RAW,
                             .usage_status = 2,
                             .try = "%s: Try '%s --help' for more information.\n"};
