/* trie.c -- finds the shared beginnings of a batch.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/trie.h"
#include "base/arena.h"

#include <string.h>

int nn_trie_init(struct nn_trie *t, size_t steps, size_t rows_max)
{
    const size_t nodes = steps * rows_max;
    *t = (struct nn_trie){.steps = steps};
    t->first = x_calloc(steps + 1, sizeof *t->first);
    t->parent = x_calloc(nodes, sizeof *t->parent);
    t->leaf = x_calloc(rows_max, sizeof *t->leaf);
    t->child = x_calloc(nodes + 1, sizeof *t->child);
    t->sibling = x_calloc(nodes, sizeof *t->sibling);
    t->code = x_calloc(nodes, 1);
    if (t->first && t->parent && t->leaf && t->child && t->sibling && t->code)
        return 0;
    nn_trie_done(t);
    return ERR_NOMEM;
}

void nn_trie_done(struct nn_trie *t)
{
    x_free(t->first);
    x_free(t->parent);
    x_free(t->leaf);
    x_free(t->child);
    x_free(t->sibling);
    x_free(t->code);
    *t = (struct nn_trie){0};
}

/* Chains hold node numbers plus one, so that zero ends them; the root's chain
 * is child[0], that of node n child[n + 1]. */
static uint32_t descend(struct nn_trie *t, uint32_t above, uint8_t code, uint32_t *count)
{
    for (uint32_t n = t->child[above]; n; n = t->sibling[n - 1])
        if (t->code[n - 1] == code)
            return n;
    const uint32_t node = (*count)++;
    t->code[node] = code;
    t->parent[node] = above ? above - 1 : 0;
    t->sibling[node] = t->child[above];
    t->child[node + 1] = 0;
    t->child[above] = node + 1;
    return node + 1;
}

void nn_trie_build(struct nn_trie *t, const uint8_t *index, size_t rows, bool reverse)
{
    uint32_t count = 0;
    t->rows = rows;
    t->child[0] = 0;
    memset(t->leaf, 0, rows * sizeof *t->leaf);
    for (size_t s = 0; s < t->steps; s++) {
        t->first[s] = count;
        for (size_t r = 0; r < rows; r++) {
            const uint8_t code = index[r * t->steps + (reverse ? t->steps - 1 - s : s)];
            t->leaf[r] = descend(t, t->leaf[r], code, &count);
        }
    }
    t->first[t->steps] = count;
    for (size_t r = 0; r < rows; r++)
        t->leaf[r]--;
}
