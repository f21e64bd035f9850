/* regex_thread.c -- a list of threads (Pike's) over a program: where a match
 * begins, and what its groups matched.
 *
 * Each thread is a place in the program and some offsets; of two threads at
 * one place the first, preferred one stays, so a step costs no more than the
 * program is long.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "base/regex_priv.h"

struct threads {
    uint32_t *pc;
    size_t *slots; /* nslots a thread */
    uint32_t n;
};

struct pike {
    struct regex *re;
    const char *s;
    size_t n, from, end; /* subject; the match is s[from..end) */
    uint32_t nslots;
    size_t *cur; /* slots of the thread being added */
    struct frame {
        uint32_t pc; /* place, or UINT32_MAX: restore a slot */
        uint32_t slot;
        size_t old;
    } * stack;
};

static void pike_add(struct pike *k, struct threads *t, uint32_t pc, size_t at)
{
    struct regex *re = k->re;
    enum regex_before before = regex_before_at(re, k->s, at);
    int next = at < k->n ? (unsigned char)k->s[at] : 256;
    uint32_t top = 0;
    k->stack[top++] = (struct frame){.pc = pc};
    while (top) {
        struct frame f = k->stack[--top];
        if (f.pc == UINT32_MAX) {
            k->cur[f.slot] = f.old;
            continue;
        }
        if (re->mark[f.pc] == re->gen)
            continue;
        re->mark[f.pc] = re->gen;
        const struct regex_inst *i = &re->prog.inst[f.pc];
        switch (i->op) {
        case I_JMP:
            k->stack[top++] = (struct frame){.pc = i->x};
            break;
        case I_SPLIT:
            k->stack[top++] = (struct frame){.pc = i->y};
            k->stack[top++] = (struct frame){.pc = i->x};
            break;
        case I_SAVE:
            if (i->v < k->nslots) {
                k->stack[top++] = (struct frame){UINT32_MAX, i->v, k->cur[i->v]};
                k->cur[i->v] = at;
            }
            k->stack[top++] = (struct frame){.pc = f.pc + 1};
            break;
        case I_ASSERT:
            if (regex_holds(re, i->v, before, next))
                k->stack[top++] = (struct frame){.pc = f.pc + 1};
            break;
        default:
            memcpy(t->slots + (size_t)t->n * k->nslots, k->cur, k->nslots * sizeof(size_t));
            t->pc[t->n++] = f.pc;
        }
    }
}

static void pike_run(struct pike *k, struct threads *now, struct threads *then, size_t *best)
{
    struct regex *re = k->re;
    regex_marks_clear(re);
    now->n = 0;
    pike_add(k, now, 0, k->from);
    unsigned steps = 0;
    for (size_t at = k->from; now->n; at++) {
        regex_marks_clear(re);
        then->n = 0;
        for (uint32_t i = 0; i < now->n; i++) {
            const struct regex_inst *in = &re->prog.inst[now->pc[i]];
            size_t *slots = now->slots + (size_t)i * k->nslots;
            if (in->op == I_MATCH) {
                if (at != k->end)
                    continue;
                memcpy(best, slots, k->nslots * sizeof(size_t));
                return;
            }
            if (at >= k->end)
                continue;
            unsigned char c = (unsigned char)k->s[at];
            if (in->op == I_BYTE ? in->v != c : !regex_set_has(&re->prog.set[in->v], c))
                continue;
            memcpy(k->cur, slots, k->nslots * sizeof(size_t));
            pike_add(k, then, now->pc[i] + 1, at + 1);
        }
        struct threads *t = now;
        now = then;
        then = t;
        steps += now->n + 1;
        if (steps >= REGEX_TICK && re->tick) {
            re->tick(re->tick_ctx, steps / 4);
            steps = 0;
        }
    }
}

/* Where the leftmost match at or after from begins: 1, 0 none. Threads stand in
 * the order of their beginnings, and of those at one place the first stays. */
static int leftmost_run(struct pike *k, struct threads *now, struct threads *then, size_t *start)
{
    struct regex *re = k->re;
    int found = 0;
    unsigned steps = 0;
    now->n = 0;
    regex_marks_clear(re);
    for (size_t at = k->from; at <= k->n && (now->n || !found); at++) {
        if (!found) {
            *k->cur = at;
            pike_add(k, now, 0, at);
        }
        regex_marks_clear(re);
        then->n = 0;
        for (uint32_t i = 0; i < now->n; i++) {
            const struct regex_inst *in = &re->prog.inst[now->pc[i]];
            if (in->op == I_MATCH) {
                *start = now->slots[i];
                found = 1;
                break; /* those behind it began later */
            }
            unsigned char c = at < k->n ? (unsigned char)k->s[at] : 0;
            if (at == k->n ||
                (in->op == I_BYTE ? in->v != c : !regex_set_has(&re->prog.set[in->v], c)))
                continue;
            *k->cur = now->slots[i];
            pike_add(k, then, now->pc[i] + 1, at + 1);
        }
        struct threads *t = now;
        now = then;
        then = t;
        steps += now->n + 1;
        if (steps >= REGEX_TICK && re->tick) {
            re->tick(re->tick_ctx, steps / 4);
            steps = 0;
        }
    }
    return found;
}

/* The work space of a thread list with nslots slots a thread, in one block of
 * *total bytes; NULL without memory. */
static char *pike_space(struct pike *k, struct threads t[2], size_t **best, size_t *total)
{
    size_t insts = k->re->prog.n, row = k->nslots * sizeof(size_t);
    *total = insts * (2 * sizeof(uint32_t) + 2 * row + 3 * sizeof(struct frame)) + 2 * row + 64;
    char *mem = arena_alloc(k->re->arena, *total), *at = mem;
    if (!mem)
        return NULL;
    k->stack = (struct frame *)(void *)at;
    at += 3 * insts * sizeof(struct frame);
    for (int i = 0; i < 2; i++) {
        t[i].slots = (size_t *)(void *)at;
        at += insts * row;
    }
    k->cur = (size_t *)(void *)at;
    *best = k->cur + k->nslots;
    at += 2 * row;
    for (int i = 0; i < 2; i++) {
        t[i].pc = (uint32_t *)(void *)at;
        at += insts * sizeof(uint32_t);
    }
    memset(k->cur, 0xff, 2 * row);
    return mem;
}

int regex_leftmost(struct regex *re, const char *s, size_t n, size_t from, size_t *start)
{
    struct pike k = {.re = re, .s = s, .n = n, .from = from, .nslots = 1};
    struct threads t[2];
    size_t *best, total;
    char *mem = pike_space(&k, t, &best, &total);
    if (!mem)
        return ERR_NOMEM;
    int found = leftmost_run(&k, &t[0], &t[1], start);
    arena_release(re->arena, mem, total);
    return found;
}

int regex_submatches(struct regex *re, const char *s, size_t n, struct regex_match *m, size_t nm)
{
    size_t groups = nm - 1 < re->prog.groups ? nm - 1 : re->prog.groups;
    for (size_t i = 1; i < nm; i++)
        m[i] = (struct regex_match){(size_t)-1, (size_t)-1};
    if (!groups)
        return 0;
    struct pike k = {.re = re, .s = s, .n = n, .from = m[0].so, .end = m[0].eo};
    k.nslots = (uint32_t)(2 * groups + 2);
    struct threads t[2];
    size_t *best, total;
    char *mem = pike_space(&k, t, &best, &total);
    if (!mem)
        return ERR_NOMEM;
    pike_run(&k, &t[0], &t[1], best);
    for (size_t i = 1; i <= groups; i++)
        if (best[2 * i + 1] != (size_t)-1)
            m[i] = (struct regex_match){best[2 * i], best[2 * i + 1]};
    arena_release(re->arena, mem, total);
    return 0;
}
