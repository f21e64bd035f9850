/* test_event.c -- every event survives its journey; hostile bytes do not.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <cjson/cJSON.h>

#include "base/rng.h"
#include "event/event.h"

static const struct event_source source = {.session = "0123456789ab",
                                           .src_ip = "203.0.113.9",
                                           .dst_ip = "192.0.2.1",
                                           .src_port = 40022,
                                           .dst_port = 22,
                                           .protocol = EVENT_SSH};
static const int64_t noon = INT64_C(1785326400123456); /* 2026-07-29T12:00:00.123456Z */

struct rig {
    struct buf b;
    struct event *e;
    struct arena_budget budget;
    struct arena *a;
    struct str out;
};

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    buf_init(&r->b, 1 << 20);
    r->e = calloc(1, sizeof *r->e);
    r->budget.max = 8 << 20;
    r->a = arena_new(&r->budget, 0);
    str_init(&r->out, r->a);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    buf_done(&r->b);
    arena_free(r->a);
    free(r->e);
    free(r);
    return 0;
}

static void round_trip(struct rig *r, enum event_id id, const void *fields)
{
    buf_clear(&r->b);
    assert_int_equal(event_encode(&r->b, id, &source, noon, fields), 0);
    assert_true(buf_len(&r->b) <= EVENT_MAX);
    assert_int_equal(event_decode(r->e, buf_ptr(&r->b), buf_len(&r->b)), 0);
}

static cJSON *as_json(struct rig *r)
{
    const struct event_json_conf conf = {.sensor = "web-01", .uuid = "u-1", .epoch = true};
    str_trunc(&r->out, 0);
    event_json(&r->out, r->e, &conf);
    cJSON *j = cJSON_ParseWithLength(str_text(&r->out), r->out.n);
    assert_non_null(j);
    return j;
}

static const char *json_get(const cJSON *j, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, key));
}

static void random_fields(struct rng *rng, const struct event_desc *d, char *at)
{
    static char bytes[64];
    static float nums[16];
    static struct event_str strs[4];

    rng_fill(rng, bytes, sizeof bytes);
    for (int i = 0; i < 16; i++)
        nums[i] = (float)rng_normal(rng);
    for (int i = 0; i < 4; i++)
        strs[i] = event_sn(bytes + i, (size_t)i * 7);
    for (size_t i = 0; i < d->nfields; i++) {
        void *f = at + d->fields[i].offset;
        switch (d->fields[i].type) {
        case EVENT_INT:
            *(int64_t *)f = (int64_t)rng_u64(rng);
            break;
        case EVENT_BOOL:
            *(bool *)f = rng_below(rng, 2);
            break;
        case EVENT_DBL:
            *(double *)f = rng_normal(rng);
            break;
        case EVENT_STRS:
            *(struct event_strs *)f = (struct event_strs){strs, rng_below(rng, 5)};
            break;
        case EVENT_NUMS:
            *(struct event_nums *)f = (struct event_nums){nums, rng_below(rng, 17)};
            break;
        default:
            if (rng_below(rng, 4))
                *(struct event_str *)f = event_sn(bytes, rng_below(rng, sizeof bytes));
        }
    }
}

/* Encoding what was decoded gives the same bytes: nothing was lost. */
static void every_event_round_trips(void **state)
{
    struct rig *r = *state;
    struct rng rng;
    struct buf again;

    buf_init(&again, 1 << 20);
    rng_seed(&rng, 7);
    for (unsigned id = 0; id < EVENT_COUNT; id++)
        for (int i = 0; i < 20; i++) {
            union event_any u;
            memset(&u, 0, sizeof u);
            random_fields(&rng, event_desc(id), (char *)&u);
            round_trip(r, id, &u);
            buf_clear(&again);
            assert_int_equal(event_encode(&again, r->e->id, &r->e->source, r->e->real_us, &r->e->u),
                             0);
            assert_int_equal(buf_len(&again), buf_len(&r->b));
            assert_memory_equal(buf_ptr(&again), buf_ptr(&r->b), buf_len(&again));
            cJSON *j = as_json(r);
            assert_string_equal(json_get(j, "eventid"), event_desc(id)->name);
            assert_string_equal(json_get(j, "session"), source.session);
            assert_string_equal(json_get(j, "timestamp"), "2026-07-29T12:00:00.123456Z");
            cJSON_Delete(j);
        }
    buf_done(&again);
}

static void login_escapes_credentials(void **state)
{
    struct rig *r = *state;
    round_trip(r, EVENT_LOGIN_FAILED,
               &(struct event_login_failed){.username = event_s("ro\\ot\t"),
                                            .password = event_sn("p\0\xff\"", 4)});
    cJSON *j = as_json(r);
    assert_string_equal(json_get(j, "username"), "ro\\\\ot\\x09");
    assert_string_equal(json_get(j, "password"), "p\\x00\\xff\"");
    assert_string_equal(json_get(j, "message"),
                        "login attempt [ro\\\\ot\\x09/p\\x00\\xff\"] failed");
    assert_string_equal(json_get(j, "protocol"), "ssh");
    cJSON_Delete(j);
}

static void bytes_look_as_python_writes_them(void **state)
{
    struct rig *r = *state;
    static const struct {
        const char *in;
        size_t n;
        const char *out;
    } cases[] = {
        {"GET / HTTP/1.1\r\n", 16, "b'GET / HTTP/1.1\\r\\n'"},
        {"it's", 4, "b\"it's\""},
        {"it's \"so\"", 9, "b'it\\'s \"so\"'"},
        {"\x16\x03\0\\", 4, "b'\\x16\\x03\\x00\\\\'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        str_trunc(&r->out, 0);
        event_text(&r->out, EVENT_REPR, event_sn(cases[i].in, cases[i].n));
        assert_string_equal(str_text(&r->out), cases[i].out);
    }
    str_trunc(&r->out, 0);
    event_text(&r->out, EVENT_STR, event_sn("caf\xe9", 4));
    assert_string_equal(str_text(&r->out), "b'caf\\xe9'");
}

static void forwarding_overrides_destination(void **state)
{
    struct rig *r = *state;
    round_trip(r, EVENT_TCPIP_REQUEST,
               &(struct event_tcpip_request){.dst_ip = event_s("ya.ru"),
                                             .dst_port = 80,
                                             .orig_ip = event_s("127.0.0.1"),
                                             .orig_port = 5});
    cJSON *j = as_json(r);
    assert_string_equal(json_get(j, "dst_ip"), "ya.ru");
    assert_int_equal(cJSON_GetObjectItem(j, "dst_port")->valueint, 80);
    int n = 0;
    for (cJSON *k = j->child; k; k = k->next)
        n += strcmp(k->string, "dst_ip") == 0;
    assert_int_equal(n, 1);
    cJSON_Delete(j);
}

static void absent_texts_are_left_out(void **state)
{
    struct rig *r = *state;
    round_trip(r, EVENT_FILE_DOWNLOAD_FAILED,
               &(struct event_file_download_failed){.url = event_s("http://h/")});
    cJSON *j = as_json(r);
    assert_null(cJSON_GetObjectItem(j, "error"));
    assert_string_equal(json_get(j, "message"),
                        "Attempt to download file(s) from URL (http://h/) failed");
    cJSON_Delete(j);
    round_trip(r, EVENT_FILE_STDIN, &(struct event_file_stdin){.destfile = event_s("")});
    j = as_json(r);
    assert_string_equal(json_get(j, "destfile"), "");
    cJSON_Delete(j);
}

static void program_events_have_no_source(void **state)
{
    struct rig *r = *state;
    buf_clear(&r->b);
    assert_int_equal(event_encode(&r->b, EVENT_ROLE, NULL, noon,
                                  &(struct event_role){.role = event_s("learner"),
                                                       .what = event_s("ended"),
                                                       .pid = 7,
                                                       .reason = event_s("signal 9")}),
                     0);
    assert_int_equal(event_decode(r->e, buf_ptr(&r->b), buf_len(&r->b)), 0);
    cJSON *j = as_json(r);
    assert_null(cJSON_GetObjectItem(j, "src_ip"));
    assert_null(cJSON_GetObjectItem(j, "session"));
    assert_string_equal(json_get(j, "message"), "learner ended: signal 9");
    cJSON_Delete(j);
}

static void long_texts_are_clipped_with_a_marker(void **state)
{
    struct rig *r = *state;
    size_t n = 300000;
    char *big = malloc(n);
    memset(big, 'x', n);
    round_trip(
        r, EVENT_COMMAND_INPUT_REALM,
        &(struct event_command_input_realm){.realm = event_sn(big, n), .input = event_sn(big, n)});
    const struct event_str in = r->e->u.command_input_realm.input;
    assert_true(in.n > 1000 && in.n <= EVENT_STR_MAX);
    assert_true(in.p[in.n - 1] == ']' && memcmp(in.p, "xxxx", 4) == 0);
    char tail[64];
    memcpy(tail, in.p + in.n - 40, 40);
    tail[40] = 0;
    assert_non_null(strstr(tail, "...[+"));
    /* kept + told = all */
    size_t told = strtoul(strstr(tail, "[+") + 2, NULL, 10);
    size_t kept = 0;
    while (in.p[kept] == 'x')
        kept++;
    assert_int_equal(kept + told, n);
    free(big);
}

static void hostile_bytes_are_refused(void **state)
{
    struct rig *r = *state;
    struct rng rng;
    union event_any u;

    rng_seed(&rng, 3);
    memset(&u, 0, sizeof u);
    random_fields(&rng, event_desc(EVENT_ACTION), (char *)&u);
    round_trip(r, EVENT_ACTION, &u);
    size_t n = buf_len(&r->b);
    for (size_t cut = 0; cut < n; cut++) {
        char *exact = malloc(cut + !cut);
        memcpy(exact, buf_ptr(&r->b), cut);
        assert_int_not_equal(event_decode(r->e, exact, cut), 0);
        free(exact);
    }
    char *longer = malloc(n + 1);
    memcpy(longer, buf_ptr(&r->b), n);
    longer[n] = 0;
    assert_int_not_equal(event_decode(r->e, longer, n + 1), 0);
    for (int i = 0; i < 20000; i++) {
        char *copy = malloc(n);
        memcpy(copy, buf_ptr(&r->b), n);
        for (uint64_t k = rng_below(&rng, 4) + 1; k; k--)
            copy[rng_below(&rng, n)] = (char)rng_u64(&rng);
        if (event_decode(r->e, copy, n) == 0)
            cJSON_Delete(as_json(r));
        free(copy);
    }
    free(longer);
}

static void bad_heads_are_refused(void **state)
{
    struct rig *r = *state;
    struct event_source bad = source;

    memcpy(bad.session, "0123456789AB", 13);
    buf_clear(&r->b);
    assert_int_equal(event_encode(&r->b, EVENT_SESSION_CONNECT, &bad, noon, NULL), 0);
    assert_int_equal(event_decode(r->e, buf_ptr(&r->b), buf_len(&r->b)), ERR_FORMAT);
    bad = source;
    bad.protocol = 3;
    buf_clear(&r->b);
    assert_int_equal(event_encode(&r->b, EVENT_SESSION_CONNECT, &bad, noon, NULL), 0);
    assert_int_equal(event_decode(r->e, buf_ptr(&r->b), buf_len(&r->b)), ERR_RANGE);
    assert_int_equal(event_encode(&r->b, EVENT_COUNT, &source, noon, NULL), ERR_RANGE);
    assert_int_equal(event_encode(&r->b, EVENT_AUDIT, &source, noon, NULL), ERR_RANGE);
}

static void times_are_right(void **state)
{
    (void)state;
    char got[32], want[40];
    struct rng rng;

    rng_seed(&rng, 1);
    for (int i = 0; i < 20000; i++) {
        int64_t us = rng_range(&rng, 0, INT64_C(253402300799999999));
        time_t s = (time_t)(us / 1000000);
        struct tm tm;
        gmtime_r(&s, &tm);
        size_t n = strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(want + n, sizeof want - n, ".%06dZ", (int)(us % 1000000));
        event_time(got, us);
        assert_string_equal(got, want);
    }
}

static void a_closed_session_has_both_durations(void **state)
{
    struct rig *r = *state;
    round_trip(r, EVENT_SESSION_CLOSED,
               &(struct event_session_closed){.duration_ms = 1234, .duration = 1.234});
    cJSON *j = as_json(r);
    assert_int_equal(cJSON_GetObjectItem(j, "duration_ms")->valueint, 1234);
    assert_non_null(strstr(str_text(&r->out), "\"duration\":1.234"));
    assert_string_equal(json_get(j, "message"), "Connection lost after 1234 milliseconds");
    cJSON_Delete(j);
}

static void numbers_are_short_and_exact(void **state)
{
    struct rig *r = *state;
    static const float q[] = {0.1f, -500, 16777217.0f, 1.0f / 3};
    round_trip(r, EVENT_ACTION, &(struct event_action){.propensity = (double)0.2f, .q = {q, 4}});
    cJSON_Delete(as_json(r));
    assert_non_null(strstr(str_text(&r->out), "\"propensity\":0.2,"));
    assert_non_null(strstr(str_text(&r->out), "\"q\":[0.1,-500,16777216,0.33333334]"));
    round_trip(r, EVENT_SESSION_CLOSED, &(struct event_session_closed){.duration = 86399.123});
    cJSON_Delete(as_json(r));
    assert_non_null(strstr(str_text(&r->out), "\"duration\":86399.123"));
}

/* Each name in a message is a field or of the envelope; each id is documented. */
static void the_catalogue_is_sound(void **state)
{
    static const char *const envelope[] = {"session", "src_ip", "src_port", "dst_ip", "dst_port"};
    (void)state;
    for (unsigned id = 0; id < EVENT_COUNT; id++) {
        const struct event_desc *d = event_desc(id);
        assert_true(str_starts(d->name, "cowrie.") || str_starts(d->name, "qrassh."));
        for (const char *m = d->message; (m = strchr(m, '<')); m++) {
            char name[64];
            size_t n = strcspn(m + 1, ">");
            assert_true(n < sizeof name && m[n + 1] == '>');
            memcpy(name, m + 1, n);
            name[n] = 0;
            bool known = event_field(d, name) != NULL;
            for (size_t i = 0; i < 5; i++)
                known |= strcmp(name, envelope[i]) == 0;
            if (!known)
                fail_msg("%s: message names <%s>", d->name, name);
        }
    }
    assert_null(event_desc(EVENT_COUNT));
}

static void the_document_agrees(void **state)
{
    struct rig *r = *state;
    static char have[256 * 1024];

    event_docs(&r->out);
    FILE *f = fopen("docs/EVENTS.md", "r");
    assert_non_null(f);
    size_t n = fread(have, 1, sizeof have - 1, f);
    fclose(f);
    have[n] = 0;
    if (strcmp(have, str_text(&r->out)) != 0)
        fail_msg("docs/EVENTS.md is not what `qrassh events` prints");
}

static void session_ids_are_fresh(void **state)
{
    (void)state;
    char a[13], b[13];
    assert_int_equal(event_session_id(a), 0);
    assert_int_equal(event_session_id(b), 0);
    assert_int_equal(strspn(a, "0123456789abcdef"), 12);
    assert_string_not_equal(a, b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(every_event_round_trips),
        T(login_escapes_credentials),
        T(bytes_look_as_python_writes_them),
        T(forwarding_overrides_destination),
        T(absent_texts_are_left_out),
        T(program_events_have_no_source),
        T(long_texts_are_clipped_with_a_marker),
        T(hostile_bytes_are_refused),
        T(bad_heads_are_refused),
        T(times_are_right),
        T(a_closed_session_has_both_durations),
        T(numbers_are_short_and_exact),
        T(the_catalogue_is_sound),
        T(the_document_agrees),
        T(session_ids_are_fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
