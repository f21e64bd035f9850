/* od.c -- od: bytes as octal, hexadecimal, decimal numbers or characters.
 *
 * Each type prints one line for a block; all lines of a block are as wide as
 * the widest, the space spread between their fields.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"

enum { TYPES = 16, WIDTH_MAX = 4096 };

struct type {
    char kind; /* a c d o u x */
    unsigned size, width;
    bool text; /* with the characters behind */
};

struct od {
    struct cmd_run *r;
    struct type type[TYPES];
    size_t types, width, widest;
    char base;
    uint64_t at, limit;
    bool all, failed;
    int operand;
    struct vfile *in;
};

static unsigned field_width(char kind, unsigned size)
{
    static const uint8_t octal[] = {0, 3, 6, 0, 11, 0, 0, 0, 22};
    static const uint8_t with_sign[] = {0, 4, 6, 0, 11, 0, 0, 0, 20};
    static const uint8_t plain[] = {0, 3, 5, 0, 10, 0, 0, 0, 20};
    return kind == 'a' || kind == 'c' ? 3
           : kind == 'o'              ? octal[size]
           : kind == 'd'              ? with_sign[size]
           : kind == 'u'              ? plain[size]
                                      : 2 * size;
}

/* "x1z", "c", "o2d4": false after a message. */
static bool add_types(struct od *o, const char *s)
{
    const char *whole = s;
    while (*s) {
        struct type t = {.kind = *s};
        if (!strchr("acdoux", *s)) {
            cmd_warn(o->r, "invalid character '%c' in type string %s", *s, cmd_quotel(o->r, whole));
            return false;
        }
        s++;
        t.size = t.kind == 'a' || t.kind == 'c' ? 1 : 4;
        if (t.size == 4) {
            uint64_t n = 0;
            if (isdigit((unsigned char)*s)) {
                for (; isdigit((unsigned char)*s); s++)
                    n = n < 1000000 ? n * 10 + (unsigned)(*s - '0') : n;
                if (n != 1 && n != 2 && n != 4 && n != 8) {
                    cmd_warn(o->r,
                             "invalid type string %s;\nthis system doesn't provide a %llu-byte "
                             "integral type",
                             cmd_quotel(o->r, whole), (unsigned long long)n);
                    return false;
                }
                t.size = (unsigned)n;
            } else if (*s && strchr("CSIL", *s)) {
                t.size = *s == 'C' ? 1 : *s == 'S' ? 2 : *s == 'I' ? 4 : 8;
                s++;
            }
        }
        t.width = field_width(t.kind, t.size);
        if (*s == 'z')
            t.text = true, s++;
        if (o->types < TYPES)
            o->type[o->types++] = t;
    }
    return true;
}

/* --- output ------------------------------------------------------------------------- */

static void put_char(char out[8], char kind, uint8_t c)
{
    static const char *const names[] = {
        "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs",  "ht",  "nl",
        "vt",  "ff",  "cr",  "so",  "si",  "dle", "dc1", "dc2", "dc3", "dc4", "nak",
        "syn", "etb", "can", "em",  "sub", "esc", "fs",  "gs",  "rs",  "us",  "sp"};
    static const char escapes[] = "abtnvfr";
    if (kind == 'a' && ((c & 127) <= 32 || (c & 127) == 127))
        (void)str_copy(out, 8, (c & 127) == 127 ? "del" : names[c & 127]);
    else if (kind == 'a')
        (void)str_fmt(out, 8, "%c", c & 127);
    else if (!c)
        (void)str_copy(out, 8, "\\0");
    else if (c >= 7 && c <= 13)
        (void)str_fmt(out, 8, "\\%c", escapes[c - 7]);
    else
        (void)str_fmt(out, 8, c < 127 && isprint(c) ? "%c" : "%03o", c);
}

static void put_number(char out[32], const struct type *t, const uint8_t *b)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < t->size; i++)
        v |= (uint64_t)b[i] << 8 * i;
    unsigned shift = 64 - 8 * t->size;
    unsigned long long n = v;
    if (t->kind == 'd')
        (void)str_fmt(out, 32, "%lld", (long long)((int64_t)(v << shift) >> shift));
    else if (t->kind == 'u')
        (void)str_fmt(out, 32, "%llu", n);
    else if (t->kind == 'o')
        (void)str_fmt(out, 32, "%0*llo", (int)t->width, n);
    else
        (void)str_fmt(out, 32, "%0*llx", (int)t->width, n);
}

static void address(struct od *o, uint64_t at, char end)
{
    struct vfile *out = o->r->out;
    unsigned long long a = at;
    if (o->base == 'o')
        vf_printf(out, "%07llo", a);
    else if (o->base == 'd')
        vf_printf(out, "%07llu", a);
    else if (o->base == 'x')
        vf_printf(out, "%06llx", a);
    if (end && o->base != 'n')
        vf_putc(out, end);
}

static void show(struct od *o, const uint8_t *block, size_t have)
{
    struct vfile *out = o->r->out;
    for (size_t i = 0; i < o->types; i++) {
        const struct type *t = &o->type[i];
        size_t fields = o->width / t->size, filled = (have + t->size - 1) / t->size;
        size_t pad = o->widest - t->width * fields, left = pad;
        if (!i)
            address(o, o->at, 0);
        else if (o->base != 'n')
            vf_printf(out, "%*s", o->base == 'x' ? 6 : 7, "");
        for (size_t k = 0; k < filled; k++) {
            char text[32];
            size_t rest = pad * (fields - k - 1) / fields;
            if (t->kind == 'a' || t->kind == 'c')
                put_char(text, t->kind, block[k]);
            else
                put_number(text, t, block + k * t->size);
            vf_printf(out, "%*s", (int)(left - rest + t->width), text);
            left = rest;
        }
        if (t->text) {
            vf_printf(out, "%*s  >", (int)((fields - filled) * t->width + left), "");
            for (size_t k = 0; k < have; k++)
                vf_putc(out, block[k] < 127 && isprint(block[k]) ? block[k] : '.');
            vf_putc(out, '<');
        }
        vf_putc(out, '\n');
    }
}

/* --- input: all operands as one ------------------------------------------------------- */

static size_t more(struct od *o, uint8_t *buf, size_t n)
{
    size_t have = 0;
    while (have < n) {
        if (!o->in) {
            if (o->operand >= (o->r->argc ? o->r->argc : 1))
                break;
            const char *name = o->r->argc ? o->r->argv[o->operand] : "-";
            o->operand++;
            o->in = cmd_stream(o->r, name);
            o->failed |= !o->in;
            continue;
        }
        size_t k = vf_read(o->in, buf + have, n - have);
        if (k) {
            have += k;
            continue;
        }
        if (vf_error(o->in)) {
            const char *name = o->r->argc ? o->r->argv[o->operand - 1] : "-";
            cmd_warn_err(o->r, vf_error(o->in), "%s", cmd_quotef(o->r, name));
            o->failed = true;
        }
        cmd_stream_close(o->r, o->in);
        o->in = NULL;
    }
    return have;
}

static int dump(struct od *o)
{
    uint8_t *block = vm_alloc(o->r->p, o->width + 8), *old = vm_alloc(o->r->p, o->width + 8);
    bool same = false, any = false;
    for (;;) {
        size_t want = o->limit < o->width ? (size_t)o->limit : o->width;
        size_t have = want ? more(o, block, want) : 0;
        if (!have)
            break;
        o->limit -= have;
        memset(block + have, 0, o->width + 8 - have);
        vm_tick(o->r->p, (unsigned)(1 + have / 4));
        if (any && !o->all && have == o->width && !memcmp(block, old, o->width)) {
            if (!same)
                vf_puts(o->r->out, "*\n");
            same = true;
        } else {
            same = false;
            show(o, block, have);
            memcpy(old, block, o->width);
        }
        any = true;
        o->at += have;
    }
    if (any || !o->failed)
        address(o, o->at, '\n');
    return o->failed;
}

static bool skip(struct od *o, uint64_t n)
{
    uint8_t block[512];
    while (n) {
        size_t k = more(o, block, n < sizeof(block) ? (size_t)n : sizeof(block));
        if (!k) {
            if (!o->failed)
                cmd_warn(o->r, "cannot skip past end of combined input");
            return false;
        }
        n -= k;
        o->at += k;
        vm_tick(o->r->p, 2);
    }
    return true;
}

static int od_run(struct cmd_run *r)
{
    static const char *const old[] = {"aa",  "bo1", "cc",  "du2", "hx2", "id4", "ld8",
                                      "oo2", "sd2", "xx2", "Bo2", "Du4", "Xx4"};
    struct od *o = vm_alloc(r->p, sizeof(*o));
    uint64_t from = 0, width = 16;
    *o = (struct od){.r = r, .base = 'o', .limit = UINT64_MAX};
    for (size_t i = 0; r->opt[i]; i++) {
        const char *arg = r->optarg[i];
        uint64_t *to = r->opt[i] == 'j' ? &from : r->opt[i] == 'N' ? &o->limit : &width;
        switch (r->opt[i]) {
        case 'A':
            if (!strchr("doxn", *arg) || !*arg) {
                cmd_warn(r,
                         "invalid output address radix '%c'; it must be one character from [doxn]",
                         *arg);
                return 1;
            }
            o->base = *arg;
            break;
        case 't':
            if (!add_types(o, arg))
                return 1;
            break;
        case 'v':
            o->all = true;
            break;
        case 'w':
            if (!arg) {
                width = 32;
                break;
            } /* fall through */
        case 'j':
        case 'N': {
            int64_t hex = 0;
            if (arg[0] == '0' && (arg[1] | 32) == 'x' && arg[2]) {
                for (const char *s = arg + 2; isxdigit((unsigned char)*s) && hex < INT32_MAX; s++)
                    hex = hex * 16 + (isdigit((unsigned char)*s) ? *s - '0' : (*s | 32) - 'a' + 10);
                *to = (uint64_t)hex;
            } else if (cmd_number(arg, "bkKmMGTPE0", to)) {
                cmd_warn(r, "invalid -%c argument '%s'", r->opt[i], arg);
                return 1;
            }
            break;
        }
        default:
            for (size_t k = 0; k < sizeof(old) / sizeof(old[0]); k++)
                if (old[k][0] == r->opt[i] && !add_types(o, old[k] + 1))
                    return 1;
        }
    }
    if (!o->types && !add_types(o, "o2"))
        return 1;
    unsigned unit = 1;
    for (size_t i = 0; i < o->types; i++)
        unit = o->type[i].size > unit ? o->type[i].size : unit;
    if (!width || width % unit || width > WIDTH_MAX) {
        cmd_warn(r, "warning: invalid width %llu; using %u instead", (unsigned long long)width,
                 unit);
        width = unit;
    }
    o->width = (size_t)width;
    for (size_t i = 0; i < o->types; i++) {
        size_t w = (o->type[i].width + 1) * (o->width / o->type[i].size);
        o->widest = w > o->widest ? w : o->widest;
    }
    if (!skip(o, from))
        return 1;
    return dump(o);
}

static const char *const od_longs[] = {"address-radix:=A",
                                       "skip-bytes:=j",
                                       "read-bytes:=N",
                                       "format:=t",
                                       "width?=w",
                                       "output-duplicates=v",
                                       NULL};

const struct cmd cmd_od = {
    .name = "od", .opts = "A:abcDdFfhiIj:lLN:oBst:vw::xX", .longs = od_longs, .run = od_run};
