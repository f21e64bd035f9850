/* regex_priv.h -- the program of a regular expression and the machines that
 * run it: automaton (regex.c), threads (regex_thread.c), backtracker
 * (regex_back.c).
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_REGEX_PRIV_H
#define BASE_REGEX_PRIV_H

#include <stdint.h>

#include "base/regex.h"

enum regex_op { I_BYTE, I_SET, I_SPLIT, I_JMP, I_SAVE, I_ASSERT, I_BACKREF, I_MATCH };

enum regex_assert {
    A_BOL,
    A_EOL,
    A_BUF_BEGIN,
    A_BUF_END,
    A_WORD,
    A_NOT_WORD,
    A_WORD_BEGIN,
    A_WORD_END,
    A_NO_WORD_BEFORE,
    A_NO_WORD_AFTER,
};

struct regex_inst {
    uint16_t op;
    uint16_t v;    /* byte, set, slot, assertion or group */
    uint32_t x, y; /* where SPLIT goes, the preferred way first; JMP: x */
};

struct regex_set {
    uint32_t bits[8];
};

static inline bool regex_set_has(const struct regex_set *s, unsigned char c)
{
    return s->bits[c >> 5] >> (c & 31) & 1;
}

struct regex_prog {
    struct regex_inst *inst;
    uint32_t n;
    struct regex_set *set;
    uint32_t nsets;
    unsigned groups;
    bool backrefs;
    const char *prefix; /* bytes every match starts with; NULL if none known */
    size_t prefix_n;
    bool whole; /* the prefix is the whole pattern */
};

/* 0, or -1 and the reason. */
int regex_parse(struct arena *a, const char *pattern, size_t n, unsigned flags,
                struct regex_prog *out, const char **why);

enum { REGEX_TICK = 16384 /* steps between two calls of tick */ };

enum regex_before { B_START, B_NEWLINE, B_WORD, B_OTHER };

struct regex_state; /* of the automaton */

struct regex {
    struct arena *arena;
    struct regex_prog prog;
    unsigned flags;
    uint8_t cls[256];
    unsigned ncls;    /* the symbol "end of text" is class ncls */
    uint8_t rep[257]; /* a byte of each class */
    bool first[256];  /* bytes a match may begin with */
    bool any_first;   /* it may begin with anything, or be empty */
    struct regex_state *states;
    uint32_t nstates, cap;
    uint32_t *hash;
    uint32_t nhash;
    size_t cached;
    uint32_t start[2][4]; /* states to begin with: [search][before], index + 1 */
    /* Work space: a set of places with a list, and a stack. */
    uint32_t *mark, *list, *stack;
    uint32_t gen, nlist;
    size_t failed; /* bytes read by candidates of this search that did not match */
    void (*tick)(void *ctx, unsigned steps);
    void *tick_ctx;
};

enum regex_before regex_before_at(const struct regex *re, const char *s, size_t at);
/* Does the assertion hold between what came before and the symbol next
 * (256: the end)? */
bool regex_holds(const struct regex *re, unsigned what, enum regex_before before, int next);
/* Empties the set of places re->mark. */
void regex_marks_clear(struct regex *re);

/* Where the leftmost match at or after from begins, in linear time: 1 and
 * *start, 0, or ERR_NOMEM. */
int regex_leftmost(struct regex *re, const char *s, size_t n, size_t from, size_t *start);
/* Fills m[1..nm) for the match m[0]. 0 or ERR_NOMEM. */
int regex_submatches(struct regex *re, const char *s, size_t n, struct regex_match *m, size_t nm);
/* regex_exec for programs with back-references. */
int regex_exec_back(struct regex *re, const char *s, size_t n, size_t from, struct regex_match *m,
                    size_t nm);

#endif
