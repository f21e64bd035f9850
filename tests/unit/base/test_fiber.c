/* test_fiber.c -- switching, restarting, pooling of stacks.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/fiber.h"
#include "base/sanitize.h"

static void counts_to_three(void *arg)
{
    int *n = arg;
    double x = 1.5; /* lives across switches */
    for (int i = 0; i < 3; i++) {
        x *= 2;
        ++*n;
        fiber_yield();
    }
    if (x == 12)
        *n += 100;
}

static void fibers_take_turns(void **state)
{
    (void)state;
    int n[2] = {0, 0};
    struct fiber *a = fiber_new(counts_to_three, &n[0]), *b = fiber_new(counts_to_three, &n[1]);
    for (int i = 1; i <= 3; i++) {
        fiber_resume(a);
        assert_int_equal(n[0], i);
        assert_int_equal(n[1], i - 1);
        fiber_resume(b);
        assert_int_equal(n[1], i);
        assert_false(fiber_done(a));
    }
    fiber_resume(a);
    assert_true(fiber_done(a));
    assert_int_equal(n[0], 103);
    fiber_free(a);
    fiber_free(b); /* still suspended */
    fiber_free(NULL);
    fiber_pool_trim(0);
}

static size_t left_outside, left_at_start, left_deeper;
static struct fiber *self;

static __attribute__((noinline)) void go_deeper(void)
{
    char frame[5000];
    memset(frame, 1, sizeof frame);
    __asm__ volatile("" ::"r"(frame) : "memory");
    left_deeper = fiber_stack_left();
}

static void measures(void *arg)
{
    (void)arg;
    self = fiber_self();
    left_at_start = fiber_stack_left();
    go_deeper();
}

static void a_fiber_knows_its_stack(void **state)
{
    (void)state;
    left_outside = fiber_stack_left();
    struct fiber *f = fiber_new(measures, NULL);
    assert_null(fiber_self());
    fiber_resume(f);
    assert_null(fiber_self());
    assert_ptr_equal(self, f);
    assert_true(left_outside > FIBER_STACK);
    assert_in_range(left_at_start, FIBER_STACK - 8192 - 2048, FIBER_STACK);
    assert_true(left_deeper < left_at_start - 5000);
    fiber_free(f);
}

static int restarts;
static void begins_again(void *arg)
{
    char frame[2000];
    memset(frame, restarts, sizeof frame);
    __asm__ volatile("" ::"r"(frame) : "memory");
    if (restarts == 50)
        fiber_yield();
    /* Were the frames kept, this would run out of stack. */
    if (++restarts < 1000)
        fiber_restart(begins_again, arg);
    *(int *)arg = restarts;
}

static void restarting_leaves_no_frames(void **state)
{
    (void)state;
    int result = 0;
    restarts = 0;
    struct fiber *f = fiber_new(begins_again, &result);
    fiber_resume(f);
    assert_int_equal(restarts, 50);
    assert_false(fiber_done(f));
    fiber_resume(f);
    assert_true(fiber_done(f));
    assert_int_equal(result, 1000);
    fiber_free(f);
}

/* Resident bytes of this process. */
static long resident(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages * 4096;
}

static void digs(void *arg)
{
    volatile char deep[200 * 1024];
    for (size_t i = 0; i < sizeof deep; i += 1024)
        deep[i] = 1;
    *(int *)arg += deep[1024];
    fiber_yield();
}

static __attribute__((noinline)) void dig_and_return(void *arg)
{
    volatile char deep[200 * 1024];
    for (size_t i = 0; i < sizeof deep; i += 1024)
        deep[i] = 1;
    *(int *)arg += deep[1024];
}

static void digs_then_idles(void *arg)
{
    dig_and_return(arg);
    fiber_yield();
    *(int *)arg += 100;
}

static void idle_stacks_cost_little(void **state)
{
    (void)state;
#ifdef BASE_ASAN
    enum { N = 64, MOST = 64 * 1024 }; /* its shadow memory counts, too */
#else
    enum { N = 64, MOST = 16 * 1024 };
#endif
    struct fiber *f[N];
    int n = 0;
    for (int round = 0; round < 2; round++) {
        long before = resident();
        for (int i = 0; i < N; i++) {
            f[i] = fiber_new(round ? digs_then_idles : digs, &n);
            fiber_resume(f[i]);
        }
        assert_true(resident() - before > N * 150 * 1024);
        for (int i = 0; i < N && round; i++)
            fiber_shrink(f[i]);
        for (int i = 0; i < N && !round; i++)
            fiber_free(f[i]); /* to the pool */
        /* A few pooled stacks stay warm. */
        assert_true(resident() - before < N * MOST + 4 * FIBER_STACK);
    }
    assert_int_equal(n, 2 * N);
    for (int i = 0; i < N; i++) {
        fiber_resume(f[i]);
        assert_true(fiber_done(f[i]));
        fiber_free(f[i]);
    }
    assert_int_equal(n, 102 * N);
    fiber_pool_trim(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fibers_take_turns),
        cmocka_unit_test(a_fiber_knows_its_stack),
        cmocka_unit_test(restarting_leaves_no_frames),
        cmocka_unit_test(idle_stacks_cost_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
