/* gen.h -- generated trees: what procfs, sysfs and devpts share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VM_GEN_H
#define VM_GEN_H

#include "vm/priv.h"

/* One text being made: whose machine, who asks (may be NULL), where it goes. */
struct gen {
    struct vm *vm;
    struct proc *asker;
    struct str out;
};

/* A text of the whole machine by name ("meminfo"): false if there is none. */
bool proc_text(struct gen *g, const char *name);     /* proctext.c */
bool proc_net_text(struct gen *g, const char *name); /* procnet.c */
/* "proc", "mounts", "mountinfo" of the machine, also used by /proc/PID. */
void gen_mounts(struct gen *g);
void gen_mountinfo(struct gen *g);
void gen_mountstats(struct gen *g);
/* The part [off, off + n) of a text, as read(2) gives it. */
ssize_t gen_slice(const char *text, size_t len, void *p, size_t n, int64_t off);
/* Counters that only grow: bytes and packets of the network card so far. */
struct net_counters {
    uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets, lo_bytes, lo_packets;
};
void gen_net_counters(const struct vm *vm, struct net_counters *c);
double gen_load(const struct vm *vm, int which); /* 0, 1, 2: 1, 5, 15 minutes */
struct gen_memory {
    uint64_t total, free, available, buffers, cached, slab, shmem, used, swap_free;
};
void gen_memory(const struct vm *vm, struct gen_memory *m); /* KiB */

/* Files of /proc/PID (procpid.c). */
void pid_status(struct gen *g, const struct vm_procinfo *i);
void pid_stat(struct gen *g, const struct vm_procinfo *i);
void pid_statm(struct gen *g, const struct vm_procinfo *i);
void pid_cmdline(struct gen *g, const struct vm_procinfo *i);
void pid_environ(struct gen *g, const struct vm_procinfo *i);
void pid_comm(struct gen *g, const struct vm_procinfo *i);
void pid_maps(struct gen *g, const struct vm_procinfo *i);
void pid_cgroup(struct gen *g, const struct vm_procinfo *i);
void pid_limits(struct gen *g, const struct vm_procinfo *i);
void pid_io(struct gen *g, const struct vm_procinfo *i);
void pid_mounts(struct gen *g, const struct vm_procinfo *i);
void pid_mountinfo(struct gen *g, const struct vm_procinfo *i);
void pid_mountstats(struct gen *g, const struct vm_procinfo *i);
void pid_sched(struct gen *g, const struct vm_procinfo *i);
void pid_loginuid(struct gen *g, const struct vm_procinfo *i);
void pid_wchan(struct gen *g, const struct vm_procinfo *i);

extern const struct vfs_ops proc_ops, sys_ops, pts_ops;

#endif
