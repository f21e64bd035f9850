/* complete.h -- the words that fit what was typed.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_COMPLETE_H
#define SHELL_COMPLETE_H

#include "shell/shell.h"

struct rl_matches;

/* Fills out for the word of line that ends at point; strings live in tmp. */
void complete_word(struct shell *sh, const char *line, uint32_t point, struct arena *tmp,
                   struct rl_matches *out);

#endif
