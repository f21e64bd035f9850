/* shell.h -- a running shell: its state, shared by all files of this room.
 *
 * One struct shell belongs to one virtual process. A subshell is a child process
 * with a clone (clone.c). heap is the process's arena: what lives there is given
 * back by size when it changes, so loops run in bounded memory. tmp is scratch:
 * exec marks it before each simple command and resets it behind. Trees live in
 * counted code units that all clones share.
 *
 * Errors inside expansion and arithmetic throw: sh_throw unwinds to the nearest
 * sh_catch, which restores scopes, redirections and scratch memory.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_SHELL_H
#define SHELL_SHELL_H

#include <setjmp.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"
#include "shell/ast.h"
#include "shell/parse.h"
#include "shell/var.h"
#include "vm/stdio.h"
#include "vm/vm.h"

enum sh_opt { /* set -o, in the order `set -o` prints */
              OPT_ALLEXPORT,
              OPT_BRACEEXPAND,
              OPT_EMACS,
              OPT_ERREXIT,
              OPT_ERRTRACE,
              OPT_FUNCTRACE,
              OPT_HASHALL,
              OPT_HISTEXPAND,
              OPT_HISTORY,
              OPT_IGNOREEOF,
              OPT_INTERACTIVE_COMMENTS,
              OPT_KEYWORD,
              OPT_MONITOR,
              OPT_NOCLOBBER,
              OPT_NOEXEC,
              OPT_NOGLOB,
              OPT_NOLOG,
              OPT_NOTIFY,
              OPT_NOUNSET,
              OPT_ONECMD,
              OPT_PHYSICAL,
              OPT_PIPEFAIL,
              OPT_POSIX,
              OPT_PRIVILEGED,
              OPT_VERBOSE,
              OPT_VI,
              OPT_XTRACE,
              OPT_COUNT
};

enum sh_shopt { /* in the order `shopt` prints */
                SHOPT_AUTOCD,
                SHOPT_ASSOC_EXPAND_ONCE,
                SHOPT_CDABLE_VARS,
                SHOPT_CDSPELL,
                SHOPT_CHECKHASH,
                SHOPT_CHECKJOBS,
                SHOPT_CHECKWINSIZE,
                SHOPT_CMDHIST,
                SHOPT_COMPAT31,
                SHOPT_COMPAT32,
                SHOPT_COMPAT40,
                SHOPT_COMPAT41,
                SHOPT_COMPAT42,
                SHOPT_COMPAT43,
                SHOPT_COMPAT44,
                SHOPT_COMPLETE_FULLQUOTE,
                SHOPT_DIREXPAND,
                SHOPT_DIRSPELL,
                SHOPT_DOTGLOB,
                SHOPT_EXECFAIL,
                SHOPT_EXPAND_ALIASES,
                SHOPT_EXTDEBUG,
                SHOPT_EXTGLOB,
                SHOPT_EXTQUOTE,
                SHOPT_FAILGLOB,
                SHOPT_FORCE_FIGNORE,
                SHOPT_GLOBASCIIRANGES,
                SHOPT_GLOBSKIPDOTS,
                SHOPT_GLOBSTAR,
                SHOPT_GNU_ERRFMT,
                SHOPT_HISTAPPEND,
                SHOPT_HISTREEDIT,
                SHOPT_HISTVERIFY,
                SHOPT_HOSTCOMPLETE,
                SHOPT_HUPONEXIT,
                SHOPT_INHERIT_ERREXIT,
                SHOPT_INTERACTIVE_COMMENTS,
                SHOPT_LASTPIPE,
                SHOPT_LITHIST,
                SHOPT_LOCALVAR_INHERIT,
                SHOPT_LOCALVAR_UNSET,
                SHOPT_LOGIN_SHELL,
                SHOPT_MAILWARN,
                SHOPT_NO_EMPTY_CMD_COMPLETION,
                SHOPT_NOCASEGLOB,
                SHOPT_NOCASEMATCH,
                SHOPT_NOEXPAND_TRANSLATION,
                SHOPT_NULLGLOB,
                SHOPT_PATSUB_REPLACEMENT,
                SHOPT_PROGCOMP,
                SHOPT_PROGCOMP_ALIAS,
                SHOPT_PROMPTVARS,
                SHOPT_RESTRICTED_SHELL,
                SHOPT_SHIFT_VERBOSE,
                SHOPT_SOURCEPATH,
                SHOPT_VARREDIR_CLOSE,
                SHOPT_XPG_ECHO,
                SHOPT_COUNT
};

/* A counted unit of trees. */
struct code {
    int refs;
    struct arena_budget budget;
    struct arena *arena;
};

struct sh_func {
    struct sh_func *next;
    char *name;
    struct node *node; /* NODE_FUNC */
    struct code *code;
    const char *source; /* file it came from; "" for -c */
    bool exported, trace, readonly_;
};

struct sh_alias {
    struct sh_alias *next;
    char *name, *value;
};

struct sh_hashed {
    struct sh_hashed *next;
    char *name, *path;
    int hits;
};

struct sh_args {
    char **v; /* $1 ... */
    int n;
    char **mem; /* heap memory to release, or NULL */
    int mem_n;
};

struct sh_frame { /* a function call or sourced file */
    struct sh_frame *up;
    const char *name;   /* function's name, "source" */
    const char *source; /* file of the code that runs */
    int call_line;
    bool function;
    struct sh_args *args; /* for BASH_ARGV */
};

enum { SIG_EXIT = 0, SIG_DEBUG = 65, SIG_ERR_ = 66, SIG_RETURN = 67, SIG_SLOTS = 68 };

struct job {
    struct job *next;
    int id, pgid;
    int *pids, *states; /* wait status each; -1 running, -2 stopped */
    int n;
    char *text;
    bool background, notified, disowned;
};

/* What a thrown error carries; see sh_throw. */
enum sh_jump { JUMP_NONE, JUMP_DISCARD, JUMP_ABORT /* leave the shell */, JUMP_INTERRUPT };

struct sh_catch {
    struct sh_catch *up;
    jmp_buf at;
    struct arena_mark tmp;
    int level, loops, source_depth, redir_mark, held, func_depth, no_errexit;
    size_t temps;
    struct sh_frame *frame;
    struct sh_args args;
    struct code *code;
};

struct sh_done { /* a job that was waited for */
    int64_t pid;
    int status;
};

struct sh_undo {   /* one redirection to take back */
    int fd, saved; /* saved -1: was closed */
};

struct shell {
    struct proc *p;
    struct arena *heap, *tmp;
    const char *arg0; /* how messages begin */
    const char *dollar0;
    bool dash, posix_start, interactive, login, restricted, from_c, from_stdin, forced_i;
    bool opt[OPT_COUNT], shopt[SHOPT_COUNT];
    struct sh_args args;
    int pid, bashpid; /* $$ and the process itself */
    int ppid;
    int subshell;   /* BASH_SUBSHELL */
    int status;     /* $? */
    int line;       /* LINENO */
    int last_bg;    /* $!; 0: none */
    char *last_arg; /* $_ */
    int pipestatus[64], pipe_n;

    struct var_table vars;
    struct sh_func *funcs[64];
    struct sh_alias *aliases;
    struct sh_hashed *hashed;
    char *traps[SIG_SLOTS];                              /* NULL: default; "": ignored */
    uint64_t ignored_at_start, trap_pending, trap_shown; /* bits by signal */
    bool in_trap, has_pending, trap_kept;
    int in_err_trap;
    char **dirstack; /* below the current directory */
    int dirs;

    int level; /* depth of function scopes */
    struct sh_frame *frame;
    int func_depth, source_depth, loops, eval_depth;
    int breaking, continuing; /* loops still to leave */
    bool returning;
    int no_errexit; /* > 0: inside a condition */
    bool in_cond_cmd;
    int cmdsub_status; /* of the last substitution in this command; -1 none */
    struct sh_catch *catcher;
    struct code *code;  /* the unit that runs */
    struct code **held; /* units this process keeps alive */
    int held_n, held_cap;
    struct str out; /* what the running builtin has printed */
    const char *bad_line;
    uint8_t *disabled; /* builtins switched off */
    int trap_status;   /* of the last trap action */
    bool trap_here[3]; /* DEBUG ERR RETURN inherited by this child */
    char **child_argv; /* of the program this child is about to become */
    int child_argc;
    const char *child_path; /* PATH to find it in, NULL: the variable */
    bool was_interactive, trap_running;
    int eof_count;
    int proc_pid;     /* the last process substitution, not collected yet */
    bool keep_redirs; /* exec without a command ran */
    struct sh_done done[8];
    int done_n;
    struct arena_mark base_mark;
    struct sh_undo *undo;
    int undo_n, undo_cap;
    struct job *jobs;
    struct job *current_job, *previous_job;
    bool job_control;
    int tty_fd, pgrp;
    unsigned pipe_at, pipe_len, depth;
    bool background, gate_off, no_fork, in_simple_child;
    int *proc_fds; /* process substitutions to close after the command */
    int proc_n, proc_cap;
    int coproc_fd[2];
    const char *command_text; /* BASH_COMMAND */
    const struct node *command_node;
    const char *builtin;    /* name for messages of the running builtin, or NULL */
    struct word *cmd_words; /* of the running declaration builtin: see exec */
    struct assign **cmd_assigns;
    int cmd_assigns_n;
    uint32_t random;
    int64_t start_us, seconds_base;
    int optpos; /* getopts: position inside an argument */
    struct input *input;
    struct hist *hist;
    struct rl *editor; /* of an interactive shell; a clone has none */
    const char *exec_string;
    const char *script;
    bool exiting, int_pending, warned_stopped, exit_trap_done;
    int exec_count;
    char *read_buf;
};

/* --- memory ----------------------------------------------------------------- */
void *sh_tmp(struct shell *sh, size_t n); /* zeroed scratch */
char *sh_tmp_strdup(struct shell *sh, const char *s);
char *sh_tmp_strndup(struct shell *sh, const char *s, size_t n);
char *sh_tmp_printf(struct shell *sh, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *sh_heap_strdup(struct shell *sh, const char *s);
void sh_heap_free(struct shell *sh, char *s); /* a string from sh_heap_strdup; NULL is fine */

/* --- messages (error.c) ----------------------------------------------------------- */
/* "bash: line 3: text\n" on standard error; inside a builtin with its name. */
void sh_error(struct shell *sh, const char *fmt, ...) PRINTF_LIKE(2, 3);
void sh_berror(struct shell *sh, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* name ("bash: line 3: ") for messages, in scratch memory. */
const char *sh_prefix(struct shell *sh);
/* dash: what its messages name behind the line: "eval" or the file that . reads; NULL. */
const char *sh_running(const struct shell *sh);
void sh_out(struct shell *sh, const char *s, size_t n); /* standard output, at once */
/* Throws to the nearest catch: the rest of the command line is discarded, or a
 * non-interactive shell ends. */
void sh_throw(struct shell *sh, enum sh_jump kind) __attribute__((noreturn));
/* Runs fn(sh, arg) and comes back with what was thrown, JUMP_NONE if nothing. */
enum sh_jump sh_catch_run(struct shell *sh, void (*fn)(struct shell *, void *), void *arg);
/* An error that ends a posix shell and discards in bash. */
void sh_fatal(struct shell *sh, int status) __attribute__((noreturn));
void sh_exit(struct shell *sh, int status) __attribute__((noreturn)); /* with EXIT trap */

void sh_args_set(struct shell *sh, char **v, int n); /* $1 ...: copies */
void sh_args_free(struct shell *sh);
void sh_register(struct shell *sh);   /* gives units back when the process goes */
void shell_at_exit(struct shell *sh); /* interactive: history */
int trap_exit(struct shell *sh);      /* the EXIT trap; the status to exit with */

/* --- code units (code.c) -------------------------------------------------------------- */
struct code *code_new(struct shell *sh);
struct code *code_ref(struct code *c);
void code_unref(struct code *c);
/* Keeps c alive until code_drop (last in, first out) or a throw. */
void code_hold(struct shell *sh, struct code *c);
void code_drop(struct shell *sh);
void sh_parse_host(struct shell *sh, struct parse_host *h);

/* --- functions and aliases (func.c) ------------------------------------------------------ */
struct sh_func *func_find(struct shell *sh, const char *name);
void func_set(struct shell *sh, const char *name, struct node *n);
bool func_unset(struct shell *sh, const char *name);
struct sh_func **func_sorted(struct shell *sh, int *n);
const char *alias_find(struct shell *sh, const char *name);

/* --- the tree as text (print.c) ----------------------------------------------------------------
 */
void print_function(struct str *out, const struct node *n);
void print_command(struct str *out, const struct node *n); /* one line, for jobs */

/* --- options (options.c) -----------------------------------------------------------------------
 */
extern const char *const sh_opt_names[OPT_COUNT];
extern const char *const sh_shopt_names[SHOPT_COUNT];
void sh_opt_defaults(struct shell *sh);
int sh_opt_letter(struct shell *sh, int c); /* its enum, or -1 */
int sh_opt_named(const char *name);
int sh_shopt_named(const char *name);
void sh_opt_set(struct shell *sh, int o, bool on);
void sh_flags(struct shell *sh, char *out, size_t n); /* $- */

/* --- traps (trap.c) ------------------------------------------------------------------------------
 */
int trap_signal_number(struct shell *sh, const char *name); /* -1 unknown */
const char *trap_signal_name(int sig);                      /* "SIGINT", "EXIT" */
void trap_set(struct shell *sh, int sig, const char *action);
void trap_pending(struct shell *sh); /* runs the traps that wait */
void trap_run(struct shell *sh, int sig);
void trap_reset_child(struct shell *sh);
void trap_watch(struct shell *sh, int sig); /* notes the signal only */
void shell_signals(struct shell *sh);       /* an interactive shell's own handlers */
struct shell *shell_of(struct proc *p);     /* the shell that p runs, or NULL */
const char *sh_signal_text(int sig);        /* "Terminated" */

#endif
