/* attack_react.c -- how an attacker reacts to what a command brought.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/attack_react.h"

#include <string.h>

#include "base/str.h"

/* Assumed: the chance to leave grows with refusals in a row. */
static const double quit_after[] = {0.10, 0.35, 0.70};
/* Assumed: of those who stay, how many stay with the same purpose. */
enum { STAY_DOWNLOAD_PCT = 70, STAY_OTHER_PCT = 15, RETRIES_MAX = 2 };

static const char *const tools[] = {"wget", "curl", "tftp", "ftpget"};
enum { TOOLS = sizeof tools / sizeof *tools };

static const char *const refusal_marks[] = {
    "Permission denied", "command not found",  "Operation not permitted", "cannot execute",
    "timed out",         "Connection refused", "unable to resolve",       "Could not resolve",
};

bool attack_refused(const char *output, size_t n, int status)
{
    if (status == 126 || status == 127)
        return true;
    for (size_t i = 0; i < sizeof refusal_marks / sizeof *refusal_marks; i++)
        if (memmem(output, n, refusal_marks[i], strlen(refusal_marks[i])))
            return true;
    return false;
}

/* Where tool stands as a word of its own in input; NULL if it does not. */
static const char *find_tool(const char *input, const char *tool)
{
    size_t n = strlen(tool);

    for (const char *at = strstr(input, tool); at; at = strstr(at + 1, tool)) {
        bool starts = at == input || strchr(" ;|&/(", at[-1]);
        if (starts && (at[n] == ' ' || at[n] == '\0'))
            return at;
    }
    return NULL;
}

static int tool_of(const char *input)
{
    for (int i = 0; i < TOOLS; i++)
        if (find_tool(input, tools[i]))
            return i;
    return -1;
}

const char *attack_next_tool(struct arena *a, const char *input)
{
    int i = tool_of(input);
    const char *at;

    if (i < 0 || i + 1 >= TOOLS)
        return NULL;
    at = find_tool(input, tools[i]);
    return arena_printf(a, "%.*s%s%s", (int)(at - input), input, tools[i + 1],
                        at + strlen(tools[i]));
}

enum attack_reaction attack_react(struct attack_mood *m, const char *input, bool refused)
{
    unsigned k = m->refusals_in_a_row;
    int tool = tool_of(input);
    bool stays;

    if (!refused) {
        m->refusals_in_a_row = m->retries = 0;
        return ATTACK_CARRY_ON;
    }
    if (k >= sizeof quit_after / sizeof *quit_after)
        k = sizeof quit_after / sizeof *quit_after - 1;
    m->refusals_in_a_row++;
    if (rng_unit(&m->rng) < quit_after[k])
        return ATTACK_GIVE_UP;
    stays = rng_below(&m->rng, 100) < (tool >= 0 ? STAY_DOWNLOAD_PCT : STAY_OTHER_PCT);
    if (!stays || m->retries >= RETRIES_MAX) {
        m->retries = 0;
        return ATTACK_CARRY_ON;
    }
    m->retries++;
    return tool >= 0 && tool + 1 < TOOLS && rng_below(&m->rng, 2) ? ATTACK_NEXT_TOOL : ATTACK_RETRY;
}
