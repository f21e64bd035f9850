/* tool.h -- what the subcommands of the store share: arguments, the store read
 * only, text made safe for a terminal.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_TOOL_H
#define STORE_TOOL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* One option: "--since" with a value, or without (value NULL: a flag). */
struct tool_opt {
    const char *name;
    const char **value; /* or */
    bool *flag;
};
/* Takes the options out of argv; what is left are operands, whose number is
 * answered, or -1 after a message. --help prints usage and answers -2. */
int tool_options(int argc, char **argv, const struct tool_opt *opts, const char *usage);

/* The state folder: given (or NULL), the environment, ./state, the default. */
const char *tool_state(const char *given);
/* The store, read only; NULL after a message. Close with sqlite3_close. */
sqlite3 *tool_open(const char *state);

/* "24h", "7d", "30m", "90s", "2w" in microseconds. 0 or ERR_FORMAT. */
int tool_span(const char *text, int64_t *us) NODISCARD;
/* "24h", "7d", "30m", "90s" before now, or a date as records have it, as text
 * to compare timestamps with. 0 or ERR_FORMAT. */
int tool_since(const char *text, int64_t now_us, char out[32]) NODISCARD;

/* Writes text with control characters as \xNN. */
void tool_print_safe(FILE *out, const char *text, size_t n);

/* Takes what could do harm out of a terminal's output: sequences that set
 * titles, clipboards or keys, and questions that a terminal answers as if
 * typed. State carries over between pieces. */
struct tool_filter {
    int state;
    char held[64];
    size_t n;
};
void tool_filter(struct tool_filter *f, FILE *out, const char *p, size_t n);

#endif
