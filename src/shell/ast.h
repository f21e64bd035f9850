/* ast.h -- the tree a script is parsed into, once.
 *
 * A tree is never changed after parsing, so processes share it: it lives in the
 * arena of a code unit (code.h) that stays as long as anybody runs it. Words keep
 * their quoting segment by segment until after expansion; nested substitutions
 * are trees inside words.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_AST_H
#define SHELL_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;
struct word;

enum seg_kind {
    SEG_LIT,     /* text */
    SEG_PARAM,   /* $x ${x...} */
    SEG_COMMAND, /* $(...) */
    SEG_BACKQ,   /* `...`: text holds the unescaped script, parsed when it runs */
    SEG_ARITH,   /* $((...)) $[...] */
    SEG_PROC_IN, /* <(...) */
    SEG_PROC_OUT /* >(...) */
};

struct seg {
    struct seg *next;
    enum seg_kind kind;
    bool quoted;
    bool file; /* SEG_COMMAND of the form $(< file) */
    int line;  /* of SEG_BACKQ */
    const char *text;
    size_t n;
    struct param *param;
    struct node *tree;
    struct word *arith;
};

enum param_op {
    PAR_NONE,
    PAR_DEFAULT,   /* - :- */
    PAR_ASSIGN,    /* = := */
    PAR_ERROR,     /* ? :? */
    PAR_ALTERNATE, /* + :+ */
    PAR_PREFIX,    /* # */
    PAR_PREFIX_L,  /* ## */
    PAR_SUFFIX,    /* % */
    PAR_SUFFIX_L,  /* %% */
    PAR_REPLACE,   /* / */
    PAR_REPLACE_A, /* // */
    PAR_REPLACE_B, /* /# */
    PAR_REPLACE_E, /* /% */
    PAR_UPPER,     /* ^ */
    PAR_UPPER_A,   /* ^^ */
    PAR_LOWER,     /* , */
    PAR_LOWER_A,   /* ,, */
    PAR_TOGGLE,    /* ~ */
    PAR_TOGGLE_A,  /* ~~ */
    PAR_SLICE,     /* :off:len */
    PAR_TRANSFORM, /* @Q ... */
    PAR_NAMES,     /* ${!prefix*} ${!prefix@}: subkind tells which */
    PAR_BAD        /* not a valid substitution; said when it is expanded */
};

struct param {
    const char *name;
    struct word *sub; /* subscript, or NULL */
    char subkind;     /* '@' or '*' for [@] and [*], else 0 */
    bool bang;        /* ${!...} */
    bool length;      /* ${#...} */
    bool colon;       /* the operator began with ':' */
    bool braced;
    char letter; /* of PAR_TRANSFORM */
    enum param_op op;
    struct word *a, *b; /* operands */
    const char *text;   /* as written, for messages */
};

enum {
    WORD_QUOTED = 1,   /* some part was quoted */
    WORD_BRACE = 2,    /* may hold a brace expansion */
    WORD_EQUALS = 4,   /* looks like name=value: tilde after = and : */
    WORD_PLAIN = 8,    /* one unquoted literal segment without anything special */
    WORD_ARRAYLIT = 16 /* name=(...) */
};

struct word {
    struct word *next; /* in a list of words */
    struct seg *segs;
    const char *text; /* as written */
    unsigned flags;
    int line;
    struct assign *assign; /* it has the form of an assignment */
};

/* name=value, name[sub]=value, name+=value, name=(elements) */
struct assign {
    struct assign *next;
    const char *name;
    struct word *sub;
    bool append;
    bool is_array;
    struct word *value;    /* NULL: array */
    struct word *elements; /* words; those with ->assign and name "" are [sub]=value */
    struct word *whole;
};

enum redir_op {
    REDIR_IN,          /* < */
    REDIR_OUT,         /* > */
    REDIR_APPEND,      /* >> */
    REDIR_CLOBBER,     /* >| */
    REDIR_RDWR,        /* <> */
    REDIR_DUP_IN,      /* <& */
    REDIR_DUP_OUT,     /* >& */
    REDIR_BOTH,        /* &> */
    REDIR_BOTH_APPEND, /* &>> */
    REDIR_HERE,        /* << */
    REDIR_HERE_TABS,   /* <<- */
    REDIR_STRING       /* <<< */
};

struct redir {
    struct redir *next;
    enum redir_op op;
    int fd;              /* -1: the operator's default */
    const char *var;     /* {var} */
    struct word *target; /* of a here-document: its body */
    const char *delim;   /* of a here-document */
    const char *body;    /* its raw text, for printing */
    bool quoted;         /* delimiter was quoted */
    int line;
    struct redir *here_next; /* while its body is still to be read */
};

enum node_kind {
    NODE_SIMPLE,
    NODE_PIPE,
    NODE_ANDOR,
    NODE_LIST,
    NODE_SUBSHELL,
    NODE_GROUP,
    NODE_IF,
    NODE_WHILE,
    NODE_UNTIL,
    NODE_FOR,
    NODE_CFOR,
    NODE_SELECT,
    NODE_CASE,
    NODE_FUNC,
    NODE_ARITH,
    NODE_COND,
    NODE_COPROC
};

struct item { /* of NODE_LIST, NODE_ANDOR, NODE_PIPE, NODE_IF */
    struct item *next;
    struct node *node;
    struct node *cond; /* NODE_IF: the condition, NULL for else */
    char op; /* list: ';' '&' '\n'; andor: 0 '&' '|' before the node; pipe: 0 or '&' for |& */
};

struct clause { /* of NODE_CASE */
    struct clause *next;
    struct word *patterns;
    struct node *body; /* NULL if empty */
    char end;          /* ';' for ;;  '&' for ;&  't' for ;;& */
};

enum cond_op { COND_AND, COND_OR, COND_NOT, COND_GROUP, COND_UNARY, COND_BINARY, COND_WORD };

struct cond {
    enum cond_op op;
    struct cond *left, *right;
    struct word *a, *b;
    const char *name; /* the operator: "-f", "==", "=~" */
};

struct node {
    enum node_kind kind;
    int line, end_line;
    bool bang;       /* PIPE: ! */
    bool timed;      /* PIPE: time */
    bool time_posix; /* time -p */
    bool has_in;     /* FOR, SELECT: an explicit word list */
    bool keyword;    /* FUNC: written with the word function */
    struct redir *redirs;
    struct assign *assigns; /* SIMPLE */
    struct word *words;     /* SIMPLE; FOR, SELECT: list; CASE: subject */
    const char *name;       /* FOR, SELECT, FUNC, COPROC */
    struct item *items;
    struct node *cond, *body;        /* WHILE UNTIL; bodies of the rest */
    struct word *init, *test, *step; /* CFOR; ARITH uses test */
    struct clause *clauses;
    struct cond *expr;
    const char *text; /* ARITH: raw */
};

#endif
