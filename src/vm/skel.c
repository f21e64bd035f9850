/* skel.c -- what all machines of a world begin with, made once.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/skel.h"

#include <stdio.h>
#include <sys/sysmacros.h>

#include "vm/priv.h"
#include "vm/records.h"

/* --- making images in memory ------------------------------------------------ */
static int sink_write(void *ctx, uint64_t off, const void *p, size_t n)
{
    struct maker *k = ctx;
    if (off + n > k->cap) {
        size_t cap = k->cap ? k->cap : 65536;
        while (cap < off + n)
            cap *= 2;
        uint8_t *mem = x_realloc(k->mem, cap);
        if (!mem)
            return ERR_NOMEM;
        memset(mem + k->cap, 0, cap - k->cap);
        k->mem = mem;
        k->cap = cap;
    }
    memcpy(k->mem + off, p, n);
    if (off + n > k->n)
        k->n = off + n;
    return 0;
}

static void put(struct maker *k, const char *path, uint32_t mode, unsigned gid, uint64_t rdev,
                const char *data)
{
    struct vfs_make_meta meta = {.mode = mode, .gid = gid, .mtime_ns = k->time_ns, .rdev = rdev};
    if (!k->bad && vfs_make_put(k->make, path, &meta, data, data ? strlen(data) : 0) < 0)
        k->bad = true;
}

void mk_dir(struct maker *k, const char *path, uint32_t mode)
{
    put(k, path, S_IFDIR | mode, 0, 0, NULL);
}

void mk_link(struct maker *k, const char *path, const char *target)
{
    put(k, path, S_IFLNK | 0777, 0, 0, target);
}

void mk_dev(struct maker *k, const char *path, uint32_t mode, unsigned gid, unsigned maj,
            unsigned min)
{
    put(k, path, mode, gid, makedev(maj, min), NULL);
}

void mk_text(struct maker *k, const char *path, uint32_t mode, const char *fmt, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof(text), fmt, ap) >= (int)sizeof(text))
        k->bad = true;
    va_end(ap);
    put(k, path, S_IFREG | mode, 0, 0, text);
}

void mk_live(struct maker *k, const char *path, uint32_t mode, const char *name)
{
    char text[64];
    (void)str_fmt(text, sizeof(text), "\1%s", name);
    put(k, path, S_IFREG | mode, 0, 0, text);
}

static int build(struct vm_world *w, enum skel_tree which,
                 void (*fill)(struct maker *k, struct vm_world *w))
{
    struct maker k = {.time_ns = w->conf.persona->boot_real_us * 1000};
    struct vfs_make_sink sink = {.write = sink_write, .ctx = &k};
    uint64_t bytes;
    k.make = vfs_make_new(&sink, k.time_ns);
    if (!k.make)
        return -ENOMEM;
    fill(&k, w);
    int err = k.bad ? ERR_NOMEM : vfs_make_finish(k.make, &bytes);
    vfs_make_free(k.make);
    if (err == 0)
        err = vfs_image_wrap(k.mem, k.n, &w->skel->tree[which].image);
    if (err < 0) {
        x_free(k.mem);
        return -ENOMEM;
    }
    w->skel->tree[which].mem = k.mem;
    return 0;
}

/* --- /dev ------------------------------------------------------------------------ */
static void dev_disks(struct maker *k, const struct persona *pe)
{
    char path[96], part[32], target[48];
    bool nvme = str_starts(pe->disk_name, "nvme");
    unsigned maj = persona_disk_major(pe);
    str_fmt(path, sizeof(path), "/%s", pe->disk_name);
    mk_dev(k, path, S_IFBLK | 0660, 6, maj, 0);
    for (int i = 1; i <= (pe->swap_kib ? 2 : 1); i++) {
        str_fmt(part, sizeof(part), "%s%s%d", pe->disk_name, nvme ? "p" : "", i);
        str_fmt(path, sizeof(path), "/%s", part);
        mk_dev(k, path, S_IFBLK | 0660, 6, maj, (unsigned)i);
        str_fmt(path, sizeof(path), "/disk/by-uuid/%s", i == 1 ? pe->root_uuid : pe->swap_uuid);
        str_fmt(target, sizeof(target), "../../%s", part);
        mk_link(k, path, target);
    }
}

static void dev_tree(struct maker *k, struct vm_world *w)
{
    static const struct {
        const char *path;
        uint32_t mode;
        unsigned gid, maj, min;
    } nodes[] = {
        {"/autofs", 0644, 0, 10, 235},
        {"/btrfs-control", 0660, 6, 10, 234},
        {"/console", 0600, 5, 5, 1},
        {"/cpu_dma_latency", 0600, 0, 10, 125},
        {"/cuse", 0600, 0, 10, 203},
        {"/full", 0666, 0, 1, 7},
        {"/fuse", 0666, 0, 10, 229},
        {"/hpet", 0600, 0, 10, 228},
        {"/kmsg", 0644, 0, 1, 11},
        {"/loop-control", 0660, 6, 10, 237},
        {"/mapper/control", 0600, 0, 10, 236},
        {"/mem", 0640, 15, 1, 1},
        {"/net/tun", 0666, 0, 10, 200},
        {"/null", 0666, 0, 1, 3},
        {"/nvram", 0600, 0, 10, 144},
        {"/port", 0640, 15, 1, 4},
        {"/ppp", 0600, 0, 108, 0},
        {"/psaux", 0600, 0, 10, 1},
        {"/ptmx", 0666, 5, 5, 2},
        {"/random", 0666, 0, 1, 8},
        {"/rfkill", 0664, 0, 10, 242},
        {"/rtc0", 0600, 0, 249, 0},
        {"/snapshot", 0600, 0, 10, 231},
        {"/tty", 0666, 5, 5, 0},
        {"/uhid", 0600, 0, 10, 239},
        {"/uinput", 0600, 0, 10, 223},
        {"/urandom", 0666, 0, 1, 9},
        {"/userfaultfd", 0600, 0, 10, 126},
        {"/vga_arbiter", 0600, 0, 10, 63},
        {"/vhci", 0600, 0, 10, 137},
        {"/vhost-net", 0600, 0, 10, 238},
        {"/vhost-vsock", 0600, 0, 10, 241},
        {"/zero", 0666, 0, 1, 5},
        {"/input/event0", 0660, 0, 13, 64},
        {"/input/event1", 0660, 0, 13, 65},
        {"/input/mice", 0660, 0, 13, 63},
        {"/vfio/vfio", 0666, 0, 10, 196},
    };
    static const char *const dirs[] = {"/block", "/bsg",   "/char",         "/cpu",
                                       "/disk",  "/input", "/mapper",       "/net",
                                       "/pts",   "/vfio",  "/disk/by-uuid", "/hugepages"};
    char path[32];
    mk_dir(k, "/", 0755);
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
        mk_dir(k, dirs[i], 0755);
    mk_dir(k, "/shm", 01777);
    mk_dir(k, "/mqueue", 01777);
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
        mk_dev(k, nodes[i].path, S_IFCHR | nodes[i].mode, nodes[i].gid, nodes[i].maj, nodes[i].min);
    for (unsigned i = 0; i < 64; i++) {
        str_fmt(path, sizeof(path), "/tty%u", i);
        mk_dev(k, path, S_IFCHR | (i == 1 ? 0600 : 0620), 5, 4, i);
    }
    for (unsigned i = 0; i < 4; i++) {
        str_fmt(path, sizeof(path), "/ttyS%u", i);
        mk_dev(k, path, S_IFCHR | 0660, 20, 4, 64 + i);
    }
    for (unsigned i = 0; i < 7; i++) {
        static const char *const kinds[] = {"vcs", "vcsa", "vcsu"};
        for (unsigned v = 0; v < 3; v++) {
            str_fmt(path, sizeof(path), i ? "/%s%u" : "/%s", kinds[v], i);
            mk_dev(k, path, S_IFCHR | 0660, 5, 7, i + (v == 1 ? 128 : v == 2 ? 64 : 0));
        }
    }
    mk_link(k, "/core", "/proc/kcore");
    mk_link(k, "/fd", "/proc/self/fd");
    mk_link(k, "/initctl", "/run/initctl");
    mk_link(k, "/log", "/run/systemd/journal/dev-log");
    mk_link(k, "/rtc", "rtc0");
    mk_link(k, "/stderr", "/proc/self/fd/2");
    mk_link(k, "/stdin", "/proc/self/fd/0");
    mk_link(k, "/stdout", "/proc/self/fd/1");
    dev_disks(k, w->conf.persona);
}

/* --- /run ------------------------------------------------------------------------------ */
static void run_tree(struct maker *k, struct vm_world *w)
{
    static const char *const dirs[] = {"/credentials",
                                       "/dbus",
                                       "/lock",
                                       "/log",
                                       "/mount",
                                       "/network",
                                       "/sendsigs.omit.d",
                                       "/sshd",
                                       "/sudo",
                                       "/systemd",
                                       "/systemd/journal",
                                       "/systemd/sessions",
                                       "/systemd/users",
                                       "/tmpfiles.d",
                                       "/udev",
                                       "/user"};
    (void)w;
    mk_dir(k, "/", 0755);
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
        mk_dir(k, dirs[i], 0755);
    put(k, "/utmp", S_IFREG | 0664, 43, 0, "");
    put(k, "/initctl", S_IFIFO | 0600, 0, 0, NULL);
    put(k, "/systemd/journal/dev-log", S_IFSOCK | 0666, 0, 0, NULL);
    put(k, "/systemd/journal/socket", S_IFSOCK | 0666, 0, 0, NULL);
    put(k, "/dbus/system_bus_socket", S_IFSOCK | 0666, 0, 0, NULL);
    mk_text(k, "/machine-id", 0444, "%s\n", w->conf.persona->machine_id);
    int pid = daemon_row_pid(w, "cron");
    mk_text(k, "/crond.pid", 0644, "%d\n", pid);
    mk_text(k, "/sshd.pid", 0644, "%d\n", daemon_row_pid(w, "sshd"));
    mk_text(k, "/motd.dynamic", 0644, "Linux %s %s %s x86_64\n", w->conf.persona->hostname,
            w->conf.persona->kernel_release, w->conf.persona->kernel_version);
    put(k, "/crond.reboot", S_IFREG, 0, 0, "");
}

static void shm_tree(struct maker *k, struct vm_world *w)
{
    (void)w;
    mk_dir(k, "/", 01777);
}

/* --- shared trees ---------------------------------------------------------------------------- */
static struct vfs_fs *shared_fs(struct vm_world *w, enum skel_tree which, const char *type)
{
    struct vfs_disk_conf dc = {.image = w->skel->tree[which].image,
                               .arena = w->skel->arena,
                               .clock = w->clock,
                               .max_bytes = 65536,
                               .max_inodes = 1,
                               .type = type};
    return vfs_disk_new(&dc);
}

int skel_init(struct vm_world *w)
{
    static void (*const fill[SKEL_TREES])(struct maker *, struct vm_world *) = {
        dev_tree, run_tree, sys_tree, proc_tree, shm_tree, shm_tree};
    struct skel *s = arena_zalloc(w->arena, sizeof(*s));
    if (!s)
        return -ENOMEM;
    w->skel = s;
    for (int i = 0; i < SKEL_TREES; i++) {
        int err = build(w, (enum skel_tree)i, fill[i]);
        if (err < 0)
            return err;
    }
    s->arena = arena_new(&w->budget, 0);
    s->sys = s->arena ? shared_fs(w, SKEL_SYS, "sysfs") : NULL;
    s->proc = s->sys ? shared_fs(w, SKEL_PROC, "proc") : NULL;
    return s->proc ? 0 : -ENOMEM;
}

void skel_done(struct vm_world *w)
{
    struct skel *s = w->skel;
    if (!s)
        return;
    if (s->sys && s->sys->ops->free)
        s->sys->ops->free(s->sys);
    if (s->proc && s->proc->ops->free)
        s->proc->ops->free(s->proc);
    if (s->base && s->base->ops->free)
        s->base->ops->free(s->base);
    arena_free(s->arena);
    for (int i = 0; i < SKEL_TREES; i++) {
        vfs_image_close(s->tree[i].image);
        x_free(s->tree[i].mem);
    }
}

/* --- files of the disk -------------------------------------------------------------------------
 */
/* Replaces the password field of a user in the text of /etc/shadow, or adds the
 * line. */
static void shadow_line(struct str *out, const char *text, const char *user, const char *hash,
                        int64_t day)
{
    size_t n = strlen(user);
    bool done = false;
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, "\n");
        if (strncmp(at, user, n) == 0 && at[n] == ':') {
            str_printf(out, "%s:%s:%lld:0:99999:7:::\n", user, hash, (long long)day);
            done = true;
        } else if (len) {
            str_add(out, at, len);
            str_putc(out, '\n');
        }
        at += len + (at[len] == '\n');
    }
    if (!done)
        str_printf(out, "%s:%s:%lld:0:99999:7:::\n", user, hash, (long long)day);
}

/* A text with another one added, unless a line of it begins with key already. */
static void add_line(struct vm *vm, const char *path, const char *key, uint32_t mode,
                     const char *line)
{
    size_t n;
    char *text = file_slurp(vm, path, 1 << 20, &n);
    if (text && (str_starts(text, key) || memmem(text, n, key, strlen(key))))
        line = NULL;
    x_free(text);
    if (line)
        file_append(vm, path, mode, line, strlen(line));
}

static void write_accounts(struct vm *vm, struct arena *a)
{
    const struct persona *pe = vm->world->conf.persona;
    int64_t day = pe->install_real_us / INT64_C(86400000000);
    char key[40], line[256];
    size_t n;
    struct str one, two;
    char *text = file_slurp(vm, "/etc/shadow", 1 << 20, &n);
    str_init(&one, a);
    str_init(&two, a);
    shadow_line(&one, text ? text : "", "root", pe->root_hash, day);
    shadow_line(&two, str_text(&one), pe->user, pe->user_hash, day);
    (void)file_replace(vm, "/etc/shadow", 0640, 42, str_text(&two), two.n);
    x_free(text);
    str_fmt(key, sizeof(key), "\n%s:", pe->user);
    str_fmt(line, sizeof(line), "%s:x:1000:1000:%s,,,:/home/%s:/bin/bash\n", pe->user, pe->user,
            pe->user);
    add_line(vm, "/etc/passwd", key, 0644, line);
    str_fmt(line, sizeof(line), "%s:x:1000:\n", pe->user);
    add_line(vm, "/etc/group", key, 0644, line);
}

static void write_home(struct vm *vm)
{
    const struct persona *pe = vm->world->conf.persona;
    struct vfs_cred owner = {.uid = 1000, .gid = 1000};
    struct vnode top = {vm->disk, vm->disk->root}, v;
    struct vfs_walk w = {.tree = &vm->tree, .cred = &owner, .root = top, .cwd = top};
    uint64_t ino;
    if (vfs_walk(&w, "/home", 0, &v) == 0 && v.fs->ops->create)
        (void)v.fs->ops->create(v.fs, NULL, v.ino, pe->user, &owner, S_IFDIR | 0700, 0, NULL, &ino);
}

#define WRITE(path, mode, ...)                                                                     \
    do {                                                                                           \
        struct str text_;                                                                          \
        str_init(&text_, a);                                                                       \
        str_printf(&text_, __VA_ARGS__);                                                           \
        (void)file_replace(vm, path, mode, 0, str_text(&text_), text_.n);                          \
    } while (0)

static void write_identity(struct vm *vm, struct arena *a)
{
    const struct persona *pe = vm->world->conf.persona;
    WRITE("/etc/hostname", 0644, "%s\n", pe->hostname);
    WRITE("/etc/hosts", 0644,
          "127.0.0.1\tlocalhost\n127.0.1.1\t%s.%s\t%s\n\n# The following lines are desirable for "
          "IPv6 capable hosts\n::1     localhost ip6-localhost ip6-loopback\nff02::1 "
          "ip6-allnodes\nff02::2 ip6-allrouters\n",
          pe->hostname, pe->domain, pe->hostname);
    WRITE("/etc/machine-id", 0444, "%s\n", pe->machine_id);
    WRITE("/etc/resolv.conf", 0644, "domain %s\nsearch %s\nnameserver %s\n", pe->domain, pe->domain,
          pe->dns4);
    WRITE("/etc/timezone", 0644, "%s\n", pe->timezone);
    WRITE("/etc/default/locale", 0644, "LANG=\"%s\"\n", pe->locale);
    WRITE("/etc/network/interfaces", 0644,
          "# This file describes the network interfaces available on your system\n# and how to "
          "activate them. For more information, see interfaces(5).\n\nsource "
          "/etc/network/interfaces.d/*\n\n# The loopback network interface\nauto lo\niface lo inet "
          "loopback\n\n# The primary network interface\nallow-hotplug %s\niface %s inet "
          "static\n\taddress %s/%u\n\tgateway %s\n",
          pe->net_if, pe->net_if, pe->ip4, pe->prefix4, pe->gateway4);
    struct str fstab;
    str_init(&fstab, a);
    str_printf(&fstab,
               "# /etc/fstab: static file system information.\n#\n# Use 'blkid' to print the "
               "universally unique identifier for a\n# device; this may be used with UUID= as a "
               "more robust way to name devices\n# that works even if disks are added and removed. "
               "See fstab(5).\n#\n# systemd generates mount units based on this file, see "
               "systemd.mount(5).\n# Please run 'systemctl daemon-reload' after making changes "
               "here.\n#\n# <file system> <mount point>   <type>  <options>       <dump>  <pass>\n"
               "# / was on /dev/%s1 during installation\nUUID=%s /               ext4    "
               "errors=remount-ro 0       1\n",
               pe->disk_name, pe->root_uuid);
    if (pe->swap_kib)
        str_printf(&fstab,
                   "# swap was on /dev/%s2 during installation\nUUID=%s none            swap    "
                   "sw              0       0\n",
                   pe->disk_name, pe->swap_uuid);
    str_puts(&fstab, "/dev/sr0        /media/cdrom0   udf,iso9660 user,noauto     0       0\n");
    (void)file_replace(vm, "/etc/fstab", 0644, 0, str_text(&fstab), fstab.n);
}

struct saved {
    uint8_t *p;
    size_t n, cap;
};

static int save_put(void *ctx, const void *p, size_t n)
{
    struct saved *s = ctx;
    if (s->n + n > s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 16384;
        while (cap < s->n + n)
            cap *= 2;
        uint8_t *mem = x_realloc(s->p, cap);
        if (!mem)
            return ERR_NOMEM;
        s->p = mem;
        s->cap = cap;
    }
    memcpy(s->p + s->n, p, n);
    s->n += n;
    return 0;
}

/* What was written just now was written when the system was installed. */
static void settle(struct vm *vm, const char *path, int64_t us)
{
    struct vfs_cred root = {0};
    struct vnode top = {vm->disk, vm->disk->root}, v;
    struct vfs_walk w = {.tree = &vm->tree, .cred = &root, .root = top, .cwd = top};
    struct timespec t = {us / 1000000, us % 1000000 * 1000 + 417};
    struct vfs_setattr a = {
        .what = VFS_SET_ATIME | VFS_SET_MTIME | VFS_SET_CTIME, .atime = t, .mtime = t, .ctime = t};
    if (vfs_walk(&w, path, 0, &v) == 0 && vfs_setattr(v, NULL, &a) < 0)
        return; /* it keeps the present */
}

static void settle_all(struct vm *vm)
{
    static const char *const paths[] = {"/etc/hostname",
                                        "/etc/hosts",
                                        "/etc/machine-id",
                                        "/etc/resolv.conf",
                                        "/etc/timezone",
                                        "/etc/default/locale",
                                        "/etc/network/interfaces",
                                        "/etc/fstab",
                                        "/etc/shadow",
                                        "/etc/passwd",
                                        "/etc/group",
                                        "/etc/ssh/ssh_host_rsa_key",
                                        "/etc/ssh/ssh_host_rsa_key.pub",
                                        "/etc/ssh/ssh_host_ecdsa_key",
                                        "/etc/ssh/ssh_host_ecdsa_key.pub",
                                        "/etc/ssh/ssh_host_ed25519_key",
                                        "/etc/ssh/ssh_host_ed25519_key.pub",
                                        "/etc/ssh",
                                        "/home",
                                        "/etc"};
    const struct persona *pe = vm->world->conf.persona;
    char home[64];
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        settle(vm, paths[i], pe->install_real_us + (int64_t)(60 + i * 7) * 1000000);
    /* Logs end with what was logged last: cron's hourly run, the boot. */
    int64_t hour = INT64_C(3600000000), at = INT64_C(1021000000);
    int64_t last = (vm_real_us(vm) - at) / hour * hour + at;
    settle(vm, "/var/log/syslog", last);
    settle(vm, "/var/log/cron.log", last);
    settle(vm, "/var/log/kern.log", pe->boot_real_us + 3000000);
    str_fmt(home, sizeof(home), "/home/%s", pe->user);
    settle(vm, home, pe->install_real_us + 150000000);
}

int skel_layer(struct vm_world *w)
{
    struct vm *vm = vm_new(w, NULL);
    if (!vm)
        return -ENOMEM;
    struct arena *a = arena_new(&vm->kern, 0);
    if (a) {
        write_identity(vm, a);
        write_accounts(vm, a);
        write_home(vm);
        skel_host_keys(vm, a);
        records_history(vm, a);
        history_write(vm, a);
        settle_all(vm);
    }
    arena_free(a);
    struct saved s = {0};
    int err = a ? vfs_disk_save(vm->disk, save_put, &s) : -ENOMEM;
    vm_free(vm);
    /* Out of the machine's memory into the world's, where it stays as it is. */
    struct vfs_disk_conf dc = {.image = w->conf.image,
                               .arena = w->skel->arena,
                               .clock = w->clock,
                               .max_bytes = 4 << 20,
                               .max_inodes = 1000,
                               .type = "ext4"};
    struct vfs_fs *base = err < 0 ? NULL : vfs_disk_new(&dc);
    if (base && vfs_disk_load(base, s.p, s.n) == 0)
        w->skel->base = base;
    else if (base)
        base->ops->free(base);
    x_free(s.p);
    return w->skel->base ? 0 : -ENOMEM;
}
