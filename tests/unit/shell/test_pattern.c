/* test_pattern.c -- shell patterns against strings, and that none blows up.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shell/pattern.h"

static struct arena_budget budget = {.max = 8u << 20};

static bool match(const char *pattern, const char *s, unsigned flags)
{
    struct arena *a = arena_new(&budget, 0);
    assert_non_null(a);
    struct pattern *p = pattern_compile(a, pattern, flags);
    bool r = pattern_match(p, s, strlen(s));
    arena_free(a);
    return r;
}

static void test_plain(void **state)
{
    (void)state;
    assert_true(match("*", "", 0));
    assert_true(match("a*c", "abbbc", 0));
    assert_false(match("a*c", "abbbcd", 0));
    assert_true(match("?[b-d]\\*", "xc*", 0));
    assert_false(match("[!a]", "a", 0));
    assert_true(match("[]x]", "]", 0));
    assert_true(match("[[:digit:]]*", "7up", 0));
    assert_true(match("ABC", "abc", PAT_NOCASE));
    assert_true(match("?", "\xc3\xa9", PAT_UTF8));
    assert_false(match("?", "\xc3\xa9", 0));
    assert_true(match("[", "[", 0));
}

static void test_extended(void **state)
{
    (void)state;
    assert_true(match("@(foo|bar)", "bar", PAT_EXTGLOB));
    assert_false(match("@(foo|bar)", "foobar", PAT_EXTGLOB));
    assert_true(match("*(ab)", "ababab", PAT_EXTGLOB));
    assert_true(match("+(a|b)c", "abbac", PAT_EXTGLOB));
    assert_false(match("+(a)", "", PAT_EXTGLOB));
    assert_true(match("?(x)y", "y", PAT_EXTGLOB));
    assert_true(match("!(*.txt)", "a.c", PAT_EXTGLOB));
    assert_false(match("!(*.txt)", "a.txt", PAT_EXTGLOB));
    assert_true(match("a!(b)c", "abbc", PAT_EXTGLOB));
    assert_false(match("a!(b)c", "abc", PAT_EXTGLOB));
}

static void test_prefix(void **state)
{
    (void)state;
    struct arena *a = arena_new(&budget, 0);
    struct pattern *p = pattern_compile(a, "*/", 0);
    assert_int_equal(pattern_prefix(p, "a/b/c", 5, true), 4);
    assert_int_equal(pattern_prefix(p, "a/b/c", 5, false), 2);
    assert_true(pattern_prefix(p, "abc", 3, true) == (size_t)-1);
    arena_free(a);
}

/* What backtracking matchers take for ever on ends at once here. */
static void test_no_explosion(void **state)
{
    (void)state;
    char s[2001];
    memset(s, 'a', 2000);
    s[2000] = 0;
    assert_false(match("*a*a*a*a*a*a*a*a*a*a*b", s, 0));
    assert_false(match("+(+(+(a)))b", s, PAT_EXTGLOB));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_extended),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_no_explosion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
