/* cond.h -- [[ ]], and the primaries it shares with test.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_COND_H
#define SHELL_COND_H

#include "shell/shell.h"

/* 0 true, 1 false, 2 error. */
int cond_eval(struct shell *sh, const struct cond *c);
/* test's primaries: 1 true, 0 false. op is "-f", "-nt" ... */
bool test_unary(struct shell *sh, int letter, const char *arg);
bool test_files(struct shell *sh, const char *op, const char *a, const char *b);
/* Regular expression match; fills BASH_REMATCH. 0 match, 1 none, 2 bad. */
int regex_match(struct shell *sh, const char *s, const char *re);

#endif
