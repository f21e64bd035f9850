/* conf.h -- the configuration: options.def as a struct, filled from defaults,
 * then a file, then the environment.
 *
 * The file is of the INI kind: [section], name = value, lines that begin with
 * # or ; are comments. Each option is also QRASSH_SECTION_NAME in the
 * environment (QRASSH_SEED for one without a section).
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

enum { CONF_TEXT = 256, CONF_LIST = 16, CONF_ADDR = 64 };

struct conf_list {
    size_t n;
    char v[CONF_LIST][CONF_ADDR];
};

/* conf->ssh.listen, conf->seed, ...; plain data, may be copied. */
struct conf {
#define TOP_INT(n, def, lo, hi, text) int64_t n;
#define SECTION(s, text) struct {
#define END(s)                                                                                     \
    }                                                                                              \
    s;
#define BOOL(s, n, def, text) bool n;
#define INT(s, n, def, lo, hi, text) int64_t n;
#define REAL(s, n, def, lo, hi, text) double n;
#define TIME(s, n, def, lo, hi, text) int64_t n;
#define SIZE(s, n, def, lo, hi, text) int64_t n;
#define CHOICE(s, n, def, choices, text) int n;
#define WORD(s, n, def, choices, text) char n[CONF_TEXT];
#define TEXT(s, n, def, text) char n[CONF_TEXT];
#define LIST(s, n, def, least, text) struct conf_list n;
#define AUTO_INT(s, n, lo, hi, text) int64_t n;
#define AUTO_REAL(s, n, lo, hi, text) double n;
#include "conf/options.def"
};

/* The indices of choices, in the order of options.def. */
enum conf_auth_mode { CONF_AUTH_WEAK, CONF_AUTH_ANY, CONF_AUTH_NONE };
enum conf_fetch_mode { CONF_FETCH_OFF, CONF_FETCH_RECORD, CONF_FETCH_ON };

void conf_defaults(struct conf *c);

/* Defaults, then the file, then the environment. path NULL: the file named by
 * QRASSH_CONFIG, else /etc/qrassh/qrassh.conf if there is one. On failure an
 * error with one line in why: file and line or variable, option, what is wrong
 * and what is allowed; c is then undefined. Variables QRASSH_... that are no
 * option are warned of. */
int conf_load(struct conf *c, const char *path, char *why, size_t n) NODISCARD;

/* One option from a text, as "ssh.listen" or "seed": 0, ERR_NOTFOUND, or
 * ERR_FORMAT or ERR_RANGE; why as above. */
int conf_set(struct conf *c, const char *name, const char *value, char *why, size_t n) NODISCARD;

void conf_print_sample(FILE *out);                       /* a file of all defaults, explained */
void conf_print_values(FILE *out, const struct conf *c); /* all in force, section.name = value */
void conf_print_markdown(FILE *out);                     /* docs/OPTIONS.md */

#endif
