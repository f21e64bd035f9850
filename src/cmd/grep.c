/* grep.c -- grep, egrep, fgrep: lines that match.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/glob.h"
#include "cmd/grep.h"

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
        grep_complain(g, err, path);
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
        grep_complain(g, EISDIR, path);
        return;
    }
    if ((!operand && !S_ISREG(st.mode)) || excluded(g, path))
        return;
    int fd = vm_open(r->p, path, O_RDONLY | O_CLOEXEC | (operand ? 0 : O_NONBLOCK), 0);
    if (fd < 0) {
        grep_complain(g, fd, path);
        return;
    }
    grep_file(g, fd, path);
    vm_close(r->p, fd);
}

static void grep_dir(struct grep *g, const char *path, bool named)
{
    struct cmd_run *r = g->r;
    struct vm_dirent *e;
    int n = vm_readdir(r->p, path, &e);
    if (n < 0) {
        grep_complain(g, n, path);
        return;
    }
    if (vm_deep(r->p))
        return;
    for (int i = 0; i < n && !(g->quiet && g->matched); i++)
        grep_path(g, named ? cmd_path_join(r, path, e[i].name) : e[i].name, false);
}

static int grep_run(struct cmd_run *r)
{
    struct grep g = {.r = r, .kind = 'G', .max = INT64_MAX, .before = -1, .after = -1, .eol = '\n'};
    struct grep_patterns ps = {0};
    bool none = true;
    str_init(&ps.text, r->arena);
    g.utf8 = cmd_utf8(r->p);
    g.label = "(standard input)";
    if (!strcmp(r->cmd->name, "egrep"))
        g.kind = 'E';
    if (!strcmp(r->cmd->name, "fgrep"))
        g.kind = 'F';
    int status = grep_set_options(&g, &ps, &none);
    if (status)
        return status;
    char **files = r->argv;
    int n = r->argc;
    if (!cmd_has(r, 'e') && !cmd_has(r, 'f')) {
        if (!n)
            return cmd_usage(r);
        grep_add_patterns(&ps, files[0], strlen(files[0]));
        none = false;
        files++;
        n--;
    }
    if (!grep_compile(&g, &ps, none))
        return 2;
    if (g.quiet || g.list || g.list_not)
        g.count = false;
    g.with_name = g.names == NAMES_YES || (g.names == NAMES_AUTO && (n > 1 || g.recursive));
    if (!n && g.recursive) {
        grep_dir(&g, ".", false);
    } else if (!n) {
        g.with_name = g.names == NAMES_YES;
        grep_file(&g, 0, g.label);
    }
    for (int i = 0; i < n && !(g.quiet && g.matched); i++) {
        struct vfs_stat st;
        /* -r with a single file that is no directory shows no name */
        if (n == 1 && g.recursive && g.names == NAMES_AUTO && !vm_stat(r->p, files[i], &st))
            g.with_name = S_ISDIR(st.mode);
        if (!strcmp(files[i], "-"))
            grep_file(&g, 0, g.label);
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
