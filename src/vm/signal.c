/* signal.c -- sending and receiving signals.
 *
 * A signal whose default is to end or stop a process that does not run takes
 * effect at once; everything else waits for the receiver's next call.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/priv.h"

#define BIT(sig) (UINT64_C(1) << ((sig)-1))

static const uint64_t IGNORED_BY_DEFAULT =
    BIT(SIGCHLD) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGCONT);
static const uint64_t STOPS = BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU);
static const uint64_t DUMPS = BIT(SIGQUIT) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGABRT) |
                              BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSEGV) | BIT(SIGXCPU) |
                              BIT(SIGXFSZ) | BIT(SIGSYS);

static vm_sig_fn *handler(const struct proc *p, int sig)
{
    if (p->sig_ignored & BIT(sig))
        return VM_SIG_IGN;
    return p->actions ? p->actions[sig - 1].fn : VM_SIG_DFL;
}

bool signal_is_ignored(const struct proc *p, int sig)
{
    return handler(p, sig) == VM_SIG_IGN;
}

static void tell_parent(struct proc *p)
{
    if (!p->parent)
        return;
    signal_send(p->parent, SIGCHLD);
    waitq_wake(&p->parent->child_q);
}

/* Stops a process that does not run now. */
static void stop_other(struct proc *p, int sig)
{
    p->stopped_state = p->state;
    if (p->state == P_READY)
        list_del(&p->run);
    p->state = P_STOPPED;
    p->status = sig;
    p->stop_told = false;
    tell_parent(p);
}

static void continue_other(struct proc *p)
{
    p->sig_pending &= ~STOPS;
    if (p->state != P_STOPPED)
        return;
    p->state = P_SLEEP; /* a sleeper looks again whether its reason still holds */
    p->cont_told = true;
    p->stop_told = false;
    proc_ready(p);
    tell_parent(p);
}

void signal_send(struct proc *p, int sig)
{
    if (sig == 0 || p->state == P_ZOMBIE)
        return;
    uint64_t bit = BIT(sig);
    if (sig == SIGCONT)
        continue_other(p);
    if (bit & STOPS)
        p->sig_pending &= ~BIT(SIGCONT);
    vm_sig_fn *fn = handler(p, sig);
    bool deadly = sig == SIGKILL || sig == SIGSTOP;
    if (!deadly && (fn == VM_SIG_IGN || (fn == VM_SIG_DFL && (bit & IGNORED_BY_DEFAULT))))
        return;
    if (p->agent)
        return;
    bool runs = p == p->vm->world->running || p->state == P_NEW;
    if (fn == VM_SIG_DFL && !runs && (deadly || !(p->sig_blocked & bit))) {
        if (bit & STOPS) {
            if (p->state != P_STOPPED && (sig == SIGSTOP || !pgrp_orphaned(p->vm, p->pgid)))
                stop_other(p, sig);
            return;
        }
        if (p->state != P_STOPPED || sig == SIGKILL) {
            proc_die(p, sig | (bit & DUMPS ? 0x80 : 0));
            return;
        }
    }
    p->sig_pending |= bit;
    if (deadly)
        p->sig_blocked &= ~bit;
    if (!(p->sig_blocked & bit) && p->state == P_SLEEP)
        proc_ready(p);
}

void signal_group(struct vm *vm, int pgid, int sig)
{
    /* By id: rows may go while their signals are sent. */
    struct proc *p;
    for (int pid = 0; (p = proc_after(vm, pid)) != NULL;) {
        pid = p->pid;
        if (p->pgid == pgid && p->state != P_ZOMBIE)
            signal_send(p, sig);
    }
}

static void stop_self(struct proc *p, int sig)
{
    p->state = P_STOPPED;
    p->stopped_state = P_READY;
    p->status = sig;
    p->stop_told = false;
    tell_parent(p);
    fiber_yield();
}

bool signal_deliver(struct proc *p)
{
    bool interrupts = false;
    if (p->vm->world->running != p)
        return false;
    while (signal_waiting(p)) {
        uint64_t ready = p->sig_pending & ~p->sig_blocked;
        int sig = ready & BIT(SIGKILL) ? SIGKILL : __builtin_ctzll(ready) + 1;
        uint64_t bit = BIT(sig);
        p->sig_pending &= ~bit;
        vm_sig_fn *fn = handler(p, sig);
        if (fn == VM_SIG_IGN)
            continue;
        if (fn == VM_SIG_DFL) {
            if (bit & IGNORED_BY_DEFAULT)
                continue;
            if (bit & STOPS) {
                if (sig == SIGSTOP || !pgrp_orphaned(p->vm, p->pgid))
                    stop_self(p, sig);
                continue;
            }
            vm_exit_signal(p, sig);
        }
        if (!p->actions[sig - 1].restart)
            interrupts = true;
        uint64_t mask = p->sig_blocked;
        p->sig_blocked |= bit;
        fn(p, sig);
        p->sig_blocked = mask;
    }
    return interrupts;
}

/* --- calls --------------------------------------------------------------------------- */
void vm_set_own(struct proc *p, void *own)
{
    p->own = own;
}

void *vm_own(struct proc *p)
{
    return p->own;
}

vm_sig_fn *vm_signal(struct proc *p, int sig, vm_sig_fn *fn, bool restart)
{
    if (sig < 1 || sig > NSIG_MAX || sig == SIGKILL || sig == SIGSTOP)
        return VM_SIG_DFL;
    vm_sig_fn *old = handler(p, sig);
    p->sig_ignored &= ~BIT(sig);
    if (fn == VM_SIG_IGN || (fn == VM_SIG_DFL && (IGNORED_BY_DEFAULT & BIT(sig))))
        p->sig_pending &= ~BIT(sig);
    if (fn == VM_SIG_IGN) {
        p->sig_ignored |= BIT(sig);
        return old;
    }
    if (!p->actions && fn != VM_SIG_DFL)
        p->actions = k_alloc(p->vm, NSIG_MAX * sizeof(*p->actions));
    if (!p->actions)
        return old;
    p->actions[sig - 1] = (struct sig_action){fn, restart};
    return old;
}

vm_sig_fn *vm_signal_get(struct proc *p, int sig)
{
    return sig < 1 || sig > NSIG_MAX ? VM_SIG_DFL : handler(p, sig);
}

uint64_t vm_sigmask(struct proc *p, uint64_t mask)
{
    uint64_t old = p->sig_blocked;
    p->sig_blocked = mask & ~(BIT(SIGKILL) | BIT(SIGSTOP));
    if (signal_waiting(p))
        (void)signal_deliver(p);
    return old;
}

static bool may_signal(const struct proc *p, const struct proc *to, int sig)
{
    return p->cred.uid == 0 || p->cred.uid == to->ruid || p->ruid == to->ruid ||
           (sig == SIGCONT && p->sid == to->sid);
}

/* To all that match: 0, -ESRCH none, -EPERM all refused. */
static int kill_many(struct proc *p, int pgid, int sig)
{
    int found = 0, sent = 0;
    struct proc *to;
    for (int pid = 0; (to = proc_after(p->vm, pid)) != NULL;) {
        pid = to->pid;
        if (pgid ? to->pgid != pgid : to == p || to->fixed)
            continue;
        found++;
        if (!may_signal(p, to, sig))
            continue;
        sent++;
        signal_send(to, sig);
    }
    return sent ? 0 : found ? -EPERM : -ESRCH;
}

int vm_kill(struct proc *p, int pid, int sig)
{
    BURN(p, 2);
    if (sig < 0 || sig > NSIG_MAX)
        return -EINVAL;
    int err = 0;
    if (pid > 0) {
        struct proc *to = proc_find(p->vm, pid);
        if (!to)
            err = p->cred.uid && daemon_kill(p->vm, pid, 0) == 0 ? -EPERM
                                                                 : daemon_kill(p->vm, pid, sig);
        else if (!may_signal(p, to, sig))
            err = -EPERM;
        else
            signal_send(to, sig);
    } else {
        err = kill_many(p, pid == 0 ? p->pgid : pid == -1 ? 0 : -pid, sig);
    }
    if (signal_waiting(p))
        (void)signal_deliver(p);
    return err;
}

int vm_pause(struct proc *p)
{
    for (;;) {
        int err = proc_sleep(p, INT64_MAX, false);
        if (err < 0)
            return err;
    }
}
