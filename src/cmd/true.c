/* true.c -- true and false: a status, whatever they are told.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/cmd.h"

static int true_run(struct cmd_run *r)
{
    if (r->argc == 1)
        cmd_text_option(r, r->argv[0]);
    return 0;
}

static int false_run(struct cmd_run *r)
{
    if (r->argc == 1)
        cmd_text_option(r, r->argv[0]);
    return 1;
}

const struct cmd cmd_true = {.name = "true", .run = true_run, .flags = CMD_RAW};
const struct cmd cmd_false = {.name = "false", .run = false_run, .flags = CMD_RAW};
