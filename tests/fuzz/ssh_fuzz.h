/* ssh_fuzz.h -- what the fuzzers of ssh/ share: a server, a caller that
 * answers everything somehow, and a way to say messages without encryption.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_FUZZ_H
#define SSH_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ssh/priv.h"

static struct clock fuzz_clock;
static struct ssh_server *fuzz_server;
static struct ssh_conn *fuzz_current;

static void fuzz_on_auth(void *ctx, const struct ssh_auth_attempt *a)
{
    static const struct ssh_auth_prompt prompt = {"Password: ", false};
    (void)ctx;
    if (a->method == SSH_AUTH_KBDINT_START)
        ssh_auth_prompt(fuzz_current, "", "", &prompt, 1);
    else
        ssh_auth_answer(fuzz_current, a->user[0] == 'y' ? SSH_AUTH_ACCEPT : SSH_AUTH_REJECT, 0);
}

static void fuzz_on_open(void *ctx, struct ssh_channel *ch, const struct ssh_channel_open *o)
{
    (void)ctx;
    if (o->kind != SSH_CHANNEL_SESSION)
        ssh_channel_open_answer(ch, o->port % 2, 2, NULL);
}

static bool fuzz_on_request(void *ctx, struct ssh_channel *ch, const struct ssh_request *r)
{
    (void)ctx;
    if (r->kind == SSH_REQ_EXEC) {
        (void)!ssh_channel_output(ch, r->value, strlen(r->value), strlen(r->value) % 2);
        if (r->value[0] == 'x') {
            ssh_channel_eof(ch);
            ssh_channel_exit_status(ch, 1);
        }
    }
    return r->name == NULL || r->name[0] != 'n';
}

static void fuzz_on_data(void *ctx, struct ssh_channel *ch, const uint8_t *p, size_t n)
{
    (void)ctx;
    (void)!ssh_channel_output(ch, p, n, false);
    ssh_channel_consumed(ch, n / 2);
}

static void fuzz_on_close(void *ctx, struct ssh_channel *ch)
{
    (void)ctx;
    ssh_channel_exit_signal(ch, "HUP", false);
    ssh_channel_shut(ch);
}

static int fuzz_on_forward(void *ctx, const char *host, uint32_t port)
{
    (void)ctx;
    if (port == 22)
        return -1;
    const struct ssh_channel_open o = {.host = host, .port = port, .origin_host = "::1"};
    (void)!ssh_channel_open_forwarded(fuzz_current, &o, NULL);
    return 4000;
}

static const struct ssh_callbacks fuzz_callbacks = {
    .auth = fuzz_on_auth,
    .channel_open = fuzz_on_open,
    .channel_request = fuzz_on_request,
    .channel_data = fuzz_on_data,
    .channel_close = fuzz_on_close,
    .tcpip_forward = fuzz_on_forward,
};

static inline struct ssh_conn *fuzz_conn(void)
{
    if (!fuzz_server) {
        struct ssh_hostkeys *keys = ssh_hostkeys_new();
        clock_init_fake(&fuzz_clock, 0);
        if (!keys || ssh_hostkeys_generate(keys, SSH_HOSTKEY_ED25519) < 0 ||
            ssh_hostkeys_generate(keys, SSH_HOSTKEY_ECDSA) < 0)
            abort();
        const struct ssh_config cfg = {.version = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10",
                                       .keys = keys,
                                       .clock = &fuzz_clock,
                                       .auth_methods = "publickey,password,keyboard-interactive"};
        fuzz_server = ssh_server_new(&cfg);
    }
    fuzz_current = fuzz_server ? ssh_conn_new(fuzz_server, &fuzz_callbacks, NULL) : NULL;
    if (!fuzz_current)
        abort();
    return fuzz_current;
}

/* Feeds bytes as a patient caller would: output taken, timers run. */
static inline void fuzz_feed(struct ssh_conn *c, const void *p, size_t n)
{
    const uint8_t *out, *at = p;
    for (size_t done = 0, idle = 0; done < n && idle < 100 && !ssh_conn_closing(c); idle++) {
        size_t took = ssh_conn_input(c, at + done, n - done);
        done += took;
        if (took > 0)
            idle = 0;
        ssh_conn_output_done(c, ssh_conn_output(c, &out));
        clock_advance(&fuzz_clock, 1000);
        ssh_conn_tick(c);
    }
}

/* Pretends that keys were exchanged (and, for OPEN, that somebody logged in). */
static inline void fuzz_set_phase(struct ssh_conn *c, enum ssh_phase phase)
{
    ssh_kex_free(c->kex);
    c->kex = NULL;
    c->kex_initial = false;
    c->session_id_n = 32;
    c->ext_info = true;
    c->phase = phase;
}

/* Messages, each with a 16-bit length before it, in valid plaintext packets. */
static inline void fuzz_messages(struct ssh_conn *c, const uint8_t *p, size_t n)
{
    uint8_t packet[4 + 1 + 65536 + 16];
    while (n >= 2 && !ssh_conn_closing(c)) {
        size_t len = (size_t)p[0] << 8 | p[1];
        p += 2;
        n -= 2;
        len = len < n ? len : n;
        size_t pad = 8 - (5 + len) % 8;
        pad = pad < 4 ? pad + 8 : pad;
        size_t body = 1 + len + pad;
        for (int i = 0; i < 4; i++)
            packet[i] = (uint8_t)(body >> (24 - 8 * i));
        packet[4] = (uint8_t)pad;
        memcpy(packet + 5, p, len);
        memset(packet + 5 + len, 0, pad);
        fuzz_feed(c, packet, 4 + body);
        p += len;
        n -= len;
    }
}

static inline void fuzz_end(struct ssh_conn *c)
{
    (void)ssh_conn_memory(c);
    ssh_conn_free(c);
}

#endif
