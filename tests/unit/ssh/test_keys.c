/* test_keys.c -- host keys survive saving, signatures verify, moduli are read.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ssh/kexmethod.h"
#include "ssh/keys_priv.h"

static void test_save_and_load(void **state)
{
    (void)state;
    for (int t = 0; t < SSH_HOSTKEY_N; t++) {
        struct ssh_hostkeys *a = ssh_hostkeys_new(), *b = ssh_hostkeys_new();
        struct buf pem;
        buf_init(&pem, 16384);
        assert_int_equal(ssh_hostkeys_generate(a, t), 0);
        assert_int_equal(ssh_hostkeys_save(a, t, &pem), 0);
        assert_int_equal(ssh_hostkeys_load(b, t, buf_ptr(&pem), buf_len(&pem)), 0);
        size_t an, bn;
        const uint8_t *ap = ssh_hostkeys_blob(a, t, &an), *bp = ssh_hostkeys_blob(b, t, &bn);
        assert_int_equal(an, bn);
        assert_memory_equal(ap, bp, an);
        int other = (t + 1) % SSH_HOSTKEY_N;
        assert_int_equal(ssh_hostkeys_load(b, other, buf_ptr(&pem), buf_len(&pem)), ERR_RANGE);
        assert_int_equal(ssh_hostkeys_load(b, t, "x", 1), ERR_FORMAT);
        buf_done(&pem);
        ssh_hostkeys_free(a);
        ssh_hostkeys_free(b);
    }
}

static void test_sign_and_verify(void **state)
{
    (void)state;
    static const struct {
        const char *alg;
        enum ssh_hostkey_type type;
    } v[] = {
        {"rsa-sha2-512", SSH_HOSTKEY_RSA},
        {"rsa-sha2-256", SSH_HOSTKEY_RSA},
        {"ecdsa-sha2-nistp256", SSH_HOSTKEY_ECDSA},
        {"ssh-ed25519", SSH_HOSTKEY_ED25519},
    };
    struct ssh_hostkeys *k = ssh_hostkeys_new();
    for (int t = 0; t < SSH_HOSTKEY_N; t++)
        assert_int_equal(ssh_hostkeys_generate(k, t), 0);
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        struct buf sig, data = buf_wrap("some bytes", 10), other = buf_wrap("some bytez", 10);
        struct ssh_pubkey pub;
        size_t n;
        const uint8_t *blob = ssh_hostkeys_blob(k, v[i].type, &n);
        buf_init(&sig, 4096);
        assert_int_equal(ssh_hostkeys_sign(k, v[i].alg, &data, &sig), 0);
        ssh_pubkey_parse(&pub, blob, n);
        assert_true(pub.parsed);
        assert_true(ssh_pubkey_alg_fits(&pub, v[i].alg));
        assert_true(ssh_pubkey_verify(blob, n, v[i].alg, &sig, &data));
        assert_false(ssh_pubkey_verify(blob, n, v[i].alg, &sig, &other));
        assert_false(ssh_pubkey_verify(blob, n, "ssh-dss", &sig, &data));
        buf_trim(&sig, 1);
        assert_false(ssh_pubkey_verify(blob, n, v[i].alg, &sig, &data));
        ssh_pubkey_parse(&pub, blob, n - 1);
        assert_false(pub.parsed);
        buf_done(&sig);
    }
    ssh_hostkeys_free(k);
}

static void test_fingerprint(void **state)
{
    (void)state;
    char fp[SSH_FP_LEN];
    ssh_fingerprint(fp, "", 0); /* SHA-256 of nothing */
    assert_string_equal(fp, "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
}

static void test_groups_fall_back(void **state)
{
    (void)state;
    struct ssh_groups gs;
    BIGNUM *p, *g;
    static const char junk[] = "# comment\n1 2 3\n\n20200101 2 6 100 2047 2 ABC\n";
    assert_int_equal(ssh_groups_parse(&gs, junk, sizeof(junk) - 1), 0);
    assert_int_equal(gs.n, 0);
    static const struct {
        uint32_t max;
        int bits;
    } v[] = {{2048, 2048}, {4096, 4096}, {8192, 8192}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ssh_groups_choose(&gs, 2048, 2048, v[i].max, &p, &g), 0);
        assert_int_equal(BN_num_bits(p), v[i].bits);
        BN_free(p);
        BN_free(g);
    }
    ssh_groups_done(&gs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_save_and_load),
        cmocka_unit_test(test_sign_and_verify),
        cmocka_unit_test(test_fingerprint),
        cmocka_unit_test(test_groups_fall_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
