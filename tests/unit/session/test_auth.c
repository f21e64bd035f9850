/* test_auth.c -- the access policy: what a brute-forcer sees.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "session/auth.h"

static bool try(struct auth_book *b, const char *source, const char *user, const char *password)
{
    return auth_password(b, source, user, password, strlen(password));
}

static struct auth_book *weak(unsigned min, unsigned max, unsigned sources)
{
    struct auth_conf c = {
        .mode = AUTH_WEAK, .min_tries = min, .max_tries = max, .sources_max = sources, .seed = 42};
    struct auth_book *b = auth_book_new(&c);

    assert_non_null(b);
    return b;
}

/* How many different guesses until one is right; it is left in found. */
static int guesses(struct auth_book *b, const char *source, char found[24])
{
    for (int i = 1; i <= 100; i++) {
        snprintf(found, 24, "guess%d", i);
        if (try(b, source, "root", found))
            return i;
    }
    return -1;
}

static void test_found_pair_works_and_no_other(void **state)
{
    struct auth_book *b = weak(3, 6, 0);
    char found[24];
    int n = guesses(b, "192.0.2.1", found);

    (void)state;
    assert_in_range(n, 3, 6);
    assert_true(try(b, "192.0.2.1", "root", found));
    assert_false(try(b, "192.0.2.1", "root", "guess1"));
    assert_false(try(b, "192.0.2.1", "root", "another"));
    assert_true(try(b, "192.0.2.1", "root", found));
    auth_book_free(b);
}

static void test_repeated_guess_stays_wrong(void **state)
{
    struct auth_book *b = weak(3, 3, 0);

    (void)state;
    for (int i = 0; i < 20; i++)
        assert_false(try(b, "192.0.2.1", "root", "same"));
    assert_false(try(b, "192.0.2.1", "root", "second"));
    assert_true(try(b, "192.0.2.1", "root", "third"));
    auth_book_free(b);
}

static void test_empty_password_never_works(void **state)
{
    struct auth_book *b = weak(1, 1, 0);

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_false(try(b, "192.0.2.1", "root", ""));
    assert_true(try(b, "192.0.2.1", "root", "x"));
    auth_book_free(b);
}

static void test_sources_differ_and_repeat(void **state)
{
    struct auth_book *a = weak(1, 50, 0), *b = weak(1, 50, 0);
    char found[24], source[32];
    int different = 0, first = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        snprintf(source, sizeof source, "192.0.2.%d", i);
        int n = guesses(a, source, found);
        assert_int_equal(n, guesses(b, source, found)); /* the seed decides */
        first = i == 0 ? n : first;
        different += n != first;
    }
    assert_true(different > 5);
    auth_book_free(a);
    auth_book_free(b);
}

static void test_memory_is_bounded(void **state)
{
    struct auth_book *b = weak(2, 2, 100);
    char source[32];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(source, sizeof source, "host%d", i);
        assert_false(try(b, source, "root", "x"));
    }
    assert_int_equal(auth_book_sources(b), 100);
    auth_book_free(b);
}

static void test_modes(void **state)
{
    struct auth_conf any = {.mode = AUTH_ANY}, none = {.mode = AUTH_NONE};
    struct auth_book *a = auth_book_new(&any), *n = auth_book_new(&none);

    (void)state;
    assert_true(try(a, "192.0.2.1", "root", ""));
    assert_false(try(n, "192.0.2.1", "root", "x"));
    auth_book_free(a);
    auth_book_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_pair_works_and_no_other),
        cmocka_unit_test(test_repeated_guess_stays_wrong),
        cmocka_unit_test(test_empty_password_never_works),
        cmocka_unit_test(test_sources_differ_and_repeat),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_modes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
