/* ls.c -- lists directories.
 *
 * Entries are gathered with as much as the chosen format needs (names only for
 * plain output), sorted, and printed in one of four formats: one a line,
 * columns, rows, commas, or long. On a terminal: columns, colours if asked,
 * and names quoted as a shell would need them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/ls_priv.h"
#include "cmd/version.h"

enum { BLOCK = 1024 };

/* --- gathering and sorting -------------------------------------------------------- */

static int compare(const void *x, const void *y, void *ctx)
{
    const struct ls_entry *a = x, *b = y;
    const struct ls *l = ctx;
    int d = 0;
    if (l->dirs_first) {
        bool ad = S_ISDIR(ls_entry_mode(a)) || (a->target_ok && S_ISDIR(a->target_mode));
        bool bd = S_ISDIR(ls_entry_mode(b)) || (b->target_ok && S_ISDIR(b->target_mode));
        if (ad != bd)
            return ad ? -1 : 1;
    }
    switch (l->sort) {
    case 'S':
        d = a->st.size < b->st.size ? 1 : a->st.size > b->st.size ? -1 : 0;
        break;
    case 't': {
        struct timespec s = ls_entry_time(l, a), t = ls_entry_time(l, b);
        d = s.tv_sec != t.tv_sec    ? (s.tv_sec < t.tv_sec ? 1 : -1)
            : s.tv_nsec < t.tv_nsec ? 1
            : s.tv_nsec > t.tv_nsec ? -1
                                    : 0;
        break;
    }
    case 'X': {
        const char *p = strrchr(a->name, '.'), *q = strrchr(b->name, '.');
        d = strcmp(p ? p : "", q ? q : "");
        break;
    }
    case 'v':
        d = version_compare(a->name, strlen(a->name), b->name, strlen(b->name));
        break;
    default:
        break;
    }
    if (!d)
        d = strcmp(a->name, b->name);
    return l->reverse ? -d : d;
}

static void read_target(struct ls *l, struct ls_entry *e)
{
    char buf[VFS_PATH_MAX];
    ssize_t n = vm_readlink(l->r->p, e->path, buf, sizeof(buf) - 1);
    if (n < 0)
        return;
    buf[n] = '\0';
    e->target = vm_strdup(l->r->p, buf);
    struct vfs_stat st;
    if (!vm_stat(l->r->p, e->path, &st)) {
        e->target_ok = true;
        e->target_mode = st.mode;
    }
}

static void finish_entry(struct ls *l, struct ls_entry *e)
{
    e->shown = ls_shown_name(l, e->name);
    e->width = ls_display_width(l, e->shown);
    if (*e->shown == '\'' || *e->shown == '"')
        l->quoted_any = true;
    if (S_ISLNK(ls_entry_mode(e)) && (l->format == LS_LONG || l->colour || l->dirs_first))
        read_target(l, e);
}

static bool wanted(const struct ls *l, const char *name)
{
    if (l->ignore && str_match(l->ignore, name))
        return false;
    if (*name == '.')
        return l->all || l->almost;
    if (l->hide && !l->all && !l->almost && str_match(l->hide, name))
        return false;
    size_t n = strlen(name);
    return !(l->backups && n && name[n - 1] == '~');
}

/* Fills e for path: 0 or -errno. */
static int stat_entry(struct ls *l, struct ls_entry *e, bool follow)
{
    int err = follow ? vm_stat(l->r->p, e->path, &e->st) : vm_lstat(l->r->p, e->path, &e->st);
    if (err == -ENOENT && follow)
        err = vm_lstat(l->r->p, e->path, &e->st);
    e->has_stat = !err;
    return err;
}

static void sort_entries(struct ls *l, struct ls_entry *e, size_t n)
{
    if (l->sort != 'U')
        qsort_r(e, n, sizeof(*e), compare, l);
    vm_tick(l->r->p, (unsigned)(n * 2));
}

/* --- directories --------------------------------------------------------------------- */

static void complain(struct ls *l, int err, const char *what, const char *path, bool operand)
{
    cmd_warn_err(l->r, err, "cannot %s %s", what, cmd_quote(l->r, path));
    int status = operand ? 2 : 1;
    if (l->status < status)
        l->status = status;
}

static void add_dots(struct ls *l, const char *dir, struct ls_entry *e, size_t *n)
{
    static const char *const dots[] = {".", ".."};
    for (size_t i = 0; l->all && i < 2; i++) {
        struct ls_entry *d = &e[(*n)++];
        d->name = dots[i];
        d->path = cmd_path_join(l->r, dir, dots[i]);
        d->type = S_IFDIR >> 12;
        if (l->need_stat && stat_entry(l, d, false) < 0)
            d->failed = true;
    }
}

static void list_dir(struct ls *l, const char *path, const char *shown, bool operand)
{
    struct cmd_run *r = l->r;
    struct vm_dirent *d;
    int count = vm_readdir(r->p, path, &d);
    if (count < 0) {
        complain(l, count, "open directory", path, operand);
        return;
    }
    struct ls_entry *e = vm_alloc(r->p, ((size_t)count + 2) * sizeof(*e));
    size_t n = 0;
    l->quoted_any = false;
    add_dots(l, path, e, &n);
    for (int i = 0; i < count; i++) {
        if (!wanted(l, d[i].name))
            continue;
        struct ls_entry *x = &e[n];
        *x = (struct ls_entry){.name = d[i].name, .type = d[i].type};
        bool exec = l->classify == 'F' && d[i].type == S_IFREG >> 12;
        bool link = d[i].type == S_IFLNK >> 12 && (l->colour || l->dirs_first);
        x->path = cmd_path_join(r, path, d[i].name);
        if (l->need_stat || exec || link || l->colour || !d[i].type) {
            int err = stat_entry(l, x, l->follow);
            if (err < 0 && l->need_stat) {
                complain(l, err, "access", x->path, false);
                x->failed = true;
            }
        }
        x->st.ino = x->has_stat ? x->st.ino : d[i].ino;
        n++;
    }
    for (size_t i = 0; i < n; i++)
        finish_entry(l, &e[i]);
    sort_entries(l, e, n);
    if (l->headers) {
        vf_printf(r->out, "%s%s:\n", l->printed ? "\n" : "", ls_shown_name(l, shown));
    }
    l->printed = true;
    if (l->format == LS_LONG || l->blocks) {
        uint64_t total = 0;
        char t[64];
        for (size_t i = 0; i < n; i++)
            total += (uint64_t)e[i].st.blocks * 512;
        ls_block_text(l, total, t, sizeof(t));
        vf_printf(r->out, "total %s%c", t, l->zero ? '\0' : '\n');
    }
    ls_put_entries(l, e, n);
    if (!l->recursive || vm_deep(r->p))
        return;
    for (size_t i = 0; i < n; i++)
        if (S_ISDIR(ls_entry_mode(&e[i])) && strcmp(e[i].name, ".") && strcmp(e[i].name, ".."))
            list_dir(l, e[i].path, e[i].path, false);
}

static void list_operands(struct ls *l, char **names, size_t n)
{
    struct cmd_run *r = l->r;
    struct ls_entry *files = vm_alloc(r->p, (n + 1) * sizeof(*files));
    struct ls_entry *dirs = vm_alloc(r->p, (n + 1) * sizeof(*dirs));
    size_t nfiles = 0, ndirs = 0;
    for (size_t i = 0; i < n; i++) {
        struct ls_entry e = {.name = names[i], .path = names[i]};
        bool plain = l->format != LS_LONG && l->classify != 'F' && !l->directory;
        struct vfs_stat st;
        int err = stat_entry(l, &e, l->follow || l->follow_args);
        if (err < 0) {
            complain(l, err, "access", names[i], true);
            continue;
        }
        bool to_dir = S_ISLNK(e.st.mode) && (plain || (l->follow_args)) &&
                      !vm_stat(r->p, names[i], &st) && S_ISDIR(st.mode);
        if (!l->directory && (S_ISDIR(e.st.mode) || to_dir))
            dirs[ndirs++] = e;
        else
            files[nfiles++] = e;
    }
    for (size_t i = 0; i < nfiles; i++)
        finish_entry(l, &files[i]);
    sort_entries(l, files, nfiles);
    sort_entries(l, dirs, ndirs);
    bool need = l->need_stat;
    ls_put_entries(l, files, nfiles);
    l->need_stat = need;
    if (nfiles)
        l->printed = true;
    l->headers = n > 1 || l->recursive;
    for (size_t i = 0; i < ndirs; i++)
        list_dir(l, dirs[i].path, dirs[i].name, true);
}

/* --- the command --------------------------------------------------------------------- */

/* Does ls believe that the terminal knows colours? */
static bool colour_terminal(struct proc *p)
{
    static const char *const known[] = {
        "Eterm",   "ansi",  "alacritty",  "con",   "cygwin", "dtterm", "gnome", "hurd",
        "jfbterm", "kitty", "konsole",    "kterm", "linux",  "mlterm", "putty", "rxvt",
        "screen",  "st",    "terminator", "tmux",  "vt100",  "vt220",  "xterm", NULL};
    const char *colours = vm_getenv(p, "LS_COLORS"), *term = vm_getenv(p, "TERM");
    if ((colours && *colours) || vm_getenv(p, "COLORTERM"))
        return true;
    for (size_t i = 0; term && known[i]; i++)
        if (str_starts(term, known[i]))
            return true;
    return false;
}

static int ls_run(struct cmd_run *r)
{
    struct ls l = {
        .r = r, .sort = 'n', .time = 'm', .block_size = BLOCK, .size_unit = 1, .width = 80};
    bool tty = vm_isatty(r->p, 1);
    struct winsize ws;
    l.format = !strcmp(r->cmd->name, "vdir")         ? LS_LONG
               : tty || !strcmp(r->cmd->name, "dir") ? LS_COLUMNS
                                                     : LS_ONE;
    l.quote = !strcmp(r->cmd->name, "ls") ? tty ? 's' : 'l' : 'e';
    l.hide_control = tty && l.quote == 'l';
    if (tty && !vm_getwinsize(r->p, 1, &ws) && ws.ws_col)
        l.width = ws.ws_col;
    const char *columns = vm_getenv(r->p, "COLUMNS");
    int64_t width;
    if (columns && !str_int(columns, 1, 65535, &width))
        l.width = (size_t)width;
    bool explicit_sort = false;
    for (const char *o = r->opt; *o; o++) {
        if (!ls_set_option(&l, *o, r->optarg[o - r->opt]))
            return *o < 8 ? cmd_usage(r), 1 : *o == '\x14' ? cmd_usage(r) : 2;
        explicit_sort |= strchr("tSUXvf\2", *o) != NULL;
    }
    l.colour = l.colour && colour_terminal(r->p);
    /* -c and -u alone also sort by that time, unless the format is long. */
    if (!explicit_sort && l.time != 'm' && l.format != LS_LONG)
        l.sort = 't';
    l.now = vm_now(r->p).tv_sec;
    l.tz = l.format == LS_LONG ? tz_of(r->p, NULL) : NULL;
    l.need_stat = l.format == LS_LONG || l.sort == 'S' || l.sort == 't' || l.blocks || l.inode;
    char *here[] = {".", NULL};
    if (!r->argc && !l.directory) {
        struct vfs_stat st;
        l.headers = l.recursive;
        int err = vm_stat(r->p, ".", &st);
        if (err < 0)
            complain(&l, err, "open directory", ".", true);
        else
            list_dir(&l, ".", ".", true);
    } else {
        list_operands(&l, r->argc ? r->argv : here, r->argc ? (size_t)r->argc : 1);
    }
    return l.status;
}

static const char *const ls_longs[] = {"all=a",
                                       "escape=b",
                                       "directory=d",
                                       "dired=D",
                                       "full-time=\x13",
                                       "group-directories-first=\x16",
                                       "human-readable=h",
                                       "inode=i",
                                       "kibibytes=k",
                                       "numeric-uid-gid=n",
                                       "no-group=G",
                                       "hide-control-chars=q",
                                       "reverse=r",
                                       "size=s",
                                       "width:=w",
                                       "almost-all=A",
                                       "ignore-backups=B",
                                       "classify?=\7",
                                       "file-type=\x15",
                                       "si=\x11",
                                       "dereference-command-line=H",
                                       "dereference-command-line-symlink-to-dir=H",
                                       "hide:=\x12",
                                       "ignore:=I",
                                       "indicator-style:=\6",
                                       "dereference=L",
                                       "literal=N",
                                       "quote-name=Q",
                                       "quoting-style:=\5",
                                       "recursive=R",
                                       "format:=\4",
                                       "show-control-chars=\x18",
                                       "sort:=\2",
                                       "tabsize:=T",
                                       "time:=\3",
                                       "time-style:=\x14",
                                       "zero=\x17",
                                       "color?=\1",
                                       "hyperlink?=\x1b",
                                       "block-size:=\x1a",
                                       "context=Z",
                                       "author=\x19",
                                       NULL};

#define LS_ENTRY(n)                                                                                \
    {                                                                                              \
        .name = n, .opts = "abcdfghiklmnopqrstuvw:xABCDFGHI:LNQRST:UXZ1", .longs = ls_longs,       \
        .run = ls_run, .usage_status = 2                                                           \
    }
const struct cmd cmd_ls = LS_ENTRY("ls");
const struct cmd cmd_dir = LS_ENTRY("dir");
const struct cmd cmd_vdir = LS_ENTRY("vdir");
