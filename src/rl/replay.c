/* replay.c -- ring buffer; sum tree for proportional priorities.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/replay.h"
#include "base/arena.h"

int rl_replay_init(struct rl_replay *r, size_t cap, bool prioritised)
{
    *r = (struct rl_replay){.cap = cap, .top = 1, .leaves = 1};
    while (r->leaves < cap)
        r->leaves *= 2;
    r->items = x_calloc(cap, sizeof *r->items);
    r->tree = prioritised ? x_calloc(2 * r->leaves, sizeof *r->tree) : NULL;
    if (!r->items || (prioritised && !r->tree)) {
        rl_replay_done(r);
        return ERR_NOMEM;
    }
    return 0;
}

void rl_replay_done(struct rl_replay *r)
{
    x_free(r->items);
    x_free(r->tree);
    r->items = NULL;
    r->tree = NULL;
}

/* Sums are added up anew on the way to the root, so errors do not pile up. */
static void tree_set(struct rl_replay *r, size_t index, double priority)
{
    size_t at = r->leaves + index;
    r->tree[at] = priority;
    for (at /= 2; at >= 1; at /= 2)
        r->tree[at] = r->tree[2 * at] + r->tree[2 * at + 1];
}

void rl_replay_set_priority(struct rl_replay *r, size_t index, double priority)
{
    if (!r->tree)
        return;
    r->top = priority > r->top ? priority : r->top;
    tree_set(r, index, priority);
}

double rl_replay_priority(const struct rl_replay *r, size_t index)
{
    return r->tree ? r->tree[r->leaves + index] : 1;
}

void rl_replay_add(struct rl_replay *r, const struct rl_replay_item *it)
{
    r->items[r->head] = *it;
    if (r->tree)
        tree_set(r, r->head, r->top);
    r->head = (r->head + 1) % r->cap;
    r->count += r->count < r->cap;
}

static size_t tree_find(const struct rl_replay *r, double u)
{
    size_t at = 1;
    while (at < r->leaves) {
        at *= 2;
        if (u >= r->tree[at] && r->tree[at + 1] > 0) {
            u -= r->tree[at];
            at++;
        }
    }
    return at - r->leaves;
}

void rl_replay_sample(const struct rl_replay *r, struct rng *rng, size_t n, uint32_t *index,
                      float *probs)
{
    for (size_t i = 0; i < n; i++) {
        if (r->tree && r->tree[1] > 0) {
            size_t at = tree_find(r, rng_unit(rng) * r->tree[1]);
            at = at < r->count ? at : r->count - 1;
            index[i] = (uint32_t)at;
            probs[i] = (float)(rl_replay_priority(r, at) / r->tree[1]);
        } else {
            index[i] = (uint32_t)rng_below(rng, r->count);
            probs[i] = 1 / (float)r->count;
        }
    }
}
