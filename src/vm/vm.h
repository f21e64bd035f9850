/* vm.h -- the system calls of a virtual machine: what programs and the shell
 * are written against.
 *
 * A process is a fiber. Its code is plain blocking C: calls below yield to the
 * scheduler while they wait. Results are those of Linux: 0 or more, or -errno.
 * Constants (O_*, S_*, SIG*, W*, RLIMIT_*, struct termios, struct winsize,
 * struct pollfd) are the host's own numbers.
 *
 * A process may vanish inside any of these calls (killed, out of memory,
 * exec): nothing after the call runs then. So a program owns nothing but its
 * arena and its descriptors, both of which the kernel takes back.
 *
 * Every call burns fuel; a program that computes without calling anything for
 * long calls vm_tick. Recursion asks vm_deep.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VM_VM_H
#define VM_VM_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>
#include <time.h>

#include "base/arena.h"
#include "vfs/vfs.h"

struct proc;
struct vm;
struct vm_login;
struct persona;

typedef int vm_main_fn(struct proc *p, int argc, char **argv); /* result: exit status 0..255 */

/* --- memory: the process's own, gone with it; never NULL, zeroed -------- */
void *vm_alloc(struct proc *p, size_t n);
void vm_release(struct proc *p, void *mem, size_t n);
char *vm_strdup(struct proc *p, const char *s);
char *vm_asprintf(struct proc *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct arena *vm_arena(struct proc *p);              /* the process's main arena */
struct arena *vm_arena_new(struct proc *p);          /* one more, freed with the process ... */
void vm_arena_drop(struct proc *p, struct arena *a); /* ... or here */

/* One pointer for the program's own use: handlers find their state through it.
 * NULL in a new process and after exec. */
void vm_set_own(struct proc *p, void *own);
void *vm_own(struct proc *p);

/* --- computing -------------------------------------------------------- */
void vm_tick(struct proc *p, unsigned steps); /* burns fuel, perhaps yields, delivers signals */
bool vm_deep(struct proc *p); /* less than 24 KiB of stack is left: stop recursing */

/* --- files ------------------------------------------------------------- */
int vm_open(struct proc *p, const char *path, int flags, uint32_t mode);
int vm_close(struct proc *p, int fd);
ssize_t vm_read(struct proc *p, int fd, void *buf, size_t n);
ssize_t vm_write(struct proc *p, int fd, const void *buf, size_t n); /* may be short, as write(2) */
ssize_t vm_write_all(struct proc *p, int fd, const void *buf, size_t n); /* n, or -errno */
ssize_t vm_pread(struct proc *p, int fd, void *buf, size_t n, int64_t off);
int64_t vm_lseek(struct proc *p, int fd, int64_t off, int whence);
int vm_stat(struct proc *p, const char *path, struct vfs_stat *st);
int vm_lstat(struct proc *p, const char *path, struct vfs_stat *st);
int vm_fstat(struct proc *p, int fd, struct vfs_stat *st);
ssize_t vm_readlink(struct proc *p, const char *path, char *out, size_t n); /* adds a NUL if room */
int vm_access(struct proc *p, const char *path,
              int mode); /* with effective ids (faccessat AT_EACCESS) */
int vm_truncate(struct proc *p, const char *path, int64_t size);
int vm_ftruncate(struct proc *p, int fd, int64_t size);
int vm_chmod(struct proc *p, const char *path, uint32_t mode);
int vm_fchmod(struct proc *p, int fd, uint32_t mode);
int vm_chown(struct proc *p, const char *path, int64_t uid, int64_t gid,
             bool follow); /* -1: keep */
/* NULL times: now. tv_nsec UTIME_NOW and UTIME_OMIT as in utimensat(2). */
int vm_utimens(struct proc *p, const char *path, const struct timespec times[2], bool follow);
int vm_getattrs(struct proc *p, const char *path, uint32_t *attrs); /* lsattr; VFS_ATTR_* */
int vm_setattrs(struct proc *p, const char *path, uint32_t attrs);  /* chattr; root only */
int vm_statfs(struct proc *p, const char *path, uint64_t *blocks, uint64_t *bfree, uint64_t *files,
              uint64_t *ffree);
int vm_realpath(struct proc *p, const char *path, char *out, size_t n); /* all links resolved */

/* --- directories and names ---------------------------------------------- */
int vm_mkdir(struct proc *p, const char *path, uint32_t mode);
int vm_rmdir(struct proc *p, const char *path);
int vm_unlink(struct proc *p, const char *path);
int vm_rename(struct proc *p, const char *from, const char *to);
int vm_link(struct proc *p, const char *from, const char *to);
int vm_symlink(struct proc *p, const char *target, const char *path);
int vm_mknod(struct proc *p, const char *path, uint32_t mode, uint64_t rdev);
int vm_chdir(struct proc *p, const char *path);
int vm_getcwd(struct proc *p, char *out, size_t n); /* length, or -ENOENT if it was removed */
uint32_t vm_umask(struct proc *p, uint32_t mask);   /* the old one */
/* All names of a directory but . and .. , in the order of the file system: an
 * array in the process's arena, ended by a NULL name. Count or -errno. */
struct vm_dirent {
    char *name;
    uint64_t ino;
    uint8_t type; /* DT_* */
};
int vm_readdir(struct proc *p, const char *path, struct vm_dirent **out);
/* Gives vm_readdir's array of n names back: walks that go deep must. */
void vm_readdir_free(struct proc *p, struct vm_dirent *all, int n);
int vm_mount(struct proc *p, const char *source, const char *target, const char *type,
             const char *options); /* root; tmpfs, bind are believed; others -ENODEV, ... */
int vm_umount(struct proc *p, const char *target);

/* --- descriptors, pipes, sockets ------------------------------------------ */
int vm_pipe(struct proc *p, int fds[2]);
int vm_socketpair(struct proc *p, int fds[2]);
int vm_dup(struct proc *p, int fd, int min); /* lowest free descriptor >= min */
int vm_dup2(struct proc *p, int fd, int to);
int vm_cloexec(struct proc *p, int fd, bool on);
int vm_nonblock(struct proc *p, int fd, bool on); /* an open file's flag, as O_NONBLOCK */
int vm_fd_flags(struct proc *p, int fd);          /* O_* of the open file, or -EBADF */
int vm_poll(struct proc *p, struct pollfd *fds, size_t n, int timeout_ms);
int vm_fd_path(struct proc *p, int fd, char *out, size_t n); /* as readlink /proc/self/fd/N */

/* --- terminals -------------------------------------------------------------- */
bool vm_isatty(struct proc *p, int fd);
int vm_ttyname(struct proc *p, int fd, char *out, size_t n); /* "/dev/pts/0" */
int vm_tcgetattr(struct proc *p, int fd, struct termios *t);
int vm_tcsetattr(struct proc *p, int fd, int when, const struct termios *t);
int vm_getwinsize(struct proc *p, int fd, struct winsize *w);
int vm_setwinsize(struct proc *p, int fd, const struct winsize *w);
int vm_tcgetpgrp(struct proc *p, int fd);
int vm_tcsetpgrp(struct proc *p, int fd, int pgrp);

/* --- processes ------------------------------------------------------------- */
/* fork in two halves, since memory is not copied: vm_fork makes a child that
 * has the parent's descriptors, directory, ids, signals, environment and name,
 * but does not run yet. The parent puts what the child needs into the child's
 * arena (vm_alloc(child, ...)), then vm_start lets it run fn(child, arg);
 * its result is the exit status. The child's process id, or -EAGAIN when the
 * machine has too many (nothing was made). */
typedef int vm_child_fn(struct proc *p, void *arg);
int vm_fork(struct proc *p, struct proc **child);
void vm_start(struct proc *child, vm_child_fn *fn, void *arg);
/* Replaces the program: finds the file's program (emulated by path or content,
 * script by its #! line), drops the arena, closes close-on-exec descriptors,
 * resets handlers; does not return on success. argv and envp are copied.
 * -ENOENT, -EACCES, -ENOEXEC (a text without #!: the shell then runs it
 * itself), -ELOOP, -E2BIG, -EISDIR is -EACCES as on Linux. */
int vm_exec(struct proc *p, const char *path, char *const argv[], char *const envp[]);
/* fork, exec, in one: for programs that start others (xargs, env, time, ...).
 * The child's process id or -errno of the exec. setup (may be NULL) runs in
 * the child before the exec. */
int vm_spawn(struct proc *p, const char *path, char *const argv[], char *const envp[],
             void (*setup)(struct proc *child, void *arg), void *arg);
/* Looks name up in PATH of the environment (or uses it as it is if it has a
 * slash): 0 and the path, or -ENOENT, -EACCES. */
int vm_find_program(struct proc *p, const char *name, char *out, size_t n);
void vm_exit(struct proc *p, int status) __attribute__((noreturn)); /* flushes p's streams */
void vm_exit_signal(struct proc *p, int sig) __attribute__((noreturn));
int vm_wait(struct proc *p, int pid, int *status, int options); /* as waitpid(2) */
int vm_getpid(struct proc *p);
int vm_getppid(struct proc *p);
int vm_getpgid(struct proc *p, int pid);
int vm_setpgid(struct proc *p, int pid, int pgid);
int vm_getsid(struct proc *p, int pid);
int vm_setsid(struct proc *p);
int vm_nice(struct proc *p, int pid, int value,
            bool set);                              /* 20 - getpriority-like: see getpriority(2) */
void vm_set_name(struct proc *p, const char *comm); /* prctl(PR_SET_NAME) */
struct vm_times {
    int64_t user_us, sys_us, child_user_us, child_sys_us; /* virtual, from fuel */
};
void vm_gettimes(struct proc *p, struct vm_times *t);
int vm_getrlimit(struct proc *p, int which, uint64_t *soft, uint64_t *hard); /* UINT64_MAX: none */
int vm_setrlimit(struct proc *p, int which, uint64_t soft, uint64_t hard);

/* The environment as an array owned by the process; exec replaces it. */
char **vm_environ(struct proc *p);
const char *vm_getenv(struct proc *p, const char *name);

/* --- signals ---------------------------------------------------------------- */
typedef void vm_sig_fn(struct proc *p, int sig); /* runs in p's own fiber, between calls */
#define VM_SIG_DFL ((vm_sig_fn *)0)
#define VM_SIG_IGN ((vm_sig_fn *)1)
/* restart: interrupted calls go on, else they answer -EINTR. The old one. */
vm_sig_fn *vm_signal(struct proc *p, int sig, vm_sig_fn *fn, bool restart);
vm_sig_fn *vm_signal_get(struct proc *p, int sig);
uint64_t vm_sigmask(struct proc *p, uint64_t mask); /* bit sig-1; the old mask */
int vm_kill(struct proc *p, int pid, int sig);      /* as kill(2), groups too */
int vm_pause(struct proc *p);                       /* -EINTR after a handler */

/* --- users and time ------------------------------------------------------------ */
uint32_t vm_getuid(struct proc *p);
uint32_t vm_geteuid(struct proc *p);
uint32_t vm_getgid(struct proc *p);
uint32_t vm_getegid(struct proc *p);
const struct vfs_cred *vm_cred(struct proc *p);
int vm_setuid(struct proc *p, uint32_t uid,
              uint32_t gid);                 /* real and effective; groups from /etc/group */
struct timespec vm_now(struct proc *p);      /* the machine's wall clock */
int64_t vm_mono_us(struct proc *p);          /* since boot of the host: for measuring */
int64_t vm_uptime_us(struct proc *p);        /* since boot of the virtual machine */
int vm_sleep_us(struct proc *p, int64_t us); /* 0 or -EINTR */
int vm_alarm_us(struct proc *p, int64_t us); /* SIGALRM once; 0 stops */

/* --- the machine --------------------------------------------------------------- */
struct vm *vm_of(struct proc *p);
const struct persona *vm_persona(struct proc *p);
const char *vm_hostname(struct proc *p);
int vm_sethostname(struct proc *p, const char *name);
struct vm_login *vm_login_of(struct proc *p); /* the login p descends from; NULL for daemons */
/* A long text of a real program recorded in the image ("ls --help"); NULL if absent. */
const char *vm_text(struct proc *p, const char *key, size_t *n);
uint64_t vm_random(struct proc *p); /* the machine's own stream of randomness */

/* One row of the process table, for ps, top, pgrep, /proc. Strings are borrowed
 * until the next call of the virtual kernel. */
struct vm_procinfo {
    int pid, ppid, pgid, sid, tty_pgid, nice, threads;
    uint32_t uid, euid, gid, egid;
    char state;              /* R S D T Z I */
    char tty[16];            /* "pts/0" or "?" */
    uint64_t tty_rdev;       /* 0: none */
    const char *comm;        /* at most 15 bytes */
    const char *exe;         /* "" for kernel threads */
    const char *const *argv; /* NULL-ended; empty for kernel threads and zombies */
    const char *const *envp;
    int64_t start_us; /* after boot */
    int64_t user_us, sys_us;
    uint64_t vsz_kib, rss_kib;
};
/* The process with the lowest id above after: true, or false at the end. */
bool vm_proc_next(struct proc *p, int after, struct vm_procinfo *out);
bool vm_proc_info(struct proc *p, int pid, struct vm_procinfo *out);

#endif
