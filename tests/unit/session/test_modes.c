/* test_modes.c -- encoded terminal modes, whole and broken.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session/modes.h"
#include "session/tally.h"

static void test_default_is_a_fresh_terminal(void **state)
{
    struct termios t;

    (void)state;
    modes_default(&t);
    assert_true((t.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG));
    assert_true(t.c_oflag == (OPOST | ONLCR));
    assert_int_equal(t.c_cc[VINTR], 3);
    assert_int_equal(t.c_cc[VERASE], 127);
}

static void test_flags_and_characters(void **state)
{
    /* VERASE 8, ECHO off, VSUSP disabled, then the end: what follows is not read. */
    static const uint8_t bytes[] = {3, 0, 0, 0,   8, 53, 0, 0, 0, 0, 10,
                                    0, 0, 0, 255, 0, 51, 0, 0, 0, 0};
    struct termios t;

    (void)state;
    modes_default(&t);
    modes_apply(&t, bytes, sizeof bytes);
    assert_int_equal(t.c_cc[VERASE], 8);
    assert_int_equal(t.c_cc[VSUSP], 0);
    assert_false(t.c_lflag & ECHO);
    assert_true(t.c_lflag & ICANON);
}

static void test_unknown_skipped_and_cut_off(void **state)
{
    static const uint8_t bytes[] = {99, 0, 0, 0, 1, 51, 0, 0, 0, 0, 53, 0, 0};
    struct termios t;

    (void)state;
    modes_default(&t);
    modes_apply(&t, bytes, sizeof bytes);
    assert_false(t.c_lflag & ICANON); /* after the unknown one */
    assert_true(t.c_lflag & ECHO);    /* its value is cut off */
}

static void test_opcodes_beyond_159_end_the_list(void **state)
{
    static const uint8_t bytes[] = {160, 51, 0, 0, 0, 0};
    struct termios t;

    (void)state;
    modes_default(&t);
    modes_apply(&t, bytes, sizeof bytes);
    assert_true(t.c_lflag & ICANON);
}

static void test_tally_limits_each_source(void **state)
{
    struct tally *t = tally_new();

    (void)state;
    assert_non_null(t);
    assert_true(tally_enter(t, "192.0.2.1", 2));
    assert_true(tally_enter(t, "192.0.2.1", 2));
    assert_false(tally_enter(t, "192.0.2.1", 2));
    assert_true(tally_enter(t, "192.0.2.2", 2));
    tally_leave(t, "192.0.2.1");
    assert_int_equal(tally_count(t, "192.0.2.1"), 1);
    assert_true(tally_enter(t, "192.0.2.1", 2));
    tally_leave(t, "192.0.2.2");
    assert_int_equal(tally_count(t, "192.0.2.2"), 0);
    assert_true(tally_enter(t, "192.0.2.3", 0));
    tally_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_is_a_fresh_terminal),
        cmocka_unit_test(test_flags_and_characters),
        cmocka_unit_test(test_unknown_skipped_and_cut_off),
        cmocka_unit_test(test_opcodes_beyond_159_end_the_list),
        cmocka_unit_test(test_tally_limits_each_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
