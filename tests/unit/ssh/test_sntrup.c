/* test_sntrup.c -- sntrup761 with public keys whose messages can be read.
 *
 * For the key h = 3, a message is 3r, which rounding leaves as it is: so r can
 * be read off the ciphertext, and both hashes computed here. h = 3x shows the
 * reduction by x^761 - x - 1 as well. Encoding and decoding are written down
 * once more, recursively, as the specification states them. (That real
 * clients agree is shown in tests/ssh.)
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ssh/sntrup.h"

enum { P = SNTRUP_P, Q = 4591, HALF = 2295, ROUNDED = 1007 };

static uint8_t *encode(uint8_t *s, const uint32_t *r, const uint32_t *m, size_t n)
{
    uint32_t r2[P], m2[P];
    size_t k = 0;
    if (n == 1) {
        for (uint32_t v = r[0], w = m[0]; w > 1; v >>= 8, w = (w + 255) / 256)
            *s++ = (uint8_t)v;
        return s;
    }
    for (size_t i = 0; i + 1 < n; i += 2, k++) {
        uint32_t w = m[i] * m[i + 1], v = r[i] + m[i] * r[i + 1];
        for (; w >= 16384; v /= 256, w = (w + 255) / 256)
            *s++ = (uint8_t)v;
        r2[k] = v;
        m2[k] = w;
    }
    if (n % 2) {
        r2[k] = r[n - 1];
        m2[k++] = m[n - 1];
    }
    return encode(s, r2, m2, k);
}

static void decode(uint32_t *r, const uint8_t *s, const uint32_t *m, size_t n)
{
    uint32_t r2[P], m2[P] = {0}, low[P], step[P];
    size_t k = 0;
    if (n == 1) {
        r[0] = 0;
        for (uint32_t w = m[0], t = 1; w > 1; w = (w + 255) / 256, t *= 256)
            r[0] += *s++ * t;
        r[0] %= m[0];
        return;
    }
    for (size_t i = 0; i + 1 < n; i += 2, k++) {
        uint32_t w = m[i] * m[i + 1];
        low[k] = 0;
        step[k] = 1;
        for (; w >= 16384; w = (w + 255) / 256, step[k] *= 256)
            low[k] += *s++ * step[k];
        m2[k] = w;
    }
    size_t pairs = k;
    if (n % 2)
        m2[k++] = m[n - 1];
    decode(r2, s, m2, k);
    for (size_t i = 0; i < pairs; i++) {
        uint64_t v = low[i] + (uint64_t)step[i] * r2[i];
        r[2 * i] = (uint32_t)(v % m[2 * i]);
        r[2 * i + 1] = (uint32_t)(v / m[2 * i] % m[2 * i + 1]);
    }
    if (n % 2)
        r[n - 1] = r2[pairs];
}

static void public_key(uint8_t pk[SNTRUP_PK], int power)
{
    uint32_t r[P], m[P];
    for (int i = 0; i < P; i++) {
        r[i] = HALF + (i == power ? 3 : 0);
        m[i] = Q;
    }
    assert_ptr_equal(encode(pk, r, m, P), pk + SNTRUP_PK);
}

static void read_message(const uint8_t *ct, int c[P])
{
    uint32_t r[P], m[P];
    for (int i = 0; i < P; i++)
        m[i] = (Q + 2) / 3;
    decode(r, ct, m, P);
    for (int i = 0; i < P; i++)
        c[i] = (int)r[i] - HALF / 3;
}

static struct ssh_crypto cr;

static void half_hash(uint8_t prefix, const uint8_t *p, size_t n, uint8_t out[32])
{
    uint8_t buf[2048], full[64];
    buf[0] = prefix;
    memcpy(buf + 1, p, n);
    assert_int_equal(ssh_crypto_hash(&cr, SSH_MD_SHA512, buf, n + 1, full), 64);
    memcpy(out, full, 32);
}

/* The confirmation and the secret that belong to r and this ciphertext. */
static void check_hashes(const int r[P], const uint8_t *pk, const uint8_t *ct, const uint8_t *ss)
{
    uint8_t small[191] = {0}, both[64], want[32], all[32 + SNTRUP_CT];
    for (int i = 0; i < P; i++)
        small[i / 4] |= (uint8_t)((r[i] + 1) << 2 * (i % 4));
    half_hash(3, small, sizeof(small), both);
    half_hash(4, pk, SNTRUP_PK, both + 32);
    half_hash(2, both, 64, want);
    assert_memory_equal(ct + ROUNDED, want, 32);
    memcpy(all, both, 32);
    memcpy(all + 32, ct, SNTRUP_CT);
    half_hash(1, all, sizeof(all), want);
    assert_memory_equal(ss, want, 32);
}

static void test_key_three(void **state)
{
    (void)state;
    uint8_t pk[SNTRUP_PK], ct[SNTRUP_CT], ss[32];
    int r[P], weight = 0;
    public_key(pk, 0);
    assert_int_equal(ssh_crypto_init(&cr), 0);
    assert_int_equal(sntrup_encap(&cr, pk, ct, ss), 0);
    read_message(ct, r);
    for (int i = 0; i < P; i++) {
        assert_in_range(r[i] + 1, 0, 2);
        weight += r[i] != 0;
    }
    assert_int_equal(weight, 286);
    check_hashes(r, pk, ct, ss);
    ssh_crypto_done(&cr);
}

static void test_key_three_x(void **state)
{
    (void)state;
    uint8_t pk[SNTRUP_PK], out[2][SNTRUP_CT + SNTRUP_SS];
    uint32_t random[2][P];
    int r[P], c[P], shifted[P];
    assert_int_equal(ssh_crypto_init(&cr), 0);
    for (int i = 0; i < P; i++)
        random[0][i] = random[1][i] = (uint32_t)i * 2654435761u;
    public_key(pk, 0);
    assert_int_equal(sntrup_encap_from(&cr, random[0], pk, out[0]), 0);
    read_message(out[0], r);
    public_key(pk, 1);
    assert_int_equal(sntrup_encap_from(&cr, random[1], pk, out[1]), 0);
    read_message(out[1], c);
    for (int i = 0; i < P; i++) /* x * r, with x^761 = x + 1 */
        shifted[i] = (i > 0 ? r[i - 1] : 0) + (i < 2 ? r[P - 1] : 0);
    assert_memory_equal(c, shifted, sizeof(c));
    check_hashes(r, pk, out[1], out[1] + SNTRUP_CT);
    ssh_crypto_done(&cr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_three),
        cmocka_unit_test(test_key_three_x),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
