/* awk_run.h -- the state of a running awk program, and what its parts do.
 *
 * Values and strings that are returned belong to the caller, who drops them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_AWK_RUN_H
#define CMD_AWK_RUN_H

#include "base/rng.h"
#include "cmd/awk.h"
#include "cmd/awk_io.h"

enum awk_flow { GO, BREAK, CONTINUE, NEXT, NEXTFILE, EXIT, RETURN };
enum { REGEX_CACHE = 16, MAX_FIELD = 32767, MAX_ARGS = 64 };

struct awk_frame {
    struct awk_var *var;
    int n;
};

struct awk {
    struct cmd_run *r;
    struct awk_program *prog;
    struct awk_var *global;
    struct awk_frame frame;
    enum awk_flow flow;
    struct awk_val result; /* of return */
    int status;
    /* the record */
    struct awk_val record, *field; /* field[1..nf] */
    int nf, cap;
    bool split, joined; /* fields are valid; the record is valid */
    struct awk_file *files;
    /* main input */
    char **args;
    int nargs, at_arg;
    struct vfile *in;
    bool used_args, in_end;
    struct str rs_buf; /* text read for a regular-expression RS */
    bool rs_eof;
    struct rng rng;
    double seed;
    struct awk_cached {
        struct awk_str *text;
        struct regex *re;
        struct arena *arena;
    } cache[REGEX_CACHE];
    unsigned cache_at;
};

static inline struct awk_val awk_number(double v)
{
    return (struct awk_val){.type = AV_NUM, .n = v};
}

static inline bool awk_matches(struct regex *re, const char *s, size_t n, size_t from,
                               struct regex_match *m)
{
    return regex_exec(re, s, n, from, m, m != NULL) == 1;
}

/* --- awk_run.c ----------------------------------------------------------------------- */

void awk_exec(struct awk *w, struct awk_node *n); /* a statement */
struct awk_str *awk_to_string(struct awk *w, const struct awk_val *v);
/* "name=value" of -v and among the files, with escapes in the value. */
void awk_assign_arg(struct awk *w, const char *arg);

/* --- awk_eval.c ---------------------------------------------------------------------- */

struct awk_val awk_eval(struct awk *w, struct awk_node *n);
double awk_eval_num(struct awk *w, struct awk_node *n);
struct awk_str *awk_eval_str(struct awk *w, struct awk_node *n);
bool awk_eval_true(struct awk *w, struct awk_node *n);
/* The variable a name stands for, through parameters that were passed on. */
struct awk_var *awk_var_of(struct awk *w, const struct awk_node *n);
struct awk_array *awk_array_of(struct awk *w, const struct awk_node *n);
struct awk_str *awk_subscript(struct awk *w, struct awk_node *n);
/* Stores v, whose reference goes along. */
void awk_assign(struct awk *w, struct awk_node *to, struct awk_val v);

/* --- awk_field.c --------------------------------------------------------------------- */

struct regex *awk_dynamic_regex(struct awk *w, struct awk_str *text);
/* The expression as a regular expression. */
struct regex *awk_eval_regex(struct awk *w, struct awk_node *n);
void awk_set_special(struct awk *w, int which, double v);
typedef void awk_piece_fn(void *ctx, const char *s, size_t n);
/* Cuts text by fs (NULL: the variable FS) and hands out the pieces. */
void awk_cut(struct awk *w, const char *s, size_t n, struct regex *by, const struct awk_str *fs,
             bool paragraphs, awk_piece_fn *fn, void *ctx);
void awk_split_record(struct awk *w); /* makes the fields valid */
void awk_join_record(struct awk *w);  /* makes the record valid */
void awk_set_record(struct awk *w, struct awk_val v);
struct awk_val awk_get_field(struct awk *w, double index);
void awk_set_field(struct awk *w, double index, struct awk_val v);
void awk_set_nf(struct awk *w, int n);

/* --- awk_input.c --------------------------------------------------------------------- */

/* The next record of the main input; false at its end. */
bool awk_main_record(struct awk *w, struct awk_val *out);
struct awk_val awk_getline(struct awk *w, struct awk_node *n);

/* --- awk_printf.c -------------------------------------------------------------------- */

/* printf and sprintf: list is the format and its arguments. */
void awk_format_list(struct awk *w, struct awk_node *list, struct str *out, const char *who);

/* --- awk_func.c ---------------------------------------------------------------------- */

struct awk_val awk_builtin(struct awk *w, struct awk_node *n);
struct awk_val awk_call(struct awk *w, struct awk_node *n); /* of a function of the program */

#endif
