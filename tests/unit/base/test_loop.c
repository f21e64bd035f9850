/* test_loop.c -- descriptors, timers on a clock that tests move, messages.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ipc.h"
#include "base/loop.h"
#include "base/rng.h"

static struct clock fake;
static struct loop *loop;

static int make_loop(void **state)
{
    (void)state;
    clock_init_fake(&fake, 0);
    loop = loop_new(&fake);
    return loop ? 0 : -1;
}

static int drop_loop(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

/* Runs batches until *n is want; fails rather than hangs. */
static void run_until(const size_t *n, size_t want)
{
    for (int i = 0; i < 100000 && *n != want; i++)
        assert_int_equal(loop_once(loop, 0), 0);
    assert_int_equal(*n, want);
}

static int64_t fired[200];
static size_t fires;
static void fire(void *ctx)
{
    (void)ctx;
    fired[fires++] = clock_mono_us(&fake);
}

static void timers_fire_in_order(void **state)
{
    (void)state;
    struct loop_timer t[200] = {0};
    struct rng r;
    rng_seed(&r, 4);
    int64_t start = clock_mono_us(&fake);
    fires = 0;
    for (int i = 0; i < 200; i++)
        assert_int_equal(loop_timer_in(loop, &t[i], rng_range(&r, 1, 1000), fire, NULL), 0);
    for (int i = 0; i < 200; i += 4)
        loop_timer_stop(loop, &t[i]);
    for (int i = 1; i < 200; i += 4)
        assert_int_equal(loop_timer_in(loop, &t[i], 2000 + i, fire, NULL), 0);
    loop_timer_stop(loop, &t[0]); /* once more is harmless */
    for (int us = 0; us < 3000; us++) {
        clock_advance(&fake, 1);
        assert_int_equal(loop_once(loop, 0), 0);
    }
    assert_int_equal(fires, 150);
    for (int i = 0; i < 150; i++)
        assert_true(fired[i] >= (i ? fired[i - 1] : start));
    assert_true(fired[99] <= start + 1000);
    for (int i = 0; i < 50; i++)
        assert_int_equal(fired[100 + i], start + 2000 + 1 + 4 * i);
}

static struct loop_timer again;
static void fire_again(void *ctx)
{
    ++*(int *)ctx;
    assert_int_equal(loop_timer_in(loop, &again, 0, fire_again, ctx), 0);
}

static void a_timer_for_now_waits_for_the_next_batch(void **state)
{
    (void)state;
    int n = 0;
    assert_int_equal(loop_timer_in(loop, &again, 0, fire_again, &n), 0);
    for (int i = 1; i < 5; i++) {
        assert_int_equal(loop_once(loop, 0), 0);
        assert_int_equal(n, i);
    }
    loop_timer_stop(loop, &again);
}

struct peer {
    struct loop_io *io, *other;
    int calls;
    unsigned events;
};

static void kills_the_other(void *ctx, int fd, unsigned events)
{
    struct peer *p = ctx;
    (void)fd;
    p->calls++;
    p->events = events;
    loop_del(p->other);
    p->other = NULL;
}

static void deleting_in_a_batch_drops_pending_events(void **state)
{
    (void)state;
    int a[2], b[2];
    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    struct peer pa = {0}, pb = {0};
    pa.io = loop_add(loop, a[0], LOOP_READ, kills_the_other, &pa);
    pb.io = loop_add(loop, b[0], LOOP_READ, kills_the_other, &pb);
    pa.other = pb.io;
    pb.other = pa.io;
    assert_int_equal(write(a[1], "x", 1), 1);
    assert_int_equal(write(b[1], "x", 1), 1);
    assert_int_equal(loop_once(loop, 0), 0);
    assert_int_equal(pa.calls + pb.calls, 1);
    struct peer *alive = pa.calls ? &pa : &pb;
    assert_int_equal(alive->events, LOOP_READ);
    assert_int_equal(loop_mod(alive->io, 0), 0);
    assert_int_equal(loop_once(loop, 0), 0);
    assert_int_equal(alive->calls, 1);
    close(alive == &pa ? a[1] : b[1]);
    assert_int_equal(loop_once(loop, 0), 0);
    assert_int_equal(alive->calls, 2);
    assert_true(alive->events & LOOP_HUP);
    loop_del(alive->io);
    loop_del(NULL);
    close(a[0]);
    close(b[0]);
    close(alive == &pa ? b[1] : a[1]);
}

static void stop_from_handler(int sig)
{
    (void)sig;
    loop_stop(loop);
}

static int64_t raise_then_sleep(void *ctx)
{
    if (++*(int *)ctx == 3)
        raise(SIGUSR1);
    return *(int *)ctx < 3 ? 0 : INT64_MAX;
}

/* Idle runs after each batch; a signal ends the wait that has no end. */
static void idle_and_stop(void **state)
{
    (void)state;
    struct clock host;
    clock_init(&host);
    struct loop *kept = loop;
    loop = loop_new(&host);
    int n = 0;
    signal(SIGUSR1, stop_from_handler);
    loop_set_idle(loop, raise_then_sleep, &n);
    alarm(20);
    assert_int_equal(loop_run(loop), 0);
    alarm(0);
    assert_int_equal(n, 3);
    int64_t before = clock_mono_us(&host);
    loop_set_idle(loop, NULL, NULL);
    struct loop_timer t = {0};
    fires = 0;
    assert_int_equal(loop_once(loop, 0), 0); /* takes the wake-up */
    assert_int_equal(loop_timer_in(loop, &t, 1500, fire, NULL), 0);
    while (!fires)
        assert_int_equal(loop_once(loop, -1), 0);
    assert_true(clock_mono_us(&host) - before >= 1500);
    loop_free(loop);
    loop = kept;
}

struct end {
    struct ipc *ipc;
    size_t messages, bytes, closed, drained;
    uint32_t last_type;
    int fd;
    bool free_on_recv;
};

static void on_message(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    struct end *e = ctx;
    assert_int_equal((uintptr_t)body % 16, 0);
    for (size_t i = 0; i < n; i++) {
        if (((const uint8_t *)body)[i] != (uint8_t)(type + i))
            fail_msg("byte %zu of message %u differs", i, type);
    }
    e->messages++;
    e->bytes += n;
    e->last_type = type;
    if (fd >= 0)
        e->fd = fd;
    if (e->free_on_recv) {
        ipc_free(e->ipc);
        e->ipc = NULL;
    }
}

static void on_closed(void *ctx)
{
    ((struct end *)ctx)->closed++;
}
static void on_drained(void *ctx)
{
    ((struct end *)ctx)->drained++;
}

static void make_ends(struct end *a, struct end *b, size_t queue_max)
{
    int fds[2];
    *a = *b = (struct end){.fd = -1};
    assert_int_equal(ipc_pair(fds), 0);
    a->ipc = ipc_new(loop, fds[0], queue_max, on_message, on_closed, a);
    b->ipc = ipc_new(loop, fds[1], queue_max, on_message, on_closed, b);
    assert_non_null(a->ipc);
    assert_non_null(b->ipc);
    ipc_on_drained(a->ipc, on_drained);
}

static void messages_arrive_whole_and_in_order(void **state)
{
    (void)state;
    struct end a, b;
    make_ends(&a, &b, 1 << 20);
    static uint8_t body[IPC_MAX];
    static const size_t sizes[] = {0, 1, 15, 16, 2032, 2048, 2049, 40000, IPC_MAX};
    size_t sent = 0;
    for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t j = 0; j < sizes[i]; j++)
            body[j] = (uint8_t)(i + j);
        assert_int_equal(ipc_send(a.ipc, i, body, sizes[i], -1), 0);
        sent += sizes[i];
    }
    run_until(&b.messages, sizeof sizes / sizeof *sizes);
    assert_int_equal(b.bytes, sent);
    assert_int_equal(ipc_send(a.ipc, 1, body, IPC_MAX + 1, -1), ERR_RANGE);
    ipc_free(a.ipc);
    run_until(&b.closed, 1);
    assert_int_equal(ipc_send(b.ipc, 1, body, 1, -1), ERR_CLOSED);
    assert_int_equal(loop_once(loop, 0), 0);
    assert_int_equal(b.closed, 1);
    ipc_free(b.ipc);
}

static void a_full_queue_refuses_and_drains(void **state)
{
    (void)state;
    struct end a, b;
    make_ends(&a, &b, 200000);
    static uint8_t body[1000];
    for (size_t j = 0; j < sizeof body; j++)
        body[j] = (uint8_t)(7 + j);
    size_t sent = 0;
    int err;
    while ((err = ipc_send(a.ipc, 7, body, sizeof body, -1)) == 0)
        assert_true(++sent < 100000);
    assert_int_equal(err, ERR_LIMIT);
    assert_in_range(ipc_queued(a.ipc), 190000, 200000);
    assert_int_equal(ipc_flush(a.ipc, 1), ERR_TIMEOUT);
    run_until(&b.messages, sent);
    assert_int_equal(a.drained, 1);
    assert_int_equal(ipc_queued(a.ipc), 0);
    assert_int_equal(ipc_flush(a.ipc, 0), 0);
    ipc_free(a.ipc);
    ipc_free(b.ipc);
}

static void descriptors_travel(void **state)
{
    (void)state;
    struct end a, b;
    make_ends(&a, &b, 1 << 20);
    int fd = ipc_memfd("test", "contents", 8);
    assert_true(fd >= 0);
    assert_int_equal(ipc_send(a.ipc, 1, NULL, 0, fd), 0);
    close(fd);
    run_until(&b.messages, 1);
    assert_true(b.fd >= 0);
    const void *p;
    size_t n;
    assert_int_equal(ipc_memfd_map(b.fd, &p, &n), 0);
    assert_int_equal(n, 8);
    assert_memory_equal(p, "contents", 8);
    munmap((void *)(uintptr_t)p, n);
    assert_int_equal(write(b.fd, "x", 1), -1);
    close(b.fd);
    int open_one = memfd_create("unsealed", 0);
    assert_int_equal(ipc_memfd_map(open_one, &p, &n), ERR_DENIED);
    close(open_one);
    b.free_on_recv = true; /* freeing inside the callback is fine */
    for (int i = 0; i < 5; i++)
        assert_int_equal(ipc_send(a.ipc, 1, NULL, 0, -1), 0);
    run_until(&b.messages, 2);
    run_until(&a.closed, 1);
    assert_int_equal(b.messages, 2);
    ipc_free(a.ipc);
}

/* A peer that was taken over may send anything. */
static void broken_framing_ends_the_channel(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct end e = {.fd = -1};
        int fds[2];
        assert_int_equal(ipc_pair(fds), 0);
        e.ipc = ipc_new(loop, fds[0], 1000, on_message, on_closed, &e);
        static char big[IPC_MAX + 17];
        if (kind == 0)
            assert_int_equal(send(fds[1], "short", 5, 0), 5);
        if (kind == 1)
            assert_int_equal(send(fds[1], big, sizeof big, 0), sizeof big);
        if (kind == 2) {
            union {
                char bytes[CMSG_SPACE(2 * sizeof(int))];
                struct cmsghdr align;
            } control = {0};
            struct iovec iov = {big, 16};
            struct msghdr msg = {.msg_iov = &iov,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof control.bytes};
            struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
            c->cmsg_level = SOL_SOCKET;
            c->cmsg_type = SCM_RIGHTS;
            c->cmsg_len = CMSG_LEN(2 * sizeof(int));
            memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
            assert_int_equal(sendmsg(fds[1], &msg, 0), 16);
        }
        int next = dup(0); /* the lowest free descriptor: none may leak */
        close(next);
        run_until(&e.closed, 1);
        assert_int_equal(e.messages, 0);
        int after = dup(0);
        close(after);
        assert_int_equal(after, next);
        ipc_free(e.ipc);
        close(fds[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order),
        cmocka_unit_test(a_timer_for_now_waits_for_the_next_batch),
        cmocka_unit_test(deleting_in_a_batch_drops_pending_events),
        cmocka_unit_test(idle_and_stop),
        cmocka_unit_test(messages_arrive_whole_and_in_order),
        cmocka_unit_test(a_full_queue_refuses_and_drains),
        cmocka_unit_test(descriptors_travel),
        cmocka_unit_test(broken_framing_ends_the_channel),
    };
    return cmocka_run_group_tests(tests, make_loop, drop_loop);
}
