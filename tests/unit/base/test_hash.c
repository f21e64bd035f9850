/* test_hash.c -- hashes against published values, the map, random streams.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/rng.h"
#include "base/str.h"

static void siphash_is_what_others_compute(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        uint64_t out;
    } cases[] = {{"a", 0x407448d2b89b1813},
                 {"abc", 0xc03bc3a0042630f2},
                 {"12345678", 0x3489982430560a87},
                 {"hello, world!", 0x5592ee19cc36fcd2}};
    const uint64_t key[2] = {0, 0}; /* CPython's with PYTHONHASHSEED=0 */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(hash_sip13(key, cases[i].in, strlen(cases[i].in)) == cases[i].out);
    assert_true(hash_str("x") == hash_bytes("x", 1));
    assert_true(hash_str("x") != hash_str("y"));
}

static void digests_are_right(void **state)
{
    (void)state;
    uint8_t out[32];
    char text[65];
    hash_sha256(out, "abc", 3);
    hex_encode(text, out, 32);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_md5(out, "abc", 3);
    hex_encode(text, out, 16);
    assert_string_equal(text, "900150983cd24fb0d6963f7d28e17f72");
}

/* Flipping any input bit flips about half of the output bits. */
static void fixed_hash_mixes(void **state)
{
    (void)state;
    char in[24] = "the same for ever, then";
    uint64_t h = hash_fixed(in, sizeof in, 1);
    assert_true(h != hash_fixed(in, sizeof in, 2));
    assert_true(h != hash_fixed(in, sizeof in - 1, 1));
    int total = 0;
    for (int bit = 0; bit < 24 * 8; bit++) {
        in[bit / 8] ^= (char)(1 << bit % 8);
        int flipped = __builtin_popcountll(h ^ hash_fixed(in, sizeof in, 1));
        in[bit / 8] ^= (char)(1 << bit % 8);
        assert_in_range(flipped, 12, 52);
        total += flipped;
    }
    assert_in_range(total, 24 * 8 * 29, 24 * 8 * 35);
}

static void map_behaves_like_a_list_of_pairs(void **state)
{
    (void)state;
    struct arena_budget budget = {.max = 1 << 24};
    struct arena *a = arena_new(&budget, 0);
    struct map *m = map_new(a);
    enum { KEYS = 300 };
    static int values[KEYS];
    int model[KEYS], n = 0; /* keys in the order of insertion */
    struct rng r;
    rng_seed(&r, 11);
    for (int round = 0; round < 30000; round++) {
        int k = (int)rng_below(&r, round % 3000 < 500 ? 6 : KEYS), at = 0;
        char key[16];
        snprintf(key, sizeof key, "key%d", k);
        while (at < n && model[at] != k)
            at++;
        assert_int_equal(map_has(m, key), at < n);
        assert_ptr_equal(map_get(m, key), at < n ? &values[k] : NULL);
        if (rng_below(&r, 2)) {
            assert_int_equal(map_set(m, key, &values[k]), 0);
            if (at == n)
                model[n++] = k;
        } else {
            assert_ptr_equal(map_del(m, key), at < n ? &values[k] : NULL);
            if (at < n)
                memmove(model + at, model + at + 1, (size_t)(--n - at) * sizeof *model);
        }
        assert_int_equal(map_len(m), n);
        if (round % 1000)
            continue;
        const char *name;
        void *value;
        int i = 0;
        for (struct map_iter it = {0}; map_next(m, &it, &name, &value); i++)
            assert_ptr_equal(value, &values[model[i]]);
        assert_int_equal(i, n);
    }
    assert_true(arena_used(a) < 200000);
    const char *name;
    for (struct map_iter it = {0}; map_next(m, &it, &name, NULL);)
        assert_non_null(map_del(m, name));
    assert_int_equal(map_len(m), 0);
    map_clear(m);
    assert_null(map_get(m, "key1"));
    assert_int_equal(map_set(m, "key1", values), 0);
    assert_ptr_equal(map_get(m, "key1"), values);
    arena_free(a);
}

static void map_says_when_memory_ends(void **state)
{
    (void)state;
    struct arena_budget budget = {.max = 6000};
    struct arena *a = arena_new(&budget, 0);
    struct map *m = map_new(a);
    int n = 0;
    char key[16];
    do
        snprintf(key, sizeof key, "key%d", n);
    while (map_set(m, key, m) == 0 && ++n < 1000);
    assert_in_range(n, 10, 200);
    assert_int_equal(map_len(m), n);
    assert_ptr_equal(map_get(m, "key3"), m);
    arena_free(a);
}

static void streams_repeat(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 42); /* the authors' reference code gives these */
    assert_true(rng_u64(&r) == 0x15780b2e0c2ec716);
    assert_true(rng_u64(&r) == 0x6104d9866d113a7e);
    assert_true(rng_u64(&r) == 0xae17533239e499a1);
    struct rng a = rng_named(1, "host"), b = rng_named(1, "host"), c = rng_named(1, "mac");
    uint64_t first = rng_u64(&a);
    assert_true(first == rng_u64(&b));
    assert_true(first != rng_u64(&c));
}

static void draws_have_their_distributions(void **state)
{
    (void)state;
    enum { N = 200000 };
    struct rng r;
    rng_seed(&r, 1);
    double sum = 0, squares = 0, exps = 0, units = 0;
    int counts[7] = {0};
    for (int i = 0; i < N; i++) {
        double x = rng_normal(&r), u = rng_unit(&r);
        assert_true(u >= 0 && u < 1);
        sum += x;
        squares += x * x;
        units += u;
        exps += rng_exp(&r, 3);
        counts[rng_below(&r, 7)]++;
        int64_t v = rng_range(&r, -2, 2);
        assert_true(v >= -2 && v <= 2);
    }
    assert_true(fabs(sum / N) < 0.01);
    assert_true(fabs(squares / N - 1) < 0.02);
    assert_true(fabs(units / N - 0.5) < 0.005);
    assert_true(fabs(exps / N - 3) < 0.05);
    for (int i = 0; i < 7; i++)
        assert_in_range(counts[i], N / 7 - 900, N / 7 + 900);
    assert_int_equal(rng_below(&r, 1), 0);
    assert_true(rng_range(&r, INT64_MIN, INT64_MAX) != rng_range(&r, INT64_MIN, INT64_MAX));
    uint8_t x[20] = {0}, y[20] = {0};
    assert_int_equal(rng_secret(x, sizeof x), 0);
    assert_int_equal(rng_secret(y, sizeof y), 0);
    assert_memory_not_equal(x, y, sizeof x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_is_what_others_compute),
        cmocka_unit_test(digests_are_right),
        cmocka_unit_test(fixed_hash_mixes),
        cmocka_unit_test(map_behaves_like_a_list_of_pairs),
        cmocka_unit_test(map_says_when_memory_ends),
        cmocka_unit_test(streams_repeat),
        cmocka_unit_test(draws_have_their_distributions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
