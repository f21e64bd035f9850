/* mounts.c -- the tree of a machine: its disk and what is mounted in it.
 *
 * Mounts that only have to be seen (cgroup2, bpf ...) are folders of the tree
 * they lie in; vm_mount_table tells of them all. The few real ones are small
 * copy-on-write layers over images that all machines share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>

#include "vm/gen.h"
#include "vm/skel.h"

static void gen_fs_init(struct vm *vm, struct gen_fs *g, const struct vfs_ops *ops, uint64_t dev,
                        uint64_t root)
{
    g->fs = (struct vfs_fs){.ops = ops, .dev = dev, .root = root};
    g->vm = vm;
}

static int mount_layer(struct vm *vm, enum skel_tree which, const char *target, const char *type,
                       const char *source, uint64_t kib, const char *options)
{
    uint64_t dev = 5 + which * 16;
    struct vfs_disk_conf dc = {
        .image = vm->world->skel->tree[which].image,
        .arena = vm->arena,
        .clock = vm->world->clock,
        .dev = dev,
        .max_bytes = vm->world->conf.limits.disk / 4,
        .max_inodes = vm->world->conf.limits.inodes / 4,
        .shown_blocks = kib / 4,
        .shown_free = kib / 4 - (kib > 1000 ? 120 : 0),
        .shown_inodes = vm->world->conf.persona->mem_kib / 4,
        .type = type,
    };
    struct vfs_fs *fs = vfs_disk_new(&dc);
    if (!fs)
        return -ENOMEM;
    int err = vfs_mount_add(&vm->tree, source, target, fs, options);
    if (err < 0 && fs->ops->free)
        fs->ops->free(fs);
    return err;
}

/* In the order of a Debian machine's /proc/mounts, but the disk comes first
 * since everything else lies in it. */
static int mount_all(struct vm *vm)
{
    const struct persona *pe = vm->world->conf.persona;
    struct skel *s = vm->world->skel;
    char opt[128];
    gen_fs_init(vm, &vm->sys_fs, &sys_ops, 21, s->sys->root);
    gen_fs_init(vm, &vm->proc_fs, &proc_ops, 22, s->proc->root);
    gen_fs_init(vm, &vm->pts_fs, &pts_ops, 23, 1);
    int err = vfs_mount_add(&vm->tree, "sysfs", "/sys", &vm->sys_fs.fs,
                            "rw,nosuid,nodev,noexec,relatime");
    if (err == 0)
        err = vfs_mount_add(&vm->tree, "proc", "/proc", &vm->proc_fs.fs,
                            "rw,nosuid,nodev,noexec,relatime");
    str_fmt(opt, sizeof(opt), "rw,nosuid,relatime,size=%lluk,nr_inodes=%llu,mode=755,inode64",
            (unsigned long long)(pe->mem_kib / 2 - 18000) / 4 * 4,
            (unsigned long long)(pe->mem_kib / 8 - 4500));
    if (err == 0)
        err = mount_layer(vm, SKEL_DEV, "/dev", "devtmpfs", "udev", pe->mem_kib / 2 - 18000, opt);
    if (err == 0)
        err = vfs_mount_add(&vm->tree, "devpts", "/dev/pts", &vm->pts_fs.fs,
                            "rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=000");
    str_fmt(opt, sizeof(opt), "rw,nosuid,nodev,noexec,relatime,size=%lluk,mode=755,inode64",
            (unsigned long long)pe->mem_kib / 10 / 4 * 4);
    if (err == 0)
        err = mount_layer(vm, SKEL_RUN, "/run", "tmpfs", "tmpfs", pe->mem_kib / 10, opt);
    if (err == 0)
        err = mount_layer(vm, SKEL_SHM, "/dev/shm", "tmpfs", "tmpfs", pe->mem_kib / 2,
                          "rw,nosuid,nodev,inode64");
    if (err == 0)
        err = mount_layer(vm, SKEL_LOCK, "/run/lock", "tmpfs", "tmpfs", 5120,
                          "rw,nosuid,nodev,noexec,relatime,size=5120k,inode64");
    return err;
}

int machine_mounts(struct vm *vm)
{
    char source[32];
    const struct persona *pe = vm->world->conf.persona;
    str_fmt(source, sizeof(source), "/dev/%s%s1", pe->disk_name,
            str_starts(pe->disk_name, "nvme") ? "p" : "");
    int err =
        vfs_tree_init(&vm->tree, vm->arena, vm->disk, source, "rw,relatime,errors=remount-ro");
    return err < 0 ? err : mount_all(vm);
}

void machine_unmount(struct vm *vm)
{
    for (size_t i = vm->tree.nmounts; i-- > 0;) {
        struct vfs_fs *fs = vm->tree.mounts[i].fs;
        if (fs->ops->free)
            fs->ops->free(fs);
    }
}

static bool mounted_at(struct vm *vm, const char *target)
{
    for (size_t i = 1; i < vm->tree.nmounts; i++)
        if (strcmp(vm->tree.mounts[i].target, target) == 0)
            return true;
    return false;
}

int vm_mount(struct proc *p, const char *source, const char *target, const char *type,
             const char *options)
{
    struct vm *vm = p->vm;
    struct vfs_stat st;
    char path[VFS_PATH_MAX];
    if (p->cred.uid)
        return -EPERM;
    int err = vm_stat(p, target, &st);
    if (err == 0 && !S_ISDIR(st.mode))
        err = -ENOTDIR;
    if (err == 0)
        err = vm_realpath(p, target, path, sizeof(path));
    if (err < 0)
        return err;
    if (options && strstr(options, "remount"))
        return mounted_at(vm, path) || strcmp(path, "/") == 0 ? 0 : -EINVAL;
    if (!type || strcmp(type, "tmpfs") != 0)
        return type && strcmp(type, "proc") != 0 ? -ENODEV : -EBUSY;
    if (vm->tree.nmounts >= 32)
        return -ENOSPC;
    char opt[256];
    str_fmt(opt, sizeof(opt), "rw,relatime%s%.200s,inode64", options && *options ? "," : "",
            options ? options : "");
    return mount_layer(vm, SKEL_SHM, path, "tmpfs", source ? source : "tmpfs",
                       vm->world->conf.persona->mem_kib / 2, opt);
}

/* Is anything open or anybody at home in a file system? */
static bool in_use(struct vm *vm, const struct vfs_fs *fs)
{
    LIST_EACH(l, &vm->procs)
    {
        const struct proc *q = LIST_ENTRY(l, struct proc, table);
        if (q->cwd.fs == fs)
            return true;
        for (unsigned i = 0; i < q->nfds; i++)
            if (q->fds[i].f && q->fds[i].f->v.fs == fs)
                return true;
        if (q->prog && q->prog->v.fs == fs)
            return true;
    }
    return false;
}

int vm_umount(struct proc *p, const char *target)
{
    struct vm *vm = p->vm;
    char path[VFS_PATH_MAX];
    if (p->cred.uid)
        return -EPERM;
    int err = vm_realpath(p, target, path, sizeof(path));
    if (err < 0)
        return err;
    if (strcmp(path, "/") == 0 || str_starts(path, "/proc") || str_starts(path, "/dev") ||
        strcmp(path, "/run") == 0)
        return mounted_at(vm, path) || strcmp(path, "/") == 0 ? -EBUSY : -EINVAL;
    for (size_t i = vm->tree.nmounts; i-- > 1;) {
        struct vfs_mount *m = &vm->tree.mounts[i];
        if (strcmp(m->target, path) != 0)
            continue;
        struct vfs_fs *fs = m->fs;
        if (in_use(vm, fs))
            return -EBUSY;
        err = vfs_mount_remove(&vm->tree, path);
        if (err == 0 && fs->ops->free)
            fs->ops->free(fs);
        return err;
    }
    return -EINVAL;
}
