/* diff.h -- the shortest way from one row of lines to another.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_DIFF_H
#define CMD_DIFF_H

#include "vm/vm.h"

/* Two rows of numbers, equal where the lines are. */
struct diff_rows {
    const uint32_t *line[2];
    int n[2];
    bool *changed[2]; /* answer: lines that are not common to both */
};

/* Marks what changed. Bounded: rows that differ too much are marked whole
 * between what they have in common at both ends. */
void diff_rows(struct proc *p, struct diff_rows *d);

#endif
