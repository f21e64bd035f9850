/* option.h -- one row of options.def at run time: reading and writing values.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CONF_OPTION_H
#define CONF_OPTION_H

#include "base/str.h"
#include "conf/conf.h"

enum option_type {
    OPTION_BOOL,
    OPTION_INT,
    OPTION_REAL,
    OPTION_TIME,
    OPTION_SIZE,
    OPTION_CHOICE,
    OPTION_WORD,
    OPTION_TEXT,
    OPTION_LIST,
};

struct option {
    const char *section, *name; /* section "": none */
    enum option_type type;
    bool may_auto;            /* "auto" is a value, stored as -1 */
    size_t offset;            /* in struct conf */
    const char *def;          /* default as text */
    const char *least, *most; /* as text; of a list, least is its shortest length */
    const char *choices;
    const char *text;
};

struct option_section {
    const char *name, *text;
};

extern const struct option option_table[];
extern const size_t option_count;
extern const struct option_section option_sections[];
extern const size_t option_section_count;

/* Stores a value: 0, or ERR_FORMAT or ERR_RANGE and nothing stored. */
int option_set(const struct option *o, struct conf *c, const char *value) NODISCARD;
/* The value in c as a text that option_set reads back. */
void option_value(const struct option *o, const struct conf *c, char *out, size_t n);
/* What is allowed, as in "a time from 0 to 365d (such as 500ms, 30s, 5m, 24h)". */
void option_allowed(const struct option *o, char *out, size_t n);
/* QRASSH_SECTION_NAME. */
void option_variable(const struct option *o, char *out, size_t n);
/* NULL if there is none. */
const struct option *option_find(const char *section, const char *name);

#endif
