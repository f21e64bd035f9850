/* policy.h -- a policy snapshot: what a sensor decides with.
 *
 * One flat block of read-only bytes, published by the learner as a sealed
 * memfd, mapped by sensors and used where it lies: no lock, no copy, no
 * allocation, no pause. Host byte order: it never leaves the machine (what
 * does is a checkpoint).
 *
 *     header | body: network weights, or a table of windows
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef RL_POLICY_H
#define RL_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/rng.h"
#include "nn/net.h"
#include "rl/explore.h"
#include "rl/state.h"
#include "rl/vocab.h"

enum rl_policy_body {
    RL_BODY_CONST, /* the same values for every state: allow, random, constants */
    RL_BODY_NET,   /* a network (nn/infer.h) */
    RL_BODY_TABLE, /* values per window suffix, hashed */
};

/* The layout is shared by writer and reader only; read it through the calls. */
struct rl_policy {
    char magic[8]; /* "qrpolicy" */
    uint32_t crc;  /* of everything behind this field */
    uint32_t format;
    uint32_t version; /* of the policy: 0 built in, 1, 2, ... published */
    uint32_t body;    /* enum rl_policy_body */
    uint64_t size;    /* bytes, header included */
    uint64_t vocab_hash;
    char vocab[16];
    char agent[16];
    struct rl_explore explore;
    uint32_t order;       /* of tables: how many newest commands make the key */
    uint64_t steps;       /* training steps behind it */
    struct nn_config net; /* of networks */
    float value_scale;    /* network output times this is a reward */
    uint32_t table_slots; /* of tables: a power of two */
    float constant[RL_ACTION_COUNT];
    uint32_t pad[1];
};

/* Checks magic, format, sizes, CRC, vocabulary and finite numbers; *out then
 * points into mem, which must be aligned to 64 and outlive it. ERR_FORMAT,
 * ERR_VERSION, ERR_RANGE otherwise. */
int rl_policy_open(const void *mem, size_t n, const struct rl_policy **out) NODISCARD;
/* A policy that needs no learner: "allow", "random" or the name of any action
 * (constant). NULL for other names. Static storage. */
const struct rl_policy *rl_policy_builtin(const char *agent);

/* Decides. rng is the caller's stream. Never fails, allocates nothing, needs
 * about 8 KiB of stack. */
void rl_policy_decide(const struct rl_policy *p, const struct rl_state *s, struct rng *rng,
                      struct rl_decision *out);
/* The values only. */
void rl_policy_values(const struct rl_policy *p, const struct rl_state *s,
                      float q[RL_ACTION_COUNT]);

uint32_t rl_policy_version(const struct rl_policy *p);
const char *rl_policy_agent(const struct rl_policy *p);
/* The vocabulary whose codes this policy understands; never NULL once open. */
const struct rl_vocab *rl_policy_vocab(const struct rl_policy *p);

/* Writers, for agents. head: filled but for magic, format, crc, size. */
int rl_policy_write(struct buf *out, const struct rl_policy *head, const void *body,
                    size_t n) NODISCARD;

/* One row of a table body: 16 bytes of key, values, visits. */
struct rl_policy_row {
    uint8_t key[RL_WINDOW];
    uint8_t used, pad[5];
    float q[RL_ACTION_COUNT];
    uint32_t visits[RL_ACTION_COUNT];
};

#endif
