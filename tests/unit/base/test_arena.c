/* test_arena.c -- arenas: reuse, budgets, marks, clean-ups, failing hosts.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/rng.h"

static struct arena_budget plenty(void)
{
    return (struct arena_budget){.max = SIZE_MAX / 2};
}

static void blocks_are_aligned_and_disjoint(void **state)
{
    (void)state;
    struct arena_budget budget = plenty();
    struct arena *a = arena_new(&budget, 0);
    enum { N = 600 };
    unsigned char *p[N];
    size_t n[N];
    struct rng r;
    rng_seed(&r, 1);
    for (int i = 0; i < N; i++) {
        n[i] = rng_below(&r, i % 10 ? 300 : 9000);
        p[i] = arena_alloc(a, n[i]);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % 16, 0);
        memset(p[i], i & 255, n[i]);
    }
    for (int i = 0; i < N; i++) {
        for (size_t j = 0; j < n[i]; j++)
            assert_int_equal(p[i][j], i & 255);
    }
    assert_int_equal(budget.used, arena_used(a));
    arena_free(a);
    assert_int_equal(budget.used, 0);
}

static void released_blocks_are_reused(void **state)
{
    (void)state;
    struct arena_budget budget = plenty();
    struct arena *a = arena_new(&budget, 0);
    for (size_t n = 1; n <= 20000; n = n * 5 / 4 + 1) {
        void *keep = NULL;
        size_t before = 0;
        for (int round = 0; round < 2000; round++) {
            void *p = arena_alloc(a, n);
            void *above = arena_alloc(a, 8); /* so that p is not the last cut */
            assert_non_null(p);
            arena_release(a, p, n);
            arena_release(a, above, 8);
            if (round == 0) {
                keep = above;
                before = arena_used(a);
            }
            assert_non_null(keep);
        }
        assert_int_equal(arena_used(a), before);
    }
    arena_free(a);
}

static void an_idle_arena_is_small(void **state)
{
    (void)state;
    struct arena_budget budget = plenty();
    struct arena *a = arena_new(&budget, 0);
    assert_in_range(arena_used(a), 1, 512);
    assert_non_null(arena_alloc(a, 100));
    assert_in_range(arena_used(a), 1, 512 + 2048);
    arena_free(a);
}

static void large_blocks_go_back(void **state)
{
    (void)state;
    struct arena_budget budget = plenty();
    struct arena *a = arena_new(&budget, 0);
    size_t before = budget.used;
    void *p = arena_alloc(a, 1 << 20);
    assert_true(budget.used >= before + (1 << 20));
    p = arena_realloc(a, p, 1 << 20, 3 << 20);
    assert_non_null(p);
    arena_release(a, p, 3 << 20);
    assert_int_equal(budget.used, before);
    assert_true(budget.peak >= (3 << 20));
    arena_free(a);
}

static void realloc_keeps_contents(void **state)
{
    (void)state;
    struct arena_budget budget = plenty();
    struct arena *a = arena_new(&budget, 0);
    struct rng r;
    rng_seed(&r, 7);
    enum { N = 8 };
    unsigned char *p[N] = {0};
    size_t n[N] = {0};
    for (int round = 0; round < 4000; round++) {
        int i = (int)rng_below(&r, N);
        size_t want = 1 + rng_below(&r, rng_below(&r, 8) ? 200 : 12000);
        p[i] = arena_realloc(a, p[i], n[i], want);
        assert_non_null(p[i]);
        for (size_t j = 0; j < want && j < n[i]; j++)
            assert_int_equal(p[i][j], (unsigned char)(i * 31 + (int)(j & 255)));
        for (size_t j = 0; j < want; j++)
            p[i][j] = (unsigned char)(i * 31 + (int)(j & 255));
        n[i] = want;
    }
    arena_free(a);
    assert_int_equal(budget.used, 0);
}

static void count(void *ctx)
{
    ++*(int *)ctx;
}

static void the_budget_is_never_exceeded(void **state)
{
    (void)state;
    int hits = 0;
    struct arena_budget budget = {.max = 50000, .on_limit = count, .ctx = &hits};
    struct arena *a = arena_new(&budget, 0), *b = arena_new(&budget, 0);
    size_t got = 0;
    while (arena_alloc(got % 2 ? a : b, 100))
        got++;
    assert_int_equal(hits, 1);
    assert_in_range(got, 300, 500);
    assert_true(budget.peak <= budget.max);
    assert_null(arena_alloc(a, 60000));
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_null(arena_alloc(a, SIZE_MAX - 8));
    assert_null(arena_memdup(a, "x", SIZE_MAX));
    assert_int_equal(hits, 5);
    arena_free(a);
    assert_non_null(arena_alloc(b, 2000));
    arena_free(b);
    assert_int_equal(budget.used, 0);
    struct arena_budget none = {.max = 10};
    assert_null(arena_new(&none, 0));
    assert_int_equal(none.used, 0);
}

static int order[8], ordered;
static void note(void *ctx)
{
    order[ordered++] = *(int *)ctx;
}

static void cleanups_run_last_added_first(void **state)
{
    (void)state;
    struct arena_budget budget = plenty();
    struct arena *a = arena_new(&budget, 0);
    int one = 1, two = 2, three = 3;
    ordered = 0;
    assert_int_equal(arena_on_free(a, note, &one), 0);
    struct arena_mark m = arena_mark(a);
    assert_int_equal(arena_on_free(a, note, &two), 0);
    assert_int_equal(arena_on_free(a, note, &three), 0);
    arena_reset(a, m);
    assert_int_equal(ordered, 2);
    assert_int_equal(order[0], 3);
    assert_int_equal(order[1], 2);
    arena_free(a);
    assert_int_equal(ordered, 3);
    assert_int_equal(order[2], 1);
}

static void reset_frees_what_is_younger(void **state)
{
    (void)state;
    struct arena_budget budget = plenty();
    struct arena *a = arena_new(&budget, 0);
    char *old = arena_strdup(a, "old");
    char *old_large = arena_zalloc(a, 10000);
    struct arena_mark m = arena_mark(a);
    size_t used = arena_used(a);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 100; i++) {
            assert_non_null(arena_alloc(a, 1000));
            assert_non_null(arena_alloc(a, 5000));
        }
        arena_reset(a, m);
        assert_int_equal(arena_used(a), used);
    }
    assert_string_equal(old, "old");
    assert_int_equal(old_large[9999], 0);
    /* A large block older than the mark may be freed after it. */
    arena_release(a, old_large, 10000);
    assert_non_null(arena_alloc(a, 5000));
    arena_reset(a, m);
    assert_string_equal(old, "old");
    arena_free(a);
}

static void empty_marks_reset_everything(void **state)
{
    (void)state;
    struct arena_budget budget = plenty();
    struct arena *a = arena_new(&budget, 64);
    size_t used = arena_used(a);
    struct arena_mark m = arena_mark(a);
    assert_non_null(arena_alloc(a, 1));
    arena_reset(a, m);
    assert_int_equal(arena_used(a), used);
    arena_free(a);
}

static void printf_makes_strings_of_any_length(void **state)
{
    (void)state;
    struct arena_budget budget = plenty();
    struct arena *a = arena_new(&budget, 0);
    assert_string_equal(arena_printf(a, "%d-%s", 5, "x"), "5-x");
    char *s = arena_printf(a, "%*s", 5000, "end");
    assert_int_equal(strlen(s), 5000);
    assert_string_equal(s + 4997, "end");
    arena_free(a);
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_disjoint),
        cmocka_unit_test(released_blocks_are_reused),
        cmocka_unit_test(an_idle_arena_is_small),
        cmocka_unit_test(large_blocks_go_back),
        cmocka_unit_test(realloc_keeps_contents),
        cmocka_unit_test(the_budget_is_never_exceeded),
        cmocka_unit_test(cleanups_run_last_added_first),
        cmocka_unit_test(reset_frees_what_is_younger),
        cmocka_unit_test(empty_marks_reset_everything),
        cmocka_unit_test(printf_makes_strings_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
