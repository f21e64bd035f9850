/* awk_parse.h -- what the parts of awk's parser share: tokens, and its state.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_AWK_PARSE_H
#define CMD_AWK_PARSE_H

#include <setjmp.h>

#include "cmd/awk.h"

enum token {
    T_EOF = 256,
    T_NL,
    T_NUM,
    T_STR,
    T_NAME,
    T_FUNC_NAME /* name right before "(" */,
    T_BUILTIN,
    T_BEGIN,
    T_END,
    T_FUNCTION,
    T_IF,
    T_ELSE,
    T_WHILE,
    T_FOR,
    T_DO,
    T_BREAK,
    T_CONTINUE,
    T_NEXT,
    T_NEXTFILE,
    T_EXIT,
    T_RETURN,
    T_DELETE,
    T_IN,
    T_GETLINE,
    T_PRINT,
    T_PRINTF,
    T_AND,
    T_OR,
    T_EQ,
    T_LE,
    T_GE,
    T_NE,
    T_INC,
    T_DEC,
    T_APPEND,
    T_ADD_EQ,
    T_SUB_EQ,
    T_MUL_EQ,
    T_DIV_EQ,
    T_MOD_EQ,
    T_POW_EQ,
};

struct awk_parser {
    struct cmd_run *r;
    const char *s, *start; /* start: of the current token */
    int line;
    int tok;
    double num;
    struct str text; /* of names and strings */
    int builtin;
    struct awk_program *out;
    int cap_rules, cap_funcs, cap_vars;
    const char **param; /* of the function being read */
    int nparams;
    bool in_function, no_gt, no_in, no_next;
    int depth, loops, parens;
    jmp_buf fail;
};

/* --- awk_lex.c: each reads or judges p->tok, the current token --------------------- */

void awk_lex(struct awk_parser *p); /* the next token */
void awk_skip_newlines(struct awk_parser *p);
void awk_expect(struct awk_parser *p, int tok); /* goes past tok, or fails */
/* Adds the escape behind a backslash at s to p->text; the rest of s. */
const char *awk_take_escape(struct awk_parser *p, const char *s);
const char *awk_builtin_name(int which);
bool awk_name_char(char c, bool first); /* may c stand in a name? first: begin one */
/* Both leave awk_parse; the first after a message of the caller's own. */
void awk_give_up(struct awk_parser *p) __attribute__((noreturn));
void awk_syntax_error(struct awk_parser *p) __attribute__((noreturn));

/* --- awk_parse_expr.c ---------------------------------------------------------------- */

struct awk_node *awk_node_new(struct awk_parser *p, enum awk_op op, struct awk_node *a,
                              struct awk_node *b);
/* The number of a global variable or a function, which is made if need be. */
int awk_find_var(struct awk_parser *p, const char *name);
int awk_find_func(struct awk_parser *p, const char *name);
struct awk_node *awk_parse_expr(struct awk_parser *p);
/* Likewise, but not as far: an operand, a name, what may follow print's ">". */
struct awk_node *awk_parse_primary(struct awk_parser *p);
struct awk_node *awk_parse_variable(struct awk_parser *p);
struct awk_node *awk_parse_concat(struct awk_parser *p);
bool awk_lvalue(const struct awk_node *n);   /* may it be assigned to? */
void awk_parse_deeper(struct awk_parser *p); /* fails if nested too deeply */

#endif
