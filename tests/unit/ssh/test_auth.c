/* test_auth.c -- authentication: what is told, when refusals are sent, limits.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh_peer.h"

struct seen {
    struct ssh_conn *conn;
    int attempts, successes;
    enum ssh_auth_method method;
    char user[64], password[64];
    bool answer, accept;
    int64_t delay_us;
    int closed;
    char why[128];
};

static void on_auth(void *ctx, const struct ssh_auth_attempt *a)
{
    struct seen *s = ctx;
    s->attempts++;
    s->method = a->method;
    strncpy(s->user, a->user, sizeof(s->user) - 1);
    strncpy(s->password, a->password ? (const char *)a->password : "", sizeof(s->password) - 1);
    if (s->answer)
        ssh_auth_answer(s->conn, s->accept ? SSH_AUTH_ACCEPT : SSH_AUTH_REJECT, s->delay_us);
}

static void on_success(void *ctx)
{
    ((struct seen *)ctx)->successes++;
}

static void on_closed(void *ctx, const char *why, const char *we)
{
    struct seen *s = ctx;
    (void)we;
    s->closed++;
    strncpy(s->why, why, sizeof(s->why) - 1);
}

static const struct ssh_callbacks callbacks = {
    .auth = on_auth, .auth_success = on_success, .closed = on_closed};

static void begin(struct ssh_server *srv, struct seen *s, struct buf *b)
{
    s->conn = peer_conn(srv, &callbacks, s, SSH_PHASE_AUTH);
    buf_init(b, 1 << 16);
    peer_msg(b, SSH_MSG_SERVICE_REQUEST);
    put_text(b, "ssh-userauth");
    peer_send(s->conn, b);
    peer_expect(s->conn, b, SSH_MSG_SERVICE_ACCEPT);
}

static void send_password(struct seen *s, struct buf *b, const char *user, const char *password)
{
    peer_msg(b, SSH_MSG_USERAUTH_REQUEST);
    put_text(b, user);
    put_text(b, "ssh-connection");
    put_text(b, "password");
    put_u8(b, 0);
    put_text(b, password);
    peer_send(s->conn, b);
}

static void end(struct ssh_server *srv, struct seen *s, struct buf *b)
{
    buf_done(b);
    ssh_conn_free(s->conn);
    peer_server_free(srv);
}

static void test_password_is_told_and_accepted(void **state)
{
    (void)state;
    struct seen s = {.answer = true, .accept = true};
    struct buf b;
    struct ssh_server *srv = peer_server(&(struct ssh_config){0});
    begin(srv, &s, &b);
    send_password(&s, &b, "root:style", "geheim");
    assert_int_equal(s.method, SSH_AUTH_PASSWORD);
    assert_string_equal(s.user, "root");
    assert_string_equal(s.password, "geheim");
    peer_expect(s.conn, &b, SSH_MSG_USERAUTH_SUCCESS);
    peer_expect(s.conn, &b, SSH_MSG_GLOBAL_REQUEST);
    assert_int_equal(s.successes, 1);
    assert_true(ssh_conn_authenticated(s.conn));
    assert_int_equal(ssh_conn_deadline(s.conn), INT64_MAX);
    end(srv, &s, &b);
}

static void test_refusal_waits_its_time(void **state)
{
    (void)state;
    struct seen s = {.answer = true, .delay_us = 1000000};
    struct buf b, none;
    struct ssh_server *srv = peer_server(&(struct ssh_config){0});
    buf_init(&none, 4096);
    begin(srv, &s, &b);
    int64_t start = clock_mono_us(&peer_clock);
    send_password(&s, &b, "root", "x");
    assert_false(peer_next(s.conn, &none));
    int64_t at = ssh_conn_deadline(s.conn);
    /* A minimum of 5 to 9 ms, doubled until it is past the second. */
    assert_in_range(at - start, 1000000, 2100000);
    send_password(&s, &b, "root", "y"); /* taken, but not looked at yet */
    assert_int_equal(s.attempts, 1);
    clock_advance(&peer_clock, at - start - 1);
    ssh_conn_tick(s.conn);
    assert_false(peer_next(s.conn, &none));
    clock_advance(&peer_clock, 1);
    ssh_conn_tick(s.conn);
    peer_expect(s.conn, &none, SSH_MSG_USERAUTH_FAILURE);
    const uint8_t *p;
    size_t n;
    assert_int_equal(buf_get_string(&none, &p, &n), 0);
    assert_int_equal(n, strlen("publickey,password"));
    assert_memory_equal(p, "publickey,password", n);
    assert_int_equal(s.attempts, 2);
    buf_done(&none);
    end(srv, &s, &b);
}

static void test_late_answer(void **state)
{
    (void)state;
    struct seen s = {0};
    struct buf b;
    struct ssh_server *srv = peer_server(&(struct ssh_config){0});
    begin(srv, &s, &b);
    send_password(&s, &b, "root", "x");
    clock_advance(&peer_clock, 3000000);
    ssh_auth_answer(s.conn, SSH_AUTH_ACCEPT, 0);
    peer_expect(s.conn, &b, SSH_MSG_USERAUTH_SUCCESS);
    ssh_auth_answer(s.conn, SSH_AUTH_REJECT, 0); /* nothing pends any more */
    assert_true(ssh_conn_authenticated(s.conn));
    end(srv, &s, &b);
}

static void test_six_failures(void **state)
{
    (void)state;
    struct seen s = {.answer = true};
    struct buf b;
    struct ssh_server *srv = peer_server(&(struct ssh_config){0});
    begin(srv, &s, &b);
    for (int i = 0; i < 6; i++) {
        send_password(&s, &b, "root", "x");
        clock_advance(&peer_clock, 20000);
        ssh_conn_tick(s.conn);
        peer_expect(s.conn, &b, i < 5 ? SSH_MSG_USERAUTH_FAILURE : SSH_MSG_DISCONNECT);
    }
    assert_int_equal(ssh_conn_closing(s.conn), SSH_CLOSE_FIN);
    assert_int_equal(s.closed, 1);
    assert_string_equal(s.why, "Too many authentication failures");
    end(srv, &s, &b);
}

static void test_grace_time(void **state)
{
    (void)state;
    struct seen s = {0};
    struct buf b;
    struct ssh_server *srv = peer_server(&(struct ssh_config){.login_grace_s = 10});
    begin(srv, &s, &b);
    assert_int_equal(ssh_conn_deadline(s.conn) - clock_mono_us(&peer_clock), 10000000);
    clock_advance(&peer_clock, 10000000);
    ssh_conn_tick(s.conn);
    assert_int_equal(ssh_conn_closing(s.conn), SSH_CLOSE_FIN);
    assert_false(peer_next(s.conn, &b)); /* without a word */
    end(srv, &s, &b);
}

static void on_auth_free(void *ctx, const struct ssh_auth_attempt *a)
{
    struct seen *s = ctx;
    (void)a;
    ssh_conn_free(s->conn);
    s->conn = NULL;
}

static void test_free_inside_callback(void **state)
{
    (void)state;
    static const struct ssh_callbacks cb = {.auth = on_auth_free};
    struct seen s = {0};
    struct buf b;
    struct ssh_server *srv = peer_server(&(struct ssh_config){0});
    begin(srv, &s, &b);
    s.conn->cb = &cb;
    send_password(&s, &b, "root", "x");
    assert_null(s.conn);
    end(srv, &s, &b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_password_is_told_and_accepted),
        cmocka_unit_test(test_refusal_waits_its_time),
        cmocka_unit_test(test_late_answer),
        cmocka_unit_test(test_six_failures),
        cmocka_unit_test(test_grace_time),
        cmocka_unit_test(test_free_inside_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
