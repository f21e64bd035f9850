/* policy.c -- snapshots: checking, deciding, writing.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/policy.h"
#include "base/hash.h"
#include "base/str.h"
#include "nn/infer.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

enum { FORMAT = 1, ALIGN = 64, SLOTS_MAX = 1 << 20 };

static const char magic[8] = "qrpolicy"; /* without its NUL */

static size_t body_at(void)
{
    return (sizeof(struct rl_policy) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static const void *body_of(const struct rl_policy *p)
{
    return (const char *)p + body_at();
}

static uint32_t crc_of(const struct rl_policy *p)
{
    const size_t from = offsetof(struct rl_policy, format);
    return (uint32_t)crc32(crc32(0, NULL, 0), (const Bytef *)p + from, (uInt)(p->size - from));
}

static size_t body_size(const struct rl_policy *p)
{
    switch (p->body) {
    case RL_BODY_NET:
        return nn_infer_size(&p->net) * sizeof(float);
    case RL_BODY_TABLE:
        return p->table_slots * sizeof(struct rl_policy_row);
    default:
        return 0;
    }
}

static bool text_ends(const char *s, size_t n)
{
    return memchr(s, '\0', n) != NULL;
}

static bool all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* Every row's values, and at least one free slot, so that a search ends. */
static bool table_sound(const struct rl_policy *p)
{
    const struct rl_policy_row *rows = body_of(p);
    bool free_slot = false;
    for (size_t i = 0; i < p->table_slots; i++) {
        free_slot = free_slot || !rows[i].used;
        if (rows[i].used && !all_finite(rows[i].q, RL_ACTION_COUNT))
            return false;
    }
    return free_slot;
}

static int header_check(const struct rl_policy *p, size_t n)
{
    if (memcmp(p->magic, magic, sizeof magic) != 0)
        return ERR_FORMAT;
    if (p->format != FORMAT)
        return ERR_VERSION;
    if (p->size != n || n > UINT32_MAX || p->body > RL_BODY_TABLE ||
        !text_ends(p->agent, sizeof p->agent) || !text_ends(p->vocab, sizeof p->vocab))
        return ERR_FORMAT;
    if (p->body == RL_BODY_NET && (nn_config_check(&p->net) != 0 || p->net.window != RL_WINDOW ||
                                   p->net.actions != RL_ACTION_COUNT))
        return ERR_RANGE;
    if (p->body == RL_BODY_TABLE &&
        (p->table_slots == 0 || p->table_slots > SLOTS_MAX ||
         (p->table_slots & (p->table_slots - 1)) || p->order == 0 || p->order > RL_WINDOW))
        return ERR_RANGE;
    return n == body_at() + body_size(p) ? 0 : ERR_FORMAT;
}

int rl_policy_open(const void *mem, size_t n, const struct rl_policy **out)
{
    const struct rl_policy *p = mem;
    if (n < body_at() || (uintptr_t)mem % ALIGN != 0)
        return ERR_FORMAT;
    const int rc = header_check(p, n);
    if (rc != 0)
        return rc;
    if (crc_of(p) != p->crc)
        return ERR_FORMAT;
    const struct rl_vocab *v = rl_vocab_find(p->vocab);
    if (!v || rl_vocab_hash(v) != p->vocab_hash)
        return ERR_VERSION;
    const struct rl_explore *x = &p->explore;
    if (x->kind >= RL_EXPLORE_COUNT || !(x->epsilon >= 0 && x->epsilon <= 1) ||
        !isfinite(x->temperature) || !isfinite(x->bonus) || !isfinite(x->margin) ||
        !isfinite(p->value_scale) || !all_finite(p->constant, RL_ACTION_COUNT))
        return ERR_RANGE;
    if (p->body == RL_BODY_NET && !all_finite(body_of(p), nn_infer_size(&p->net)))
        return ERR_RANGE;
    if (p->body == RL_BODY_TABLE && !table_sound(p))
        return ERR_RANGE;
    *out = p;
    return 0;
}

#define CONSTANT(name, KIND, eps, ...)                                                             \
    {                                                                                              \
        .format = FORMAT, .body = RL_BODY_CONST, .vocab = "extended", .agent = name,               \
        .explore = {.kind = RL_EXPLORE_##KIND, .epsilon = eps}, .value_scale = 1,                  \
        .constant = __VA_ARGS__                                                                    \
    }

const struct rl_policy *rl_policy_builtin(const char *agent)
{
    static const struct rl_policy known[] = {
        CONSTANT("allow", GREEDY, 0, {1, 0, 0, 0, 0}),
        CONSTANT("delay", GREEDY, 0, {0, 1, 0, 0, 0}),
        CONSTANT("fake", GREEDY, 0, {0, 0, 1, 0, 0}),
        CONSTANT("insult", GREEDY, 0, {0, 0, 0, 1, 0}),
        CONSTANT("block", GREEDY, 0, {0, 0, 0, 0, 1}),
        CONSTANT("random", EPSILON, 1, {0, 0, 0, 0, 0}),
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(known[i].agent, agent))
            return &known[i];
    return NULL;
}

static const struct rl_policy_row *table_find(const struct rl_policy *p, const struct rl_state *s)
{
    const struct rl_policy_row *rows = body_of(p);
    uint8_t key[RL_WINDOW] = {0};
    memcpy(key, s->window + RL_WINDOW - p->order, p->order);
    size_t at = hash_fixed(key, sizeof key, 0) & (p->table_slots - 1);
    while (rows[at].used) {
        if (memcmp(rows[at].key, key, sizeof key) == 0)
            return &rows[at];
        at = (at + 1) & (p->table_slots - 1);
    }
    return NULL;
}

/* Values, and for tables the visits behind them. */
static const uint32_t *values(const struct rl_policy *p, const struct rl_state *s, float *q)
{
    const struct rl_policy_row *row = p->body == RL_BODY_TABLE ? table_find(p, s) : NULL;
    if (p->body == RL_BODY_NET)
        nn_infer_run(&p->net, body_of(p), s->window, q);
    else
        memcpy(q, row ? row->q : p->constant, RL_ACTION_COUNT * sizeof *q);
    for (int a = 0; a < RL_ACTION_COUNT; a++)
        q[a] *= p->value_scale;
    return row ? row->visits : NULL;
}

void rl_policy_values(const struct rl_policy *p, const struct rl_state *s, float q[RL_ACTION_COUNT])
{
    values(p, s, q);
}

void rl_policy_decide(const struct rl_policy *p, const struct rl_state *s, struct rng *rng,
                      struct rl_decision *out)
{
    const uint32_t *visits = values(p, s, out->q);
    rl_explore_decide(&p->explore, visits, out, rng);
    out->policy_version = p->version;
}

uint32_t rl_policy_version(const struct rl_policy *p)
{
    return p->version;
}

const char *rl_policy_agent(const struct rl_policy *p)
{
    return p->agent;
}

const struct rl_vocab *rl_policy_vocab(const struct rl_policy *p)
{
    const struct rl_vocab *v = rl_vocab_find(p->vocab);
    return v ? v : rl_vocab_default();
}

int rl_policy_write(struct buf *out, const struct rl_policy *head, const void *body, size_t n)
{
    const size_t total = body_at() + n;
    uint8_t *room;
    int rc = buf_reserve(out, total, &room);
    if (rc != 0)
        return rc;
    struct rl_policy h = *head;
    memcpy(h.magic, magic, sizeof magic);
    h.format = FORMAT;
    h.size = total;
    memset(room, 0, body_at());
    memcpy(room, &h, sizeof h);
    if (n)
        memcpy(room + body_at(), body, n);
    const size_t from = offsetof(struct rl_policy, format);
    h.crc = (uint32_t)crc32(crc32(0, NULL, 0), room + from, (uInt)(total - from));
    memcpy(room + offsetof(struct rl_policy, crc), &h.crc, sizeof h.crc);
    buf_commit(out, total);
    return 0;
}
