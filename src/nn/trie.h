/* trie.h -- the windows of a batch as a tree of shared beginnings.
 *
 * Windows of short sessions begin with the same paddings and often the same
 * commands, and an LSTM's state after equal beginnings is equal. So each
 * distinct beginning is a node, computed once; the result is exactly that of
 * computing every row.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef NN_TRIE_H
#define NN_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Nodes are numbered level by level: those of level t (beginnings of length
 * t + 1) are first[t] .. first[t + 1] - 1. */
struct nn_trie {
    size_t steps, rows;
    uint32_t *first;           /* [steps + 1] */
    uint32_t *parent;          /* of a node: a node of the level above; level 0: unused */
    uint32_t *leaf;            /* [rows]: the node of the whole window */
    uint32_t *child, *sibling; /* chains, while building; ends with 0 */
    uint8_t *code;             /* of a node: row of the input projection */
};

int nn_trie_init(struct nn_trie *t, size_t steps, size_t rows_max) NODISCARD;
void nn_trie_done(struct nn_trie *t);
/* index [rows][steps]; reverse: windows are read from their end. */
void nn_trie_build(struct nn_trie *t, const uint8_t *index, size_t rows, bool reverse);

#endif
