/* find_priv.h -- what find's expression and its actions share.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_FIND_PRIV_H
#define CMD_FIND_PRIV_H

#include "base/regex.h"
#include "cmd/cmd.h"

struct find;
struct find_item {
    const char *path, *name;
    struct vfs_stat st;
    int depth;
};

struct find_node {
    bool (*test)(struct find *f, struct find_node *n, struct find_item *it);
    struct find_node *a, *b;
    const char *text;
    char **args;
    size_t nargs;
    int64_t n, unit;
    char sign; /* + - or = */
    char what;
    uint32_t mode;
    struct regex *re;
    struct vfile *out;
    char **batch; /* -exec ... + */
    size_t nbatch, batch_bytes;
};

struct find {
    struct cmd_run *r;
    char **arg;
    struct find_node *tree;
    int64_t now, mindepth, maxdepth;
    bool depth_first, acts, follow, follow_args, xdev, prune, quit, daystart;
    int status;
    unsigned parens;
};

/* The letter of -type. */
char find_type_letter(uint32_t mode);

/* The actions: each answers whether it went well, as tests do. */
bool find_act_print(struct find *f, struct find_node *n, struct find_item *it);
bool find_act_ls(struct find *f, struct find_node *n, struct find_item *it);
bool find_act_delete(struct find *f, struct find_node *n, struct find_item *it);
bool find_act_exec(struct find *f, struct find_node *n, struct find_item *it);
bool find_act_printf(struct find *f, struct find_node *n, struct find_item *it);
/* Runs what -exec ... + has gathered. */
void find_run_batch(struct find *f, struct find_node *n);

#endif
