/* du.c -- how much room files take.
 *
 * Hard links count once: a set of the inodes seen that have several names.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/glob.h"
#include "cmd/size.h"

struct seen {
    uint64_t *ino; /* open addressing; 0: free */
    size_t n, room;
};

struct du {
    struct cmd_run *r;
    bool all, total, separate, apparent, count_links, follow, follow_args, one_fs, inodes, null;
    int64_t max_depth;
    uint64_t unit, threshold;
    unsigned base; /* of -h; 0: unit counts */
    bool below;
    struct seen seen;
    int status;
};

static bool seen_add(struct du *d, uint64_t ino)
{
    struct seen *s = &d->seen;
    if (s->n * 2 >= s->room) {
        struct seen grown = {.room = s->room ? s->room * 2 : 64};
        grown.ino = vm_alloc(d->r->p, grown.room * sizeof(*grown.ino));
        struct seen old = *s;
        *s = grown;
        for (size_t i = 0; i < old.room; i++)
            if (old.ino[i])
                seen_add(d, old.ino[i]);
        vm_release(d->r->p, old.ino, old.room * sizeof(*old.ino));
    }
    size_t at = (size_t)(ino * 0x9e3779b97f4a7c15u) & (s->room - 1);
    for (; s->ino[at]; at = (at + 1) & (s->room - 1))
        if (s->ino[at] == ino)
            return false;
    s->ino[at] = ino;
    s->n++;
    return true;
}

static void print(struct du *d, uint64_t bytes, const char *path)
{
    char text[SIZE_TEXT];
    if (d->threshold && (d->below ? bytes > d->threshold : bytes < d->threshold))
        return;
    if (d->inodes && !d->base)
        vf_printf(d->r->out, "%llu\t%s", (unsigned long long)bytes, path);
    else if (d->base)
        vf_printf(d->r->out, "%s\t%s", size_human(bytes, d->base, text), path);
    else
        vf_printf(d->r->out, "%llu\t%s",
                  (unsigned long long)(bytes / d->unit + (bytes % d->unit != 0)), path);
    vf_putc(d->r->out, d->null ? '\0' : '\n');
}

static bool excluded(struct du *d, const char *path)
{
    const char *base = cmd_base(path);
    for (const char *o = d->r->opt; *o; o++)
        if (*o == '\1') {
            const char *pattern = d->r->optarg[o - d->r->opt];
            if (glob_match(pattern, path, 0) || glob_match(pattern, base, 0))
                return true;
        }
    return false;
}

static uint64_t own_size(struct du *d, const struct vfs_stat *st)
{
    if (d->inodes)
        return 1;
    if (!d->apparent)
        return (uint64_t)st->blocks * 512;
    return S_ISREG(st->mode) || S_ISLNK(st->mode) || S_ISDIR(st->mode) ? (uint64_t)st->size : 0;
}

/* The size of a path and all below it. */
static uint64_t measure(struct du *d, const char *path, int depth, uint64_t dev)
{
    struct cmd_run *r = d->r;
    struct vfs_stat st;
    bool follow = d->follow || (d->follow_args && !depth);
    int err = follow ? vm_stat(r->p, path, &st) : vm_lstat(r->p, path, &st);
    if (err < 0) {
        cmd_warn_err(r, err, "cannot access %s", cmd_quote(r, path));
        d->status = 1;
        return 0;
    }
    if (d->one_fs && depth && st.dev != dev)
        return 0;
    bool dir = S_ISDIR(st.mode);
    if (((st.nlink > 1 && !dir) || d->follow) && !d->count_links &&
        !seen_add(d, st.ino ^ st.dev << 48))
        return 0;
    uint64_t sum = own_size(d, &st), below = 0;
    struct vm_dirent *e;
    int n = 0;
    if (dir && !vm_deep(r->p)) {
        n = vm_readdir(r->p, path, &e);
        if (n < 0) {
            cmd_warn_err(r, n, "cannot read directory %s", cmd_quote(r, path));
            d->status = 1;
        }
    }
    for (int i = 0; i < n; i++) {
        char *child = cmd_path_join(r, path, e[i].name);
        if (!excluded(d, child)) {
            uint64_t size = measure(d, child, depth + 1, depth ? dev : st.dev);
            *(d->separate && e[i].type == DT_DIR ? &below : &sum) += size;
        }
        vm_release(r->p, child, strlen(child) + 1);
    }
    if (dir && n > 0)
        vm_readdir_free(r->p, e, n);
    if (depth <= d->max_depth && (dir || d->all || !depth))
        print(d, sum, path);
    return sum + (depth ? 0 : below);
}

static bool set_options(struct du *d)
{
    struct cmd_run *r = d->r;
    d->unit = vm_getenv(r->p, "POSIXLY_CORRECT") ? 512 : 1024;
    for (const char *o = r->opt; *o; o++) {
        const char *arg = r->optarg[o - r->opt];
        switch (*o) {
        case 'b':
            d->apparent = true;
            d->unit = 1;
            break;
        case 'h':
        case '\2':
            d->base = *o == 'h' ? 1024 : 1000;
            break;
        case 'k':
        case 'm':
            d->unit = *o == 'k' ? 1024 : 1 << 20;
            d->base = 0;
            break;
        case 'B': {
            const char *s = *arg >= '0' && *arg <= '9' ? arg : vm_asprintf(r->p, "1%s", arg);
            if (cmd_number(s, "kKmMGTPEZY0", &d->unit) || !d->unit) {
                cmd_warn(r, "invalid -B argument %s", cmd_quotel(r, arg));
                return false;
            }
            d->base = 0;
            break;
        }
        case 'd':
            if (str_int(arg, 0, INT32_MAX, &d->max_depth)) {
                cmd_warn(r, "invalid maximum depth %s", cmd_quotel(r, arg));
                (void)cmd_usage(r);
                return false;
            }
            break;
        case 't':
            d->below = *arg == '-';
            if (cmd_number(arg + d->below, "kKmMGTPEZY0", &d->threshold)) {
                cmd_warn(r, "invalid -t argument %s", cmd_quotel(r, arg));
                return false;
            }
            break;
        default:
            break;
        }
    }
    return true;
}

static int du_run(struct cmd_run *r)
{
    struct du d = {.r = r,
                   .all = cmd_has(r, 'a'),
                   .total = cmd_has(r, 'c'),
                   .separate = cmd_has(r, 'S'),
                   .apparent = cmd_has(r, 'A'),
                   .count_links = cmd_has(r, 'l'),
                   .follow = cmd_latest(r, "LP") == 'L',
                   .follow_args = cmd_has(r, 'D') || cmd_has(r, 'H'),
                   .one_fs = cmd_has(r, 'x'),
                   .inodes = cmd_has(r, '\3'),
                   .null = cmd_has(r, '0'),
                   .max_depth = INT32_MAX};
    if (!set_options(&d))
        return 1;
    if (cmd_has(r, 's')) {
        if (d.all) {
            cmd_warn(r, "cannot both summarize and show all entries");
            return cmd_usage(r);
        }
        if (cmd_has(r, 'd') && d.max_depth) {
            cmd_warn(r, "warning: summarizing conflicts with --max-depth=%lld",
                     (long long)d.max_depth);
            return cmd_usage(r);
        }
        d.max_depth = 0;
    }
    char dot[] = ".", *here[] = {dot, NULL};
    uint64_t sum = 0;
    for (char **a = r->argc ? r->argv : here; *a; a++)
        sum += measure(&d, *a, 0, 0);
    if (d.total)
        print(&d, sum, "total");
    return d.status;
}

static const char *const du_longs[] = {"null=0",
                                       "all=a",
                                       "apparent-size=A",
                                       "block-size:=B",
                                       "bytes=b",
                                       "total=c",
                                       "dereference-args=D",
                                       "max-depth:=d",
                                       "human-readable=h",
                                       "inodes=\3",
                                       "dereference=L",
                                       "count-links=l",
                                       "no-dereference=P",
                                       "separate-dirs=S",
                                       "si=\2",
                                       "summarize=s",
                                       "threshold:=t",
                                       "one-file-system=x",
                                       "exclude:=\1",
                                       NULL};

const struct cmd cmd_du = {
    .name = "du", .opts = "0aAbB:cd:DhHklLmPsSt:x", .longs = du_longs, .run = du_run};
