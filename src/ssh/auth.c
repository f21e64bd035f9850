/* auth.c -- user authentication (RFC 4252, 4256) as sshd conducts it.
 *
 * One attempt at a time: it is parsed, told to the caller, and waits for the
 * verdict; meanwhile no input is processed. The verdict is sent at send_us.
 * Refusals take at least the time that sshd gives every user name of its own
 * (5 to 9 ms), doubled until it lies in the future.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh/priv.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"
#include "ssh/keys_priv.h"

enum { ATTEMPTS_MAX = 1024, RESPONSES_MAX = 100, DELAY_MIN_US = 5000, DELAY_SPREAD_US = 4295 };

struct ssh_auth {
    bool busy;      /* an attempt waits */
    bool started;   /* the service was requested */
    bool decided;   /* the verdict is known, its time has not come */
    bool prompting; /* INFO_REQUEST is out */
    bool acceptable;
    uint8_t method, verdict;
    char *service;
    char *pk_alg; /* of a key query */
    struct buf pk_blob;
    size_t prompts; /* asked for */
    int attempt, failures;
    int64_t start_us, send_us;
};

bool ssh_auth_busy(const struct ssh_conn *c)
{
    return c->auth && c->auth->busy;
}

bool ssh_auth_started(const struct ssh_conn *c)
{
    return c->auth && c->auth->started;
}

bool ssh_auth_prompting(const struct ssh_conn *c)
{
    return c->auth && c->auth->prompting;
}

int64_t ssh_auth_deadline(const struct ssh_conn *c)
{
    return c->auth && c->auth->decided ? c->auth->send_us : INT64_MAX;
}

size_t ssh_auth_memory(const struct ssh_conn *c)
{
    return c->auth ? sizeof(*c->auth) + c->auth->pk_blob.cap : 0;
}

void ssh_auth_free(struct ssh_conn *c)
{
    struct ssh_auth *a = c->auth;
    if (!a)
        return;
    x_free(a->service);
    x_free(a->pk_alg);
    buf_done(&a->pk_blob);
    x_free(a);
    c->auth = NULL;
}

void ssh_recv_service_request(struct ssh_conn *c, struct buf *p)
{
    char *service = NULL;
    if (ssh_get_text(p, &service) < 0 || buf_len(p) != 0) {
        ssh_conn_bad(c, "malformed SERVICE_REQUEST", SSH_MSG_SERVICE_REQUEST);
    } else if (strcmp(service, "ssh-userauth") != 0) {
        ssh_conn_refuse(c, "bad service request %s", service);
    } else {
        if (!c->auth) {
            c->auth = x_calloc(1, sizeof(*c->auth));
            if (c->auth)
                buf_init(&c->auth->pk_blob, SSH_PAYLOAD_MAX);
            else
                ssh_conn_fail(c, "no memory");
        }
        if (c->auth)
            c->auth->started = true;
        struct ssh_msg m = ssh_msg_new(c, SSH_MSG_SERVICE_ACCEPT);
        ssh_msg_cstr(&m, service);
        ssh_msg_send(c, &m);
    }
    x_free(service);
}

/* ---- verdicts ---- */

static bool offered(const struct ssh_conn *c, const char *method)
{
    size_t n = strlen(method);
    for (const char *p = c->srv->cfg.auth_methods; *p;) {
        size_t len = strcspn(p, ",");
        if (len == n && memcmp(p, method, n) == 0)
            return true;
        p += len + (p[len] == ',');
    }
    return false;
}

static void send_failure(struct ssh_conn *c, bool partial)
{
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_USERAUTH_FAILURE);
    ssh_msg_cstr(&m, c->srv->cfg.auth_methods);
    ssh_msg_u8(&m, partial);
    ssh_msg_send(c, &m);
}

static void send_success(struct ssh_conn *c)
{
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_USERAUTH_SUCCESS);
    ssh_msg_send(c, &m);
    ssh_auth_free(c);
    if (c->closing)
        return;
    ssh_conn_authenticated_now(c);
    if (!c->closing && c->cb->auth_success)
        c->cb->auth_success(c->ctx);
}

/* Sends the verdict of the pending attempt. */
static void deliver(struct ssh_conn *c)
{
    struct ssh_auth *a = c->auth;
    bool yes = a->verdict == SSH_AUTH_ACCEPT && a->acceptable;
    a->busy = a->decided = false;
    if (yes && a->method == SSH_AUTH_PUBLICKEY_QUERY) {
        struct ssh_msg m = ssh_msg_new(c, SSH_MSG_USERAUTH_PK_OK);
        ssh_msg_cstr(&m, a->pk_alg);
        ssh_msg_str(&m, buf_ptr(&a->pk_blob), buf_len(&a->pk_blob));
        ssh_msg_send(c, &m);
        return;
    }
    if (yes) {
        send_success(c);
        return;
    }
    bool partial = a->verdict == SSH_AUTH_PARTIAL;
    if (!partial && (a->attempt > 1 || a->method != SSH_AUTH_NONE))
        a->failures++;
    if (a->failures >= c->srv->cfg.max_auth_tries)
        ssh_conn_refuse(c, "Too many authentication failures");
    else
        send_failure(c, partial);
}

/* The least time for this user's refusals: constant per server and name. */
static int64_t least_time(const struct ssh_conn *c)
{
    uint64_t h = hash_fixed(c->user, strlen(c->user), c->srv->delay_seed);
    return DELAY_MIN_US + (int64_t)(h % DELAY_SPREAD_US);
}

void ssh_auth_answer(struct ssh_conn *c, enum ssh_auth_verdict v, int64_t delay_us)
{
    struct ssh_auth *a = c->auth;
    if (!a || !a->busy || a->decided || c->closing)
        return;
    int64_t now = clock_mono_us(c->srv->cfg.clock), spent = now - a->start_us;
    spent += delay_us > 0 ? delay_us : 0;
    bool login = v == SSH_AUTH_ACCEPT && a->acceptable && a->method != SSH_AUTH_PUBLICKEY_QUERY;
    if (!login && a->method != SSH_AUTH_NONE) {
        int64_t least = least_time(c);
        while (least < spent)
            least *= 2;
        spent = least;
    }
    a->verdict = (uint8_t)v;
    a->send_us = a->start_us + spent;
    ssh_conn_enter(c);
    if (a->send_us <= now) {
        bool resume = c->depth == 1; /* not from inside a callback: go on with the input */
        deliver(c);
        if (resume && !c->closing)
            ssh_conn_process(c);
    } else {
        a->decided = true;
    }
    ssh_conn_leave(c);
}

void ssh_auth_tick(struct ssh_conn *c, int64_t now)
{
    if (c->auth && c->auth->decided && now >= c->auth->send_us)
        deliver(c);
}

void ssh_auth_prompt(struct ssh_conn *c, const char *name, const char *instruction,
                     const struct ssh_auth_prompt *prompts, size_t n)
{
    struct ssh_auth *a = c->auth;
    if (!a || !a->busy || a->decided || c->closing ||
        (a->method != SSH_AUTH_KBDINT_START && a->method != SSH_AUTH_KBDINT_RESPONSE))
        return;
    ssh_conn_enter(c);
    a->busy = false;
    a->prompting = true;
    a->prompts = n;
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_USERAUTH_INFO_REQUEST);
    ssh_msg_cstr(&m, name);
    ssh_msg_cstr(&m, instruction);
    ssh_msg_cstr(&m, "");
    ssh_msg_u32(&m, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        ssh_msg_cstr(&m, prompts[i].text);
        ssh_msg_u8(&m, prompts[i].echo);
    }
    ssh_msg_send(c, &m);
    if (c->depth == 1 && !c->closing)
        ssh_conn_process(c);
    ssh_conn_leave(c);
}

/* Tells the caller of an attempt, which is now pending. */
static void ask(struct ssh_conn *c, struct ssh_auth_attempt *at)
{
    struct ssh_auth *a = c->auth;
    at->user = c->user;
    at->service = a->service;
    at->attempt = a->attempt;
    at->failures = a->failures;
    a->method = (uint8_t)at->method;
    a->busy = true;
    a->decided = a->prompting = false;
    if (c->cb->auth)
        c->cb->auth(c->ctx, at);
    else
        ssh_auth_answer(c, SSH_AUTH_REJECT, 0);
}

/* ---- the methods ---- */

static void bad_request(struct ssh_conn *c)
{
    ssh_conn_bad(c, "malformed USERAUTH_REQUEST", SSH_MSG_USERAUTH_REQUEST);
}

static void try_password(struct ssh_conn *c, struct buf *p, struct ssh_auth_attempt *at)
{
    uint8_t change;
    char *password = NULL, *fresh = NULL;
    if (buf_get_u8(p, &change) < 0 || ssh_get_text(p, &password) < 0 ||
        (change && ssh_get_text(p, &fresh) < 0) || buf_len(p) != 0) {
        bad_request(c);
    } else {
        at->method = SSH_AUTH_PASSWORD;
        at->password = (const uint8_t *)password;
        at->password_n = strlen(password);
        at->password_change = change != 0;
        c->auth->acceptable = !change;
        ask(c, at);
    }
    if (password)
        OPENSSL_cleanse(password, strlen(password));
    x_free(password);
    x_free(fresh);
}

/* The signed bytes: session id and the request up to the key (and host key). */
static int signed_data(struct ssh_conn *c, const struct buf *request, struct buf *out)
{
    int err = buf_put_string(out, c->session_id, c->session_id_n);
    if (err == 0)
        err = buf_put_u8(out, SSH_MSG_USERAUTH_REQUEST);
    return err < 0 ? err : buf_put(out, buf_ptr(request), buf_len(request));
}

/* publickey-hostbound-v00: the host key of the first exchange must follow. */
static bool hostbound_ok(struct ssh_conn *c, struct buf *p)
{
    const struct buf *ours = ssh_hostkeys_blob_buf(c->srv->cfg.keys, c->kex_hostkey);
    const uint8_t *blob;
    size_t n;
    return buf_get_string(p, &blob, &n) == 0 && n == buf_len(ours) &&
           memcmp(blob, buf_ptr(ours), n) == 0;
}

/* The signature at the end of p, over the request bytes before it. 1: good,
 * 0: not, ERR_FORMAT: no signature there. */
static int check_signature(struct ssh_conn *c, const struct buf *request, struct buf *p,
                           const struct ssh_auth_attempt *at)
{
    const uint8_t *sig;
    size_t n, signed_n = buf_len(request) - buf_len(p);
    if (buf_get_string(p, &sig, &n) < 0 || buf_len(p) != 0)
        return ERR_FORMAT;
    struct buf data, head = buf_wrap(buf_ptr(request), signed_n), s = buf_wrap(sig, n);
    buf_init(&data, SSH_PACKET_MAX + 256);
    bool good = signed_data(c, &head, &data) == 0 &&
                ssh_pubkey_verify(at->key_blob, at->key_blob_n, at->key_alg, &s, &data);
    buf_done(&data);
    return good;
}

/* request: the whole payload after its type. */
static void try_publickey(struct ssh_conn *c, const struct buf *request, struct buf *p,
                          struct ssh_auth_attempt *at)
{
    uint8_t have_sig;
    char *alg = NULL, fp[SSH_FP_LEN];
    struct ssh_pubkey key;
    int sig = 0;
    if (buf_get_u8(p, &have_sig) < 0 || ssh_get_text(p, &alg) < 0 ||
        buf_get_string(p, &at->key_blob, &at->key_blob_n) < 0 ||
        (strcmp(at->method_name, "publickey") != 0 && !hostbound_ok(c, p)))
        goto bad;
    ssh_pubkey_parse(&key, at->key_blob, at->key_blob_n);
    ssh_fingerprint(fp, at->key_blob, at->key_blob_n);
    at->method = have_sig ? SSH_AUTH_PUBLICKEY : SSH_AUTH_PUBLICKEY_QUERY;
    at->key_alg = alg;
    at->key_type = key.type ? key.type : "";
    at->key_fp = fp;
    at->key_bits = key.bits;
    at->key_usable = ssh_pubkey_alg_fits(&key, alg);
    if (at->key_usable && have_sig) {
        sig = check_signature(c, request, p, at);
        if (sig < 0)
            goto bad;
        at->sig_ok = sig > 0;
    } else if (at->key_usable && buf_len(p) != 0) {
        goto bad;
    }
    struct ssh_auth *a = c->auth;
    a->acceptable = at->key_usable && (!have_sig || at->sig_ok);
    buf_clear(&a->pk_blob);
    x_free(a->pk_alg);
    a->pk_alg = x_strdup(alg);
    if (!a->pk_alg || buf_put(&a->pk_blob, at->key_blob, at->key_blob_n) < 0)
        ssh_conn_fail(c, "no memory");
    else
        ask(c, at);
    x_free(alg);
    return;
bad:
    bad_request(c);
    x_free(alg);
}

static void try_kbdint(struct ssh_conn *c, struct buf *p, struct ssh_auth_attempt *at)
{
    char *lang = NULL, *devices = NULL;
    if (ssh_get_text(p, &lang) < 0 || ssh_get_text(p, &devices) < 0 || buf_len(p) != 0) {
        bad_request(c);
    } else {
        at->method = SSH_AUTH_KBDINT_START;
        c->auth->acceptable = true;
        ask(c, at);
    }
    x_free(lang);
    x_free(devices);
}

void ssh_recv_userauth_info_response(struct ssh_conn *c, struct buf *p)
{
    struct ssh_auth *a = c->auth;
    char *responses[RESPONSES_MAX] = {0};
    uint32_t n = 0;
    a->prompting = false;
    int err = buf_get_u32(p, &n);
    if (err == 0 && (n > RESPONSES_MAX || n != a->prompts))
        err = ERR_FORMAT;
    for (uint32_t i = 0; err == 0 && i < n; i++)
        err = ssh_get_text(p, &responses[i]);
    if (err < 0 || buf_len(p) != 0) {
        ssh_conn_bad(c, "malformed INFO_RESPONSE", SSH_MSG_USERAUTH_INFO_RESPONSE);
    } else {
        struct ssh_auth_attempt at = {
            .method = SSH_AUTH_KBDINT_RESPONSE,
            .method_name = "keyboard-interactive",
            .responses = (const char *const *)responses,
            .responses_n = n,
        };
        a->acceptable = true;
        a->start_us = clock_mono_us(c->srv->cfg.clock);
        ask(c, &at);
    }
    for (uint32_t i = 0; i < RESPONSES_MAX; i++)
        x_free(responses[i]);
}

/* ---- the request ---- */

/* user[/role][:style]: only the name counts. */
static void cut_user(char *user, char **style)
{
    char *end = user + strcspn(user, "/:");
    char *colon = strchr(end, ':');
    *style = NULL;
    if (colon) {
        *colon = '\0';
        *style = colon + 1;
    }
    *end = '\0';
}

static void send_banner(struct ssh_conn *c)
{
    if (!c->srv->cfg.banner)
        return;
    struct ssh_msg m = ssh_msg_new(c, SSH_MSG_USERAUTH_BANNER);
    ssh_msg_cstr(&m, c->srv->cfg.banner);
    ssh_msg_cstr(&m, "");
    ssh_msg_send(c, &m);
}

/* First request: remembers user and service. Later: they must be the same. */
static bool same_login(struct ssh_conn *c, const char *user, const char *service)
{
    struct ssh_auth *a = c->auth;
    if (a->attempt >= ATTEMPTS_MAX) {
        ssh_conn_refuse(c, "Too many authentication failures");
        return false;
    }
    if (a->attempt++ > 0) {
        if (strcmp(user, c->user) == 0 && strcmp(service, a->service) == 0)
            return true;
        ssh_conn_refuse(c, "Change of username or service not allowed: (%s,%s) -> (%s,%s)", c->user,
                        a->service, user, service);
        return false;
    }
    c->user = x_strdup(user);
    a->service = x_strdup(service);
    if (!c->user || !a->service) {
        ssh_conn_fail(c, "no memory");
        return false;
    }
    send_banner(c);
    return !c->closing;
}

static void try_method(struct ssh_conn *c, const struct buf *request, struct buf *p,
                       struct ssh_auth_attempt *at)
{
    const char *method = at->method_name;
    bool ours = strcmp(c->auth->service, "ssh-connection") == 0;
    c->auth->acceptable = false;
    if (strcmp(method, "none") == 0) {
        at->method = SSH_AUTH_NONE;
        c->auth->acceptable = ours;
        if (c->auth->attempt == 1 && buf_len(p) != 0)
            bad_request(c);
        else
            ask(c, at);
    } else if (strcmp(method, "password") == 0 && offered(c, "password")) {
        try_password(c, p, at);
    } else if ((strcmp(method, "publickey") == 0 ||
                strcmp(method, "publickey-hostbound-v00@openssh.com") == 0) &&
               offered(c, "publickey")) {
        try_publickey(c, request, p, at);
    } else if (strcmp(method, "keyboard-interactive") == 0 && offered(c, method)) {
        try_kbdint(c, p, at);
    } else {
        at->method = SSH_AUTH_OTHER;
        ask(c, at);
    }
}

void ssh_recv_userauth_request(struct ssh_conn *c, struct buf *p)
{
    struct buf request = buf_wrap(buf_ptr(p), buf_len(p));
    char *user = NULL, *service = NULL, *method = NULL, *style;
    if (ssh_get_text(p, &user) < 0 || ssh_get_text(p, &service) < 0 ||
        ssh_get_text(p, &method) < 0) {
        bad_request(c);
    } else {
        cut_user(user, &style);
        c->auth->start_us = clock_mono_us(c->srv->cfg.clock);
        if (same_login(c, user, service)) {
            struct ssh_auth_attempt at = {.method_name = method, .style = style};
            c->auth->prompting = false;
            try_method(c, &request, p, &at);
        }
    }
    x_free(user);
    x_free(service);
    x_free(method);
}
