/* word_priv.h -- what the readers of words share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_WORD_PRIV_H
#define SHELL_WORD_PRIV_H

#include "shell/parse.h"

enum mode {
    M_WORD,    /* to a metacharacter */
    M_DQ,      /* to the closing quote */
    M_HERE,    /* to the end of the text */
    M_OPERAND, /* of ${x-...}: to } */
    M_OPERAND_DQ,
    M_PATTERN, /* of ${x/...}: to / or } */
    M_SUB,     /* to ] */
    M_ARITH,   /* to )) or a stop at depth 0 */
    M_GLOB,    /* inside an extended pattern: to ) */
    M_REGEX    /* right side of =~ */
};

/* Reads to where mode says a word ends; stop is for M_ARITH. */
struct word *word_read_mode(struct parser *p, enum mode mode, int stop);
bool word_name_start(int c);
bool word_name_char(int c);
char *word_slice(struct parser *p, size_t from, size_t to); /* a copy of source text */
/* Behind "${": fills m up to, not including, the '}'. line: where it began. */
void word_read_braced(struct parser *p, struct param *m, bool dq, int line);

#endif
