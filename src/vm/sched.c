/* sched.c -- who runs when: machines take turns, and in each its processes.
 *
 * Turns go round the machines, not the processes, so that a fork bomb gets no
 * more of the processor than the shell next door. A turn is one slice of one
 * process: until it sleeps, ends, or has burnt its fuel. Timers are a binary
 * heap of all machines.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/priv.h"

/* --- timers -------------------------------------------------------------- */
static void heap_place(struct vm_world *w, uint32_t i, struct vm_timer *t)
{
    w->heap[i] = t;
    t->slot = i;
}

static void heap_up(struct vm_world *w, uint32_t i, struct vm_timer *t)
{
    for (; i > 1 && w->heap[i / 2]->at_us > t->at_us; i /= 2)
        heap_place(w, i, w->heap[i / 2]);
    heap_place(w, i, t);
}

static void heap_down(struct vm_world *w, uint32_t i, struct vm_timer *t)
{
    for (;;) {
        uint32_t c = 2 * i;
        if (c > w->nheap)
            break;
        if (c < w->nheap && w->heap[c + 1]->at_us < w->heap[c]->at_us)
            c++;
        if (w->heap[c]->at_us >= t->at_us)
            break;
        heap_place(w, i, w->heap[c]);
        i = c;
    }
    heap_place(w, i, t);
}

void timer_stop(struct vm_world *w, struct vm_timer *t)
{
    if (!t->slot)
        return;
    uint32_t i = t->slot;
    struct vm_timer *last = w->heap[w->nheap--];
    t->slot = 0;
    if (last == t)
        return;
    if (i > 1 && w->heap[i / 2]->at_us > last->at_us)
        heap_up(w, i, last);
    else
        heap_down(w, i, last);
}

void timer_set(struct vm_world *w, struct vm_timer *t, int64_t at_us)
{
    timer_stop(w, t);
    if (w->nheap + 2 > w->heap_cap) {
        uint32_t cap = w->heap_cap ? w->heap_cap * 2 : 64;
        struct vm_timer **heap = x_realloc(w->heap, cap * sizeof(*heap));
        if (!heap)
            return; /* the host is out of memory: the sleeper is woken by others only */
        w->heap = heap;
        w->heap_cap = cap;
    }
    t->at_us = at_us;
    heap_up(w, ++w->nheap, t);
}

static void timers_fire(struct vm_world *w, int64_t now)
{
    while (w->nheap && w->heap[1]->at_us <= now) {
        struct vm_timer *t = w->heap[1];
        timer_stop(w, t);
        t->fn(t);
    }
}

/* --- waiting ---------------------------------------------------------------- */
static void waiter_unlink(struct waiter *wt)
{
    list_del(&wt->in_queue);
    list_del(&wt->of_proc);
}

void waitq_wake(struct waitq *q)
{
    if (!q->head.next)
        return;
    while (!list_empty(&q->head)) {
        struct waiter *wt = LIST_ENTRY(q->head.next, struct waiter, in_queue);
        struct proc *p = wt->p;
        waiter_unlink(wt);
        p->woken = true;
        proc_ready(p);
    }
}

void proc_wait_on(struct proc *p, struct waitq *q, struct waiter *wt)
{
    if (!q->head.next)
        list_init(&q->head);
    if (!wt)
        wt = &p->waiter;
    wt->p = p;
    list_push(&q->head, &wt->in_queue);
    list_push(&p->waiters, &wt->of_proc);
}

void proc_unwait(struct proc *p)
{
    while (!list_empty(&p->waiters))
        waiter_unlink(LIST_ENTRY(p->waiters.next, struct waiter, of_proc));
}

void proc_ready(struct proc *p)
{
    if (p->state == P_STOPPED) {
        p->stopped_state = P_READY;
        return;
    }
    if (p->state != P_SLEEP || !p->fiber)
        return;
    p->state = P_READY;
    list_push(&p->vm->ready, &p->run);
    if (list_empty(&p->vm->run))
        list_push(&p->vm->world->ready, &p->vm->run);
}

static void sleep_over(struct vm_timer *t)
{
    struct proc *p = LIST_ENTRY(t, struct proc, sleep_timer);
    p->timed_out = true;
    proc_ready(p);
}

int proc_sleep(struct proc *p, int64_t until_us, bool restart)
{
    struct vm_world *w = p->vm->world;
    if (!p->fiber || w->running != p) {
        proc_unwait(p);
        return -EAGAIN;
    }
    p->timed_out = p->woken = false;
    if (!signal_waiting(p)) {
        if (until_us != INT64_MAX) {
            p->sleep_timer.fn = sleep_over;
            timer_set(w, &p->sleep_timer, until_us);
        }
        p->state = P_SLEEP;
        fiber_yield();
        timer_stop(w, &p->sleep_timer);
    }
    proc_unwait(p);
    bool woken = p->woken, late = p->timed_out;
    if (signal_waiting(p) && (signal_deliver(p) || !restart) && !woken)
        return -EINTR;
    return late && !woken ? -ETIMEDOUT : 0;
}

void proc_yield(struct proc *p)
{
    if (!p->fiber || p->vm->world->running != p)
        return;
    p->state = P_SLEEP;
    proc_ready(p);
    fiber_yield();
}

void sched_leave(struct proc *p)
{
    p->doomed = true;
    for (;;)
        fiber_yield();
}

void vm_tick(struct proc *p, unsigned steps)
{
    if (!p->fiber || p->vm->world->running != p)
        return;
    p->fuel -= steps;
    if (p->fuel <= 0)
        proc_yield(p);
    if (signal_waiting(p))
        (void)signal_deliver(p);
}

bool vm_deep(struct proc *p)
{
    (void)p;
    return fiber_stack_left() < 24 * 1024;
}

/* --- the loop ------------------------------------------------------------------ */
static void run_slice(struct vm_world *w, struct vm *vm)
{
    struct proc *p = LIST_ENTRY(vm->ready.next, struct proc, run);
    list_del(&p->run);
    p->state = P_RUN;
    w->running = p;
    int64_t fuel = w->conf.limits.fuel;
    p->fuel = fuel;
    /* What one kind of memory does not use, the other may. */
    vm->prog.max =
        w->conf.limits.memory > vm->kern.used ? w->conf.limits.memory - vm->kern.used : 0;
    vm->kern.max =
        w->conf.limits.memory > vm->prog.used ? w->conf.limits.memory - vm->prog.used : 0;
    fiber_resume(p->fiber);
    w->running = NULL;
    uint64_t used = (uint64_t)(fuel - p->fuel) + 8;
    p->steps += used;
    vm->steps += used;
    vm->slices++;
    if (p->doomed) {
        fiber_free(p->fiber);
        p->fiber = NULL;
        p->doomed = false; /* off its stack now: it may be waited for */
        if (p->reap)
            proc_free(p);
    }
    if (!list_empty(&vm->ready) && list_empty(&vm->run))
        list_push(&w->ready, &vm->run);
}

int64_t vm_world_run(struct vm_world *w, int64_t budget_us)
{
    int64_t start = clock_mono_us(w->clock), now = start;
    /* The count ends a run even if the clock stands still. */
    for (int64_t n = 0;; n++) {
        timers_fire(w, now);
        login_flush_ended(w);
        port_flush_all(w);
        if (list_empty(&w->ready))
            break;
        if (now - start >= budget_us || n > budget_us)
            return 0;
        struct vm *vm = LIST_ENTRY(w->ready.next, struct vm, run);
        list_del(&vm->run);
        if (!list_empty(&vm->ready))
            run_slice(w, vm);
        now = clock_mono_us(w->clock);
    }
    return w->nheap ? w->heap[1]->at_us : INT64_MAX;
}
