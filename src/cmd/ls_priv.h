/* ls_priv.h -- what the parts of ls share: its settings, and an entry of a list.
 *
 * ls.c gathers and sorts, ls_print.c shows, ls_opts.c reads the options.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_LS_PRIV_H
#define CMD_LS_PRIV_H

#include "cmd/ls.h"

enum ls_format { LS_ONE, LS_COLUMNS, LS_ROWS, LS_COMMAS, LS_LONG };

struct ls_entry {
    const char *name;   /* as it is shown, before quoting */
    const char *path;   /* to reach it */
    const char *shown;  /* quoted */
    const char *target; /* of a link, when shown */
    struct vfs_stat st;
    size_t width; /* columns of shown */
    uint8_t type; /* DT_* */
    bool has_stat, target_ok;
    bool failed; /* stat did not work: question marks */
    uint32_t target_mode;
};

struct ls {
    struct cmd_run *r;
    enum ls_format format;
    int sort;  /* 'n' name, 'S' 't' 'v' 'X' 'U' */
    int time;  /* 'm' 'a' 'c' 'b' */
    int quote; /* 'l' literal, 's' shell-escape, 'c' C, 'e' escape, 'S' always */
    int style; /* of times: 0 default, 'f' full-iso, 'l' long-iso, 'i' iso, '+' */
    const char *time_format;
    unsigned classify; /* 0, 'p', 'F', 't' (file-type) */
    bool all, almost, backups, reverse, recursive, directory, inode, blocks, numeric, no_owner,
        no_group, human, si, colour, dirs_first, follow, follow_args, zero, hide_control, author;
    bool need_stat, quoted_any;
    const char *hide, *ignore;
    uint64_t block_size, size_unit;
    size_t width;
    int64_t now;
    const struct tz *tz;
    int status;
    bool coloured;
    bool headers; /* directories are announced by name */
    bool printed; /* something was: an empty line goes before the next directory */
    struct ls_name {
        uint32_t id;
        const char *name;
    } users[16], groups[16];
    size_t nusers, ngroups;
};

/* name as it is shown under the chosen quoting; the columns it takes. */
const char *ls_shown_name(struct ls *l, const char *name);
size_t ls_display_width(struct ls *l, const char *s);
/* The mode of an entry, as far as it is known (its type alone without stat). */
uint32_t ls_entry_mode(const struct ls_entry *e);
/* The time of an entry that the options chose. */
struct timespec ls_entry_time(const struct ls *l, const struct ls_entry *e);
/* bytes in blocks, or in human units. */
void ls_block_text(const struct ls *l, uint64_t bytes, char *out, size_t n);
/* Prints n sorted entries in the chosen format. */
void ls_put_entries(struct ls *l, struct ls_entry *e, size_t n);
/* Applies option o (arg: its argument, or NULL): false after a message. */
bool ls_set_option(struct ls *l, int o, const char *arg);

#endif
