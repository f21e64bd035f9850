/* calls.c -- the smaller system calls: ids, times, limits, environment, the
 * table of processes as others see it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include "vm/priv.h"

/* --- identity --------------------------------------------------------------- */
int vm_getpid(struct proc *p)
{
    return p->pid;
}

int vm_getppid(struct proc *p)
{
    return p->ppid;
}

static struct proc *who(struct proc *p, int pid)
{
    struct proc *q = pid == 0 ? p : proc_find(p->vm, pid);
    return q && !q->agent ? q : pid == 0 ? p : NULL;
}

int vm_getpgid(struct proc *p, int pid)
{
    struct vm_procinfo info;
    struct proc *q = who(p, pid);
    if (q)
        return q->pgid;
    return vm_proc_info(p, pid, &info) ? info.pgid : -ESRCH;
}

int vm_getsid(struct proc *p, int pid)
{
    struct vm_procinfo info;
    struct proc *q = who(p, pid);
    if (q)
        return q->sid;
    return vm_proc_info(p, pid, &info) ? info.sid : -ESRCH;
}

int vm_setpgid(struct proc *p, int pid, int pgid)
{
    struct proc *q = who(p, pid);
    BURN(p, 1);
    if (pgid < 0)
        return -EINVAL;
    if (!q || (q != p && q->parent != p))
        return -ESRCH;
    if (q != p && q->execed)
        return -EACCES;
    if (q->sid == q->pid || q->sid != p->sid)
        return -EPERM;
    if (pgid == 0)
        pgid = q->pid;
    bool ok = pgid == q->pid;
    LIST_EACH(l, &p->vm->procs)
    {
        struct proc *r = LIST_ENTRY(l, struct proc, table);
        ok |= r->pgid == pgid && r->sid == q->sid;
    }
    if (!ok)
        return -EPERM;
    q->pgid = pgid;
    return 0;
}

int vm_setsid(struct proc *p)
{
    BURN(p, 1);
    LIST_EACH(l, &p->vm->procs)
    if (LIST_ENTRY(l, struct proc, table)->pgid == p->pid)
        return -EPERM;
    p->sid = p->pgid = p->pid;
    if (p->tty)
        tty_unref(p->tty);
    p->tty = NULL;
    return p->sid;
}

uint32_t vm_getuid(struct proc *p)
{
    return p->ruid;
}

uint32_t vm_geteuid(struct proc *p)
{
    return p->cred.uid;
}

uint32_t vm_getgid(struct proc *p)
{
    return p->rgid;
}

uint32_t vm_getegid(struct proc *p)
{
    return p->cred.gid;
}

const struct vfs_cred *vm_cred(struct proc *p)
{
    return &p->cred;
}

int vm_setuid(struct proc *p, uint32_t uid, uint32_t gid)
{
    struct user u;
    BURN(p, 5);
    if (p->cred.uid && p->ruid && (uid != p->ruid || gid != p->rgid))
        return -EPERM;
    p->cred.uid = p->ruid = uid;
    p->cred.gid = p->rgid = gid;
    p->cred.ngroups = 0;
    if (user_by_id(p->vm, uid, &u) == 0)
        user_groups(p->vm, u.name, gid, &p->cred);
    return 0;
}

/* --- scheduling ---------------------------------------------------------------- */
int vm_nice(struct proc *p, int pid, int value, bool set)
{
    struct proc *q = who(p, pid);
    if (!q)
        return -ESRCH;
    if (!set)
        return 20 - q->nice;
    if (p->cred.uid && p->cred.uid != q->ruid)
        return -EPERM;
    value = value > 19 ? 19 : value < -20 ? -20 : value;
    if (p->cred.uid && value < q->nice)
        return -EACCES;
    q->nice = value;
    return 0;
}

void vm_set_name(struct proc *p, const char *comm)
{
    str_copy(p->comm, sizeof(p->comm), comm);
}

void vm_gettimes(struct proc *p, struct vm_times *t)
{
    uint64_t own = p->steps * STEP_NS / 1000, child = p->child_steps * STEP_NS / 1000;
    *t = (struct vm_times){(int64_t)(own * 2 / 3), (int64_t)(own / 3), (int64_t)(child * 2 / 3),
                           (int64_t)(child / 3)};
}

struct rlimit_row {
    uint64_t soft, hard;
};

static struct rlimit_row rlimit_default(const struct proc *p, int which)
{
    uint64_t inf = UINT64_MAX, threads = p->vm->world->conf.persona->mem_kib / 128;
    switch (which) {
    case RLIMIT_STACK:
        return (struct rlimit_row){8 << 20, inf};
    case RLIMIT_CORE:
        return (struct rlimit_row){0, inf};
    case RLIMIT_NPROC:
    case RLIMIT_SIGPENDING:
        return (struct rlimit_row){threads, threads};
    case RLIMIT_NOFILE:
        return (struct rlimit_row){1024, 1048576};
    case RLIMIT_MEMLOCK: {
        uint64_t lock = p->vm->world->conf.persona->mem_kib / 8 * 1024;
        return (struct rlimit_row){lock, lock};
    }
    case RLIMIT_MSGQUEUE:
        return (struct rlimit_row){819200, 819200};
    case RLIMIT_NICE:
    case RLIMIT_RTPRIO:
        return (struct rlimit_row){0, 0};
    default:
        return (struct rlimit_row){inf, inf};
    }
}

uint64_t proc_rlimit(const struct proc *p, int which)
{
    uint64_t v = p->rlimits ? p->rlimits[which * 2] : rlimit_default(p, which).soft;
    uint64_t ours = p->vm->world->conf.limits.files;
    return which == RLIMIT_NOFILE && v > ours ? ours : v;
}

int vm_getrlimit(struct proc *p, int which, uint64_t *soft, uint64_t *hard)
{
    if (which < 0 || which >= RLIM_NLIMITS)
        return -EINVAL;
    struct rlimit_row r = rlimit_default(p, which);
    *soft = p->rlimits ? p->rlimits[which * 2] : r.soft;
    *hard = p->rlimits ? p->rlimits[which * 2 + 1] : r.hard;
    return 0;
}

int vm_setrlimit(struct proc *p, int which, uint64_t soft, uint64_t hard)
{
    uint64_t s, h;
    int err = vm_getrlimit(p, which, &s, &h);
    if (err < 0)
        return err;
    if (soft > hard)
        return -EINVAL;
    if ((hard > h && p->cred.uid) || (which == RLIMIT_NOFILE && hard > 1048576))
        return -EPERM;
    if (!p->rlimits) {
        p->rlimits = k_alloc(p->vm, RLIM_NLIMITS * 2 * sizeof(uint64_t));
        if (!p->rlimits)
            return -ENOMEM;
        for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
            struct rlimit_row r = rlimit_default(p, i);
            p->rlimits[i * 2] = r.soft;
            p->rlimits[i * 2 + 1] = r.hard;
        }
    }
    p->rlimits[which * 2] = soft;
    p->rlimits[which * 2 + 1] = hard;
    return 0;
}

/* --- environment -------------------------------------------------------------------- */
char **vm_environ(struct proc *p)
{
    if (p->env)
        return p->env;
    static char *const none[] = {NULL};
    char *const *from = p->prog ? p->prog->envp : none;
    size_t n = 0;
    while (from[n])
        n++;
    p->env = vm_alloc(p, (n + 1) * sizeof(char *));
    for (size_t i = 0; i < n; i++)
        p->env[i] = vm_strdup(p, from[i]);
    return p->env;
}

const char *vm_getenv(struct proc *p, const char *name)
{
    size_t n = strlen(name);
    char **env = p->env ? p->env : p->prog ? p->prog->envp : NULL;
    for (; env && *env; env++)
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
            return *env + n + 1;
    return NULL;
}

/* --- time ------------------------------------------------------------------------------ */
struct timespec vm_now(struct proc *p)
{
    int64_t us = vm_real_us(p->vm);
    return (struct timespec){us / 1000000, us % 1000000 * 1000 + (long)(p->steps % 1000)};
}

int64_t vm_mono_us(struct proc *p)
{
    return clock_mono_us(p->vm->world->clock);
}

int64_t vm_uptime_us(struct proc *p)
{
    return vm_boot_age_us(p->vm);
}

int vm_sleep_us(struct proc *p, int64_t us)
{
    int64_t until;
    if (us <= 0) {
        proc_yield(p);
        return 0;
    }
    if (__builtin_add_overflow(vm_mono_us(p), us, &until))
        until = INT64_MAX;
    for (;;) {
        int err = proc_sleep(p, until, false);
        if (err == -ETIMEDOUT)
            return 0;
        if (err < 0)
            return err;
        if (vm_mono_us(p) >= until)
            return 0;
    }
}

static void alarm_rings(struct vm_timer *t)
{
    signal_send(LIST_ENTRY(t, struct proc, alarm_timer), SIGALRM);
}

int vm_alarm_us(struct proc *p, int64_t us)
{
    timer_stop(p->vm->world, &p->alarm_timer);
    if (us > 0) {
        p->alarm_timer.fn = alarm_rings;
        timer_set(p->vm->world, &p->alarm_timer, vm_mono_us(p) + us);
    }
    return 0;
}

/* --- the machine -------------------------------------------------------------------------- */
struct vm *vm_of(struct proc *p)
{
    return p->vm;
}

const struct persona *vm_persona(struct proc *p)
{
    return p->vm->world->conf.persona;
}

const char *vm_hostname(struct proc *p)
{
    return p->vm->hostname;
}

int vm_sethostname(struct proc *p, const char *name)
{
    if (p->cred.uid)
        return -EPERM;
    return str_copy(p->vm->hostname, sizeof(p->vm->hostname), name) ? 0 : -EINVAL;
}

struct vm_login *vm_login_of(struct proc *p)
{
    return p->login;
}

const char *vm_text(struct proc *p, const char *key, size_t *n)
{
    size_t dummy;
    return vfs_image_text(p->vm->world->conf.image, key, n ? n : &dummy);
}

uint64_t vm_random(struct proc *p)
{
    return rng_u64(&p->vm->rng);
}

/* --- the table -------------------------------------------------------------------------------- */
static char state_of(const struct proc *p)
{
    switch (p->state) {
    case P_RUN:
    case P_READY:
        return 'R';
    case P_STOPPED:
        return 'T';
    case P_ZOMBIE:
        return 'Z';
    default:
        return 'S';
    }
}

/* Believable sizes that differ by program and grow with what it holds. */
static void fill_sizes(const struct proc *q, struct vm_procinfo *out)
{
    static const struct {
        const char *comm;
        unsigned vsz, rss;
    } usual[] = {{"bash", 7196, 4080}, {"sh", 2580, 916},          {"sshd", 17860, 11140},
                 {"ps", 11080, 4420},  {"sleep", 5464, 880},       {"cat", 5484, 888},
                 {"top", 9900, 4000},  {"sftp-server", 8180, 5560}};
    uint64_t h = hash_fixed(q->comm, strlen(q->comm), 7);
    uint64_t held = q->arena ? arena_used(q->arena) / 4096 * 4 : 0;
    uint64_t vsz = 5200 + h % 4400 / 4 * 4, rss = 1200 + (h >> 16) % 2600 / 4 * 4;
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        if (strcmp(q->comm, usual[i].comm) == 0) {
            vsz = usual[i].vsz;
            rss = usual[i].rss;
        }
    out->vsz_kib = vsz + held;
    out->rss_kib = rss + held;
}

static void fill_info(struct proc *q, struct vm_procinfo *out)
{
    static const char *const none[] = {NULL};
    bool dead = q->state == P_ZOMBIE;
    *out = (struct vm_procinfo){
        .pid = q->pid,
        .ppid = q->ppid,
        .pgid = q->pgid,
        .sid = q->sid,
        .tty_pgid = q->tty ? q->tty->pgrp : -1,
        .nice = q->nice,
        .threads = 1,
        .uid = q->ruid,
        .euid = q->cred.uid,
        .gid = q->rgid,
        .egid = q->cred.gid,
        .state = state_of(q),
        .tty = "?",
        .comm = q->comm,
        .exe = q->prog && !dead ? q->prog->exe : "",
        .argv = q->prog && !dead ? (const char *const *)q->prog->argv : none,
        .envp = q->prog && !dead ? (const char *const *)q->prog->envp : none,
        .start_us = q->start_us,
        .user_us = (int64_t)(q->steps * STEP_NS / 1500),
        .sys_us = (int64_t)(q->steps * STEP_NS / 3000),
    };
    if (q->tty) {
        str_fmt(out->tty, sizeof(out->tty), "pts/%u", q->tty->index);
        out->tty_rdev = makedev(136, q->tty->index);
    }
    if (!dead)
        fill_sizes(q, out);
}

bool vm_proc_next(struct proc *p, int after, struct vm_procinfo *out)
{
    struct proc *q = proc_after(p->vm, after);
    while (q && q->agent)
        q = proc_after(p->vm, q->pid);
    bool have = false;
    for (unsigned i = 0; i < daemon_count(p->vm); i++) {
        struct vm_procinfo row;
        if (!daemon_at(p->vm, i, &row) || row.pid <= after || (have && row.pid >= out->pid))
            continue;
        *out = row;
        have = true;
    }
    if (q && (!have || q->pid < out->pid)) {
        fill_info(q, out);
        have = true;
    }
    return have;
}

bool vm_proc_info(struct proc *p, int pid, struct vm_procinfo *out)
{
    struct proc *q = proc_find(p->vm, pid);
    if (q && !q->agent) {
        fill_info(q, out);
        return true;
    }
    for (unsigned i = 0; i < daemon_count(p->vm); i++)
        if (daemon_at(p->vm, i, out) && out->pid == pid)
            return true;
    return false;
}
