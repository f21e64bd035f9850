/* login.c -- authentication answered, and the way into the machine.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "session/account.h"
#include "session/machines.h"
#include "session/session_priv.h"

/* pam_unix holds a refusal back for two seconds, and libpam varies that by up
 * to a quarter either way; yescrypt makes even a right password take a while. */
enum { PAM_FAIL_US = 2000000, PAM_SUCCESS_US = 12000 };

int64_t login_pam_us(struct session *s, bool ok)
{
    struct rng *r = &s->h->rng;

    if (s->h->conf->auth.mode != CONF_AUTH_WEAK)
        return 0;
    return ok ? rng_range(r, PAM_SUCCESS_US, 2 * PAM_SUCCESS_US)
              : rng_range(r, PAM_FAIL_US * 3 / 4, PAM_FAIL_US * 5 / 4);
}

static void answer(struct session *s, bool ok)
{
    if (ok)
        s->logins++;
    else
        s->failures++;
    ssh_auth_answer(s->ssh, ok ? SSH_AUTH_ACCEPT : SSH_AUTH_REJECT, login_pam_us(s, ok));
}

static void password(struct session *s, const struct ssh_auth_attempt *a, const void *p, size_t n)
{
    bool ok = !a->password_change && account_plausible(a->user) &&
              auth_password(s->h->auth, s->src.src_ip, a->user, p, n);
    struct event_login_failed no = {.username = event_s(a->user), .password = event_sn(p, n)};
    struct event_login_success yes = {.username = event_s(a->user), .password = event_sn(p, n)};

    if (ok)
        session_event(s, EVENT_LOGIN_SUCCESS, &yes);
    else
        session_event(s, EVENT_LOGIN_FAILED, &no);
    answer(s, ok);
}

/* Where this source's machine is found. */
static void name_machine(struct session *s)
{
    /* Without keeping, no two connections share a machine. */
    if (s->h->conf->vm.keep > 0)
        str_copy(s->machine_key, sizeof s->machine_key, s->src.src_ip);
    else
        str_fmt(s->machine_key, sizeof s->machine_key, "%s#%s", s->src.src_ip, s->src.session);
}

/* Is it in authorized_keys of this source's machine, if there is one? */
static bool key_opens(struct session *s, const struct ssh_auth_attempt *a, struct authkey *out)
{
    struct authkey_query q = {
        .user = a->user, .from = s->src.src_ip, .blob = a->key_blob, .blob_n = a->key_blob_n};
    struct vm *vm;

    name_machine(s);
    vm = vm_find(s->h->world, s->machine_key);
    return vm && a->key_usable && authkey_find(vm, &q, out);
}

static void keep_key(struct session *s, const struct authkey *k)
{
    if (!s->key)
        s->key = x_malloc(sizeof *s->key);
    if (s->key)
        *s->key = *k;
}

static void public_key(struct session *s, const struct ssh_auth_attempt *a)
{
    bool signed_well = a->method == SSH_AUTH_PUBLICKEY && a->sig_ok, opens;
    char line[8192], b64[6 * 1024];
    struct authkey k;
    struct event_client_fingerprint e = {.username = event_s(a->user),
                                         .fingerprint = event_s(a->key_fp),
                                         .type = event_s(a->key_type)};
    struct event_login_success_key yes = {
        .username = e.username, .fingerprint = e.fingerprint, .type = e.type};
    struct event_login_failed_key no = {
        .username = e.username, .fingerprint = e.fingerprint, .type = e.type};

    line[0] = '\0';
    if (a->key_blob_n <= 4 * 1024) {
        base64_encode(b64, a->key_blob, a->key_blob_n);
        str_fmt(line, sizeof line, "%s %s", a->key_type, b64);
    }
    e.key = yes.key = no.key = event_s(line);
    session_event(s, EVENT_CLIENT_FINGERPRINT, &e);
    opens = key_opens(s, a, &k);
    if (a->method == SSH_AUTH_PUBLICKEY_QUERY && opens) {
        ssh_auth_answer(s->ssh, SSH_AUTH_ACCEPT, 0); /* "sign with it": no login yet */
        return;
    }
    if (opens && signed_well) {
        keep_key(s, &k);
        s->logins++;
        session_event(s, EVENT_LOGIN_SUCCESS_KEY, &yes);
    } else {
        s->failures++;
        session_event(s, EVENT_LOGIN_FAILED_KEY, &no);
    }
    ssh_auth_answer(s->ssh, opens && signed_well ? SSH_AUTH_ACCEPT : SSH_AUTH_REJECT, 0);
}

void login_attempt(struct session *s, const struct ssh_auth_attempt *a)
{
    str_copy(s->user, sizeof s->user, a->user);
    switch (a->method) {
    case SSH_AUTH_PASSWORD:
        password(s, a, a->password ? a->password : (const uint8_t *)"", a->password_n);
        break;
    case SSH_AUTH_KBDINT_RESPONSE:
        if (a->responses_n == 1)
            password(s, a, a->responses[0], strlen(a->responses[0]));
        else
            answer(s, false);
        break;
    case SSH_AUTH_PUBLICKEY_QUERY:
    case SSH_AUTH_PUBLICKEY:
        public_key(s, a);
        break;
    default:
        ssh_auth_answer(s->ssh, SSH_AUTH_REJECT, 0);
    }
}

static struct vm *machine_of(struct session *s)
{
    struct session_host *h = s->h;
    struct event_machine e = {0};
    struct vm *vm;
    bool made;

    name_machine(s);
    vm = machines_get(h->machines, s->machine_key, &made);
    if (vm) {
        e.key = event_s(s->machine_key);
        e.what = event_s(made ? "created" : "reused");
        e.bytes = (int64_t)vm_memory(vm);
        session_event(s, EVENT_MACHINE, &e);
    }
    return vm;
}

/* sshd tells of the line twice: once for the query, once for the signature. */
static void tell_key(struct session *s)
{
    char text[512];

    authkey_describe(s->key, text, sizeof text);
    ssh_conn_debug(s->ssh, text);
    ssh_conn_debug(s->ssh, text);
}

void login_done(struct session *s)
{
    struct event_session_params params = {.arch = event_s("linux-x64-lsb")};
    struct vm_login_conf conf = {.user = s->user,
                                 .from = s->src.src_ip,
                                 .from_port = s->src.src_port,
                                 .to = s->src.dst_ip,
                                 .to_port = s->src.dst_port,
                                 .id = s->id,
                                 .owner = s,
                                 .policy = s->policy};

    s->vm = machine_of(s);
    if (!s->vm || account_ensure(s->vm, s->user) < 0 || vm_login_new(s->vm, &conf, &s->login) < 0) {
        log_warn("no machine for %s from %s", s->user, s->src.src_ip);
        s->end_reason = "no machine";
        ssh_conn_abort(s->ssh);
        return;
    }
    session_event(s, EVENT_SESSION_PARAMS, &params);
    if (s->key)
        tell_key(s);
}
