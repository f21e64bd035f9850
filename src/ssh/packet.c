/* packet.c -- the binary packet protocol (RFC 4253 section 6), both directions.
 *
 * Input is decrypted where it lies: in the input buffer. With a cipher that is
 * neither authenticated nor encrypt-then-MAC, the first block is decrypted
 * early to learn the length; packlen remembers that this was done.
 * Checks come in sshd's order, since each has its own way of failing.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/priv.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/rng.h"

enum { LENGTH = 4, PAD_MIN = 4, PLAIN_BLOCK = 8 };

/* ---- building messages ---- */

struct ssh_msg ssh_msg_new(struct ssh_conn *c, uint8_t type)
{
    struct ssh_msg m = {&c->srv->scratch, 0};
    buf_clear(m.b);
    m.err = buf_put_u8(m.b, type);
    return m;
}

void ssh_msg_u8(struct ssh_msg *m, uint8_t v)
{
    if (m->err == 0)
        m->err = buf_put_u8(m->b, v);
}

void ssh_msg_u32(struct ssh_msg *m, uint32_t v)
{
    if (m->err == 0)
        m->err = buf_put_u32(m->b, v);
}

void ssh_msg_str(struct ssh_msg *m, const void *p, size_t n)
{
    if (m->err == 0)
        m->err = buf_put_string(m->b, p, n);
}

void ssh_msg_cstr(struct ssh_msg *m, const char *s)
{
    if (m->err == 0)
        m->err = buf_put_cstring(m->b, s);
}

void ssh_msg_raw(struct ssh_msg *m, const void *p, size_t n)
{
    if (m->err == 0)
        m->err = buf_put(m->b, p, n);
}

/* ---- writing ---- */

static size_t block_size(const struct ssh_dir *d)
{
    return d->cipher.cipher ? d->cipher.cipher->block : PLAIN_BLOCK;
}

static size_t tag_size(const struct ssh_dir *d)
{
    return d->cipher.cipher ? d->cipher.cipher->tag_len : 0;
}

static bool etm(const struct ssh_dir *d)
{
    return d->mac.mac && d->mac.mac->etm;
}

/* Random padding, from a pool: one call of the generator serves many packets. */
static int put_padding(struct ssh_server *s, uint8_t *p, size_t n)
{
    if (s->pad_left < n) {
        if (rng_secret(s->pad, sizeof(s->pad)) < 0)
            return ERR_CRYPTO;
        s->pad_left = sizeof(s->pad);
    }
    s->pad_left -= n;
    memcpy(p, s->pad + s->pad_left, n);
    return 0;
}

/* Frames, authenticates and encrypts one payload at the end of the output. */
static int write_packet(struct ssh_conn *c, const uint8_t *payload, size_t n)
{
    struct ssh_dir *d = &c->wr;
    if (d->z) {
        struct buf *z = &c->srv->deflated;
        buf_clear(z);
        if (ssh_zlib_deflate(d->z, payload, n, z) < 0)
            return ERR_FORMAT;
        payload = buf_ptr(z);
        n = buf_len(z);
    }
    size_t block = block_size(d), tag = tag_size(d), mac = d->mac.mac ? d->mac.mac->len : 0;
    size_t aad = tag || etm(d) ? LENGTH : 0;
    size_t len = LENGTH + 1 + n, pad = block - (len - aad) % block;
    if (pad < PAD_MIN)
        pad += block;
    uint8_t *p, code[SSH_MAC_MAX];
    int err = buf_reserve(&c->out, len + pad + tag + mac, &p);
    if (err < 0)
        return err;
    uint32_t packlen = (uint32_t)(len + pad - LENGTH);
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(packlen >> (24 - 8 * i));
    p[4] = (uint8_t)pad;
    memcpy(p + 5, payload, n);
    if (d->cipher.cipher)
        err = put_padding(c->srv, p + len, pad);
    else
        memset(p + len, 0, pad);
    if (err == 0 && mac && !etm(d))
        err = ssh_mac_compute(&d->mac, d->seq, p, len + pad, code);
    size_t part[2] = {aad, len + pad - aad};
    if (err == 0)
        err = ssh_cipher_crypt(&d->cipher, &c->srv->crypto, d->seq, p, part);
    if (err == 0 && mac && etm(d))
        err = ssh_mac_compute(&d->mac, d->seq, p, len + pad, code);
    if (err < 0)
        return err;
    if (mac)
        memcpy(p + len + pad, code, mac);
    buf_commit(&c->out, len + pad + tag + mac);
    d->seq++;
    d->packets++;
    d->blocks += (len + pad) / block;
    return 0;
}

/* Messages that may be sent between our KEXINIT and our NEWKEYS. */
static bool during_kex(uint8_t type)
{
    return type <= SSH_MSG_TRANSPORT_MAX && type != SSH_MSG_SERVICE_REQUEST &&
           type != SSH_MSG_SERVICE_ACCEPT && type != SSH_MSG_EXT_INFO;
}

bool ssh_packet_rekey_due(const struct ssh_conn *c, size_t next)
{
    uint64_t more = next / block_size(&c->wr) + 1;
    if (c->phase != SSH_PHASE_OPEN || c->kex || (c->quirks & SSH_QUIRK_NO_REKEY) ||
        (c->rd.packets == 0 && c->wr.packets == 0))
        return false;
    return c->rd.packets > 1u << 31 || c->wr.packets > 1u << 31 ||
           c->wr.blocks + more > c->wr.blocks_max || c->rd.blocks > c->rd.blocks_max;
}

void ssh_msg_send(struct ssh_conn *c, struct ssh_msg *m)
{
    if (c->closing && m->err == 0)
        return;
    uint8_t type = m->err == 0 ? *buf_ptr(m->b) : 0;
    int err = m->err;
    if (err == 0 && !during_kex(type)) {
        bool due = ssh_packet_rekey_due(c, buf_len(m->b));
        if (due || ssh_kex_rekeying(c)) {
            err = buf_put_string(&c->held, buf_ptr(m->b), buf_len(m->b));
            if (err == 0 && due)
                err = ssh_kex_start(c);
            if (err < 0)
                ssh_conn_fail(c, "too much output held back during a key exchange");
            return;
        }
    }
    if (err == 0)
        err = write_packet(c, buf_ptr(m->b), buf_len(m->b));
    if (err < 0)
        ssh_conn_fail(c, err_text(err));
}

void ssh_packet_release(struct ssh_conn *c)
{
    const uint8_t *p;
    size_t n;
    while (!c->closing && !ssh_kex_rekeying(c) && buf_get_string(&c->held, &p, &n) == 0)
        if (write_packet(c, p, n) < 0)
            ssh_conn_fail(c, "output over its limit");
    buf_shrink(&c->held);
}

/* ---- reading ---- */

static bool length_ok(uint32_t len)
{
    return len >= 1 + PAD_MIN && len <= SSH_PACKET_MAX;
}

/* Learns packlen of the packet at the front of the input. */
static int read_length(struct ssh_conn *c, bool aad)
{
    struct ssh_dir *d = &c->rd;
    size_t block = block_size(d), first = aad ? LENGTH : block;
    if (buf_len(&c->in) < first)
        return ERR_AGAIN;
    if (aad) {
        if (ssh_cipher_length(&d->cipher, &c->srv->crypto, d->seq, buf_ptr(&c->in), &c->packlen) <
            0)
            return ERR_CRYPTO;
    } else {
        size_t part[2] = {0, block};
        int err = ssh_cipher_crypt(&d->cipher, &c->srv->crypto, d->seq, buf_mut(&c->in), part);
        if (err < 0)
            return err;
        err = buf_peek_u32(&c->in, 0, &c->packlen);
        if (err < 0)
            return err;
    }
    /* sshd queues a DISCONNECT here and exits before it is sent. */
    if (!length_ok(c->packlen)) {
        ssh_conn_bad(c, "bad packet length", -1);
        return ERR_AGAIN;
    }
    return 0;
}

/* Authenticates and decrypts the whole packet at the front. */
static int open_packet(struct ssh_conn *c, size_t aad, size_t need)
{
    struct ssh_dir *d = &c->rd;
    uint8_t *p = buf_mut(&c->in), code[SSH_MAC_MAX];
    size_t whole = LENGTH + c->packlen, mac = d->mac.mac ? d->mac.mac->len : 0;
    if (mac && etm(d)) {
        if (ssh_mac_compute(&d->mac, d->seq, p, whole, code) < 0)
            return ERR_CRYPTO;
        if (CRYPTO_memcmp(code, p + whole, mac) != 0)
            return ERR_MAC;
    }
    size_t part[2] = {aad, need};
    int err = ssh_cipher_crypt(&d->cipher, &c->srv->crypto, d->seq, aad ? p : p + whole - need,
                               aad ? part : (size_t[2]){0, need});
    if (err < 0)
        return err;
    if (mac && !etm(d)) {
        if (ssh_mac_compute(&d->mac, d->seq, p, whole, code) < 0)
            return ERR_CRYPTO;
        if (CRYPTO_memcmp(code, p + whole, mac) != 0)
            return ERR_MAC;
    }
    return 0;
}

/* Cuts padding off and decompresses; the payload is in *out. */
static int take_payload(struct ssh_conn *c, const uint8_t *p, struct buf *out)
{
    uint32_t len = c->packlen;
    uint8_t pad = p[LENGTH];
    if (pad < PAD_MIN) {
        ssh_conn_refuse(c, "Corrupted padlen %d on input.", pad);
        return ERR_AGAIN;
    }
    if ((size_t)pad + 1 > len)
        return ERR_FORMAT;
    *out = buf_wrap(p + LENGTH + 1, len - 1 - pad);
    if (c->rd.z) {
        struct buf *z = &c->srv->inflated;
        buf_clear(z);
        int err = ssh_zlib_inflate(c->rd.z, buf_ptr(out), buf_len(out), z);
        if (err < 0)
            return err;
        *out = buf_wrap(buf_ptr(z), buf_len(z));
    }
    return buf_len(out) == 0 ? ERR_FORMAT : 0;
}

int ssh_packet_read(struct ssh_conn *c, struct buf *payload, uint32_t *seq)
{
    struct ssh_dir *d = &c->rd;
    size_t block = block_size(d), tag = tag_size(d), mac = d->mac.mac ? d->mac.mac->len : 0;
    size_t aad = tag || etm(d) ? LENGTH : 0;
    int err = c->packlen == 0 ? read_length(c, aad > 0) : 0;
    if (err == ERR_AGAIN)
        return err;
    if (err < 0)
        goto bad;
    size_t need = aad ? c->packlen : LENGTH + c->packlen - block;
    if (need % block != 0) {
        ssh_conn_bad(c, "packet length is no multiple of the block size", -1);
        return ERR_AGAIN;
    }
    size_t whole = LENGTH + c->packlen + tag + mac;
    if (buf_len(&c->in) < whole)
        return ERR_AGAIN;
    err = open_packet(c, aad, need);
    if (err < 0)
        goto bad;
    *seq = d->seq++;
    d->packets++;
    d->blocks += (LENGTH + c->packlen) / block;
    if (d->seq == 0 && c->kex_initial) {
        ssh_conn_refuse(c, "incoming sequence number wrapped during initial key exchange");
        return ERR_AGAIN;
    }
    err = take_payload(c, buf_ptr(&c->in), payload);
    if (err < 0)
        goto bad;
    buf_consume(&c->in, whole); /* the bytes stay where they are until the next put */
    c->packlen = 0;
    return 0;
bad:
    if (!c->closing)
        ssh_conn_bad(c, err == ERR_MAC ? "wrong packet authentication code" : "bad packet", -1);
    return ERR_AGAIN;
}

int ssh_packet_start_zlib(struct ssh_conn *c, struct ssh_dir *d)
{
    if (!d->zlib)
        return 0;
    ssh_zlib_free(d->z, d == &c->wr);
    d->z = ssh_zlib_new(d == &c->wr);
    return d->z ? 0 : ERR_NOMEM;
}

void ssh_dir_done(struct ssh_dir *d)
{
    ssh_cipher_done(&d->cipher);
    ssh_mac_done(&d->mac);
}
