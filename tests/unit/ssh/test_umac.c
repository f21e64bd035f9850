/* test_umac.c -- UMAC against the vectors of RFC 4418, appendix.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "ssh/umac.h"

static void tag_hex(unsigned len, const char *pattern, size_t times, char *hex)
{
    struct ssh_crypto cr;
    uint8_t tag[16];
    size_t n = strlen(pattern) * times;
    char *msg = x_malloc(n + 1);
    assert_non_null(msg);
    for (size_t i = 0; i < n; i++)
        msg[i] = pattern[i % strlen(pattern)];
    assert_int_equal(ssh_crypto_init(&cr), 0);
    struct umac *u = umac_new(&cr, (const uint8_t *)"abcdefghijklmnop", len);
    assert_non_null(u);
    assert_int_equal(umac_tag(u, msg, n, (const uint8_t *)"bcdefghi", tag), 0);
    hex_encode(hex, tag, len);
    umac_free(u);
    ssh_crypto_done(&cr);
    x_free(msg);
}

static void test_rfc_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        size_t times;
        const char *tag64;
    } v[] = {
        {"a", 0, "6e155fad26900be1"},       {"a", 3, "44b5cb542f220104"},
        {"a", 1 << 10, "26bf2f5d60118bd9"}, {"a", 1 << 15, "27f8ef643b0d118d"},
        {"a", 1 << 20, "a4477e87e9f55853"}, {"abc", 1, "d4d7b9f6bd4fbfcf"},
        {"abc", 500, "d4cf26ddefd5c01a"},
    };
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        char hex[33];
        tag_hex(8, v[i].pattern, v[i].times, hex);
        assert_string_equal(hex, v[i].tag64);
    }
}

/* The first 64 bits of the longer hash use the same streams; only the pad differs. */
static void test_streams_agree(void **state)
{
    (void)state;
    char a[33], b[33], c[33], d[33];
    tag_hex(8, "abc", 500, a);
    tag_hex(8, "a", 3, b);
    tag_hex(16, "abc", 500, c);
    tag_hex(16, "a", 3, d);
    uint8_t x[4][16];
    assert_int_equal(hex_decode(x[0], a, 8), 0);
    assert_int_equal(hex_decode(x[1], b, 8), 0);
    assert_int_equal(hex_decode(x[2], c, 16), 0);
    assert_int_equal(hex_decode(x[3], d, 16), 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(x[0][i] ^ x[1][i], x[2][i] ^ x[3][i]);
    assert_string_not_equal(c + 16, d + 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_vectors),
        cmocka_unit_test(test_streams_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
