/* parse_priv.h -- what the files of the grammar share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_PARSE_PRIV_H
#define SHELL_PARSE_PRIV_H

#include "shell/parse.h"

void parse_peek(struct parser *p);         /* reads the next token unless one is held */
void parse_peek_command(struct parser *p); /* the same where aliases and assignments may stand */
void parse_use(struct parser *p);          /* the held token is consumed */
void parse_skip_newlines(struct parser *p);
bool parse_is_word(const struct parser *p, const char *s);
void parse_expect(struct parser *p, const char *s); /* that word, or an error */
struct node *parse_node(struct parser *p, enum node_kind kind);
void parse_enter(struct parser *p); /* one level deeper; an error at the limit */
void parse_keep_line(struct parser *p);

struct node *parse_andor(struct parser *p);
struct node *parse_compound_list(struct parser *p);
void parse_redirs(struct parser *p, struct node *n);

/* The compound command at the held token; NULL if there is none. */
struct node *parse_compound(struct parser *p); /* parse_compound.c */
struct node *parse_function_body(struct parser *p, struct node *n);
bool parse_literal_name(const struct word *w); /* unquoted text only */
struct node *parse_cond(struct parser *p);     /* parse_cond.c; at "[[" */

#endif
