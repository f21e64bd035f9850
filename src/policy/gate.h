/* gate.h -- the one place where the agent decides: called for each simple
 * command just before it would run.
 *
 * A policy_session is one connection's view of the agent: the window of its
 * last commands, what is known of the reward so far, the transition that is
 * still open. The caller of session/ makes it and hangs it on the login; the
 * shell finds it through the process. Processes without one (daemons, login
 * files) are not gated.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef POLICY_GATE_H
#define POLICY_GATE_H

#include "vm/vm.h"

enum policy_kind {
    POLICY_BUILTIN,  /* of the shell */
    POLICY_FUNCTION, /* defined by the attacker */
    POLICY_PROGRAM,  /* found; path tells where */
    POLICY_SCRIPT,   /* a file the attacker brought, or any script */
    POLICY_NOTFOUND,
};

struct policy_command {
    enum policy_kind kind;
    int argc;
    char **argv;                /* after expansion; argv[0] as typed */
    const char *path;           /* of the program, or NULL */
    const char *shell;          /* how messages begin: "-bash", "bash: line 1", "sh: 3" */
    unsigned pipe_at, pipe_len; /* position in its pipeline, 0-based; length */
    unsigned depth;             /* nesting: subshells, substitutions, functions, scripts */
    bool background;
};

enum policy_verdict {
    POLICY_RUN,  /* go on: run it (a delay has been slept already) */
    POLICY_DONE, /* do not run it: what was to be shown was written to p's 1 and 2 */
};

/* Decides, records, acts. In p's fiber, with p's descriptors already redirected.
 * *status is set with POLICY_DONE. May not return (killed during a delay). */
enum policy_verdict policy_gate(struct proc *p, const struct policy_command *c, int *status);
/* Tells of a line that a shell read from its terminal or its standard input,
 * without the newline: it is recorded as typed, before anything is parsed. */
void policy_line(struct proc *p, const char *line, size_t n);
/* Tells how the command ended (its exit status), for outcome features. */
void policy_ended(struct proc *p, int status);

#endif
