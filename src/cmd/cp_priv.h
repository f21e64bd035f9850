/* cp_priv.h -- what cp, mv, ln and install share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_CP_PRIV_H
#define CMD_CP_PRIV_H

#include "cmd/cmd.h"

enum cp_backup { CP_BACKUP_NONE, CP_BACKUP_SIMPLE };

struct cp {
    struct cmd_run *r;
    bool recursive, force, interactive, no_clobber, verbose, update, links, symbolic;
    bool preserve_mode, preserve_owner, preserve_time, follow, follow_args, move, remove_dest,
        attributes_only, parents, no_target_dir, strip, debug;
    enum cp_backup backup;
    const char *suffix;
};

typedef int cp_pair_fn(struct cp *c, const char *from, const char *to);

/* Copies from to the path to: 0, or 1 after a message. operand: from was named
 * on the command line. */
int cp_path(struct cp *c, const char *from, const char *to, bool operand);
/* Calls fn for each source and where it goes, as the operands and -t and -T
 * say: the exit status. */
int cp_pairs(struct cp *c, cp_pair_fn *fn);
/* Calls fn for each of n files and its name inside dir. */
int cp_each_into(struct cp *c, char **files, int n, const char *dir, cp_pair_fn *fn);
/* -b, -S and SIMPLE_BACKUP_SUFFIX. */
void cp_set_backup(struct cp *c);
/* May to be overwritten? Makes the backup. */
bool cp_may_replace(struct cp *c, const char *to);
/* -v: says what was done. */
void cp_tell(struct cp *c, const char *from, const char *to);
/* Is directory to inside (or the same as) directory from? */
bool cp_inside(struct cp *c, const char *from, const char *to);
/* Was a modified after b? */
bool cp_newer(const struct vfs_stat *a, const struct vfs_stat *b);
bool cp_is_dir(struct cmd_run *r, const char *path);
/* A path without trailing slashes. */
char *cp_unslashed(struct cmd_run *r, const char *path);

#endif
