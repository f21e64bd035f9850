/* regex.c -- compiles and searches.
 *
 * Three machines. A lazy deterministic automaton finds whether and where a
 * match ends: its states are sets of program places together with what kind
 * of character came before, so that ^ $ \b and friends cost nothing extra.
 * Where a match begins is found by starting it at each candidate; should that
 * become more work than reading the subject a few times, by a thread list
 * (Pike's) that remembers where each thread began. Submatches come from a
 * thread list run over exactly the matched bytes.
 * Programs with back-references are run by a bounded backtracker instead.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/regex.h"
#include "base/regex_priv.h"

enum {
    CACHE_MAX = 512 * 1024, /* bytes of automaton states before starting anew */
    PATIENCE = 16,          /* bytes read by failed candidates for each byte passed */
    NONE = 0,
    MATCHED = 1u << 31, /* in a transition: a match ends before this symbol */
};

struct regex_state {
    uint32_t *next; /* per class of symbols: index + 1 of the next state, NONE unknown */
    uint32_t *core; /* program places, before following empty moves; sorted */
    uint32_t n;
    uint32_t hash;
    uint8_t before, search;
};

static bool word_byte(const struct regex *re, unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c >= 128 && re->flags & REGEX_UTF8);
}

static enum regex_before kind_of(const struct regex *re, unsigned char c)
{
    return c == '\n' ? B_NEWLINE : word_byte(re, c) ? B_WORD : B_OTHER;
}

enum regex_before regex_before_at(const struct regex *re, const char *s, size_t at)
{
    return at ? kind_of(re, (unsigned char)s[at - 1]) : B_START;
}

/* Does the assertion hold between what came before and the symbol next
 * (256: the end)? */
bool regex_holds(const struct regex *re, unsigned what, enum regex_before before, int next)
{
    bool lines = re->flags & REGEX_NEWLINE;
    bool w = before == B_WORD, n = next < 256 && word_byte(re, (unsigned char)next);
    switch (what) {
    case A_BOL:
        return before == B_START || (lines && before == B_NEWLINE);
    case A_EOL:
        return next == 256 || (lines && next == '\n');
    case A_BUF_BEGIN:
        return before == B_START;
    case A_BUF_END:
        return next == 256;
    case A_WORD:
        return w != n;
    case A_NOT_WORD:
        return w == n;
    case A_NO_WORD_BEFORE:
        return !w;
    case A_NO_WORD_AFTER:
        return !n;
    case A_WORD_BEGIN:
        return !w && n;
    case A_WORD_END:
        return w && !n;
    default:
        return false;
    }
}

/* --- the automaton ---------------------------------------------------------------- */

void regex_marks_clear(struct regex *re)
{
    re->nlist = 0;
    if (!++re->gen) {
        memset(re->mark, 0, re->prog.n * sizeof(*re->mark));
        re->gen = 1;
    }
}

/* Adds pc and all that is reached from it by empty moves. */
static void close_over(struct regex *re, uint32_t pc, enum regex_before before, int next)
{
    uint32_t top = 0;
    re->stack[top++] = pc;
    while (top) {
        pc = re->stack[--top];
        if (re->mark[pc] == re->gen)
            continue;
        re->mark[pc] = re->gen;
        re->list[re->nlist++] = pc;
        const struct regex_inst *i = &re->prog.inst[pc];
        switch (i->op) {
        case I_JMP:
            re->stack[top++] = i->x;
            break;
        case I_SPLIT:
            re->stack[top++] = i->y;
            re->stack[top++] = i->x;
            break;
        case I_SAVE:
            re->stack[top++] = pc + 1;
            break;
        case I_ASSERT:
            if (regex_holds(re, i->v, before, next))
                re->stack[top++] = pc + 1;
            break;
        default:
            break;
        }
    }
}

static void cache_drop(struct regex *re)
{
    for (uint32_t i = 0; i < re->nstates; i++) {
        arena_release(re->arena, re->states[i].next, (re->ncls + 1) * sizeof(uint32_t));
        arena_release(re->arena, re->states[i].core, (re->states[i].n + 1) * sizeof(uint32_t));
    }
    re->nstates = 0;
    re->cached = 0;
    memset(re->start, 0, sizeof(re->start));
    memset(re->hash, 0, re->nhash * sizeof(*re->hash));
}

/* The state of these places, made if new: its index, or -1 without memory. */
static int64_t state_get(struct regex *re, const uint32_t *core, uint32_t n,
                         enum regex_before before, bool search)
{
    uint32_t h = 2166136261u ^ (before * 2 + search);
    for (uint32_t i = 0; i < n; i++)
        h = (h ^ core[i]) * 16777619u;
    uint32_t mask = re->nhash - 1, at = (h ^ h >> 15) & mask;
    for (; re->hash[at]; at = (at + 1) & mask) {
        const struct regex_state *s = &re->states[re->hash[at] - 1];
        if (s->hash == h && s->n == n && s->before == before && s->search == search &&
            !memcmp(s->core, core, n * sizeof(*core)))
            return re->hash[at] - 1;
    }
    if (re->nstates == re->cap) {
        uint32_t cap = re->cap ? re->cap * 2 : 16;
        struct regex_state *s =
            arena_realloc(re->arena, re->states, re->cap * sizeof(*s), cap * sizeof(*s));
        if (!s)
            return -1;
        re->states = s;
        re->cap = cap;
    }
    struct regex_state *s = &re->states[re->nstates];
    *s = (struct regex_state){.n = n, .hash = h, .before = (uint8_t)before, .search = search};
    s->next = arena_zalloc(re->arena, (re->ncls + 1) * sizeof(uint32_t));
    s->core = arena_alloc(re->arena, (n + 1) * sizeof(uint32_t));
    if (!s->next || !s->core)
        return -1;
    memcpy(s->core, core, n * sizeof(*core));
    re->cached += (re->ncls + n + 16) * sizeof(uint32_t);
    re->hash[at] = ++re->nstates;
    return re->nstates - 1;
}

static int64_t state_start(struct regex *re, enum regex_before before, bool search)
{
    uint32_t *known = &re->start[search][before];
    if (!*known) {
        uint32_t zero = 0;
        int64_t s = state_get(re, &zero, 1, before, search);
        if (s < 0)
            return s;
        *known = (uint32_t)s + 1;
    }
    return *known - 1;
}

static int place_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void sort_places(uint32_t *v, uint32_t n)
{
    if (n > 12) {

        qsort(v, n, sizeof(*v), place_order);
        return;
    }
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = i; k && v[k - 1] > v[k]; k--) {
            uint32_t t = v[k];
            v[k] = v[k - 1];
            v[k - 1] = t;
        }
}

/* Works out where state at goes on a symbol; 0 without memory. The automaton
 * may be emptied: *at is then stale, the answer is not. */
static uint32_t step(struct regex *re, uint32_t at, unsigned cls)
{
    struct regex_state *s = &re->states[at];
    int next = cls == re->ncls ? 256 : re->rep[cls];
    enum regex_before before = s->before;
    bool search = s->search, matched = false;
    regex_marks_clear(re);
    for (uint32_t i = 0; i < s->n; i++)
        close_over(re, s->core[i], before, next);
    uint32_t n = 0, *core = re->stack; /* free now */
    for (uint32_t i = 0; i < re->nlist; i++) {
        uint32_t pc = re->list[i];
        const struct regex_inst *in = &re->prog.inst[pc];
        if (in->op == I_MATCH)
            matched = true;
        else if (next < 256 &&
                 ((in->op == I_BYTE && in->v == next) ||
                  (in->op == I_SET && regex_set_has(&re->prog.set[in->v], (unsigned char)next))))
            core[n++] = pc + 1;
    }
    if (search && next < 256) {
        core[n++] = 0;
    }
    sort_places(core, n);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!kept || core[i] != core[kept - 1])
            core[kept++] = core[i];
    enum regex_before after = next < 256 ? kind_of(re, (unsigned char)next) : B_OTHER;
    bool full = re->cached > CACHE_MAX || re->nstates >= re->nhash / 2;
    if (full)
        cache_drop(re);
    int64_t to = state_get(re, core, kept, after, search);
    if (to < 0)
        return NONE;
    uint32_t t = ((uint32_t)to + 1) | (matched ? MATCHED : 0);
    if (!full)
        re->states[at].next[cls] = t;
    return t;
}

/* Runs from s[at]. Searching: 1 as soon as a match must exist. Else: the
 * longest match that begins at at ends at *end. 0 none, <0 no memory. */
static int run(struct regex *re, const char *text, size_t n, size_t at, bool search, size_t *end)
{
    const unsigned char *s = (const unsigned char *)text;
    int64_t first = state_start(re, regex_before_at(re, text, at), search);
    if (first < 0)
        return ERR_NOMEM;
    uint32_t cur = (uint32_t)first;
    int found = 0;
    unsigned steps = 0;
    for (size_t i = at;; i++) {
        unsigned cls = i < n ? re->cls[s[i]] : re->ncls;
        uint32_t t = re->states[cur].next[cls];
        if (t == NONE && !(t = step(re, cur, cls)))
            return ERR_NOMEM;
        if (t & MATCHED) {
            found = 1;
            *end = i;
            if (search)
                return 1;
            t &= ~MATCHED;
        }
        cur = t - 1;
        if (i >= n || !re->states[cur].n) {
            re->failed += i - at;
            return found;
        }
        if (++steps == REGEX_TICK && re->tick) {
            re->tick(re->tick_ctx, steps / 8);
            steps = 0;
        }
    }
}

/* --- compiling and searching ------------------------------------------------------------ */

/* Bytes that no instruction tells apart share a class. */
static void make_classes(struct regex *re)
{
    struct regex_prog *g = &re->prog;
    bool cut[257] = {false};
    for (uint32_t i = 0; i < g->n; i++)
        if (g->inst[i].op == I_BYTE)
            cut[g->inst[i].v] = cut[g->inst[i].v + 1] = true;
    for (uint32_t i = 0; i < g->nsets; i++)
        for (int c = 1; c < 256; c++)
            if (regex_set_has(&g->set[i], (unsigned char)c) !=
                regex_set_has(&g->set[i], (unsigned char)(c - 1)))
                cut[c] = true;
    for (int c = 1; c < 256; c++)
        if (kind_of(re, (unsigned char)c) != kind_of(re, (unsigned char)(c - 1)))
            cut[c] = true;
    unsigned n = 0;
    for (int c = 0; c < 256; c++) {
        if (c && cut[c])
            n++;
        re->cls[c] = (uint8_t)n;
        re->rep[n] = (uint8_t)c;
    }
    re->ncls = n + 1;
}

/* Which bytes can a match begin with? */
static void make_first(struct regex *re)
{
    regex_marks_clear(re);
    uint32_t top = 0;
    re->stack[top++] = 0;
    while (top) {
        uint32_t pc = re->stack[--top];
        if (re->mark[pc] == re->gen)
            continue;
        re->mark[pc] = re->gen;
        const struct regex_inst *i = &re->prog.inst[pc];
        switch (i->op) {
        case I_BYTE:
            re->first[i->v] = true;
            break;
        case I_SET:
            for (int c = 0; c < 256; c++)
                re->first[c] |= regex_set_has(&re->prog.set[i->v], (unsigned char)c);
            break;
        case I_SPLIT:
            re->stack[top++] = i->x;
            re->stack[top++] = i->y;
            break;
        case I_JMP:
            re->stack[top++] = i->x;
            break;
        case I_SAVE:
        case I_ASSERT:
            re->stack[top++] = pc + 1;
            break;
        default:
            re->any_first = true;
        }
    }
}

struct regex *regex_new(struct arena *a, const char *pattern, size_t n, unsigned flags,
                        const char **why)
{
    *why = "Memory exhausted";
    struct regex *re = arena_zalloc(a, sizeof(*re));
    if (!re)
        return NULL;
    re->arena = a;
    re->flags = flags;
    if (regex_parse(a, pattern, n, flags, &re->prog, why) < 0)
        return NULL;
    *why = "Memory exhausted";
    size_t insts = re->prog.n;
    re->nhash = 4096;
    re->mark = arena_zalloc(a, insts * sizeof(uint32_t));
    re->list = arena_alloc(a, insts * sizeof(uint32_t));
    re->stack = arena_alloc(a, 3 * insts * sizeof(uint32_t) + 64);
    if (!re->mark || !re->list || !re->stack)
        return NULL;
    make_classes(re);
    make_first(re);
    if (re->prog.whole)
        return re; /* the automaton's tables come when needed */
    re->hash = arena_zalloc(a, re->nhash * sizeof(uint32_t));
    return re->hash ? re : NULL;
}

void regex_tick(struct regex *re, void (*tick)(void *ctx, unsigned steps), void *ctx)
{
    re->tick = tick;
    re->tick_ctx = ctx;
}

size_t regex_groups(const struct regex *re)
{
    return re->prog.groups;
}

/* The next place a match may begin, by the fixed beginning or the first byte;
 * n + 1 if there is none. */
static size_t candidate(const struct regex *re, const char *s, size_t n, size_t at)
{
    const struct regex_prog *g = &re->prog;
    if (g->prefix) {
        const char *f = at <= n ? memmem(s + at, n - at, g->prefix, g->prefix_n) : NULL;
        return f ? (size_t)(f - s) : n + 1;
    }
    if (re->any_first)
        return at;
    while (at < n && !re->first[(unsigned char)s[at]])
        at++;
    return at < n ? at : n + 1;
}

int regex_exec(struct regex *re, const char *s, size_t n, size_t from, struct regex_match *m,
               size_t nm)
{
    if (re->prog.backrefs)
        return regex_exec_back(re, s, n, from, m, nm);
    size_t at = candidate(re, s, n, from), end = 0;
    if (at > n)
        return 0;
    if (re->prog.whole) {
        for (size_t i = 0; i < nm; i++)
            m[i] = (struct regex_match){(size_t)-1, (size_t)-1};
        if (m)
            m[0] = (struct regex_match){at, at + re->prog.prefix_n};
        return 1;
    }
    int found = 0;
    if (!nm || re->any_first) {
        found = run(re, s, n, at, true, &end);
        if (found == 1 && m)
            m->eo = end;
        if (found <= 0 || !nm)
            return found;
    }
    re->failed = 0;
    for (found = 0; at <= n; at = candidate(re, s, n, at + 1)) {
        if (re->failed > (at - from) * PATIENCE + REGEX_TICK) {
            found = regex_leftmost(re, s, n, at, &at);
            if (found == 1)
                found = run(re, s, n, at, false, &end);
            break;
        }
        found = run(re, s, n, at, false, &end);
        if (found)
            break;
    }
    if (found <= 0)
        return found;
    m[0] = (struct regex_match){at, end};
    int err = regex_submatches(re, s, n, m, nm);
    return err < 0 ? err : 1;
}
