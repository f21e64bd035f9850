/* cmd_iocs.c -- `qrassh iocs`: indicators in the formats that others read.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/store_cmd.h"

#include <stdio.h>

#include "base/clock.h"
#include "event/event.h"
#include "store/ioc.h"
#include "store/tool.h"

static const char usage[] =
    "[--format stix|misp|csv|json] [--since 24h|7d|2026-01-31] [--state DIR]\n\n"
    "Writes indicators of compromise: addresses, credentials, keys, URLs, domains,\n"
    "hashes and fingerprints, each with count, sessions, first and last sight.\n";

static int write_out(sqlite3 *db, const char *format, const char *since, const char *now)
{
    struct arena_budget budget = {.max = (size_t)2 << 30};
    struct arena *a = arena_new(&budget, 64 * 1024);
    struct map *iocs;
    int err = a ? ioc_gather(db, since, a, &iocs) : ERR_NOMEM;

    if (!err)
        err = ioc_write(format, iocs, now, stdout);
    if (err)
        fprintf(stderr, "qrassh iocs: %s\n", err == ERR_NOTFOUND ? usage : err_text(err));
    arena_free(a);
    return err ? (err == ERR_NOTFOUND ? 2 : 1) : fflush(stdout) != 0;
}

int store_cmd_iocs(int argc, char **argv)
{
    const char *since = NULL, *format = "json", *state = NULL;
    const struct tool_opt opts[] = {
        {"--since", &since, NULL}, {"--format", &format, NULL}, {"--state", &state, NULL}, {0}};
    struct clock clock;
    char from[32] = "", now[32];
    int left = tool_options(argc, argv, opts, usage), status;
    sqlite3 *db;

    if (left < 0)
        return left == -2 ? 0 : 2;
    clock_init(&clock);
    event_time(now, clock_real_us(&clock));
    if (left || (since && tool_since(since, clock_real_us(&clock), from))) {
        fprintf(stderr, "usage: qrassh iocs %s", usage);
        return 2;
    }
    if (!(db = tool_open(tool_state(state))))
        return 1;
    status = write_out(db, format, from, now);
    sqlite3_close(db);
    return status;
}
