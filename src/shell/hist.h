/* hist.h -- the history list and its file.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_HIST_H
#define SHELL_HIST_H

#include "shell/shell.h"

void hist_load(struct shell *sh); /* ~/.bash_history, once HISTFILE is known */
void hist_add(struct shell *sh, const char *line);
int hist_count(struct shell *sh);
const char *hist_get(struct shell *sh, int i); /* 0 is the oldest; NULL beyond */
/* !! !$ !n ...: the expanded line, the same line if there is nothing to expand,
 * NULL after a message. *changed tells that the line must be shown. */
char *hist_expand(struct shell *sh, const char *line, bool *changed);
/* A child's copy, NULL if from has none. */
struct hist *hist_clone(struct shell *to, const struct shell *from);
void hist_save(struct shell *sh);

#endif
