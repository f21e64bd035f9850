/* test_store.c -- what is told is stored once, in rows, lines and files alike.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <cjson/cJSON.h>
#include <sqlite3.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/rng.h"
#include "store/artefact.h"
#include "store/cast.h"
#include "store/client.h"
#include "store/store.h"
#include "store/tool.h"

static const struct event_source source = {.session = "0123456789ab",
                                           .src_ip = "203.0.113.9",
                                           .dst_ip = "192.0.2.1",
                                           .src_port = 40022,
                                           .dst_port = 22,
                                           .protocol = EVENT_SSH};
static const int64_t noon = INT64_C(1785326400000000); /* 2026-07-29T12:00:00Z */

struct rig {
    char dir[64];
    struct clock clock;
    struct store *store;
    struct store_sender *sender;
    uint64_t number, resumed, acked;
    struct buf b;
};

static void on_reply(void *ctx, uint32_t type, const void *body, size_t n)
{
    struct rig *r = ctx;
    struct buf b = buf_wrap(body, n);
    uint64_t v = 0;

    if (n)
        assert_int_equal(buf_get_u64(&b, &v), 0);
    if (type == STORE_MSG_RESUME)
        r->resumed = v;
    else if (type == STORE_MSG_ACK)
        r->acked = v;
    else
        assert_int_equal(type, STORE_MSG_WHO);
}

static void hello(struct rig *r)
{
    buf_clear(&r->b);
    assert_int_equal(buf_put_u64(&r->b, 77), 0);
    assert_int_equal(buf_put_cstring(&r->b, "test"), 0);
    store_recv(r->sender, STORE_MSG_HELLO, buf_ptr(&r->b), buf_len(&r->b), -1);
}

static void open_store(struct rig *r)
{
    struct store_conf conf = {
        .dir = r->dir, .shown = "/state", .sensor = "web-01", .uuid = "u", .clock = &r->clock};
    char why[300];

    if (store_open(&conf, &r->store, why, sizeof why))
        fail_msg("%s", why);
    r->sender = store_sender_new(r->store, on_reply, r);
    hello(r);
}

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    strcpy(r->dir, "/tmp/qrassh-store-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    clock_init_fake(&r->clock, noon);
    buf_init(&r->b, IPC_MAX);
    open_store(r);
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
    store_close(r->store);
    remove_tree(r->dir);
    buf_done(&r->b);
    free(r);
    return 0;
}

/* Sends what is in r->b behind its number. */
static void begin(struct rig *r)
{
    buf_clear(&r->b);
    assert_int_equal(buf_put_u64(&r->b, ++r->number), 0);
}
static void finish(struct rig *r, uint32_t type)
{
    store_recv(r->sender, type | STORE_MSG_NUMBERED, buf_ptr(&r->b), buf_len(&r->b), -1);
}

static void tell(struct rig *r, enum event_id id, const void *fields)
{
    begin(r);
    assert_int_equal(event_encode(&r->b, id, &source, noon, fields), 0);
    finish(r, STORE_MSG_EVENT);
}

static void tell_command(struct rig *r, const char *text)
{
    tell(r, EVENT_COMMAND_INPUT, &(struct event_command_input){.input = event_s(text)});
}

static int64_t ask(const char *dir, const char *sql)
{
    char path[128];
    sqlite3 *db;
    sqlite3_stmt *st;
    snprintf(path, sizeof path, "%s/qrassh.db", dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t v = sqlite3_column_type(st, 0) == SQLITE_TEXT
                    ? strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0
                    : sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}

/* Counts JSON lines with this event id; every line must be sound. */
static int lines_of(const char *dir, const char *name, const char *eventid)
{
    char path[200];
    struct buf b;
    int n = 0;

    snprintf(path, sizeof path, "%s/log/%s", dir, name);
    buf_init(&b, 256 << 20);
    if (file_read(path, &b)) {
        buf_done(&b);
        return -1;
    }
    const char *p = (const char *)buf_ptr(&b), *end = p + buf_len(&b);
    assert_true(p == end || end[-1] == '\n');
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        cJSON *j = cJSON_ParseWithLength(p, (size_t)(nl - p));
        assert_non_null(j);
        n += !eventid ||
             strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(j, "eventid")), eventid) == 0;
        cJSON_Delete(j);
        p = nl + 1;
    }
    buf_done(&b);
    return n;
}

static void commit(struct rig *r)
{
    assert_int_equal(store_commit(r->store), 0);
}

/* --- events ------------------------------------------------------------------ */

static void every_event_has_its_row_and_line(void **state)
{
    struct rig *r = *state;
    int64_t rows = 0;
    static const char *const tables[] = {"sessions",         "auth",        "input",
                                         "downloads",        "ttylog",      "keyfingerprints",
                                         "params",           "ipforwards",  "ipforwardsdata",
                                         "decisions",        "transitions", "policies",
                                         "artefact_sources", "events"};
    unsigned updates = 0;

    for (unsigned id = 0; id < EVENT_COUNT; id++) {
        union event_any u;
        memset(&u, 0, sizeof u);
        const struct event_desc *d = event_desc(id);
        for (size_t i = 0; i < d->nfields; i++)
            if (d->fields[i].type <= EVENT_REPR)
                *(struct event_str *)((char *)&u + d->fields[i].offset) = event_s("x");
        tell(r, (enum event_id)id, &u);
        updates += id == EVENT_SESSION_CLOSED || id == EVENT_SESSION_SUMMARY ||
                   id == EVENT_CLIENT_VERSION || id == EVENT_CLIENT_SIZE;
    }
    commit(r);
    assert_int_equal(r->acked, EVENT_COUNT);
    assert_int_equal(lines_of(r->dir, "qrassh.json", NULL), EVENT_COUNT);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char sql[80];
        snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s", tables[i]);
        rows += ask(r->dir, sql);
    }
    assert_int_equal(rows, EVENT_COUNT - updates);
    struct store_stats st;
    store_get_stats(r->store, &st);
    assert_int_equal(st.nonsense, 0);
}

static void rows_have_the_fields(void **state)
{
    static const float q[] = {1.5f, -2, 0, 0, 0};
    struct rig *r = *state;
    tell(r, EVENT_SESSION_CONNECT, NULL);
    tell(r, EVENT_CLIENT_VERSION, &(struct event_client_version){.version = event_s("SSH-2.0-Go")});
    tell(r, EVENT_LOGIN_FAILED,
         &(struct event_login_failed){.username = event_s("root"),
                                      .password = event_sn("\xff\0", 2)});
    tell(r, EVENT_ACTION,
         &(struct event_action){
             .input = event_s("wget x"), .action = event_s("fake"), .action_id = 2, .q = {q, 5}});
    tell(r, EVENT_SESSION_CLOSED, &(struct event_session_closed){.duration_ms = 12});
    commit(r);
    assert_int_equal(ask(r->dir,
                         "SELECT COUNT(*) FROM sessions s JOIN clients c ON c.id = s.client"
                         " WHERE s.id = '0123456789ab' AND ip = '203.0.113.9'"
                         " AND protocol = 'ssh' AND version = 'SSH-2.0-Go'"
                         " AND duration_ms = 12 AND endtime = '2026-07-29T12:00:00.000000Z'"),
                     1);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM auth WHERE success = 0 AND"
                                 " password = '\\xff\\x00'"),
                     1);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM decisions WHERE action_id = 2 AND"
                                 " q = '[1.5,-2,0,0,0]'"),
                     1);
}

static void repeated_numbers_are_stored_once(void **state)
{
    struct rig *r = *state;
    tell_command(r, "one");
    tell_command(r, "two");
    commit(r);
    assert_int_equal(r->acked, 2);
    r->number = 0;
    tell_command(r, "one");
    tell_command(r, "two");
    tell_command(r, "three");
    commit(r);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM input"), 3);
    store_close(r->store);
    open_store(r);
    assert_int_equal(r->resumed, 3);
    r->number = 2;
    tell_command(r, "three");
    tell_command(r, "four");
    commit(r);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM input"), 4);
    assert_int_equal(lines_of(r->dir, "qrassh.json", NULL), 4);
}

static void a_gap_stops_until_resumed(void **state)
{
    struct rig *r = *state;
    tell_command(r, "one");
    r->number = 5;
    tell_command(r, "six");
    tell_command(r, "seven");
    commit(r);
    assert_int_equal(r->resumed, 1);
    r->number = 1;
    tell_command(r, "two");
    commit(r);
    assert_int_equal(r->acked, 2);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM input"), 2);
}

static void nonsense_is_counted_and_harmless(void **state)
{
    struct rig *r = *state;
    struct rng rng;
    struct store_stats st;
    uint8_t junk[300];

    rng_seed(&rng, 11);
    for (int i = 0; i < 3000; i++) {
        size_t n = rng_below(&rng, sizeof junk);
        rng_fill(&rng, junk, sizeof junk);
        store_recv(r->sender, (uint32_t)rng_below(&rng, 12), junk, n, -1);
        begin(r);
        assert_int_equal(buf_put(&r->b, junk, n), 0);
        finish(r, (uint32_t)rng_below(&rng, 6));
    }
    commit(r);
    store_get_stats(r->store, &st);
    assert_true(st.nonsense > 1000);
    hello(r);
    r->number = r->resumed;
    tell_command(r, "still here");
    commit(r);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM input WHERE input = 'still here'"), 1);
}

/* --- files --------------------------------------------------------------------- */

static void the_log_rotates_by_day(void **state)
{
    struct rig *r = *state;
    char path[128];
    struct timespec times[2] = {{1785326400, 0}, {1785326400, 0}};

    tell_command(r, "monday");
    commit(r);
    clock_advance(&r->clock, INT64_C(86400000000));
    tell_command(r, "tuesday");
    commit(r);
    assert_int_equal(lines_of(r->dir, "qrassh.json.2026-07-29", NULL), 1);
    assert_int_equal(lines_of(r->dir, "qrassh.json", NULL), 1);
    /* a store opened on a later day looks at the file's own date */
    store_close(r->store);
    snprintf(path, sizeof path, "%s/log/qrassh.json", r->dir);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    open_store(r);
    tell_command(r, "later");
    commit(r);
    assert_int_equal(lines_of(r->dir, "qrassh.json.2026-07-29.1", NULL), 1);
    /* somebody else takes the log away */
    assert_int_equal(unlink(path), 0);
    tell_command(r, "again");
    commit(r);
    assert_int_equal(lines_of(r->dir, "qrassh.json", NULL), 1);
}

static int64_t file_size(struct rig *r, const char *name)
{
    char path[128];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", r->dir, name);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static void open_tty(struct rig *r, uint64_t tty)
{
    struct store_tty_open m = {.tty = tty, .cols = 100, .rows = 30, .term = event_s("xterm")};
    struct buf head;

    buf_init(&head, EVENT_MAX);
    assert_int_equal(
        event_encode(&head, EVENT_LOG_OPEN, &source, noon, &(struct event_log_open){0}), 0);
    m.head = event_sn(buf_ptr(&head), buf_len(&head));
    begin(r);
    assert_int_equal(store_put_tty_open(&r->b, &m), 0);
    finish(r, STORE_MSG_TTY_OPEN);
    buf_done(&head);
}

static void type_tty(struct rig *r, uint64_t tty, char kind, const char *text, size_t n)
{
    struct store_tty_data m = {tty, noon + 1500000, kind, event_sn(text, n)};
    begin(r);
    assert_int_equal(store_put_tty_data(&r->b, &m), 0);
    finish(r, STORE_MSG_TTY_DATA);
}

static void close_tty(struct rig *r, uint64_t tty)
{
    struct store_tty_close m = {tty, noon + 2000000};
    begin(r);
    assert_int_equal(store_put_tty_close(&r->b, &m), 0);
    finish(r, STORE_MSG_TTY_CLOSE);
}

struct seen {
    char text[600];
    int markers;
    double t;
};

static int see(void *ctx, const struct cast_line *l)
{
    struct seen *s = ctx;
    if (l->kind == 'o')
        strncat(s->text, l->text, sizeof s->text - strlen(s->text) - 1);
    s->markers += l->kind == 'm';
    s->t = l->t;
    return 0;
}

static struct seen read_cast(struct rig *r, const char *name, struct cast_header *h)
{
    struct seen s = {0};
    struct buf b;
    char path[128];

    snprintf(path, sizeof path, "%s/tty/%s.cast", r->dir, name);
    buf_init(&b, 1 << 24);
    assert_int_equal(file_read(path, &b), 0);
    assert_int_equal(cast_read((const char *)buf_ptr(&b), buf_len(&b), h, see, &s), 0);
    buf_done(&b);
    return s;
}

static void terminals_become_casts(void **state)
{
    struct rig *r = *state;
    struct cast_header h;

    open_tty(r, 9);
    type_tty(r, 9, 'o', "caf\xc3", 4);
    commit(r);
    type_tty(r, 9, 'o', "\xa9 \xff!\r\n", 6);
    type_tty(r, 9, 'i', "ls\r", 3);
    type_tty(r, 9, 'm', "block: ls", 9);
    type_tty(r, 9, 'r', "90x20", 5);
    type_tty(r, 9, 'r', "evil", 4);
    close_tty(r, 9);
    commit(r);
    struct seen s = read_cast(r, "0123456789ab", &h);
    assert_string_equal(s.text, "caf\u00e9 \ufffd!\r\n");
    assert_int_equal(s.markers, 1);
    assert_true(s.t > 1.49 && s.t < 1.51);
    assert_int_equal(h.cols, 100);
    assert_string_equal(h.session, "0123456789ab");
    assert_int_equal(ask(r->dir,
                         "SELECT COUNT(*) FROM ttylog WHERE size = 10 AND duration_ms = 2000"
                         " AND ttylog = '/state/tty/0123456789ab.cast'"),
                     1);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM ttyopen"), 0);
    /* the same session's second channel; the same was typed */
    open_tty(r, 10);
    type_tty(r, 10, 'i', "ls\r", 3);
    close_tty(r, 10);
    commit(r);
    read_cast(r, "0123456789ab-2", &h);
    assert_int_equal(ask(r->dir, "SELECT COUNT(DISTINCT shasum) FROM ttylog"), 1);
}

static void a_new_recorder_goes_on_with_open_terminals(void **state)
{
    struct rig *r = *state;
    struct cast_header h;

    open_tty(r, 9);
    type_tty(r, 9, 'o', "one ", 4);
    type_tty(r, 9, 'i', "a", 1);
    commit(r);
    /* as if killed: what is in memory is lost, nothing is closed */
    struct rig second = *r;
    second.number = r->number;
    open_store(&second);
    assert_int_equal(second.resumed, r->number);
    type_tty(&second, 9, 'o', "two", 3);
    type_tty(&second, 9, 'i', "b", 1);
    close_tty(&second, 9);
    commit(&second);
    struct seen s = read_cast(r, "0123456789ab", &h);
    assert_string_equal(s.text, "one two");
    uint8_t digest[32];
    char sha[65], sql[200];
    hash_sha256(digest, "ab", 2);
    hex_encode(sha, digest, 32);
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM ttylog WHERE size = 7 AND shasum = '%s'", sha);
    assert_int_equal(ask(r->dir, sql), 1);
    second.b.mem = NULL;
    store_close(second.store);
}

static void a_long_record_is_cut_and_counted(void **state)
{
    struct rig *r = *state;
    struct cast_header h;
    char *text = malloc(30000);

    store_close(r->store);
    struct store_conf conf = {.dir = r->dir, .clock = &r->clock, .tty_max = 100000};
    char why[300];
    assert_int_equal(store_open(&conf, &r->store, why, sizeof why), 0);
    r->sender = store_sender_new(r->store, on_reply, r);
    hello(r);
    memset(text, 'x', 30000);
    open_tty(r, 1);
    for (int i = 0; i < 20; i++) {
        type_tty(r, 1, 'o', text, 30000);
        commit(r);
    }
    close_tty(r, 1);
    commit(r);
    assert_int_equal(read_cast(r, "0123456789ab", &h).markers, 1);
    assert_int_equal(ask(r->dir, "SELECT size FROM ttylog"), 600000);
    assert_in_range(file_size(r, "tty/0123456789ab.cast"), 60000, 130000);
    free(text);
}

static void a_sender_that_dies_closes_its_terminals(void **state)
{
    struct rig *r = *state;
    open_tty(r, 1);
    type_tty(r, 1, 'o', "x", 1);
    store_sender_free(r->sender);
    commit(r);
    assert_int_equal(lines_of(r->dir, "qrassh.json", "cowrie.log.closed"), 1);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM ttylog"), 1);
}

static void bring(struct rig *r, const char *content, size_t n, int fd, enum event_id also_id,
                  const void *also)
{
    struct store_artefact m = {0};
    struct buf e, f;
    struct event_artefact a = {.how = event_s("redirect"), .path = event_s("/tmp/x")};

    buf_init(&e, EVENT_MAX);
    buf_init(&f, EVENT_MAX);
    assert_int_equal(event_encode(&e, EVENT_ARTEFACT, &source, noon, &a), 0);
    assert_int_equal(event_encode(&f, also_id, &source, noon, also), 0);
    m.event = event_sn(buf_ptr(&e), buf_len(&e));
    m.also = event_sn(buf_ptr(&f), buf_len(&f));
    if (fd < 0)
        m.content = event_sn(content, n);
    begin(r);
    assert_int_equal(store_put_artefact(&r->b, &m), 0);
    store_recv(r->sender, STORE_MSG_ARTEFACT | STORE_MSG_NUMBERED, buf_ptr(&r->b), buf_len(&r->b),
               fd);
    buf_done(&e);
    buf_done(&f);
}

static void artefacts_are_kept_once(void **state)
{
    struct rig *r = *state;
    static const char script[] = "#!/bin/sh\nwget http://h/x\n";
    uint8_t digest[32];
    char sha[65], path[200];
    struct stat st;

    hash_sha256(digest, script, sizeof script - 1);
    hex_encode(sha, digest, 32);
    bring(r, script, sizeof script - 1, -1, EVENT_FILE_REDIR,
          &(struct event_file_redir){.destfile = event_s("/tmp/x")});
    bring(r, script, sizeof script - 1, -1, EVENT_FILE_REDIR,
          &(struct event_file_redir){.destfile = event_s("/tmp/y")});
    commit(r);
    bring(r, script, sizeof script - 1, -1, EVENT_FILE_UPLOAD_SCP,
          &(struct event_file_upload_scp){.outfile = event_s("")});
    size_t big = 3 << 20;
    char *zeros = calloc(1, big);
    bring(r, NULL, 0, ipc_memfd("t", zeros, big), EVENT_FILE_STDIN, &(struct event_file_stdin){0});
    free(zeros);
    commit(r);
    snprintf(path, sizeof path, "%s/artefacts/%s", r->dir, sha);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
    assert_int_equal(st.st_size, sizeof script - 1);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM artefacts"), 2);
    assert_int_equal(ask(r->dir, "SELECT seen FROM artefacts WHERE mime = 'text/x-shellscript'"),
                     3);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM artefact_sources"), 4);
    assert_int_equal(ask(r->dir, "SELECT size FROM artefacts WHERE size > 1000000"), 3 << 20);
    snprintf(path, sizeof path,
             "SELECT COUNT(*) FROM downloads WHERE url = 'SCP' AND outfile = '%s'", sha);
    assert_int_equal(ask(r->dir, path), 1);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM downloads WHERE outfile LIKE '/state/art%'"),
                     3);
}

static void elf_facts_are_told(void **state)
{
    char facts[160], mime[96];
    struct buf b;
    (void)state;

    buf_init(&b, 64 << 20);
    assert_int_equal(file_read("/bin/true", &b), 0);
    artefact_facts(buf_ptr(&b), buf_len(&b), facts, sizeof facts);
    assert_true(str_starts(facts, "ELF 64-bit LSB shared object, "));
    assert_non_null(strstr(facts, ", dynamic, stripped"));
    artefact_mime(buf_ptr(&b), buf_len(&b), mime, sizeof mime);
    assert_true(str_starts(mime, "application/x-"));
    for (size_t n = 0; n < 2000; n += 7) { /* cut anywhere */
        char *cut = malloc(n + 1);
        memcpy(cut, buf_ptr(&b), n);
        artefact_facts(cut, n, facts, sizeof facts);
        free(cut);
    }
    artefact_facts("hello", 5, facts, sizeof facts);
    assert_string_equal(facts, "");
    buf_done(&b);
    artefact_mime_done();
}

/* --- when the disk refuses ------------------------------------------------------- */

static void a_full_disk_loses_nothing(void **state)
{
    struct rig *r = *state;
    struct rlimit had, tight = {.rlim_cur = 4096};
    char *big = malloc(20001);

    tell_command(r, "before");
    commit(r);
    memset(big, 'x', 20000);
    big[20000] = 0;
    tell_command(r, big);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &had), 0);
    tight.rlim_max = had.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    log_set_level(LOG_ERROR);
    assert_int_not_equal(store_commit(r->store), 0);
    r->acked = 0;
    tell_command(r, "meanwhile"); /* not accepted: the sender keeps it */
    assert_int_not_equal(store_commit(r->store), 0);
    assert_int_equal(r->acked, 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &had), 0);
    commit(r);
    assert_int_equal(r->resumed, 2);
    r->number = 2;
    tell_command(r, "meanwhile");
    commit(r);
    assert_int_equal(r->acked, 3);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM input"), 3);
    assert_int_equal(lines_of(r->dir, "qrassh.json", NULL), 3);
    free(big);
}

static void cut_lines_are_completed_after_a_crash(void **state)
{
    struct rig *r = *state;
    char path[128];
    struct stat st;

    tell_command(r, "one");
    commit(r);
    tell_command(r, "two");
    tell_command(r, "three");
    commit(r);
    /* as if killed in the middle of writing the lines of the last transaction */
    snprintf(path, sizeof path, "%s/log/qrassh.json", r->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 30), 0);
    struct rig second = *r;
    open_store(&second);
    assert_int_equal(lines_of(r->dir, "qrassh.json", NULL), 3);
    store_close(second.store);
}

/* --- kill -9 ------------------------------------------------------------------------- */

/* A recorder of its own process on one end of a socket pair. */
struct server {
    struct ipc *line;
    struct store_sender *sender;
    struct store *store;
    struct loop *loop;
    struct loop_timer timer;
};
static void server_reply(void *ctx, uint32_t type, const void *body, size_t n)
{
    (void)!ipc_send(((struct server *)ctx)->line, type, body, n, -1);
}
static void server_recv(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    store_recv(((struct server *)ctx)->sender, type, body, n, fd);
}
static void server_commit(void *ctx)
{
    struct server *s = ctx;
    if (store_commit(s->store) || loop_timer_in(s->loop, &s->timer, 2000, server_commit, s))
        _exit(3);
}
static void server_closed(void *ctx)
{
    (void)ctx;
    _exit(0);
}

static pid_t serve(const char *dir, int *sock)
{
    int fds[2];
    assert_int_equal(ipc_pair(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid) {
        close(fds[1]);
        *sock = fds[0];
        return pid;
    }
    close(fds[0]);
    static struct server s;
    static struct clock clock;
    char why[300];
    clock_init(&clock);
    struct store_conf conf = {.dir = dir, .sensor = "s", .uuid = "u", .clock = &clock};
    s.loop = loop_new(&clock);
    s.line = ipc_new(s.loop, fds[1], 1 << 20, server_recv, server_closed, &s);
    if (store_open(&conf, &s.store, why, sizeof why))
        _exit(2);
    s.sender = store_sender_new(s.store, server_reply, &s);
    server_commit(&s);
    _exit(loop_run(s.loop));
}

struct talker {
    struct store_client *client;
    struct ipc *line;
};
static void talker_recv(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    (void)fd;
    store_client_recv(((struct talker *)ctx)->client, type, body, n);
}
static void talker_closed(void *ctx)
{
    struct talker *t = ctx;
    store_client_line(t->client, NULL);
    ipc_free(t->line);
    t->line = NULL;
}
static void talker_drained(void *ctx)
{
    store_client_pump(((struct talker *)ctx)->client);
}

static void killed_at_any_time_everything_is_there_once(void **state)
{
    struct rig *r = *state;
    enum { EVENTS = 6000, KILLS = 12 };
    struct clock clock;
    struct talker t = {0};
    int told = 0, sock, status;
    int64_t deadline;
    struct rng rng;

    store_close(r->store);
    r->store = NULL;
    rng_seed(&rng, 4);
    clock_init(&clock);
    struct loop *loop = loop_new(&clock);
    struct store_client_conf conf = {.name = "talker", .clock = &clock};
    t.client = store_client_new(&conf);
    struct store_tty_open open = {.tty = 1, .cols = 80, .rows = 24};
    assert_int_equal(store_client_tty_open(t.client, &source, &open), 0);
    deadline = clock_mono_us(&clock) + 60000000;
    for (int kills = 0; kills <= KILLS; kills++) {
        pid_t pid = serve(r->dir, &sock);
        t.line = ipc_new(loop, sock, 4 << 20, talker_recv, talker_closed, &t);
        ipc_on_drained(t.line, talker_drained);
        store_client_line(t.client, t.line);
        int goal = kills == KILLS ? EVENTS : told + (EVENTS - told) / 4;
        int64_t until = clock_mono_us(&clock) + (int64_t)rng_below(&rng, 60000) + 5000;
        while (clock_mono_us(&clock) < deadline) {
            char text[40];
            for (int i = 0; i < 20 && told < goal; i++, told++) {
                snprintf(text, sizeof text, "%d\n", told);
                assert_int_equal(store_client_event(t.client, EVENT_COMMAND_INPUT, &source,
                                                    &(struct event_command_input){
                                                        .input = event_sn(text, strlen(text) - 1)}),
                                 0);
                assert_int_equal(store_client_tty_data(t.client, 1, 'o', text, strlen(text)), 0);
            }
            assert_int_equal(loop_once(loop, 1000), 0);
            if (kills < KILLS ? clock_mono_us(&clock) > until
                              : told == EVENTS && !store_client_waiting(t.client))
                break;
        }
        kill(pid, SIGKILL);
        while (t.line && clock_mono_us(&clock) < deadline)
            assert_int_equal(loop_once(loop, 10000), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    assert_int_equal(store_client_waiting(t.client), 0);
    open_store(r); /* completes the files */
    assert_int_equal(ask(r->dir, "PRAGMA integrity_check"), 1);
    assert_int_equal(ask(r->dir, "SELECT COUNT(*) FROM input"), EVENTS);
    assert_int_equal(ask(r->dir, "SELECT COUNT(DISTINCT input) FROM input"), EVENTS);
    int lines = 0, n;
    DIR *d;
    char dir[100];
    snprintf(dir, sizeof dir, "%s/log", r->dir);
    assert_non_null(d = opendir(dir));
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' && (n = lines_of(r->dir, e->d_name, "cowrie.command.input")) > 0)
            lines += n;
    closedir(d);
    assert_int_equal(lines, EVENTS);
    /* and the terminal's record holds each number once, in order */
    struct buf b;
    char path[128];
    snprintf(path, sizeof path, "%s/tty/0123456789ab.cast", r->dir);
    buf_init(&b, 1 << 24);
    assert_int_equal(file_read(path, &b), 0);
    const char *p = (const char *)buf_ptr(&b), *end = p + buf_len(&b);
    for (int i = 0; i < EVENTS; i++) {
        char want[40];
        int len = snprintf(want, sizeof want, "\"%d\\n\"]\n", i);
        p = memmem(p, (size_t)(end - p), want, (size_t)len);
        assert_non_null(p);
        p += len;
    }
    assert_null(memmem(p, (size_t)(end - p), "\\n\"]", 4));
    buf_done(&b);
    store_client_free(t.client);
    loop_free(loop);
}

/* --- the client ------------------------------------------------------------------------ */

static void a_full_spool_refuses_terminals_first(void **state)
{
    struct clock clock;
    char piece[1000] = {0};
    int refused = 0;
    (void)state;

    clock_init_fake(&clock, noon);
    struct store_client_conf conf = {.name = "t", .clock = &clock, .spool_max = 100000};
    struct store_client *c = store_client_new(&conf);
    for (int i = 0; i < 200; i++)
        refused += store_client_tty_data(c, 1, 'o', piece, sizeof piece) == ERR_LIMIT;
    assert_true(refused > 100 && refused < 140);
    assert_int_equal(store_client_event(c, EVENT_SESSION_CONNECT, &source, NULL), 0);
    assert_int_equal(store_client_refused(c), refused);
    assert_true(store_client_waiting(c) <= 100000);
    store_client_free(c);
}

/* --- what operators see --------------------------------------------------------------- */

static void filtered(const char *in, const char *want)
{
    char *got = NULL;
    size_t n = 0;
    struct tool_filter f = {0};
    FILE *out = open_memstream(&got, &n);
    for (const char *p = in; *p; p++) /* byte by byte: state carries over */
        tool_filter(&f, out, p, 1);
    fclose(out);
    assert_string_equal(got, want);
    free(got);
}

static void replay_takes_the_sting_out(void **state)
{
    (void)state;
    filtered("a\033[31mred\033[0m\r\n", "a\033[31mred\033[0m\r\n");
    filtered("x\033]52;c;ZXZpbA==\007y", "xy");
    filtered("x\033]0;title\033\\y", "xy");
    filtered("x\033P$q\"p\033\\y", "xy");
    filtered("x\033[6ny\033[cz\033[21tw", "xyzw");
    filtered("x\033Zy\005z", "xyz");
    filtered("\033(B\033[?2004h", "\033(B\033[?2004h");
    filtered("caf\u00e9 \u00a0\xc2\x90"
             "x",
             "caf\u00e9 \u00a0x");
}

static void spans_of_time_are_understood(void **state)
{
    char out[32];
    (void)state;
    assert_int_equal(tool_since("24h", noon, out), 0);
    assert_string_equal(out, "2026-07-28T12:00:00.000000Z");
    assert_int_equal(tool_since("2026-01-31", noon, out), 0);
    assert_string_equal(out, "2026-01-31");
    assert_int_not_equal(tool_since("yesterday", noon, out), 0);
    assert_int_not_equal(tool_since("2026-01-31'--", noon, out), 0);
    assert_int_not_equal(tool_since("h", noon, out), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(every_event_has_its_row_and_line),
        T(rows_have_the_fields),
        T(repeated_numbers_are_stored_once),
        T(a_gap_stops_until_resumed),
        T(nonsense_is_counted_and_harmless),
        T(the_log_rotates_by_day),
        T(terminals_become_casts),
        T(a_new_recorder_goes_on_with_open_terminals),
        T(a_long_record_is_cut_and_counted),
        T(a_sender_that_dies_closes_its_terminals),
        T(artefacts_are_kept_once),
        cmocka_unit_test(elf_facts_are_told),
        T(a_full_disk_loses_nothing),
        T(cut_lines_are_completed_after_a_crash),
        T(killed_at_any_time_everything_is_there_once),
        cmocka_unit_test(a_full_spool_refuses_terminals_first),
        cmocka_unit_test(replay_takes_the_sting_out),
        cmocka_unit_test(spans_of_time_are_understood),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
