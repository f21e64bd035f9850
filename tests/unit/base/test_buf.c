/* test_buf.c -- the wire buffer: types of RFC 4251, limits, partial input.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/rng.h"

static void integers_are_big_endian(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(buf_put_u8(&b, 0xab), 0);
    assert_int_equal(buf_put_u32(&b, 0x01020304), 0);
    assert_int_equal(buf_put_u64(&b, 0x1122334455667788), 0);
    assert_int_equal(buf_put_bool(&b, true), 0);
    assert_memory_equal(buf_ptr(&b), "\xab\1\2\3\4\x11\x22\x33\x44\x55\x66\x77\x88\1", 14);
    uint8_t u8;
    uint32_t u32;
    uint64_t u64;
    bool flag;
    assert_int_equal(buf_peek_u32(&b, 1, &u32), 0);
    assert_int_equal(u32, 0x01020304);
    assert_int_equal(buf_get_u8(&b, &u8), 0);
    assert_int_equal(u8, 0xab);
    assert_int_equal(buf_get_u32(&b, &u32), 0);
    assert_int_equal(u32, 0x01020304);
    assert_int_equal(buf_get_u64(&b, &u64), 0);
    assert_true(u64 == 0x1122334455667788);
    assert_int_equal(buf_get_bool(&b, &flag), 0);
    assert_true(flag);
    assert_int_equal(buf_get_bool(&b, &flag), ERR_AGAIN);
    assert_int_equal(buf_peek_u32(&b, SIZE_MAX, &u32), ERR_AGAIN);
    buf_done(&b);
}

/* The examples of RFC 4251 section 5. */
static void mpints_are_those_of_the_rfc(void **state)
{
    (void)state;
    static const struct {
        const char *number, *wire;
        size_t number_n, wire_n;
    } cases[] = {
        {"", "\0\0\0\0", 0, 4},
        {"\0\0", "\0\0\0\0", 2, 4},
        {"\x09\xa3\x78\xf9\xb2\xe3\x32\xa7", "\0\0\0\x08\x09\xa3\x78\xf9\xb2\xe3\x32\xa7", 8, 12},
        {"\x80", "\0\0\0\2\0\x80", 1, 6},
        {"\0\0\x7f", "\0\0\0\1\x7f", 3, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        buf_init(&b, 100);
        assert_int_equal(buf_put_mpint(&b, (const uint8_t *)cases[i].number, cases[i].number_n), 0);
        assert_int_equal(buf_len(&b), cases[i].wire_n);
        assert_memory_equal(buf_ptr(&b), cases[i].wire, cases[i].wire_n);
        buf_done(&b);
    }
    struct buf negative = buf_wrap("\0\0\0\1\x80", 5);
    const uint8_t *p;
    size_t n;
    assert_int_equal(buf_get_mpint(&negative, &p, &n), ERR_FORMAT);
    assert_int_equal(buf_len(&negative), 5);
    struct buf padded = buf_wrap("\0\0\0\3\0\0\x05", 7);
    assert_int_equal(buf_get_mpint(&padded, &p, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(*p, 5);
}

static void short_input_is_left_alone(void **state)
{
    (void)state;
    const char wire[] = "\0\0\0\5hello";
    const uint8_t *p;
    size_t n;
    for (size_t cut = 0; cut < 9; cut++) {
        struct buf b = buf_wrap(wire, cut);
        assert_int_equal(buf_get_string(&b, &p, &n), ERR_AGAIN);
        assert_int_equal(buf_len(&b), cut);
    }
    struct buf b = buf_wrap(wire, 9);
    assert_int_equal(buf_get_string(&b, &p, &n), 0);
    assert_int_equal(n, 5);
    assert_memory_equal(p, "hello", 5);
    assert_int_equal(buf_put_u8(&b, 1), ERR_LIMIT);
    struct buf huge = buf_wrap("\xff\xff\xff\xffx", 5);
    assert_int_equal(buf_get_string(&huge, &p, &n), ERR_FORMAT);
}

static void the_maximum_holds(void **state)
{
    (void)state;
    struct buf b;
    uint8_t *out;
    buf_init(&b, 1000);
    char block[300] = {0};
    assert_int_equal(buf_put(&b, block, 300), 0);
    assert_int_equal(buf_put(&b, block, 300), 0);
    assert_int_equal(buf_put(&b, block, 300), 0);
    assert_int_equal(buf_put(&b, block, 300), ERR_LIMIT);
    assert_int_equal(buf_len(&b), 900);
    assert_int_equal(buf_put_string(&b, block, 97), ERR_LIMIT);
    assert_int_equal(buf_put_string(&b, block, 96), 0);
    assert_int_equal(buf_put_u8(&b, 1), ERR_LIMIT);
    assert_int_equal(buf_reserve(&b, SIZE_MAX, &out), ERR_LIMIT);
    buf_consume(&b, 500);
    assert_int_equal(buf_reserve(&b, 500, &out), 0);
    memset(out, 7, 500);
    buf_commit(&b, 500);
    assert_int_equal(buf_len(&b), 1000);
    buf_trim(&b, 1000);
    assert_int_equal(buf_len(&b), 0);
    buf_shrink(&b);
    assert_null(b.mem);
    buf_done(&b);
}

static void queues_keep_their_order(void **state)
{
    (void)state;
    struct buf b;
    struct rng r;
    rng_seed(&r, 3);
    buf_init(&b, 5000);
    uint8_t in = 0, out = 0;
    for (int round = 0; round < 20000; round++) {
        uint8_t block[200];
        size_t n = rng_below(&r, sizeof block);
        if (rng_below(&r, 2)) {
            for (size_t i = 0; i < n; i++)
                block[i] = (uint8_t)(in + i);
            if (buf_put(&b, block, n) == 0)
                in = (uint8_t)(in + n);
        } else if (buf_get(&b, block, n) == 0) {
            for (size_t i = 0; i < n; i++)
                assert_int_equal(block[i], out++);
        }
        assert_true(buf_len(&b) <= 5000);
    }
    buf_wipe(&b);
    assert_int_equal(buf_len(&b), 0);
    buf_done(&b);
}

static void text_is_formatted_without_a_length(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 3000);
    assert_int_equal(buf_put_text(&b, "%s %d\n", "line", 1), 0);
    assert_int_equal(buf_len(&b), 7);
    assert_memory_equal(buf_ptr(&b), "line 1\n", 7);
    assert_int_equal(buf_put_text(&b, "%*d", 2900, 1), 0);
    assert_int_equal(buf_put_text(&b, "%*d", 2900, 1), ERR_LIMIT);
    assert_int_equal(buf_len(&b), 2907);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(mpints_are_those_of_the_rfc),
        cmocka_unit_test(short_input_is_left_alone),
        cmocka_unit_test(the_maximum_holds),
        cmocka_unit_test(queues_keep_their_order),
        cmocka_unit_test(text_is_formatted_without_a_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
