/* df.c -- how full the file systems are.
 *
 * One table of texts, whose columns are as wide as their widest cell.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/size.h"
#include "cmd/sys.h"

enum { MOUNTS = 64, COLUMNS = 12 };

enum field {
    SOURCE,
    FSTYPE,
    SIZE,
    USED,
    AVAIL,
    PCENT,
    ITOTAL,
    IUSED,
    IAVAIL,
    IPCENT,
    FILE_,
    TARGET
};

struct mount {
    const char *source, *target, *type, *file;
    uint64_t blocks, bfree, files, ffree; /* blocks of 1024 bytes */
};

struct df {
    struct cmd_run *r;
    struct mount mount[MOUNTS];
    int mounts;
    enum field column[COLUMNS];
    int columns;
    uint64_t unit; /* 0: for people */
    unsigned base; /* of -h and -H */
    bool all, total, posix, inodes;
    int shown, status;
    const char **cell; /* rows of columns */
    int rows, room;
};

/* \040 and the like in /proc/mounts. */
static char *decode(char *s)
{
    char *to = s;
    for (char *from = s; *from; to++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] < '8' && from[2] && from[3]) {
            *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
    return s;
}

/* The virtual kernel keeps all of memory's file systems in one place and tells
 * the use of them all: what has no files of its own is empty. */
static void measure(struct df *d, struct mount *m)
{
    struct vm_dirent *e;
    struct proc *p = d->r->p;
    if (!strcmp(m->type, "hugetlbfs") || !strcmp(m->type, "mqueue") ||
        vm_statfs(p, m->target, &m->blocks, &m->bfree, &m->files, &m->ffree) < 0)
        return;
    m->blocks *= 4;
    m->bfree *= 4;
    bool empty = !strcmp(m->type, "devtmpfs");
    if (!strcmp(m->type, "tmpfs")) {
        int n = vm_readdir(p, m->target, &e);
        empty = n <= 0;
        if (n >= 0)
            vm_readdir_free(p, e, n);
    }
    if (empty)
        m->bfree = m->blocks;
}

static void read_mounts(struct df *d)
{
    size_t n;
    int err;
    char *text = sys_slurp(d->r, "/proc/mounts", &n, &err), *at = text, *line;
    while (text && (line = sys_line(&at)) && d->mounts < MOUNTS) {
        char *word[4];
        if (sys_words(line, word, 4) < 3)
            continue;
        struct mount *m = &d->mount[d->mounts++];
        *m = (struct mount){.source = decode(word[0]), .target = decode(word[1]), .type = word[2]};
        measure(d, m);
    }
}

static const char *amount(struct df *d, uint64_t n, uint64_t of)
{
    if (!d->unit) {
        char text[SIZE_TEXT];
        return vm_strdup(d->r->p, size_human(n * of, d->base, text));
    }
    uint64_t unit = of == 1 ? 1 : d->unit;
    return vm_asprintf(d->r->p, "%llu", (unsigned long long)((n * of + unit - 1) / unit));
}

static const char *percent(struct df *d, uint64_t used, uint64_t avail)
{
    if (!(used + avail))
        return "-";
    return vm_asprintf(d->r->p, "%llu%%",
                       (unsigned long long)((used * 100 + used + avail - 1) / (used + avail)));
}

/* What the reserved blocks leave to others: five in a hundred of ext4 are root's. */
static uint64_t available(const struct mount *m)
{
    uint64_t reserved = strcmp(m->type, "ext4") ? 0 : m->blocks / 20;
    return m->bfree > reserved ? m->bfree - reserved : 0;
}

static const char *cell(struct df *d, const struct mount *m, enum field f, uint64_t avail)
{
    uint64_t used = m->blocks - m->bfree, iused = m->files - m->ffree;
    switch (f) {
    case SOURCE:
        return m->source;
    case FSTYPE:
        return m->type;
    case SIZE:
        return amount(d, m->blocks, 1024);
    case USED:
        return amount(d, used, 1024);
    case AVAIL:
        return amount(d, avail, 1024);
    case PCENT:
        return percent(d, used, avail);
    case ITOTAL:
        return amount(d, m->files, 1);
    case IUSED:
        return amount(d, iused, 1);
    case IAVAIL:
        return amount(d, m->ffree, 1);
    case IPCENT:
        return percent(d, iused, m->ffree);
    case FILE_:
        return m->file ? m->file : "-";
    default:
        return m->target;
    }
}

static const char **add_row(struct df *d)
{
    if (d->rows == d->room) {
        int room = d->room ? d->room * 2 : 32;
        const char **grown = vm_alloc(d->r->p, (size_t)room * COLUMNS * sizeof(*grown));
        if (d->rows)
            memcpy(grown, d->cell, (size_t)d->rows * COLUMNS * sizeof(*grown));
        d->cell = grown;
        d->room = room;
    }
    return d->cell + (size_t)d->rows++ * COLUMNS;
}

static void add_mount(struct df *d, const struct mount *m, uint64_t avail)
{
    const char **row = add_row(d);
    for (int i = 0; i < d->columns; i++)
        row[i] = cell(d, m, d->column[i], avail);
    d->shown++;
}

static const char *size_title(struct df *d)
{
    if (!d->unit)
        return "Size";
    if (d->posix)
        return vm_asprintf(d->r->p, "%llu-blocks", (unsigned long long)d->unit);
    uint64_t n = d->unit;
    int k = 0;
    static const char letters[] = "\0KMGTPE";
    unsigned base = n % 1024 == 0 ? 1024 : n % 1000 == 0 ? 1000 : 0;
    while (base && n % base == 0 && n && k < 6) {
        n /= base;
        k++;
    }
    const char *suffix =
        !k ? "B" : vm_asprintf(d->r->p, "%c%s", letters[k], base == 1000 ? "B" : "");
    if (k == 1 && base == 1000)
        suffix = "kB";
    return vm_asprintf(d->r->p, "%llu%s-blocks", (unsigned long long)n, suffix);
}

static void add_titles(struct df *d)
{
    static const char *const titles[] = {"Filesystem", "Type",  NULL,     "Used",
                                         NULL,         "Use%",  "Inodes", "IUsed",
                                         "IFree",      "IUse%", "File",   "Mounted on"};
    const char **row = add_row(d);
    for (int i = 0; i < d->columns; i++)
        row[i] = d->column[i] == SIZE    ? size_title(d)
                 : d->column[i] == AVAIL ? (d->unit || cmd_arg(d->r, '\1') ? "Available" : "Avail")
                 : d->column[i] == PCENT && d->posix ? "Capacity"
                                                     : titles[d->column[i]];
    if (cmd_arg(d->r, '\1') || !d->unit)
        for (int i = 0; i < d->columns; i++)
            if (d->column[i] == AVAIL)
                row[i] = "Avail";
}

static void print(struct df *d)
{
    int w[COLUMNS] = {0};
    for (int i = 0; i < d->columns; i++) {
        enum field f = d->column[i];
        w[i] = f == SOURCE                            ? 14
               : f == TARGET || f == FILE_            ? 0
               : f == SIZE || f == USED || f == AVAIL ? 5
                                                      : 4;
        for (int k = 0; k < d->rows; k++) {
            int n = (int)strlen(d->cell[k * COLUMNS + i]);
            w[i] = n > w[i] ? n : w[i];
        }
    }
    for (int k = 0; k < d->rows; k++) {
        for (int i = 0; i < d->columns; i++) {
            enum field f = d->column[i];
            const char *s = d->cell[k * COLUMNS + i];
            bool left = f == SOURCE || f == FSTYPE || f == TARGET || f == FILE_;
            bool last = i + 1 == d->columns;
            if (left && last)
                vf_puts(d->r->out, s);
            else
                vf_printf(d->r->out, left ? "%-*s" : "%*s", w[i], s);
            vf_putc(d->r->out, last ? '\n' : ' ');
        }
    }
}

static bool wanted_type(struct df *d, const struct mount *m)
{
    bool only = false, found = false;
    for (const char *o = d->r->opt; *o; o++) {
        const char *arg = d->r->optarg[o - d->r->opt];
        if (*o == 't') {
            only = true;
            found |= !strcmp(arg, m->type);
        } else if (*o == 'x' && !strcmp(arg, m->type)) {
            return false;
        }
    }
    if (cmd_has(d->r, 'l') && strchr(m->source, ':'))
        return false;
    return !only || found;
}

static bool seen_before(struct df *d, int i)
{
    for (int k = 0; k < i; k++)
        if (*d->mount[i].source == '/' && !strcmp(d->mount[k].source, d->mount[i].source))
            return true;
    return false;
}

/* The mount a path lies in: the longest target that begins its real path. */
static struct mount *mount_of(struct df *d, const char *path)
{
    char real[VFS_PATH_MAX];
    if (vm_realpath(d->r->p, path, real, sizeof(real)) < 0)
        return NULL;
    struct mount *best = NULL;
    size_t longest = 0;
    for (int i = 0; i < d->mounts; i++) {
        const char *t = d->mount[i].target;
        size_t n = strcmp(t, "/") ? strlen(t) : 0;
        if (!strncmp(real, t, n) && (!real[n] || real[n] == '/') && (!best || n >= longest)) {
            best = &d->mount[i];
            longest = n;
        }
        /* A device named as such stands for what is mounted of it. */
        if (!strcmp(d->mount[i].source, real))
            return &d->mount[i];
    }
    return best;
}

static bool set_columns(struct df *d)
{
    static const char *const names[] = {"source", "fstype", "size",   "used",   "avail", "pcent",
                                        "itotal", "iused",  "iavail", "ipcent", "file",  "target"};
    static const enum field blocks[] = {SOURCE, FSTYPE, SIZE, USED, AVAIL, PCENT, TARGET};
    static const enum field inodes[] = {SOURCE, FSTYPE, ITOTAL, IUSED, IAVAIL, IPCENT, TARGET};
    const char *list = cmd_arg(d->r, '\1');
    if (!list) {
        for (int i = 0; i < 7; i++)
            if (i != 1 || cmd_has(d->r, 'T'))
                d->column[d->columns++] = d->inodes ? inodes[i] : blocks[i];
        return true;
    }
    char *copy = vm_strdup(d->r->p, list), *word;
    while ((word = strsep(&copy, ","))) {
        int f = 0;
        while (f < COLUMNS && strcmp(names[f], word))
            f++;
        if (f == COLUMNS || d->columns == COLUMNS) {
            cmd_warn(d->r, "option --output: field %s unknown", cmd_quotel(d->r, word));
            (void)cmd_usage(d->r);
            return false;
        }
        d->column[d->columns++] = (enum field)f;
    }
    return true;
}

static bool set_unit(struct df *d)
{
    d->unit = vm_getenv(d->r->p, "POSIXLY_CORRECT") ? 512 : 1024;
    for (const char *o = d->r->opt; *o; o++) {
        const char *arg = d->r->optarg[o - d->r->opt];
        switch (*o) {
        case 'h':
        case 'H':
            d->unit = 0;
            d->base = *o == 'h' ? 1024 : 1000;
            break;
        case 'k':
            d->unit = 1024;
            break;
        case 'm':
            d->unit = 1 << 20;
            break;
        case 'B': {
            const char *s = *arg >= '0' && *arg <= '9' ? arg : vm_asprintf(d->r->p, "1%s", arg);
            if (cmd_number(s, "kKmMGTPEZY0", &d->unit) || !d->unit) {
                cmd_warn(d->r, "invalid --block-size argument %s", cmd_quotel(d->r, arg));
                return false;
            }
            break;
        }
        default:
            break;
        }
    }
    return true;
}

static void add_total(struct df *d)
{
    struct mount sum = {.source = "total", .target = "-", .type = "-"};
    uint64_t avail = 0;
    for (int i = 0; i < d->mounts; i++) {
        struct mount *m = &d->mount[i];
        if (!m->file)
            continue;
        sum.blocks += m->blocks;
        sum.bfree += m->bfree;
        sum.files += m->files;
        sum.ffree += m->ffree;
        avail += available(m);
    }
    add_mount(d, &sum, avail);
}

static int df_run(struct cmd_run *r)
{
    struct df *d = vm_alloc(r->p, sizeof(*d));
    d->r = r;
    d->all = cmd_has(r, 'a');
    d->posix = cmd_has(r, 'P');
    d->inodes = cmd_has(r, 'i');
    if (!set_unit(d) || !set_columns(d))
        return 1;
    read_mounts(d);
    add_titles(d);
    for (int i = 0; i < r->argc; i++) {
        struct vfs_stat st;
        int err = vm_stat(r->p, r->argv[i], &st);
        struct mount *m = err ? NULL : mount_of(d, r->argv[i]);
        if (!m) {
            cmd_warn_err(r, err ? err : ENOENT, "%s", cmd_quotef(r, r->argv[i]));
            d->status = 1;
            continue;
        }
        m->file = r->argv[i];
        if (wanted_type(d, m))
            add_mount(d, m, available(m));
    }
    for (int i = 0; !r->argc && i < d->mounts; i++) {
        struct mount *m = &d->mount[i];
        if ((!d->all && (!m->blocks || seen_before(d, i))) || !wanted_type(d, m))
            continue;
        add_mount(d, m, available(m));
        m->file = "-";
    }
    if (!d->shown) {
        if (!d->status)
            cmd_warn(r, "no file systems processed");
        return 1;
    }
    if (cmd_has(r, '\2'))
        add_total(d);
    print(d);
    return d->status;
}

static const char *const df_longs[] = {"all=a",        "block-size:=B",   "human-readable=h",
                                       "si=H",         "inodes=i",        "local=l",
                                       "no-sync=n",    "output?=\1",      "portability=P",
                                       "sync=s",       "total=\2",        "type:=t",
                                       "print-type=T", "exclude-type:=x", NULL};

const struct cmd cmd_df = {
    .name = "df", .opts = "aB:iF:hHklmPTt:vx:", .longs = df_longs, .run = df_run};
