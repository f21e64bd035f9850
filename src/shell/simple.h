/* simple.h -- simple commands: assignments, functions, builtins, programs.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_SIMPLE_H
#define SHELL_SIMPLE_H

#include <stdint.h>

#include "shell/shell.h"

int exec_simple(struct shell *sh, struct node *n);
int exec_select(struct shell *sh, struct node *n);
void trap_debug(struct shell *sh, const struct node *n); /* the DEBUG trap before n */
/* set -x lines */
void trace_command(struct shell *sh, const struct node *n, char **argv, int argc);
void trace_for(struct shell *sh, const struct node *n, char **v, int count);
void trace_case(struct shell *sh, const char *subject);
void trace_arith(struct shell *sh, const char *text);
void trace_text(struct shell *sh, const char *text);
void print_times(struct shell *sh, int64_t real_us, int64_t user_us, int64_t sys_us, bool posix);

#endif
