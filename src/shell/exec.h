/* exec.h -- running trees.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_EXEC_H
#define SHELL_EXEC_H

#include "shell/shell.h"

/* Runs a tree; its status (also in sh->status). NULL is an empty command. */
int exec_node(struct shell *sh, struct node *n);
/* The last thing this process does: a simple command is exec'ed without a fork. */
int exec_last(struct shell *sh, struct node *n);
int exec_words(struct shell *sh, int argc, char **argv, bool no_functions,
               const char *path_override);
int exec_function(struct shell *sh, struct sh_func *f, int argc, char **argv);
bool exec_leaving(struct shell *sh); /* break, continue or return is under way */
/* Status, traps and errexit behind a command. */
void exec_check(struct shell *sh, int status);

/* Looks name up in PATH. 0 and the path in scratch memory, or -errno. */
int exec_find(struct shell *sh, const char *name, const char *path_var, char **out);
/* Replaces the process by a program; returns only after a message, with 126 or 127. */
int exec_program(struct shell *sh, const char *path, char **argv, char **env);

bool text_file(struct shell *sh, const char *path); /* no NUL in its first bytes */
bool is_script(struct shell *sh, const char *path); /* text, or begins with #! */

/* --- redirections (redir.c) ------------------------------------------------ */
bool redir_apply(struct shell *sh, const struct redir *r); /* false after a message */
void redir_undo(struct shell *sh, int mark);
void redir_keep(struct shell *sh, int mark); /* exec: they stay */

/* --- processes (job.c) ---------------------------------------------------------- */
typedef int sh_child_fn(struct shell *sh, void *arg);
struct sh_child {
    sh_child_fn *fn;
    void *arg;               /* must live in the child's heap or in a tree */
    struct node *node;       /* fn NULL: this tree */
    int in, out, err_to_out; /* descriptors to put at 0 and 1; -1 none */
    int close_fd[4];
    bool background, subst;
    int pgrp;    /* to join; 0: make one (job control only) */
    char **argv; /* copied for the child: see job.c */
};
/* Starts a child with a clone of the shell. Its process id, or a negative number
 * after the message fork failures give. */
int sh_fork(struct shell *sh, struct sh_child *c);
/* Waits for the processes of a pipeline in the foreground: the last one's status. */
int job_wait_fg(struct shell *sh, const int *pids, int n, const char *text);
struct job *job_add(struct shell *sh, const int *pids, int n, const char *text, bool background);
bool job_note(struct shell *sh, int pid, int wait_status); /* a child was collected */
void job_reap(struct shell *sh);                           /* collects without waiting */
void job_notify(struct shell *sh); /* tells about changes, drops what is done */
struct job *job_by_spec(struct shell *sh, const char *spec);
void job_remove(struct shell *sh, struct job *j);
int job_status(int wait_status);
const char *job_state_text(struct shell *sh, const struct job *j, char *buf, size_t n);

bool job_running(const struct job *j);
bool job_stopped(const struct job *j);
void job_print(struct shell *sh, const struct job *j, struct str *out, bool pids);

/* --- running text (run.c) ------------------------------------------------------------ */
/* Parses and runs a string: eval, traps, -c. what: "eval", "-c" ... for messages. */
int run_string(struct shell *sh, const char *text, const char *what, int line);
int run_file(struct shell *sh, const char *path, const char *shown);
struct shell *sh_clone(struct shell *from, struct proc *child);

#endif
