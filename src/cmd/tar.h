/* tar.h -- what the two halves of tar share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_TAR_H
#define CMD_TAR_H

#include "cmd/cmd.h"
#include "cmd/pack.h"

enum { TAR_BLOCK = 512, TAR_RECORD = 10240, TAR_FATAL = 2 };

struct tar_header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
    char magic[8], uname[32], gname[32], major[8], minor[8], prefix[155], rest[12];
};

struct tar_link; /* a file with several names, met before */

struct tar {
    struct cmd_run *r;
    struct pack *pack;
    int fd;           /* the archive */
    const char *file; /* the archive's name; "-" a stream */
    enum pack_kind kind;
    int action; /* 'c' 'x' 't' 'r' */
    int verbose, strip, status;
    bool absolute, told_root, told_link, to_stdout, keep_old, keep_perms, keep_owner, no_mtime,
        follow, remove, wildcards, no_recursion, sort;
    const char **exclude;
    int excludes;
    uint64_t total;
    size_t width; /* of user, group and size in a listing */
    struct tar_link *links;
};

/* Says so and leaves: "Error is not recoverable: exiting now". */
void tar_die(struct tar *t) __attribute__((noreturn));
void tar_fail(struct tar *t, int err, const char *name, const char *what);
/* The name without what would lead out of the directory; told once. */
const char *tar_safe(struct tar *t, const char *name, bool link);
bool tar_excluded(struct tar *t, const char *name);
/* A line of -v or t: the long form if long_form. */
void tar_show(struct tar *t, const struct vfs_stat *st, const char *name, const char *link,
              const char *user_group);
char *tar_user_group(struct tar *t, const char *user, uint32_t uid, const char *group,
                     uint32_t gid);

void tar_create(struct tar *t); /* operands to archive */
void tar_read(struct tar *t);   /* x and t */

#endif
