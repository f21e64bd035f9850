/* awk_io.h -- awk's files and pipes, kept open by name.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_AWK_IO_H
#define CMD_AWK_IO_H

#include "cmd/cmd.h"

struct awk_file {
    struct awk_file *next;
    const char *name;
    int mode; /* '<' file in, '>' file out, 'i' command in, 'o' command out */
    struct vfile *f;
    int pid;
};

/* Opens (or finds) name; mode as above, 'a' for appending. NULL and *err = -errno. */
struct awk_file *awk_file_get(struct cmd_run *r, struct awk_file **all, const char *name, int mode,
                              int *err);
/* Closes all of that name; the status of a command, 0, or -1 if none was open. */
int awk_file_close(struct cmd_run *r, struct awk_file **all, const char *name);
void awk_file_flush(struct cmd_run *r, struct awk_file *all);
/* Runs a command with the shell and waits: its status as awk's system() says. */
int awk_system(struct cmd_run *r, const char *command);

#endif
