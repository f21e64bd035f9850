/* loop.c -- one epoll loop: descriptors, timers, deferred calls.
 *
 * A batch is: wait, call what is ready, run the timers that are due, call the
 * idle function. A watch deleted during a batch may still have an event in it,
 * so it is only marked then and freed after the batch. Timers are a binary
 * heap of pointers that know their own slot (from 1, so that 0 says "not
 * running").
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"

enum { BATCH = 256 };

struct loop_io {
    struct loop *loop;
    int fd;
    unsigned events;
    loop_io_fn *fn; /* NULL: deleted */
    void *ctx;
    struct loop_io *next_dead;
};

struct loop {
    const struct clock *clock;
    int epoll, wake;
    volatile sig_atomic_t stop;
    bool no_pwait2;           /* the kernel lacks it */
    struct loop_timer **heap; /* heap[1..timers] */
    uint32_t timers, heap_cap;
    loop_idle_fn *idle;
    void *idle_ctx;
    int64_t idle_at_us;
    struct loop_io *dead;
    struct epoll_event batch[BATCH];
};

struct loop *loop_new(const struct clock *clock)
{
    struct loop *l = x_calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->clock = clock;
    l->idle_at_us = INT64_MAX;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event ev = {.events = EPOLLIN}; /* data.ptr NULL: the wake-up */
    if (l->epoll < 0 || l->wake < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wake, &ev)) {
        loop_free(l);
        return NULL;
    }
    return l;
}

static void bury_dead(struct loop *l)
{
    while (l->dead) {
        struct loop_io *io = l->dead;
        l->dead = io->next_dead;
        x_free(io);
    }
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    bury_dead(l);
    for (uint32_t i = 1; i <= l->timers; i++)
        l->heap[i]->slot = 0;
    if (l->epoll >= 0)
        close(l->epoll);
    if (l->wake >= 0)
        close(l->wake);
    x_free(l->heap);
    x_free(l);
}

static uint32_t to_epoll(unsigned events)
{
    return (events & LOOP_READ ? EPOLLIN | EPOLLRDHUP : 0u) | (events & LOOP_WRITE ? EPOLLOUT : 0u);
}

struct loop_io *loop_add(struct loop *l, int fd, unsigned events, loop_io_fn *fn, void *ctx)
{
    struct loop_io *io = x_malloc(sizeof *io);
    if (!io)
        return NULL;
    *io = (struct loop_io){.loop = l, .fd = fd, .events = events, .fn = fn, .ctx = ctx};
    struct epoll_event ev = {.events = to_epoll(events), .data.ptr = io};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev)) {
        x_free(io);
        return NULL;
    }
    return io;
}

int loop_mod(struct loop_io *io, unsigned events)
{
    if (io->events == events)
        return 0;
    struct epoll_event ev = {.events = to_epoll(events), .data.ptr = io};
    if (epoll_ctl(io->loop->epoll, EPOLL_CTL_MOD, io->fd, &ev))
        return ERR_SYS;
    io->events = events;
    return 0;
}

void loop_del(struct loop_io *io)
{
    if (!io || !io->fn)
        return;
    epoll_ctl(io->loop->epoll, EPOLL_CTL_DEL, io->fd, NULL);
    io->fn = NULL;
    io->next_dead = io->loop->dead;
    io->loop->dead = io;
}

static void place(struct loop *l, uint32_t slot, struct loop_timer *t)
{
    l->heap[slot] = t;
    t->slot = slot;
}

/* Moves t, whose place is slot, to where the heap's order wants it. */
static void settle(struct loop *l, uint32_t slot, struct loop_timer *t)
{
    while (slot > 1 && l->heap[slot / 2]->at_us > t->at_us) {
        place(l, slot, l->heap[slot / 2]);
        slot /= 2;
    }
    for (;;) {
        uint32_t child = slot * 2;
        if (child > l->timers)
            break;
        if (child < l->timers && l->heap[child + 1]->at_us < l->heap[child]->at_us)
            child++;
        if (l->heap[child]->at_us >= t->at_us)
            break;
        place(l, slot, l->heap[child]);
        slot = child;
    }
    place(l, slot, t);
}

int loop_timer_at(struct loop *l, struct loop_timer *t, int64_t at_us, loop_timer_fn *fn, void *ctx)
{
    if (!t->slot) {
        if (l->timers + 1 >= l->heap_cap) {
            uint32_t cap = l->heap_cap ? l->heap_cap * 2 : 64;
            struct loop_timer **heap = x_realloc(l->heap, cap * sizeof(struct loop_timer *));
            if (!heap)
                return ERR_NOMEM;
            l->heap = heap;
            l->heap_cap = cap;
        }
        t->slot = ++l->timers;
    }
    t->at_us = at_us;
    t->fn = fn;
    t->ctx = ctx;
    settle(l, t->slot, t);
    return 0;
}

int loop_timer_in(struct loop *l, struct loop_timer *t, int64_t us, loop_timer_fn *fn, void *ctx)
{
    return loop_timer_at(l, t, clock_mono_us(l->clock) + us, fn, ctx);
}

void loop_timer_stop(struct loop *l, struct loop_timer *t)
{
    uint32_t slot = t->slot;
    if (!slot)
        return;
    t->slot = 0;
    struct loop_timer *last = l->heap[l->timers--];
    if (last != t)
        settle(l, slot, last);
}

/* At most as many timers as there were: one that sets itself again for now
 * waits for the next batch. */
static void run_timers(struct loop *l)
{
    if (!l->timers)
        return;
    int64_t now = clock_mono_us(l->clock);
    for (uint32_t left = l->timers; left && l->timers && l->heap[1]->at_us <= now; left--) {
        struct loop_timer *t = l->heap[1];
        loop_timer_stop(l, t);
        t->fn(t->ctx);
    }
}

void loop_set_idle(struct loop *l, loop_idle_fn *fn, void *ctx)
{
    l->idle = fn;
    l->idle_ctx = ctx;
    l->idle_at_us = fn ? 0 : INT64_MAX;
}

/* How long the next wait may be, in us; negative: for ever. */
static int64_t wait_us(const struct loop *l, int64_t max_wait_us)
{
    int64_t at = l->idle_at_us;
    if (l->timers && l->heap[1]->at_us < at)
        at = l->heap[1]->at_us;
    if (max_wait_us == 0 || at <= 0 || l->stop || l->clock->fake)
        return 0;
    if (at == INT64_MAX)
        return max_wait_us;
    int64_t us = at - clock_mono_us(l->clock);
    if (us < 0)
        us = 0;
    return max_wait_us >= 0 && max_wait_us < us ? max_wait_us : us;
}

static int wait_events(struct loop *l, int64_t us)
{
    if (us > 0 && !l->no_pwait2) {
        struct timespec ts = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
        int n = epoll_pwait2(l->epoll, l->batch, BATCH, &ts, NULL);
        if (n >= 0 || (errno != ENOSYS && errno != EPERM))
            return n;
        l->no_pwait2 = true;
    }
    int64_t ms = us < 0 ? -1 : (us + 999) / 1000;
    return epoll_wait(l->epoll, l->batch, BATCH, ms > 3600000 ? 3600000 : (int)ms);
}

int loop_once(struct loop *l, int64_t max_wait_us)
{
    int n = wait_events(l, wait_us(l, max_wait_us));
    if (n < 0 && errno != EINTR)
        return ERR_SYS;
    for (int i = 0; i < n; i++) {
        struct loop_io *io = l->batch[i].data.ptr;
        uint32_t e = l->batch[i].events;
        if (!io) {
            uint64_t count;
            if (read(l->wake, &count, sizeof count) < 0)
                continue;
            continue;
        }
        unsigned events = (e & (EPOLLIN | EPOLLRDHUP) ? LOOP_READ : 0u) |
                          (e & EPOLLOUT ? LOOP_WRITE : 0u) |
                          (e & (EPOLLHUP | EPOLLERR) ? LOOP_HUP : 0u);
        if (io->fn)
            io->fn(io->ctx, io->fd, events);
    }
    run_timers(l);
    if (l->idle)
        l->idle_at_us = l->idle(l->idle_ctx);
    bury_dead(l);
    return 0;
}

int loop_run(struct loop *l)
{
    l->stop = 0;
    while (!l->stop) {
        int err = loop_once(l, -1);
        if (err)
            return err;
    }
    return 0;
}

void loop_stop(struct loop *l)
{
    int saved = errno;
    uint64_t one = 1;
    l->stop = 1;
    /* It can only fail when the counter is full, and then a wake-up is due. */
    if (write(l->wake, &one, sizeof one) < 0)
        errno = saved;
    errno = saved;
}

const struct clock *loop_clock(const struct loop *l)
{
    return l->clock;
}
