/* procfs.c -- /proc: processes as directories, and the machine's own texts.
 *
 * What is there whatever runs (meminfo, sys/, net/ ...) is a small image made
 * once per world; a file of it that begins with \1 names the text to generate.
 * Nodes of processes are numbered PID_NODE | id << 16 | entry.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>

#include "vm/gen.h"
#include "vm/skel.h"

#define PID_NODE (UINT64_C(1) << 48)
enum { E_DIR = 0, E_SELF = 1, E_THREAD_SELF = 2, E_FIRST = 16, E_FD = 0x4000, E_TASK_ID = 0x3000 };

/* In the order in which Linux lists them. */
static const struct entry {
    const char *name, *fixed; /* fixed: the whole text, if it is always the same */
    uint32_t mode;
    void (*text)(struct gen *g, const struct vm_procinfo *i);
} entries[] = {
    {"task", NULL, S_IFDIR | 0555, NULL},
    {"fd", NULL, S_IFDIR | 0500, NULL},
    {"map_files", NULL, S_IFDIR | 0500, NULL},
    {"fdinfo", NULL, S_IFDIR | 0500, NULL},
    {"ns", NULL, S_IFDIR | 0511, NULL},
    {"net", NULL, S_IFLNK | 0777, NULL},
    {"environ", NULL, S_IFREG | 0400, pid_environ},
    {"auxv", "", S_IFREG | 0400, NULL},
    {"status", NULL, S_IFREG | 0444, pid_status},
    {"personality", "00000000\n", S_IFREG | 0400, NULL},
    {"limits", NULL, S_IFREG | 0444, pid_limits},
    {"sched", NULL, S_IFREG | 0644, pid_sched},
    {"comm", NULL, S_IFREG | 0644, pid_comm},
    {"syscall", "running\n", S_IFREG | 0400, NULL},
    {"cmdline", NULL, S_IFREG | 0444, pid_cmdline},
    {"stat", NULL, S_IFREG | 0444, pid_stat},
    {"statm", NULL, S_IFREG | 0444, pid_statm},
    {"maps", NULL, S_IFREG | 0444, pid_maps},
    {"numa_maps", NULL, S_IFREG | 0444, pid_maps},
    {"mem", "", S_IFREG | 0600, NULL},
    {"cwd", NULL, S_IFLNK | 0777, NULL},
    {"root", NULL, S_IFLNK | 0777, NULL},
    {"exe", NULL, S_IFLNK | 0777, NULL},
    {"mounts", NULL, S_IFREG | 0444, pid_mounts},
    {"mountinfo", NULL, S_IFREG | 0444, pid_mountinfo},
    {"mountstats", NULL, S_IFREG | 0400, pid_mountstats},
    {"clear_refs", "", S_IFREG | 0200, NULL},
    {"smaps", NULL, S_IFREG | 0444, pid_maps},
    {"pagemap", "", S_IFREG | 0400, NULL},
    {"wchan", NULL, S_IFREG | 0444, pid_wchan},
    {"stack", "", S_IFREG | 0400, NULL},
    {"schedstat", "0 0 0\n", S_IFREG | 0444, NULL},
    {"cpuset", "/\n", S_IFREG | 0444, NULL},
    {"cgroup", NULL, S_IFREG | 0444, pid_cgroup},
    {"oom_score", "666\n", S_IFREG | 0444, NULL},
    {"oom_adj", "0\n", S_IFREG | 0644, NULL},
    {"oom_score_adj", "0\n", S_IFREG | 0644, NULL},
    {"loginuid", NULL, S_IFREG | 0644, pid_loginuid},
    {"sessionid", "4294967295\n", S_IFREG | 0444, NULL},
    {"coredump_filter", "00000033\n", S_IFREG | 0644, NULL},
    {"io", NULL, S_IFREG | 0400, pid_io},
    {"uid_map", "         0          0 4294967295\n", S_IFREG | 0644, NULL},
    {"gid_map", "         0          0 4294967295\n", S_IFREG | 0644, NULL},
    {"projid_map", "         0          0 4294967295\n", S_IFREG | 0644, NULL},
    {"setgroups", "allow\n", S_IFREG | 0644, NULL},
    {"timers", "", S_IFREG | 0444, NULL},
    {"timerslack_ns", "50000\n", S_IFREG | 0666, NULL},
};
enum { NENTRIES = sizeof(entries) / sizeof(entries[0]) };

/* --- numbers ------------------------------------------------------------------ */
static struct vm *vm_of_fs(struct vfs_fs *fs)
{
    return ((struct gen_fs *)fs)->vm;
}

static struct vfs_fs *shared(struct vfs_fs *fs)
{
    return vm_of_fs(fs)->world->skel->proc;
}

static uint64_t node(int pid, unsigned entry)
{
    return PID_NODE | (uint64_t)pid << 16 | entry;
}

static bool is_pid(uint64_t ino)
{
    return ino & PID_NODE;
}

static int pid_of(uint64_t ino)
{
    return (int)(ino >> 16 & 0xffffffff);
}

static unsigned entry_of(uint64_t ino)
{
    return ino & 0xffff;
}

static const struct entry *entry_at(uint64_t ino)
{
    unsigned e = entry_of(ino);
    return e >= E_FIRST && e < E_FIRST + NENTRIES ? &entries[e - E_FIRST] : NULL;
}

static bool info_of(struct vm *vm, int pid, struct vm_procinfo *i)
{
    struct proc stand_in = {.vm = vm};
    return vm_proc_info(&stand_in, pid, i);
}

static struct ofile *pid_fd(struct vm *vm, int pid, unsigned fd)
{
    struct proc *q = proc_find(vm, pid);
    return q && fd < q->nfds ? q->fds[fd].f : NULL;
}

static bool parse_number(const char *name, size_t n, int64_t *out)
{
    char text[16];
    if (!n || n >= sizeof(text) || (name[0] == '0' && n > 1))
        return false;
    memcpy(text, name, n);
    text[n] = 0;
    return name[0] >= '0' && name[0] <= '9' && str_int(text, 0, PID_MAX, out) == 0;
}

static bool named(const char *name, size_t n, const char *what)
{
    return strlen(what) == n && memcmp(name, what, n) == 0;
}

/* --- lookup --------------------------------------------------------------------- */
static int lookup_in_pid(struct vfs_fs *fs, uint64_t dir, const char *name, size_t n, uint64_t *ino)
{
    struct vm *vm = vm_of_fs(fs);
    struct vm_procinfo i;
    int pid = pid_of(dir);
    unsigned e = entry_of(dir);
    int64_t number;
    if (!info_of(vm, pid, &i))
        return -ENOENT;
    if (named(name, n, "..")) {
        *ino = e == E_DIR ? fs->root : node(pid, E_DIR);
        return 0;
    }
    if (e == E_DIR || e == E_TASK_ID) {
        for (unsigned k = 0; k < NENTRIES; k++)
            if (named(name, n, entries[k].name) && !(e == E_TASK_ID && k == 0)) {
                *ino = node(pid, E_FIRST + k);
                return 0;
            }
        return -ENOENT;
    }
    const struct entry *at = entry_at(dir);
    if (!at || !S_ISDIR(at->mode))
        return -ENOTDIR;
    if (!parse_number(name, n, &number))
        return -ENOENT;
    if (strcmp(at->name, "fd") == 0 && number < 0x3fff && pid_fd(vm, pid, (unsigned)number)) {
        *ino = node(pid, E_FD + (unsigned)number);
        return 0;
    }
    if (strcmp(at->name, "task") == 0 && number == pid) {
        *ino = node(pid, E_TASK_ID);
        return 0;
    }
    return -ENOENT;
}

static int proc_lookup(struct vfs_fs *fs, void *ctx, uint64_t dir, const char *name, size_t n,
                       uint64_t *ino)
{
    int64_t pid;
    struct vm_procinfo i;
    if (is_pid(dir))
        return lookup_in_pid(fs, dir, name, n, ino);
    if (dir == fs->root) {
        if (named(name, n, "self") || named(name, n, "thread-self")) {
            *ino = node(0, n == 4 ? E_SELF : E_THREAD_SELF);
            return 0;
        }
        if (parse_number(name, n, &pid) && info_of(vm_of_fs(fs), (int)pid, &i)) {
            *ino = node((int)pid, E_DIR);
            return 0;
        }
    }
    return shared(fs)->ops->lookup(shared(fs), ctx, dir, name, n, ino);
}

/* --- stat ------------------------------------------------------------------------- */
static int stat_pid(struct vfs_fs *fs, uint64_t ino, struct vfs_stat *st)
{
    struct vm_procinfo i;
    unsigned e = entry_of(ino);
    bool self = e == E_SELF || e == E_THREAD_SELF;
    if (!self && !info_of(vm_of_fs(fs), pid_of(ino), &i))
        return -ENOENT;
    st->uid = self ? 0 : i.euid;
    st->gid = self ? 0 : i.egid;
    const struct entry *at = entry_at(ino);
    if (e == E_DIR || e == E_TASK_ID) {
        st->mode = S_IFDIR | 0555;
        st->nlink = e == E_DIR ? 9 : 7;
    } else if (self) {
        st->mode = S_IFLNK | 0777;
    } else if (e >= E_FD) {
        struct ofile *f = pid_fd(vm_of_fs(fs), pid_of(ino), e - E_FD);
        if (!f)
            return -ENOENT;
        int acc = f->flags & O_ACCMODE;
        st->mode = S_IFLNK | 0100 | (acc != O_WRONLY ? 0400 : 0) | (acc != O_RDONLY ? 0200 : 0);
        st->size = 64;
    } else if (at) {
        st->mode = at->mode;
        st->nlink = S_ISDIR(at->mode) ? 2 : 1;
    } else {
        return -ENOENT;
    }
    return 0;
}

static int proc_stat(struct vfs_fs *fs, void *ctx, uint64_t ino, struct vfs_stat *st)
{
    struct vm *vm = vm_of_fs(fs);
    int64_t now = vm_real_us(vm);
    *st = (struct vfs_stat){.nlink = 1};
    int err = is_pid(ino) ? stat_pid(fs, ino, st) : shared(fs)->ops->stat(shared(fs), ctx, ino, st);
    if (err < 0)
        return err;
    st->dev = fs->dev;
    st->ino = ino == fs->root ? 1
              : is_pid(ino)   ? 30000 + (ino & 0xffffff)
                              : UINT64_C(4026531840) + ino;
    st->blksize = 1024;
    st->blocks = 0;
    if (!S_ISLNK(st->mode) || !is_pid(ino))
        st->size = 0;
    if (ino == fs->root)
        st->nlink = 2 + 7 + vm->nprocs + daemon_count(vm);
    st->atime = st->mtime = st->ctime = st->btime =
        (struct timespec){now / 1000000, now % 1000000 * 1000};
    return 0;
}

/* --- readdir ------------------------------------------------------------------------ */
static int give(struct vfs_dirent *e, uint64_t ino, uint8_t type, const char *fmt, unsigned v)
{
    static _Thread_local char name[32];
    (void)snprintf(name, sizeof(name), fmt, v); /* NOLINT: literals of this file only */
    *e = (struct vfs_dirent){.ino = ino, .type = type, .name = name, .name_len = strlen(name)};
    return 1;
}

static int give_entry(struct vfs_dirent *e, int pid, unsigned k)
{
    const char *name = entries[k].name;
    *e = (struct vfs_dirent){.ino = node(pid, E_FIRST + k),
                             .type = (uint8_t)(entries[k].mode >> 12),
                             .name = name,
                             .name_len = strlen(name)};
    return 1;
}

static int readdir_root(struct vfs_fs *fs, void *ctx, uint64_t *cookie, struct vfs_dirent *e)
{
    struct vm *vm = vm_of_fs(fs);
    if (!(*cookie & PID_NODE)) {
        int r = shared(fs)->ops->readdir(shared(fs), ctx, fs->root, cookie, e);
        if (r)
            return r;
        *cookie = PID_NODE;
    }
    uint64_t at = *cookie & ~PID_NODE;
    if (at < 2) {
        *cookie = PID_NODE | (at + 1);
        const char *name = at ? "thread-self" : "self";
        *e = (struct vfs_dirent){.ino = node(0, at ? E_THREAD_SELF : E_SELF),
                                 .type = DT_LNK,
                                 .name = name,
                                 .name_len = strlen(name)};
        return 1;
    }
    struct proc stand_in = {.vm = vm};
    struct vm_procinfo i;
    if (!vm_proc_next(&stand_in, (int)(at - 2), &i))
        return 0;
    *cookie = PID_NODE | ((uint64_t)i.pid + 2);
    return give(e, node(i.pid, E_DIR), DT_DIR, "%u", (unsigned)i.pid);
}

static int proc_readdir(struct vfs_fs *fs, void *ctx, uint64_t dir, uint64_t *cookie,
                        struct vfs_dirent *e)
{
    struct vm *vm = vm_of_fs(fs);
    if (dir == fs->root)
        return readdir_root(fs, ctx, cookie, e);
    if (!is_pid(dir))
        return shared(fs)->ops->readdir(shared(fs), ctx, dir, cookie, e);
    int pid = pid_of(dir);
    unsigned which = entry_of(dir);
    if (which == E_DIR || which == E_TASK_ID) {
        if (which == E_TASK_ID && *cookie == 0)
            *cookie = 1;
        return *cookie < NENTRIES ? give_entry(e, pid, (unsigned)(*cookie)++) : 0;
    }
    const struct entry *at = entry_at(dir);
    if (!at || !S_ISDIR(at->mode))
        return -ENOTDIR;
    if (strcmp(at->name, "task") == 0)
        return (*cookie)++ ? 0 : give(e, node(pid, E_TASK_ID), DT_DIR, "%u", (unsigned)pid);
    struct proc *q = strcmp(at->name, "fd") == 0 ? proc_find(vm, pid) : NULL;
    while (q && *cookie < q->nfds) {
        unsigned fd = (unsigned)(*cookie)++;
        if (q->fds[fd].f)
            return give(e, node(pid, E_FD + fd), DT_LNK, "%u", fd);
    }
    return 0;
}

/* --- links ------------------------------------------------------------------------------ */
static ssize_t give_link(const char *text, char *out, size_t n)
{
    size_t len = strlen(text);
    if (len > n)
        len = n;
    memcpy(out, text, len);
    return (ssize_t)len;
}

static ssize_t proc_readlink(struct vfs_fs *fs, void *ctx, uint64_t ino, char *out, size_t n)
{
    struct vm *vm = vm_of_fs(fs);
    struct proc *asker = ctx;
    char text[VFS_PATH_MAX] = "";
    if (!is_pid(ino))
        return shared(fs)->ops->readlink(shared(fs), ctx, ino, out, n);
    int pid = pid_of(ino);
    unsigned e = entry_of(ino);
    struct proc *q = proc_find(vm, pid);
    struct vm_procinfo i;
    if (e == E_SELF || e == E_THREAD_SELF) {
        int self = asker ? asker->pid : 1;
        str_fmt(text, sizeof(text), e == E_SELF ? "%d" : "%d/task/%d", self, self);
    } else if (e >= E_FD) {
        struct ofile *f = pid_fd(vm, pid, e - E_FD);
        if (!f)
            return -ENOENT;
        if (f->ops->name)
            f->ops->name(f, text, sizeof(text));
        else
            str_copy(text, sizeof(text), f->path ? f->path : "");
    } else {
        const struct entry *at = entry_at(ino);
        if (!at || !info_of(vm, pid, &i))
            return -ENOENT;
        if (strcmp(at->name, "net") == 0)
            return give_link("../net", out, n);
        if (asker && asker->cred.uid && asker->cred.uid != i.euid)
            return -EACCES;
        if (strcmp(at->name, "exe") == 0) {
            if (!i.exe[0])
                return -ENOENT;
            str_copy(text, sizeof(text), i.exe);
        } else if (strcmp(at->name, "cwd") == 0 && q && q->cwd.ino) {
            if (vm_getcwd(q, text, sizeof(text)) < 0)
                return -ENOENT;
        } else {
            str_copy(text, sizeof(text), "/");
        }
    }
    return give_link(text, out, n);
}

/* --- read --------------------------------------------------------------------------------- */
ssize_t gen_slice(const char *text, size_t len, void *p, size_t n, int64_t off)
{
    if (off < 0 || (uint64_t)off >= len)
        return 0;
    if (n > len - (size_t)off)
        n = len - (size_t)off;
    memcpy(p, text + off, n);
    return (ssize_t)n;
}

static bool pid_text(struct gen *g, uint64_t ino)
{
    struct vm_procinfo i;
    const struct entry *at = entry_at(ino);
    if (!at || !info_of(g->vm, pid_of(ino), &i))
        return false;
    if (at->fixed)
        str_puts(&g->out, at->fixed);
    else if (at->text)
        at->text(g, &i);
    return true;
}

static ssize_t proc_read(struct vfs_fs *fs, void *ctx, uint64_t ino, void *p, size_t n, int64_t off)
{
    struct vm *vm = vm_of_fs(fs);
    char name[64];
    bool ok;
    if (!is_pid(ino)) {
        size_t len;
        const char *set = sysctl_value(vm, ino, &len);
        if (set)
            return gen_slice(set, len, p, n, off);
        ssize_t got = shared(fs)->ops->read(shared(fs), ctx, ino, name, sizeof(name) - 1, 0);
        if (got <= 0 || name[0] != 1)
            return got < 0 ? got : shared(fs)->ops->read(shared(fs), ctx, ino, p, n, off);
        name[got] = 0;
    }
    struct arena *a = arena_new(&vm->kern, 8192);
    if (!a)
        return -ENOMEM;
    struct gen g = {.vm = vm, .asker = ctx};
    str_init(&g.out, a);
    if (is_pid(ino))
        ok = pid_text(&g, ino);
    else
        ok = proc_text(&g, name + 1) || proc_net_text(&g, name + 1);
    ssize_t got = ok ? gen_slice(str_text(&g.out), g.out.n, p, n, off) : -ESRCH;
    arena_free(a);
    return got;
}

/* What was written up to its line end, cut to fit; p is not a string. */
static void first_line(char *dst, size_t cap, const void *p, size_t n)
{
    const char *end = memchr(p, '\n', n);
    size_t len = end ? (size_t)(end - (const char *)p) : n;
    len = len < cap - 1 ? strnlen(p, len) : strnlen(p, cap - 1);
    memcpy(dst, p, len);
    dst[len] = 0;
}

static ssize_t write_setting(struct vm *vm, void *ctx, uint64_t ino, const void *p, size_t n)
{
    struct vfs_fs *fs = vm->world->skel->proc;
    char was[160];
    ssize_t got = fs->ops->read(fs, ctx, ino, was, sizeof(was) - 1, 0);
    if (got <= 0) /* only for writing */
        return (ssize_t)n;
    was[got] = 0;
    if (was[0] != 1)
        return sysctl_write(vm, ino, was, p, n);
    if (strcmp(was + 1, "hostname") == 0)
        first_line(vm->hostname, sizeof(vm->hostname), p, n);
    return (ssize_t)n;
}

/* Root may write what sysctl may; the rest refuses as Linux does. */
static ssize_t proc_write(struct vfs_fs *fs, void *ctx, uint64_t ino, const void *p, size_t n,
                          int64_t off)
{
    (void)off;
    struct vfs_stat st;
    int err = proc_stat(fs, ctx, ino, &st);
    if (err < 0)
        return err;
    if (!(st.mode & 0222))
        return is_pid(ino) ? -EINVAL : -EIO;
    if (!is_pid(ino))
        return write_setting(vm_of_fs(fs), ctx, ino, p, n);
    if (strcmp(entry_at(ino) ? entry_at(ino)->name : "", "comm") == 0) {
        struct proc *q = proc_find(vm_of_fs(fs), pid_of(ino));
        if (q)
            first_line(q->comm, sizeof(q->comm), p, n);
    }
    return (ssize_t)n;
}

/* Modes and owners may be changed, and change back when nobody looks. */
static int proc_setattr(struct vfs_fs *fs, void *ctx, uint64_t ino, const struct vfs_setattr *a)
{
    (void)fs;
    (void)ctx;
    (void)ino;
    (void)a;
    return 0;
}

const struct vfs_ops proc_ops = {
    .type = "proc",
    .lookup = proc_lookup,
    .stat = proc_stat,
    .readdir = proc_readdir,
    .readlink = proc_readlink,
    .read = proc_read,
    .write = proc_write,
    .setattr = proc_setattr,
};
