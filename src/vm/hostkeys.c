/* hostkeys.c -- the server's host keys as files of the machine's /etc/ssh.
 *
 * The public halves are those that the server really shows. The private halves
 * have the form of OpenSSH's key files around random bytes: an attacker may read
 * and take them, so the true ones must not be there.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/buf.h"
#include "vm/priv.h"
#include "vm/skel.h"

enum { KEY_FILE_MAX = 4096, LINE = 70 };

static const struct {
    const char *type, *file;
    size_t secret; /* bytes of the private section after its public half */
} kinds[] = {{"ssh-rsa", "ssh_host_rsa_key", 991},
             {"ecdsa-sha2-nistp256", "ssh_host_ecdsa_key", 53},
             {"ssh-ed25519", "ssh_host_ed25519_key", 80}};

/* "openssh-key-v1", no cipher, one key: its public half and the private section. */
static int key_body(struct buf *b, const uint8_t *blob, size_t n, struct rng *r, size_t secret)
{
    uint8_t inner[KEY_FILE_MAX / 2];
    size_t all = (8 + n + secret + 7) / 8 * 8;
    if (all > sizeof(inner))
        return ERR_RANGE;
    rng_fill(r, inner, all);
    memcpy(inner + 4, inner, 4); /* the check number stands there twice */
    memcpy(inner + 8, blob, n);
    int err = buf_put(b, "openssh-key-v1", 15);
    if (err == 0)
        err = buf_put_cstring(b, "none");
    if (err == 0)
        err = buf_put_cstring(b, "none");
    if (err == 0)
        err = buf_put_cstring(b, "");
    if (err == 0)
        err = buf_put_u32(b, 1);
    if (err == 0)
        err = buf_put_string(b, blob, n);
    return err < 0 ? err : buf_put_string(b, inner, all);
}

static void private_file(struct vm *vm, struct arena *a, size_t kind, const char *b64, size_t n)
{
    struct rng r = rng_named(vm->world->conf.persona->seed, kinds[kind].file);
    uint8_t blob[1024];
    char text[KEY_FILE_MAX], path[64];
    size_t len;
    struct buf body;
    struct str out;
    buf_init(&body, KEY_FILE_MAX);
    str_init(&out, a);
    if (n / 4 * 3 <= sizeof(blob) && base64_decode(blob, &len, b64, n) == 0 &&
        key_body(&body, blob, len, &r, kinds[kind].secret) == 0 &&
        buf_len(&body) / 3 * 4 + 8 < sizeof(text)) {
        size_t all = base64_encode(text, buf_ptr(&body), buf_len(&body));
        str_puts(&out, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
        for (size_t i = 0; i < all; i += LINE) {
            str_add(&out, text + i, all - i < LINE ? all - i : LINE);
            str_putc(&out, '\n');
        }
        str_puts(&out, "-----END OPENSSH PRIVATE KEY-----\n");
        str_fmt(path, sizeof(path), "/etc/ssh/%s", kinds[kind].file);
        (void)file_replace(vm, path, 0600, 0, str_text(&out), out.n);
    }
    buf_done(&body);
}

/* Each public line is "type base64". */
void skel_host_keys(struct vm *vm, struct arena *a)
{
    const struct persona *pe = vm->world->conf.persona;
    for (size_t i = 0; i < sizeof(pe->host_keys) / sizeof(pe->host_keys[0]); i++) {
        const char *line = pe->host_keys[i];
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            size_t t = strlen(kinds[k].type);
            if (!str_starts(line, kinds[k].type) || line[t] != ' ')
                continue;
            char path[64], text[sizeof(pe->host_keys[0]) + 80];
            str_fmt(path, sizeof(path), "/etc/ssh/%s.pub", kinds[k].file);
            if (str_fmt(text, sizeof(text), "%s root@%s\n", line, pe->hostname))
                (void)file_replace(vm, path, 0644, 0, text, strlen(text));
            private_file(vm, a, k, line + t + 1, strlen(line + t + 1));
        }
    }
}
