/* arith.h -- shell arithmetic on 64-bit integers.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_ARITH_H
#define SHELL_ARITH_H

#include <stdbool.h>
#include <stdint.h>

struct shell;

/* The value of an expression after expansion. On an error a message is printed
 * ("CONTEXT: EXPR: text (error token is ...)") and, with ok NULL, the command
 * line is discarded by sh_throw; else *ok is false and 0 returned. */
int64_t arith_eval(struct shell *sh, const char *expr, bool *ok);

/* An array's index: an error leaves the whole script. */
int64_t arith_index(struct shell *sh, const char *expr);

#endif
