/* base.c -- what the foundations cost: switches, allocations, look-ups, messages.
 *
 * Nanoseconds of this thread's CPU time for one operation, the least of five
 * rounds, for other work on the machine only ever adds.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fiber.h"
#include "base/hash.h"
#include "base/ipc.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/str.h"

static struct arena_budget budget = {.max = 1 << 30};
static struct arena *arena;
static volatile size_t sink; /* what must not be optimised away */

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void measure(const char *name, size_t times, void (*run)(size_t times))
{
    double best = 1e18;
    for (int round = 0; round < 5; round++) {
        double t = cpu_ns();
        run(times);
        t = cpu_ns() - t;
        best = t < best ? t : best;
    }
    printf("%-38s %9.1f ns\n", name, best / (double)times);
}

static void yields(void *arg)
{
    for (;; sink++)
        fiber_yield();
    (void)arg;
}

static void bench_switch(size_t times)
{
    struct fiber *f = fiber_new(yields, NULL);
    for (size_t i = 0; f && i < times; i++)
        fiber_resume(f);
    fiber_free(f);
}

static void ends(void *arg)
{
    (void)arg;
    sink++;
}

static void bench_fiber_life(size_t times)
{
    for (size_t i = 0; i < times; i++) {
        struct fiber *f = fiber_new(ends, NULL);
        if (!f)
            return;
        fiber_resume(f);
        fiber_free(f);
    }
}

static void bench_arena_life(size_t times)
{
    for (size_t i = 0; i < times; i++) {
        struct arena *a = arena_new(&budget, 0);
        sink += arena_alloc(a, 100) != NULL;
        arena_free(a);
    }
}

static void bench_alloc_release(size_t times)
{
    void *ring[64] = {0};
    size_t n[64] = {0};
    for (size_t i = 0; i < times; i++) {
        size_t k = i * 7 & 63;
        arena_release(arena, ring[k], n[k]);
        n[k] = 16 + i % 500;
        ring[k] = arena_alloc(arena, n[k]);
    }
}

static void bench_mark_reset(size_t times)
{
    for (size_t i = 0; i < times; i++) {
        struct arena_mark m = arena_mark(arena);
        sink += arena_alloc(arena, 64) != NULL;
        sink += arena_alloc(arena, 64) != NULL;
        arena_reset(arena, m);
    }
}

static void bench_map_get(size_t times)
{
    struct map *m = map_new(arena);
    char key[32];
    for (int i = 0; i < 30; i++) {
        str_fmt(key, sizeof key, "VARIABLE_%d", i);
        if (map_set(m, key, m))
            return;
    }
    for (size_t i = 0; i < times; i++)
        sink += map_get(m, "VARIABLE_17") != NULL;
}

static void bench_buf_u32(size_t times)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < times; i++) {
        uint32_t v = 0;
        if (buf_put_u32(&b, (uint32_t)i) || buf_get_u32(&b, &v))
            return;
        sink += v;
    }
    buf_done(&b);
}

static void bench_json(size_t times)
{
    struct str b;
    str_init(&b, arena);
    for (size_t i = 0; i < times; i++) {
        str_trunc(&b, 0);
        json_open(&b, '{');
        for (int field = 0; field < 8; field++) {
            json_key(&b, "eventid");
            json_str(&b, "cowrie.command.input", 20);
        }
        json_close(&b, '}');
    }
    sink += b.n;
    str_release(&b);
}

static size_t received;
static void on_message(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    (void)ctx, (void)type, (void)body, (void)n, (void)fd;
    received++;
}

static void on_closed(void *ctx)
{
    (void)ctx;
}

static void bench_ipc(size_t times)
{
    struct clock clock;
    int fds[2];
    char body[400] = {0};
    clock_init(&clock);
    struct loop *l = loop_new(&clock);
    if (!l || ipc_pair(fds))
        return;
    struct ipc *a = ipc_new(l, fds[0], 1 << 20, on_message, on_closed, NULL);
    struct ipc *b = ipc_new(l, fds[1], 1 << 20, on_message, on_closed, NULL);
    received = 0;
    for (size_t sent = 0; a && b && received < times;) {
        for (int i = 0; i < 32 && sent < times; i++)
            sent += ipc_send(a, 1, body, sizeof body, -1) == 0;
        if (loop_once(l, 0))
            break;
    }
    ipc_free(a);
    ipc_free(b);
    loop_free(l);
}

int main(void)
{
    arena = arena_new(&budget, 0);
    if (!arena)
        return 1;
    measure("fiber: resume and yield", 5000000, bench_switch);
    measure("fiber: new, run, free", 200000, bench_fiber_life);
    measure("arena: new, one block, free", 1000000, bench_arena_life);
    measure("arena: alloc and release, mixed sizes", 5000000, bench_alloc_release);
    measure("arena: mark, two blocks, reset", 5000000, bench_mark_reset);
    measure("map: get, 30 keys", 1000000, bench_map_get);
    measure("buf: put and get of a u32", 5000000, bench_buf_u32);
    measure("json: an object of 8 texts", 200000, bench_json);
    measure("ipc: a message of 400 bytes, both ends", 200000, bench_ipc);
    arena_free(arena);
    return 0;
}
