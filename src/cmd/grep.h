/* grep.h -- grep's inside: its options, its patterns, and the search of a file.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_GREP_H
#define CMD_GREP_H

#include "base/regex.h"
#include "cmd/cmd.h"
#include "cmd/perl_regex.h"

enum grep_names { NAMES_AUTO, NAMES_NO, NAMES_YES };
enum grep_binary { BIN_REPORT, BIN_TEXT, BIN_SKIP };

struct grep_patterns {
    struct str text; /* of -e and -f, separated by newlines */
    bool any;
};

struct grep {
    struct cmd_run *r;
    struct regex *re;
    struct perl_regex *perl;
    char kind; /* 'G' 'E' 'F' 'P' */
    bool icase, invert, word, line, count, list, list_not, quiet, silent, number, only, offset,
        null, tab, colour, zero, recursive, follow, initial_tab, unbuffered;
    enum grep_names names;
    enum grep_binary binary;
    bool skip_dirs;
    int64_t max, before, after;
    char eol;
    bool utf8;
    const char *label;
    const char **include, **exclude, **exclude_dir;
    size_t ninclude, nexclude, nexclude_dir;
    bool with_name; /* for the file at hand */
    bool matched, failed;
    bool printed; /* some context group was: "--" goes before the next */
};

/* --- grep_opts.c --------------------------------------------------------------------- */

void grep_add_patterns(struct grep_patterns *ps, const char *s, size_t n);
/* Takes the options of g->r; the status to end with, or 0. *none becomes false
 * if there is some pattern. */
int grep_set_options(struct grep *g, struct grep_patterns *ps, bool *none);
/* Makes g->re or g->perl; false after a message. none: nothing shall match. */
bool grep_compile(struct grep *g, const struct grep_patterns *ps, bool none);

/* --- grep_search.c ------------------------------------------------------------------- */

/* Searches what fd reads and prints what was found. */
void grep_file(struct grep *g, int fd, const char *name);
/* Says err of name, unless -s, and notes the failure. */
void grep_complain(struct grep *g, int err, const char *name);

#endif
