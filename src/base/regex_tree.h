/* regex_tree.h -- a regular expression as a tree, between the parser
 * (regex_parse.c) and what writes the program (regex_emit.c).
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_REGEX_TREE_H
#define BASE_REGEX_TREE_H

#include "base/regex_priv.h"

enum regex_kind { N_EMPTY, N_BYTE, N_SET, N_CAT, N_ALT, N_REPEAT, N_GROUP, N_ASSERT, N_BACKREF };

struct regex_node {
    enum regex_kind kind;
    unsigned v;                             /* byte, set, group, assertion */
    int min, max;                           /* of a repetition; max -1: no end */
    struct regex_node *child, *last, *next; /* children of CAT and ALT are a list */
};

struct regex_parser {
    struct arena *arena;
    const unsigned char *s, *end;
    unsigned flags;
    unsigned groups, depth;
    uint64_t closed; /* groups 1..63 that a back-reference may name */
    const char *why;
    struct regex_prog *out;
    uint32_t set_cap, inst_cap;
};

extern const char regex_too_big[];

/* Notes the first thing that is wrong; NULL, for callers to return. */
static inline struct regex_node *regex_fail(struct regex_parser *p, const char *why)
{
    if (!p->why)
        p->why = why;
    return NULL;
}

/* Writes the program of a tree to p->out; p->why tells if it grew too big. */
void regex_emit(struct regex_parser *p, const struct regex_node *tree);

#endif
