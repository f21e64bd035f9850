/* find_act.c -- what find does with what it finds: -print, -ls, -delete, -exec, -printf.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cmd/find_priv.h"
#include "cmd/ls.h"

bool find_act_print(struct find *f, struct find_node *n, struct find_item *it)
{
    struct vfile *o = n->out ? n->out : f->r->out;
    vf_puts(o, it->path);
    vf_putc(o, n->what == '0' ? '\0' : '\n');
    return true;
}

bool find_act_ls(struct find *f, struct find_node *n, struct find_item *it)
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

bool find_act_delete(struct find *f, struct find_node *n, struct find_item *it)
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

void find_run_batch(struct find *f, struct find_node *n)
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

bool find_act_exec(struct find *f, struct find_node *n, struct find_item *it)
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
            find_run_batch(f, n);
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
static void put_directive(struct find *f, struct find_item *it, char c, const char *spec)
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
        text = vm_asprintf(r->p, "%c", find_type_letter(it->st.mode));
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

static void put_time(struct find *f, struct find_item *it, char which, char c)
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

bool find_act_printf(struct find *f, struct find_node *n, struct find_item *it)
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
