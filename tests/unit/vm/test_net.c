/* test_net.c -- names, connections, downloads of the virtual network.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm_fixture.h"

#include <sys/socket.h>

#include "vm/net.h"

static int names(struct proc *p)
{
    struct vm_addr a[4], b[4];
    char host[64];
    if (vm_resolve(p, "github.com", AF_UNSPEC, a, 4) < 1 || a[0].ip[0] != 140)
        return 1;
    if (vm_resolve(p, "GitHub.com.", AF_INET, b, 4) < 1 || strcmp(a[0].text, b[0].text) != 0)
        return 2;
    if (vm_resolve(p, "xkqzvbtrwp.com", AF_UNSPEC, a, 4) != 0 ||
        vm_resolve(p, "host.invalid", AF_UNSPEC, a, 4) != 0 ||
        vm_resolve(p, "nodots", AF_UNSPEC, a, 4) != 0 || vm_resolve(p, "", AF_UNSPEC, a, 4) != 0)
        return 3;
    if (vm_resolve(p, "localhost", AF_INET, a, 4) != 1 || strcmp(a[0].text, "127.0.0.1") != 0)
        return 4;
    if (vm_resolve(p, vm_hostname(p), AF_INET, a, 4) != 1 || strcmp(a[0].text, "127.0.1.1") != 0)
        return 5;
    if (vm_resolve_addr(p, &a[0], host, sizeof(host)) < 0)
        return 6;
    return vm_resolve(p, "203.0.113.77", AF_INET, a, 1) == 1 ? 0 : 7;
}

static void test_names(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, names), 0);
    fixture_done(&f);
}

static int dialing(struct proc *p)
{
    struct vm_addr a;
    char buf[64];
    int ttl;
    vm_addr_parse("127.0.0.1", &a);
    int fd = vm_dial(p, &a, 22, 1000);
    ssize_t n = vm_read(p, fd, buf, sizeof(buf));
    if (n < 20 || memcmp(buf, "SSH-2.0-OpenSSH_9.2p1", 21) != 0 || buf[n - 1] != '\n')
        return 1;
    vm_close(p, fd);
    if (vm_dial(p, &a, 81, 1000) != -ECONNREFUSED || vm_ping_us(p, &a, &ttl) > 1000)
        return 2;
    vm_addr_parse("198.51.100.7", &a);
    int64_t t = vm_mono_us(p);
    int err = vm_dial(p, &a, 4444, 2000);
    if ((err != -ETIMEDOUT || vm_mono_us(p) - t < 2000000) && err != -ECONNREFUSED)
        return 3;
    vm_addr_parse("2001:db8::1", &a);
    return vm_dial(p, &a, 80, 1000) == -ENETUNREACH ? 0 : 4;
}

static void test_dial(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, dialing), 0);
    fixture_done(&f);
}

static uint64_t asked;
static char asked_url[256];
static int cancelled;

static bool on_fetch(void *ctx, struct vm *vm, struct vm_login *l, uint64_t ticket,
                     const struct vm_fetch_req *req)
{
    (void)ctx;
    (void)vm;
    (void)l;
    asked = ticket;
    snprintf(asked_url, sizeof(asked_url), "%s", req->url);
    return true;
}

static void on_cancel(void *ctx, uint64_t ticket)
{
    (void)ctx;
    cancelled += ticket == asked;
}

static int download(struct proc *p)
{
    struct vm_fetch_req req = {.tool = "wget", .method = "GET", .url = "http://198.51.100.7/x.sh"};
    struct vm_fetch *f;
    char buf[65536];
    size_t sum = 0;
    ssize_t n;
    if (vm_fetch_open(p, &req, &f) < 0)
        return 1;
    const struct vm_fetch_info *i = vm_fetch_info(f);
    if (i->error || i->status != 200 || i->length != 100000 ||
        strcmp(i->headers[1], "Server: x") != 0 || i->headers[2])
        return 2;
    while ((n = vm_fetch_read(f, buf, sizeof(buf))) > 0)
        sum += (size_t)n;
    vm_fetch_close(f);
    return n == 0 && sum == 100000 ? 0 : 3;
}

static void test_fetch(void **state)
{
    struct fixture f;
    char body[1000] = {0};
    (void)state;
    test_hooks = (struct vm_hooks){.fetch_start = on_fetch, .fetch_cancel = on_cancel};
    fixture_world(&f);
    fixture_login(&f, "root");
    shell_main = download;
    fixture_start(&f, false, "x");
    fixture_run(&f, 0);
    assert_string_equal(asked_url, "http://198.51.100.7/x.sh");
    struct vm_fetch_result r = {.status = 200,
                                .headers = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n",
                                .length = 100000,
                                .addr = "198.51.100.7",
                                .port = 80};
    vm_fetch_headers(f.world, asked, &r);
    size_t sent = 0;
    while (sent < 100000) {
        sent += vm_fetch_body(f.world, asked, body, sizeof(body));
        if (sent % 7000 == 0)
            fixture_run(&f, 0);
        if (sent >= 65000)
            fixture_run(&f, 0);
    }
    vm_fetch_end(f.world, asked, VM_FETCH_OK);
    fixture_run(&f, 0);
    assert_int_equal(f.ended, 1);
    assert_int_equal(f.status, 0);
    vm_fetch_end(f.world, asked, VM_FETCH_OK); /* late: nobody is there */
    fixture_done(&f);
    test_hooks = (struct vm_hooks){0};
}

/* A killed process takes its download along. */
static void test_fetch_cancel(void **state)
{
    struct fixture f;
    (void)state;
    test_hooks = (struct vm_hooks){.fetch_start = on_fetch, .fetch_cancel = on_cancel};
    cancelled = 0;
    fixture_world(&f);
    fixture_login(&f, "root");
    shell_main = download;
    fixture_start(&f, false, "x");
    fixture_run(&f, 0);
    assert_int_equal(vm_login_signal(f.login, f.pid, SIGKILL), 0);
    assert_int_equal(cancelled, 1);
    fixture_run(&f, 0);
    assert_int_equal(f.ended, 1);
    fixture_done(&f);
    test_hooks = (struct vm_hooks){0};
}

static int impatient(struct proc *p)
{
    struct vm_fetch_req req = {
        .tool = "wget", .method = "GET", .url = "http://198.51.100.9/never", .timeout_ms = 50};
    struct vm_fetch *f;
    if (vm_fetch_open(p, &req, &f) < 0)
        return 1;
    if (vm_fetch_info(f)->error != VM_FETCH_TIMEOUT || cancelled != 1)
        return 2;
    vm_fetch_close(f);
    /* One's own services are no business of the host's, who may know of them. */
    req.url = "http://127.0.0.1/";
    if (vm_fetch_open(p, &req, &f) < 0 || cancelled != 2)
        return 3;
    vm_fetch_close(f);
    return cancelled == 2 ? 0 : 4;
}

/* What nobody waits for any more, the host need not bring: it is told once. */
static void test_fetch_given_up(void **state)
{
    struct fixture f;
    (void)state;
    test_hooks = (struct vm_hooks){.fetch_start = on_fetch, .fetch_cancel = on_cancel};
    cancelled = 0;
    assert_int_equal(run_shell(&f, impatient), 0);
    fixture_done(&f);
    test_hooks = (struct vm_hooks){0};
}

static int no_way_out(struct proc *p)
{
    struct vm_fetch_req req = {.tool = "curl", .method = "GET", .url = "http://198.51.100.8/x"};
    struct vm_fetch *f;
    if (vm_fetch_open(p, &req, &f) < 0)
        return 1;
    if (vm_fetch_info(f)->error != VM_FETCH_TIMEOUT && vm_fetch_info(f)->error != VM_FETCH_REFUSED)
        return 2;
    vm_fetch_close(f);
    req.url = "http://qqqqwwwwzz.xyz/";
    return vm_fetch_open(p, &req, &f) == 0 && vm_fetch_info(f)->error == VM_FETCH_RESOLVE ? 0 : 3;
}

static void test_no_fetcher(void **state)
{
    struct fixture f;
    (void)state;
    assert_int_equal(run_shell(&f, no_way_out), 0);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),      cmocka_unit_test(test_dial),
        cmocka_unit_test(test_fetch),      cmocka_unit_test(test_fetch_cancel),
        cmocka_unit_test(test_no_fetcher), cmocka_unit_test(test_fetch_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
