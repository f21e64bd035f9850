/* regex_back.c -- patterns with back-references: a backtracker that gives up
 * after a number of steps.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "base/err.h"
#include "base/regex_priv.h"

enum { BACKTRACK_MAX = 2000000 /* steps */ };

struct back {
    struct regex *re;
    const char *s;
    size_t n;
    size_t slot[20];
    unsigned steps;
    struct choice {
        uint32_t pc; /* UINT32_MAX - slot: restore */
        size_t at;
    } * stack;
    size_t top, cap;
    bool bad;
};

static void back_push(struct back *b, uint32_t pc, size_t at)
{
    if (b->top == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 256;
        struct choice *c =
            cap > BACKTRACK_MAX
                ? NULL
                : arena_realloc(b->re->arena, b->stack, b->cap * sizeof(*c), cap * sizeof(*c));
        if (!c) {
            b->bad = true;
            return;
        }
        b->stack = c;
        b->cap = cap;
    }
    b->stack[b->top++] = (struct choice){pc, at};
}

/* Can the place at pc go on at s[at]? Moves both; false: a dead end. */
static bool back_step(struct back *b, uint32_t *pc, size_t *at)
{
    const struct regex_inst *i = &b->re->prog.inst[*pc];
    bool more = *at < b->n;
    unsigned char c = more ? (unsigned char)b->s[*at] : 0;
    switch (i->op) {
    case I_BYTE:
        if (!more || i->v != c)
            return false;
        ++*at;
        break;
    case I_SET:
        if (!more || !regex_set_has(&b->re->prog.set[i->v], c))
            return false;
        ++*at;
        break;
    case I_ASSERT:
        if (!regex_holds(b->re, i->v, regex_before_at(b->re, b->s, *at), more ? c : 256))
            return false;
        break;
    case I_JMP:
        *pc = i->x;
        return true;
    case I_SPLIT:
        back_push(b, i->y, *at);
        *pc = i->x;
        return true;
    case I_SAVE:
        if (i->v < 20) {
            back_push(b, UINT32_MAX - i->v, b->slot[i->v]);
            b->slot[i->v] = *at;
        }
        break;
    case I_BACKREF: {
        size_t so = b->slot[2 * i->v], eo = b->slot[2 * i->v + 1];
        if (so == (size_t)-1 || eo == (size_t)-1 || eo < so || eo - so > b->n - *at ||
            memcmp(b->s + so, b->s + *at, eo - so))
            return false;
        *at += eo - so;
        break;
    }
    default:
        return false;
    }
    ++*pc;
    return true;
}

/* The longest match from s[from]: 1 and slot[0..1] set, 0, or ERR_LIMIT. */
static int back_run(struct back *b, size_t from)
{
    size_t best[20];
    bool found = false;
    memset(b->slot, 0xff, sizeof(b->slot));
    b->top = 0;
    back_push(b, 0, from);
    while (b->top && !b->bad) {
        struct choice c = b->stack[--b->top];
        if (c.pc > UINT32_MAX - 20) {
            b->slot[UINT32_MAX - c.pc] = c.at;
            continue;
        }
        uint32_t pc = c.pc;
        size_t at = c.at;
        do {
            if (++b->steps > BACKTRACK_MAX)
                return ERR_LIMIT;
            if (b->steps % REGEX_TICK == 0 && b->re->tick)
                b->re->tick(b->re->tick_ctx, REGEX_TICK / 4);
            if (b->re->prog.inst[pc].op == I_MATCH) {
                if (!found || at > best[1]) {
                    memcpy(best, b->slot, sizeof(best));
                    best[1] = at;
                }
                found = true;
                break;
            }
        } while (back_step(b, &pc, &at) && !b->bad);
        if (found && best[1] == b->n)
            break;
    }
    if (b->bad)
        return ERR_LIMIT;
    if (found)
        memcpy(b->slot, best, sizeof(best));
    return found;
}

int regex_exec_back(struct regex *re, const char *s, size_t n, size_t from, struct regex_match *m,
                    size_t nm)
{
    struct back b = {.re = re, .s = s, .n = n};
    int found = 0;
    nm = m && !nm ? 1 : nm;
    for (size_t at = from; at <= n && !found; at++) {
        if (!re->any_first && (at == n || !re->first[(unsigned char)s[at]]))
            continue;
        found = back_run(&b, at);
        if (found == 1)
            b.slot[0] = at;
    }
    for (size_t i = 0; found == 1 && i < nm; i++)
        m[i] = i < 10 && i <= re->prog.groups && b.slot[2 * i + 1] != (size_t)-1
                   ? (struct regex_match){b.slot[2 * i], b.slot[2 * i + 1]}
                   : (struct regex_match){(size_t)-1, (size_t)-1};
    arena_release(re->arena, b.stack, b.cap * sizeof(*b.stack));
    return found;
}
