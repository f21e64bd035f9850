/* test_fetch.c -- where the fetcher does not go, however it is asked.
 *
 * Each attempt runs through libcurl as the role would; none may connect. The
 * one server is this test's own, on loopback, standing in for the internet.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "role/fetch_addr.h"
#include "role/fetch_easy.h"

static struct clock test_clock;
static int attempts;

/* --- a server that sends away ------------------------------------------------------ */
struct server {
    int fd;
    struct conf_list at;
    pthread_t thread;
    int answered;
};

/* Answers GET /to?URL by a redirect there, all else by a small body. */
static void *serve(void *ctx)
{
    struct server *s = ctx;
    char in[4096], out[8192];

    for (;;) {
        int c = accept(s->fd, NULL, NULL);
        size_t got = 0;
        if (c < 0)
            return NULL;
        while (got < sizeof in - 1) {
            ssize_t n = read(c, in + got, sizeof in - 1 - got);
            if (n <= 0)
                break;
            in[got += (size_t)n] = 0;
            if (strstr(in, "\r\n\r\n"))
                break;
        }
        in[got] = 0;
        s->answered++;
        char *to = strstr(in, "/to?"), *end = to ? strchr(to, ' ') : NULL;
        if (end) {
            *end = 0;
            snprintf(out, sizeof out,
                     "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", to + 4);
        } else {
            snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        }
        assert_true(write(c, out, strlen(out)) > 0);
        close(c);
    }
}

static int server_start(void **state)
{
    static struct server s;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;

    clock_init(&test_clock);
    s.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s.fd, (struct sockaddr *)&a, n) < 0 || listen(s.fd, 8) < 0 ||
        getsockname(s.fd, (struct sockaddr *)&a, &n) < 0)
        return -1;
    s.at.n = 1;
    snprintf(s.at.v[0], sizeof s.at.v[0], "127.0.0.1:%u", ntohs(a.sin_port));
    *state = &s;
    return pthread_create(&s.thread, NULL, serve, &s);
}

static int server_stop(void **state)
{
    struct server *s = *state;

    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    return 0;
}

/* --- one attempt ---------------------------------------------------------------------- */
struct outcome {
    int init;
    CURLcode code;
    enum vm_fetch_error error;
    char refused[64];
    long status;
};

static size_t swallow(char *p, size_t size, size_t n, void *ctx)
{
    (void)p, (void)ctx;
    return size * n;
}

/* name: "HOST:PORT:ADDRESS" as a name server would answer, or NULL. */
static struct outcome attempt(struct fetch_guard *g, const char *url, const char *name)
{
    struct fetch_start req = {
        .tool = "curl", .method = "GET", .url = url, .max_redirects = 5, .timeout_ms = 2000};
    struct fetch_easy_conf conf = {.guard = g, .clock = &test_clock, .time_ms = 3000};
    struct outcome o = {0};
    struct curl_slist *names = name ? curl_slist_append(NULL, name) : NULL;
    struct fetch_easy e;

    attempts++;
    o.init = fetch_easy_init(&e, &req, &conf);
    if (o.init == 0) {
        if (names)
            curl_easy_setopt(e.curl, CURLOPT_RESOLVE, names);
        curl_easy_setopt(e.curl, CURLOPT_WRITEFUNCTION, swallow);
        o.code = curl_easy_perform(e.curl);
        o.error = fetch_easy_error(&e, o.code);
        curl_easy_getinfo(e.curl, CURLINFO_RESPONSE_CODE, &o.status);
        str_copy(o.refused, sizeof o.refused, e.pass.refused ? e.pass.refused : "");
        fetch_easy_done(&e);
    }
    curl_slist_free_all(names);
    return o;
}

static struct fetch_guard *guard_new(const struct conf_list *test)
{
    struct fetch_guard_conf c = {.test = test};
    const char *bad;
    struct fetch_guard *g = fetch_guard_new(&c, &bad);

    assert_non_null(g);
    return g;
}

/* No connection was made, for the reason given (NULL: any). */
static void refused(struct fetch_guard *g, const char *url, const char *name, const char *why)
{
    struct outcome o = attempt(g, url, name);

    if (o.init == 0 && (o.code == CURLE_OK || o.error != VM_FETCH_DENIED))
        fail_msg("%s: curl %d (%s), error %d", url, o.code, curl_easy_strerror(o.code), o.error);
    if (o.init == 0 && why && strcmp(o.refused, why) != 0)
        fail_msg("%s: refused as '%s' instead of '%s'", url, o.refused, why);
}

/* --- the attempts ---------------------------------------------------------------------- */
static const struct {
    const char *ip, *why;
} inside4[] = {
    {"127.0.0.1", "loopback"},
    {"127.255.255.254", "loopback"},
    {"0.0.0.0", "this network"},
    {"0.1.2.3", "this network"},
    {"10.0.0.1", "private"},
    {"172.16.0.1", "private"},
    {"172.31.255.255", "private"},
    {"192.168.1.1", "private"},
    {"169.254.169.254", "metadata"},
    {"169.254.170.2", "link-local"},
    {"100.64.0.1", "carrier-grade NAT"},
    {"100.100.100.200", "carrier-grade NAT"},
    {"168.63.129.16", "metadata"},
    {"192.0.0.192", "reserved"},
    {"192.0.2.1", "documentation"},
    {"198.51.100.7", "documentation"},
    {"203.0.113.9", "documentation"},
    {"192.88.99.1", "6to4 relay"},
    {"198.18.0.1", "benchmarking"},
    {"198.19.255.255", "benchmarking"},
    {"224.0.0.1", "multicast"},
    {"239.255.255.250", "multicast"},
    {"240.0.0.1", "reserved"},
    {"255.255.255.255", "reserved"},
};

static void test_spellings_of_ipv4(void **state)
{
    static const char *const forms[] = {"http://%s/",
                                        "https://%s:8443/x",
                                        "ftp://%s/x",
                                        "tftp://%s/x",
                                        "http://1.1.1.1@%s/",
                                        "http://user:pw@%s:22/",
                                        "http://1.1.1.1%%40@%s/"};
    struct fetch_guard *g = guard_new(NULL);
    char host[64], url[256];

    (void)state;
    for (size_t i = 0; i < sizeof inside4 / sizeof *inside4; i++) {
        struct in_addr a;
        assert_int_equal(inet_pton(AF_INET, inside4[i].ip, &a), 1);
        unsigned v = ntohl(a.s_addr), b0 = v >> 24, b1 = v >> 16 & 255, rest = v & 0xffff;
        for (int spelling = 0; spelling < 7; spelling++) {
            switch (spelling) {
            case 0:
                str_copy(host, sizeof host, inside4[i].ip);
                break;
            case 1:
                str_fmt(host, sizeof host, "%u", v);
                break;
            case 2:
                str_fmt(host, sizeof host, "0x%X", v);
                break;
            case 3:
                str_fmt(host, sizeof host, "0%o", v);
                break;
            case 4:
                str_fmt(host, sizeof host, "0%o.0%o.0%o.0%o", b0, b1, v >> 8 & 255, v & 255);
                break;
            case 5:
                str_fmt(host, sizeof host, "0x%x.%u.%u", b0, b1, rest);
                break;
            default:
                str_fmt(host, sizeof host, "%u.%u", b0, v & 0xffffff);
            }
            snprintf(url, sizeof url, forms[(i + (size_t)spelling) % 7], host);
            refused(g, url, NULL, inside4[i].why);
        }
    }
    fetch_guard_free(g);
}

static void test_forms_of_ipv6(void **state)
{
    static const struct {
        const char *ip, *why;
    } inside[] = {
        {"::1", "loopback"},
        {"0:0:0:0:0:0:0:1", "loopback"},
        {"::", "IPv4-compatible"},
        {"::ffff:127.0.0.1", "IPv4-mapped"},
        {"::ffff:7f00:1", "IPv4-mapped"},
        {"::ffff:a9fe:a9fe", "IPv4-mapped"},
        {"::ffff:8.8.8.8", "IPv4-mapped"},
        {"::127.0.0.1", "IPv4-compatible"},
        {"::7f00:1", "IPv4-compatible"},
        {"::ffff:0:127.0.0.1", "IPv4-translated"},
        {"64:ff9b::127.0.0.1", "NAT64"},
        {"64:ff9b::a9fe:a9fe", "NAT64"},
        {"64:ff9b:1::10.0.0.1", "NAT64"},
        {"2002:7f00:1::", "6to4"},
        {"2002:a00:1::1", "6to4"},
        {"2001:0:1234::1", "Teredo"},
        {"2001:2::1", "reserved"},
        {"2001:10::1", "reserved"},
        {"2001:20::1", "reserved"},
        {"2001:db8::1", "documentation"},
        {"3fff::1", "documentation"},
        {"3ffe::1", "reserved"},
        {"fc00::1", "private"},
        {"fd00:ec2::254", "private"},
        {"fe80::1", "link-local"},
        {"febf::1", "link-local"},
        {"fec0::1", "site-local"},
        {"ff02::1", "multicast"},
        {"ff0e::1", "multicast"},
        {"100::1", "reserved"},
        {"5f00::1", "reserved"},
        {"4000::1", "reserved"},
        {"e000::1", "reserved"},
        {"2a00:1450::5efe:10.0.0.1", "ISATAP"},
        {"2a00:1450::200:5efe:7f00:1", "ISATAP"},
        {"2620:4f:8000::1", "reserved"},
    };
    static const char *const forms[] = {"http://[%s]/", "https://u@[%s]:444/", "ftp://[%s]/f",
                                        "tftp://[%s]/f"};
    struct fetch_guard *g = guard_new(NULL);
    char url[256];

    (void)state;
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        snprintf(url, sizeof url, forms[i % 4], inside[i].ip);
        refused(g, url, NULL, inside[i].why);
    }
    refused(g, "http://[fe80::1%25lo]/", NULL, "link-local");
    fetch_guard_free(g);
}

/* What a name server answers is looked at just as well; the second time too. */
static void test_names_that_lead_inside(void **state)
{
    static const char *const names[] = {
        "127.0.0.1.nip.example", "localtest.example", "metadata", "router.lan",
        "db.internal",           "a.b.c.d.e"};
    static const char *const answers[] = {"127.0.0.1", "169.254.169.254", "10.0.0.1", "192.168.0.1",
                                          "::1",       "::ffff:10.0.0.1"};
    struct fetch_guard *g = guard_new(NULL);
    char url[256], line[256];

    (void)state;
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < 6; k++) {
            str_fmt(url, sizeof url, "http://%s/x", names[i]);
            str_fmt(line, sizeof line, "%s:80:%s", names[i], answers[(i + k) % 6]);
            refused(g, url, line, NULL);
        }
    refused(g, "http://localhost/", NULL, "loopback");
    refused(g, "http://LOCALHOST:631/", NULL, "loopback");
    refused(g, "http://many.example/", "many.example:80:127.0.0.1,10.0.0.1,::1", NULL);
    fetch_guard_free(g);
}

static void test_redirects_that_lead_inside(void **state)
{
    static const char *const to[] = {
        "http://127.0.0.2/",      "http://10.0.0.1:8080/x",   "http://2130706434/",
        "http://[::1]/",          "http://169.254.169.254/l", "https://192.168.0.1/",
        "ftp://10.0.0.1/x",       "tftp://127.0.0.1/x",       "http://0/",
        "//127.0.0.2/x",          "http://[::ffff:a00:1]/",   "http://1.1.1.1@127.0.0.2/",
        "http://localhost:6379/",
    };
    static const char *const schemes[] = {"file:///etc/passwd",     "gopher://127.0.0.1:6379/_x",
                                          "dict://127.0.0.1:11211", "smb://10.0.0.1/x",
                                          "ldap://127.0.0.1/",      "scp://127.0.0.1/x"};
    struct server *s = *state;
    struct fetch_guard *g = guard_new(&s->at);
    char url[256];
    struct outcome o = attempt(g, "http://9.9.9.9/plain", NULL);

    assert_int_equal(o.code, CURLE_OK);
    assert_int_equal(o.status, 200);
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        int before = s->answered;
        str_fmt(url, sizeof url, "http://9.9.9.9/to?%s", to[i]);
        refused(g, url, NULL, NULL);
        assert_int_equal(s->answered, before + 1);
    }
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        str_fmt(url, sizeof url, "http://9.9.9.9/to?%s", schemes[i]);
        o = attempt(g, url, NULL);
        assert_int_equal(o.init, 0);
        assert_int_equal(o.code, CURLE_UNSUPPORTED_PROTOCOL);
    }
    fetch_guard_free(g);
}

static void test_other_schemes(void **state)
{
    static const char *const urls[] = {
        "file:///etc/passwd",
        "FILE:///etc/shadow",
        "gopher://127.0.0.1:70/",
        "dict://127.0.0.1/d",
        "ldap://127.0.0.1/",
        "ldaps://127.0.0.1/",
        "smtp://127.0.0.1/",
        "pop3://127.0.0.1/",
        "imap://127.0.0.1/",
        "telnet://127.0.0.1:23/",
        "rtsp://127.0.0.1/",
        "smb://127.0.0.1/share",
        "scp://127.0.0.1/etc",
        "sftp://127.0.0.1/etc",
        "mqtt://127.0.0.1/t",
        "ftps://127.0.0.1/",
        "rtmp://127.0.0.1/",
        "jar:http://127.0.0.1!/",
        "ws://127.0.0.1/",
        "netdoc:///etc/passwd",
        "javascript:alert(1)",
        "data:text/plain,hello",
        "php://filter",
        "",
        "http://",
        "://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1\r\n/",
        "http://[::1",
        "unix:///var/run/docker.sock",
    };
    struct fetch_guard *g = guard_new(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct outcome o = attempt(g, urls[i], NULL);
        if (o.init != ERR_UNSUPPORTED && o.init != ERR_FORMAT &&
            !(o.init == 0 && o.error == VM_FETCH_DENIED))
            fail_msg("%s: init %d, curl %d", urls[i], o.init, o.code);
    }
    fetch_guard_free(g);
    assert_true(attempts >= 200);
}

/* --- what is allowed, and how often --------------------------------------------------- */
static struct sockaddr_storage address(const char *text, socklen_t *n)
{
    struct sockaddr_storage ss;

    assert_int_equal(fetch_addr_parse(text, &ss, n), 0);
    return ss;
}

static void test_public_addresses_pass(void **state)
{
    static const char *const out[] = {
        "1.1.1.1:80",        "9.255.255.255:80",     "11.0.0.1:80",          "100.63.255.255:80",
        "100.128.0.0:80",    "126.255.255.255:1",    "128.0.0.1:80",         "169.253.255.255:80",
        "172.15.255.255:80", "172.32.0.1:80",        "192.0.1.1:80",         "192.167.255.255:80",
        "192.169.0.1:80",    "198.17.255.255:80",    "198.20.0.1:80",        "223.255.255.255:80",
        "[2a00:1450::1]:80", "[2001:4860::8888]:80", "[2001:200::1]:80",     "[2003::1]:80",
        "[2606:4700::1]:80", "[3ff0::1]:80",         "[2620:4f:8001::1]:80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        socklen_t n;
        struct sockaddr_storage ss = address(out[i], &n);
        const char *why = fetch_addr_refused((struct sockaddr *)&ss);
        if (why)
            fail_msg("%s is refused as %s", out[i], why);
    }
}

static void test_own_addresses_are_known(void **state)
{
    socklen_t n;
    struct sockaddr_storage ss = address("127.0.0.1:80", &n);

    (void)state;
    assert_true(fetch_addr_is_own((struct sockaddr *)&ss, n));
    ss = address("9.9.9.9:80", &n);
    assert_false(fetch_addr_is_own((struct sockaddr *)&ss, n));
}

static void test_texts_that_are_no_address(void **state)
{
    static const char *const bad[] = {"",        "127.0.0.1",     "127.0.0.1:",     "127.0.0.1:0",
                                      ":80",     "[::1:80",       "[::1]",          "host:80",
                                      "127.1:8", "1.2.3.4:65536", "[127.0.0.1]:80", "::1:80"};
    struct sockaddr_storage ss;
    socklen_t n;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (fetch_addr_parse(bad[i], &ss, &n) != ERR_FORMAT)
            fail_msg("'%s' is taken for an address", bad[i]);
}

static int connect_to(struct fetch_pass *p, const char *to, int64_t now_us)
{
    socklen_t n;
    struct sockaddr_storage ss = address(to, &n);

    return fetch_pass_connect(p, (struct sockaddr *)&ss, &n, now_us);
}

static void test_limits_per_destination(void **state)
{
    struct server *s = *state;
    struct fetch_guard_conf c = {.rate = 6, .together = 2, .test = &s->at};
    const char *bad;
    struct fetch_guard *g = fetch_guard_new(&c, &bad);
    struct fetch_pass a = {.guard = g}, b = {.guard = g}, third = {.guard = g};

    assert_int_equal(connect_to(&a, "9.9.9.9:80", 1), 0);
    assert_int_equal(connect_to(&b, "9.9.9.9:443", 1), 0);
    assert_int_equal(connect_to(&third, "9.9.9.9:80", 1), ERR_DENIED);
    assert_string_equal(third.refused, "too many at once from there");
    fetch_pass_done(&b);
    assert_int_equal(connect_to(&third, "9.9.9.9:80", 1), ERR_DENIED);
    assert_string_equal(third.refused, "too many a minute from there");
    assert_int_equal(connect_to(&third, "9.9.9.9:80", 20000000), 0);
    fetch_pass_done(&a);
    fetch_pass_done(&third);
    fetch_guard_free(g);
}

/* --- messages ------------------------------------------------------------------------------ */
static void test_messages_survive_the_way(void **state)
{
    struct fetch_start in = {.ticket = 7,
                             .has_src = true,
                             .src = {.session = "0123456789ab", .src_ip = "1.2.3.4"},
                             .tool = "wget",
                             .method = "GET",
                             .url = "http://a/b",
                             .lines = {"A: b", "C: d"},
                             .max_redirects = 3,
                             .insecure = true},
                       out;
    struct buf b;

    (void)state;
    buf_init(&b, 65536);
    assert_int_equal(fetch_put_start(&b, &in), 0);
    assert_int_equal(fetch_get_start(&out, buf_ptr(&b), buf_len(&b)), 0);
    assert_string_equal(out.url, in.url);
    assert_string_equal(out.lines[1], "C: d");
    assert_null(out.lines[2]);
    assert_null(out.user_agent);
    assert_string_equal(out.src.session, "0123456789ab");
    assert_true(out.insecure);
    for (size_t n = 0; n < buf_len(&b); n++)
        assert_int_equal(fetch_get_start(&out, buf_ptr(&b), n), ERR_FORMAT);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings_of_ipv4),
        cmocka_unit_test(test_forms_of_ipv6),
        cmocka_unit_test(test_names_that_lead_inside),
        cmocka_unit_test_setup_teardown(test_redirects_that_lead_inside, server_start, server_stop),
        cmocka_unit_test(test_other_schemes),
        cmocka_unit_test(test_public_addresses_pass),
        cmocka_unit_test(test_own_addresses_are_known),
        cmocka_unit_test(test_texts_that_are_no_address),
        cmocka_unit_test_setup_teardown(test_limits_per_destination, server_start, server_stop),
        cmocka_unit_test(test_messages_survive_the_way),
    };

    clock_init(&test_clock);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
