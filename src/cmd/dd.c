/* dd.c -- copies blocks.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"

enum { BS_MAX = 64 << 20 };

struct dd {
    struct cmd_run *r;
    const char *in, *out;
    uint64_t ibs, obs, bs, count, skip, seek;
    bool has_count, count_bytes, skip_bytes, seek_bytes, notrunc, noerror, append, excl, nocreat,
        sync, lcase, ucase, swab, fullblock;
    int show; /* 0 all, 'x' noxfer, 'n' none */
    uint64_t in_full, in_part, out_full, out_part, bytes;
};

/* "4k", "2x512", "1M": false after a message. */
static bool amount(struct dd *d, const char *s, uint64_t *out, bool *bytes)
{
    uint64_t v = 1, part;
    char *copy = vm_strdup(d->r->p, s), *save = copy;
    size_t n = strlen(copy);
    if (bytes && n && copy[n - 1] == 'B' && n > 1 && copy[n - 2] >= '0' && copy[n - 2] <= '9') {
        *bytes = true;
        copy[n - 1] = '\0';
    }
    for (char *t; (t = strsep(&save, "x"));)
        if (*t < '0' || *t > '9' || cmd_number(t, "bcwkKmMgGTPEZY0", &part) ||
            __builtin_mul_overflow(v, part, &v)) {
            cmd_warn(d->r, "invalid number: %s", cmd_quotel(d->r, s));
            return false;
        }
    *out = v;
    return true;
}

static bool words(struct dd *d, const char *list, const char *what)
{
    char *copy = vm_strdup(d->r->p, list);
    for (char *w; (w = strsep(&copy, ","));) {
        static const char *const known[] = {
            "notrunc",     "noerror",    "sync",       "lcase",   "ucase",
            "swab",        "append",     "excl",       "nocreat", "fullblock",
            "count_bytes", "skip_bytes", "seek_bytes", "fsync",   "fdatasync",
            "direct",      "dsync",      "nonblock",   "noatime", "nocache",
            "noctty",      "nofollow",   "directory",  "sparse",  NULL};
        bool *flags[] = {&d->notrunc,     &d->noerror,    &d->sync,      &d->lcase,   &d->ucase,
                         &d->swab,        &d->append,     &d->excl,      &d->nocreat, &d->fullblock,
                         &d->count_bytes, &d->skip_bytes, &d->seek_bytes};
        size_t i = 0;
        while (known[i] && strcmp(known[i], w))
            i++;
        if (!known[i]) {
            cmd_warn(d->r, "invalid %s: %s", what, cmd_quotel(d->r, w));
            cmd_usage(d->r);
            return false;
        }
        if (i < sizeof(flags) / sizeof(*flags))
            *flags[i] = true;
    }
    return true;
}

static bool operand(struct dd *d, char *a)
{
    char *eq = strchr(a, '='), *v = eq ? eq + 1 : NULL;
    size_t n = eq ? (size_t)(eq - a) : 0;
#define IS(name) (n == sizeof(name) - 1 && !memcmp(a, name, n))
    if (IS("if"))
        return d->in = v, true;
    if (IS("of"))
        return d->out = v, true;
    if (IS("bs"))
        return amount(d, v, &d->bs, NULL);
    if (IS("ibs"))
        return amount(d, v, &d->ibs, NULL);
    if (IS("obs"))
        return amount(d, v, &d->obs, NULL);
    if (IS("count"))
        return d->has_count = true, amount(d, v, &d->count, &d->count_bytes);
    if (IS("skip") || IS("iseek"))
        return amount(d, v, &d->skip, &d->skip_bytes);
    if (IS("seek") || IS("oseek"))
        return amount(d, v, &d->seek, &d->seek_bytes);
    if (IS("conv"))
        return words(d, v, "conversion");
    if (IS("iflag"))
        return words(d, v, "input flag");
    if (IS("oflag"))
        return words(d, v, "output flag");
    if (IS("status")) {
        d->show = !strcmp(v, "none") ? 'n' : !strcmp(v, "noxfer") ? 'x' : 0;
        if (!d->show && strcmp(v, "progress")) {
            cmd_warn(d->r, "invalid status level: %s", cmd_quotel(d->r, v));
            cmd_usage(d->r);
            return false;
        }
        return true;
    }
#undef IS
    cmd_warn(d->r, "unrecognized operand %s", cmd_quotel(d->r, a));
    cmd_usage(d->r);
    return false;
}

static void report(struct dd *d, int64_t us)
{
    struct vfile *e = d->r->err;
    if (d->show == 'n')
        return;
    vf_printf(e, "%lu+%lu records in\n%lu+%lu records out\n", (unsigned long)d->in_full,
              (unsigned long)d->in_part, (unsigned long)d->out_full, (unsigned long)d->out_part);
    if (d->show == 'x')
        return;
    double s = us > 0 ? (double)us / 1e6 : 1e-6, rate = (double)d->bytes / s;
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    int u = 0, b = 0;
    for (; rate >= 999.5 && u < 4; u++)
        rate /= 1000;
    double si = (double)d->bytes, iec = (double)d->bytes;
    static const char *const iecs[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    for (; si >= 999.5 && b < 4; b++)
        si /= 1000;
    int i = 0;
    for (; iec >= 1023.5 && i < 4; i++)
        iec /= 1024;
    vf_printf(e, "%lu byte%s", (unsigned long)d->bytes, d->bytes == 1 ? "" : "s");
    if (d->bytes >= 1000)
        vf_printf(e, si < 9.95 && b ? " (%.1f %s" : " (%.0f %s", si, units[b]);
    if (d->bytes >= 1024)
        vf_printf(e, iec < 9.95 && i ? ", %.1f %s" : ", %.0f %s", iec, iecs[i]);
    vf_puts(e, d->bytes >= 1000 ? ") copied" : " copied");
    vf_printf(e, ", %g s, ", (double)(long)(s * 1e6 + 0.5) / 1e6);
    vf_printf(e, rate < 9.95 ? "%.1f %s/s\n" : "%.0f %s/s\n", rate, units[u]);
}

/* Skips the beginning of the input: by seeking, else by reading. */
static void skip_input(struct dd *d, char *block, size_t size)
{
    uint64_t n = d->skip_bytes ? d->skip : d->skip * d->ibs;
    struct vfs_stat st;
    if (!n)
        return;
    if (!vm_fstat(d->r->p, 0, &st) && S_ISREG(st.mode)) {
        if (n > (uint64_t)st.size) {
            cmd_warn(d->r, "%s: cannot skip to specified offset",
                     cmd_quotef(d->r, d->in ? d->in : "standard input"));
        }
        vm_lseek(d->r->p, 0, (int64_t)n, SEEK_CUR);
        return;
    }
    while (n) {
        ssize_t k = vm_read(d->r->p, 0, block, n < size ? (size_t)n : size);
        if (k <= 0)
            return;
        n -= (uint64_t)k;
    }
}

static int copy(struct dd *d)
{
    struct cmd_run *r = d->r;
    size_t size = d->ibs;
    char *block = vm_alloc(r->p, size + 1), *obuf = d->bs ? NULL : vm_alloc(r->p, d->obs);
    size_t have = 0;
    int status = 0;
    skip_input(d, block, size);
    for (uint64_t done = 0, left = d->count;
         !d->has_count || (d->count_bytes ? left > 0 : done < d->count); done++) {
        size_t want = d->has_count && d->count_bytes && left < size ? (size_t)left : size;
        ssize_t n = vm_read(r->p, 0, block, want);
        while (d->fullblock && n > 0 && (size_t)n < want) {
            ssize_t k = vm_read(r->p, 0, block + n, want - (size_t)n);
            if (k <= 0)
                break;
            n += k;
        }
        if (n < 0) {
            cmd_warn_err(r, (int)n, "error reading %s",
                         cmd_quote(r, d->in ? d->in : "standard input"));
            status = 1;
        }
        if (n <= 0)
            break;
        left -= (uint64_t)n;
        if ((size_t)n == size)
            d->in_full++;
        else
            d->in_part++;
        if (d->sync && (size_t)n < size) {
            memset(block + n, 0, size - (size_t)n);
            n = (ssize_t)size;
        }
        for (ssize_t i = 0; (d->lcase || d->ucase) && i < n; i++)
            if (d->lcase ? block[i] >= 'A' && block[i] <= 'Z' : block[i] >= 'a' && block[i] <= 'z')
                block[i] ^= 0x20;
        for (ssize_t i = 0; d->swab && i + 1 < n; i += 2) {
            char t = block[i];
            block[i] = block[i + 1];
            block[i + 1] = t;
        }
        const char *p = block;
        while (n > 0) {
            const char *out = p;
            size_t k = (size_t)n;
            if (obuf) {
                k = d->obs - have < k ? d->obs - have : k;
                memcpy(obuf + have, p, k);
                have += k;
                p += k;
                n -= (ssize_t)k;
                if (have < d->obs)
                    break;
                out = obuf;
                k = have;
                have = 0;
            } else {
                n = 0;
            }
            ssize_t w = vm_write_all(r->p, 1, out, k);
            if (w < 0) {
                cmd_warn_err(r, (int)w, "error writing %s",
                             cmd_quote(r, d->out ? d->out : "standard output"));
                return 1;
            }
            d->bytes += k;
            if (k == (obuf ? d->obs : size))
                d->out_full++;
            else
                d->out_part++;
        }
    }
    if (have) {
        ssize_t w = vm_write_all(r->p, 1, obuf, have);
        if (w < 0) {
            cmd_warn_err(r, (int)w, "error writing %s",
                         cmd_quote(r, d->out ? d->out : "standard output"));
            return 1;
        }
        d->bytes += have;
        d->out_part++;
    }
    return status;
}

static int open_as(struct dd *d, const char *name, int flags, int to)
{
    int fd = vm_open(d->r->p, name, flags, 0666);
    if (fd < 0) {
        cmd_warn_err(d->r, fd, "failed to open %s", cmd_quote(d->r, name));
        return 1;
    }
    if (fd != to) {
        vm_dup2(d->r->p, fd, to);
        vm_close(d->r->p, fd);
    }
    return 0;
}

static int dd_run(struct cmd_run *r)
{
    struct dd d = {.r = r, .ibs = 512, .obs = 512};
    if (r->argc == 1 && cmd_text_option(r, r->argv[0]))
        return 0;
    for (char **a = r->argv; *a; a++)
        if (strcmp(*a, "--") && !operand(&d, *a))
            return 1;
    if (d.bs)
        d.ibs = d.obs = d.bs;
    if (!d.ibs || !d.obs) {
        cmd_warn(r, "invalid number: %s", cmd_quotel(r, "0"));
        return 1;
    }
    if (d.ibs > BS_MAX || d.obs > BS_MAX) {
        cmd_warn(r, "memory exhausted by input buffer of size %lu bytes", (unsigned long)d.ibs);
        return 1;
    }
    if (d.in && open_as(&d, d.in, O_RDONLY, 0))
        return 1;
    uint64_t at = d.seek_bytes ? d.seek : d.seek * d.obs;
    int flags = O_WRONLY | (d.nocreat ? 0 : O_CREAT) | (d.excl ? O_EXCL : 0) |
                (d.append ? O_APPEND : 0) | (d.notrunc || at ? 0 : O_TRUNC);
    if (d.out && open_as(&d, d.out, flags, 1))
        return 1;
    if (d.out && at && !d.notrunc)
        (void)vm_ftruncate(r->p, 1, (int64_t)at);
    if (at)
        vm_lseek(r->p, 1, (int64_t)at, SEEK_CUR);
    int64_t start = vm_mono_us(r->p);
    int status = copy(&d);
    report(&d, vm_mono_us(r->p) - start);
    return status;
}

const struct cmd cmd_dd = {.name = "dd", .run = dd_run, .flags = CMD_RAW};
