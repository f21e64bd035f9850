/* readline.h -- the line editor of interactive shells, as readline 8.2.
 *
 * The editor knows a process, its terminal and a few questions it may ask its
 * owner (struct rl_host); it knows no shell. What is written to the terminal
 * are the bytes that readline writes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_READLINE_H
#define SHELL_READLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "vm/vm.h"

struct rl;

/* What the completion of a word found. Strings live in the arena of the call. */
struct rl_matches {
    char **v; /* whole replacements for the word, sorted, without duplicates; the
               * byte before each is 'd' for a directory */
    int n, cap;
    bool files;      /* names of files: lists show their last part */
    char quote;      /* the quote that is open in front of the word, 0 none */
    uint32_t start;  /* where the word begins in the line */
    bool no_quoting; /* put them in as they are */
};

struct rl_host {
    void *ctx;
    int (*history_count)(void *ctx);
    const char *(*history_get)(void *ctx, int i); /* 0: the oldest; NULL: none */
    /* Fills out (zeroed) for the word that ends at point. May be NULL. */
    void (*complete)(void *ctx, const char *line, uint32_t point, struct arena *tmp,
                     struct rl_matches *out);
    /* A signal broke the waiting: true if the line is to be dropped (Ctrl-C). */
    bool (*signalled)(void *ctx);
    void (*resized)(void *ctx, unsigned columns, unsigned lines);
    /* The value of a variable (TERM, COMP...); NULL if unset. */
    const char *(*var)(void *ctx, const char *name);
    /* The line after history expansion (Alt-^), or NULL. */
    char *(*history_expand)(void *ctx, const char *line);
};

enum rl_result { RL_LINE, RL_EOF, RL_INTERRUPT };

/* An editor whose memory comes from p's arena a. */
struct rl *rl_new(struct proc *p, struct arena *a, const struct rl_host *host);
/* Reads one line behind prompt (in which \001 and \002 enclose what takes no
 * room). *line is valid until the next call. */
enum rl_result rl_read(struct rl *r, const char *prompt, const char **line);
/* Behaviour that the shell's options choose. */
void rl_set_modes(struct rl *r, bool utf8, bool vi);

#endif
