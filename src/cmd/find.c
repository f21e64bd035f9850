/* find.c -- walks trees and does things with what it finds.
 *
 * The expression becomes a tree of tests and actions; depth first, entries in
 * the order of the directory.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/find_priv.h"
#include "cmd/glob.h"
#include "cmd/mode.h"

static bool number_test(const struct find_node *n, int64_t v)
{
    return n->sign == '+' ? v > n->n : n->sign == '-' ? v < n->n : v == n->n;
}

/* --- tests --------------------------------------------------------------------------------- */

static bool t_and(struct find *f, struct find_node *n, struct find_item *it)
{
    return n->a->test(f, n->a, it) && n->b->test(f, n->b, it);
}

static bool t_or(struct find *f, struct find_node *n, struct find_item *it)
{
    return n->a->test(f, n->a, it) || n->b->test(f, n->b, it);
}

static bool t_comma(struct find *f, struct find_node *n, struct find_item *it)
{
    n->a->test(f, n->a, it);
    return n->b->test(f, n->b, it);
}

static bool t_not(struct find *f, struct find_node *n, struct find_item *it)
{
    return !n->a->test(f, n->a, it);
}

static bool t_true(struct find *f, struct find_node *n, struct find_item *it)
{
    (void)f;
    (void)it;
    return n->what != 'f';
}

static bool t_name(struct find *f, struct find_node *n, struct find_item *it)
{
    (void)f;
    return glob_match(n->text, it->name, n->what == 'i' ? GLOB_ICASE : 0);
}

static bool t_path(struct find *f, struct find_node *n, struct find_item *it)
{
    (void)f;
    return glob_match(n->text, it->path, n->what == 'i' ? GLOB_ICASE : 0);
}

static bool t_regex(struct find *f, struct find_node *n, struct find_item *it)
{
    (void)f;
    return regex_exec(n->re, it->path, strlen(it->path), 0, NULL, 0) == 1;
}

static bool t_lname(struct find *f, struct find_node *n, struct find_item *it)
{
    char to[VFS_PATH_MAX];
    if (!S_ISLNK(it->st.mode))
        return false;
    ssize_t k = vm_readlink(f->r->p, it->path, to, sizeof(to) - 1);
    if (k < 0)
        return false;
    to[k] = '\0';
    return glob_match(n->text, to, n->what == 'i' ? GLOB_ICASE : 0);
}

char find_type_letter(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFCHR:
        return 'c';
    case S_IFBLK:
        return 'b';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    default:
        return 'f';
    }
}

static bool t_type(struct find *f, struct find_node *n, struct find_item *it)
{
    (void)f;
    return strchr(n->text, find_type_letter(it->st.mode)) != NULL;
}

static bool t_size(struct find *f, struct find_node *n, struct find_item *it)
{
    (void)f;
    return number_test(n, (it->st.size + n->unit - 1) / n->unit);
}

static bool t_empty(struct find *f, struct find_node *n, struct find_item *it)
{
    struct vm_dirent *e;
    (void)n;
    if (S_ISREG(it->st.mode))
        return !it->st.size;
    return S_ISDIR(it->st.mode) && vm_readdir(f->r->p, it->path, &e) == 0;
}

static bool t_time(struct find *f, struct find_node *n, struct find_item *it)
{
    int64_t t = n->what == 'a'   ? it->st.atime.tv_sec
                : n->what == 'c' ? it->st.ctime.tv_sec
                                 : it->st.mtime.tv_sec;
    int64_t age = f->now - t;
    if (n->unit == 60) /* minutes are rounded up */
        return n->sign == '-'   ? age < n->n * 60
               : n->sign == '+' ? age > n->n * 60
                                : age > (n->n - 1) * 60 && age <= n->n * 60;
    return number_test(n, age >= 0 ? age / n->unit : -1);
}

static bool t_newer(struct find *f, struct find_node *n, struct find_item *it)
{
    (void)f;
    return it->st.mtime.tv_sec * 1000000000 + it->st.mtime.tv_nsec > n->n;
}

static bool t_perm(struct find *f, struct find_node *n, struct find_item *it)
{
    uint32_t m = it->st.mode & 07777;
    (void)f;
    return n->sign == '-'   ? (m & n->mode) == n->mode
           : n->sign == '/' ? !n->mode || (m & n->mode)
                            : m == n->mode;
}

static bool t_number(struct find *f, struct find_node *n, struct find_item *it)
{
    (void)f;
    switch (n->what) {
    case 'u':
        return number_test(n, it->st.uid);
    case 'g':
        return number_test(n, it->st.gid);
    case 'i':
        return number_test(n, (int64_t)it->st.ino);
    default:
        return number_test(n, (int64_t)it->st.nlink);
    }
}

static bool t_noname(struct find *f, struct find_node *n, struct find_item *it)
{
    return n->what == 'u' ? !cmd_user_name(f->r, it->st.uid) : !cmd_group_name(f->r, it->st.gid);
}

static bool t_access(struct find *f, struct find_node *n, struct find_item *it)
{
    return !vm_access(f->r->p, it->path, (int)n->n);
}

static bool t_prune(struct find *f, struct find_node *n, struct find_item *it)
{
    (void)n;
    (void)it;
    f->prune = true;
    return true;
}

static bool t_quit(struct find *f, struct find_node *n, struct find_item *it)
{
    (void)n;
    (void)it;
    f->quit = true;
    return true;
}

/* --- the expression ------------------------------------------------------------------------- */

static struct find_node *new_node(struct find *f, bool (*test)(struct find *, struct find_node *,
                                                               struct find_item *))
{
    struct find_node *n = vm_alloc(f->r->p, sizeof(*n));
    n->test = test;
    return n;
}

static void __attribute__((noreturn)) fail(struct find *f)
{
    vm_exit(f->r->p, 1);
}

static char *argument(struct find *f, const char *name)
{
    if (!*f->arg) {
        cmd_warn(f->r, "missing argument to `%s'", name);
        fail(f);
    }
    return *f->arg++;
}

static void signed_number(struct find *f, struct find_node *n, const char *name, const char *arg)
{
    n->sign = *arg == '+' || *arg == '-' ? *arg : '=';
    if (str_int(arg + (n->sign != '='), 0, INT64_MAX, &n->n)) {
        cmd_warn(f->r, "invalid argument `%s' to `%s'", arg, name);
        fail(f);
    }
}

static void parse_size(struct find *f, struct find_node *n, const char *arg)
{
    size_t len = strlen(arg);
    static const int64_t units[] = {512, 1, 2, 1024, 1 << 20, 1 << 30};
    static const char letters[] = "bcwkMG";
    const char *unit = len ? strchr(letters, arg[len - 1]) : NULL;
    n->unit = unit ? units[unit - letters] : 512;
    char *copy = vm_asprintf(f->r->p, "%.*s", (int)(len - (unit != NULL)), arg);
    n->sign = *copy == '+' || *copy == '-' ? *copy : '=';
    if (str_int(copy + (n->sign != '='), 0, INT64_MAX, &n->n)) {
        cmd_warn(f->r, "Invalid argument `%s' to -size", arg);
        fail(f);
    }
}

static struct find_node *parse_exec(struct find *f, const char *name)
{
    struct find_node *n = new_node(f, find_act_exec);
    n->what = !strcmp(name, "-ok") || !strcmp(name, "-okdir") ? '?'
              : !strcmp(name, "-execdir")                     ? 'd'
                                                              : 'e';
    n->args = f->arg;
    f->acts = true;
    for (; *f->arg; f->arg++, n->nargs++) {
        bool plus = !strcmp(*f->arg, "+") && n->nargs && !strcmp(f->arg[-1], "{}");
        if (strcmp(*f->arg, ";") && !plus)
            continue;
        if (plus)
            n->what = '+';
        f->arg++;
        if (!n->nargs)
            break;
        return n;
    }
    cmd_warn(f->r, "missing argument to `%s'", name);
    fail(f);
}

static struct find_node *parse_user(struct find *f, const char *name, bool group)
{
    struct find_node *n = new_node(f, t_number);
    const char *arg = argument(f, name);
    uint32_t id, gid;
    n->what = group ? 'g' : 'u';
    n->sign = '=';
    if (group ? cmd_group_id(f->r, arg, &id) : cmd_user_id(f->r, arg, &id, &gid))
        n->n = id;
    else if (str_int(arg, 0, UINT32_MAX, &n->n)) {
        cmd_warn(f->r,
                 group ? "invalid group name or GID argument to -group: %s"
                       : "invalid user name or UID argument to -user: %s",
                 cmd_quotel(f->r, arg));
        fail(f);
    }
    return n;
}

static struct find_node *parse_newer(struct find *f, const char *name)
{
    struct find_node *n = new_node(f, t_newer);
    const char *arg = argument(f, name);
    struct vfs_stat st;
    int err = vm_stat(f->r->p, arg, &st);
    if (err < 0) {
        cmd_warn_err(f->r, err, "%s", cmd_quotel(f->r, arg));
        fail(f);
    }
    n->n = st.mtime.tv_sec * 1000000000 + st.mtime.tv_nsec;
    return n;
}

static struct find_node *parse_perm(struct find *f, const char *name)
{
    struct find_node *n = new_node(f, t_perm);
    const char *arg = argument(f, name);
    n->sign = *arg == '-' || *arg == '/' ? *arg : '=';
    if (!mode_change(arg + (n->sign != '='), 0, 0, &n->mode)) {
        cmd_warn(f->r, "invalid mode %s", cmd_quotel(f->r, arg));
        fail(f);
    }
    return n;
}

static struct find_node *parse_text(struct find *f, const char *name, const char *what)
{
    bool icase = *what == 'i';
    struct find_node *n;
    if (!strcmp(what + icase, "regex")) {
        const char *why, *arg = argument(f, name);
        n = new_node(f, t_regex);
        n->re =
            regex_new(f->r->arena, arg, strlen(arg), REGEX_LINES | (icase ? REGEX_ICASE : 0), &why);
        if (!n->re) {
            cmd_warn(f->r, "%s", why);
            fail(f);
        }
        return n;
    }
    n = new_node(f, !strcmp(what + icase, "name")    ? t_name
                    : !strcmp(what + icase, "lname") ? t_lname
                                                     : t_path);
    n->text = argument(f, name);
    n->what = icase ? 'i' : 0;
    return n;
}

static struct find_node *
flag(struct find *f, bool (*test)(struct find *, struct find_node *, struct find_item *), char what)
{
    struct find_node *n = new_node(f, test);
    n->what = what;
    return n;
}

/* long: one line a predicate */
static struct find_node *parse_predicate(struct find *f, const char *name)
{
    const char *s = name + 1;
    struct find_node *n;
    static const char *const texts[] = {"name",      "iname",      "path",  "ipath",
                                        "wholename", "iwholename", "lname", "ilname",
                                        "regex",     "iregex",     NULL};
    for (int i = 0; texts[i]; i++)
        if (!strcmp(s, texts[i]))
            return parse_text(f, name, s);
    if (!strcmp(s, "type") || !strcmp(s, "xtype")) {
        n = new_node(f, t_type);
        n->text = argument(f, name);
        if (strspn(n->text, "bcdpflsD,") != strlen(n->text) || !*n->text) {
            cmd_warn(f->r, "Unknown argument to -type: %c", *n->text);
            fail(f);
        }
        return n;
    }
    if (!strcmp(s, "size")) {
        n = new_node(f, t_size);
        parse_size(f, n, argument(f, name));
        return n;
    }
    if ((strlen(s) == 5 && !strcmp(s + 1, "time")) || (strlen(s) == 4 && !strcmp(s + 1, "min"))) {
        n = flag(f, t_time, *s);
        n->unit = s[1] == 't' ? 86400 : 60;
        signed_number(f, n, name, argument(f, name));
        return n;
    }
    if (!strcmp(s, "uid") || !strcmp(s, "gid") || !strcmp(s, "inum") || !strcmp(s, "links")) {
        n = flag(f, t_number, *s);
        signed_number(f, n, name, argument(f, name));
        return n;
    }
    if (!strcmp(s, "maxdepth") || !strcmp(s, "mindepth")) {
        const char *arg = argument(f, name);
        if (str_int(arg, 0, INT32_MAX, *(s + 1) == 'a' ? &f->maxdepth : &f->mindepth)) {
            cmd_warn(f->r, "Expected a positive decimal integer argument to %s, but got %s", name,
                     cmd_quotel(f->r, arg));
            fail(f);
        }
        return flag(f, t_true, 't');
    }
    if (!strcmp(s, "user") || !strcmp(s, "group"))
        return parse_user(f, name, *s == 'g');
    if (!strcmp(s, "newer") || !strcmp(s, "anewer") || !strcmp(s, "cnewer") ||
        !strcmp(s, "newermm"))
        return parse_newer(f, name);
    if (!strcmp(s, "perm"))
        return parse_perm(f, name);
    if (!strcmp(s, "exec") || !strcmp(s, "ok") || !strcmp(s, "execdir") || !strcmp(s, "okdir"))
        return parse_exec(f, name);
    if (!strcmp(s, "print") || !strcmp(s, "print0") || !strcmp(s, "ls") || !strcmp(s, "delete") ||
        !strcmp(s, "printf")) {
        f->acts = true;
        n = flag(f,
                 *s == 'l'     ? find_act_ls
                 : *s == 'd'   ? find_act_delete
                 : s[5] == 'f' ? find_act_printf
                               : find_act_print,
                 *s == 'p' && s[5] == '0' ? '0' : 0);
        f->depth_first |= *s == 'd';
        if (n->test == find_act_printf)
            n->text = argument(f, name);
        return n;
    }
    if (!strcmp(s, "quit")) {
        f->acts = true;
        return flag(f, t_quit, 0);
    }
    if (!strcmp(s, "true") || !strcmp(s, "false"))
        return flag(f, t_true, *s);
    if (!strcmp(s, "empty"))
        return flag(f, t_empty, 0);
    if (!strcmp(s, "prune"))
        return flag(f, t_prune, 0);
    if (!strcmp(s, "nouser") || !strcmp(s, "nogroup"))
        return flag(f, t_noname, s[2]);
    if (!strcmp(s, "readable") || !strcmp(s, "writable") || !strcmp(s, "executable")) {
        n = new_node(f, t_access);
        n->n = *s == 'r' ? 4 : *s == 'w' ? 2 : 1;
        return n;
    }
    if (!strcmp(s, "depth") || !strcmp(s, "d"))
        return f->depth_first = true, flag(f, t_true, 't');
    if (!strcmp(s, "xdev") || !strcmp(s, "mount"))
        return f->xdev = true, flag(f, t_true, 't');
    if (!strcmp(s, "follow"))
        return f->follow = true, flag(f, t_true, 't');
    if (!strcmp(s, "daystart") || !strcmp(s, "noleaf") || !strcmp(s, "warn") ||
        !strcmp(s, "nowarn") || !strcmp(s, "ignore_readdir_race"))
        return flag(f, t_true, 't');
    if (!strcmp(s, "regextype"))
        return argument(f, name), flag(f, t_true, 't');
    cmd_warn(f->r, "unknown predicate `%s'", name);
    fail(f);
}

static struct find_node *parse_comma(struct find *f);

/* A word where a test should be: often what the shell made of a pattern. */
static void misplaced(struct find *f, const char *word)
{
    struct vfs_stat st;
    cmd_warn(f->r, "paths must precede expression: `%s'", word);
    char **last = f->arg - 1;
    while (last > f->r->argv && **--last != '-' && **last != '(' && **last != '!')
        ;
    if (last >= f->r->argv && strchr("-(!", **last) && !vm_stat(f->r->p, word, &st))
        cmd_warn(f->r, "possible unquoted pattern after predicate `%s'?", *last);
}

static struct find_node *parse_not(struct find *f)
{
    const char *a = *f->arg;
    if (!a) {
        cmd_warn(f->r, "expected an expression after '-a'");
        fail(f);
    }
    f->arg++;
    if (!strcmp(a, "!") || !strcmp(a, "-not")) {
        struct find_node *n = new_node(f, t_not);
        if (!*f->arg) {
            cmd_warn(f->r, "expected an expression after `%s'", a);
            fail(f);
        }
        n->a = parse_not(f);
        return n;
    }
    if (!strcmp(a, "(")) {
        if (++f->parens > 100)
            fail(f);
        struct find_node *n = parse_comma(f);
        if (!*f->arg || strcmp(*f->arg, ")")) {
            cmd_warn(
                f->r,
                "invalid expression; I was expecting to find a ')' somewhere but did not see one.");
            fail(f);
        }
        f->arg++;
        f->parens--;
        return n;
    }
    if (*a != '-') {
        if (!strcmp(a, ")"))
            cmd_warn(f->r, "invalid expression; you have too many ')'");
        else
            misplaced(f, a);
        fail(f);
    }
    return parse_predicate(f, a);
}

static struct find_node *pair(struct find *f,
                              bool (*test)(struct find *, struct find_node *, struct find_item *),
                              struct find_node *a, struct find_node *b)
{
    struct find_node *n = new_node(f, test);
    n->a = a;
    n->b = b;
    return n;
}

static struct find_node *parse_and(struct find *f)
{
    struct find_node *n = parse_not(f);
    while (*f->arg && strcmp(*f->arg, ")") && strcmp(*f->arg, "-o") && strcmp(*f->arg, "-or") &&
           strcmp(*f->arg, ",")) {
        if (!strcmp(*f->arg, "-a") || !strcmp(*f->arg, "-and"))
            f->arg++;
        n = pair(f, t_and, n, parse_not(f));
    }
    return n;
}

static struct find_node *parse_or(struct find *f)
{
    struct find_node *n = parse_and(f);
    while (*f->arg && (!strcmp(*f->arg, "-o") || !strcmp(*f->arg, "-or"))) {
        f->arg++;
        n = pair(f, t_or, n, parse_and(f));
    }
    return n;
}

static struct find_node *parse_comma(struct find *f)
{
    struct find_node *n = parse_or(f);
    while (*f->arg && !strcmp(*f->arg, ",")) {
        f->arg++;
        n = pair(f, t_comma, n, parse_or(f));
    }
    return n;
}

/* --- the walk --------------------------------------------------------------------------------- */

static void visit(struct find *f, const char *path, const char *name, int depth, uint64_t dev);

static void visit_dir(struct find *f, const char *path, int depth, uint64_t dev)
{
    struct vm_dirent *e;
    struct cmd_run *r = f->r;
    int n = vm_readdir(r->p, path, &e);
    if (n < 0) {
        cmd_warn_err(r, n, "%s", cmd_quotel(r, path));
        f->status = 1;
        return;
    }
    for (int i = 0; i < n && !f->quit; i++) {
        char *child = cmd_path_join(r, path, e[i].name);
        visit(f, child, e[i].name, depth + 1, dev);
        vm_release(r->p, child, strlen(child) + 1);
    }
    vm_readdir_free(r->p, e, n);
}

static void visit(struct find *f, const char *path, const char *name, int depth, uint64_t dev)
{
    struct find_item it = {.path = path, .name = name, .depth = depth};
    bool follow = f->follow || (f->follow_args && !depth);
    int err = follow ? vm_stat(f->r->p, path, &it.st) : vm_lstat(f->r->p, path, &it.st);
    if (err == -ENOENT && follow)
        err = vm_lstat(f->r->p, path, &it.st);
    if (err < 0) {
        cmd_warn_err(f->r, err, "%s", cmd_quotel(f->r, path));
        f->status = 1;
        return;
    }
    if (f->xdev && depth && it.st.dev != dev)
        return;
    f->prune = false;
    if (!f->depth_first && depth >= f->mindepth)
        f->tree->test(f, f->tree, &it);
    bool enter = S_ISDIR(it.st.mode) && !f->quit && !(f->prune && !f->depth_first) &&
                 depth < f->maxdepth && !vm_deep(f->r->p);
    if (enter)
        visit_dir(f, path, depth, depth ? dev : it.st.dev);
    if (f->depth_first && depth >= f->mindepth && !f->quit)
        f->tree->test(f, f->tree, &it);
}

static void finish(struct find *f, struct find_node *n)
{
    if (!n)
        return;
    if (n->test == find_act_exec && n->what == '+')
        find_run_batch(f, n);
    finish(f, n->a);
    finish(f, n->b);
}

static int find_run(struct cmd_run *r)
{
    struct find f = {.r = r, .now = vm_now(r->p).tv_sec, .maxdepth = INT32_MAX};
    char **a = r->argv;
    if (r->argc == 1 && (!strcmp(*a, "-help") || !strcmp(*a, "--help") || !strcmp(*a, "-version") ||
                         !strcmp(*a, "--version"))) {
        cmd_text_option(r, a[0][1] == '-' ? a[0] : vm_asprintf(r->p, "-%s", a[0]));
        return 0;
    }
    for (; *a && (!strcmp(*a, "-H") || !strcmp(*a, "-L") || !strcmp(*a, "-P")); a++) {
        f.follow = (*a)[1] == 'L';
        f.follow_args = (*a)[1] == 'H';
    }
    char **paths = a;
    while (*a && **a != '-' && strcmp(*a, "(") && strcmp(*a, "!") && strcmp(*a, ")") &&
           strcmp(*a, ","))
        a++;
    int npaths = (int)(a - paths);
    f.arg = a;
    f.tree = *a ? parse_comma(&f) : flag(&f, t_true, 't');
    if (*f.arg) {
        cmd_warn(r, "invalid expression; you have too many ')'");
        return 1;
    }
    if (!f.acts)
        f.tree = pair(&f, t_and, f.tree, new_node(&f, find_act_print));
    char *here[] = {".", NULL};
    for (int i = 0; i < (npaths ? npaths : 1) && !f.quit; i++) {
        const char *path = npaths ? paths[i] : here[0];
        size_t n = strlen(path);
        const char *name = path + n;
        while (name > path + 1 && name[-1] == '/')
            name--;
        const char *end = name;
        while (name > path && name[-1] != '/')
            name--;
        visit(&f, path, n ? vm_asprintf(r->p, "%.*s", (int)(end - name), name) : "", 0, 0);
    }
    finish(&f, f.tree);
    return f.status;
}

const struct cmd cmd_find = {.name = "find", .run = find_run, .flags = CMD_RAW};
