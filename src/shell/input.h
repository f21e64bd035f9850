/* input.h -- where a shell's commands come from.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_INPUT_H
#define SHELL_INPUT_H

#include "shell/shell.h"

/* Runs all commands of a parser. may_exec: the last may replace the process. */
int run_parser(struct shell *sh, struct parser *p, const char *what, bool may_exec);
/* All of a file, NUL-ended, in a; it is cut at 16 MiB. */
char *read_whole(struct shell *sh, struct arena *a, int fd, size_t *n);
/* Reads one line for the parser; with a prompt when interactive. The parser's more(). */
bool input_more(void *ctx, struct parser *p);
/* After a syntax error: forget what was typed. */
void input_reset(struct shell *sh, struct parser *p);

/* The seam to line editing: one line without its newline, in scratch memory; NULL
 * at the end of input; *interrupted when Ctrl-C dropped the line. */
char *shell_readline(struct shell *sh, const char *prompt, bool *interrupted);
/* The same through the line editor (readline_shell.c). */
char *shell_edit_line(struct shell *sh, const char *prompt, bool *interrupted);

#endif
