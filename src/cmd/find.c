/* find.c -- walks trees and does things with what it finds.
 *
 * The expression becomes a tree of tests and actions; depth first, entries in
 * the order of the directory.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/regex.h"
#include "cmd/cmd.h"
#include "cmd/glob.h"
#include "cmd/ls.h"
#include "cmd/mode.h"

struct find;
struct item {
    const char *path, *name;
    struct vfs_stat st;
    int depth;
};

struct node {
    bool (*test)(struct find *f, struct node *n, struct item *it);
    struct node *a, *b;
    const char *text;
    char **args;
    size_t nargs;
    int64_t n, unit;
    char sign; /* + - or = */
    char what;
    uint32_t mode;
    struct regex *re;
    struct vfile *out;
    char **batch; /* -exec ... + */
    size_t nbatch, batch_bytes;
};

struct find {
    struct cmd_run *r;
    char **arg;
    struct node *tree;
    int64_t now, mindepth, maxdepth;
    bool depth_first, acts, follow, follow_args, xdev, prune, quit, daystart;
    int status;
    unsigned parens;
};

static bool number_test(const struct node *n, int64_t v)
{
    return n->sign == '+' ? v > n->n : n->sign == '-' ? v < n->n : v == n->n;
}

/* --- tests and actions ------------------------------------------------------------- */

static bool t_and(struct find *f, struct node *n, struct item *it)
{
    return n->a->test(f, n->a, it) && n->b->test(f, n->b, it);
}

static bool t_or(struct find *f, struct node *n, struct item *it)
{
    return n->a->test(f, n->a, it) || n->b->test(f, n->b, it);
}

static bool t_comma(struct find *f, struct node *n, struct item *it)
{
    n->a->test(f, n->a, it);
    return n->b->test(f, n->b, it);
}

static bool t_not(struct find *f, struct node *n, struct item *it)
{
    return !n->a->test(f, n->a, it);
}

static bool t_true(struct find *f, struct node *n, struct item *it)
{
    (void)f;
    (void)it;
    return n->what != 'f';
}

static bool t_name(struct find *f, struct node *n, struct item *it)
{
    (void)f;
    return glob_match(n->text, it->name, n->what == 'i' ? GLOB_ICASE : 0);
}

static bool t_path(struct find *f, struct node *n, struct item *it)
{
    (void)f;
    return glob_match(n->text, it->path, n->what == 'i' ? GLOB_ICASE : 0);
}

static bool t_regex(struct find *f, struct node *n, struct item *it)
{
    (void)f;
    return regex_exec(n->re, it->path, strlen(it->path), 0, NULL, 0) == 1;
}

static bool t_lname(struct find *f, struct node *n, struct item *it)
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

static char type_letter(uint32_t mode)
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

static bool t_type(struct find *f, struct node *n, struct item *it)
{
    (void)f;
    return strchr(n->text, type_letter(it->st.mode)) != NULL;
}

static bool t_size(struct find *f, struct node *n, struct item *it)
{
    (void)f;
    return number_test(n, (it->st.size + n->unit - 1) / n->unit);
}

static bool t_empty(struct find *f, struct node *n, struct item *it)
{
    struct vm_dirent *e;
    (void)n;
    if (S_ISREG(it->st.mode))
        return !it->st.size;
    return S_ISDIR(it->st.mode) && vm_readdir(f->r->p, it->path, &e) == 0;
}

static bool t_time(struct find *f, struct node *n, struct item *it)
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

static bool t_newer(struct find *f, struct node *n, struct item *it)
{
    (void)f;
    return it->st.mtime.tv_sec * 1000000000 + it->st.mtime.tv_nsec > n->n;
}

static bool t_perm(struct find *f, struct node *n, struct item *it)
{
    uint32_t m = it->st.mode & 07777;
    (void)f;
    return n->sign == '-'   ? (m & n->mode) == n->mode
           : n->sign == '/' ? !n->mode || (m & n->mode)
                            : m == n->mode;
}

static bool t_number(struct find *f, struct node *n, struct item *it)
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

static bool t_noname(struct find *f, struct node *n, struct item *it)
{
    return n->what == 'u' ? !cmd_user_name(f->r, it->st.uid) : !cmd_group_name(f->r, it->st.gid);
}

static bool t_access(struct find *f, struct node *n, struct item *it)
{
    return !vm_access(f->r->p, it->path, (int)n->n);
}

static bool t_prune(struct find *f, struct node *n, struct item *it)
{
    (void)n;
    (void)it;
    f->prune = true;
    return true;
}

static bool t_quit(struct find *f, struct node *n, struct item *it)
{
    (void)n;
    (void)it;
    f->quit = true;
    return true;
}

static bool t_print(struct find *f, struct node *n, struct item *it)
{
    struct vfile *o = n->out ? n->out : f->r->out;
    vf_puts(o, it->path);
    vf_putc(o, n->what == '0' ? '\0' : '\n');
    return true;
}

static bool t_ls(struct find *f, struct node *n, struct item *it)
{
    struct cmd_run *r = f->r;
    char mode[11], when[64];
    (void)n;
    cmd_mode_text(it->st.mode, mode);
    ls_time(tz_of(r->p, NULL), it->st.mtime.tv_sec, f->now, when, sizeof(when));
    const char *u = cmd_user_name(r, it->st.uid), *g = cmd_group_name(r, it->st.gid);
    vf_printf(r->out, "%9lu %6ld %s %3lu %-8s %-8s %8ld %s %s", (unsigned long)it->st.ino,
              (long)((it->st.blocks + 1) / 2), mode, (unsigned long)it->st.nlink,
              u ? u : vm_asprintf(r->p, "%u", it->st.uid),
              g ? g : vm_asprintf(r->p, "%u", it->st.gid), (long)it->st.size, when, it->path);
    char to[VFS_PATH_MAX];
    ssize_t k = S_ISLNK(it->st.mode) ? vm_readlink(r->p, it->path, to, sizeof(to) - 1) : -1;
    if (k >= 0)
        vf_printf(r->out, " -> %.*s", (int)k, to);
    vf_putc(r->out, '\n');
    return true;
}

static bool t_delete(struct find *f, struct node *n, struct item *it)
{
    (void)n;
    if (!strcmp(it->path, ".") || !strcmp(it->path, ".."))
        return true;
    int err = S_ISDIR(it->st.mode) ? vm_rmdir(f->r->p, it->path) : vm_unlink(f->r->p, it->path);
    if (err < 0) {
        cmd_warn_err(f->r, err, "cannot delete %s", cmd_quotel(f->r, it->path));
        f->status = 1;
    }
    return err >= 0;
}

static bool run(struct find *f, char **argv)
{
    char path[VFS_PATH_MAX];
    int status = 0, err = vm_find_program(f->r->p, argv[0], path, sizeof(path));
    (void)vf_flush(f->r->out);
    int pid = err ? err : vm_spawn(f->r->p, path, argv, vm_environ(f->r->p), NULL, NULL);
    if (pid < 0) {
        cmd_warn_err(f->r, pid, "%s", cmd_quotel(f->r, argv[0]));
        return false;
    }
    return vm_wait(f->r->p, pid, &status, 0) > 0 && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* An argument with every {} replaced. */
static char *filled(struct find *f, const char *arg, const char *path)
{
    struct str b;
    str_init(&b, f->r->arena);
    for (const char *p; (p = strstr(arg, "{}")); arg = p + 2) {
        str_add(&b, arg, (size_t)(p - arg));
        str_puts(&b, path);
    }
    str_puts(&b, arg);
    return vm_strdup(f->r->p, str_text(&b));
}

static void run_batch(struct find *f, struct node *n)
{
    if (!n->nbatch)
        return;
    char **argv = vm_alloc(f->r->p, (n->nargs + n->nbatch + 1) * sizeof(*argv));
    memcpy(argv, n->args, (n->nargs - 1) * sizeof(*argv));
    memcpy(argv + n->nargs - 1, n->batch, n->nbatch * sizeof(*argv));
    if (!run(f, argv))
        f->status = 1;
    n->nbatch = n->batch_bytes = 0;
}

static bool t_exec(struct find *f, struct node *n, struct item *it)
{
    const char *path = it->path;
    if (n->what == 'd' || n->what == 'D')
        path = vm_asprintf(f->r->p, "./%s", it->name);
    if (n->what == '+') {
        enum { BATCH = 1024 };
        if (!n->batch)
            n->batch = vm_alloc(f->r->p, BATCH * sizeof(*n->batch));
        n->batch[n->nbatch++] = vm_strdup(f->r->p, path);
        n->batch_bytes += strlen(path) + 9;
        if (n->nbatch == BATCH || n->batch_bytes > 100000)
            run_batch(f, n);
        return true;
    }
    char **argv = vm_alloc(f->r->p, (n->nargs + 1) * sizeof(*argv));
    for (size_t i = 0; i < n->nargs; i++)
        argv[i] = filled(f, n->args[i], path);
    if (n->what == '?') {
        (void)vf_flush(f->r->out);
        vf_printf(f->r->err, "< %s ... %s > ? ", argv[0], path);
        if (!cmd_confirm(f->r))
            return false;
    }
    return run(f, argv);
}

/* -printf: the directives in use. */
static void put_directive(struct find *f, struct item *it, char c, const char *spec)
{
    struct cmd_run *r = f->r;
    const char *text = "", *u;
    char mode[11], buf[VFS_PATH_MAX];
    ssize_t k;
    switch (c) {
    case 'p':
        text = it->path;
        break;
    case 'f':
        text = it->name;
        break;
    case 'h': {
        const char *slash = strrchr(it->path, '/');
        text = slash ? vm_asprintf(r->p, "%.*s", (int)(slash - it->path), it->path) : ".";
        break;
    }
    case 'P': {
        const char *s = it->path;
        int d = 0;
        for (const char *e = s + strlen(s); e > s && d < it->depth; e--)
            if (e[-1] == '/' && ++d == it->depth) {
                s = e;
                break;
            }
        text = it->depth ? s : "";
        break;
    }
    case 's':
        text = vm_asprintf(r->p, "%ld", (long)it->st.size);
        break;
    case 'b':
        text = vm_asprintf(r->p, "%ld", (long)it->st.blocks);
        break;
    case 'k':
        text = vm_asprintf(r->p, "%ld", (long)((it->st.blocks + 1) / 2));
        break;
    case 'd':
        text = vm_asprintf(r->p, "%d", it->depth);
        break;
    case 'n':
        text = vm_asprintf(r->p, "%lu", (unsigned long)it->st.nlink);
        break;
    case 'i':
        text = vm_asprintf(r->p, "%lu", (unsigned long)it->st.ino);
        break;
    case 'm':
        text = vm_asprintf(r->p, "%o", it->st.mode & 07777);
        break;
    case 'M':
        cmd_mode_text(it->st.mode, mode);
        text = mode;
        break;
    case 'y':
        text = vm_asprintf(r->p, "%c", type_letter(it->st.mode));
        break;
    case 'U':
        text = vm_asprintf(r->p, "%u", it->st.uid);
        break;
    case 'G':
        text = vm_asprintf(r->p, "%u", it->st.gid);
        break;
    case 'u':
        u = cmd_user_name(r, it->st.uid);
        text = u ? u : vm_asprintf(r->p, "%u", it->st.uid);
        break;
    case 'g':
        u = cmd_group_name(r, it->st.gid);
        text = u ? u : vm_asprintf(r->p, "%u", it->st.gid);
        break;
    case 'l':
        k = S_ISLNK(it->st.mode) ? vm_readlink(r->p, it->path, buf, sizeof(buf) - 1) : 0;
        buf[k > 0 ? k : 0] = '\0';
        text = buf;
        break;
    case 't': {
        struct tm tm;
        tz_local(tz_of(r->p, NULL), it->st.mtime.tv_sec, &tm);
        size_t at = strftime(buf, sizeof(buf), "%a %b %e %H:%M:%S", &tm);
        at += (size_t)(str_fmt(buf + at, sizeof(buf) - at, ".%09ld0", it->st.mtime.tv_nsec), 11);
        strftime(buf + at, sizeof(buf) - at, " %Y", &tm);
        text = buf;
        break;
    }
    default:
        return;
    }
    vf_printf(r->out, *spec ? vm_asprintf(r->p, "%%%ss", spec) : "%s", text);
}

static void put_time(struct find *f, struct item *it, char which, char c)
{
    struct timespec t = which == 'A' ? it->st.atime : which == 'C' ? it->st.ctime : it->st.mtime;
    struct tm tm;
    char out[64], fmt[3] = {'%', c, 0};
    tz_local(tz_of(f->r->p, NULL), t.tv_sec, &tm);
    if (c == '@') {
        vf_printf(f->r->out, "%ld.%09ld0", (long)t.tv_sec, t.tv_nsec);
        return;
    }
    size_t n = strftime(out, sizeof(out), c == '+' ? "%Y-%m-%d+%H:%M:%S" : fmt, &tm);
    vf_write(f->r->out, out, n);
    if (strchr("STX+", c))
        vf_printf(f->r->out, ".%09ld0", t.tv_nsec);
}

static bool t_printf(struct find *f, struct node *n, struct item *it)
{
    static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
    for (const char *s = n->text; *s; s++) {
        const char *e = *s == '\\' && s[1] ? strchr(from, s[1]) : NULL;
        if (e) {
            vf_putc(f->r->out, to[e - from]);
            s++;
        } else if (*s == '\\' && s[1] == '0') {
            vf_putc(f->r->out, 0);
            s++;
        } else if (*s == '%' && s[1]) {
            size_t k = strspn(s + 1, "-+ 0123456789.");
            const char *spec = vm_asprintf(f->r->p, "%.*s", (int)k, s + 1);
            s += 1 + k;
            if (*s == '%')
                vf_putc(f->r->out, '%');
            else if (strchr("ACT", *s) && s[1])
                put_time(f, it, *s, s[1]), s++;
            else
                put_directive(f, it, *s, spec);
        } else {
            vf_putc(f->r->out, *s);
        }
    }
    return true;
}

/* --- the expression ------------------------------------------------------------------------- */

static struct node *new_node(struct find *f,
                             bool (*test)(struct find *, struct node *, struct item *))
{
    struct node *n = vm_alloc(f->r->p, sizeof(*n));
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

static void signed_number(struct find *f, struct node *n, const char *name, const char *arg)
{
    n->sign = *arg == '+' || *arg == '-' ? *arg : '=';
    if (str_int(arg + (n->sign != '='), 0, INT64_MAX, &n->n)) {
        cmd_warn(f->r, "invalid argument `%s' to `%s'", arg, name);
        fail(f);
    }
}

static void parse_size(struct find *f, struct node *n, const char *arg)
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

static struct node *parse_exec(struct find *f, const char *name)
{
    struct node *n = new_node(f, t_exec);
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

static struct node *parse_user(struct find *f, const char *name, bool group)
{
    struct node *n = new_node(f, t_number);
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

static struct node *parse_newer(struct find *f, const char *name)
{
    struct node *n = new_node(f, t_newer);
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

static struct node *parse_perm(struct find *f, const char *name)
{
    struct node *n = new_node(f, t_perm);
    const char *arg = argument(f, name);
    n->sign = *arg == '-' || *arg == '/' ? *arg : '=';
    if (!mode_change(arg + (n->sign != '='), 0, 0, &n->mode)) {
        cmd_warn(f->r, "invalid mode %s", cmd_quotel(f->r, arg));
        fail(f);
    }
    return n;
}

static struct node *parse_text(struct find *f, const char *name, const char *what)
{
    bool icase = *what == 'i';
    struct node *n;
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

static struct node *flag(struct find *f, bool (*test)(struct find *, struct node *, struct item *),
                         char what)
{
    struct node *n = new_node(f, test);
    n->what = what;
    return n;
}

/* long: one line a predicate */
static struct node *parse_predicate(struct find *f, const char *name)
{
    const char *s = name + 1;
    struct node *n;
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
                 *s == 'l'     ? t_ls
                 : *s == 'd'   ? t_delete
                 : s[5] == 'f' ? t_printf
                               : t_print,
                 *s == 'p' && s[5] == '0' ? '0' : 0);
        f->depth_first |= *s == 'd';
        if (n->test == t_printf)
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

static struct node *parse_comma(struct find *f);

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

static struct node *parse_not(struct find *f)
{
    const char *a = *f->arg;
    if (!a) {
        cmd_warn(f->r, "expected an expression after '-a'");
        fail(f);
    }
    f->arg++;
    if (!strcmp(a, "!") || !strcmp(a, "-not")) {
        struct node *n = new_node(f, t_not);
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
        struct node *n = parse_comma(f);
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

static struct node *pair(struct find *f, bool (*test)(struct find *, struct node *, struct item *),
                         struct node *a, struct node *b)
{
    struct node *n = new_node(f, test);
    n->a = a;
    n->b = b;
    return n;
}

static struct node *parse_and(struct find *f)
{
    struct node *n = parse_not(f);
    while (*f->arg && strcmp(*f->arg, ")") && strcmp(*f->arg, "-o") && strcmp(*f->arg, "-or") &&
           strcmp(*f->arg, ",")) {
        if (!strcmp(*f->arg, "-a") || !strcmp(*f->arg, "-and"))
            f->arg++;
        n = pair(f, t_and, n, parse_not(f));
    }
    return n;
}

static struct node *parse_or(struct find *f)
{
    struct node *n = parse_and(f);
    while (*f->arg && (!strcmp(*f->arg, "-o") || !strcmp(*f->arg, "-or"))) {
        f->arg++;
        n = pair(f, t_or, n, parse_and(f));
    }
    return n;
}

static struct node *parse_comma(struct find *f)
{
    struct node *n = parse_or(f);
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
    struct item it = {.path = path, .name = name, .depth = depth};
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

static void finish(struct find *f, struct node *n)
{
    if (!n)
        return;
    if (n->test == t_exec && n->what == '+')
        run_batch(f, n);
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
        f.tree = pair(&f, t_and, f.tree, new_node(&f, t_print));
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
