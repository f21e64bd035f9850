/* host.h -- the machine seen from outside: what a sensor does with it.
 *
 * A world is what all machines of a sensor share: image, persona, programs,
 * limits, the scheduler. A vm is one machine. A login is one attacker's session on
 * it, whose processes carry it. Ports are the host's ends of terminals and
 * pipes: bytes go in and out without blocking, and callbacks tell when more is
 * possible. All runs in one thread; callbacks come from inside vm_world_run
 * and must not free the machine (mark it and free it after the run).
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VM_HOST_H
#define VM_HOST_H

#include "base/clock.h"
#include "vfs/image.h"
#include "vm/vm.h"

/* An emulated program. tables of them end with a NULL name. */
struct vm_program {
    const char *name;         /* "ls": answers for /usr/bin/NAME and /usr/sbin/NAME in the image */
    const char *const *paths; /* further absolute paths, NULL-ended; may be NULL */
    vm_main_fn *main;
};

struct vm_fetch_req;

struct vm_limits {
    uint64_t memory;           /* bytes of one machine's processes and disk layer */
    uint64_t disk, inodes;     /* of the layer */
    uint64_t all_memory;       /* of all machines; the least recently used goes first */
    unsigned processes, files; /* per machine; descriptors per process */
    unsigned fuel;             /* steps between yields */
    uint64_t output_rate;      /* bytes a second to one port; 0: none */
};

/* A file that was written. Read it through vfs_read. */
struct vm_written {
    const char *path;    /* absolute */
    const char *program; /* name of the process that opened it: "bash", "sftp-server" */
    struct vnode v;
};

/* What the sensor wants to be told. All may be NULL. login may be NULL. */
struct vm_hooks {
    void *ctx;
    /* The last writer of a regular file closed it (or it was executed). */
    void (*file_written)(void *ctx, struct vm *vm, struct vm_login *login,
                         const struct vm_written *file);
    /* A file that is no emulated program and no script is executed. */
    void (*foreign_exec)(void *ctx, struct vm *vm, struct vm_login *login, const char *path,
                         struct vnode v);
    /* A program of the image that is not emulated was started. */
    void (*not_emulated)(void *ctx, struct vm *vm, struct vm_login *login, const char *path);
    /* A limit was hit: "memory", "processes", "disk", "files", "output", ... */
    void (*limit)(void *ctx, struct vm *vm, struct vm_login *login, const char *which);
    /* An audit line of the virtual system: accounts changed, crontab, ... */
    void (*audit)(void *ctx, struct vm *vm, struct vm_login *login, const char *what,
                  const char *detail);
    /* A download is wanted (vm/net.h says what follows). Strings of req
     * live during the call. false: it is to fail. */
    bool (*fetch_start)(void *ctx, struct vm *vm, struct vm_login *login, uint64_t ticket,
                        const struct vm_fetch_req *req);
    void (*fetch_more)(void *ctx, uint64_t ticket);   /* there is room for its body again */
    void (*fetch_cancel)(void *ctx, uint64_t ticket); /* nobody wants it any more */
};

struct vm_world_conf {
    const struct vfs_image *image;
    const struct persona *persona;
    const struct vm_program *const *tables; /* arrays of programs, NULL-ended */
    const struct clock *clock;
    struct vm_limits limits;
    struct vm_hooks hooks;
    uint64_t seed;
};

struct vm_world;
struct vm_world *vm_world_new(const struct vm_world_conf *conf) NODISCARD;
void vm_world_free(struct vm_world *w); /* frees its machines too */
/* Runs ready processes for about budget_us. The monotonic time in us at which
 * it wants to run again: 0 at once, INT64_MAX when only a port can wake it. */
int64_t vm_world_run(struct vm_world *w, int64_t budget_us);
uint64_t vm_world_memory(const struct vm_world *w);

struct vm *vm_new(struct vm_world *w,
                  const char *key) NODISCARD; /* key: the source address; NULL: no memory */
void vm_free(struct vm *vm); /* kills everything in it; no exit callbacks are made */
struct vm *vm_find(struct vm_world *w, const char *key); /* NULL if none */
uint64_t vm_memory(const struct vm *vm);
int64_t vm_last_used_us(const struct vm *vm); /* monotonic; a machine with logins is in use now */
unsigned vm_logins(const struct vm *vm);
struct vfs_tree *vm_tree(struct vm *vm); /* for sftp: whole tree */
/* A process for the host's own doing (sftp, scp): belongs to login, has no
 * fiber; calls that would block answer -EAGAIN. Freed with vm_agent_free. */
struct proc *vm_agent_new(struct vm_login *l) NODISCARD;
void vm_agent_free(struct proc *p);

/* --- ports: the host's end of a terminal or a pipe ------------------------------ */
struct vm_port;
struct vm_port_events {
    void (*readable)(void *ctx); /* bytes for the host wait, or the far end closed */
    void (*writable)(void *ctx); /* there is room again */
    void *ctx;
};
/* Bytes the machine has for the host, in place; 0: none now. */
size_t vm_port_peek(struct vm_port *port, const uint8_t **p);
void vm_port_consume(struct vm_port *port, size_t n);
bool vm_port_eof(const struct vm_port *port); /* all read and the far ends are closed */
size_t vm_port_write(struct vm_port *port, const void *p, size_t n); /* bytes taken */
size_t vm_port_room(const struct vm_port *port);
void vm_port_shut_write(struct vm_port *port); /* end of file for the machine (pipes) */
void vm_port_close(struct vm_port *port);      /* a terminal hangs up: SIGHUP; pipes break */

/* --- logins ------------------------------------------------------------------------- */
struct vm_login_conf {
    const char *user; /* looked up in the machine's /etc/passwd; must exist there */
    const char *from; /* address text */
    int from_port;
    const char *to;
    int to_port;
    uint64_t id;  /* the caller's session number */
    void *policy; /* the caller's, for policy/gate; see vm_login_policy */
    void *owner;  /* the caller's */
};
/* Makes the sshd processes of a login. 0 or -errno (no such user). */
int vm_login_new(struct vm *vm, const struct vm_login_conf *conf, struct vm_login **out) NODISCARD;
/* The connection ended: its terminals hang up, its sshd processes end; other
 * processes live on. policy and owner read as NULL from now on. */
void vm_login_end(struct vm_login *l);
uint64_t vm_login_id(const struct vm_login *l);
void *vm_login_policy(const struct vm_login *l);
void *vm_login_owner(const struct vm_login *l);
const char *vm_login_from(const struct vm_login *l);
struct vm *vm_login_vm(const struct vm_login *l);

struct vm_run {
    const char *command; /* NULL: a login shell; else the user's shell with -c */
    bool tty;            /* a pseudo-terminal, else three pipes */
    const char *term;
    struct winsize size;
    const struct termios *modes;  /* NULL: defaults */
    const char *const *env;       /* further NAME=value, NULL-ended */
    struct vm_port_events events; /* of in/out (and the terminal) */
    struct vm_port_events err_events;
    /* The process has ended and its output is complete: a wait(2) status. */
    void (*ended)(void *ctx, int status);
    void *ctx;
};
/* Starts a shell for a channel as sshd does. With a terminal *io is it and
 * *err NULL; else *io is standard input and output, *err standard error. */
int vm_login_run(struct vm_login *l, const struct vm_run *run, int *pid, struct vm_port **io,
                 struct vm_port **err) NODISCARD;
/* The caller's end of the run is gone: its ended is not called any more. */
void vm_login_forget(struct vm_login *l, int pid);
int vm_login_signal(struct vm_login *l, int pid, int sig); /* to the process group */
int vm_port_resize(struct vm_port *tty, const struct winsize *size);
/* The slave's modes now: is input echoed? (for the record of typed passwords) */
bool vm_port_echo(const struct vm_port *tty);

#endif
