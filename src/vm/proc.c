/* proc.c -- the process table: birth, death, family.
 *
 * A process that dies gives back everything but its row at once; the row stays
 * as a zombie until its parent waits. Orphans belong to init, which reaps
 * without being asked. Daemons (daemons.c) have rows but no struct proc.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "vm/priv.h"

int pid_next(struct vm *vm)
{
    do {
        if (++vm->last_pid >= PID_MAX)
            vm->last_pid = 300;
    } while (proc_find(vm, vm->last_pid));
    return vm->last_pid;
}

struct proc *proc_find(struct vm *vm, int pid)
{
    LIST_EACH(l, &vm->procs)
    {
        struct proc *p = LIST_ENTRY(l, struct proc, table);
        if (p->pid == pid)
            return p;
    }
    return NULL;
}

struct proc *proc_after(struct vm *vm, int pid)
{
    LIST_EACH(l, &vm->procs)
    {
        struct proc *p = LIST_ENTRY(l, struct proc, table);
        if (p->pid > pid)
            return p;
    }
    return NULL;
}

/* The table is sorted by id; ids grow, so the place is nearly always the end. */
static void table_insert(struct vm *vm, struct proc *p)
{
    struct list *after = vm->procs.prev;
    while (after != &vm->procs && LIST_ENTRY(after, struct proc, table)->pid > p->pid)
        after = after->prev;
    list_add_between(&p->table, after, after->next);
    vm->nprocs++;
}

static void init_lists(struct proc *p)
{
    list_init(&p->siblings);
    list_init(&p->children);
    list_init(&p->run);
    list_init(&p->arenas);
    list_init(&p->waiters);
    list_init(&p->waiter.in_queue);
    list_init(&p->waiter.of_proc);
}

struct proc *proc_new(struct vm *vm, struct proc *parent, int ppid)
{
    struct proc *p = k_alloc(vm, sizeof(*p));
    if (!p)
        return NULL;
    init_lists(p);
    p->vm = vm;
    p->arena = arena_new(&vm->prog, 0);
    if (!p->arena) {
        k_free(vm, p, sizeof(*p));
        return NULL;
    }
    p->pid = pid_next(vm);
    p->pgid = p->sid = p->pid;
    p->ppid = ppid;
    p->umask = 022;
    p->start_us = vm_boot_age_us(vm);
    p->cwd = (struct vnode){vm->disk, vm->disk->root};
    if (parent) {
        p->parent = parent;
        p->ppid = parent->pid;
        list_push(&parent->children, &p->siblings);
        p->pgid = parent->pgid;
        p->sid = parent->sid;
        p->umask = parent->umask;
        p->cred = parent->cred;
        p->ruid = parent->ruid;
        p->rgid = parent->rgid;
        p->nice = parent->nice;
        p->login = parent->login;
        p->cwd = parent->cwd;
        p->tty = parent->tty;
        memcpy(p->comm, parent->comm, sizeof(p->comm));
    }
    vfs_hold(p->cwd);
    if (p->tty)
        p->tty->refs++;
    if (p->login)
        login_ref(p->login);
    table_insert(vm, p);
    return p;
}

static void arenas_free(struct proc *p)
{
    while (!list_empty(&p->arenas)) {
        struct proc_arena *pa = LIST_ENTRY(p->arenas.next, struct proc_arena, link);
        list_del(&pa->link);
        arena_free(pa->arena);
    }
    arena_free(p->arena);
    p->arena = NULL;
    p->streams = NULL;
    memset(p->std, 0, sizeof(p->std));
    p->env = NULL;
}

void proc_free(struct proc *p)
{
    struct vm *vm = p->vm;
    list_del(&p->table);
    list_del(&p->siblings);
    vm->nprocs--;
    k_free(vm, p, sizeof(*p));
}

void proc_entry(void *arg)
{
    struct proc *p = arg;
    if (signal_waiting(p))
        (void)signal_deliver(p);
    int status = p->fn ? p->fn(p, p->fn_arg) : p->prog->main(p, p->prog->argc, p->prog->argv);
    vm_exit(p, status);
}

void proc_launch(struct proc *p)
{
    struct vm *vm = p->vm;
    p->fiber = fiber_new(proc_entry, p);
    if (!p->fiber) {
        p->state = P_SLEEP;
        proc_die(p, SIGKILL);
        return;
    }
    vm->kern.used += FIBER_COST;
    p->state = P_SLEEP;
    proc_ready(p);
}

/* --- death --------------------------------------------------------------------- */
static void children_orphan(struct proc *p)
{
    while (!list_empty(&p->children)) {
        struct proc *c = LIST_ENTRY(p->children.next, struct proc, siblings);
        list_del(&c->siblings);
        c->parent = NULL;
        c->ppid = 1;
        if (c->state == P_NEW)
            proc_die(c, SIGKILL); /* reaped there */
        else if (c->state == P_ZOMBIE && !c->doomed)
            proc_free(c);
    }
}

/* A group whose last link to a live parent in its session has gone, and that
 * has stopped members: nobody could continue them. */
bool pgrp_orphaned(struct vm *vm, int pgid)
{
    LIST_EACH(l, &vm->procs)
    {
        struct proc *p = LIST_ENTRY(l, struct proc, table);
        if (p->pgid == pgid && p->state != P_ZOMBIE && p->parent && p->parent->pgid != pgid &&
            p->parent->sid == p->sid)
            return false;
    }
    return true;
}

void proc_check_orphans(struct vm *vm, int pgid, bool was_orphaned)
{
    if (was_orphaned || !pgrp_orphaned(vm, pgid))
        return;
    LIST_EACH(l, &vm->procs)
    {
        struct proc *p = LIST_ENTRY(l, struct proc, table);
        if (p->pgid == pgid && p->state == P_STOPPED) {
            signal_group(vm, pgid, SIGHUP);
            signal_group(vm, pgid, SIGCONT);
            return;
        }
    }
}

static void release_all(struct proc *p)
{
    struct vm *vm = p->vm;
    list_del(&p->run);
    proc_unwait(p);
    timer_stop(vm->world, &p->sleep_timer);
    timer_stop(vm->world, &p->alarm_timer);
    fd_close_all(p, false);
    if (p->actions)
        k_free(vm, p->actions, NSIG_MAX * sizeof(*p->actions));
    p->actions = NULL;
    if (p->rlimits)
        k_free(vm, p->rlimits, RLIM_NLIMITS * 2 * sizeof(uint64_t));
    p->rlimits = NULL;
    program_unref(vm, p->prog);
    p->prog = NULL;
    vfs_drop(p->cwd);
    p->cwd = (struct vnode){0};
    arenas_free(p);
    if (p->fiber)
        vm->kern.used -= FIBER_COST;
}

void proc_die(struct proc *p, int status)
{
    struct vm *vm = p->vm;
    if (p->state == P_ZOMBIE)
        return;
    bool was_orphaned = pgrp_orphaned(vm, p->pgid);
    p->state = P_ZOMBIE;
    p->status = status;
    release_all(p);
    children_orphan(p);
    struct vm_tty *tty = p->tty;
    p->tty = NULL;
    if (tty && p->pid == p->sid)
        tty_leader_died(tty);
    if (tty)
        tty_unref(tty);
    proc_check_orphans(vm, p->pgid, was_orphaned);
    login_proc_ended(p);
    if (p->login)
        login_unref(p->login);
    p->login = NULL;
    struct proc *parent = p->parent;
    bool reap = !parent || parent->fixed || signal_is_ignored(parent, SIGCHLD);
    if (parent) {
        parent->child_steps += p->steps + p->child_steps;
        signal_send(parent, SIGCHLD);
        waitq_wake(&parent->child_q);
    }
    if (p == vm->world->running) {
        p->reap = reap;
        return; /* the caller leaves the fiber; the scheduler sweeps */
    }
    fiber_free(p->fiber);
    p->fiber = NULL;
    if (reap)
        proc_free(p);
}

void vm_exit(struct proc *p, int status)
{
    streams_flush(p);
    proc_die(p, (status & 0xff) << 8);
    sched_leave(p);
}

void vm_exit_signal(struct proc *p, int sig)
{
    proc_die(p, sig & 0x7f);
    sched_leave(p);
}

/* --- fork ----------------------------------------------------------------------- */
int vm_fork(struct proc *p, struct proc **child)
{
    struct vm *vm = p->vm;
    BURN(p, 20);
    uint64_t most = proc_rlimit(p, RLIMIT_NPROC);
    if (vm->nprocs >= vm->world->conf.limits.processes || vm->nprocs >= most) {
        limit_hit(vm, p, LIMIT_PROCESSES);
        return -EAGAIN;
    }
    struct proc *c = proc_new(vm, p, 0);
    if (!c)
        return -ENOMEM;
    c->prog = p->prog;
    if (c->prog)
        c->prog->refs++;
    c->sig_blocked = p->sig_blocked;
    c->sig_ignored = p->sig_ignored;
    if (p->actions) {
        c->actions = k_alloc(vm, NSIG_MAX * sizeof(*c->actions));
        if (c->actions)
            memcpy(c->actions, p->actions, NSIG_MAX * sizeof(*c->actions));
    }
    if (p->rlimits) {
        c->rlimits = k_alloc(vm, RLIM_NLIMITS * 2 * sizeof(uint64_t));
        if (c->rlimits)
            memcpy(c->rlimits, p->rlimits, RLIM_NLIMITS * 2 * sizeof(uint64_t));
    }
    if (fd_copy_all(p, c) < 0) {
        c->parent = NULL;
        proc_die(c, SIGKILL);
        return -ENOMEM;
    }
    if (p->env) { /* somebody may have changed it */
        size_t n = 0;
        while (p->env[n])
            n++;
        c->env = vm_alloc(c, (n + 1) * sizeof(char *));
        for (size_t i = 0; i < n; i++)
            c->env[i] = vm_strdup(c, p->env[i]);
    }
    *child = c;
    return c->pid;
}

void vm_start(struct proc *child, vm_child_fn *fn, void *arg)
{
    child->fn = fn;
    child->fn_arg = arg;
    proc_launch(child);
}

/* --- wait -------------------------------------------------------------------------- */
static bool wait_matches(const struct proc *p, const struct proc *c, int pid)
{
    if (pid > 0)
        return c->pid == pid;
    if (pid == -1)
        return true;
    return c->pgid == (pid == 0 ? p->pgid : -pid);
}

/* A child with something to tell: its id, or 0; *any: there are candidates. */
static int wait_scan(struct proc *p, int pid, int *status, int options, bool *any)
{
    LIST_EACH_SAFE(l, &p->children)
    {
        struct proc *c = LIST_ENTRY(l, struct proc, siblings);
        int id = c->pid;
        if (!wait_matches(p, c, pid))
            continue;
        *any = true;
        if (c->state == P_ZOMBIE && !c->doomed) {
            *status = c->status;
            proc_free(c);
            return id;
        }
        if ((options & WUNTRACED) && c->state == P_STOPPED && !c->stop_told) {
            c->stop_told = true;
            *status = c->status << 8 | 0x7f;
            return id;
        }
        if ((options & WCONTINUED) && c->cont_told) {
            c->cont_told = false;
            *status = 0xffff;
            return id;
        }
    }
    return 0;
}

int vm_wait(struct proc *p, int pid, int *status, int options)
{
    BURN(p, 2);
    int dummy;
    for (;;) {
        bool any = false;
        int id = wait_scan(p, pid, status ? status : &dummy, options, &any);
        if (id)
            return id;
        if (!any)
            return -ECHILD;
        if (options & WNOHANG)
            return 0;
        proc_wait_on(p, &p->child_q, NULL);
        int err = proc_sleep(p, INT64_MAX, true);
        if (err < 0)
            return err;
    }
}

/* --- memory ---------------------------------------------------------------------------- */
void *vm_alloc(struct proc *p, size_t n)
{
    void *mem = arena_zalloc(p->arena, n);
    if (mem)
        return mem;
    /* Nobody could be killed for it (an agent, or a child being built): the
     * promise is "never NULL", and a host without memory is lost anyway. */
    size_t max = p->vm->prog.max;
    p->vm->prog.max = SIZE_MAX;
    mem = arena_zalloc(p->arena, n);
    p->vm->prog.max = max;
    return mem;
}

void vm_release(struct proc *p, void *mem, size_t n)
{
    arena_release(p->arena, mem, n);
}

char *vm_strdup(struct proc *p, const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(vm_alloc(p, n), s, n);
}

char *vm_asprintf(struct proc *p, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        n = 0;
    char *out = vm_alloc(p, (size_t)n + 1);
    (void)vsnprintf(out, (size_t)n + 1, fmt, again);
    va_end(again);
    return out;
}

struct arena *vm_arena(struct proc *p)
{
    return p->arena;
}

struct arena *vm_arena_new(struct proc *p)
{
    struct arena *a = arena_new(&p->vm->prog, 0);
    struct proc_arena *pa = a ? arena_alloc(a, sizeof(*pa)) : NULL;
    if (!pa) {
        arena_free(a);
        vm_exit_signal(p, SIGKILL);
    }
    pa->arena = a;
    list_push(&p->arenas, &pa->link);
    return a;
}

void vm_arena_drop(struct proc *p, struct arena *a)
{
    LIST_EACH(l, &p->arenas)
    {
        struct proc_arena *pa = LIST_ENTRY(l, struct proc_arena, link);
        if (pa->arena == a) {
            list_del(&pa->link);
            arena_free(a);
            return;
        }
    }
}
