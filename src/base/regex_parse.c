/* regex_parse.c -- from the text of a regular expression to a tree.
 *
 * A recursive-descent parser, whose nesting has a limit. Characters beyond
 * ASCII become sequences of byte sets, so the matcher knows bytes only.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>
#include <string.h>

#include "base/regex_tree.h"
#include "base/str.h"

enum { MAX_DEPTH = 150, MAX_REPEAT = 32767, MAX_SETS = 20000 };

struct range {
    uint32_t lo, hi;
};

struct ranges {
    struct range *r;
    size_t n, cap;
};

static const char no_memory[] = "Memory exhausted";

static struct regex_node *node_new(struct regex_parser *p, enum regex_kind kind, unsigned v)
{
    struct regex_node *n = arena_zalloc(p->arena, sizeof(*n));
    if (!n)
        return regex_fail(p, no_memory);
    n->kind = kind;
    n->v = v;
    return n;
}

static void node_add(struct regex_node *list, struct regex_node *n)
{
    if (list->last)
        list->last->next = n;
    else
        list->child = n;
    list->last = n;
}

/* --- sets of characters ------------------------------------------------------ */

static bool range_add(struct regex_parser *p, struct ranges *rs, uint32_t lo, uint32_t hi)
{
    if (rs->n == rs->cap) {
        size_t cap = rs->cap ? rs->cap * 2 : 8;
        struct range *r = arena_realloc(p->arena, rs->r, rs->cap * sizeof(*r), cap * sizeof(*r));
        if (!r)
            return regex_fail(p, no_memory), false;
        rs->r = r;
        rs->cap = cap;
    }
    rs->r[rs->n++] = (struct range){lo, hi};
    return true;
}

static int range_order(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static void ranges_merge(struct ranges *rs)
{
    if (!rs->n)
        return;
    qsort(rs->r, rs->n, sizeof(*rs->r), range_order);
    size_t n = 0;
    for (size_t i = 1; i < rs->n; i++) {
        if (rs->r[i].lo <= rs->r[n].hi + 1) {
            if (rs->r[i].hi > rs->r[n].hi)
                rs->r[n].hi = rs->r[i].hi;
        } else {
            rs->r[++n] = rs->r[i];
        }
    }
    rs->n = n + 1;
}

static bool ranges_negate(struct regex_parser *p, struct ranges *rs, uint32_t top)
{
    struct ranges out = {0};
    uint32_t lo = 0;
    ranges_merge(rs);
    for (size_t i = 0; i < rs->n; i++) {
        if (rs->r[i].lo > lo && !range_add(p, &out, lo, rs->r[i].lo - 1))
            return false;
        lo = rs->r[i].hi + 1;
    }
    if (lo <= top && !range_add(p, &out, lo, top))
        return false;
    *rs = out;
    return true;
}

static struct regex_node *set_node(struct regex_parser *p, const struct regex_set *set)
{
    struct regex_prog *o = p->out;
    for (uint32_t i = 0; i < o->nsets; i++)
        if (!memcmp(&o->set[i], set, sizeof(*set)))
            return node_new(p, N_SET, i);
    if (o->nsets == p->set_cap) {
        uint32_t cap = p->set_cap ? p->set_cap * 2 : 8;
        if (cap > MAX_SETS)
            return regex_fail(p, regex_too_big);
        struct regex_set *s =
            arena_realloc(p->arena, o->set, p->set_cap * sizeof(*s), cap * sizeof(*s));
        if (!s)
            return regex_fail(p, no_memory);
        o->set = s;
        p->set_cap = cap;
    }
    o->set[o->nsets] = *set;
    return node_new(p, N_SET, o->nsets++);
}

static struct regex_node *byte_range(struct regex_parser *p, unsigned lo, unsigned hi)
{
    struct regex_set set = {{0}};
    for (unsigned c = lo; c <= hi; c++)
        set.bits[c >> 5] |= 1u << (c & 31);
    return set_node(p, &set);
}

/* Adds to alt the byte sequences of the code points lo..hi, all of one length,
 * splitting where continuation bytes do not run full circle. */
static bool utf8_range(struct regex_parser *p, struct regex_node *alt, uint32_t lo, uint32_t hi)
{
    static const uint32_t tops[] = {0x7ff, 0xffff, 0x10ffff};
    for (size_t i = 0; i < 3; i++)
        if (lo <= tops[i] && hi > tops[i])
            return utf8_range(p, alt, lo, tops[i]) && utf8_range(p, alt, tops[i] + 1, hi);
    for (unsigned bits = 6; bits <= 18; bits += 6) {
        uint32_t m = (1u << bits) - 1;
        if ((lo & ~m) == (hi & ~m))
            continue;
        if (lo & m)
            return utf8_range(p, alt, lo, lo | m) && utf8_range(p, alt, (lo | m) + 1, hi);
        if ((hi & m) != m)
            return utf8_range(p, alt, lo, (hi & ~m) - 1) && utf8_range(p, alt, hi & ~m, hi);
    }
    char a[4], b[4];
    size_t n = utf8_encode(lo, a);
    if (utf8_encode(hi, b) != n)
        return true;
    struct regex_node *cat = node_new(p, N_CAT, 0);
    for (size_t i = 0; cat && i < n; i++) {
        struct regex_node *set = byte_range(p, (unsigned char)a[i], (unsigned char)b[i]);
        if (!set)
            return false;
        node_add(cat, set);
    }
    if (cat)
        node_add(alt, cat);
    return cat != NULL;
}

/* The tree of one character out of rs. */
static struct regex_node *ranges_node(struct regex_parser *p, struct ranges *rs)
{
    struct regex_set ascii = {{0}};
    uint32_t top = p->flags & REGEX_UTF8 ? 127 : 255;
    ranges_merge(rs);
    bool wide = false;
    for (size_t i = 0; i < rs->n; i++) {
        for (uint32_t c = rs->r[i].lo; c <= rs->r[i].hi && c <= top; c++)
            ascii.bits[c >> 5] |= 1u << (c & 31);
        wide |= rs->r[i].hi > top;
    }
    if (p->flags & REGEX_NEWLINE)
        ascii.bits[0] &= ~(1u << '\n');
    struct regex_node *set = set_node(p, &ascii);
    if (!set || !wide || top == 255)
        return set;
    struct regex_node *alt = node_new(p, N_ALT, 0);
    if (!alt)
        return NULL;
    node_add(alt, set);
    for (size_t i = 0; i < rs->n; i++) {
        uint32_t lo = rs->r[i].lo < 128 ? 128 : rs->r[i].lo, hi = rs->r[i].hi;
        if (hi < lo)
            continue;
        /* Surrogates are no characters: step around them. */
        if (lo < 0xd800 && !utf8_range(p, alt, lo, hi < 0xd7ff ? hi : 0xd7ff))
            return NULL;
        if (hi > 0xdfff && !utf8_range(p, alt, lo > 0xe000 ? lo : 0xe000, hi))
            return NULL;
    }
    return alt;
}

static struct regex_node *negated(struct regex_parser *p, struct ranges *rs)
{
    if ((p->flags & REGEX_NEWLINE) && !range_add(p, rs, '\n', '\n'))
        return NULL;
    if (!ranges_negate(p, rs, p->flags & REGEX_UTF8 ? 0x10ffff : 255))
        return NULL;
    return ranges_node(p, rs);
}

static bool add_class(struct regex_parser *p, struct ranges *rs, const char *name, size_t n)
{
    static const struct {
        const char *name;
        struct range r[5];
        bool wide; /* letters beyond ASCII are members too */
    } classes[] = {
        {"alpha", {{'a', 'z'}, {'A', 'Z'}}, true},
        {"digit", {{'0', '9'}}, false},
        {"alnum", {{'a', 'z'}, {'A', 'Z'}, {'0', '9'}}, true},
        {"upper", {{'A', 'Z'}}, false},
        {"lower", {{'a', 'z'}}, false},
        {"space", {{'\t', '\r'}, {' ', ' '}}, false},
        {"blank", {{'\t', '\t'}, {' ', ' '}}, false},
        {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}, false},
        {"print", {{' ', '~'}}, true},
        {"graph", {{'!', '~'}}, true},
        {"cntrl", {{1, 31}, {127, 127}}, false},
        {"xdigit", {{'0', '9'}, {'a', 'f'}, {'A', 'F'}}, false},
        {"word", {{'a', 'z'}, {'A', 'Z'}, {'0', '9'}, {'_', '_'}}, true},
    };
    static const struct range letters[] = {
        {0xaa, 0xaa},     {0xb5, 0xb5},     {0xba, 0xba},       {0xc0, 0xd6},
        {0xd8, 0xf6},     {0xf8, 0x1fff},   {0x2c00, 0x2dff},   {0x3041, 0xd7ff},
        {0xf900, 0xfdff}, {0xfe70, 0xfeff}, {0x10000, 0x1ffff},
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
        if (strlen(classes[i].name) != n || memcmp(classes[i].name, name, n))
            continue;
        bool fold = (p->flags & REGEX_ICASE) && (i == 3 || i == 4);
        const struct range *r = fold ? classes[0].r : classes[i].r;
        for (size_t k = 0; k < 5 && r[k].hi; k++)
            if (!range_add(p, rs, r[k].lo, r[k].hi))
                return false;
        if (i == 10 && !range_add(p, rs, 0, 0))
            return false;
        for (size_t k = 0; classes[i].wide && p->flags & REGEX_UTF8 && k < 11; k++)
            if (!range_add(p, rs, letters[k].lo, letters[k].hi))
                return false;
        return true;
    }
    return regex_fail(p, "Invalid character class name"), false;
}

/* One character of the pattern, which is advanced: its code point (or a byte). */
static uint32_t take(struct regex_parser *p)
{
    uint32_t rune;
    size_t n =
        p->flags & REGEX_UTF8 ? utf8_decode((const char *)p->s, (size_t)(p->end - p->s), &rune) : 0;
    if (!n) {
        rune = *p->s;
        n = 1;
    }
    p->s += n;
    return rune;
}

/* awk's escapes after a backslash (which is consumed). */
static uint32_t take_escape(struct regex_parser *p)
{
    static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
    const char *e = strchr(from, *p->s);
    if (*p->s && e) {
        p->s++;
        return (unsigned char)to[e - from];
    }
    if (*p->s >= '0' && *p->s <= '7') {
        unsigned v = 0;
        for (int i = 0; i < 3 && p->s < p->end && *p->s >= '0' && *p->s <= '7'; i++)
            v = v * 8 + (*p->s++ - '0');
        return v & 255;
    }
    return take(p);
}

static bool at_bracket(const struct regex_parser *p, char kind)
{
    return p->end - p->s >= 2 && p->s[0] == '[' && p->s[1] == (unsigned char)kind;
}

/* "[:name:]" and kin: the text between. */
static bool take_named(struct regex_parser *p, const char **name, size_t *n)
{
    unsigned char kind = p->s[1];
    const unsigned char *from = p->s + 2, *s = from;
    while (s + 1 < p->end && !(s[0] == kind && s[1] == ']'))
        s++;
    if (s + 1 >= p->end)
        return regex_fail(p, "Unmatched [, [^, [:, [., or [="), false;
    *name = (const char *)from;
    *n = (size_t)(s - from);
    p->s = s + 2;
    return true;
}

/* A range's end point: a character or [.x.]. */
static bool take_point(struct regex_parser *p, uint32_t *c)
{
    const char *name;
    size_t n;
    if (at_bracket(p, '.') || at_bracket(p, '=')) {
        if (!take_named(p, &name, &n))
            return false;
        size_t len = n ? utf8_decode(name, n, c) : 0;
        if (!n || (len != n && n != 1))
            return regex_fail(p, "Invalid collation character"), false;
        if (len != n)
            *c = (unsigned char)*name;
        return true;
    }
    if ((p->flags & REGEX_AWK) && *p->s == '\\' && p->s + 1 < p->end) {
        p->s++;
        *c = take_escape(p);
        return true;
    }
    *c = take(p);
    return true;
}

static bool add_point(struct regex_parser *p, struct ranges *rs, uint32_t lo, uint32_t hi)
{
    if (!range_add(p, rs, lo, hi))
        return false;
    if (!(p->flags & REGEX_ICASE))
        return true;
    for (uint32_t c = lo; c <= hi && c < 128; c++) {
        uint32_t o = c ^ 0x20;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter && !range_add(p, rs, o, o))
            return false;
    }
    return true;
}

/* After "[". */
static struct regex_node *parse_bracket(struct regex_parser *p)
{
    static const char unmatched[] = "Unmatched [, [^, [:, [., or [=";
    struct ranges rs = {0};
    bool neg = p->s < p->end && *p->s == '^';
    p->s += neg;
    for (bool first = true;; first = false) {
        if (p->s >= p->end)
            return regex_fail(p, unmatched);
        if (*p->s == ']' && !first)
            break;
        if (at_bracket(p, ':')) {
            const char *name;
            size_t n;
            if (!take_named(p, &name, &n) || !add_class(p, &rs, name, n))
                return NULL;
            continue;
        }
        uint32_t lo, hi;
        if (!take_point(p, &lo))
            return NULL;
        hi = lo;
        if (p->end - p->s >= 2 && p->s[0] == '-' && p->s[1] != ']') {
            p->s++;
            if (!take_point(p, &hi))
                return NULL;
            if (hi < lo)
                return regex_fail(p, "Invalid range end");
        }
        if (!add_point(p, &rs, lo, hi))
            return NULL;
    }
    p->s++;
    return neg ? negated(p, &rs) : ranges_node(p, &rs);
}

/* --- the grammar --------------------------------------------------------------- */

static struct regex_node *literal(struct regex_parser *p, const unsigned char *s, size_t n)
{
    unsigned char c = *s;
    if (n == 1) {
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!(p->flags & REGEX_ICASE) || !letter)
            return node_new(p, N_BYTE, c);
        struct regex_set set = {{0}};
        set.bits[c >> 5] |= 1u << (c & 31);
        set.bits[(c ^ 0x20) >> 5] |= 1u << ((c ^ 0x20) & 31);
        return set_node(p, &set);
    }
    struct regex_node *cat = node_new(p, N_CAT, 0);
    for (size_t i = 0; cat && i < n; i++) {
        struct regex_node *b = node_new(p, N_BYTE, s[i]);
        if (!b)
            return NULL;
        node_add(cat, b);
    }
    return cat;
}

static struct regex_node *literal_here(struct regex_parser *p)
{
    const unsigned char *s = p->s;
    take(p);
    return literal(p, s, (size_t)(p->s - s));
}

static struct regex_node *class_escape(struct regex_parser *p, const char *name, size_t n, bool neg)
{
    struct ranges rs = {0};
    if (!add_class(p, &rs, name, n))
        return NULL;
    return neg ? negated(p, &rs) : ranges_node(p, &rs);
}

/* After a backslash that is not part of the grammar's own tokens. */
static struct regex_node *parse_escape(struct regex_parser *p)
{
    unsigned char c = *p->s;
    if (p->flags & REGEX_AWK) {
        uint32_t v = take_escape(p);
        char text[4];
        size_t n = v < 128 ? 1 : p->flags & REGEX_UTF8 ? utf8_encode(v, text) : 1;
        if (n == 1)
            text[0] = (char)v;
        return literal(p, (unsigned char *)text, n);
    }
    static const char asserts[] = "<>bB`'";
    static const unsigned kinds[] = {A_WORD_BEGIN, A_WORD_END,  A_WORD,
                                     A_NOT_WORD,   A_BUF_BEGIN, A_BUF_END};
    const char *a = c ? strchr(asserts, c) : NULL;
    if (a) {
        p->s++;
        return node_new(p, N_ASSERT, kinds[a - asserts]);
    }
    switch (c) {
    case 'w':
    case 'W':
        p->s++;
        return class_escape(p, "word", 4, c == 'W');
    case 's':
    case 'S':
        p->s++;
        return class_escape(p, "space", 5, c == 'S');
    default:
        break;
    }
    if (c >= '1' && c <= '9') {
        p->s++;
        if (!(p->closed >> (c - '0') & 1))
            return regex_fail(p, "Invalid back reference");
        p->out->backrefs = true;
        return node_new(p, N_BACKREF, c - '0');
    }
    return literal_here(p);
}

static struct regex_node *parse_alt(struct regex_parser *p, bool nested);

static bool ere(const struct regex_parser *p)
{
    return p->flags & REGEX_ERE;
}

/* Is the token op (one character: "(", "|", ...) here, as the dialect writes it? */
static size_t token(const struct regex_parser *p, char op)
{
    size_t left = (size_t)(p->end - p->s);
    if (ere(p))
        return left >= 1 && p->s[0] == (unsigned char)op ? 1 : 0;
    return left >= 2 && p->s[0] == '\\' && p->s[1] == (unsigned char)op ? 2 : 0;
}

static struct regex_node *parse_group(struct regex_parser *p)
{
    unsigned index = ++p->groups;
    if (++p->depth > MAX_DEPTH)
        return regex_fail(p, regex_too_big);
    struct regex_node *body = parse_alt(p, true);
    if (!body)
        return NULL;
    size_t n = token(p, ')');
    if (!n)
        return regex_fail(p, "Unmatched ( or \\(");
    p->s += n;
    p->depth--;
    if (index < 64)
        p->closed |= 1ull << index;
    struct regex_node *g = node_new(p, N_GROUP, index);
    if (g)
        node_add(g, body);
    return g;
}

/* Would a ^ here be an anchor? prev: something stands before it in its branch. */
static bool caret_anchors(const struct regex_parser *p, bool prev)
{
    return ere(p) || !prev;
}

static bool dollar_anchors(const struct regex_parser *p)
{
    if (ere(p) || p->s + 1 >= p->end)
        return true;
    return p->s + 2 < p->end && p->s[1] == '\\' && (p->s[2] == ')' || p->s[2] == '|');
}

/* A repetition operator at s: 1 and its bounds, 0 none, -1 error. */
static int parse_repeat(struct regex_parser *p, int *min, int *max)
{
    size_t n;
    if (p->s >= p->end)
        return 0;
    if (*p->s == '*') {
        p->s++;
        return *min = 0, *max = -1, 1;
    }
    if ((n = token(p, '+'))) {
        p->s += n;
        return *min = 1, *max = -1, 1;
    }
    if ((n = token(p, '?'))) {
        p->s += n;
        return *min = 0, *max = 1, 1;
    }
    n = token(p, '{');
    if (!n || (p->flags & REGEX_AWK))
        return 0;
    const unsigned char *s = p->s + n;
    int v[2] = {-1, -1}, at = 0;
    bool comma = false, bad = false;
    for (; s < p->end && ((*s >= '0' && *s <= '9') || (*s == ',' && !comma)); s++) {
        if (*s == ',') {
            comma = true;
            at = 1;
            continue;
        }
        v[at] = (v[at] < 0 ? 0 : v[at]) * 10 + (*s - '0');
        if (v[at] > MAX_REPEAT)
            return regex_fail(p, regex_too_big), -1;
    }
    bool closed = ere(p) ? s < p->end && *s == '}' : s + 1 < p->end && s[0] == '\\' && s[1] == '}';
    bad = !closed || (v[0] < 0 && !comma) || (comma && v[1] >= 0 && v[1] < v[0]);
    if (bad && ere(p) && !(p->flags & REGEX_STRICT) && !(closed && comma && v[0] >= 0))
        return 0;
    if (bad)
        return regex_fail(p, s >= p->end ? "Unmatched \\{" : "Invalid content of \\{\\}"), -1;
    p->s = s + (ere(p) ? 1 : 2);
    *min = v[0] < 0 ? 0 : v[0];
    *max = comma ? v[1] : *min;
    return 1;
}

/* One atom, or NULL (an error if why is set). *prev tells whether something
 * stands before it in this branch. */
static struct regex_node *parse_atom(struct regex_parser *p, bool prev)
{
    unsigned char c = *p->s;
    size_t n;
    if ((n = token(p, '('))) {
        p->s += n;
        return parse_group(p);
    }
    switch (c) {
    case '[':
        p->s++;
        return parse_bracket(p);
    case '.': {
        struct ranges rs = {0};
        p->s++;
        return negated(p, &rs);
    }
    case '^':
        if (!caret_anchors(p, prev))
            break;
        p->s++;
        return node_new(p, N_ASSERT, A_BOL);
    case '$':
        if (!dollar_anchors(p))
            break;
        p->s++;
        return node_new(p, N_ASSERT, A_EOL);
    case '\\':
        if (p->s + 1 >= p->end) {
            if (!(p->flags & REGEX_AWK))
                return regex_fail(p, "Trailing backslash");
            break;
        }
        p->s++;
        return parse_escape(p);
    default:
        break;
    }
    return literal_here(p);
}

static bool branch_ends(const struct regex_parser *p, bool nested)
{
    if (p->s >= p->end || token(p, '|'))
        return true;
    if (!token(p, ')'))
        return false;
    return nested || !(ere(p) && p->flags & REGEX_PAREN_ORD);
}

/* A sequence of atoms, each perhaps repeated. */
static struct regex_node *parse_branch(struct regex_parser *p, bool nested)
{
    struct regex_node *cat = node_new(p, N_CAT, 0);
    bool prev = false; /* something a "*" could repeat */
    while (cat && !branch_ends(p, nested)) {
        int min, max, rep = 0;
        const unsigned char *at = p->s;
        if (!prev && (ere(p) || *at != '*') && (rep = parse_repeat(p, &min, &max)) != 0) {
            /* A repetition of nothing: an error, or as if it were not there. */
            if (rep < 0)
                return NULL;
            if (p->flags & REGEX_STRICT || (!ere(p) && at[1] == '{'))
                return regex_fail(p, "Invalid preceding regular expression");
            if (ere(p))
                continue;
            p->s = at + 1; /* BRE: \+ at the start is a plus sign */
        }
        bool anchored = !ere(p) && *p->s == '^' && !prev;
        struct regex_node *atom = parse_atom(p, cat->child != NULL);
        if (!atom)
            return NULL;
        prev = !anchored;
        bool empty = atom->kind == N_ASSERT;
        while (prev && (rep = parse_repeat(p, &min, &max)) > 0) {
            if (empty && (p->flags & REGEX_STRICT))
                return regex_fail(p, "Invalid preceding regular expression");
            struct regex_node *r = node_new(p, N_REPEAT, 0);
            if (!r)
                return NULL;
            r->min = min;
            r->max = max;
            node_add(r, atom);
            atom = r;
        }
        if (rep < 0)
            return NULL;
        node_add(cat, atom);
    }
    return cat;
}

static struct regex_node *parse_alt(struct regex_parser *p, bool nested)
{
    struct regex_node *first = parse_branch(p, nested);
    if (!first || !token(p, '|'))
        return first;
    struct regex_node *alt = node_new(p, N_ALT, 0);
    if (!alt)
        return NULL;
    node_add(alt, first);
    for (size_t n; (n = token(p, '|'));) {
        p->s += n;
        struct regex_node *b = parse_branch(p, nested);
        if (!b)
            return NULL;
        node_add(alt, b);
    }
    return alt;
}

/* The whole pattern between two assertions: whole lines, or no word goes on. */
static struct regex_node *fenced(struct regex_parser *p, struct regex_node *tree, bool lines)
{
    struct regex_node *cat = node_new(p, N_CAT, 0);
    struct regex_node *before = node_new(p, N_ASSERT, lines ? A_BOL : A_NO_WORD_BEFORE);
    struct regex_node *after = node_new(p, N_ASSERT, lines ? A_EOL : A_NO_WORD_AFTER);
    if (!cat || !before || !after)
        return NULL;
    node_add(cat, before);
    node_add(cat, tree);
    node_add(cat, after);
    return cat;
}

int regex_parse(struct arena *a, const char *pattern, size_t n, unsigned flags,
                struct regex_prog *out, const char **why)
{
    struct regex_parser p = {.arena = a, .flags = flags, .out = out};
    p.s = (const unsigned char *)pattern;
    p.end = p.s + n;
    *out = (struct regex_prog){0};
    struct regex_node *tree;
    if (flags & REGEX_LITERAL) {
        tree = node_new(&p, N_CAT, 0);
        while (tree && p.s < p.end && !p.why) {
            struct regex_node *c = literal_here(&p);
            if (c)
                node_add(tree, c);
        }
    } else {
        tree = parse_alt(&p, false);
        if (tree && p.s < p.end)
            regex_fail(&p, "Unmatched ) or \\)");
    }
    if (tree && !p.why && flags & (REGEX_WORDS | REGEX_LINES))
        tree = fenced(&p, tree, flags & REGEX_LINES);
    if (tree && !p.why)
        regex_emit(&p, tree);
    out->groups = p.groups;
    *why = p.why;
    return p.why ? -1 : 0;
}
