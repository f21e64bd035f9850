/* cmd_prune.c -- `qrassh prune`: removes by hand what the recorder would remove
 * by itself, or says what that would be.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/store_cmd.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "event/event.h"
#include "store/retain.h"
#include "store/tool.h"

static const char usage[] =
    "--keep 90d [--max-bytes N] [--dry-run] [--state DIR]\n\n"
    "Removes rows, records of terminals, artefacts and logs that are older than\n"
    "--keep, and the oldest files until all fits into --max-bytes. --dry-run removes\n"
    "nothing and lists what would go.\n";

int store_cmd_prune(int argc, char **argv)
{
    const char *keep = NULL, *max = NULL, *state = NULL;
    struct retain_conf conf = {.max_bytes = UINT64_MAX, .report = stdout};
    const struct tool_opt opts[] = {{"--keep", &keep, NULL},
                                    {"--max-bytes", &max, NULL},
                                    {"--state", &state, NULL},
                                    {"--dry-run", NULL, &conf.dry},
                                    {0}};
    struct retain_stats st;
    struct clock clock;
    int64_t bytes = 0;
    int left = tool_options(argc, argv, opts, usage), err;

    if (left < 0)
        return left == -2 ? 0 : 2;
    if (left || !keep || tool_span(keep, &conf.keep_us) ||
        (max && str_int(max, 0, INT64_MAX, &bytes))) {
        fprintf(stderr, "usage: qrassh prune %s", usage);
        return 2;
    }
    clock_init(&clock);
    conf.now_us = clock_real_us(&clock);
    conf.dir = tool_state(state);
    if (max)
        conf.max_bytes = (uint64_t)bytes;
    err = retain_run(&conf, &st);
    printf("%s %llu files of %llu bytes and %llu rows; %llu bytes stay\n",
           conf.dry ? "would remove" : "removed", (unsigned long long)st.files,
           (unsigned long long)st.bytes, (unsigned long long)st.rows, (unsigned long long)st.left);
    if (err)
        fprintf(stderr, "qrassh: %s\n", err_text(err));
    return err != 0;
}
