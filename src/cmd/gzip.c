/* gzip.c -- gzip, gunzip, zcat: files replaced by their compressed or
 * decompressed selves, or streams.
 *
 * gunzip and zcat are scripts around gzip on a real system: their messages
 * begin with "gzip".
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "cmd/cmd.h"
#include "cmd/pack.h"

enum { BLOCK = 32768, TRAILER = 8, WARNING = 2 };

struct gz {
    struct cmd_run *r;
    bool decompress, to_stdout, test, list, force, keep, quiet, verbose, recurse, no_name, named;
    bool head_shown;
    int level, status;
    const char *suffix;
    uint64_t plain, packed; /* bytes of the current file */
    uint64_t sum_plain, sum_packed;
};

static void fail(struct gz *g, int status)
{
    if (status == 1 || !g->status)
        g->status = status;
}

/* A message as the library's perror-like helper words it. */
static void oops(struct gz *g, int err, const char *name)
{
    cmd_warn_err(g->r, err, "%s", name);
    fail(g, 1);
}

static void ratio_text(char out[16], uint64_t plain, uint64_t packed)
{
    double part = plain ? 100.0 * ((double)plain - (double)packed) / (double)plain : 0;
    (void)str_fmt(out, 16, "%5.1f%%", part);
}

/* --- names ---------------------------------------------------------------------- */

/* The known suffix that name ends with, or NULL. */
static const char *suffix_of(struct gz *g, const char *name)
{
    static const char *const known[] = {".gz", ".z", ".taz", ".tgz", "-gz", "-z", "_z", ".Z"};
    if (g->suffix && str_ends(name, g->suffix) && strlen(name) > strlen(g->suffix))
        return g->suffix;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (str_ends(name, known[i]) && strlen(name) > strlen(known[i]) &&
            name[strlen(name) - strlen(known[i]) - 1] != '/')
            return known[i];
    return NULL;
}

static char *plain_name(struct gz *g, const char *name, const char *suffix)
{
    size_t n = strlen(name) - strlen(suffix);
    const char *tar = !strcmp(suffix, ".tgz") || !strcmp(suffix, ".taz") ? ".tar" : "";
    return vm_asprintf(g->r->p, "%.*s%s", (int)n, name, tar);
}

/* Opens an input; with -d a name without suffix stands for the one with it. */
static int open_input(struct gz *g, const char **name)
{
    static const char *const tried[] = {".gz", ".z", "-z", ".Z"};
    int fd = vm_open(g->r->p, *name, O_RDONLY, 0);
    if (fd != -ENOENT || !g->decompress || suffix_of(g, *name))
        return fd;
    for (size_t i = 0; i < 4; i++) {
        const char *other = vm_asprintf(g->r->p, "%s%s", *name, tried[i]);
        int e = vm_open(g->r->p, other, O_RDONLY, 0);
        if (e != -ENOENT || i == 3) {
            *name = e == -ENOENT ? vm_asprintf(g->r->p, "%s.gz", *name) : other;
            return e;
        }
    }
    return fd;
}

/* --- streams ----------------------------------------------------------------------- */

static void bad_input(struct gz *g, ssize_t e, const char *name)
{
    const char *what = e == PACK_FOREIGN ? "not in gzip format"
                       : e == PACK_SHORT ? "unexpected end of file"
                       : e == PACK_CRC   ? "invalid compressed data--crc error"
                                         : "invalid compressed data--format violated";
    if (e > PACK_FOREIGN) {
        oops(g, (int)e, name);
        return;
    }
    (void)vf_flush(g->r->out);
    vf_printf(g->r->err, "\n%s: %s: %s\n", g->r->name, name, what);
    fail(g, 1);
}

/* Decompresses descriptor to descriptor (to < 0: nowhere). true if good. */
static bool expand(struct gz *g, int from, int to, const char *name)
{
    struct proc *p = g->r->p;
    uint8_t head[8];
    size_t have = 0;
    ssize_t n = 0;
    while (have < 6 && (n = vm_read(p, from, head + have, 6 - have)) > 0)
        have += (size_t)n;
    if (n < 0) {
        oops(g, (int)n, name);
        return false;
    }
    enum pack_kind kind = PACK_GZIP;
    if (g->force && g->to_stdout && pack_guess(head, have) != PACK_GZIP)
        kind = PACK_NONE;
    struct pack *k = pack_reader(p, kind, from, head, have);
    char *block = vm_alloc(p, BLOCK);
    while ((n = pack_read(k, block, BLOCK)) > 0) {
        ssize_t w = to >= 0 ? vm_write_all(p, to, block, (size_t)n) : n;
        if (w < 0) {
            oops(g, (int)w, "stdout");
            break;
        }
        g->plain += (uint64_t)n;
    }
    if (n < 0)
        bad_input(g, n, name);
    if (!n && pack_garbage(k)) {
        if (!g->quiet)
            vf_printf(g->r->err, "\n%s: %s: decompression OK, trailing garbage ignored\n",
                      g->r->name, name);
        fail(g, WARNING);
    }
    g->packed = pack_taken(k);
    vm_release(p, block, BLOCK);
    pack_close(k);
    return n == 0;
}

static bool shrink(struct gz *g, int from, int to, const char *name, const struct vfs_stat *st)
{
    struct proc *p = g->r->p;
    struct pack *k = pack_writer(p, PACK_GZIP, to, g->level);
    if (st && !g->no_name)
        pack_label(k, cmd_base(name), (uint32_t)st->mtime.tv_sec);
    char *block = vm_alloc(p, BLOCK);
    ssize_t n;
    int w = 0;
    while ((n = vm_read(p, from, block, BLOCK)) > 0) {
        g->plain += (uint64_t)n;
        if ((w = pack_write(k, block, (size_t)n)))
            break;
    }
    if (!n)
        w = pack_finish(k);
    if (n < 0 || w)
        oops(g, n < 0 ? (int)n : w, n < 0 ? name : "stdout");
    g->packed = pack_taken(k);
    vm_release(p, block, BLOCK);
    pack_close(k);
    return !n && !w;
}

/* --- listing -------------------------------------------------------------------------- */

static uint32_t le32(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void list_line(struct gz *g, uint64_t packed, uint64_t plain, uint64_t body,
                      const char *name)
{
    char ratio[16];
    ratio_text(ratio, plain, body);
    vf_printf(g->r->out, "%19llu %19llu %s %s\n", (unsigned long long)packed,
              (unsigned long long)plain, ratio, name);
}

static void list_file(struct gz *g, int fd, const char *name)
{
    struct proc *p = g->r->p;
    struct vfs_stat st;
    uint8_t head[10] = {0}, tail[TRAILER] = {0};
    ssize_t n = vm_read(p, fd, head, sizeof(head));
    if (n < 0 || vm_fstat(p, fd, &st) < 0) {
        oops(g, n < 0 ? (int)n : -EBADF, name);
        return;
    }
    if (n < 10 || pack_guess(head, (size_t)n) != PACK_GZIP) {
        bad_input(g, n < 2 ? PACK_SHORT : PACK_FOREIGN, name);
        return;
    }
    if (st.size > 18)
        (void)vm_pread(p, fd, tail, TRAILER, st.size - TRAILER);
    uint32_t plain = le32(tail + 4);
    if (!g->head_shown && !g->quiet) {
        if (g->verbose)
            vf_puts(g->r->out, "method  crc     date  time  ");
        vf_puts(g->r->out, "         compressed        uncompressed  ratio uncompressed_name\n");
    }
    g->head_shown = true;
    if (g->verbose) {
        char when[16];
        struct tm tm;
        time_t t = (time_t)le32(head + 4);
        if (!t)
            t = st.mtime.tv_sec;
        strftime(when, sizeof(when), "%b %e %H:%M", gmtime_r(&t, &tm));
        vf_printf(g->r->out, "defla %08x %s ", le32(tail), when);
    }
    const char *suffix = suffix_of(g, name);
    size_t label =
        head[3] & 8 ? strlen(suffix ? plain_name(g, cmd_base(name), suffix) : "") + 1 : 0;
    uint64_t size = (uint64_t)st.size, body = size > 18 + label ? size - 18 - label : 0;
    list_line(g, size, plain, body,
              !strcmp(name, "stdin") ? "stdout"
              : suffix               ? plain_name(g, name, suffix)
                                     : name);
    g->sum_plain += plain;
    g->sum_packed += size;
}

/* --- files ------------------------------------------------------------------------------- */

static void tell(struct gz *g, const char *name, const char *to)
{
    char ratio[16];
    if (!g->verbose)
        return;
    if (g->test) {
        vf_printf(g->r->err, "%s:\t OK\n", name);
        return;
    }
    uint64_t extra = 18;
    if (!g->no_name && strcmp(name, "stdin"))
        extra += strlen(cmd_base(g->decompress ? to ? to : name : name)) + 1;
    ratio_text(ratio, g->plain, g->packed > extra ? g->packed - extra : 0);
    if (to)
        vf_printf(g->r->err, "%s:\t%s -- %s %s\n", name, ratio,
                  g->keep ? "created" : "replaced with", to);
    else if (strcmp(name, "stdin"))
        vf_printf(g->r->err, "%s:\t%s\n", name, ratio);
    else if (!g->decompress)
        vf_printf(g->r->err, "%s\n", ratio);
}

/* Creates the output: a descriptor, or -1 after what there is to say. */
static int create(struct gz *g, const char *name, uint32_t mode)
{
    struct proc *p = g->r->p;
    int fd = vm_open(p, name, O_WRONLY | O_CREAT | O_EXCL, mode & 0600);
    if (fd == -EEXIST) {
        bool yes = g->force;
        if (!yes) {
            bool ask = vm_isatty(p, 0);
            vf_printf(g->r->err, "%s: %s already exists;%s", g->r->name, name,
                      ask ? " do you wish to overwrite (y or n)? " : "");
            yes = ask && cmd_confirm(g->r);
            if (!yes) {
                vf_puts(g->r->err, "\tnot overwritten\n");
                fail(g, WARNING);
                return -1;
            }
        }
        vm_unlink(p, name);
        fd = vm_open(p, name, O_WRONLY | O_CREAT | O_EXCL, mode & 0600);
    }
    if (fd < 0) {
        oops(g, fd, name);
        return -1;
    }
    return fd;
}

static void do_file(struct gz *g, const char *name);

static void do_folder(struct gz *g, const char *name)
{
    struct vm_dirent *list;
    int n = vm_readdir(g->r->p, name, &list);
    if (!g->recurse || n < 0 || vm_deep(g->r->p)) {
        if (!g->quiet)
            cmd_warn(g->r, "%s is a directory -- ignored", name);
        fail(g, WARNING);
        return;
    }
    for (int i = 0; i < n; i++)
        do_file(g, cmd_path_join(g->r, name, list[i].name));
}

static void replace(struct gz *g, int fd, const char *name, const struct vfs_stat *st)
{
    struct proc *p = g->r->p;
    const char *known = suffix_of(g, name);
    if (g->decompress && !known) {
        if (!g->quiet && !g->recurse)
            cmd_warn(g->r, "%s: unknown suffix -- ignored", name);
        fail(g, WARNING);
        return;
    }
    if (!g->decompress && known && !g->force) {
        if (!g->quiet)
            cmd_warn(g->r, "%s already has %s suffix -- unchanged", name, known);
        return;
    }
    const char *to = g->decompress ? plain_name(g, name, known)
                                   : vm_asprintf(p, "%s%s", name, g->suffix ? g->suffix : ".gz");
    int out = create(g, to, st->mode);
    if (out < 0)
        return;
    bool good = g->decompress ? expand(g, fd, out, name) : shrink(g, fd, out, name, st);
    vm_close(p, out);
    if (!good) {
        vm_unlink(p, to);
        return;
    }
    struct timespec times[2] = {st->atime, st->mtime};
    (void)vm_utimens(p, to, times, true);
    (void)vm_chown(p, to, st->uid, st->gid, true);
    (void)vm_chmod(p, to, st->mode & 07777);
    if (!g->keep)
        vm_unlink(p, name);
    tell(g, name, to);
}

static void do_file(struct gz *g, const char *name)
{
    struct proc *p = g->r->p;
    struct vfs_stat st;
    g->plain = g->packed = 0;
    int fd = open_input(g, &name);
    if (fd < 0 || vm_fstat(p, fd, &st) < 0) {
        oops(g, fd, name);
        return;
    }
    if (S_ISDIR(st.mode)) {
        vm_close(p, fd);
        do_folder(g, name);
        return;
    }
    if (g->list) {
        list_file(g, fd, name);
    } else if (g->to_stdout || g->test) {
        int to = g->test ? -1 : 1;
        if (g->decompress ? expand(g, fd, to, name) : shrink(g, fd, to, name, &st))
            tell(g, name, NULL);
    } else if (!S_ISREG(st.mode)) {
        cmd_warn(g->r, "%s is not a directory or a regular file - ignored", name);
        fail(g, WARNING);
    } else {
        replace(g, fd, name, &st);
    }
    vm_close(p, fd);
}

static void do_stdin(struct gz *g)
{
    struct cmd_run *r = g->r;
    g->plain = g->packed = 0;
    if (!g->force && !g->list && vm_isatty(r->p, g->decompress ? 0 : 1)) {
        vf_printf(r->err,
                  "%s: compressed data not %s a terminal. Use -f to force %scompression.\n"
                  "For help, type: %s -h\n",
                  r->name, g->decompress ? "read from" : "written to", g->decompress ? "de" : "",
                  r->name);
        fail(g, 1);
        return;
    }
    g->to_stdout = true;
    if (g->list)
        list_file(g, 0, "stdin");
    else if (g->decompress ? expand(g, 0, g->test ? -1 : 1, "stdin")
                           : shrink(g, 0, 1, "stdin", NULL))
        tell(g, "stdin", NULL);
}

static int gzip_run(struct cmd_run *r)
{
    const char *as = r->cmd->name;
    struct gz g = {.r = r, .level = 6, .suffix = cmd_arg(r, 'S')};
    r->name = "gzip";
    if (cmd_has(r, 'h') || cmd_has(r, 'V')) {
        size_t n;
        const char *t = vm_text(r->p, cmd_has(r, 'h') ? "gzip --help" : "gzip --version", &n);
        if (t)
            vf_write(r->out, t, n);
        return 0;
    }
    for (const char *o = r->opt; *o; o++)
        if (*o >= '1' && *o <= '9')
            g.level = *o - '0';
    g.test = cmd_has(r, 't');
    g.list = cmd_has(r, 'l');
    g.decompress = cmd_has(r, 'd') || g.test || g.list || strcmp(as, "gzip") != 0;
    g.to_stdout = cmd_has(r, 'c') || !strcmp(as, "zcat");
    g.force = cmd_has(r, 'f');
    g.keep = cmd_has(r, 'k');
    g.quiet = cmd_has(r, 'q');
    g.verbose = cmd_has(r, 'v');
    g.recurse = cmd_has(r, 'r');
    g.no_name = cmd_has(r, 'n');
    for (int i = 0; i < r->argc; i++)
        if (!strcmp(r->argv[i], "-"))
            do_stdin(&g);
        else
            do_file(&g, r->argv[i]);
    if (!r->argc)
        do_stdin(&g);
    if (g.list && r->argc > 1 && !g.quiet) {
        if (g.verbose)
            vf_puts(r->out, "                            ");
        list_line(&g, g.sum_packed, g.sum_plain, g.sum_packed, "(totals)");
    }
    return g.status;
}

static const char *const gzip_longs[] = {
    "ascii=a",      "to-stdout=c", "stdout=c",  "decompress=d",   "uncompress=d",
    "force=f",      "keep=k",      "list=l",    "license=L",      "no-name=n",
    "name=N",       "quiet=q",     "silent=q",  "synchronous=\1", "recursive=r",
    "suffix:=S",    "test=t",      "verbose=v", "fast=1",         "best=9",
    "rsyncable=\2", NULL};

#define GZIP(NAME)                                                                                 \
    const struct cmd cmd_##NAME = {.name = #NAME,                                                  \
                                   .opts = "acdfhkLlnNqrS:tvV123456789",                           \
                                   .longs = gzip_longs,                                            \
                                   .try = "Try `gzip --help' for more information.\n",             \
                                   .run = gzip_run}
GZIP(gzip);
GZIP(gunzip);
GZIP(zcat);
