/* test_channel.c -- channels: order of messages, windows, back-pressure, ends.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "ssh_peer.h"

struct seen {
    struct ssh_channel *ch;
    int opened, freed, writable, eof, closed;
    size_t data;
    bool consume, finish;
    char exec[64];
};

static void on_open(void *ctx, struct ssh_channel *ch, const struct ssh_channel_open *o)
{
    struct seen *s = ctx;
    (void)o;
    s->ch = ch;
    s->opened++;
}

static bool on_request(void *ctx, struct ssh_channel *ch, const struct ssh_request *r)
{
    struct seen *s = ctx;
    if (r->kind == SSH_REQ_EXEC)
        strncpy(s->exec, r->value, sizeof(s->exec) - 1);
    if (s->finish) {
        assert_int_equal(ssh_channel_output(ch, "hi\n", 3, false), 3);
        ssh_channel_eof(ch);
        ssh_channel_exit_status(ch, 3);
    }
    return true;
}

static void on_data(void *ctx, struct ssh_channel *ch, const uint8_t *p, size_t n)
{
    struct seen *s = ctx;
    (void)p;
    s->data += n;
    if (s->consume)
        ssh_channel_consumed(ch, n);
}

static void on_eof(void *ctx, struct ssh_channel *ch)
{
    (void)ch;
    ((struct seen *)ctx)->eof++;
}

static void on_close(void *ctx, struct ssh_channel *ch)
{
    (void)ch;
    ((struct seen *)ctx)->closed++;
}

static void on_writable(void *ctx, struct ssh_channel *ch)
{
    (void)ch;
    ((struct seen *)ctx)->writable++;
}

static void on_free(void *ctx, struct ssh_channel *ch)
{
    (void)ch;
    ((struct seen *)ctx)->freed++;
}

static const struct ssh_callbacks callbacks = {
    .channel_open = on_open,
    .channel_request = on_request,
    .channel_data = on_data,
    .channel_eof = on_eof,
    .channel_close = on_close,
    .channel_writable = on_writable,
    .channel_free = on_free,
};

static struct ssh_server *srv;
static struct ssh_conn *c;
static struct buf b;

static void open_session(struct seen *s, uint32_t window)
{
    srv = peer_server(&(struct ssh_config){0});
    c = peer_conn(srv, &callbacks, s, SSH_PHASE_OPEN);
    buf_init(&b, 1 << 20);
    peer_msg(&b, SSH_MSG_CHANNEL_OPEN);
    put_text(&b, "session");
    put_u32(&b, 42);
    put_u32(&b, window);
    put_u32(&b, 1000);
    peer_send(c, &b);
    uint32_t v[4];
    peer_expect(c, &b, SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
    for (int i = 0; i < 4; i++)
        assert_int_equal(buf_get_u32(&b, &v[i]), 0);
    assert_int_equal(v[0], 42);
    assert_int_equal(v[2], 0); /* the window opens with the process */
    assert_int_equal(v[3], 32768);
}

static void exec(const char *command)
{
    peer_msg(&b, SSH_MSG_CHANNEL_REQUEST);
    put_u32(&b, 0);
    put_text(&b, "exec");
    put_u8(&b, 1);
    put_text(&b, command);
    peer_send(c, &b);
}

static void close_all(void)
{
    buf_done(&b);
    ssh_conn_free(c);
    peer_server_free(srv);
}

static void test_order_of_exec(void **state)
{
    (void)state;
    struct seen s = {.finish = true};
    uint32_t id, adjust;
    open_session(&s, 1000);
    exec("uname");
    assert_string_equal(s.exec, "uname");
    peer_expect(c, &b, SSH_MSG_CHANNEL_WINDOW_ADJUST);
    assert_int_equal(buf_get_u32(&b, &id), 0);
    assert_int_equal(buf_get_u32(&b, &adjust), 0);
    assert_int_equal(adjust, 2097152);
    peer_expect(c, &b, SSH_MSG_CHANNEL_SUCCESS);
    peer_expect(c, &b, SSH_MSG_CHANNEL_DATA);
    peer_expect(c, &b, SSH_MSG_CHANNEL_REQUEST);
    peer_expect(c, &b, SSH_MSG_CHANNEL_EOF);
    peer_expect(c, &b, SSH_MSG_CHANNEL_CLOSE);
    assert_int_equal(s.freed, 0);
    peer_msg(&b, SSH_MSG_CHANNEL_CLOSE);
    put_u32(&b, 0);
    peer_send(c, &b);
    assert_int_equal(s.freed, 1);
    close_all();
}

static void test_window_holds_output_back(void **state)
{
    (void)state;
    static char big[200000];
    struct seen s = {0};
    open_session(&s, 2500);
    exec("cat");
    peer_drop_output(c);
    size_t took = ssh_channel_output(s.ch, big, sizeof(big), false);
    assert_int_equal(took, SSH_CHANNEL_QUEUE);
    size_t sent = 0;
    while (peer_next(c, &b)) {
        assert_int_equal(buf_ptr(&b)[0], SSH_MSG_CHANNEL_DATA);
        assert_true(buf_len(&b) - 9 <= 1000); /* the client's maximum packet */
        sent += buf_len(&b) - 9;
    }
    assert_int_equal(sent, 2500);
    assert_int_equal(s.writable, 0);
    peer_msg(&b, SSH_MSG_CHANNEL_WINDOW_ADJUST);
    put_u32(&b, 0);
    put_u32(&b, 60000);
    peer_send(c, &b);
    assert_int_equal(s.writable, 1);
    close_all();
}

static void send_data(size_t n)
{
    static uint8_t block[32768];
    peer_msg(&b, SSH_MSG_CHANNEL_DATA);
    put_u32(&b, 0);
    assert_int_equal(buf_put_string(&b, block, n), 0);
    peer_send(c, &b);
}

static void test_window_is_given_back(void **state)
{
    (void)state;
    struct seen s = {.consume = true};
    uint32_t id, adjust;
    open_session(&s, 0);
    exec("cat");
    peer_drop_output(c);
    for (int i = 0; i < 3; i++)
        send_data(32768);
    assert_false(peer_next(c, &b)); /* up to three packets are held */
    send_data(1);
    peer_expect(c, &b, SSH_MSG_CHANNEL_WINDOW_ADJUST);
    assert_int_equal(buf_get_u32(&b, &id), 0);
    assert_int_equal(buf_get_u32(&b, &adjust), 0);
    assert_int_equal(adjust, 3 * 32768 + 1);
    assert_int_equal(s.data, adjust);
    close_all();
}

static void test_unread_input_closes_window(void **state)
{
    (void)state;
    struct seen s = {.consume = false};
    open_session(&s, 0);
    exec("sleep");
    peer_drop_output(c);
    for (int i = 0; i < 80; i++) /* more than the window */
        send_data(32768);
    assert_int_equal(s.data, SSH_CHANNEL_WINDOW);
    assert_false(peer_next(c, &b));
    close_all();
}

static void test_client_close_waits_for_process(void **state)
{
    (void)state;
    struct seen s = {0};
    open_session(&s, 1000);
    exec("sleep");
    peer_drop_output(c);
    peer_msg(&b, SSH_MSG_CHANNEL_CLOSE);
    put_u32(&b, 0);
    peer_send(c, &b);
    assert_int_equal(s.closed, 1);
    assert_false(peer_next(c, &b));
    ssh_channel_exit_signal(s.ch, "HUP", false);
    peer_expect(c, &b, SSH_MSG_CHANNEL_REQUEST);
    peer_expect(c, &b, SSH_MSG_CHANNEL_CLOSE);
    assert_int_equal(s.freed, 1);
    close_all();
}

static void test_costly_requests_make_wait(void **state)
{
    (void)state;
    struct seen s = {0};
    open_session(&s, 1000);
    int64_t start = clock_mono_us(&peer_clock);
    clock_advance(&peer_clock, 2000); /* as if something had taken 2 ms */
    ssh_conn_rest(c, start);
    exec("cat");
    assert_string_equal(s.exec, "");
    int64_t at = ssh_conn_deadline(c);
    assert_int_equal(at - clock_mono_us(&peer_clock), 9 * 2000);
    clock_advance(&peer_clock, 9 * 2000);
    ssh_conn_tick(c);
    assert_string_equal(s.exec, "cat");
    assert_int_equal(ssh_conn_deadline(c), INT64_MAX);
    close_all();
}

static void test_idle_holds_little(void **state)
{
    (void)state;
    struct seen s = {.consume = true};
    open_session(&s, 1 << 20);
    exec("cat");
    send_data(30000);
    peer_drop_output(c);
    assert_true(ssh_conn_memory(c) < 4096);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_exec),
        cmocka_unit_test(test_window_holds_output_back),
        cmocka_unit_test(test_window_is_given_back),
        cmocka_unit_test(test_unread_input_closes_window),
        cmocka_unit_test(test_client_close_waits_for_process),
        cmocka_unit_test(test_costly_requests_make_wait),
        cmocka_unit_test(test_idle_holds_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
