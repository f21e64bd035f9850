/* cmd.h -- what every emulated program shares: its table entry, its options,
 * its messages.
 *
 * A program is one file ending in `const struct cmd cmd_NAME` and one line in
 * cmds.def. The caller parses options first, as getopt_long does in the real
 * programs, so that run sees them ready; --help and --version are answered
 * from the image's recorded texts, never written here.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/str.h"
#include "vm/host.h"
#include "vm/stdio.h"
#include "vm/vm.h"

struct cmd_run; /* a program's running: see below */

struct cmd {
    const char *name;
    const char *const *paths; /* further absolute paths, NULL-ended; may be NULL */
    const char *opts;         /* getopt's short options ("abn:"), "+" first: stop at operands */
    const char *const *longs; /* "all=a", "lines:=n" (needs argument), "color?=\1"; NULL-ended */
    int (*run)(struct cmd_run *r);
    unsigned flags;   /* CMD_* */
    int usage_status; /* exit status of a wrong option: 0 means 1 */
    /* What follows the message about a wrong option; %s is the program's name.
     * NULL: "Try '%s --help' for more information.\n" */
    const char *try;
};

enum {
    CMD_RAW = 1,       /* options are the program's own business (find, dd, expr, echo) */
    CMD_NO_TEXT = 2,   /* does not know --help and --version */
    CMD_NO_APPLET = 4, /* busybox does not call it */
    CMD_BASENAME = 8,  /* messages start with the last part of argv[0] only */
    CMD_HELP_ERR = 16, /* a wrong option shows the whole help, on standard error */
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
    struct arena *arena; /* the process's */
    bool busybox;        /* run as an applet */
};

/* Was option c given? (last one counts for cmd_arg) */
bool cmd_has(const struct cmd_run *r, int c);
const char *cmd_arg(const struct cmd_run *r, int c); /* NULL if not given */
int cmd_count(const struct cmd_run *r, int c);
/* Whichever of the options in set was given last, or 0. */
int cmd_latest(const struct cmd_run *r, const char *set);

/* For CMD_RAW programs that want getopt after all: parses argv[1..] into r.
 * -1: go on; else the exit status (help was shown, or a message). */
int cmd_getopt(struct cmd_run *r, int argc, char **argv);
/* --help and --version as the only argument, for programs that parse nothing:
 * true if answered. */
bool cmd_text_option(struct cmd_run *r, const char *arg);

/* "NAME: text\n" on standard error (standard output is flushed first). */
void cmd_warn(struct cmd_run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "NAME: text: strerror\n"; err is positive or negative errno. */
void cmd_warn_err(struct cmd_run *r, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* "Try 'NAME --help' for more information." and the usage status, to return. */
int cmd_usage(struct cmd_run *r);
/* "missing operand" / "extra operand 'x'" and cmd_usage. */
int cmd_missing(struct cmd_run *r);
int cmd_extra(struct cmd_run *r, const char *operand);

/* Names in quotes, in the process's arena: as coreutils' quoteaf (always in
 * ''), quotef (only when needed) and quote (the locale's quotation marks). */
const char *cmd_quote(struct cmd_run *r, const char *name);
const char *cmd_quotef(struct cmd_run *r, const char *name);
const char *cmd_quotel(struct cmd_run *r, const char *name);
/* quotef for a name that messages join to others ("a" to "b"): NUL-safe bytes
 * in a str; always: with quotes even if not needed. */
void cmd_quote_add(struct str *b, const char *s, size_t n, bool always);
bool cmd_utf8(struct proc *p); /* is the process's locale an UTF-8 one? */

/* An unsigned number with an optional suffix out of suffixes ("" none, else of
 * "bkKMGTPEZYcw" and so on as xstrtoumax: K KiB KB). 0, -EINVAL (not a number
 * or suffix), -ERANGE (*out is the maximum). */
int cmd_number(const char *s, const char *suffixes, uint64_t *out);

/* An operand as input: "-" is standard input. A descriptor or -errno. */
int cmd_open(struct cmd_run *r, const char *name);
/* The same as a stream; on failure NULL after "NAME: file: strerror". */
struct vfile *cmd_stream(struct cmd_run *r, const char *name);
void cmd_stream_close(struct cmd_run *r, struct vfile *f); /* not standard input */
/* Copies descriptor to descriptor until the end: 0, 1 reading failed, 2
 * writing failed, and *err is the positive errno. */
int cmd_copy(struct proc *p, int from, int to, int *err);
/* dir/name in the arena, one slash between. */
char *cmd_path_join(struct cmd_run *r, const char *dir, const char *name);
/* What follows the last slash; trailing slashes are not removed. */
const char *cmd_base(const char *path);
/* "-rw-r--r--" and the like: 11 bytes. */
void cmd_mode_text(uint32_t mode, char out[11]);
/* Asks on standard error, reads a line: true if it starts with y or Y. */
bool cmd_confirm(struct cmd_run *r);
/* Names of ids from /etc/passwd and /etc/group, NULL if none; and back
 * (true if found). The answers live in the process's arena. */
const char *cmd_user_name(struct cmd_run *r, uint32_t uid);
const char *cmd_group_name(struct cmd_run *r, uint32_t gid);
bool cmd_user_id(struct cmd_run *r, const char *name, uint32_t *uid, uint32_t *gid);
bool cmd_group_id(struct cmd_run *r, const char *name, uint32_t *gid);

/* All programs, ended by NULL; and as the world wants them. */
extern const struct cmd *const cmd_table[];
const struct vm_program *cmd_programs(void);
const struct cmd *cmd_lookup(const char *name);
/* Runs a table entry in this process with full argv (argv[0] included):
 * busybox's applets, sudo, the shell's external echo. Its exit status. */
int cmd_main(struct proc *p, const struct cmd *c, int argc, char **argv);
int cmd_main_busybox(struct proc *p, const struct cmd *c, int argc, char **argv);

#endif
