/* ssh_peer.h -- for the tests of ssh/: a server without sockets, and a client
 * that says plaintext packets.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_PEER_H
#define SSH_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "ssh/priv.h"

static struct clock peer_clock;
static struct ssh_hostkeys *peer_keys;

static inline struct ssh_server *peer_server(const struct ssh_config *extra)
{
    struct ssh_config cfg = *extra;
    clock_init_fake(&peer_clock, 0);
    peer_keys = ssh_hostkeys_new();
    assert_non_null(peer_keys);
    assert_int_equal(ssh_hostkeys_generate(peer_keys, SSH_HOSTKEY_ED25519), 0);
    cfg.version = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10";
    cfg.keys = peer_keys;
    cfg.clock = &peer_clock;
    struct ssh_server *s = ssh_server_new(&cfg);
    assert_non_null(s);
    return s;
}

static inline void peer_server_free(struct ssh_server *s)
{
    ssh_server_free(s);
    ssh_hostkeys_free(peer_keys);
}

static inline void peer_say(struct ssh_conn *c, const void *p, size_t n)
{
    assert_int_equal(ssh_conn_input(c, p, n), n);
}

/* One plaintext packet with this payload. */
static inline void peer_send(struct ssh_conn *c, const struct buf *payload)
{
    struct buf b;
    size_t n = buf_len(payload), pad = 8 - (5 + n) % 8;
    pad = pad < 4 ? pad + 8 : pad;
    buf_init(&b, 1 << 20);
    assert_int_equal(buf_put_u32(&b, (uint32_t)(1 + n + pad)), 0);
    assert_int_equal(buf_put_u8(&b, (uint8_t)pad), 0);
    assert_int_equal(buf_put(&b, buf_ptr(payload), n), 0);
    for (size_t i = 0; i < pad; i++)
        assert_int_equal(buf_put_u8(&b, 0), 0);
    peer_say(c, buf_ptr(&b), buf_len(&b));
    buf_done(&b);
}

/* Takes the next plaintext packet out of the output into p; false: none. */
static inline bool peer_next(struct ssh_conn *c, struct buf *p)
{
    const uint8_t *out;
    size_t n = ssh_conn_output(c, &out);
    if (n < 5)
        return false;
    size_t len = (size_t)out[0] << 24 | (size_t)out[1] << 16 | (size_t)out[2] << 8 | out[3];
    assert_true(n >= 4 + len);
    assert_true((4 + len) % 8 == 0);
    buf_clear(p);
    assert_int_equal(buf_put(p, out + 5, len - 1 - out[4]), 0);
    ssh_conn_output_done(c, 4 + len);
    return true;
}

static inline void peer_expect(struct ssh_conn *c, struct buf *p, uint8_t type)
{
    uint8_t got;
    assert_true(peer_next(c, p));
    assert_int_equal(buf_get_u8(p, &got), 0);
    assert_int_equal(got, type);
}

static inline void peer_drop_output(struct ssh_conn *c)
{
    const uint8_t *out;
    ssh_conn_output_done(c, ssh_conn_output(c, &out));
}

/* A connection that is past the key exchange, still in plaintext. */
static inline struct ssh_conn *peer_conn(struct ssh_server *s, const struct ssh_callbacks *cb,
                                         void *ctx, enum ssh_phase phase)
{
    struct ssh_conn *c = ssh_conn_new(s, cb, ctx);
    assert_non_null(c);
    peer_say(c, "SSH-2.0-test\r\n", 14);
    ssh_kex_free(c->kex);
    c->kex = NULL;
    c->kex_initial = false;
    c->phase = phase;
    c->session_id_n = 32;
    c->rd.blocks_max = c->wr.blocks_max = 1ull << 32;
    peer_drop_output(c);
    return c;
}

/* Payloads: peer_msg(&b, type), then buf_put_*, then peer_send. */
static inline void peer_msg(struct buf *b, uint8_t type)
{
    buf_clear(b);
    assert_int_equal(buf_put_u8(b, type), 0);
}

static inline void put_text(struct buf *b, const char *s)
{
    assert_int_equal(buf_put_cstring(b, s), 0);
}

static inline void put_u32(struct buf *b, uint32_t v)
{
    assert_int_equal(buf_put_u32(b, v), 0);
}

static inline void put_u8(struct buf *b, uint8_t v)
{
    assert_int_equal(buf_put_u8(b, v), 0);
}

#endif
