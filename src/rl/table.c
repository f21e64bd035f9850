/* table.c -- the table under the tabular agents: storage, snapshots, files.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/table.h"
#include "base/hash.h"
#include "base/str.h"

#include <math.h>
#include <string.h>

enum { A = RL_ACTION_COUNT, FIRST_SLOTS = 64 };

int rl_table_init(struct rl_table *t, uint32_t order, size_t max)
{
    *t = (struct rl_table){.slots = FIRST_SLOTS, .order = order, .max = max};
    t->rows = x_calloc(t->slots, sizeof *t->rows);
    return t->rows ? 0 : ERR_NOMEM;
}

void rl_table_done(struct rl_table *t)
{
    x_free(t->rows);
    t->rows = NULL;
}

/* The row of a key, or the free one where it would stand. */
static struct rl_policy_row *probe(struct rl_policy_row *rows, size_t slots, const uint8_t *key)
{
    size_t at = hash_fixed(key, RL_WINDOW, 0) & (slots - 1);
    while (rows[at].used && memcmp(rows[at].key, key, RL_WINDOW) != 0)
        at = (at + 1) & (slots - 1);
    return &rows[at];
}

static void key_of(const struct rl_table *t, const struct rl_state *s, uint8_t key[RL_WINDOW])
{
    memset(key, 0, RL_WINDOW);
    memcpy(key, s->window + RL_WINDOW - t->order, t->order);
}

struct rl_policy_row *rl_table_find(const struct rl_table *t, const struct rl_state *s)
{
    uint8_t key[RL_WINDOW];
    key_of(t, s, key);
    struct rl_policy_row *row = probe(t->rows, t->slots, key);
    return row->used ? row : NULL;
}

static bool grow(struct rl_table *t)
{
    struct rl_policy_row *rows = x_calloc(t->slots * 2, sizeof *rows);
    if (!rows)
        return false;
    for (size_t i = 0; i < t->slots; i++)
        if (t->rows[i].used)
            *probe(rows, t->slots * 2, t->rows[i].key) = t->rows[i];
    x_free(t->rows);
    t->rows = rows;
    t->slots *= 2;
    return true;
}

struct rl_policy_row *rl_table_make(struct rl_table *t, const struct rl_state *s)
{
    uint8_t key[RL_WINDOW];
    key_of(t, s, key);
    struct rl_policy_row *row = probe(t->rows, t->slots, key);
    if (row->used)
        return row;
    if (t->used >= t->max || (t->used * 4 >= t->slots * 3 && !grow(t)))
        return NULL;
    row = probe(t->rows, t->slots, key);
    memcpy(row->key, key, RL_WINDOW);
    row->used = 1;
    t->used++;
    return row;
}

float rl_tabular_value(const struct rl_tabular *t, const struct rl_state *s, int action)
{
    const struct rl_policy_row *row = rl_table_find(&t->table, s);
    return row ? row->q[action] : 0;
}

float rl_tabular_max(const struct rl_tabular *t, const struct rl_state *s)
{
    const struct rl_policy_row *row = rl_table_find(&t->table, s);
    float best = row ? row->q[0] : 0;
    for (int a = 1; row && a < A; a++)
        best = fmaxf(best, row->q[a]);
    return best;
}

float rl_tabular_expected(const struct rl_tabular *t, const struct rl_state *s)
{
    const struct rl_policy_row *row = rl_table_find(&t->table, s);
    if (!row)
        return 0;
    const struct rl_explore x = rl_agent_explore(&t->base);
    float probs[A], sum = 0;
    rl_explore_probs(&x, row->q, row->visits, probs);
    for (int a = 0; a < A; a++)
        sum += probs[a] * row->q[a];
    return sum;
}

float rl_tabular_towards(struct rl_tabular *t, const struct rl_state *s, int action, float target,
                         float share)
{
    struct rl_policy_row *row = rl_table_make(&t->table, s);
    t->base.st.size = t->table.used;
    if (!row)
        return 0;
    row->visits[action] += row->visits[action] < UINT32_MAX;
    /* alpha 0: the mean of all targets so far */
    const struct rl_agent_config *c = &t->base.cfg;
    const float n = (float)row->visits[action];
    const float alpha =
        c->alpha > 0
            ? c->alpha_hold > 0 ? c->alpha * c->alpha_hold / (n - 1 + c->alpha_hold) : c->alpha
            : 1 / n;
    const float error = target - row->q[action];
    row->q[action] += alpha * share * error;
    return error;
}

struct rl_agent *rl_tabular_create(const struct rl_agent_config *c, const struct rl_agent_ops *ops)
{
    struct rl_tabular *t = x_calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->base.ops = ops;
    t->base.cfg = *c;
    if (rl_table_init(&t->table, c->order, c->table_max) != 0 || rl_recent_init(&t->recent) != 0) {
        rl_tabular_destroy(&t->base);
        return NULL;
    }
    return &t->base;
}

void rl_tabular_destroy(struct rl_agent *a)
{
    struct rl_tabular *t = (struct rl_tabular *)a;
    rl_table_done(&t->table);
    rl_recent_done(&t->recent);
    x_free(t);
}

int rl_tabular_update(struct rl_agent *a)
{
    (void)a; /* learns while it observes */
    return 0;
}

const uint32_t *rl_tabular_values(struct rl_agent *a, const struct rl_state *s, float *q)
{
    const struct rl_tabular *t = (const struct rl_tabular *)a;
    const struct rl_policy_row *row = rl_table_find(&t->table, s);
    for (int i = 0; i < A; i++)
        q[i] = row ? row->q[i] : 0;
    return row ? row->visits : NULL;
}

int rl_tabular_snapshot(struct rl_agent *a, struct rl_policy *head, struct buf *out)
{
    const struct rl_tabular *t = (const struct rl_tabular *)a;
    head->body = RL_BODY_TABLE;
    head->table_slots = (uint32_t)t->table.slots;
    return rl_policy_write(out, head, t->table.rows, t->table.slots * sizeof *t->table.rows);
}

/* Rows as they are: 10 bytes of key, used, 5 unused, 5 floats, 5 counts. */
int rl_tabular_save(struct rl_agent *a, bool full, struct rl_parts *p)
{
    const struct rl_tabular *t = (const struct rl_tabular *)a;
    (void)full;
    rl_parts_meta(p, "order", "%u", t->table.order);
    rl_parts_tensor(p, "table", NN_U8, t->table.slots, sizeof *t->table.rows, t->table.rows);
    return 0;
}

static int fill(struct rl_table *t, const struct nn_ckpt_tensor *rows)
{
    for (size_t i = 0; i < rows->rows; i++) {
        struct rl_policy_row row;
        struct rl_state s;
        memcpy(&row, (const uint8_t *)rows->data + i * sizeof row, sizeof row);
        if (!row.used)
            continue;
        rl_state_init(&s);
        memcpy(s.window + RL_WINDOW - t->order, row.key, t->order);
        struct rl_policy_row *to = rl_table_make(t, &s);
        if (!to)
            return ERR_LIMIT;
        for (int a = 0; a < A; a++) {
            if (!isfinite(row.q[a]))
                return ERR_FORMAT;
            to->q[a] = row.q[a];
            to->visits[a] = row.visits[a];
        }
    }
    return 0;
}

int rl_tabular_load(struct rl_agent *a, const struct nn_ckpt *c, char *why, size_t n)
{
    struct rl_tabular *t = (struct rl_tabular *)a;
    const struct nn_ckpt_tensor *rows = nn_ckpt_find(c, "table");
    double order = 0;
    if (!rows || rows->type != NN_U8 || rows->cols != sizeof *t->table.rows ||
        nn_ckpt_get_double(c, "order", &order) != 0 || (uint32_t)order != t->table.order) {
        str_copy(why, n, "the table is missing or of another order");
        return ERR_FORMAT;
    }
    struct rl_table fresh;
    int rc = rl_table_init(&fresh, t->table.order, t->table.max);
    if (rc != 0)
        return rc;
    rc = fill(&fresh, rows);
    if (rc != 0) {
        rl_table_done(&fresh);
        str_copy(why, n, "the table is too large or has impossible values");
        return rc;
    }
    rl_table_done(&t->table);
    t->table = fresh;
    a->st.size = fresh.used;
    return 0;
}
