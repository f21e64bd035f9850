/* diff_rows.c -- Myers' greedy algorithm, keeping one row of ends a step.
 *
 * The furthest ends of every step are kept to walk back along them, so memory
 * grows with the square of the changes: STEPS bounds it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/diff.h"

enum { STEPS = 1500 };

struct walk {
    struct proc *p;
    const uint32_t *a, *b;
    int n, m;
    int *ends[STEPS + 1]; /* of step d: x on diagonals -d..d */
};

static int follow(const struct walk *w, int x, int k)
{
    while (x < w->n && x - k < w->m && w->a[x] == w->b[x - k])
        x++;
    return x;
}

/* Where step d arrives on diagonal k, before following equal lines. */
static int arrive(const struct walk *w, int d, int k)
{
    if (!d)
        return 0;
    const int *e = w->ends[d - 1] + d - 1;
    if (k == -d || (k != d && e[k - 1] < e[k + 1]))
        return e[k + 1];
    return e[k - 1] + 1;
}

/* The number of changes, or -1 if there are too many. */
static int search(struct walk *w)
{
    for (int d = 0; d <= STEPS; d++) {
        int *e = vm_alloc(w->p, (size_t)(2 * d + 1) * sizeof(*e));
        w->ends[d] = e;
        for (int k = -d; k <= d; k += 2) {
            int x = arrive(w, d, k);
            bool outside = x > w->n || x - k > w->m;
            e[k + d] = outside ? x : follow(w, x, k);
            if (!outside && e[k + d] >= w->n && e[k + d] - k >= w->m)
                return d;
        }
        vm_tick(w->p, (unsigned)d / 4 + 1);
    }
    return -1;
}

void diff_rows(struct proc *p, struct diff_rows *r)
{
    int from = 0, n = r->n[0], m = r->n[1];
    while (from < n && from < m && r->line[0][from] == r->line[1][from])
        from++;
    while (n > from && m > from && r->line[0][n - 1] == r->line[1][m - 1]) {
        n--;
        m--;
    }
    struct walk *w = vm_alloc(p, sizeof(*w));
    *w = (struct walk){p, r->line[0] + from, r->line[1] + from, n - from, m - from, {0}};
    int d = search(w);
    if (d < 0) {
        memset(r->changed[0] + from, 1, (size_t)w->n);
        memset(r->changed[1] + from, 1, (size_t)w->m);
        return;
    }
    for (int x = w->n, y = w->m; d > 0; d--) {
        int k = x - y;
        const int *e = w->ends[d - 1] + d - 1;
        bool down = k == -d || (k != d && e[k - 1] < e[k + 1]);
        int back = down ? k + 1 : k - 1;
        x = e[back];
        y = x - back;
        if (down)
            r->changed[1][from + y] = true;
        else
            r->changed[0][from + x] = true;
    }
}
