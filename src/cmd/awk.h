/* awk.h -- awk's inside: the tree that awk_parse.c makes of a program, the
 * values that awk_value.c keeps, and the machine that awk_run.c is. What only
 * the parts of the parser and of the machine share is in awk_parse.h and awk_run.h.
 *
 * Strings are counted references in the process's arena; a value that is
 * dropped gives its string back, so a program that runs for hours stays small.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_AWK_H
#define CMD_AWK_H

#include "base/regex.h"
#include "cmd/cmd.h"

struct awk_str {
    uint32_t refs;
    uint32_t n;
    char s[];
};

enum awk_type { AV_UNSET, AV_NUM, AV_STR, AV_STRNUM /* text that looks like a number */ };

struct awk_val {
    enum awk_type type;
    double n;
    struct awk_str *s;
};

struct awk_entry {
    struct awk_entry *next;
    struct awk_str *key;
    uint64_t hash;
    size_t age; /* larger: made later */
    struct awk_val v;
};

struct awk_array {
    struct awk_entry **slot;
    size_t nslots, count, age;
};

/* A variable, or what a parameter stands for. */
struct awk_var {
    struct awk_val v;
    struct awk_array *array;
    struct awk_var *ref; /* a parameter that was given an unset variable */
    bool is_array;
};

enum awk_op {
    /* expressions */
    A_NUM,
    A_STR,
    A_REGEX,
    A_VAR,
    A_LOCAL,
    A_FIELD,
    A_INDEX,
    A_ASSIGN,
    A_COND,
    A_OR,
    A_AND,
    A_IN,
    A_MATCH,
    A_NOMATCH,
    A_LT,
    A_LE,
    A_EQ,
    A_NE,
    A_GT,
    A_GE,
    A_CAT,
    A_ADD,
    A_SUB,
    A_MUL,
    A_DIV,
    A_MOD,
    A_POW,
    A_NOT,
    A_NEG,
    A_PLUS,
    A_PREINC,
    A_PREDEC,
    A_POSTINC,
    A_POSTDEC,
    A_CALL,
    A_BUILTIN,
    A_GETLINE,
    A_GROUP,
    A_LIST,
    /* statements */
    S_BLOCK,
    S_EXPR,
    S_PRINT,
    S_PRINTF,
    S_IF,
    S_WHILE,
    S_DO,
    S_FOR,
    S_FORIN,
    S_NEXT,
    S_NEXTFILE,
    S_EXIT,
    S_RETURN,
    S_BREAK,
    S_CONTINUE,
    S_DELETE,
};

struct awk_node {
    enum awk_op op;
    int v; /* variable, parameter, built-in, function; operator of an assignment;
              of GETLINE and PRINT: 0, '<', '|', '>', 'a' */
    double n;
    struct awk_val str; /* constants */
    struct regex *re;
    struct awk_node *a, *b, *c, *d, *next;
};

struct awk_func {
    const char *name;
    int params;
    struct awk_node *body; /* NULL: not defined (yet) */
};

struct awk_rule {
    enum { RULE_BEGIN, RULE_END, RULE_PATTERN } kind;
    struct awk_node *pattern, *last, *action; /* action NULL: print */
    bool in_range;
};

enum awk_builtin {
    B_LENGTH,
    B_SUBSTR,
    B_INDEX,
    B_SPLIT,
    B_SUB,
    B_GSUB,
    B_MATCH,
    B_SPRINTF,
    B_SIN,
    B_COS,
    B_ATAN2,
    B_EXP,
    B_LOG,
    B_SQRT,
    B_INT,
    B_RAND,
    B_SRAND,
    B_TOLOWER,
    B_TOUPPER,
    B_SYSTEM,
    B_CLOSE,
    B_FFLUSH,
    B_STRFTIME,
    B_SYSTIME,
    B_MKTIME,
    B_COUNT
};

/* Variables with a meaning, the first of the global ones. */
enum {
    V_NF,
    V_NR,
    V_FNR,
    V_FS,
    V_OFS,
    V_RS,
    V_ORS,
    V_FILENAME,
    V_SUBSEP,
    V_CONVFMT,
    V_OFMT,
    V_RSTART,
    V_RLENGTH,
    V_ARGC,
    V_ARGV,
    V_ENVIRON,
    V_SPECIAL
};

struct awk_program {
    struct awk_rule *rule;
    int nrules;
    struct awk_func *func;
    int nfuncs;
    const char **var; /* names of the global variables */
    int nvars;
};

/* Makes the tree; false after a message in awk's words. */
bool awk_parse(struct cmd_run *r, const char *text, struct awk_program *out);

/* --- awk_value.c ------------------------------------------------------------- */

struct awk_str *awk_str_new(struct cmd_run *r, const char *s, size_t n);
void awk_str_drop(struct cmd_run *r, struct awk_str *s);
void awk_drop(struct cmd_run *r, struct awk_val *v); /* becomes unset */
struct awk_val awk_keep(struct awk_val v);           /* one more reference */
struct awk_val awk_text(struct cmd_run *r, const char *s, size_t n);
struct awk_val awk_input(struct cmd_run *r, const char *s, size_t n); /* STRNUM if it looks so */
double awk_num(const struct awk_val *v);
bool awk_true(const struct awk_val *v);
/* The text of a value, a reference of one's own; numbers by fmt (CONVFMT). */
struct awk_str *awk_string(struct cmd_run *r, const struct awk_val *v, const char *fmt);
struct awk_entry *awk_array_find(struct awk_array *a, const struct awk_str *key);
struct awk_val *awk_array_at(struct cmd_run *r, struct awk_array *a, struct awk_str *key);
void awk_array_del(struct cmd_run *r, struct awk_array *a, const struct awk_str *key);
void awk_array_clear(struct cmd_run *r, struct awk_array *a);

/* --- awk_run.c ------------------------------------------------------------------ */

int awk_execute(struct cmd_run *r, struct awk_program *prog, const char *fs, char **assigns,
                int nassigns, char **args, int nargs);
/* "awk: run time error: text" with where it was; ends the process, status 2. */
struct awk;
void awk_die(struct awk *w, const char *fmt, ...) PRINTF_LIKE(2, 3) __attribute__((noreturn));

#endif
