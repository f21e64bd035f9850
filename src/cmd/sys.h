/* sys.h -- what the programs that look at the machine share: whole files,
 * the process table, figures of /proc, recorded texts.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_SYS_H
#define CMD_SYS_H

#include "cmd/cmd.h"
#include "vm/persona.h"

enum { SYS_FILE_MAX = 4 << 20 };

/* A whole file in the process's arena, NUL-terminated; NULL if it cannot be
 * read (*err, if wanted: -errno). At most SYS_FILE_MAX bytes. */
char *sys_slurp(struct cmd_run *r, const char *path, size_t *n, int *err);
/* The next line of *at, cut out in place without its end; NULL at the end. */
char *sys_line(char **at);
/* Splits at blanks in place: how many words, at most max. */
int sys_words(char *line, char **word, int max);
/* Splits at one character in place, keeping empty fields. */
int sys_fields(char *line, char sep, char **field, int max);
/* Replaces a file: written anew with that mode. 0 or -errno. */
int sys_spill(struct cmd_run *r, const char *path, const void *p, size_t n, uint32_t mode);

/* The real program's recorded answer to "KEY": standard output, standard error
 * and status as they were. -1: nothing is recorded. */
int sys_text(struct cmd_run *r, const char *key);

/* All rows of the process table, copied; ended by a row with pid 0. */
struct vm_procinfo *sys_procs(struct cmd_run *r, size_t *n);
/* "cmd arg arg" or "[comm]", in the arena. */
const char *sys_args(struct cmd_run *r, const struct vm_procinfo *p);

/* Value of a line "Name:   123 kB" in a text such as /proc/meminfo's; 0 if absent. */
uint64_t sys_figure(const char *text, const char *name);
/* The first line of a file without its end; "" if it cannot be read. */
const char *sys_first(struct cmd_run *r, const char *path);
/* Wall clock of the boot, seconds. */
int64_t sys_boot_time(struct cmd_run *r);
/* Columns of the terminal on standard output; COLUMNS first; 0 if none. */
int sys_columns(struct cmd_run *r);
/* Runs a program by name with arguments (argv[0] is the name): its status, 127
 * if it does not exist. */
int sys_spawn_wait(struct cmd_run *r, char *const argv[]);
/* Asks on the terminal without echo: the line without its end, or NULL at the
 * end of input. The prompt goes to standard error or the terminal. */
char *sys_ask_secret(struct cmd_run *r, const char *prompt);
#endif
