/* regex_priv.h -- what the parser (regex_parse.c) hands to the matcher
 * (regex.c): a program for a machine that reads bytes.
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
    A_WORD_END
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

#endif
