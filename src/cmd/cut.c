/* cut.c -- parts of lines: by bytes, characters or fields.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/cmd.h"

struct span {
    uint64_t lo, hi; /* from 1 */
};

struct cut {
    struct cmd_run *r;
    struct span *span;
    size_t n;
    char mode; /* b c f */
    char delim, eol;
    const char *out_delim;
    bool only, complement;
};

static bool bad_list(struct cut *c, const char *what, const char *item)
{
    if (item)
        cmd_warn(c->r, "%s %s", what, cmd_quotel(c->r, item));
    else
        cmd_warn(c->r, "%s", what);
    cmd_usage(c->r);
    return false;
}

/* "1,3-5,7-": false after a message. */
static bool parse_list(struct cut *c, const char *list)
{
    bool fields = c->mode == 'f';
    size_t most = 1;
    for (const char *s = list; *s; s++)
        most += *s == ',' || *s == ' ' || *s == '\t';
    c->span = vm_alloc(c->r->p, most * sizeof(*c->span));
    for (const char *s = list;;) {
        struct span sp = {0, 0};
        bool lo = false, hi = false, dash = false;
        const char *item = s;
        for (; *s && !strchr(", \t", *s); s++) {
            uint64_t *v = dash ? &sp.hi : &sp.lo;
            if (*s == '-' && !dash) {
                dash = true;
            } else if (*s >= '0' && *s <= '9') {
                *v = *v < UINT64_MAX / 16 ? *v * 10 + (uint64_t)(*s - '0') : *v;
                *(dash ? &hi : &lo) = true;
            } else {
                return bad_list(
                    c, fields ? "invalid field value" : "invalid byte/character position", item);
            }
        }
        if (dash && !lo && !hi)
            return bad_list(c, "invalid range with no endpoint: -", NULL);
        if (!dash && !lo)
            return bad_list(c,
                            fields ? "fields are numbered from 1"
                                   : "byte/character positions are numbered from 1",
                            NULL);
        if ((lo && !sp.lo))
            return bad_list(c,
                            fields ? "fields are numbered from 1"
                                   : "byte/character positions are numbered from 1",
                            NULL);
        if (!lo)
            sp.lo = 1;
        if (!dash)
            sp.hi = sp.lo;
        else if (!hi)
            sp.hi = UINT64_MAX;
        if (sp.hi < sp.lo)
            return bad_list(c, "invalid decreasing range", NULL);
        c->span[c->n++] = sp;
        if (!*s)
            break;
        s++;
    }
    return true;
}

static bool selected(const struct cut *c, uint64_t at)
{
    bool in = false;
    for (size_t i = 0; i < c->n && !in; i++)
        in = at >= c->span[i].lo && at <= c->span[i].hi;
    return in != c->complement;
}

/* Does a span begin at at? Then an output delimiter goes before it. */
static bool begins(const struct cut *c, uint64_t at)
{
    return c->out_delim && !selected(c, at - 1);
}

static void cut_bytes(const struct cut *c, const char *s, size_t n)
{
    struct vfile *o = c->r->out;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (!selected(c, i + 1))
            continue;
        if (any && begins(c, i + 1))
            vf_puts(o, c->out_delim);
        vf_putc(o, s[i]);
        any = true;
    }
}

static void cut_fields(const struct cut *c, const char *s, size_t n)
{
    struct vfile *o = c->r->out;
    const char *end = s + n;
    bool any = false;
    uint64_t at = 1;
    for (;; at++) {
        const char *e = memchr(s, c->delim, (size_t)(end - s));
        if (selected(c, at)) {
            if (any && c->out_delim)
                vf_puts(o, c->out_delim);
            else if (any)
                vf_putc(o, c->delim);
            vf_write(o, s, (size_t)((e ? e : end) - s));
            any = true;
        }
        if (!e)
            return;
        s = e + 1;
    }
}

static void cut_file(const struct cut *c, struct vfile *f)
{
    size_t n;
    for (char *line; (line = vf_getdelim(f, c->eol, &n));) {
        n -= line[n - 1] == c->eol;
        if (c->mode != 'f') {
            cut_bytes(c, line, n);
        } else if (memchr(line, c->delim, n)) {
            cut_fields(c, line, n);
        } else if (c->only) {
            continue;
        } else {
            vf_write(c->r->out, line, n);
        }
        vf_putc(c->r->out, c->eol);
    }
}

static int cut_run(struct cmd_run *r)
{
    struct cut c = {.r = r, .delim = '\t', .eol = cmd_has(r, 'z') ? '\0' : '\n'};
    int lists = cmd_count(r, 'b') + cmd_count(r, 'c') + cmd_count(r, 'f');
    const char *d = cmd_arg(r, 'd');
    if (lists != 1) {
        cmd_warn(r, lists ? "only one list may be specified"
                          : "you must specify a list of bytes, characters, or fields");
        return cmd_usage(r);
    }
    c.mode = (char)cmd_latest(r, "bcf");
    c.only = cmd_has(r, 's');
    c.complement = cmd_has(r, '\1');
    c.out_delim = cmd_arg(r, '\2');
    if (d && d[0] && d[1]) {
        cmd_warn(r, "the delimiter must be a single character");
        return cmd_usage(r);
    }
    if (d && c.mode != 'f') {
        cmd_warn(r, "an input delimiter may be specified only when operating on fields");
        return cmd_usage(r);
    }
    if (c.only && c.mode != 'f') {
        cmd_warn(r, "suppressing non-delimited lines makes sense\n\tonly when operating on fields");
        return cmd_usage(r);
    }
    if (d)
        c.delim = *d;
    if (!parse_list(&c, cmd_arg(r, c.mode)))
        return 1;
    int status = 0;
    char *standard[] = {"-", NULL};
    for (char **f = r->argc ? r->argv : standard; *f; f++) {
        struct vfile *in = cmd_stream(r, *f);
        if (!in) {
            status = 1;
            continue;
        }
        cut_file(&c, in);
        if (vf_error(in)) {
            cmd_warn_err(r, vf_error(in), "%s", cmd_quotef(r, *f));
            status = 1;
        }
        cmd_stream_close(r, in);
    }
    return status;
}

static const char *const cut_longs[] = {
    "bytes:=b",      "characters:=c",     "fields:=f",
    "delimiter:=d",  "only-delimited=s",  "output-delimiter:=\2",
    "complement=\1", "zero-terminated=z", NULL};

const struct cmd cmd_cut = {
    .name = "cut", .opts = "b:c:d:f:nsz", .longs = cut_longs, .run = cut_run};
