/* global.c -- global requests (RFC 4254 section 4 and 7), host key rotation.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/priv.h"

#include <string.h>

#include "base/arena.h"
#include "ssh/keys_priv.h"

static const char prove[] = "hostkeys-prove-00@openssh.com";

/* The answer being built: what follows REQUEST_SUCCESS. */
struct answer {
    bool ok;
    struct buf extra;
};

static void bad(struct ssh_conn *c)
{
    ssh_conn_bad(c, "malformed GLOBAL_REQUEST", SSH_MSG_GLOBAL_REQUEST);
}

static void forward(struct ssh_conn *c, struct buf *p, bool want_reply, struct answer *a)
{
    char *host = NULL;
    uint32_t port;
    if (ssh_get_text(p, &host) < 0 || buf_get_u32(p, &port) < 0) {
        bad(c);
    } else {
        int got = -1;
        if (port > 0xFFFF || (port == 0 && !want_reply))
            ssh_conn_debug(c, "Server has disabled port forwarding.");
        else if (c->cb->tcpip_forward)
            got = c->cb->tcpip_forward(c->ctx, host, port);
        a->ok = got >= 0;
        if (a->ok && port == 0 && buf_put_u32(&a->extra, (uint32_t)got) < 0)
            a->ok = false;
    }
    x_free(host);
}

static void cancel(struct ssh_conn *c, struct buf *p, struct answer *a)
{
    char *host = NULL;
    uint32_t port;
    if (ssh_get_text(p, &host) < 0 || buf_get_u32(p, &port) < 0)
        bad(c);
    else if (port <= INT32_MAX && c->cb->tcpip_cancel)
        a->ok = c->cb->tcpip_cancel(c->ctx, host, port) >= 0;
    x_free(host);
}

static void streamlocal(struct ssh_conn *c, struct buf *p, bool stop, struct answer *a)
{
    char *path = NULL;
    if (ssh_get_text(p, &path) < 0)
        bad(c);
    else if (c->cb->streamlocal_forward)
        a->ok = c->cb->streamlocal_forward(c->ctx, path, stop);
    x_free(path);
}

static int find_hostkey(const struct ssh_conn *c, const uint8_t *blob, size_t n)
{
    for (int t = 0; t < SSH_HOSTKEY_N; t++) {
        const struct buf *ours = ssh_hostkeys_blob_buf(c->srv->cfg.keys, t);
        if (n > 0 && buf_len(ours) == n && memcmp(buf_ptr(ours), blob, n) == 0)
            return t;
    }
    return -1;
}

static const char *prove_alg(const struct ssh_conn *c, int type)
{
    if (type != SSH_HOSTKEY_RSA)
        return ssh_hostkey_name(type);
    if (c->hostkey_rsa)
        return c->hostkey_rsa_512 ? "rsa-sha2-512" : "rsa-sha2-256";
    return c->rsa_sha512 ? "rsa-sha2-512" : c->rsa_sha256 ? "rsa-sha2-256" : "ssh-rsa";
}

/* Signs each of our keys that the client asks about, with that key. */
static void prove_hostkeys(struct ssh_conn *c, struct buf *p, struct answer *a)
{
    struct buf data;
    const uint8_t *blob;
    size_t n;
    int signatures = 0;
    int64_t start = clock_mono_us(c->srv->cfg.clock);
    buf_init(&data, 8192);
    while (buf_len(p) > 0) {
        if (buf_get_string(p, &blob, &n) < 0)
            goto out;
        int t = find_hostkey(c, blob, n);
        struct buf sig;
        buf_init(&sig, 2048);
        buf_clear(&data);
        /* Thrice all keys is more than any client asks; each costs a signature. */
        if (t < 0 || ++signatures > 3 * SSH_HOSTKEY_N || buf_put_cstring(&data, prove) < 0 ||
            buf_put_string(&data, c->session_id, c->session_id_n) < 0 ||
            buf_put_string(&data, blob, n) < 0 ||
            ssh_hostkeys_sign(c->srv->cfg.keys, prove_alg(c, t), &data, &sig) < 0 ||
            buf_put_string(&a->extra, buf_ptr(&sig), buf_len(&sig)) < 0) {
            buf_done(&sig);
            goto out;
        }
        buf_done(&sig);
    }
    a->ok = true;
out:
    ssh_conn_rest(c, start);
    buf_done(&data);
    if (!a->ok)
        buf_clear(&a->extra);
}

void ssh_recv_global_request(struct ssh_conn *c, struct buf *p)
{
    char *name = NULL;
    uint8_t want_reply;
    struct answer a = {0};
    if (ssh_get_text(p, &name) < 0 || buf_get_u8(p, &want_reply) < 0) {
        bad(c);
        x_free(name);
        return;
    }
    buf_init(&a.extra, 64 * 1024);
    if (strcmp(name, "tcpip-forward") == 0) {
        forward(c, p, want_reply != 0, &a);
    } else if (strcmp(name, "cancel-tcpip-forward") == 0) {
        cancel(c, p, &a);
    } else if (strcmp(name, "streamlocal-forward@openssh.com") == 0) {
        streamlocal(c, p, false, &a);
    } else if (strcmp(name, "cancel-streamlocal-forward@openssh.com") == 0) {
        streamlocal(c, p, true, &a);
    } else {
        if (strcmp(name, "no-more-sessions@openssh.com") == 0)
            a.ok = c->no_more_sessions = true;
        else if (strcmp(name, prove) == 0)
            prove_hostkeys(c, p, &a);
        if (c->cb->global_request)
            c->cb->global_request(c->ctx, name, want_reply != 0);
    }
    if (want_reply && !c->closing) {
        struct ssh_msg m = ssh_msg_new(c, a.ok ? SSH_MSG_REQUEST_SUCCESS : SSH_MSG_REQUEST_FAILURE);
        if (a.ok)
            ssh_msg_raw(&m, buf_ptr(&a.extra), buf_len(&a.extra));
        ssh_msg_send(c, &m);
        c->flushed = buf_len(&c->out);
    }
    buf_done(&a.extra);
    x_free(name);
}

void ssh_recv_keepalive_reply(struct ssh_conn *c, struct buf *p)
{
    (void)p;
    c->alive_missed = 0;
}

void ssh_send_hostkeys(struct ssh_conn *c)
{
    if (c->quirks & SSH_QUIRK_NO_HOSTKEYS)
        return;
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_GLOBAL_REQUEST);
    ssh_msg_cstr(&m, "hostkeys-00@openssh.com");
    ssh_msg_u8(&m, 0);
    for (int t = 0; t < SSH_HOSTKEY_N; t++) {
        const struct buf *b = ssh_hostkeys_blob_buf(c->srv->cfg.keys, t);
        if (buf_len(b) > 0)
            ssh_msg_str(&m, buf_ptr(b), buf_len(b));
    }
    ssh_msg_send(c, &m);
}
