/* pattern.c -- patterns as automata.
 *
 * States form an array; a thread list per text position is a sparse set. !(x)
 * is a state of its own: from where it is entered its alternatives are matched
 * by a nested run, and it may be left wherever that run does not accept.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/pattern.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <wctype.h>

#include "base/str.h"

enum kind { P_CHAR, P_ANY, P_SET, P_SPLIT, P_NOT, P_ACCEPT };

struct state {
    enum kind kind;
    uint32_t rune;
    const char *set; /* behind '[' */
    int next, other; /* -1: none */
    struct pattern *inner;
    bool *leave; /* P_NOT: leave[q]: may go on at text position q */
    size_t leave_n;
};

struct pattern {
    struct arena *a;
    struct state *st;
    int n, cap, start;
    unsigned flags;
    bool literal, too_big;
    const char *text; /* literal: unquoted */
    size_t text_n;
    uint32_t first; /* rune every match begins with, 0 unknown */
    void (*tick)(void *, unsigned);
    void *ctx;
    int *dense[2], *sparse, count[2], *stack;
};

static size_t decode(const struct pattern *p, const char *s, size_t n, uint32_t *rune)
{
    if ((unsigned char)*s < 0x80 || !(p->flags & PAT_UTF8)) {
        *rune = (unsigned char)*s;
        return 1;
    }
    size_t k = utf8_decode(s, n, rune);
    if (k)
        return k;
    *rune = 0x110000u + (unsigned char)*s;
    return 1;
}

static uint32_t fold(uint32_t c)
{
    return c < 128 ? (uint32_t)tolower((int)c) : c < 0x110000 ? (uint32_t)towlower((wint_t)c) : c;
}

static int add(struct pattern *p, enum kind kind)
{
    if (p->n == p->cap) {
        int cap = p->cap ? p->cap * 2 : 16;
        if (cap > 65536)
            p->too_big = true;
        p->st =
            arena_realloc(p->a, p->st, (size_t)p->cap * sizeof *p->st, (size_t)cap * sizeof *p->st);
        p->cap = cap;
    }
    p->st[p->n] = (struct state){.kind = kind, .next = -1, .other = -1};
    return p->n++;
}

/* --- bracket expressions -------------------------------------------------------------- */

/* The end of the bracket expression that begins behind '[': at its ']', or NULL. */
static const char *set_end(const char *s)
{
    const char *t = s;
    if (*t == '!' || *t == '^')
        t++;
    if (*t == ']')
        t++;
    for (; *t && *t != ']'; t++) {
        if (*t == '\\' && t[1]) {
            t++;
        } else if (*t == '[' && (t[1] == ':' || t[1] == '=' || t[1] == '.')) {
            const char *e = strstr(t + 2, (const char[]){t[1], ']', 0});
            if (e)
                t = e + 1;
        }
    }
    return *t ? t : NULL;
}

static bool in_class(const char *name, size_t n, uint32_t c)
{
    static const struct {
        const char *name;
        int (*fn)(int);
    } classes[] = {{"alpha", isalpha}, {"digit", isdigit}, {"alnum", isalnum},
                   {"upper", isupper}, {"lower", islower}, {"space", isspace},
                   {"blank", isblank}, {"punct", ispunct}, {"print", isprint},
                   {"graph", isgraph}, {"cntrl", iscntrl}, {"xdigit", isxdigit}};
    if (n == 4 && memcmp(name, "word", 4) == 0)
        return c == '_' || (c < 128 && isalnum((int)c));
    if (n == 5 && memcmp(name, "ascii", 5) == 0)
        return c < 128;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strlen(classes[i].name) == n && memcmp(classes[i].name, name, n) == 0) {
            if (c < 128)
                return classes[i].fn((int)c);
            /* beyond ASCII: letters are letters, nothing else is known */
            return c > 0xA0 && c < 0x110000 &&
                   (i == 0 || i == 2 || i == 8 || i == 9 || (i == 3 && iswupper((wint_t)c)));
        }
    return false;
}

/* One character of a set at *s; advances. */
static uint32_t set_char(const struct pattern *p, const char **s)
{
    uint32_t c;
    if (**s == '\\' && (*s)[1])
        (*s)++;
    if (**s == '[' && ((*s)[1] == '.' || (*s)[1] == '=') && (*s)[2]) {
        const char *e = strstr(*s + 2, (const char[]){(*s)[1], ']', 0});
        if (e) {
            decode(p, *s + 2, strlen(*s + 2), &c);
            *s = e + 2;
            return c;
        }
    }
    *s += decode(p, *s, strlen(*s), &c);
    return c;
}

static bool in_set(const struct pattern *p, const char *s, uint32_t c)
{
    bool not = *s == '!' || (*s == '^' && !(p->flags & PAT_NO_CARET)), hit = false,
         nocase = p->flags & PAT_NOCASE;
    if (not )
        s++;
    for (bool first = true; *s && (*s != ']' || first); first = false) {
        if (*s == '[' && s[1] == ':') {
            const char *e = strstr(s + 2, ":]");
            if (e) {
                hit |= in_class(s + 2, (size_t)(e - s - 2), c);
                if (nocase && c < 128)
                    hit |= in_class(s + 2, (size_t)(e - s - 2), (uint32_t)toupper((int)c));
                s = e + 2;
                continue;
            }
        }
        uint32_t lo = set_char(p, &s), hi = lo;
        if (*s == '-' && s[1] && s[1] != ']') {
            s++;
            hi = set_char(p, &s);
        }
        hit |= c >= lo && c <= hi;
        if (nocase) {
            uint32_t f = fold(c), u = c < 128 ? (uint32_t)toupper((int)c) : c;
            hit |= (f >= lo && f <= hi) || (u >= lo && u <= hi);
        }
    }
    return hit != not ;
}

/* --- compiling -------------------------------------------------------------------------- */

/* Compiles s[0..n) so that it goes on to state `to`; the entry state. */
static int compile(struct pattern *p, const char *s, size_t n, int to, int depth);

static const char *ext_end(const char *s, const char *end)
{
    int depth = 0;
    for (; s < end; s++) {
        if (*s == '\\' && s + 1 < end) {
            s++;
        } else if (*s == '[') {
            const char *e = set_end(s + 1);
            if (e && e < end && !memchr(s, ')', (size_t)(e - s)))
                s = e;
        } else if (*s == '(') {
            depth++;
        } else if (*s == ')' && depth-- == 0) {
            return s;
        }
    }
    return NULL;
}

/* The alternatives s[0..n), joined by splits. */
static int alternatives(struct pattern *p, const char *s, const char *end, int to, int depth)
{
    const char *from = s;
    int nest = 0, entry = -1;
    for (;; s++) {
        if (s < end && *s == '\\') {
            s++;
            continue;
        }
        if (s < end && *s == '[') {
            const char *e = set_end(s + 1);
            if (e && e < end)
                s = e;
            continue;
        }
        nest += s < end && *s == '(';
        nest -= s < end && *s == ')';
        if (s < end && !(*s == '|' && nest == 0))
            continue;
        int one = compile(p, from, (size_t)((s < end ? s : end) - from), to, depth + 1);
        if (entry < 0) {
            entry = one;
        } else {
            int split = add(p, P_SPLIT);
            p->st[split].next = entry;
            p->st[split].other = one;
            entry = split;
        }
        if (s >= end)
            return entry;
        from = s + 1;
    }
}

static int compile_ext(struct pattern *p, int kind, const char *s, const char *end, int to,
                       int depth)
{
    if (kind == '!') {
        int i = add(p, P_NOT);
        struct pattern *in = arena_zalloc(p->a, sizeof *in);
        *in = (struct pattern){.a = p->a, .flags = p->flags};
        int accept = add(in, P_ACCEPT);
        in->start = alternatives(in, s, end, accept, depth);
        p->too_big |= in->too_big;
        p->st[i].inner = in;
        p->st[i].next = to;
        return i;
    }
    if (kind == '@')
        return alternatives(p, s, end, to, depth);
    int split = add(p, P_SPLIT);
    if (kind == '?') {
        int in = alternatives(p, s, end, to, depth);
        p->st[split].next = in;
        p->st[split].other = to;
        return split;
    }
    int in = alternatives(p, s, end, split, depth);
    p->st[split].next = in;
    p->st[split].other = to;
    return kind == '*' ? split : in;
}

static int compile(struct pattern *p, const char *s, size_t n, int to, int depth)
{
    const char *end = s + n;
    int entry = -1, *hole = &entry; /* where the next state's number goes */
    int hole_state = -1;
    if (depth > 50)
        p->too_big = true;
    while (s < end && !p->too_big) {
        int i;
        if ((p->flags & PAT_EXTGLOB) && s + 1 < end && s[1] == '(' && strchr("?*+@!", *s)) {
            const char *close = ext_end(s + 2, end);
            if (close) {
                int joint = add(p, P_SPLIT); /* an empty state behind it */
                int in = compile_ext(p, *s, s + 2, close, joint, depth);
                if (hole_state < 0)
                    entry = in;
                else
                    p->st[hole_state].next = in;
                hole_state = joint;
                s = close + 1;
                continue;
            }
        }
        if (*s == '*') {
            i = add(p, P_SPLIT);
            int any = add(p, P_ANY);
            p->st[i].other = any;
            p->st[any].next = i;
            s++;
            while (s < end && *s == '*' && !(s + 1 < end && s[1] == '('))
                s++;
        } else if (*s == '?') {
            i = add(p, P_ANY);
            s++;
        } else if (*s == '[' && set_end(s + 1) && set_end(s + 1) < end) {
            i = add(p, P_SET);
            p->st[i].set = s + 1;
            s = set_end(s + 1) + 1;
        } else {
            if (*s == '\\' && s + 1 < end)
                s++;
            uint32_t c;
            size_t k = decode(p, s, (size_t)(end - s), &c);
            i = add(p, P_CHAR);
            p->st[i].rune = p->flags & PAT_NOCASE ? fold(c) : c;
            s += k;
        }
        (void)hole;
        if (hole_state < 0)
            entry = i;
        else
            p->st[hole_state].next = i;
        hole_state = i;
    }
    if (hole_state < 0)
        return to;
    p->st[hole_state].next = to;
    return entry;
}

bool pattern_has_magic(const char *s, bool extglob)
{
    for (; *s; s++) {
        if (*s == '\\' && s[1])
            s++;
        else if (*s == '*' || *s == '?')
            return true;
        else if (*s == '[' && set_end(s + 1))
            return true;
        else if (extglob && s[1] == '(' && strchr("+@!", *s))
            return true;
    }
    return false;
}

void pattern_unquote(char *s)
{
    char *to = s;
    for (; *s; s++) {
        if (*s == '\\' && s[1])
            s++;
        *to++ = *s;
    }
    *to = 0;
}

static void make_sets(struct pattern *p)
{
    size_t n = (size_t)p->n + 1;
    int *mem = arena_zalloc(p->a, n * 5 * sizeof *mem);
    p->dense[0] = mem;
    p->dense[1] = mem + n;
    p->sparse = mem + 2 * n;
    p->stack = mem + 3 * n; /* two entries a state */
    for (int i = 0; i < p->n; i++)
        if (p->st[i].kind == P_NOT)
            make_sets(p->st[i].inner);
}

struct pattern *pattern_compile(struct arena *a, const char *text, unsigned flags)
{
    struct pattern *p = arena_zalloc(a, sizeof *p);
    if (!p)
        return NULL;
    p->a = a;
    p->flags = flags;
    if (!(flags & PAT_NOCASE) && !pattern_has_magic(text, flags & PAT_EXTGLOB)) {
        char *t = arena_strdup(a, text);
        pattern_unquote(t);
        p->literal = true;
        p->text = t;
        p->text_n = strlen(t);
        return p;
    }
    int accept = add(p, P_ACCEPT);
    p->start = compile(p, text, strlen(text), accept, 0);
    if (p->too_big)
        return NULL;
    if (p->st[p->start].kind == P_CHAR && !(flags & PAT_NOCASE))
        p->first = p->st[p->start].rune;
    make_sets(p);
    return p;
}

void pattern_set_tick(struct pattern *p, void (*tick)(void *, unsigned), void *ctx)
{
    p->tick = tick;
    p->ctx = ctx;
    for (int i = 0; i < p->n; i++)
        if (p->st[i].kind == P_NOT)
            pattern_set_tick(p->st[i].inner, tick, ctx);
}

/* --- matching ------------------------------------------------------------------------------- */

struct run {
    const char *s;
    size_t n;
    size_t at;
};

static void run_not(struct pattern *p, struct state *st, struct run *r);

/* Adds state i and what it reaches without input to set `which`. */
static void reach(struct pattern *p, int which, int i, struct run *r)
{
    int top = 0;
    p->stack[top++] = i;
    while (top) {
        i = p->stack[--top];
        if (i < 0)
            continue;
        int *d = p->dense[which], k = p->sparse[i];
        if (k < p->count[which] && d[k] == i)
            continue;
        p->sparse[i] = p->count[which];
        d[p->count[which]++] = i;
        struct state *st = &p->st[i];
        if (st->kind == P_SPLIT) {
            p->stack[top++] = st->next;
            p->stack[top++] = st->other;
        } else if (st->kind == P_NOT) {
            run_not(p, st, r);
            if (st->leave[r->at])
                p->stack[top++] = st->next;
        }
    }
}

/* Runs over s[at..n): tells accepting ends through accept[] or the best. */
static size_t run_all(struct pattern *p, const char *s, size_t n, size_t at, bool longest,
                      bool *accept)
{
    struct run r = {s, n, at};
    size_t best = (size_t)-1;
    int cur = 0;
    p->count[0] = p->count[1] = 0;
    for (int i = 0; i < p->n; i++)
        if (p->st[i].kind == P_NOT && p->st[i].leave)
            memset(p->st[i].leave, 0, p->st[i].leave_n);
    reach(p, cur, p->start, &r);
    for (;;) {
        /* a !(x) entered earlier may be left here */
        for (int i = 0; i < p->n; i++)
            if (p->st[i].kind == P_NOT && p->st[i].leave && p->st[i].leave[r.at])
                reach(p, cur, p->st[i].next, &r);
        bool waiting = false;
        for (int i = 0; i < p->n && !waiting; i++)
            waiting = p->st[i].kind == P_NOT && p->st[i].leave;
        for (int k = 0; k < p->count[cur]; k++) {
            if (p->st[p->dense[cur][k]].kind != P_ACCEPT)
                continue;
            if (accept)
                accept[r.at] = true;
            best = r.at;
            if (!longest)
                return best;
        }
        if (r.at >= n || (p->count[cur] == 0 && !waiting))
            return best;
        if (p->tick)
            p->tick(p->ctx, 1 + (unsigned)p->count[cur] / 4);
        uint32_t c, f;
        size_t step = decode(p, s + r.at, n - r.at, &c);
        f = p->flags & PAT_NOCASE ? fold(c) : c;
        int nxt = !cur;
        p->count[nxt] = 0;
        r.at += step;
        for (int k = 0; k < p->count[cur]; k++) {
            const struct state *st = &p->st[p->dense[cur][k]];
            bool hit = st->kind == P_ANY || (st->kind == P_CHAR && st->rune == f) ||
                       (st->kind == P_SET && in_set(p, st->set, c));
            if (hit)
                reach(p, nxt, st->next, &r);
        }
        cur = nxt;
    }
}

static void run_not(struct pattern *p, struct state *st, struct run *r)
{
    if (st->leave_n < r->n + 1) {
        st->leave = arena_zalloc(p->a, r->n + 1);
        st->leave_n = r->n + 1;
    }
    bool *yes = arena_zalloc(p->a, r->n + 1);
    run_all(st->inner, r->s, r->n, r->at, true, yes);
    for (size_t q = r->at; q <= r->n; q++)
        st->leave[q] |= !yes[q];
    arena_release(p->a, yes, r->n + 1);
}

bool pattern_match(struct pattern *p, const char *s, size_t n)
{
    if (!p)
        return false;
    if (p->literal)
        return p->text_n == n && memcmp(p->text, s, n) == 0;
    return run_all(p, s, n, 0, true, NULL) == n;
}

size_t pattern_prefix(struct pattern *p, const char *s, size_t n, bool longest)
{
    if (!p)
        return (size_t)-1;
    if (p->literal)
        return p->text_n <= n && memcmp(p->text, s, p->text_n) == 0 ? p->text_n : (size_t)-1;
    if (p->first && p->first < 128 && (n == 0 || (unsigned char)*s != p->first))
        return (size_t)-1;
    return run_all(p, s, n, 0, longest, NULL);
}
