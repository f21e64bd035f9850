/* sed.h -- sed's inside: what sed_parse.c makes of a script for sed.c to run.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_SED_H
#define CMD_SED_H

#include "base/regex.h"
#include "cmd/cmd.h"

enum sed_addr_kind { AD_NONE, AD_LINE, AD_LAST, AD_REGEX, AD_STEP, AD_PLUS, AD_MULTIPLE, AD_ZERO };

struct sed_addr {
    enum sed_addr_kind kind;
    uint64_t n, step;
    struct regex *re; /* NULL: the last one used */
};

/* A piece of a replacement: text, then a group (-1: none). */
struct sed_piece {
    struct sed_piece *next;
    const char *text;
    size_t n;
    int group;
    char change; /* of case, before the piece: 'U' 'L' 'u' 'l' 'E' or 0 */
};

struct sed_out {
    struct sed_out *next;
    const char *name;
    struct vfile *f;
};

struct sed_cmd {
    struct sed_addr a1, a2;
    bool negate, in_range, range_done;
    uint64_t range_end;
    char name;
    const char *text; /* of a i c, file names, labels, y's table */
    size_t text_n;
    int64_t n;        /* exit status of q, line length of l */
    size_t jump;      /* of b t T { : place in the program */
    struct regex *re; /* of s */
    struct sed_piece *with;
    bool global, print, eval;
    uint64_t nth;
    struct sed_out *out;
};

struct sed_script {
    struct sed_cmd *cmd;
    size_t n, cap;
    struct sed_out *outs;
    bool silent; /* began with #n */
};

/* Adds a script's text. which: "-e expression #1" or "file FILE". False after
 * a message. Several pieces make one program; sed_finish resolves the labels. */
bool sed_parse(struct cmd_run *r, struct sed_script *s, const char *text, size_t n,
               const char *which, bool is_file, unsigned regex_flags);
bool sed_finish(struct cmd_run *r, struct sed_script *s);

#endif
