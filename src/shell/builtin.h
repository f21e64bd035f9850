/* builtin.h -- the builtins' table and what they share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_BUILTIN_H
#define SHELL_BUILTIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "shell/expand.h"
#include "shell/shell.h"

enum {
    BI_SPECIAL = 1, /* posix special: assignments before it stay (posix mode) */
    BI_ASSIGN = 2,  /* takes assignments as arguments */
    BI_DASH = 4,    /* dash has it too */
    BI_NO_GATE = 8
};

typedef int builtin_fn(struct shell *sh, int argc, char **argv);

struct builtin {
    const char *name;
    builtin_fn *fn;
    unsigned flags;
};

const struct builtin *builtin_find(struct shell *sh, const char *name);
const struct builtin *builtin_table(void);                        /* sorted, ended by a NULL name */
bool builtin_enable(struct shell *sh, const char *name, bool on); /* false: unknown */
bool builtin_disabled(struct shell *sh, const char *name);

/* Output of builtins is gathered and written at their end. */
void out_puts(struct shell *sh, const char *s);
void out_add(struct shell *sh, const char *s, size_t n);
void out_printf(struct shell *sh, const char *fmt, ...) PRINTF_LIKE(2, 3);
int out_flush(struct shell *sh); /* 0 or -errno */

/* getopt for builtins: opts as in getopt(3), '+' arguments when plus. */
struct opts {
    int i;          /* first operand behind the options */
    const char *at; /* inside a group */
    const char *arg;
    bool plus; /* the option came with + */
    int bad;   /* the offending letter */
};
/* The next letter, -1 at the end, '?' after a message and usage line. */
int opts_next(struct shell *sh, struct opts *o, int argc, char **argv, const char *opts);
int usage(struct shell *sh); /* "NAME: usage: ..." from the image's help; 2 */
/* "name: text" without the line: the few builtins of dash that say it so. */
void dash_complain(struct shell *sh, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool legal_number(const char *s, int64_t *n);

/* --- declare.c ------------------------------------------------------------- */
void decl_letters(const struct var *v, struct str *out); /* ${x@a} */
void decl_assign(struct shell *sh, struct str *out, struct var *v, const char *sub,
                 const char *value); /* ${x@A} */
void decl_list(struct shell *sh, struct fields *out, struct var *v, char letter);
void decl_print(struct shell *sh, struct str *out, struct var *v);       /* declare -p line */
void decl_array_value(struct shell *sh, struct str *out, struct var *v); /* ([0]="a" ...) */
/* name=(...) with elements from the tree: true if assigned. */
bool decl_compound(struct shell *sh, struct var *v, const struct assign *a);
/* An assignment statement; false after a message. temp: before a command. */
bool assign_one(struct shell *sh, const struct assign *a, int level, bool export_);

char *prompt_expand(struct shell *sh, const char *text);

builtin_fn bi_alias, bi_bg, bi_bind, bi_break, bi_builtin, bi_caller, bi_cd, bi_colon, bi_command,
    bi_compgen, bi_complete, bi_compopt, bi_continue, bi_declare, bi_dirs, bi_disown, bi_echo,
    bi_enable, bi_eval, bi_exec, bi_exit, bi_export, bi_false, bi_fc, bi_fg, bi_getopts, bi_hash,
    bi_help, bi_history, bi_jobs, bi_kill, bi_let, bi_local, bi_logout, bi_mapfile, bi_popd,
    bi_printf, bi_pushd, bi_pwd, bi_read, bi_readonly, bi_return, bi_set, bi_shift, bi_shopt,
    bi_source, bi_suspend, bi_test, bi_times, bi_trap, bi_true, bi_type, bi_ulimit, bi_umask,
    bi_unalias, bi_unset, bi_wait;

#endif
