/* tr.c -- translates, squeezes, deletes characters (bytes).
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <ctype.h>
#include <string.h>

#include "cmd/cmd.h"

enum { BLOCK = 65536, SET_MAX = 65536 };

struct set {
    unsigned char *c;
    size_t n;
    size_t fill_at; /* where "[x*]" wants to be stretched; SIZE_MAX: nowhere */
    unsigned char fill;
};

struct parser {
    struct cmd_run *r;
    const char *text, *s;
    struct set *out;
};

static void add(struct parser *p, int c)
{
    if (p->out->n < SET_MAX)
        p->out->c[p->out->n++] = (unsigned char)c;
}

static int take(struct parser *p)
{
    static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
    if (*p->s != '\\' || !p->s[1])
        return (unsigned char)*p->s++;
    p->s++;
    const char *e = strchr(from, *p->s);
    if (e) {
        p->s++;
        return to[e - from];
    }
    if (*p->s >= '0' && *p->s <= '7') {
        int v = 0;
        for (int i = 0; i < 3 && *p->s >= '0' && *p->s <= '7' && v * 8 + *p->s - '0' < 256; i++)
            v = v * 8 + (*p->s++ - '0');
        return v;
    }
    return (unsigned char)*p->s++;
}

/* "[:name:]" at s: 1 done, 0 it is none, -1 after a message. */
static int take_class(struct parser *p)
{
    static const struct {
        const char *name;
        int (*is)(int c);
    } classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank},
                   {"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph},
                   {"lower", islower}, {"print", isprint}, {"punct", ispunct},
                   {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit}};
    const char *end = p->s[0] == '[' && p->s[1] == ':' ? strstr(p->s + 2, ":]") : NULL;
    if (!end)
        return 0;
    size_t n = (size_t)(end - p->s - 2);
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
        if (strlen(classes[i].name) == n && !memcmp(classes[i].name, p->s + 2, n)) {
            for (int c = 0; c < 256; c++)
                if (classes[i].is(c))
                    add(p, c);
            p->s = end + 2;
            return 1;
        }
    cmd_warn(p->r, "invalid character class %s",
             cmd_quotel(p->r, vm_asprintf(p->r->p, "%.*s", (int)n, p->s + 2)));
    return -1;
}

/* "[x*n]" and "[=x=]" likewise. */
static int take_repeat(struct parser *p)
{
    if (p->s[0] != '[' || !p->s[1])
        return 0;
    if (p->s[1] == '=' && p->s[2] && p->s[3] == '=' && p->s[4] == ']') {
        add(p, (unsigned char)p->s[2]);
        p->s += 5;
        return 1;
    }
    const char *save = p->s;
    p->s++;
    int c = take(p);
    if (*p->s != '*') {
        p->s = save;
        return 0;
    }
    p->s++;
    uint64_t n = 0;
    bool octal = *p->s == '0';
    while (*p->s >= '0' && *p->s <= '9')
        n = n < SET_MAX ? n * (octal ? 8 : 10) + (uint64_t)(*p->s++ - '0') : (p->s++, n);
    if (*p->s != ']') {
        p->s = save;
        return 0;
    }
    p->s++;
    if (!n) {
        p->out->fill_at = p->out->n;
        p->out->fill = (unsigned char)c;
    }
    for (; n; n--)
        add(p, c);
    return 1;
}

static bool parse_set(struct cmd_run *r, const char *text, struct set *out)
{
    struct parser p = {.r = r, .text = text, .s = text, .out = out};
    *out = (struct set){.c = vm_alloc(r->p, SET_MAX), .fill_at = SIZE_MAX};
    while (*p.s) {
        int k = take_class(&p);
        if (!k)
            k = take_repeat(&p);
        if (k < 0)
            return false;
        if (k)
            continue;
        int lo = take(&p);
        if (p.s[0] != '-' || !p.s[1]) {
            add(&p, lo);
            continue;
        }
        p.s++;
        int hi = take(&p);
        if (hi < lo) {
            cmd_warn(r, "range-endpoints of '%c-%c' are in reverse collating sequence order", lo,
                     hi);
            return false;
        }
        for (int c = lo; c <= hi; c++)
            add(&p, c);
    }
    return true;
}

static void complement(struct set *s)
{
    bool in[256] = {false};
    for (size_t i = 0; i < s->n; i++)
        in[s->c[i]] = true;
    s->n = 0;
    for (int c = 0; c < 256; c++)
        if (!in[c])
            s->c[s->n++] = (unsigned char)c;
}

static void stretch(struct set *to, size_t n, bool truncate)
{
    if (to->fill_at != SIZE_MAX && to->n < n) {
        size_t more = n - to->n;
        memmove(to->c + to->fill_at + more, to->c + to->fill_at, to->n - to->fill_at);
        memset(to->c + to->fill_at, to->fill, more);
        to->n += more;
    }
    while (to->n && to->n < n && !truncate)
        to->c[to->n] = to->c[to->n - 1], to->n++;
}

struct tr {
    unsigned char map[256];
    bool drop[256], squeeze[256];
};

static int run(struct cmd_run *r, const struct tr *t, bool squeezing)
{
    unsigned char *in = vm_alloc(r->p, BLOCK), *out = vm_alloc(r->p, BLOCK);
    int last = -1;
    ssize_t n;
    while ((n = vm_read(r->p, 0, in, BLOCK)) > 0) {
        size_t k = 0;
        for (ssize_t i = 0; i < n; i++) {
            if (t->drop[in[i]])
                continue;
            unsigned char c = t->map[in[i]];
            if (squeezing && c == last && t->squeeze[c])
                continue;
            last = c;
            out[k++] = c;
        }
        ssize_t done = vm_write_all(r->p, 1, out, k);
        if (done < 0) {
            cmd_warn_err(r, (int)done, "write error");
            return 1;
        }
        vm_tick(r->p, 64);
    }
    if (n < 0) {
        cmd_warn_err(r, (int)n, "read error");
        return 1;
    }
    return 0;
}

static int tr_run(struct cmd_run *r)
{
    bool del = cmd_has(r, 'd'), squeeze = cmd_has(r, 's'),
         compl = cmd_has(r, 'c') || cmd_has(r, 'C');
    int need = del == squeeze ? 2 : 1, most = del && !squeeze ? 1 : 2;
    if (r->argc < need) {
        if (!r->argc)
            return cmd_missing(r);
        cmd_warn(r, "missing operand after %s", cmd_quotel(r, r->argv[r->argc - 1]));
        vf_puts(r->err,
                del ? "Two strings must be given when both deleting and squeezing repeats.\n"
                    : "Two strings must be given when translating.\n");
        return cmd_usage(r);
    }
    if (r->argc > most) {
        cmd_warn(r, "extra operand %s", cmd_quotel(r, r->argv[most]));
        if (most == 1 && r->argc == 2)
            vf_puts(r->err,
                    "Only one string may be given when deleting without squeezing repeats.\n");
        return cmd_usage(r);
    }
    struct set a, b = {0};
    if (!parse_set(r, r->argv[0], &a) || (r->argc > 1 && !parse_set(r, r->argv[1], &b)))
        return 1;
    if (compl )
        complement(&a);
    struct tr t;
    memset(&t, 0, sizeof(t));
    for (int c = 0; c < 256; c++)
        t.map[c] = (unsigned char)c;
    if (del) {
        for (size_t i = 0; i < a.n; i++)
            t.drop[a.c[i]] = true;
    } else if (r->argc > 1) {
        if (!b.n && b.fill_at == SIZE_MAX && !cmd_has(r, 't')) {
            cmd_warn(r, "when not truncating set1, string2 must be non-empty");
            return 1;
        }
        stretch(&b, a.n, cmd_has(r, 't'));
        for (size_t i = 0; i < a.n && i < b.n; i++)
            t.map[a.c[i]] = b.c[i];
    }
    const struct set *sq = r->argc > 1 ? &b : &a;
    for (size_t i = 0; squeeze && i < sq->n; i++)
        t.squeeze[sq->c[i]] = true;
    return run(r, &t, squeeze);
}

static const char *const tr_longs[] = {"complement=c", "delete=d", "squeeze-repeats=s",
                                       "truncate-set1=t", NULL};

const struct cmd cmd_tr = {.name = "tr", .opts = "+cCdst", .longs = tr_longs, .run = tr_run};
