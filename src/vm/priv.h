/* priv.h -- what the files of the virtual kernel share.
 *
 * Everything lives in one thread. A process runs only inside sched.c's
 * run_slice; whatever it does to others (wake, kill) takes effect between
 * slices, except that a killed process that does not run loses its fiber at
 * once. Callbacks to the host are made between slices, never inside a fiber.
 *
 * Kernel objects come from the machine's arena (k_alloc: NULL when the machine
 * is full, which callers answer with -ENOMEM); what programs allocate comes
 * from arenas whose budget kills the process that overdraws it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VM_PRIV_H
#define VM_PRIV_H

#include <errno.h>
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fiber.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/rng.h"
#include "base/str.h"
#include "vfs/disk.h"
#include "vfs/walk.h"
#include "vm/host.h"
#include "vm/persona.h"
#include "vm/vm.h"

enum {
    PID_MAX = 4194304,
    PIPE_SIZE = 65536,
    STREAM_BUF = 4096,
    FIBER_COST = 8192, /* what a process's stack is charged to its machine */
    NSIG_MAX = 64,
    EXE_PATH_MAX = 256,
    STEP_NS = 250, /* virtual processor time of one step of fuel */
};

/* --- sleeping and waking (sched.c) -------------------------------------- */
struct vm_timer {
    int64_t at_us;
    uint32_t slot; /* 0: not running */
    void (*fn)(struct vm_timer *t);
};
struct waitq {
    struct list head; /* next == NULL: never used */
};
struct waiter {
    struct list in_queue, of_proc;
    struct proc *p;
};
void timer_set(struct vm_world *w, struct vm_timer *t, int64_t at_us);
void timer_stop(struct vm_world *w, struct vm_timer *t);
void waitq_wake(struct waitq *q);
void proc_wait_on(struct proc *p, struct waitq *q, struct waiter *wt); /* wt NULL: p's own */
void proc_unwait(struct proc *p);
void proc_ready(struct proc *p); /* to the run queue, if it sleeps */
/* Sleeps until woken (0; may be spurious: check again), until_us (-ETIMEDOUT)
 * or a caught signal (-EINTR, after its handler; with restart only if the
 * handler was not set to restart calls). -EAGAIN for a process without fiber. */
int proc_sleep(struct proc *p, int64_t until_us, bool restart);
void proc_yield(struct proc *p); /* stays ready, others run */
/* Leaves the fiber of a process that is over. */
void sched_leave(struct proc *p) __attribute__((noreturn));

/* --- bytes in a circle (ring.c) -------------------------------------------- */
struct ring {
    uint8_t *mem;
    uint32_t cap, off, len;
};
size_t ring_put(struct vm *vm, struct ring *r, const void *p, size_t n, size_t max);
size_t ring_get(struct vm *vm, struct ring *r, void *p, size_t n);
size_t ring_peek(const struct ring *r, const uint8_t **p);
void ring_drop(struct vm *vm, struct ring *r, size_t n);
void ring_done(struct vm *vm, struct ring *r);

/* --- open files (fd.c) ------------------------------------------------------- */
struct ofile;
struct ofile_ops {
    ssize_t (*read)(struct proc *p, struct ofile *f, void *buf, size_t n);
    ssize_t (*write)(struct proc *p, struct ofile *f, const void *buf, size_t n);
    /* Which of POLL* hold now; hangs wt (if not NULL) where a change wakes p. */
    unsigned (*poll)(struct proc *p, struct ofile *f, struct waiter wt[2]);
    void (*close)(struct vm *vm, struct ofile *f);
    /* "pipe:[123]": what /proc/PID/fd shows; NULL: f->path. */
    void (*name)(const struct ofile *f, char *out, size_t n);
};
struct ofile {
    const struct ofile_ops *ops;
    unsigned refs;
    int flags;
    int64_t pos;
    struct vnode v;         /* {0} for pipes */
    char *path;             /* NULL for pipes */
    void *obj;              /* the pipe, terminal, socket */
    struct vm_login *login; /* who wrote, for file_written */
    char writer[16];        /* its program */
    bool wrote;
};
struct fdent {
    struct ofile *f;
    bool cloexec;
};
struct ofile *ofile_new(struct vm *vm, const struct ofile_ops *ops, int flags);
void ofile_unref(struct vm *vm, struct ofile *f);
struct ofile *fd_file(struct proc *p, int fd);            /* NULL: bad descriptor */
int fd_install(struct proc *p, struct ofile *f, int min); /* takes f even on failure */
int fd_put_at(struct proc *p, struct ofile *f, int fd);
int fd_copy_all(struct proc *from, struct proc *to);
void fd_close_all(struct proc *p, bool only_cloexec);
extern const struct ofile_ops vnode_ops; /* regular files and directories: path.c */
int dev_open(struct proc *p, uint64_t rdev, int flags, struct ofile **out); /* dev.c */
int node_open(struct proc *p, struct vnode v, const struct vfs_stat *st, const char *path,
              int flags, struct ofile **out);

/* --- pipes (pipe.c) ------------------------------------------------------------ */
struct pipe {
    struct ring ring;
    unsigned readers, writers, refs;
    uint64_t ino;
    struct waitq can_read, can_write;
    struct vm_port *reader_port, *writer_port; /* the host's end, if it has one */
};
struct pipe *pipe_new(struct vm *vm);
struct ofile *pipe_end(struct vm *vm, struct pipe *pi, bool write_end, int flags);
void pipe_hold(struct pipe *pi, bool write_end);
void pipe_drop(struct vm *vm, struct pipe *pi, bool write_end);
int fifo_open(struct proc *p, struct vnode v, int flags, struct ofile **out);
int pipe_pair(struct vm *vm, struct ofile **a, struct ofile **b, int flags); /* sockets */
void pipe_hold_peer(struct ofile *near, struct ofile *far); /* far is near's to close */

/* --- ports (port.c) --------------------------------------------------------------- */
struct vm_tty;
struct vm_port {
    struct vm *vm;
    struct vm_tty *tty;    /* or the two pipes: */
    struct pipe *out, *in; /* machine to host, host to machine */
    struct vm_port_events ev;
    struct list dirty;                           /* in the world's list when an event waits */
    bool readable, writable, shut, busy, closed; /* closed: inside its own callback */
    struct vm_timer rate_timer;
    int64_t rate_at_us; /* when rate_left was true */
    uint64_t rate_left;
};
void port_mark(struct vm_port *port, bool readable, bool writable);
void port_flush_all(struct vm_world *w);
struct vm_port *port_new(struct vm *vm, const struct vm_port_events *ev);

/* --- terminals (tty.c) --------------------------------------------------------------- */
struct vm_tty {
    struct vm *vm;
    struct list in_vm;
    unsigned index, refs; /* /dev/pts/index; refs: open files + the master */
    bool hung;
    struct termios t;
    struct winsize size;
    int sid, pgrp;
    uint16_t *in;                             /* cells: byte | TTY_DELIM | TTY_EOF */
    uint32_t in_cap, in_off, in_len, in_done; /* in_done: cells in finished lines */
    unsigned lines;                           /* finished lines waiting */
    unsigned column, canon_column;
    bool lnext, stopped;
    struct ring out;
    struct waitq can_read, can_write;
    struct vm_port *port;
    uint32_t uid, gid;
    uint32_t mode; /* 0: 0620 */
    int64_t atime_us, mtime_us, ctime_us;
};
int tty_new(struct vm *vm, uint32_t uid, struct vm_tty **out);
void tty_unref(struct vm_tty *t);
struct ofile *tty_open_file(struct vm_tty *t, int flags);
struct vm_tty *tty_of_rdev(struct vm *vm, uint64_t rdev);
struct vm_tty *tty_controlling(struct proc *p);
struct vm_tty *tty_by_index(struct vm *vm, unsigned index);
size_t tty_input(struct vm_tty *t, const uint8_t *p, size_t n); /* from the host */
size_t tty_room(const struct vm_tty *t);
void tty_hangup(struct vm_tty *t);
void tty_print(struct vm_tty *t, uint8_t c); /* as if a process had written it */
void tty_leader_died(struct vm_tty *t);
void tty_resize(struct vm_tty *t, const struct winsize *w);
void tty_output_drained(struct vm_tty *t);
void tty_defaults(struct termios *t);
/* Stops a background process that touches its terminal (sig: SIGTTIN, SIGTTOU):
 * 0 if it may go on, -EINTR, -EIO. */
int tty_job_check(struct proc *p, struct vm_tty *t, int sig);
void tty_input_flush(struct vm_tty *t);
void tty_start_output(struct vm_tty *t);         /* after Ctrl-S */
struct vm_tty *ofile_tty(const struct ofile *f); /* NULL if it is none */

/* --- processes (proc.c, exec.c, signal.c) ---------------------------------------- */
enum proc_state { P_NEW, P_READY, P_RUN, P_SLEEP, P_STOPPED, P_ZOMBIE };

/* What exec brought: shared by a process and those forked from it. */
struct program {
    unsigned refs;
    size_t bytes;
    vm_main_fn *main;
    struct vnode v;
    char *exe; /* path of the file that runs */
    int argc;
    char **argv, **envp;
};
struct sig_action {
    vm_sig_fn *fn;
    bool restart;
};
struct proc_arena {
    struct list link;
    struct arena *arena;
};
struct proc {
    struct vm *vm;
    struct vm_login *login;
    struct proc *parent; /* NULL: a daemon of the table, see ppid */
    struct list table, siblings, children, run;
    int pid, ppid, pgid, sid;
    enum proc_state state, stopped_state;
    bool agent, fixed; /* no fiber: the host's own, or a row that only stands there */
    bool doomed, reap, woken, timed_out, execed;
    bool stop_told, cont_told;
    int status; /* wait(2)'s */
    char comm[16];
    struct fiber *fiber;
    vm_child_fn *fn; /* what the fiber starts with, or the program's main */
    void *fn_arg;
    struct program *prog;
    void *own; /* the program's */
    struct arena *arena;
    struct list arenas;
    char **env; /* own copy, once somebody asked for it */
    struct vfile *streams, *std[3];
    struct fdent *fds;
    unsigned nfds;
    struct vnode cwd;
    uint32_t umask;
    struct vfs_cred cred;
    uint32_t ruid, rgid;
    int nice;
    struct vm_tty *tty; /* controlling */
    struct waiter waiter;
    struct list waiters;
    struct waitq child_q;
    struct vm_timer sleep_timer, alarm_timer;
    uint64_t sig_pending, sig_blocked, sig_ignored;
    struct sig_action *actions; /* NSIG_MAX, once a handler was set */
    int64_t fuel;
    uint64_t steps, child_steps, sys_steps;
    int64_t start_us; /* after boot */
    uint64_t *rlimits;
    struct login_run *runs; /* told when this process ends */
};
struct proc *proc_new(struct vm *vm, struct proc *parent, int ppid);
void proc_launch(struct proc *p); /* P_NEW with fn or prog: gets its fiber */
void proc_die(struct proc *p, int status);
void proc_free(struct proc *p); /* out of the table, memory given back */
struct proc *proc_find(struct vm *vm, int pid);
struct proc *proc_after(struct vm *vm, int pid); /* the next row above pid, or NULL */
void proc_entry(void *arg);
int pid_next(struct vm *vm);
/* Points a process at a program: everything exec checks, nothing of p's own is
 * touched on failure. */
int exec_prepare(struct proc *p, const char *path, char *const argv[], char *const envp[],
                 struct program **out);
void exec_commit(struct proc *p, struct program *prog);
void program_unref(struct vm *vm, struct program *prog);
struct program *program_new(struct vm *vm, const char *exe, char *const argv[], char *const envp[]);
void signal_send(struct proc *p, int sig);
void signal_group(struct vm *vm, int pgid, int sig);
bool signal_deliver(struct proc *p); /* true: a handler ran that does not restart calls */
static inline bool signal_waiting(const struct proc *p)
{
    return (p->sig_pending & ~p->sig_blocked) != 0;
}
bool signal_is_ignored(const struct proc *p, int sig);
bool pgrp_orphaned(struct vm *vm, int pgid);
void proc_check_orphans(struct vm *vm, int pgid, bool was_orphaned);
uint64_t proc_rlimit(const struct proc *p, int which);

/* --- machines (world.c, machine.c) -------------------------------------------------- */
struct daemon_row; /* daemons.c */
struct vm_world {
    struct vm_world_conf conf;
    const struct clock *clock;
    struct list vms, ready, dirty, ended, fetches;
    uint64_t tickets; /* of fetches so far */
    struct proc *running;
    struct vm_timer **heap; /* [0] is not used */
    uint32_t nheap, heap_cap;
    vm_main_fn **programs; /* by image inode */
    uint64_t nprograms;
    uint64_t memory; /* of all machines, as last counted */
    struct arena_budget budget;
    struct arena *arena;
    struct daemon_row *daemons;
    unsigned ndaemons;
    int first_pid;
    uint64_t made;      /* machines so far */
    struct vm **by_key; /* KEY_BUCKETS chains */
    struct skel *skel;  /* what machines begin with */
};
enum { KEY_BUCKETS = 4096 };

struct gen_fs { /* a generated tree of one machine */
    struct vfs_fs fs;
    struct vm *vm;
};
struct vm {
    struct vm_world *world;
    struct list in_world, run;
    struct vm *next_key; /* of the same bucket */
    char *key;
    struct arena_budget kern, prog;
    struct arena *arena;
    struct vfs_tree tree;
    struct vfs_fs *disk;
    struct gen_fs proc_fs, sys_fs, dev_fs, pts_fs, misc_fs[6];
    struct list procs, ready, logins, ttys, fifos;
    unsigned nprocs;
    int last_pid;
    uint64_t killed[4]; /* bit by row of the world's daemons */
    char hostname[65];
    struct setting *settings; /* of /proc/sys, where changed */
    struct rng rng;
    int64_t last_used_us, made_us;
    uint64_t next_ino;
    uint64_t steps; /* of all its processes, ever */
    unsigned slices, sessions;
    int64_t limit_told_us[6];
};
void *k_alloc(struct vm *vm, size_t n);
void k_free(struct vm *vm, void *p, size_t n);
char *k_strdup(struct vm *vm, const char *s);
void k_strfree(struct vm *vm, char *s);
enum vm_limit { LIMIT_MEMORY, LIMIT_PROCESSES, LIMIT_DISK, LIMIT_FILES, LIMIT_OUTPUT };
void limit_hit(struct vm *vm, struct proc *p, enum vm_limit which);
int64_t vm_real_us(const struct vm *vm);
int world_next_pid(const struct vm_world *w); /* about where ids have come to since boot */
int64_t vm_boot_age_us(const struct vm *vm);
struct vfs_walk proc_walk(struct proc *p);
vm_main_fn *world_program(const struct vm_world *w, uint64_t image_ino);
int machine_mounts(struct vm *vm); /* mounts.c */
void machine_unmount(struct vm *vm);

/* --- the machine's daemons: rows without a process (daemons.c) ---------------------- */
bool daemon_at(struct vm *vm, unsigned i, struct vm_procinfo *out); /* false: killed or no row */
int daemon_kill(struct vm *vm, int pid, int sig);                   /* -ESRCH: none of that id */
int daemon_pid(struct vm *vm, const char *comm);
unsigned daemon_count(const struct vm *vm);
void daemons_init(struct vm_world *w);
int daemon_row_pid(const struct vm_world *w, const char *comm);

/* --- logins (login.c) ------------------------------------------------------------------ */
struct vm_login {
    struct vm *vm;
    struct list in_vm;
    unsigned refs;
    bool over;
    uint64_t id;
    void *policy, *owner;
    char *user, *from, *to;
    int from_port, to_port;
    uint32_t uid, gid;
    struct proc *monitor, *session; /* the sshd rows; the same one for root */
    struct list runs;
    int64_t since_us; /* real time */
    unsigned number;  /* XDG_SESSION_ID */
};
void login_ref(struct vm_login *l);
void login_unref(struct vm_login *l);
void login_proc_ended(struct proc *p);
void login_forget_machine(struct vm *vm);
void login_flush_ended(struct vm_world *w);

/* --- /etc/passwd and group (users.c) ----------------------------------------------------- */
struct user {
    char name[64], home[256], shell[128];
    uint32_t uid, gid;
};
int user_by_name(struct vm *vm, const char *name, struct user *out);
int user_by_id(struct vm *vm, uint32_t uid, struct user *out);
void user_groups(struct vm *vm, const char *name, uint32_t gid, struct vfs_cred *c);
/* A whole small file of the machine in memory of the kernel; NULL if absent. */
char *file_slurp(struct vm *vm, const char *path, size_t max, size_t *n);
/* Appends to (or makes) a file as root; quietly does nothing when that fails. */
void file_append(struct vm *vm, const char *path, uint32_t mode, const void *p, size_t n);
int file_replace(struct vm *vm, const char *path, uint32_t mode, uint32_t gid, const void *p,
                 size_t n);

void fetch_forget_machine(struct vm *vm); /* fetch.c: its machine goes */

/* --- settings of /proc/sys (sysctl.c) ----------------------------------------------------- */
/* What was written to the file: NULL if nothing. */
const char *sysctl_value(struct vm *vm, uint64_t ino, size_t *n);
/* Writes it; was: its text until now. n, or -EINVAL for no number. */
ssize_t sysctl_write(struct vm *vm, uint64_t ino, const char *was, const void *p, size_t n);

/* --- streams (stdio.c) ---------------------------------------------------------------------- */
void streams_flush(struct proc *p);

#define BURN(p, n) vm_tick((p), (unsigned)(n))

#endif
