/* expand.h -- from words to strings: everything that happens to a word between
 * parsing and running. Results are in scratch memory.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_EXPAND_H
#define SHELL_EXPAND_H

#include <stdbool.h>

#include "shell/ast.h"

struct shell;

struct fields {
    char **v; /* NULL-ended */
    int n, cap;
};

void fields_add(struct shell *sh, struct fields *f, char *s);
/* A list of words: braces, all expansions, splitting, globbing, quote removal. */
void expand_words(struct shell *sh, struct word *w, struct fields *out);
void expand_word_fields(struct shell *sh, struct word *w, struct fields *out);
/* One string: no splitting and no globbing (assignments, case, here-strings). */
char *expand_string(struct shell *sh, const struct word *w);
/* As an assignment's value: tilde after : as well. */
char *expand_assign(struct shell *sh, const struct word *w);
/* A pattern: what was quoted is behind backslashes. */
char *expand_pattern(struct shell *sh, const struct word *w);
/* The replacement of ${x/.../...}: quoted & and \ are behind backslashes. */
char *expand_replacement(struct shell *sh, const struct word *w);
/* A regular expression: likewise, for [[ =~ ]]. */
char *expand_regex(struct shell *sh, const struct word *w);
/* Arithmetic text. */
char *expand_arith(struct shell *sh, const struct word *w);
/* The body of a here-document (or prompt text) parsed with parse_dquoted. */
char *expand_heredoc(struct shell *sh, const struct word *w);
/* A string that holds shell syntax as inside double quotes. */
char *expand_text(struct shell *sh, const char *text);

/* Subscripts met inside arithmetic and builtins: text to key or index text. */
const char *expand_subscript(struct shell *sh, const char *name, const char *sub);
const char *expand_element(struct shell *sh, const char *name, const char *sub);
const char *expand_tilde(struct shell *sh, const char *user); /* "": HOME; NULL unknown */
const char *expand_ifs(struct shell *sh);                     /* value of IFS or the default */
bool sh_utf8(struct shell *sh);
unsigned sh_pattern_flags(struct shell *sh, bool match);
/* Path names matching pattern, sorted, added to out: their number. */
int glob_expand(struct shell *sh, const char *pattern, struct fields *out);
bool sh_match(struct shell *sh, const char *pattern, const char *s);

struct list_value;
/* Value of a special or positional parameter; NULL if unset. */
const char *param_special(struct shell *sh, const char *name);
/* One name, "name[sub]" or special parameter given as text; NULL if unset. */
const char *param_by_text(struct shell *sh, const char *text);

/* --- between expand.c and param.c ------------------------------------------------ */
struct expansion;
void expansion_text(struct expansion *e, const char *s, size_t n, bool quoted);
void expansion_list(struct expansion *e, char **v, int n, bool quoted, bool star);
void expansion_segs(struct expansion *e, const struct seg *s);
struct shell *expansion_shell(struct expansion *e);
bool expansion_splits(struct expansion *e);
void param_expand(struct expansion *e, const struct seg *s);
char *exec_substitute(struct shell *sh, const struct seg *s); /* exec: the output of $( ) */
char *exec_process(struct shell *sh, const struct seg *s);    /* exec: path of <( ) */

#endif
