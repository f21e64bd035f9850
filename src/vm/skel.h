/* skel.h -- what all machines of a world begin with, made once: the trees of
 * /dev, /run, /sys and the fixed part of /proc as small images, and the files
 * of the disk that tell who this machine is.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VM_SKEL_H
#define VM_SKEL_H

#include "vfs/make.h"
#include "vm/host.h"

enum skel_tree { SKEL_DEV, SKEL_RUN, SKEL_SYS, SKEL_PROC, SKEL_SHM, SKEL_LOCK, SKEL_TREES };

struct skel {
    struct {
        void *mem;
        struct vfs_image *image;
    } tree[SKEL_TREES];
    struct arena *arena;       /* of the shared trees below */
    struct vfs_fs *sys, *proc; /* read-only, shared by all machines */
    struct vfs_fs *base;       /* the disk's first changes: lies below every machine's */
};

/* An image under construction, in memory. */
struct maker {
    struct vfs_make *make;
    uint8_t *mem;
    size_t n, cap;
    bool bad;
    int64_t time_ns;
};

int skel_init(struct vm_world *w) NODISCARD;  /* 0 or -ENOMEM */
int skel_layer(struct vm_world *w) NODISCARD; /* the disk's files: after the trees */
void skel_done(struct vm_world *w);

void mk_dir(struct maker *k, const char *path, uint32_t mode);
void mk_link(struct maker *k, const char *path, const char *target);
void mk_dev(struct maker *k, const char *path, uint32_t mode, unsigned gid, unsigned maj,
            unsigned min);
void mk_text(struct maker *k, const char *path, uint32_t mode, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* A file whose text is generated when read: name is looked up by procfs.c. */
void mk_live(struct maker *k, const char *path, uint32_t mode, const char *name);

/* The server's keys below /etc/ssh (hostkeys.c). */
void skel_host_keys(struct vm *vm, struct arena *a);

void proc_tree(struct maker *k, struct vm_world *w); /* procfs.c */
void sys_tree(struct maker *k, struct vm_world *w);  /* sysfs.c */

#endif
