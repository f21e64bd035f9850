/* sort.c -- sort: lines in order, by keys.
 *
 * All lines are held in memory, each with its first key found once; a stable
 * merge sort orders them, ties are broken by the whole line.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "cmd/cmd.h"
#include "cmd/version.h"

struct key {
    size_t field, chr;         /* first, from 0 */
    size_t end_field, end_chr; /* end_field 0: to the end of the line */
    bool skip_start, skip_end; /* b */
    char order;                /* 0 text, n g h M V R */
    bool fold, dict, print, reverse, any;
    struct key *next;
};

struct line {
    const char *s;
    uint32_t n;
    uint32_t key_n;
    const char *key;
};

struct sort {
    struct cmd_run *r;
    struct key *keys, global;
    int tab; /* -1: runs of blanks */
    char eol;
    bool unique, stable, check, check_quiet, merge;
    struct line *line;
    size_t n, cap;
    uint64_t seed;
};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* --- keys ----------------------------------------------------------------------------- */

static const char *key_begin(const struct sort *s, const struct key *k, const char *p,
                             const char *end)
{
    for (size_t f = k->field; f && p < end; f--) {
        if (s->tab >= 0) {
            const char *t = memchr(p, s->tab, (size_t)(end - p));
            p = t ? t + 1 : end;
        } else {
            while (p < end && blank(*p))
                p++;
            while (p < end && !blank(*p))
                p++;
        }
    }
    if (k->skip_start)
        while (p < end && blank(*p))
            p++;
    return (size_t)(end - p) < k->chr ? end : p + k->chr;
}

static const char *key_end(const struct sort *s, const struct key *k, const char *p,
                           const char *end)
{
    if (!k->end_field)
        return end;
    size_t f = k->end_field - (k->end_chr != 0);
    for (; f && p < end; f--) {
        if (s->tab >= 0) {
            const char *t = memchr(p, s->tab, (size_t)(end - p));
            if (!t)
                return end;
            p = t + (f > 1 || k->end_chr);
        } else {
            while (p < end && blank(*p))
                p++;
            while (p < end && !blank(*p))
                p++;
        }
    }
    if (!k->end_chr)
        return p;
    if (k->skip_end)
        while (p < end && blank(*p))
            p++;
    return (size_t)(end - p) < k->end_chr ? end : p + k->end_chr;
}

static void find_key(const struct sort *s, const struct key *k, const char *p, size_t n,
                     const char **from, size_t *len)
{
    const char *end = p + n, *a = key_begin(s, k, p, end), *b = key_end(s, k, p, end);
    *from = a;
    *len = b > a ? (size_t)(b - a) : 0;
}

/* --- orders ------------------------------------------------------------------------------ */

static int compare_numbers(const char *a, size_t an, const char *b, size_t bn)
{
    /* As text, so that any length is exact. */
    while (an && blank(*a))
        a++, an--;
    while (bn && blank(*b))
        b++, bn--;
    bool aneg = an && *a == '-', bneg = bn && *b == '-';
    a += aneg, an -= aneg;
    b += bneg, bn -= bneg;
    while (an && *a == '0')
        a++, an--;
    while (bn && *b == '0')
        b++, bn--;
    size_t ai = 0, bi = 0;
    while (ai < an && a[ai] >= '0' && a[ai] <= '9')
        ai++;
    while (bi < bn && b[bi] >= '0' && b[bi] <= '9')
        bi++;
    size_t af = ai < an && a[ai] == '.' ? ai + 1 : ai, bf = bi < bn && b[bi] == '.' ? bi + 1 : bi;
    size_t ae = af, be = bf;
    while (af != ai && ae < an && a[ae] >= '0' && a[ae] <= '9')
        ae++;
    while (bf != bi && be < bn && b[be] >= '0' && b[be] <= '9')
        be++;
    while (ae > af && a[ae - 1] == '0')
        ae--;
    while (be > bf && b[be - 1] == '0')
        be--;
    bool azero = !ai && ae == af, bzero = !bi && be == bf;
    if (azero)
        aneg = false;
    if (bzero)
        bneg = false;
    if (aneg != bneg)
        return aneg ? -1 : 1;
    int d = ai != bi ? (ai < bi ? -1 : 1) : memcmp(a, b, ai);
    if (!d) {
        size_t x = ae - af, y = be - bf;
        d = memcmp(a + af, b + bf, x < y ? x : y);
        if (!d)
            d = x < y ? -1 : x > y;
    }
    return aneg ? -d : d;
}

static int unit_of(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n && (blank(s[i]) || s[i] == '-' || s[i] == '.' || (s[i] >= '0' && s[i] <= '9')))
        i++;
    static const char units[] = "KMGTPEZY";
    const char *u = i < n && i && s[i] ? strchr(units, s[i] == 'k' ? 'K' : s[i]) : NULL;
    return u ? (int)(u - units) + 1 : 0;
}

static int compare_human(const char *a, size_t an, const char *b, size_t bn)
{
    while (an && blank(*a))
        a++, an--;
    while (bn && blank(*b))
        b++, bn--;
    bool aneg = an && *a == '-', bneg = bn && *b == '-';
    int ua = unit_of(a, an), ub = unit_of(b, bn);
    if (aneg != bneg)
        return aneg ? -1 : 1;
    if (ua != ub)
        return aneg ? ub - ua : ua - ub;
    return compare_numbers(a, an, b, bn);
}

static double float_of(const char *s, size_t n, bool *ok)
{
    char text[64], *end;
    size_t k = n < sizeof(text) - 1 ? n : sizeof(text) - 1;
    memcpy(text, s, k);
    text[k] = '\0';
    double v = strtod(text, &end);
    *ok = end != text;
    return v;
}

static int compare_floats(const char *a, size_t an, const char *b, size_t bn)
{
    bool aok, bok;
    double x = float_of(a, an, &aok), y = float_of(b, bn, &bok);
    if (!aok || !bok)
        return aok - bok;
    if (isnan(x) || isnan(y))
        return !isnan(x) - !isnan(y);
    return x < y ? -1 : x > y;
}

static int month(const char *s, size_t n)
{
    static const char names[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    while (n && blank(*s))
        s++, n--;
    for (int m = 0; n >= 3 && m < 12; m++)
        if ((s[0] & ~0x20) == names[m * 3] && (s[1] & ~0x20) == names[m * 3 + 1] &&
            (s[2] & ~0x20) == names[m * 3 + 2])
            return m + 1;
    return 0;
}

static bool kept(const struct key *k, unsigned char c)
{
    bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    if (k->dict && !alnum && !blank((char)c))
        return false;
    return !k->print || (c >= 32 && c < 127);
}

static int compare_text(const struct key *k, const char *a, size_t an, const char *b, size_t bn)
{
    if (!k->fold && !k->dict && !k->print) {
        int d = memcmp(a, b, an < bn ? an : bn);
        return d ? d : an < bn ? -1 : an > bn;
    }
    size_t i = 0, j = 0;
    for (;;) {
        while (i < an && !kept(k, (unsigned char)a[i]))
            i++;
        while (j < bn && !kept(k, (unsigned char)b[j]))
            j++;
        if (i >= an || j >= bn)
            return (i < an) - (j < bn);
        unsigned char x = (unsigned char)a[i++], y = (unsigned char)b[j++];
        if (k->fold && x >= 'a' && x <= 'z')
            x -= 32;
        if (k->fold && y >= 'a' && y <= 'z')
            y -= 32;
        if (x != y)
            return x < y ? -1 : 1;
    }
}

static int compare_keys(const struct sort *s, const struct key *k, const char *a, size_t an,
                        const char *b, size_t bn)
{
    int d;
    switch (k->order) {
    case 'n':
        d = compare_numbers(a, an, b, bn);
        break;
    case 'g':
        d = compare_floats(a, an, b, bn);
        break;
    case 'h':
        d = compare_human(a, an, b, bn);
        break;
    case 'M':
        d = month(a, an) - month(b, bn);
        break;
    case 'V':
        d = version_compare(a, an, b, bn);
        break;
    case 'R': {
        uint64_t x = hash_fixed(a, an, s->seed), y = hash_fixed(b, bn, s->seed);
        d = x < y ? -1 : x > y;
        break;
    }
    default:
        d = compare_text(k, a, an, b, bn);
    }
    return k->reverse ? -d : d;
}

static int compare_all_keys(const struct sort *s, const struct line *a, const struct line *b)
{
    for (const struct key *k = s->keys; k; k = k->next) {
        const char *x = a->key, *y = b->key;
        size_t xn = a->key_n, yn = b->key_n;
        if (k != s->keys) {
            find_key(s, k, a->s, a->n, &x, &xn);
            find_key(s, k, b->s, b->n, &y, &yn);
        }
        int d = compare_keys(s, k, x, xn, y, yn);
        if (d)
            return d;
    }
    return 0;
}

static int compare(const struct sort *s, const struct line *a, const struct line *b)
{
    int d = compare_all_keys(s, a, b);
    if (d || s->stable || s->unique)
        return d;
    d = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);
    if (!d)
        d = a->n < b->n ? -1 : a->n > b->n;
    return s->global.reverse ? -d : d;
}

/* Merge sort from the bottom up, so that the kernel is called now and then. */
static void sort_lines(struct sort *s)
{
    struct line *from = s->line, *to = vm_alloc(s->r->p, s->n * sizeof(*to) + 1), *t;
    for (size_t w = 1; w < s->n; w *= 2) {
        for (size_t lo = 0; lo < s->n; lo += 2 * w) {
            size_t mid = lo + w < s->n ? lo + w : s->n, hi = lo + 2 * w < s->n ? lo + 2 * w : s->n;
            size_t i = lo, j = mid, k = lo;
            if (mid == hi || compare(s, &from[mid - 1], &from[mid]) <= 0) {
                memcpy(to + lo, from + lo, (hi - lo) * sizeof(*to));
                continue;
            }
            while (i < mid && j < hi) {
                to[k++] = compare(s, &from[i], &from[j]) <= 0 ? from[i++] : from[j++];
                if (k % 256 == 0)
                    vm_tick(s->r->p, 256);
            }
            memcpy(to + k, from + i, (mid - i) * sizeof(*to));
            k += mid - i;
            memcpy(to + k, from + j, (hi - j) * sizeof(*to));
            vm_tick(s->r->p, 8);
        }
        t = from;
        from = to;
        to = t;
    }
    s->line = from;
}

/* --- input and output ----------------------------------------------------------------------- */

static void add_line(struct sort *s, const char *text, size_t n)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 1024;
        struct line *v = vm_alloc(s->r->p, cap * sizeof(*v));
        if (s->n)
            memcpy(v, s->line, s->n * sizeof(*v));
        vm_release(s->r->p, s->line, s->cap * sizeof(*v));
        s->line = v;
        s->cap = cap;
    }
    struct line *l = &s->line[s->n++];
    size_t key_n;
    l->s = text;
    l->n = (uint32_t)n;
    find_key(s, s->keys, text, n, &l->key, &key_n);
    l->key_n = (uint32_t)key_n;
}

/* Reads a whole file into memory and cuts it into lines. */
static int read_file(struct sort *s, const char *name)
{
    struct cmd_run *r = s->r;
    int fd = cmd_open(r, name);
    size_t n = 0, cap = 65536;
    char *text = vm_alloc(r->p, cap);
    ssize_t k = fd;
    if (fd < 0) {
        cmd_warn_err(r, fd, "cannot read: %s", cmd_quotef(r, name));
        return 2;
    }
    while ((k = vm_read(r->p, fd, text + n, cap - n - 1)) > 0) {
        n += (size_t)k;
        if (cap - n < 32768) {
            char *more = vm_alloc(r->p, cap * 2);
            memcpy(more, text, n);
            vm_release(r->p, text, cap);
            text = more;
            cap *= 2;
        }
    }
    if (fd)
        vm_close(r->p, fd);
    if (k < 0) {
        cmd_warn_err(r, (int)k, "read failed: %s", cmd_quotef(r, name));
        return 2;
    }
    for (char *p = text, *end = text + n; p < end;) {
        char *e = memchr(p, s->eol, (size_t)(end - p));
        if (!e)
            e = end;
        add_line(s, p, (size_t)(e - p));
        p = e + 1;
        if (s->n % 1024 == 0)
            vm_tick(r->p, 256);
    }
    return 0;
}

static int check_order(struct sort *s, const char *name)
{
    for (size_t i = 1; i < s->n; i++) {
        int d = compare(s, &s->line[i - 1], &s->line[i]);
        if (d < 0 || (d == 0 && !s->unique))
            continue;
        if (!s->check_quiet)
            cmd_warn(s->r, "%s:%zu: disorder: %.*s", name, i + 1, (int)s->line[i].n, s->line[i].s);
        return 1;
    }
    return 0;
}

/* --- options ------------------------------------------------------------------------------------
 */

static bool set_order(struct key *k, char c, bool end)
{
    k->any = true;
    switch (c) {
    case 'b':
        if (end)
            k->skip_end = true;
        else
            k->skip_start = true;
        break;
    case 'd':
        k->dict = true;
        break;
    case 'f':
        k->fold = true;
        break;
    case 'i':
        k->print = true;
        break;
    case 'r':
        k->reverse = true;
        break;
    case 'n':
    case 'g':
    case 'h':
    case 'M':
    case 'V':
    case 'R':
        k->order = c;
        break;
    default:
        return false;
    }
    return true;
}

static size_t key_number(const char **s, bool *ok)
{
    size_t v = 0;
    *ok = **s >= '0' && **s <= '9';
    for (; **s >= '0' && **s <= '9'; ++*s)
        v = v < 1000000000 ? v * 10 + (size_t)(**s - '0') : v;
    return v;
}

static bool add_key(struct sort *s, const char *arg)
{
    struct cmd_run *r = s->r;
    struct key *k = vm_alloc(r->p, sizeof(*k)), **at = &s->keys;
    const char *p = arg;
    bool ok;
    k->field = key_number(&p, &ok);
    if (!ok) {
        cmd_warn(r, "invalid number at field start: invalid count at start of %s",
                 cmd_quotel(r, arg));
        return false;
    }
    if (!k->field--) {
        cmd_warn(r, "field number is zero: invalid field specification %s", cmd_quotel(r, arg));
        return false;
    }
    if (*p == '.') {
        p++;
        k->chr = key_number(&p, &ok);
        if (!ok || !k->chr--) {
            cmd_warn(r, "character offset is zero: invalid field specification %s",
                     cmd_quotel(r, arg));
            return false;
        }
    }
    while (*p && *p != ',' && set_order(k, *p, false))
        p++;
    if (*p == ',') {
        p++;
        k->end_field = key_number(&p, &ok);
        if (!ok) {
            cmd_warn(r, "invalid number after ',': invalid count at start of %s", cmd_quotel(r, p));
            return false;
        }
        if (*p == '.') {
            p++;
            k->end_chr = key_number(&p, &ok);
        }
        while (*p && set_order(k, *p, true))
            p++;
    }
    if (*p) {
        cmd_warn(r, "stray character in field spec: invalid field specification %s",
                 cmd_quotel(r, arg));
        return false;
    }
    while (*at)
        at = &(*at)->next;
    *at = k;
    return true;
}

static bool set_tab(struct sort *s, const char *arg)
{
    if (!*arg) {
        cmd_warn(s->r, "empty tab");
        return false;
    }
    if (!strcmp(arg, "\\0"))
        s->tab = 0;
    else if (arg[1]) {
        cmd_warn(s->r, "multi-character tab %s", cmd_quotel(s->r, arg));
        return false;
    } else
        s->tab = (unsigned char)*arg;
    return true;
}

static bool options(struct sort *s, const char **output)
{
    struct cmd_run *r = s->r;
    for (const char *o = r->opt; *o; o++) {
        const char *arg = r->optarg[o - r->opt];
        switch (*o) {
        case 'k':
            if (!add_key(s, arg))
                return false;
            break;
        case 't':
            if (!set_tab(s, arg))
                return false;
            break;
        case 'o':
            *output = arg;
            break;
        case 'u':
            s->unique = true;
            break;
        case 's':
            s->stable = true;
            break;
        case 'c':
            s->check = true;
            s->check_quiet = arg && *arg != 'd';
            break;
        case 'C':
            s->check = s->check_quiet = true;
            break;
        case 'z':
            s->eol = '\0';
            break;
        case 'm':
            s->merge = true;
            break;
        case '\1': {
            char c = *arg == 'm' ? 'M' : *arg == 'v' ? 'V' : *arg == 'r' ? 'R' : *arg;
            set_order(&s->global, c, false);
            break;
        }
        default:
            set_order(&s->global, *o, false);
            if (*o == 'b')
                s->global.skip_end = true;
        }
    }
    for (struct key *k = s->keys; k; k = k->next)
        if (!k->any) {
            struct key *next = k->next;
            struct key g = s->global;
            g.field = k->field, g.chr = k->chr, g.end_field = k->end_field, g.end_chr = k->end_chr;
            *k = g;
            k->next = next;
        }
    if (!s->keys)
        s->keys = &s->global;
    for (struct key *k = s->keys; k; k = k->next)
        if (k->order && strchr("ngh", k->order))
            k->skip_start = true;
    return true;
}

static int sort_run(struct cmd_run *r)
{
    struct sort s = {.r = r, .tab = -1, .eol = '\n', .seed = vm_random(r->p)};
    const char *output = NULL;
    if (!options(&s, &output))
        return 2;
    char *standard[] = {"-", NULL};
    if (s.check && r->argc > 1) {
        cmd_warn(r, "extra operand %s not allowed with -%c", cmd_quotel(r, r->argv[1]),
                 s.check_quiet ? 'C' : 'c');
        return 2;
    }
    for (char **f = r->argc ? r->argv : standard; *f; f++) {
        int status = read_file(&s, *f);
        if (status)
            return status;
    }
    if (s.check)
        return check_order(&s, r->argc ? r->argv[0] : "-");
    if (s.n > 1)
        sort_lines(&s);
    struct vfile *out = r->out;
    int err = 0;
    if (output && !(out = vf_open(r->p, output, "we", &err))) {
        cmd_warn_err(r, err, "open failed: %s", cmd_quotef(r, output));
        return 2;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (s.unique && i && !compare_all_keys(&s, &s.line[i - 1], &s.line[i])) {
            s.line[i] = s.line[i - 1]; /* the first of equals stands for all */
            continue;
        }
        vf_write(out, s.line[i].s, s.line[i].n);
        vf_putc(out, s.eol);
    }
    if (output && (err = vf_close(out)) < 0) {
        cmd_warn_err(r, err, "write failed: %s", cmd_quotef(r, output));
        return 2;
    }
    return 0;
}

static const char *const sort_longs[] = {"ignore-leading-blanks=b",
                                         "check?=c",
                                         "compress-program:=\2",
                                         "debug=\3",
                                         "dictionary-order=d",
                                         "ignore-case=f",
                                         "files0-from:=\4",
                                         "general-numeric-sort=g",
                                         "ignore-nonprinting=i",
                                         "key:=k",
                                         "merge=m",
                                         "month-sort=M",
                                         "numeric-sort=n",
                                         "human-numeric-sort=h",
                                         "version-sort=V",
                                         "random-sort=R",
                                         "random-source:=\5",
                                         "sort:=\1",
                                         "output:=o",
                                         "reverse=r",
                                         "stable=s",
                                         "batch-size:=\6",
                                         "buffer-size:=S",
                                         "field-separator:=t",
                                         "temporary-directory:=T",
                                         "unique=u",
                                         "zero-terminated=z",
                                         "parallel:=\7",
                                         NULL};

const struct cmd cmd_sort = {.name = "sort",
                             .opts = "bcCdfghik:mMno:rRsS:t:T:uVy::z",
                             .longs = sort_longs,
                             .run = sort_run,
                             .usage_status = 2};
