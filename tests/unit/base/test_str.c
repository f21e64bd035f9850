/* test_str.c -- strings, UTF-8, hexadecimal, base64, JSON text.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/rng.h"
#include "base/str.h"

static struct arena_budget budget = {.max = 10 << 20};
static struct arena *arena;

static int make_arena(void **state)
{
    (void)state;
    arena = arena_new(&budget, 0);
    return arena ? 0 : -1;
}

static int drop_arena(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void strings_grow(void **state)
{
    (void)state;
    struct str b;
    str_init(&b, arena);
    assert_string_equal(str_text(&b), "");
    for (int i = 0; i < 1000; i++)
        str_printf(&b, "%d,", i);
    assert_int_equal(b.n, 10 * 2 + 90 * 3 + 900 * 4);
    assert_string_equal(b.s + b.n - 8, "998,999,");
    str_trunc(&b, 4);
    str_fill(&b, '-', 3);
    str_putc(&b, 0);
    str_utf8(&b, 0x20ac);
    assert_int_equal(b.n, 11);
    assert_memory_equal(b.s, "0,1,---\0\xe2\x82\xac", 12);
    str_printf(&b, "%*s", 3000, "wide");
    assert_int_equal(b.n, 3011);
    assert_false(b.bad);
    str_release(&b);
    assert_string_equal(str_text(&b), "");
}

static void a_full_arena_marks_the_string_bad(void **state)
{
    (void)state;
    struct arena_budget small = {.max = 3000};
    struct arena *a = arena_new(&small, 0);
    struct str b;
    str_init(&b, a);
    for (int i = 0; i < 1000; i++)
        str_puts(&b, "0123456789");
    assert_true(b.bad);
    size_t n = b.n;
    assert_in_range(n, 500, 3000);
    str_printf(&b, "%d", 5);
    assert_int_equal(b.n, n);
    assert_int_equal(strlen(b.s), n);
    arena_free(a);
}

static void fixed_buffers_never_overflow(void **state)
{
    (void)state;
    char out[6];
    assert_true(str_copy(out, sizeof out, "12345"));
    assert_false(str_copy(out, sizeof out, "123456"));
    assert_string_equal(out, "12345");
    assert_true(str_fmt(out, sizeof out, "%d", 123));
    assert_false(str_fmt(out, sizeof out, "%d", 1234567));
    assert_string_equal(out, "12345");
}

static void numbers_are_whole_strings(void **state)
{
    (void)state;
    int64_t v = 77;
    double d = 7;
    assert_int_equal(str_int("-12", -20, 0, &v), 0);
    assert_int_equal(v, -12);
    assert_int_equal(str_int("9223372036854775807", 0, INT64_MAX, &v), 0);
    assert_true(v == INT64_MAX);
    static const char *const bad[] = {"", "-", "1x", " 1", "1 ", "0x1", "--1", "1.0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(str_int(bad[i], INT64_MIN, INT64_MAX, &v), ERR_FORMAT);
    assert_int_equal(str_int("9223372036854775808", 0, INT64_MAX, &v), ERR_RANGE);
    assert_int_equal(str_int("5", 6, 9, &v), ERR_RANGE);
    assert_true(v == INT64_MAX);
    assert_int_equal(str_double("1e-3", 0, 1, &d), 0);
    assert_true(d == 1e-3);
    assert_int_equal(str_double("nan", 0, 1, &d), ERR_FORMAT);
    assert_int_equal(str_double("inf", 0, 1, &d), ERR_FORMAT);
    assert_int_equal(str_double("1e999", -INFINITY, INFINITY, &d), ERR_RANGE);
    assert_int_equal(str_double("2", 0, 1, &d), ERR_RANGE);
    assert_int_equal(str_double(".", 0, 1, &d), ERR_FORMAT);
}

static void patterns_match(void **state)
{
    (void)state;
    assert_true(str_match("*", ""));
    assert_true(str_match("a*b?d", "aXXbXbcd"));
    assert_false(str_match("a*b?d", "aXXbXbcdX"));
    assert_true(str_match("root", "root"));
    assert_false(str_match("root", "roo"));
    assert_false(str_match("?", ""));
    char a[2001], p[2001];
    for (int i = 0; i < 2000; i += 2) {
        p[i] = '*';
        p[i + 1] = 'a';
        a[i] = a[i + 1] = 'a';
    }
    a[1999] = 'b';
    a[2000] = p[2000] = 0;
    assert_false(str_match(p, a)); /* and in no time */
    assert_true(str_starts("abc", "ab") && !str_starts("a", "ab"));
    assert_true(str_ends("abc", "bc") && !str_ends("c", "bc"));
    assert_true(str_eq(NULL, NULL) && !str_eq(NULL, "") && str_eq("a", "a"));
    assert_true(str_eqi("aZ[", "Az[") && !str_eqi("a", "ab") && !str_eqi("[", "{"));
}

static void every_rune_goes_there_and_back(void **state)
{
    (void)state;
    for (uint32_t rune = 0; rune <= 0x10ffff; rune++) {
        char s[4];
        uint32_t back = 0;
        size_t n = utf8_encode(rune, s);
        if (rune >= 0xd800 && rune <= 0xdfff) {
            assert_memory_equal(s, "\xef\xbf\xbd", 3);
            continue;
        }
        if (utf8_decode(s, n, &back) != n || back != rune)
            fail_msg("U+%04X", rune);
        if (n > 1 && utf8_decode(s, n - 1, &back) != 0)
            fail_msg("U+%04X cut", rune);
    }
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff",         "\xe2\x28\xa1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
    assert_true(utf8_valid("gr\xc3\xbc\xc3\x9f", 6));
}

static void widths_are_those_of_terminals(void **state)
{
    (void)state;
    static const struct {
        uint32_t rune;
        int width;
    } cases[] = {{'a', 1},    {0, 0},      {0x1b, 0},   {0x7f, 0},   {0x9f, 0},    {0xe9, 1},
                 {0x301, 0},  {0x4e2d, 2}, {0xac00, 2}, {0xff21, 2}, {0x1f600, 2}, {0x200b, 0},
                 {0x20ac, 1}, {0x416, 1},  {0xffff, 1}, {0x2500, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (utf8_width(cases[i].rune) != cases[i].width)
            fail_msg("U+%04X is not %d wide", cases[i].rune, cases[i].width);
    }
}

static void encodings_go_there_and_back(void **state)
{
    (void)state;
    static const char *const rfc4648[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                          "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    uint8_t back[300];
    char text[600];
    size_t n;
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(base64_encode(text, "foobar", i), strlen(rfc4648[i]));
        assert_string_equal(text, rfc4648[i]);
    }
    struct rng r;
    rng_seed(&r, 5);
    for (int round = 0; round < 300; round++) {
        uint8_t in[200];
        size_t len = rng_below(&r, sizeof in);
        rng_fill(&r, in, len);
        size_t chars = base64_encode(text, in, len);
        assert_int_equal(base64_decode(back, &n, text, chars), 0);
        assert_int_equal(n, len);
        assert_memory_equal(back, in, len);
        hex_encode(text, in, len);
        assert_int_equal(hex_decode(back, text, len), 0);
        assert_memory_equal(back, in, len);
    }
    static const char *const bad[] = {
        "Zg=", "Zg", "=g==", "Zh==", "Zm9=", "Z===", "Zg==Zg==", "Z g="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(base64_decode(back, &n, bad[i], strlen(bad[i])), ERR_FORMAT);
    assert_int_equal(hex_decode(back, "0g", 1), ERR_FORMAT);
    assert_int_equal(hex_decode(back, "aF", 1), 0);
    assert_int_equal(back[0], 0xaf);
}

static void json_is_compact_and_valid(void **state)
{
    (void)state;
    struct str b;
    str_init(&b, arena);
    json_open(&b, '{');
    json_key(&b, "a");
    json_open(&b, '[');
    json_int(&b, -5);
    json_double(&b, 0.1);
    json_double(&b, NAN);
    json_bool(&b, true);
    json_cstr(&b, NULL);
    json_open(&b, '{');
    json_close(&b, '}');
    json_close(&b, ']');
    json_key(&b, "s,{");
    json_cstr(&b, "q\"\\\n\x01\x7f\xc3\xbc\xff{");
    json_close(&b, '}');
    str_putc(&b, '\n');
    json_open(&b, '[');
    json_close(&b, ']');
    assert_string_equal(str_text(&b),
                        "{\"a\":[-5,0.1,null,true,null,{}],"
                        "\"s,{\":\"q\\\"\\\\\\n\\u0001\x7f\xc3\xbc\xef\xbf\xbd{\"}\n[]");
    str_release(&b);
}

/* Whatever the bytes, cJSON reads valid JSON back. */
static void json_of_any_bytes_is_valid(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 9);
    for (int round = 0; round < 500; round++) {
        char bytes[64];
        size_t n = rng_below(&r, sizeof bytes);
        rng_fill(&r, bytes, n);
        struct str b;
        str_init(&b, arena);
        json_str(&b, bytes, n);
        assert_true(utf8_valid(b.s, b.n));
        cJSON *parsed = cJSON_ParseWithLength(b.s, b.n);
        assert_true(cJSON_IsString(parsed));
        cJSON_Delete(parsed);
        double d = rng_normal(&r) * pow(10, (double)rng_range(&r, -300, 300));
        str_trunc(&b, 0);
        json_double(&b, d);
        assert_true(strtod(b.s, NULL) == d);
        str_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_grow),
        cmocka_unit_test(a_full_arena_marks_the_string_bad),
        cmocka_unit_test(fixed_buffers_never_overflow),
        cmocka_unit_test(numbers_are_whole_strings),
        cmocka_unit_test(patterns_match),
        cmocka_unit_test(every_rune_goes_there_and_back),
        cmocka_unit_test(widths_are_those_of_terminals),
        cmocka_unit_test(encodings_go_there_and_back),
        cmocka_unit_test(json_is_compact_and_valid),
        cmocka_unit_test(json_of_any_bytes_is_valid),
    };
    return cmocka_run_group_tests(tests, make_arena, drop_arena);
}
