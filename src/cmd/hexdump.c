/* hexdump.c -- hexdump and hd: bytes by format strings, of which the options
 * -C -b -c -d -o -x are ready-made ones.
 *
 * A format is a list of units: repeat/bytes "text with a conversion". Each
 * format walks over the same block; what lies behind the end prints as blanks.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

enum { UNITS = 16, FORMATS = 8, BLOCK_MAX = 4096, TEXT_MAX = 64 };

struct unit {
    unsigned repeat, bytes; /* bytes 0: nothing is taken */
    bool counted;
    char text[TEXT_MAX];
};

struct format {
    struct unit unit[UNITS];
    size_t n;
};

struct dump {
    struct cmd_run *r;
    struct format format[FORMATS];
    size_t formats, block;
    uint64_t at, end;
    const char *final; /* the address after everything; NULL: none */
    uint64_t skip, limit;
    bool all, failed;
    int operand;
    struct vfile *in;
};

/* --- format strings ---------------------------------------------------------------- */

/* How a conversion begins and ends: what lies between is flags and width. */
static const char *conversion(const char *s)
{
    for (; (s = strchr(s, '%')); s += 2)
        if (s[1] != '%')
            return s;
    return NULL;
}

static unsigned natural_size(const char *conv)
{
    const char *c = conv + 1 + strspn(conv + 1, "#-+ 0123456789.");
    if (*c == '_')
        return c[1] == 'a' || c[1] == 'A' ? 0 : 1;
    return *c == 'c' ? 1 : *c == 's' ? 1 : strchr("eEfgG", *c) ? 8 : 4;
}

static bool parse_text(const char **at, char *out)
{
    size_t n = 0;
    const char *s = *at;
    static const char from[] = "ntrabfv0", to[] = "\n\t\r\a\b\f\v";
    if (*s++ != '"')
        return false;
    for (; *s && *s != '"'; s++) {
        char c = *s;
        if (c == '\\' && s[1]) {
            const char *k = strchr(from, *++s);
            c = k ? to[k - from] : *s;
        }
        if (n + 1 < TEXT_MAX && c)
            out[n++] = c;
    }
    out[n] = '\0';
    *at = s + 1;
    return *s == '"';
}

static bool parse_format(struct format *f, const char *s)
{
    for (;;) {
        s += strspn(s, " \t\n");
        if (!*s)
            return f->n > 0;
        if (f->n == UNITS)
            return false;
        struct unit *u = &f->unit[f->n++];
        u->repeat = 1;
        bool sized = false;
        if (isdigit((unsigned char)*s)) {
            u->repeat = 0;
            for (u->counted = true; isdigit((unsigned char)*s); s++)
                u->repeat = u->repeat < BLOCK_MAX ? u->repeat * 10 + (unsigned)(*s - '0') : 0;
            s += strspn(s, " \t");
        }
        if (*s == '/') {
            for (s += 1 + strspn(s + 1, " \t"); isdigit((unsigned char)*s); s++, sized = true)
                u->bytes = u->bytes < 64 ? u->bytes * 10 + (unsigned)(*s - '0') : 64;
            s += strspn(s, " \t");
        }
        if (!parse_text(&s, u->text) || u->repeat > BLOCK_MAX)
            return false;
        const char *conv = conversion(u->text);
        if (!conv)
            u->bytes = 0;
        else if (!sized || !natural_size(conv))
            u->bytes = natural_size(conv);
    }
}

/* --- output ----------------------------------------------------------------------------- */

static const char *char_name(uint8_t c, char kind)
{
    static const char *const short_names[] = {
        "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs",  "ht",  "lf",
        "vt",  "ff",  "cr",  "so",  "si",  "dle", "dc1", "dc2", "dc3", "dc4", "nak",
        "syn", "etb", "can", "em",  "sub", "esc", "fs",  "gs",  "rs",  "us"};
    static const char *const shown[] = {"\\0", "\\a", "\\b", "\\t", "\\n", "\\v", "\\f", "\\r"};
    static const uint8_t codes[] = {0, 7, 8, 9, 10, 11, 12, 13};
    if (kind == 'u')
        return c < 32 ? short_names[c] : c == 127 ? "del" : NULL;
    for (size_t i = 0; i < sizeof(codes); i++)
        if (codes[i] == c)
            return shown[i];
    return NULL;
}

/* One unit's text for bytes[0..n-1], have of which are there. */
static void emit(struct dump *d, const struct unit *u, const uint8_t *bytes, size_t have,
                 uint64_t at, bool last)
{
    struct vfile *out = d->r->out;
    const char *conv = conversion(u->text);
    size_t len = strlen(u->text), keep = len;
    if (last && u->repeat > 1)
        while (keep && (u->text[keep - 1] == ' ' || u->text[keep - 1] == '\t'))
            keep--;
    for (const char *s = u->text; s < u->text + keep; s++) {
        if (s != conv) {
            if (*s == '%')
                s++;
            vf_putc(out, *s);
            continue;
        }
        size_t flags = 1 + strspn(s + 1, "#-+ 0123456789.");
        char spec[TEXT_MAX];
        const char *c = s + flags;
        bool blank = u->bytes && !have;
        memcpy(spec, s, flags);
        uint64_t v = 0;
        for (size_t i = 0; i < u->bytes && i < have && i < 8; i++)
            v |= (uint64_t)bytes[i] << 8 * i;
        char kind = *c, sub = kind == '_' ? *++c : 0;
        if (blank) {
            int w = 0;
            for (size_t i = 1; i < flags && isdigit((unsigned char)spec[i]) && w < 100; i++)
                w = w * 10 + (spec[i] - '0');
            vf_printf(out, "%*s", w, "");
            if (sub == 'a' || sub == 'A')
                c++;
        } else if (sub == 'a' || sub == 'A') {
            c++;
            (void)str_fmt(spec + flags, sizeof(spec) - flags, "ll%c",
                          *c == 'd'   ? 'd'
                          : *c == 'o' ? 'o'
                                      : 'x');
            char text[TEXT_MAX * 2];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(text, sizeof(text), spec, (unsigned long long)at);
            vf_puts(out, text);
        } else {
            char text[TEXT_MAX * 2], one[8];
            const char *name = sub == 'c' || sub == 'u' ? char_name(*bytes, sub) : NULL;
            bool text_like = sub || kind == 'c' || kind == 's';
            if (text_like) {
                if (sub == 'p')
                    (void)str_fmt(one, sizeof(one), "%c", isprint(*bytes) ? *bytes : '.');
                else if (name)
                    (void)str_copy(one, sizeof(one), name);
                else if (sub && !(*bytes < 127 && isprint(*bytes)))
                    (void)str_fmt(one, sizeof(one), sub == 'u' ? "%02x" : "%03o", *bytes);
                else
                    (void)str_fmt(one, sizeof(one), "%c", *bytes);
                (void)str_copy(spec + flags, sizeof(spec) - flags, "s");
                snprintf(text, sizeof(text), spec, one);
            } else {
                int64_t sv = u->bytes < 8 && u->bytes
                                 ? (int64_t)(v << (64 - 8 * u->bytes)) >> (64 - 8 * u->bytes)
                                 : (int64_t)v;
                char k = strchr("diouxX", kind) ? kind : 'x';
                (void)str_fmt(spec + flags, sizeof(spec) - flags, "ll%c", k);
                snprintf(text, sizeof(text), spec,
                         k == 'd' || k == 'i' ? (unsigned long long)sv : (unsigned long long)v);
#pragma GCC diagnostic pop
            }
            vf_puts(out, text);
        }
        s = c;
        if (!*c)
            break;
    }
}

static void show(struct dump *d, const uint8_t *block, size_t have)
{
    for (size_t f = 0; f < d->formats; f++) {
        size_t at = 0;
        for (size_t i = 0; i < d->format[f].n; i++) {
            const struct unit *u = &d->format[f].unit[i];
            for (unsigned k = 0; k < u->repeat; k++) {
                emit(d, u, block + at, at < have ? have - at : 0, d->at + at, k + 1 == u->repeat);
                at += u->bytes;
            }
        }
    }
}

/* --- input: all operands as one ------------------------------------------------------------- */

static size_t more(struct dump *d, uint8_t *buf, size_t n)
{
    size_t have = 0;
    while (have < n) {
        if (!d->in) {
            int count = d->r->argc ? d->r->argc : 1;
            if (d->operand >= count)
                break;
            int err = 0;
            const char *name = d->r->argc ? d->r->argv[d->operand] : NULL;
            d->operand++;
            d->in = name ? vf_open(d->r->p, name, "r", &err) : d->r->in;
            if (!d->in) {
                cmd_warn_err(d->r, err, "%s", name);
                d->failed = true;
                continue;
            }
        }
        size_t k = vf_read(d->in, buf + have, n - have);
        if (k) {
            have += k;
            continue;
        }
        if (vf_error(d->in)) {
            cmd_warn_err(d->r, vf_error(d->in), "%s",
                         d->r->argc ? d->r->argv[d->operand - 1] : "stdin");
            d->failed = true;
        }
        cmd_stream_close(d->r, d->in);
        d->in = NULL;
    }
    return have;
}

static int dump(struct dump *d)
{
    uint8_t *block = vm_alloc(d->r->p, d->block + 8), *old = vm_alloc(d->r->p, d->block + 8);
    bool same = false, any = false;
    for (uint64_t left = d->skip; left;) {
        size_t k = more(d, block, left < d->block ? (size_t)left : d->block);
        if (!k)
            break;
        left -= k;
        d->at += k;
    }
    for (;;) {
        size_t want = d->limit < d->block ? (size_t)d->limit : d->block;
        size_t have = want ? more(d, block, want) : 0;
        if (!have)
            break;
        d->limit -= have;
        memset(block + have, 0, d->block - have);
        vm_tick(d->r->p, (unsigned)(1 + have / 4));
        if (any && !d->all && have == d->block && !memcmp(block, old, d->block)) {
            if (!same)
                vf_puts(d->r->out, "*\n");
            same = true;
        } else {
            same = false;
            show(d, block, have);
            memcpy(old, block, d->block);
        }
        any = true;
        d->at += have;
    }
    if (any && d->final) {
        char text[32];
        (void)str_fmt(text, sizeof(text), d->final[0] == '8' ? "%08llx\n" : "%07llx\n",
                      (unsigned long long)d->at);
        vf_puts(d->r->out, text);
    }
    if (d->failed && !any && d->r->argc) {
        cmd_warn(d->r, "all input file arguments failed");
        return 1;
    }
    return d->failed;
}

static void add_format(struct dump *d, const char *text)
{
    if (d->formats < FORMATS && parse_format(&d->format[d->formats], text)) {
        d->formats++;
        return;
    }
    if (d->formats < FORMATS)
        cmd_warn(d->r, "bad format {%s}", text);
    vm_exit(d->r->p, 1);
}

static void add_canonical(struct dump *d)
{
    add_format(d, "\"%08.8_ax  \" 8/1 \"%02x \" \"  \" 8/1 \"%02x \"");
    add_format(d, "\"  |\" 16/1 \"%_p\" \"|\\n\"");
    d->final = "8";
}

static int hexdump_run(struct cmd_run *r)
{
    struct dump *d = vm_alloc(r->p, sizeof(*d));
    d->r = r;
    d->limit = UINT64_MAX;
    d->final = "7";
    static const char *const ready[][2] = {
        {"b", "\"%07.7_ax \" 16/1 \"%03o \" \"\\n\""},
        {"c", "\"%07.7_ax \" 16/1 \"%3_c \" \"\\n\""},
        {"d", "\"%07.7_ax \" 8/2 \"  %05u \" \"\\n\""},
        {"o", "\"%07.7_ax \" 8/2 \" %06o \" \"\\n\""},
        {"x", "\"%07.7_ax \" 8/2 \"   %04x \" \"\\n\""},
        {"", "\"%07.7_ax \" 8/2 \"%04x \" \"\\n\""},
    };
    bool own = false;
    for (size_t i = 0; r->opt[i]; i++) {
        const char *arg = r->optarg ? r->optarg[i] : NULL;
        switch (r->opt[i]) {
        case 'v':
            d->all = true;
            break;
        case 'n':
        case 's':
            if (cmd_number(arg, "bkKmMG", r->opt[i] == 'n' ? &d->limit : &d->skip)) {
                cmd_warn(r, "failed to parse %s: '%s'", r->opt[i] == 'n' ? "length" : "offset",
                         arg);
                return 1;
            }
            break;
        case 'e':
            add_format(d, arg);
            d->final = own ? d->final : NULL;
            break;
        case 'C':
            add_canonical(d);
            own = true;
            break;
        case 'L':
            break;
        default:
            for (size_t k = 0; k < 5; k++)
                if (ready[k][0][0] == r->opt[i])
                    add_format(d, ready[k][1]);
            own = true;
        }
    }
    if (!d->formats && !strcmp(cmd_base(r->name), "hd"))
        add_canonical(d);
    else if (!d->formats)
        add_format(d, ready[5][1]);
    for (size_t f = 0; f < d->formats; f++) {
        size_t n = 0;
        for (size_t i = 0; i < d->format[f].n; i++)
            n += (size_t)d->format[f].unit[i].repeat * d->format[f].unit[i].bytes;
        d->block = n > d->block ? n : d->block;
    }
    if (!d->block || d->block > BLOCK_MAX) {
        cmd_warn(r, "bad byte count for conversion character");
        return 1;
    }
    return dump(d);
}

static const char *const hexdump_longs[] = {
    "canonical=C",       "no-squeezing=v",   "length:=n",       "skip:=s",
    "format:=e",         "one-byte-octal=b", "one-byte-char=c", "two-bytes-decimal=d",
    "two-bytes-octal=o", "two-bytes-hex=x",  "color?=L",        NULL};

const struct cmd cmd_hexdump = {
    .name = "hexdump", .opts = "bcCde:L::n:os:vx", .longs = hexdump_longs, .run = hexdump_run};
const struct cmd cmd_hd = {
    .name = "hd", .opts = "bcCde:L::n:os:vx", .longs = hexdump_longs, .run = hexdump_run};
