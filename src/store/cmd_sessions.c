/* cmd_sessions.c -- `qrassh sessions`: what has been recorded, newest last.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/store_cmd.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "event/event.h"
#include "store/tool.h"

static const char usage[] =
    "[--since 24h|7d|2026-01-31] [--limit N] [--json] [--state DIR]\n\n"
    "Lists recorded sessions, oldest first; at most the last N (100). A session's id,\n"
    "or its beginning, is what `qrassh replay` takes.\n";

/* How often each action was taken is counted here, since the summary comes
 * only when a session has ended. */
static const char query[] =
    "SELECT * FROM (SELECT id, starttime, ip, COALESCE(country, ''), COALESCE(protocol, ''),"
    " COALESCE(username, ''), duration_ms,"
    " (SELECT COUNT(*) FROM decisions d WHERE d.session = s.id) AS commands,"
    " (SELECT COUNT(*) FROM decisions d WHERE d.session = s.id AND action_id = 0) AS a0,"
    " (SELECT COUNT(*) FROM decisions d WHERE d.session = s.id AND action_id = 1) AS a1,"
    " (SELECT COUNT(*) FROM decisions d WHERE d.session = s.id AND action_id = 2) AS a2,"
    " (SELECT COUNT(*) FROM decisions d WHERE d.session = s.id AND action_id = 3) AS a3,"
    " (SELECT COUNT(*) FROM decisions d WHERE d.session = s.id AND action_id = 4) AS a4,"
    " (SELECT COUNT(DISTINCT sha256) FROM artefact_sources f WHERE f.session = s.id) AS files,"
    " COALESCE(reason, ''), COALESCE(hassh, '')"
    " FROM sessions s WHERE starttime >= ? ORDER BY starttime DESC LIMIT ?) ORDER BY 2";
static const char *const names[] = {
    "session", "start", "src_ip", "country", "protocol", "username",  "duration_ms", "commands",
    "allow",   "delay", "fake",   "insult",  "block",    "artefacts", "reason",      "hassh"};

static const char *text(sqlite3_stmt *st, int column)
{
    const char *s = (const char *)sqlite3_column_text(st, column);

    return s ? s : "";
}

static void print_json(sqlite3_stmt *st)
{
    struct arena_budget budget = {.max = 1 << 20};
    struct arena *a = arena_new(&budget, 0);
    struct str s;

    if (!a)
        return;
    str_init(&s, a);
    json_open(&s, '{');
    for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++) {
        json_key(&s, names[i]);
        if (sqlite3_column_type(st, i) == SQLITE_INTEGER)
            json_int(&s, sqlite3_column_int64(st, i));
        else if (sqlite3_column_type(st, i) == SQLITE_NULL)
            json_raw(&s, "null");
        else
            json_cstr(&s, text(st, i));
    }
    json_close(&s, '}');
    puts(str_text(&s));
    arena_free(a);
}

static void print_row(sqlite3_stmt *st)
{
    char length[32] = "open";

    if (sqlite3_column_type(st, 6) != SQLITE_NULL)
        (void)str_fmt(length, sizeof length, "%.1fs", sqlite3_column_double(st, 6) / 1000);
    printf("%-12s  %.19s  %-15s %-2s  %-6s %-12.12s %9s %5d  %5d %5d %5d %6d %5d %5d\n",
           text(st, 0), text(st, 1), text(st, 2), text(st, 3), text(st, 4), text(st, 5), length,
           sqlite3_column_int(st, 7), sqlite3_column_int(st, 8), sqlite3_column_int(st, 9),
           sqlite3_column_int(st, 10), sqlite3_column_int(st, 11), sqlite3_column_int(st, 12),
           sqlite3_column_int(st, 13));
}

static int list(sqlite3 *db, const char *since, int64_t limit, bool json)
{
    sqlite3_stmt *st;
    int rc = sqlite3_prepare_v2(db, query, -1, &st, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_text(st, 1, since, -1, SQLITE_STATIC);
        sqlite3_bind_int64(st, 2, limit);
        if (!json)
            puts("SESSION       START (UTC)          SOURCE          CC  VIA    USER            "
                 "LENGTH "
                 " CMDS  ALLOW DELAY  FAKE INSULT BLOCK FILES");
        while ((rc = sqlite3_step(st)) == SQLITE_ROW)
            (json ? print_json : print_row)(st);
    }
    sqlite3_finalize(st);
    if (rc == SQLITE_DONE)
        return 0;
    fprintf(stderr, "qrassh: %s\n", sqlite3_errmsg(db));
    return 1;
}

int store_cmd_sessions(int argc, char **argv)
{
    const char *since = NULL, *limit = "100", *state = NULL;
    bool json = false;
    const struct tool_opt opts[] = {{"--since", &since, NULL},
                                    {"--limit", &limit, NULL},
                                    {"--state", &state, NULL},
                                    {"--json", NULL, &json},
                                    {0}};
    struct clock clock;
    char from[32] = "";
    int64_t n;
    int left = tool_options(argc, argv, opts, usage), status;
    sqlite3 *db;

    if (left < 0)
        return left == -2 ? 0 : 2;
    clock_init(&clock);
    if (left || str_int(limit, 1, INT64_MAX, &n) ||
        (since && tool_since(since, clock_real_us(&clock), from))) {
        fprintf(stderr, "usage: qrassh sessions %s", usage);
        return 2;
    }
    if (!(db = tool_open(tool_state(state))))
        return 1;
    status = list(db, from, n, json);
    sqlite3_close(db);
    return status;
}

int store_cmd_events(int argc, char **argv)
{
    struct arena_budget budget = {.max = 4 << 20};
    struct arena *a;
    struct str s;
    int left = tool_options(argc, argv, &(struct tool_opt){0},
                            "\n\nPrints the catalogue of all events, as docs/EVENTS.md.\n");

    if (left)
        return left == -2 ? 0 : 2;
    if (!(a = arena_new(&budget, 0)))
        return 1;
    str_init(&s, a);
    event_docs(&s);
    fwrite(str_text(&s), 1, s.n, stdout);
    arena_free(a);
    return 0;
}
