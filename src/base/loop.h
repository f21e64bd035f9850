/* loop.h -- one epoll loop: descriptors, timers, deferred calls.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

struct loop;
struct loop_io;    /* one watched descriptor */
struct loop_timer; /* embedded by callers: see below */

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HUP = 4 };

typedef void loop_io_fn(void *ctx, int fd, unsigned events);
typedef void loop_timer_fn(void *ctx);

struct loop *loop_new(const struct clock *clock) NODISCARD; /* NULL on failure */
void loop_free(struct loop *l);

/* Watches fd for events (LOOP_READ | LOOP_WRITE; LOOP_HUP is always told).
 * NULL on failure. The descriptor stays the caller's; del before closing it.
 * Deleting inside any callback is fine, also for other descriptors of the
 * same batch: their pending events are dropped. */
struct loop_io *loop_add(struct loop *l, int fd, unsigned events, loop_io_fn *fn,
                         void *ctx) NODISCARD;
int loop_mod(struct loop_io *io, unsigned events) NODISCARD; /* no system call if unchanged */
void loop_del(struct loop_io *io);                           /* NULL is fine */

/* A timer lives in its owner (zero it first). Setting a running timer moves
 * it. at_us is monotonic time. A binary heap holds them. */
struct loop_timer {
    int64_t at_us;
    loop_timer_fn *fn;
    void *ctx;
    uint32_t slot; /* 0: not running */
};
int loop_timer_at(struct loop *l, struct loop_timer *t, int64_t at_us, loop_timer_fn *fn,
                  void *ctx) NODISCARD;
int loop_timer_in(struct loop *l, struct loop_timer *t, int64_t us, loop_timer_fn *fn,
                  void *ctx) NODISCARD;
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/* Called once after each batch of events, before sleeping. It returns the
 * monotonic time in us at which it wants to be called again at the latest:
 * 0 for at once, INT64_MAX for never. The sensor's scheduler hangs here. */
typedef int64_t loop_idle_fn(void *ctx);
void loop_set_idle(struct loop *l, loop_idle_fn *fn, void *ctx);

int loop_run(struct loop *l) NODISCARD; /* until loop_stop; 0 or an error */
/* One batch; waits at most max_wait_us (0: not at all). */
int loop_once(struct loop *l, int64_t max_wait_us) NODISCARD;
void loop_stop(struct loop *l); /* async-signal-safe */
const struct clock *loop_clock(const struct loop *l);

#endif
