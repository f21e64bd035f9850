/* brace.h -- brace expansion of a word, before anything else happens to it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_BRACE_H
#define SHELL_BRACE_H

#include "base/arena.h"
#include "shell/ast.h"

/* The words that w stands for (w itself if there is nothing to expand), linked
 * by next, in a's memory. tick(ctx, n) is called on the way. */
struct word *brace_expand(struct arena *a, struct word *w, void (*tick)(void *, unsigned),
                          void *ctx);

#endif
