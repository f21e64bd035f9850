/* regex_emit.c -- from the tree of a regular expression to a program.
 *
 * Counted repetition is written out as often as it says: a program has a
 * largest size.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/regex_tree.h"
#include "base/str.h"

enum { MAX_PROGRAM = 20000 };

const char regex_too_big[] = "Regular expression too big";

static uint32_t emit(struct regex_parser *p, enum regex_op op, unsigned v)
{
    struct regex_prog *o = p->out;
    if (o->n == p->inst_cap) {
        uint32_t cap = p->inst_cap ? p->inst_cap * 2 : 32;
        struct regex_inst *i =
            cap > 2 * MAX_PROGRAM
                ? NULL
                : arena_realloc(p->arena, o->inst, p->inst_cap * sizeof(*i), cap * sizeof(*i));
        if (!i) {
            regex_fail(p, regex_too_big);
            return 0;
        }
        o->inst = i;
        p->inst_cap = cap;
    }
    o->inst[o->n] = (struct regex_inst){.op = (uint16_t)op, .v = (uint16_t)v};
    return o->n++;
}

static void emit_node(struct regex_parser *p, const struct regex_node *n);

static void emit_alt(struct regex_parser *p, const struct regex_node *n)
{
    /* Jumps to the end are chained through x until the end is known. */
    uint32_t chain = UINT32_MAX;
    for (const struct regex_node *c = n->child; c && !p->why; c = c->next) {
        if (!c->next) {
            emit_node(p, c);
            break;
        }
        uint32_t split = emit(p, I_SPLIT, 0);
        emit_node(p, c);
        uint32_t jmp = emit(p, I_JMP, 0);
        if (p->why)
            return;
        p->out->inst[jmp].x = chain;
        chain = jmp;
        p->out->inst[split].x = split + 1;
        p->out->inst[split].y = p->out->n;
    }
    while (!p->why && chain != UINT32_MAX) {
        uint32_t next = p->out->inst[chain].x;
        p->out->inst[chain].x = p->out->n;
        chain = next;
    }
}

static void emit_repeat(struct regex_parser *p, const struct regex_node *n)
{
    for (int i = 0; i < n->min && !p->why; i++) {
        uint32_t from = p->out->n;
        emit_node(p, n->child);
        if (p->out->n == from)
            return; /* nothing, however often */
        if (i + 1 == n->min && n->max < 0 && !p->why) {
            uint32_t split = emit(p, I_SPLIT, 0);
            if (p->why)
                return;
            p->out->inst[split].x = from;
            p->out->inst[split].y = split + 1;
            return;
        }
    }
    uint32_t chain = UINT32_MAX;
    for (int i = n->min; (n->max < 0 || i < n->max) && !p->why; i++) {
        uint32_t split = emit(p, I_SPLIT, 0);
        emit_node(p, n->child);
        uint32_t jmp = n->max < 0 ? emit(p, I_JMP, 0) : 0;
        if (p->why)
            return;
        p->out->inst[split].x = split + 1;
        p->out->inst[split].y = chain;
        chain = split;
        if (n->max < 0) {
            p->out->inst[jmp].x = split;
            break;
        }
    }
    while (!p->why && chain != UINT32_MAX) {
        uint32_t next = p->out->inst[chain].y;
        p->out->inst[chain].y = p->out->n;
        chain = next;
    }
}

static void emit_node(struct regex_parser *p, const struct regex_node *n)
{
    if (p->why || p->out->n > MAX_PROGRAM) {
        regex_fail(p, regex_too_big);
        return;
    }
    switch (n->kind) {
    case N_EMPTY:
        break;
    case N_BYTE:
        emit(p, I_BYTE, n->v);
        break;
    case N_SET:
        emit(p, I_SET, n->v);
        break;
    case N_ASSERT:
        emit(p, I_ASSERT, n->v);
        break;
    case N_BACKREF:
        emit(p, I_BACKREF, n->v);
        break;
    case N_ALT:
        emit_alt(p, n);
        break;
    case N_REPEAT:
        emit_repeat(p, n);
        break;
    case N_CAT:
        for (const struct regex_node *c = n->child; c && !p->why; c = c->next)
            emit_node(p, c);
        break;
    case N_GROUP:
        emit(p, I_SAVE, 2 * n->v);
        emit_node(p, n->child);
        emit(p, I_SAVE, 2 * n->v + 1);
        break;
    }
}

static bool add_prefix(struct str *b, const struct regex_node *n)
{
    if (n->kind == N_BYTE) {
        str_putc(b, (int)n->v);
        return true;
    }
    if (n->kind != N_CAT)
        return false;
    for (const struct regex_node *c = n->child; c; c = c->next)
        if (!add_prefix(b, c))
            return false;
    return true;
}

static void find_prefix(struct regex_parser *p, const struct regex_node *tree)
{
    struct str b;
    str_init(&b, p->arena);
    bool whole = add_prefix(&b, tree);
    if (b.bad || !b.n)
        return;
    p->out->prefix = str_text(&b);
    p->out->prefix_n = b.n;
    p->out->whole = whole;
}

void regex_emit(struct regex_parser *p, const struct regex_node *tree)
{
    emit_node(p, tree);
    emit(p, I_MATCH, 0);
    find_prefix(p, tree);
}
