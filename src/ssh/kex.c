/* kex.c -- key exchange: KEXINIT, negotiation, the methods' messages, keys.
 *
 * A struct ssh_kex lives from the first KEXINIT, sent or received, until both
 * sides' NEWKEYS. expect is the one message of a method that may come now.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/priv.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/arena.h"
#include "base/rng.h"
#include "base/str.h"
#include "ssh/keys_priv.h"

enum { LISTS = 10, COOKIE = 16, NAMES_MAX = 64 };
enum { L_KEX, L_HOSTKEY, L_ENC_CS, L_ENC_SC, L_MAC_CS, L_MAC_SC, L_COMP_CS, L_COMP_SC };

/* What becomes one direction's keys at NEWKEYS. */
struct next_keys {
    const struct ssh_cipher *cipher;
    const struct ssh_mac *mac; /* NULL: the cipher authenticates */
    bool zlib;
    uint8_t iv[SSH_CIPHER_IV_MAX], key[SSH_CIPHER_KEY_MAX], mac_key[SSH_MAC_MAX];
};

struct ssh_kex {
    bool sent_init, got_init, sent_newkeys, got_newkeys;
    uint8_t expect;      /* message of the method; 0: none */
    struct buf my, peer; /* KEXINIT payloads */
    char *lists[LISTS];  /* the client's */
    const struct ssh_kex_method *method;
    char hostkey_alg[NAMES_MAX];
    struct next_keys in, out;
    uint32_t gex_min, gex_want, gex_max;
    BIGNUM *p, *g;
};

static const char ciphers[] = "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,"
                              "aes128-gcm@openssh.com,aes256-gcm@openssh.com";
static const char macs[] =
    "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
    "hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,"
    "umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1";
static const char compressions[] = "none,zlib@openssh.com";
static const char strict_server[] = "kex-strict-s-v00@openssh.com";
static const char strict_client[] = "kex-strict-c-v00@openssh.com";

void ssh_kex_free(struct ssh_kex *k)
{
    if (!k)
        return;
    buf_done(&k->my);
    buf_done(&k->peer);
    for (int i = 0; i < LISTS; i++)
        x_free(k->lists[i]);
    BN_free(k->p);
    BN_free(k->g);
    OPENSSL_cleanse(k, sizeof(*k));
    x_free(k);
}

static int kex_ensure(struct ssh_conn *c)
{
    if (c->kex)
        return 0;
    struct ssh_kex *k = x_calloc(1, sizeof(*k));
    if (!k)
        return ERR_NOMEM;
    buf_init(&k->my, SSH_PACKET_MAX);
    buf_init(&k->peer, SSH_PACKET_MAX);
    c->kex = k;
    return 0;
}

bool ssh_kex_rekeying(const struct ssh_conn *c)
{
    return c->kex && c->kex->sent_init && !c->kex->sent_newkeys;
}

/* ---- our KEXINIT ---- */

/* True if name is in the comma-separated list. Lists end at an empty name. */
static bool list_has(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; *p && *p != ',';) {
        size_t len = strcspn(p, ",");
        if (len == n && memcmp(p, name, n) == 0)
            return true;
        p += len + (p[len] == ',');
    }
    return false;
}

/* Our kex names for this client, its quirks considered. */
static void kex_names(const struct ssh_conn *c, char *out, size_t size)
{
    size_t at = 0;
    for (const char *p = ssh_kex_method_names(); *p;) {
        size_t n = strcspn(p, ",");
        char name[NAMES_MAX];
        memcpy(name, p, n);
        name[n] = '\0';
        p += n + (p[n] == ',');
        if (((c->quirks & SSH_QUIRK_NO_GEX) && strstr(name, "group-exchange")) ||
            ((c->quirks & SSH_QUIRK_NO_LIBSSH) && strstr(name, "@libssh.org")))
            continue;
        if (at + n + 1 + sizeof(strict_server) > size)
            break;
        memcpy(out + at, name, n);
        at += n;
        out[at++] = ',';
    }
    memcpy(out + at, strict_server, sizeof(strict_server));
}

int ssh_kex_start(struct ssh_conn *c)
{
    if (kex_ensure(c) < 0)
        return ERR_NOMEM;
    struct ssh_kex *k = c->kex;
    if (k->sent_init)
        return 0;
    char names[512];
    uint8_t cookie[COOKIE];
    if (rng_secret(cookie, sizeof(cookie)) < 0)
        return ERR_CRYPTO;
    kex_names(c, names, sizeof(names));
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_KEXINIT);
    ssh_msg_raw(&m, cookie, sizeof(cookie));
    ssh_msg_cstr(&m, names);
    ssh_msg_cstr(&m, c->srv->hostkey_algs);
    ssh_msg_cstr(&m, ciphers);
    ssh_msg_cstr(&m, ciphers);
    ssh_msg_cstr(&m, macs);
    ssh_msg_cstr(&m, macs);
    ssh_msg_cstr(&m, compressions);
    ssh_msg_cstr(&m, compressions);
    ssh_msg_cstr(&m, "");
    ssh_msg_cstr(&m, "");
    ssh_msg_u8(&m, 0);
    ssh_msg_u32(&m, 0);
    if (m.err == 0)
        m.err = buf_put(&k->my, buf_ptr(m.b), buf_len(m.b));
    k->sent_init = true;
    ssh_msg_send(c, &m);
    return 0;
}

/* ---- the client's KEXINIT ---- */

static void tell_kexinit(struct ssh_conn *c, bool first_follows)
{
    struct ssh_kex *k = c->kex;
    char *const *l = k->lists;
    if (!c->cb->client_kexinit)
        return;
    struct buf *b = &c->srv->scratch2;
    uint8_t digest[16];
    char hex[33];
    buf_clear(b);
    if (buf_put_text(b, "%s;%s;%s;%s", l[L_KEX], l[L_ENC_CS], l[L_MAC_CS], l[L_COMP_CS]) < 0 ||
        ssh_crypto_hash(&c->srv->crypto, SSH_MD_MD5, buf_ptr(b), buf_len(b), digest) < 0 ||
        buf_put_u8(b, 0) < 0)
        return;
    hex_encode(hex, digest, sizeof(digest));
    struct ssh_kexinit_info info = {
        .kex = l[L_KEX],
        .hostkey = l[L_HOSTKEY],
        .enc_cs = l[L_ENC_CS],
        .enc_sc = l[L_ENC_SC],
        .mac_cs = l[L_MAC_CS],
        .mac_sc = l[L_MAC_SC],
        .comp_cs = l[L_COMP_CS],
        .comp_sc = l[L_COMP_SC],
        .lang_cs = l[8],
        .lang_sc = l[9],
        .hassh = hex,
        .hassh_algorithms = (const char *)buf_ptr(b),
        .first_follows = first_follows,
        .rekey = !c->kex_initial,
    };
    c->cb->client_kexinit(c->ctx, &info);
}

/* The first of theirs that is also ours, into out. */
static bool choose(const char *theirs, const char *ours, char *out)
{
    for (const char *p = theirs; *p && *p != ',';) {
        size_t n = strcspn(p, ",");
        if (n < NAMES_MAX) {
            memcpy(out, p, n);
            out[n] = '\0';
            if (list_has(ours, out))
                return true;
        }
        p += n + (p[n] == ',');
    }
    return false;
}

static bool first_same(const char *a, const char *b)
{
    size_t n = strcspn(a, ",");
    return strcspn(b, ",") == n && memcmp(a, b, n) == 0;
}

static bool choose_dir(struct ssh_kex *k, struct next_keys *d, int enc, int mac, int comp)
{
    char name[NAMES_MAX];
    if (!choose(k->lists[enc], ciphers, name))
        return false;
    d->cipher = ssh_cipher_find(name);
    d->mac = NULL;
    if (d->cipher->tag_len == 0) {
        if (!choose(k->lists[mac], macs, name))
            return false;
        d->mac = ssh_mac_find(name);
    }
    if (!choose(k->lists[comp], compressions, name))
        return false;
    d->zlib = strcmp(name, "none") != 0;
    return true;
}

static void note_markers(struct ssh_conn *c)
{
    const char *kex = c->kex->lists[L_KEX], *hk = c->kex->lists[L_HOSTKEY];
    c->ext_info = list_has(kex, "ext-info-c");
    c->strict = list_has(kex, strict_client);
    c->rsa_sha256 =
        list_has(hk, "rsa-sha2-256") || list_has(hk, "rsa-sha2-256-cert-v01@openssh.com");
    c->rsa_sha512 =
        list_has(hk, "rsa-sha2-512") || list_has(hk, "rsa-sha2-512-cert-v01@openssh.com");
}

/* Agrees on everything. False: no match; sshd then closes without a word. */
static bool negotiate(struct ssh_conn *c)
{
    struct ssh_kex *k = c->kex;
    char ours[512], name[NAMES_MAX];
    kex_names(c, ours, sizeof(ours));
    if (!choose_dir(k, &k->in, L_ENC_CS, L_MAC_CS, L_COMP_CS) ||
        !choose_dir(k, &k->out, L_ENC_SC, L_MAC_SC, L_COMP_SC) ||
        !choose(k->lists[L_KEX], ours, name))
        return false;
    k->method = ssh_kex_method_find(name);
    return k->method && choose(k->lists[L_HOSTKEY], c->srv->hostkey_algs, k->hostkey_alg);
}

static int parse_kexinit(struct ssh_conn *c, struct buf *p, bool *first_follows)
{
    struct ssh_kex *k = c->kex;
    uint8_t cookie[COOKIE], follows;
    uint32_t reserved;
    int err = buf_get(p, cookie, sizeof(cookie));
    for (int i = 0; err == 0 && i < LISTS; i++)
        err = ssh_get_text(p, &k->lists[i]);
    if (err == 0)
        err = buf_get_u8(p, &follows);
    if (err == 0)
        err = buf_get_u32(p, &reserved);
    if (err == 0 && buf_len(p) != 0)
        err = ERR_FORMAT;
    if (err == 0)
        *first_follows = follows != 0;
    return err;
}

static void recv_kexinit(struct ssh_conn *c, struct buf *p, uint32_t seq)
{
    bool follows = false;
    char ours[512];
    if (kex_ensure(c) < 0) {
        ssh_conn_fail(c, "no memory");
        return;
    }
    struct ssh_kex *k = c->kex;
    if (buf_put_u8(&k->peer, SSH_MSG_KEXINIT) < 0 ||
        buf_put(&k->peer, buf_ptr(p), buf_len(p)) < 0 || parse_kexinit(c, p, &follows) < 0) {
        ssh_conn_bad(c, "malformed KEXINIT", SSH_MSG_KEXINIT);
        return;
    }
    k->got_init = true;
    tell_kexinit(c, follows);
    if (c->closing)
        return;
    if (ssh_kex_start(c) < 0) {
        ssh_conn_fail(c, "no memory");
        return;
    }
    if (c->kex_initial) {
        note_markers(c);
        if (c->strict && seq != 0) {
            ssh_conn_refuse(c, "strict KEX violation: KEXINIT was not the first packet");
            return;
        }
    }
    if (!negotiate(c)) {
        ssh_conn_fail(c, "no matching algorithms");
        return;
    }
    kex_names(c, ours, sizeof(ours));
    if (follows && !(first_same(ours, k->lists[L_KEX]) &&
                     first_same(c->srv->hostkey_algs, k->lists[L_HOSTKEY])))
        c->skip = 1;
    k->expect = k->method->kind == KEX_GEX ? SSH_MSG_GEX_REQUEST : SSH_MSG_KEX_INIT;
}

/* ---- the exchange ---- */

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Bytes of the strongest secret that the agreed algorithms want. */
static size_t secret_need(const struct ssh_kex *k)
{
    size_t need = 0;
    const struct next_keys *dirs[] = {&k->in, &k->out};
    for (int i = 0; i < 2; i++) {
        const struct next_keys *d = dirs[i];
        need = max_size(need, d->cipher->key_len);
        need = max_size(need, d->cipher->block);
        need = max_size(need, d->cipher->iv_len);
        need = max_size(need, d->mac ? d->mac->key_len : 0);
    }
    return need;
}

/* One key: HASH(K || H || letter || session id), extended as RFC 4253 7.2 says. */
static int derive_key(struct ssh_conn *c, const struct buf *secret, const uint8_t *hash,
                      char letter, struct buf *out)
{
    enum ssh_md md = c->kex->method->md;
    size_t h_n = ssh_md_len(md);
    struct buf *b = &c->srv->scratch2;
    uint8_t digest[64];
    int err = 0;
    while (err == 0 && buf_len(out) < SSH_CIPHER_KEY_MAX) {
        buf_clear(b);
        err = buf_put(b, buf_ptr(secret), buf_len(secret));
        if (err == 0)
            err = buf_put(b, hash, h_n);
        if (err == 0 && buf_len(out) == 0) {
            err = buf_put_u8(b, (uint8_t)letter);
            if (err == 0)
                err = buf_put(b, c->session_id, c->session_id_n);
        } else if (err == 0) {
            err = buf_put(b, buf_ptr(out), buf_len(out));
        }
        if (err == 0 && ssh_crypto_hash(&c->srv->crypto, md, buf_ptr(b), buf_len(b), digest) < 0)
            err = ERR_CRYPTO;
        if (err == 0)
            err = buf_put(out, digest, h_n);
    }
    buf_wipe(b);
    OPENSSL_cleanse(digest, sizeof(digest));
    return err;
}

static int derive_keys(struct ssh_conn *c, const struct buf *secret, const uint8_t *hash)
{
    struct ssh_kex *k = c->kex;
    const struct {
        char letter;
        uint8_t *to;
        size_t n;
    } keys[] = {
        {'A', k->in.iv, sizeof(k->in.iv)},           {'B', k->out.iv, sizeof(k->out.iv)},
        {'C', k->in.key, sizeof(k->in.key)},         {'D', k->out.key, sizeof(k->out.key)},
        {'E', k->in.mac_key, sizeof(k->in.mac_key)}, {'F', k->out.mac_key, sizeof(k->out.mac_key)},
    };
    struct buf key;
    buf_init(&key, 256);
    int err = 0;
    for (size_t i = 0; err == 0 && i < sizeof(keys) / sizeof(keys[0]); i++) {
        buf_clear(&key);
        err = derive_key(c, secret, hash, keys[i].letter, &key);
        if (err == 0)
            memcpy(keys[i].to, buf_ptr(&key), keys[i].n);
    }
    buf_wipe(&key);
    buf_done(&key);
    return err;
}

/* The exchange hash over what both sides said; theirs and ours as strings
 * (X25519, ECDH: octets; DH: mpints, which look the same). */
static int exchange_hash(struct ssh_conn *c, const struct buf *theirs, const struct buf *ours,
                         const struct buf *secret, uint8_t *hash)
{
    struct ssh_kex *k = c->kex;
    struct ssh_msg b = {&c->srv->scratch2, 0};
    uint8_t number[1040];
    buf_clear(b.b);
    ssh_msg_cstr(&b, c->client_version);
    ssh_msg_cstr(&b, c->srv->cfg.version);
    ssh_msg_str(&b, buf_ptr(&k->peer), buf_len(&k->peer));
    ssh_msg_str(&b, buf_ptr(&k->my), buf_len(&k->my));
    const struct buf *hostkey = ssh_hostkeys_blob_buf(c->srv->cfg.keys, c->kex_hostkey);
    ssh_msg_str(&b, buf_ptr(hostkey), buf_len(hostkey));
    if (k->method->kind == KEX_GEX) {
        ssh_msg_u32(&b, k->gex_min);
        ssh_msg_u32(&b, k->gex_want);
        ssh_msg_u32(&b, k->gex_max);
        const BIGNUM *two[] = {k->p, k->g};
        for (int i = 0; i < 2 && b.err == 0; i++)
            b.err = buf_put_mpint(b.b, number, (size_t)BN_bn2bin(two[i], number));
    }
    ssh_msg_str(&b, buf_ptr(theirs), buf_len(theirs));
    ssh_msg_str(&b, buf_ptr(ours), buf_len(ours));
    ssh_msg_raw(&b, buf_ptr(secret), buf_len(secret));
    if (b.err < 0)
        return b.err;
    int n = ssh_crypto_hash(&c->srv->crypto, k->method->md, buf_ptr(b.b), buf_len(b.b), hash);
    buf_wipe(b.b);
    return n;
}

static void choose_hostkey(struct ssh_conn *c)
{
    const char *alg = c->kex->hostkey_alg;
    c->hostkey_rsa = strncmp(alg, "rsa-", 4) == 0;
    c->hostkey_rsa_512 = strcmp(alg, "rsa-sha2-512") == 0;
    c->kex_hostkey = c->hostkey_rsa                    ? SSH_HOSTKEY_RSA
                     : strcmp(alg, "ssh-ed25519") == 0 ? SSH_HOSTKEY_ED25519
                                                       : SSH_HOSTKEY_ECDSA;
}

static int set_keys(struct ssh_conn *c, struct ssh_dir *d, const struct next_keys *n, bool out)
{
    int err = ssh_cipher_init(&d->cipher, &c->srv->crypto, n->cipher, n->key, out);
    if (err == 0)
        err = ssh_cipher_set_iv(&d->cipher, n->iv);
    ssh_mac_done(&d->mac);
    if (err == 0 && n->mac)
        err = ssh_mac_init(&d->mac, &c->srv->crypto, n->mac, n->mac_key);
    ssh_zlib_free(d->z, out);
    d->z = NULL;
    d->zlib = n->zlib;
    if (err == 0 && c->phase == SSH_PHASE_OPEN)
        err = ssh_packet_start_zlib(c, d);
    d->packets = 0;
    d->blocks = 0;
    d->blocks_max = n->cipher->block >= 16 ? 1ull << 32 : (1ull << 30) / n->cipher->block;
    if (c->strict)
        d->seq = 0;
    return err;
}

static void send_ext_info(struct ssh_conn *c)
{
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_EXT_INFO);
    ssh_msg_u32(&m, 2);
    ssh_msg_cstr(&m, "server-sig-algs");
    ssh_msg_cstr(&m, ssh_pubkey_accepted());
    ssh_msg_cstr(&m, "publickey-hostbound@openssh.com");
    ssh_msg_cstr(&m, "0");
    ssh_msg_send(c, &m);
}

static void tell_done(struct ssh_conn *c)
{
    const struct ssh_kex *k = c->kex;
    if (!c->cb->kex_done)
        return;
    struct ssh_kex_info info = {
        .kex = k->method->name,
        .hostkey = k->hostkey_alg,
        .enc_cs = k->in.cipher->name,
        .enc_sc = k->out.cipher->name,
        .mac_cs = k->in.mac ? k->in.mac->name : "<implicit>",
        .mac_sc = k->out.mac ? k->out.mac->name : "<implicit>",
        .comp_cs = k->in.zlib ? "zlib@openssh.com" : "none",
        .comp_sc = k->out.zlib ? "zlib@openssh.com" : "none",
        .strict = c->strict,
        .rekey = !c->kex_initial,
    };
    c->cb->kex_done(c->ctx, &info);
}

/* Both directions have their new keys. */
static void finish(struct ssh_conn *c)
{
    tell_done(c);
    ssh_kex_free(c->kex);
    c->kex = NULL;
    c->kex_initial = false;
    if (c->phase == SSH_PHASE_KEX)
        c->phase = SSH_PHASE_AUTH;
}

static void send_newkeys(struct ssh_conn *c)
{
    struct ssh_kex *k = c->kex;
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_NEWKEYS);
    ssh_msg_send(c, &m);
    if (c->closing)
        return;
    if (set_keys(c, &c->wr, &k->out, true) < 0) {
        ssh_conn_fail(c, "cannot set keys");
        return;
    }
    k->sent_newkeys = true;
    ssh_packet_release(c);
    if (c->ext_info && c->kex_initial)
        send_ext_info(c);
}

/* Our reply to the client's public value, and the new keys. */
static void reply(struct ssh_conn *c, const uint8_t *theirs, size_t n)
{
    struct ssh_kex *k = c->kex;
    struct buf ours, secret, sig, t = buf_wrap(theirs, n);
    struct ssh_kex_input in = {k->method, theirs, n, k->p, k->g, secret_need(k)};
    uint8_t hash[64];
    int64_t start = clock_mono_us(c->srv->cfg.clock);
    buf_init(&ours, 4096);
    buf_init(&secret, 4096);
    buf_init(&sig, 2048);
    choose_hostkey(c);
    int err = ssh_kex_compute(&c->srv->crypto, &in, &ours, &secret);
    int hash_n = err < 0 ? err : exchange_hash(c, &t, &ours, &secret, hash);
    if (hash_n > 0) {
        struct buf h = buf_wrap(hash, (size_t)hash_n);
        err = ssh_hostkeys_sign(c->srv->cfg.keys, k->hostkey_alg, &h, &sig);
    }
    if (hash_n <= 0 || err < 0) {
        ssh_conn_bad(c, "key exchange failed", SSH_MSG_KEX_INIT);
        goto out;
    }
    if (c->session_id_n == 0) {
        memcpy(c->session_id, hash, (size_t)hash_n);
        c->session_id_n = (uint8_t)hash_n;
    }
    const struct buf *hostkey = ssh_hostkeys_blob_buf(c->srv->cfg.keys, c->kex_hostkey);
    struct ssh_msg m =
        ssh_msg_new(c, k->method->kind == KEX_GEX ? SSH_MSG_GEX_REPLY : SSH_MSG_KEX_REPLY);
    ssh_msg_str(&m, buf_ptr(hostkey), buf_len(hostkey));
    ssh_msg_str(&m, buf_ptr(&ours), buf_len(&ours));
    ssh_msg_str(&m, buf_ptr(&sig), buf_len(&sig));
    ssh_msg_send(c, &m);
    if (derive_keys(c, &secret, hash) < 0)
        ssh_conn_fail(c, "cannot derive keys");
    else
        send_newkeys(c);
    if (!c->kex_initial) /* a client may ask for this as often as it likes */
        ssh_conn_rest(c, start);
out:
    buf_wipe(&secret);
    buf_done(&secret);
    buf_done(&ours);
    buf_done(&sig);
}

static void recv_kex_init(struct ssh_conn *c, struct buf *p)
{
    struct ssh_kex *k = c->kex;
    const uint8_t *theirs;
    size_t n;
    k->expect = 0;
    if (buf_get_string(p, &theirs, &n) < 0 || buf_len(p) != 0) {
        ssh_conn_bad(c, "malformed key exchange message", SSH_MSG_KEX_INIT);
        return;
    }
    if (k->method->kind == KEX_DH) {
        k->p = ssh_kex_prime(k->method->param);
        k->g = BN_new();
        if (!k->p || !k->g || BN_set_word(k->g, 2) != 1) {
            ssh_conn_fail(c, "no memory");
            return;
        }
    }
    reply(c, theirs, n);
}

static uint32_t clamp(uint32_t v, uint32_t lo, uint32_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static void recv_gex_request(struct ssh_conn *c, struct buf *p)
{
    enum { LEAST = 2048, MOST = 8192 };
    struct ssh_kex *k = c->kex;
    uint32_t min, want, max;
    uint8_t number[1040];
    k->expect = 0;
    if (buf_get_u32(p, &min) < 0 || buf_get_u32(p, &want) < 0 || buf_get_u32(p, &max) < 0 ||
        buf_len(p) != 0 || max < min || want < min || max < want || max < LEAST) {
        ssh_conn_bad(c, "bad group exchange request", SSH_MSG_GEX_REQUEST);
        return;
    }
    k->gex_min = min;
    k->gex_want = want;
    k->gex_max = max;
    if (ssh_groups_choose(&c->srv->groups, min < LEAST ? LEAST : min, clamp(want, LEAST, MOST),
                          max > MOST ? MOST : max, &k->p, &k->g) < 0) {
        ssh_conn_fail(c, "no group");
        return;
    }
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_KEX_REPLY);
    const BIGNUM *two[] = {k->p, k->g};
    for (int i = 0; i < 2 && m.err == 0; i++)
        m.err = buf_put_mpint(m.b, number, (size_t)BN_bn2bin(two[i], number));
    ssh_msg_send(c, &m);
    k->expect = SSH_MSG_GEX_INIT;
}

static void recv_newkeys(struct ssh_conn *c, struct buf *p)
{
    if (buf_len(p) != 0) {
        ssh_conn_bad(c, "malformed NEWKEYS", SSH_MSG_NEWKEYS);
        return;
    }
    c->kex->got_newkeys = true;
    if (set_keys(c, &c->rd, &c->kex->in, false) < 0)
        ssh_conn_fail(c, "cannot set keys");
    else
        finish(c);
}

/* ---- what may come now ---- */

bool ssh_kex_expects(const struct ssh_conn *c, uint8_t type)
{
    const struct ssh_kex *k = c->kex;
    if (type == SSH_MSG_KEXINIT) /* sshd does not take one during authentication */
        return (c->phase == SSH_PHASE_KEX || c->phase == SSH_PHASE_OPEN) && !(k && k->got_init);
    if (type == SSH_MSG_NEWKEYS)
        return k && k->sent_newkeys && !k->got_newkeys;
    return k && k->expect != 0 && type == k->expect;
}

void ssh_kex_recv(struct ssh_conn *c, uint8_t type, struct buf *p, uint32_t seq)
{
    switch (type) {
    case SSH_MSG_KEXINIT:
        recv_kexinit(c, p, seq);
        break;
    case SSH_MSG_NEWKEYS:
        recv_newkeys(c, p);
        break;
    case SSH_MSG_GEX_REQUEST:
        recv_gex_request(c, p);
        break;
    default:
        recv_kex_init(c, p);
    }
}
