/* test_regex_glibc.c -- random patterns on random subjects: is there a match,
 * and where, as the C library says it?
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/regex.h"
#include "base/rng.h"
#include "base/str.h"

/* A random pattern of well-formed pieces; extended or basic spelling. */
static void add_piece(struct str *b, struct rng *r, bool ere, int depth)
{
    static const char *const atoms[] = {"a",    "b",           "c",  ".", "[ab]",
                                        "[^a]", "[[:alpha:]]", "ab", "ca"};
    switch (rng_below(r, depth > 0 ? 8 : 6)) {
    case 6:
    case 7:
        str_puts(b, ere ? "(" : "\\(");
        for (uint64_t n = 1 + rng_below(r, 3); n--;)
            add_piece(b, r, ere, depth - 1);
        if (rng_below(r, 2)) {
            str_puts(b, ere ? "|" : "\\|");
            add_piece(b, r, ere, depth - 1);
        }
        str_puts(b, ere ? ")" : "\\)");
        break;
    default:
        str_puts(b, atoms[rng_below(r, sizeof atoms / sizeof *atoms)]);
    }
    static const char *const repeats[] = {"*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}"};
    if (rng_below(r, 3) == 0) {
        const char *rep = repeats[rng_below(r, ere ? 7 : 1)];
        str_puts(b, rep);
    }
}

static void matches_are_where_glibc_finds_them(void **state)
{
    (void)state;
    struct arena_budget budget = {.max = 64 << 20};
    struct rng r;
    rng_seed(&r, 2024);
    int compared = 0, matched = 0;
    for (int round = 0; round < 4000; round++) {
        struct arena *a = arena_new(&budget, 0);
        assert_non_null(a);
        bool ere = rng_below(&r, 2), newline = rng_below(&r, 4) == 0, icase = rng_below(&r, 4) == 0;
        struct str pattern;
        str_init(&pattern, a);
        /* Not inside of groups: there glibc itself errs. */
        if (rng_below(&r, 6) == 0)
            str_putc(&pattern, '^');
        for (uint64_t n = 1 + rng_below(&r, 4); n--;)
            add_piece(&pattern, &r, ere, 2);
        if (rng_below(&r, 6) == 0)
            str_putc(&pattern, '$');
        regex_t theirs;
        if (regcomp(&theirs, str_text(&pattern),
                    (ere ? REG_EXTENDED : 0) | (newline ? REG_NEWLINE : 0) |
                        (icase ? REG_ICASE : 0))) {
            arena_free(a);
            continue;
        }
        const char *why = "";
        struct regex *ours = regex_new(a, pattern.s, pattern.n,
                                       (ere ? REGEX_ERE : 0u) | (newline ? REGEX_NEWLINE : 0u) |
                                           (icase ? REGEX_ICASE : 0u),
                                       &why);
        if (!ours)
            fail_msg("%s: %s", pattern.s, why);
        for (int i = 0; i < 8; i++) {
            char subject[16];
            size_t n = rng_below(&r, sizeof subject);
            for (size_t j = 0; j < n; j++)
                subject[j] = "aabbcA\n"[rng_below(&r, newline ? 7 : 6)];
            subject[n] = 0;
            regmatch_t theirs_at = {0};
            struct regex_match at;
            int want = regexec(&theirs, subject, 1, &theirs_at, 0) == 0;
            int got = regex_exec(ours, subject, n, 0, &at, 1);
            if (got != want ||
                (got && (at.so != (size_t)theirs_at.rm_so || at.eo != (size_t)theirs_at.rm_eo)))
                fail_msg("%s /%s/ on '%s': %d [%zu,%zu), glibc %d [%d,%d)", ere ? "ERE" : "BRE",
                         pattern.s, subject, got, got ? at.so : 0, got ? at.eo : 0, want,
                         (int)theirs_at.rm_so, (int)theirs_at.rm_eo);
            if (regex_exec(ours, subject, n, 0, NULL, 0) != want)
                fail_msg("/%s/ on '%s': differs without offsets", pattern.s, subject);
            compared++;
            matched += want;
        }
        regfree(&theirs);
        arena_free(a);
    }
    assert_in_range(matched, compared / 10, compared * 9 / 10);
    assert_true(compared > 20000);
}

/* So many failing candidates that the beginning is searched for differently. */
static void late_matches_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        size_t so, eo;
    } cases[] = {{"a+c|ab", 4999, 5001},          {"a.*c|b.", 5000, 5002},
                 {"(a+c)|(a)(ab)|b", 4998, 5001}, {"a+c|\\<d+\\>", 5002, 5004},
                 {"a+c|dd$", 5002, 5004},         {"a+c|a{20}b", 4980, 5001},
                 {"a.*c|x*$", 5004, 5004}};
    struct arena_budget budget = {.max = 64 << 20};
    char subject[5005];
    memset(subject, 'a', 5000);
    memcpy(subject + 5000, "b dd", 5);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *a = arena_new(&budget, 0);
        const char *why;
        struct regex_match m[4];
        struct regex *re =
            regex_new(a, cases[i].pattern, strlen(cases[i].pattern), REGEX_ERE, &why);
        assert_non_null(re);
        assert_int_equal(regex_exec(re, subject, 5004, 0, m, 4), 1);
        if (m[0].so != cases[i].so || m[0].eo != cases[i].eo)
            fail_msg("/%s/: [%zu,%zu)", cases[i].pattern, m[0].so, m[0].eo);
        if (i == 2) {
            assert_true(m[1].so == (size_t)-1);
            assert_int_equal(m[2].so, 4998);
            assert_int_equal(m[3].so, 4999);
        }
        arena_free(a);
    }
}

/* Patterns that make backtracking matchers take for ever. */
static void hostile_patterns_end(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "(a*)*b",     "(a|aa)+$", "((a*)*)*c", "(a?){50}a{50}b", "(.*)(.*)(.*)(.*)(.*)x",
        "(a+)+(b+)+c"};
    struct arena_budget budget = {.max = 64 << 20};
    char subject[20001];
    memset(subject, 'a', sizeof subject - 1);
    subject[sizeof subject - 1] = 0;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct arena *a = arena_new(&budget, 0);
        const char *why;
        struct regex_match m[3];
        struct regex *re = regex_new(a, patterns[i], strlen(patterns[i]), REGEX_ERE, &why);
        assert_non_null(re);
        subject[sizeof subject - 2] = i == 1 ? 'b' : 'a';
        assert_int_equal(regex_exec(re, subject, sizeof subject - 1, 0, m, 3), 0);
        arena_free(a);
    }
    /* Too big to compile is an answer, too. */
    struct arena *a = arena_new(&budget, 0);
    const char *why = NULL, *huge = "((((((a{99}){99}){99}){99}){99}){99})";
    assert_null(regex_new(a, huge, strlen(huge), REGEX_ERE, &why));
    assert_non_null(why);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_are_where_glibc_finds_them),
        cmocka_unit_test(late_matches_are_found),
        cmocka_unit_test(hostile_patterns_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
