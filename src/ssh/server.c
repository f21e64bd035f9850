/* server.c -- what all connections of a sensor share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/priv.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/arena.h"
#include "base/rng.h"
#include "base/str.h"

static const char default_methods[] = "publickey,password";

static void list_hostkeys(struct ssh_server *s)
{
    bool rsa = ssh_hostkeys_has(s->cfg.keys, SSH_HOSTKEY_RSA);
    bool ec = ssh_hostkeys_has(s->cfg.keys, SSH_HOSTKEY_ECDSA);
    bool ed = ssh_hostkeys_has(s->cfg.keys, SSH_HOSTKEY_ED25519);
    (void)str_fmt(s->hostkey_algs, sizeof(s->hostkey_algs), "%s%s%s%s%s",
                  rsa ? "rsa-sha2-512,rsa-sha2-256" : "", rsa && (ec || ed) ? "," : "",
                  ec ? "ecdsa-sha2-nistp256" : "", ec && ed ? "," : "", ed ? "ssh-ed25519" : "");
}

static void set_defaults(struct ssh_config *cfg)
{
    if (cfg->max_auth_tries <= 0)
        cfg->max_auth_tries = 6;
    if (cfg->max_sessions <= 0)
        cfg->max_sessions = 10;
    if (cfg->login_grace_s == 0)
        cfg->login_grace_s = 120;
    if (cfg->max_channels <= 0)
        cfg->max_channels = 128;
    if (cfg->output_high == 0)
        cfg->output_high = SSH_OUTPUT_HIGH;
}

struct ssh_server *ssh_server_new(const struct ssh_config *cfg)
{
    struct ssh_server *s = x_calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->cfg = *cfg;
    s->cfg.version = x_strdup(cfg->version);
    s->cfg.auth_methods = x_strdup(cfg->auth_methods ? cfg->auth_methods : default_methods);
    s->cfg.banner = cfg->banner ? x_strdup(cfg->banner) : NULL;
    buf_init(&s->scratch, SSH_PAYLOAD_MAX);
    buf_init(&s->scratch2, 2 * SSH_PACKET_MAX);
    buf_init(&s->deflated, SSH_PAYLOAD_MAX + 65536);
    buf_init(&s->inflated, SSH_PAYLOAD_MAX + 65536);
    set_defaults(&s->cfg);
    list_hostkeys(s);
    if (!s->cfg.version || !s->cfg.auth_methods || (cfg->banner && !s->cfg.banner) ||
        ssh_crypto_init(&s->crypto) < 0 ||
        ssh_groups_parse(&s->groups, cfg->moduli, cfg->moduli_n) < 0 ||
        rng_secret(&s->delay_seed, sizeof(s->delay_seed)) < 0) {
        ssh_server_free(s);
        return NULL;
    }
    return s;
}

void ssh_server_free(struct ssh_server *s)
{
    if (!s)
        return;
    x_free((char *)s->cfg.version);
    x_free((char *)s->cfg.auth_methods);
    x_free((char *)s->cfg.banner);
    buf_done(&s->scratch);
    buf_done(&s->scratch2);
    buf_done(&s->deflated);
    buf_done(&s->inflated);
    ssh_groups_done(&s->groups);
    ssh_crypto_done(&s->crypto);
    x_free(s);
}
