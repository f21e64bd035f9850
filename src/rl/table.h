/* table.h -- values in a hash table, keyed by the newest commands.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_TABLE_H
#define RL_TABLE_H

#include "rl/agent_priv.h"
#include "rl/recent.h"

/* Open addressing, doubled when three quarters full, up to a maximum; states
 * that find no room keep the value zero. */
struct rl_table {
    struct rl_policy_row *rows;
    size_t slots, used, max;
    uint32_t order;
};

int rl_table_init(struct rl_table *t, uint32_t order, size_t max) NODISCARD;
void rl_table_done(struct rl_table *t);
/* The row of a state, or NULL. */
struct rl_policy_row *rl_table_find(const struct rl_table *t, const struct rl_state *s);
/* The same, made if need be; NULL if there is no room. */
struct rl_policy_row *rl_table_make(struct rl_table *t, const struct rl_state *s);

/* A tabular agent: the table and one learning rule. */
struct rl_tabular {
    struct rl_agent base;
    struct rl_table table;
    struct rl_recent recent;
};

/* Moves Q(s, a) a share of the way to target; returns the error there was. */
float rl_tabular_towards(struct rl_tabular *t, const struct rl_state *s, int action, float target,
                         float share);
/* Q(s, a), max over a, and the expectation under the behaviour policy. */
float rl_tabular_value(const struct rl_tabular *t, const struct rl_state *s, int action);
float rl_tabular_max(const struct rl_tabular *t, const struct rl_state *s);
float rl_tabular_expected(const struct rl_tabular *t, const struct rl_state *s);

/* All but observe of a tabular agent's operations. */
struct rl_agent *rl_tabular_create(const struct rl_agent_config *c, const struct rl_agent_ops *ops);
void rl_tabular_destroy(struct rl_agent *a);
int rl_tabular_update(struct rl_agent *a);
const uint32_t *rl_tabular_values(struct rl_agent *a, const struct rl_state *s, float *q);
int rl_tabular_snapshot(struct rl_agent *a, struct rl_policy *head, struct buf *out);
int rl_tabular_save(struct rl_agent *a, bool full, struct rl_parts *p);
int rl_tabular_load(struct rl_agent *a, const struct nn_ckpt *c, char *why, size_t n);

#endif
