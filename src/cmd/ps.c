/* ps.c -- emulated ps of procps: which processes, in which columns, how wide.
 *
 * Arguments may be UNIX ("-ef"), BSD ("aux") or GNU ("--sort"). As in the real
 * one everything is first read as UNIX options; where that fails the words
 * with a dash are read again as BSD options ("-aux", "-x").
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/ps.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 40, LIST_MAX = 128, SORT_MAX = 8, PS_WIDE = 132, PS_NO_END = 1 << 20 };

struct column {
    const struct ps_field *f;
    const char *head;
    int width;
};

struct ps {
    struct cmd_run *r;
    struct ps_view view;
    struct column col[COLUMNS_MAX];
    int ncol;
    struct {
        const struct ps_field *f;
        bool down;
    } sort[SORT_MAX];
    int nsort;
    bool all, negate, running, bsd, forest, no_head, headed, listed;
    bool b_a, b_x, u_a, u_d; /* a and x of BSD; -a and -d of UNIX */
    bool f, full, l, j, y, bu, bl, bj, bv, threads, spid, comm_only;
    int wide;
    struct {
        int kind; /* p u U g t C P(ppid) s G */
        int64_t id;
        const char *name;
    } want[LIST_MAX];
    int nwant;
    const char *error;
    char **argv; /* where an option takes its argument from */
    int at, argc;
};

static bool fail(struct ps *s, const char *text)
{
    if (!s->error)
        s->error = text;
    return false;
}

/* --- columns ------------------------------------------------------------------ */
static void add_column(struct ps *s, const char *name, const char *head, int width)
{
    const struct ps_field *f = ps_field_find(name);
    if (!f || s->ncol == COLUMNS_MAX)
        return;
    head = head ? head : f->head;
    int w = width ? width : f->width, n = (int)strlen(head);
    s->col[s->ncol++] = (struct column){f, head, w > n || head == f->head ? w : n};
}

static void add_columns(struct ps *s, const char *names)
{
    char *copy = vm_strdup(s->r->p, names), *name;
    while ((name = strsep(&copy, " "))) {
        char *head = strchr(name, '=');
        if (head)
            *head++ = '\0';
        add_column(s, name, head, 0);
    }
}

/* "pid,comm=NAME,args:30": what -o wants. */
static bool parse_format(struct ps *s, const char *text)
{
    char *copy = vm_strdup(s->r->p, text);
    while (*copy) {
        size_t n = strcspn(copy, " ,=");
        char end = copy[n], *name = copy, *head = NULL;
        copy[n] = '\0';
        copy += n + (end != '\0');
        if (end == '=') {
            head = copy;
            copy += strlen(copy);
            /* Only the last may have commas in its header; an empty one ends at its comma. */
            char *comma = strchr(head, ',');
            if (comma) {
                *comma = '\0';
                copy = comma + 1;
            }
        }
        char *colon = strchr(name, ':');
        int64_t width = 0;
        if (colon) {
            *colon = '\0';
            if (str_int(colon + 1, 1, 10000, &width))
                return fail(s, "column widths must be unsigned decimal numbers");
        }
        if (!*name)
            return fail(s, "improper format list");
        if (!ps_field_find(name))
            return fail(s,
                        vm_asprintf(s->r->p, "unknown user-defined format specifier \"%s\"", name));
        add_column(s, name, head, (int)width);
    }
    s->headed = true;
    return true;
}

static bool parse_sort(struct ps *s, const char *text)
{
    char *copy = vm_strdup(s->r->p, text), *name;
    while ((name = strsep(&copy, ", "))) {
        bool down = *name == '-';
        name += *name == '-' || *name == '+';
        const struct ps_field *f = ps_field_find(name);
        if (!f)
            return fail(s, "unknown sort specifier");
        if (s->nsort < SORT_MAX) {
            s->sort[s->nsort].f = f;
            s->sort[s->nsort++].down = down;
        }
    }
    return true;
}

/* --- lists of processes, users, terminals ------------------------------------------ */
static bool add_want(struct ps *s, int kind, char *word)
{
    int64_t id = -1;
    uint32_t uid, gid;
    bool number = !str_int(word, 0, UINT32_MAX, &id);
    if (s->nwant == LIST_MAX)
        return true;
    switch (kind) {
    case 'p':
    case 'P':
    case 's':
        if (!number)
            return fail(s, "process ID list syntax error");
        break;
    case 'u':
    case 'U':
        if (!number && !cmd_user_id(s->r, word, &uid, &gid))
            return fail(s, "user name does not exist");
        id = number ? id : uid;
        break;
    case 'G':
        if (!number && !cmd_group_id(s->r, word, &gid))
            return fail(s, "group name does not exist");
        id = number ? id : gid;
        break;
    case 't':
        if (str_starts(word, "/dev/"))
            word += 5;
        break;
    default:
        break;
    }
    s->want[s->nwant].kind = kind;
    s->want[s->nwant].id = id;
    s->want[s->nwant++].name = word;
    return true;
}

static bool parse_list(struct ps *s, int kind, const char *text)
{
    char *copy = vm_strdup(s->r->p, text), *word;
    s->listed = true;
    while ((word = strsep(&copy, ", ")))
        if (*word && !add_want(s, kind, word))
            return false;
    return true;
}

/* The argument of the option at c: the rest of the word or the next word. */
static const char *argument(struct ps *s, const char **c, const char *missing)
{
    const char *a = (*c)[1] ? *c + 1 : s->at + 1 < s->argc ? s->argv[++s->at] : NULL;
    if (!a)
        fail(s, missing);
    *c = ""; /* the word is used up */
    return a;
}

/* --- the three syntaxes --------------------------------------------------------------- */
static bool with_list(struct ps *s, int kind, const char *a)
{
    return a && parse_list(s, kind, a);
}

/* long: one option a case */
static bool parse_unix(struct ps *s, const char *word)
{
    for (const char *c = word + 1; *c; c += *c != '\0') {
        const char *a;
        switch (*c) {
        case 'A':
        case 'e':
            s->all = true;
            break;
        case 'a':
            s->u_a = true;
            break;
        case 'd':
            s->u_d = true;
            break;
        case 'f':
            s->f = true;
            break;
        case 'F':
            s->full = true;
            break;
        case 'j':
            s->j = true;
            break;
        case 'l':
            s->l = true;
            break;
        case 'y':
            s->y = true;
            break;
        case 'H':
            s->forest = true;
            break;
        case 'L':
            s->threads = true;
            break;
        case 'T':
            s->spid = true;
            break;
        case 'm':
        case 'c':
        case 'P':
        case 'M':
        case 'Z':
            break;
        case 'N':
            s->negate = true;
            break;
        case 'w':
            s->wide++;
            break;
        case 'V':
            return sys_text(s->r, "ps --version"), fail(s, "");
        case 'C':
            if (!with_list(s, 'C', argument(s, &c, "list of command names must follow -C")))
                return false;
            break;
        case 'p':
        case 'q':
            if (!with_list(s, 'p', argument(s, &c, "list of process IDs must follow -p")))
                return false;
            break;
        case 't':
            if (!with_list(s, 't',
                           argument(s, &c, "list of terminals (pty, tty...) must follow -t")))
                return false;
            break;
        case 'u':
        case 'U':
            a = argument(s, &c, "list of users must follow -u");
            if (!with_list(s, 'u', a))
                return false;
            break;
        case 'g':
        case 's':
            if (!with_list(
                    s, 's',
                    argument(s, &c,
                             "list of session leaders OR effective group names must follow -g")))
                return false;
            break;
        case 'G':
            if (!with_list(s, 'G', argument(s, &c, "list of real groups must follow -G")))
                return false;
            break;
        case 'o':
        case 'O':
            a = argument(s, &c, "format specification must follow -o");
            if (!a || !parse_format(s, a))
                return false;
            break;
        default:
            return fail(s, "unsupported SysV option");
        }
    }
    return true;
}

/* long: one option a case */
static bool parse_bsd(struct ps *s, const char *word)
{
    s->bsd = true;
    if (*word >= '0' && *word <= '9')
        return parse_list(s, 'p', word);
    for (const char *c = word; *c; c += *c != '\0') {
        const char *a;
        switch (*c) {
        case 'a':
            s->b_a = true;
            break;
        case 'x':
            s->b_x = true;
            break;
        case 'g':
        case 'S':
        case 'n':
        case 'm':
        case 'M':
            break;
        case 'A':
            s->all = true;
            break;
        case 'c':
            s->comm_only = true;
            break;
        case 'e':
            s->view.environ = true;
            break;
        case 'f':
            s->forest = true;
            break;
        case 'H':
        case 'L':
            break;
        case 'h':
            s->no_head = true;
            break;
        case 'j':
            s->bj = true;
            break;
        case 'l':
            s->bl = true;
            break;
        case 'u':
            s->bu = true;
            break;
        case 'v':
            s->bv = true;
            break;
        case 'r':
            s->running = true;
            break;
        case 'w':
            s->wide++;
            break;
        case 'V':
            return sys_text(s->r, "ps --version"), fail(s, "");
        case 'T': {
            char tty[64];
            if (vm_ttyname(s->r->p, 0, tty, sizeof(tty)) == 0 && !parse_list(s, 't', tty + 5))
                return false;
            break;
        }
        case 't':
            if (!with_list(s, 't',
                           argument(s, &c, "list of terminals (pty, tty...) must follow t")))
                return false;
            break;
        case 'p':
        case 'q':
            if (!with_list(s, 'p', argument(s, &c, "list of process IDs must follow p")))
                return false;
            break;
        case 'U':
            if (!with_list(s, 'u', argument(s, &c, "list of users must follow U")))
                return false;
            break;
        case 'o':
        case 'O':
            a = argument(s, &c, "format specification must follow o");
            if (!a || !parse_format(s, a))
                return false;
            break;
        case 'k':
            a = argument(s, &c, "long sort specification must follow 'k'");
            if (!a || !parse_sort(s, a))
                return false;
            break;
        default:
            return fail(s, "unsupported option (BSD syntax)");
        }
    }
    return true;
}

static bool parse_gnu(struct ps *s, const char *word)
{
    static const struct {
        const char *name;
        int list; /* which list, or what else */
    } opts[] = {{"pid", 'p'},      {"ppid", 'P'},    {"user", 'u'},  {"User", 'u'},
                {"tty", 't'},      {"sid", 's'},     {"group", 'G'}, {"Group", 'G'},
                {"format", 'o'},   {"sort", 'k'},    {"forest", 1},  {"no-headers", 2},
                {"no-heading", 2}, {"noheaders", 2}, {"headers", 3}, {"deselect", 4},
                {"width", 5},      {"cols", 5},      {"columns", 5}, {"rows", 5},
                {"quick-pid", 'p'}};
    const char *name = word + 2, *eq = strchr(name, '=');
    size_t n = eq ? (size_t)(eq - name) : strlen(name);
    for (size_t i = 0; i < sizeof(opts) / sizeof(opts[0]); i++) {
        if (strlen(opts[i].name) != n || strncmp(opts[i].name, name, n))
            continue;
        const char *a = eq ? eq + 1 : NULL;
        int64_t v;
        if (opts[i].list >= 5 && !a && !(a = s->at + 1 < s->argc ? s->argv[++s->at] : NULL))
            return fail(s, "long sort specification must follow 'k'");
        switch (opts[i].list) {
        case 1:
            s->forest = true;
            return true;
        case 2:
            s->no_head = true;
            return true;
        case 3:
            return true;
        case 4:
            s->negate = true;
            return true;
        case 5:
            if (n > 4 && !str_int(a, 1, PS_NO_END, &v))
                s->wide = -(int)v;
            return true;
        case 'o':
            return parse_format(s, a);
        case 'k':
            return parse_sort(s, a);
        default:
            return parse_list(s, opts[i].list, a);
        }
    }
    return fail(s, "unknown gnu long option");
}

static bool parse_all(struct ps *s, bool dashes_are_bsd)
{
    for (s->at = 0; s->at < s->argc; s->at++) {
        const char *w = s->argv[s->at];
        bool ok = w[0] == '-' && w[1] == '-'       ? parse_gnu(s, w)
                  : w[0] == '-' && !dashes_are_bsd ? parse_unix(s, w)
                                                   : parse_bsd(s, w + (w[0] == '-'));
        if (!ok)
            return false;
    }
    return true;
}

/* --- what is shown ------------------------------------------------------------------------ */
static void choose_columns(struct ps *s)
{
    if (s->headed)
        return;
    if (s->bu)
        add_columns(s, "user pid %cpu %mem vsz rss tname stat start_time bsdtime args");
    else if (s->bl)
        add_columns(s, "f uid pid ppid priority ni vsz rss wchan stat tname bsdtime args");
    else if (s->bj)
        add_columns(s, "ppid pid pgid sid tname tpgid stat uid bsdtime args");
    else if (s->bv)
        add_columns(s, "pid tname stat bsdtime maj_flt=MAJFL sz=TRS vsz=DRS rss %mem args");
    else if (s->bsd)
        add_columns(s, "pid tname stat bsdtime args");
    if (s->ncol)
        return;
    bool f = s->f || s->full;
    if (s->l)
        add_columns(s, s->y ? "s" : "f s");
    if (f)
        add_columns(s, "UID");
    else if (s->l)
        add_columns(s, "uid");
    add_columns(s, "pid");
    if (f || s->l)
        add_columns(s, "ppid");
    if (s->j)
        add_columns(s, "pgid sid");
    if (s->threads)
        add_columns(s, "lwp");
    else if (s->spid)
        add_columns(s, "spid");
    if (f || s->l)
        add_columns(s, "c");
    if (s->threads && f)
        add_columns(s, "nlwp");
    if (s->l)
        add_columns(s, s->y ? "opri ni rss sz wchan" : "opri ni addr_1 sz wchan");
    else if (s->full)
        add_columns(s, "sz rss psr");
    if (f)
        add_columns(s, "stime");
    add_columns(s, "TTY time");
    add_columns(s, f ? "cmd" : "ucmd");
}

static bool wanted(struct ps *s, const struct vm_procinfo *p)
{
    for (int i = 0; i < s->nwant; i++) {
        int64_t id = s->want[i].id;
        const char *name = s->want[i].name;
        switch (s->want[i].kind) {
        case 'p':
            if (id == p->pid)
                return true;
            break;
        case 'P':
            if (id == p->ppid)
                return true;
            break;
        case 's':
            if (id == p->sid)
                return true;
            break;
        case 'u':
            if (id == p->euid)
                return true;
            break;
        case 'G':
            if (id == p->egid)
                return true;
            break;
        case 'C':
            if (!strncmp(p->comm, name, 15))
                return true;
            break;
        default:
            if (!strcmp(p->tty, name) || (*name == '-' && !p->tty_rdev) ||
                (!strncmp(p->tty, "tty", 3) && !strcmp(p->tty + 3, name)))
                return true;
        }
    }
    return false;
}

static bool selected(struct ps *s, const struct vm_procinfo *p, const struct vm_procinfo *self)
{
    bool tty = p->tty_rdev != 0, mine = p->euid == self->euid, yes = s->all;
    if (s->running && p->state != 'R' && p->state != 'D')
        return false;
    if (s->u_a || s->u_d)
        yes |= p->pid != p->sid && (tty || !s->u_a || s->u_d);
    if (s->listed)
        yes |= wanted(s, p);
    else if (!s->all && !s->u_a && !s->u_d)
        yes = s->bsd ? (s->b_a || mine) && (s->b_x || tty) : mine && p->tty_rdev == self->tty_rdev;
    if (s->listed && (s->b_a || s->b_x))
        yes |= (s->b_a || mine) && (s->b_x || tty);
    return yes != s->negate;
}

/* --- order ----------------------------------------------------------------------------------- */
static int compare(struct ps *s, const struct vm_procinfo *a, const struct vm_procinfo *b)
{
    for (int i = 0; i < s->nsort; i++) {
        const struct ps_field *f = s->sort[i].f;
        int c;
        if (f->key) {
            int64_t x = f->key(&s->view, a), y = f->key(&s->view, b);
            c = (x > y) - (x < y);
        } else {
            c = strcmp(f->text(&s->view, a), f->text(&s->view, b));
        }
        if (c)
            return s->sort[i].down ? -c : c;
    }
    return a->pid - b->pid;
}

static void sort_rows(struct ps *s, struct vm_procinfo *rows, size_t n)
{
    /* Shell sort: few rows, no callback without context. */
    for (size_t gap = n / 2; gap; gap /= 2)
        for (size_t i = gap; i < n; i++) {
            struct vm_procinfo v = rows[i];
            size_t k = i;
            for (; k >= gap && compare(s, &rows[k - gap], &v) > 0; k -= gap)
                rows[k] = rows[k - gap];
            rows[k] = v;
        }
    vm_tick(s->r->p, (unsigned)n * 4);
}

/* --- output ------------------------------------------------------------------------------------
 */
static size_t put_cell(struct str *line, const struct column *c, const char *text, bool last,
                       size_t expected)
{
    size_t n = strlen(text), w = (size_t)c->width;
    char cut[64];
    if (c->f->just == PS_USER && n > w && w < sizeof(cut)) {
        str_copy(cut, sizeof(cut), text);
        cut[w - 1] = '+';
        cut[w] = '\0';
        text = cut;
        n = w;
    }
    if (c->f->just == PS_REST && !last && n > w)
        n = w;
    size_t start = expected;
    if (c->f->just == PS_RIGHT && n < w)
        start += w - n;
    if (line->n < start)
        str_fill(line, ' ', start - line->n);
    else if (expected && line->n)
        str_putc(line, ' ');
    str_add(line, text, n);
    return expected + w + 1;
}

static void put_line(struct ps *s, const struct vm_procinfo *p, size_t width)
{
    struct str line;
    str_init(&line, s->r->arena);
    size_t expected = 0;
    for (int i = 0; i < s->ncol; i++) {
        const char *text = p ? s->col[i].f->text(&s->view, p) : s->col[i].head;
        /* A cell that ran over pushes the next ones only as far as it must. */
        expected = put_cell(&line, &s->col[i], text, i + 1 == s->ncol, expected);
    }
    const struct ps_field *last = s->ncol ? s->col[s->ncol - 1].f : NULL;
    if (last && last->just == PS_LEFT && line.n < expected - 1)
        str_fill(&line, ' ', expected - 1 - line.n);
    if (line.n > width)
        str_trunc(&line, width);
    str_putc(&line, '\n');
    vf_write(s->r->out, str_text(&line), line.n);
    str_release(&line);
}

/* Children below their parents; drawn before the command. */
static void put_tree(struct ps *s, struct vm_procinfo *rows, size_t n, size_t at, const char *bars,
                     size_t width)
{
    if (vm_deep(s->r->p) || strlen(bars) > 200)
        return;
    put_line(s, &rows[at], width);
    int pid = rows[at].pid;
    size_t last = n;
    for (size_t i = 0; i < n; i++)
        if (rows[i].ppid == pid && rows[i].pid != pid)
            last = i;
    for (size_t i = 0; i < n && last < n; i++) {
        if (rows[i].ppid != pid || rows[i].pid == pid)
            continue;
        s->view.branch = vm_asprintf(s->r->p, s->bsd || s->f ? "%s \\_ " : "%s  ", bars);
        const char *more = s->bsd || s->f ? (i == last ? "    " : " |  ") : "  ";
        put_tree(s, rows, n, i, vm_asprintf(s->r->p, "%s%s", bars, more), width);
    }
}

static void put_forest(struct ps *s, struct vm_procinfo *rows, size_t n, size_t width)
{
    for (size_t i = 0; i < n; i++) {
        bool root = true;
        for (size_t k = 0; k < n && root; k++)
            root = rows[k].pid != rows[i].ppid;
        s->view.branch = "";
        /* Daemons stand beside init, not below it. */
        if (root)
            put_tree(s, rows, n, i, "", width);
    }
}

static size_t line_width(struct ps *s)
{
    if (s->wide < 0)
        return (size_t)-s->wide;
    const char *env = vm_getenv(s->r->p, "COLUMNS");
    int cols = vm_isatty(s->r->p, 1) || env ? sys_columns(s->r) : 0;
    if (!cols || s->wide > 1)
        return PS_NO_END;
    return s->wide && cols < PS_WIDE ? PS_WIDE : (size_t)cols;
}

static int refuse(struct ps *s)
{
    size_t n;
    if (!*s->error)
        return 0;
    (void)vf_flush(s->r->out);
    vf_printf(s->r->err, "error: %s\n", s->error);
    const char *t = vm_text(s->r->p, "ps --help", &n);
    if (t)
        vf_write(s->r->err, t, n);
    return 1;
}

static int ps_run(struct cmd_run *r)
{
    struct ps *s = vm_alloc(r->p, sizeof(*s)), *again = vm_alloc(r->p, sizeof(*s));
    struct vm_procinfo self;
    size_t n, k = 0;
    if (r->argc && (str_starts(r->argv[0], "--help") || !strcmp(r->argv[0], "--version"))) {
        int rc = r->argc > 1 ? sys_text(r, vm_asprintf(r->p, "ps --help %s", r->argv[1])) : -1;
        return rc >= 0 ? rc : cmd_text_option(r, r->argv[0]) ? 0 : 1;
    }
    *s = (struct ps){.r = r, .argv = r->argv, .argc = r->argc};
    *again = *s;
    if (!parse_all(s, false)) {
        if (*s->error && parse_all(again, true))
            s = again;
        else
            return refuse(s);
    }
    if (s->y && !s->l)
        return fail(s, "modifier -y without format -l makes no sense"), refuse(s);
    s->view.r = r;
    s->view.zone = tz_of(r->p, NULL);
    s->view.now = vm_now(r->p).tv_sec;
    s->view.uptime_us = vm_uptime_us(r->p);
    s->view.mem_kib = vm_persona(r->p)->mem_kib;
    s->view.branch = "";
    choose_columns(s);
    if (!vm_proc_info(r->p, vm_getpid(r->p), &self))
        return 1;
    self.argv = self.envp = NULL;
    struct vm_procinfo *rows = sys_procs(r, &n);
    for (size_t i = 0; i < n; i++)
        if (selected(s, &rows[i], &self))
            rows[k++] = rows[i];
    size_t width = line_width(s);
    bool head = false;
    for (int i = 0; i < s->ncol; i++)
        head |= *s->col[i].head != '\0';
    if (head && !s->no_head)
        put_line(s, NULL, width);
    sort_rows(s, rows, k);
    if (s->forest)
        put_forest(s, rows, k, width);
    else
        for (size_t i = 0; i < k; i++)
            put_line(s, &rows[i], width);
    return k ? 0 : 1;
}

const struct cmd cmd_ps = {.name = "ps", .flags = CMD_RAW, .run = ps_run};
