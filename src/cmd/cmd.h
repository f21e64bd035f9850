/* cmd.h -- what every emulated program shares: its table entry and its options.
 *
 * A program is one file ending in `const struct cmd cmd_NAME`. The caller parses
 * options first, as getopt_long does in the real programs, so that run sees
 * them ready; --help and --version are answered from the image's recorded
 * texts, never written here.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "vm/host.h"
#include "vm/stdio.h"
#include "vm/vm.h"

struct cmd_run; /* a program's running: see below */

struct cmd {
    const char *name;
    const char *const *paths; /* further absolute paths, NULL-ended; may be NULL */
    const char *opts;         /* getopt's short options ("abn:"), "+" first: stop at operands */
    const char *const *longs; /* "all=a", "lines:=n" (needs argument), "color?=\1" ; may be NULL */
    int (*run)(struct cmd_run *r);
    unsigned flags;     /* CMD_* */
    int usage_status;   /* exit status of a wrong option: 0 means 1 */
    const char *applet; /* busybox calls it by this name too; NULL: no applet */
};

enum {
    CMD_RAW = 1,     /* options are the program's own business (find, dd, expr, echo) */
    CMD_NO_TEXT = 2, /* does not know --help and --version */
};

struct cmd_run {
    struct proc *p;
    const struct cmd *cmd;
    int argc; /* operands: argv[0..argc-1], argv[argc] == NULL */
    char **argv;
    const char *name; /* as called: argv[0], for messages ("ls", "/bin/ls", "busybox"'s applet) */
    const char *opt;  /* the options given, in order, as single characters */
    const char **optarg; /* beside each: its argument or NULL */
    struct vfile *in, *out, *err;
};

/* Was option c given? (last one counts for cmd_arg) */
bool cmd_has(const struct cmd_run *r, int c);
const char *cmd_arg(const struct cmd_run *r, int c); /* NULL if not given */
int cmd_count(const struct cmd_run *r, int c);

/* "NAME: text\n" on standard error. */
void cmd_warn(struct cmd_run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "NAME: text: strerror\n"; err is positive or negative errno. */
void cmd_warn_err(struct cmd_run *r, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* "Try 'NAME --help' for more information." and the usage status, to return. */
int cmd_usage(struct cmd_run *r);
/* The name in quotes as coreutils' quoteaf/quotef would, in the process's arena. */
const char *cmd_quote(struct cmd_run *r, const char *name);  /* always in '' */
const char *cmd_quotef(struct cmd_run *r, const char *name); /* only when needed */

/* All programs, ended by NULL; and as the world wants them. */
extern const struct cmd *const cmd_table[];
const struct vm_program *cmd_programs(void);
const struct cmd *cmd_find(const char *name);
/* Runs a table entry in this process with full argv (argv[0] included):
 * busybox's applets, sudo, the shell's external echo. Its exit status. */
int cmd_main(struct proc *p, const struct cmd *c, int argc, char **argv);

#endif
