/* session.h -- one connection as the agent sees it, and what all of a sensor's
 * connections share.
 *
 * role/sensor makes the world and hands it new snapshots; session/ makes a
 * policy_session per connection, hangs it on the login (vm_login_conf.policy) and
 * ends it in whatever way the connection ends. The sink tells upward what was
 * decided and learnt; its calls come from inside vm_world_run.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef POLICY_SESSION_H
#define POLICY_SESSION_H

#include "base/clock.h"
#include "event/event.h"
#include "policy/gate.h"
#include "rl/policy.h"
#include "rl/transition.h"

struct policy_world;
struct policy_world_conf {
    const struct clock *clock;
    uint64_t seed;      /* of exploration */
    int reward_profile; /* enum rl_reward_profile */
    int64_t delay_us;   /* mean pause of the action delay; 0: 3 s */
};
/* Starts with the built-in policy "allow". NULL: no memory. The clock must
 * outlive it. */
struct policy_world *policy_world_new(const struct policy_world_conf *conf) NODISCARD;
void policy_world_free(struct policy_world *w);
/* Every decision from now on is p's. p must stay mapped until another takes
 * its place; the one it replaces may be unmapped at once. */
void policy_world_use(struct policy_world *w, const struct rl_policy *p);
const struct rl_policy *policy_world_policy(const struct policy_world *w);

struct policy_sink {
    void *ctx;
    /* A command was decided on, just before the action: all of the event is
     * filled; texts and lists are borrowed for the call. */
    void (*decided)(void *ctx, const struct event_action *e);
    /* A shell read a line that the attacker typed or sent. */
    void (*line)(void *ctx, const char *line, size_t n);
    /* The reward of an earlier decision is known. */
    void (*transition)(void *ctx, const struct rl_transition *t);
    /* More commands a second than are decided on: these ran unasked. */
    void (*undecided)(void *ctx, uint64_t count);
};

struct policy_session;
/* id: the connection's session id (copied). country: two letters or NULL.
 * NULL: no memory. */
struct policy_session *policy_session_new(struct policy_world *w, const char *id,
                                          const char *country,
                                          const struct policy_sink *sink) NODISCARD;
/* Closes the open transition, if any, through the sink; harmless when called again. */
void policy_session_end(struct policy_session *s);
void policy_session_free(struct policy_session *s); /* ends it first; NULL is fine */
/* A file whose content was never seen before came in through this session. */
void policy_note_artefact(struct policy_session *s);

struct policy_stats {
    uint64_t commands, undecided, artefacts;
    uint64_t actions[RL_ACTION_COUNT];
    int last_status; /* of the command that ended last */
};
void policy_session_stats(const struct policy_session *s, struct policy_stats *out);

/* A transition as an event: out's texts are static, its lists lie in windows. */
struct policy_windows {
    float state[RL_WINDOW], next[RL_WINDOW];
};
void policy_transition_event(const struct rl_transition *t, struct policy_windows *windows,
                             struct event_transition *out);

/* What was decided and how it will look: for gate.c only. */
struct policy_plan {
    int action;
    int64_t delay_us;
    const struct policy_effect *effect; /* of block and fake */
    const char *insult;
    uint64_t machine_seed;
};
enum policy_wish { POLICY_DECIDE, POLICY_TERMINAL };
/* Tells the command, decides, reports through the sink, fills plan. Calls
 * nothing of the virtual kernel: s stays valid throughout. */
void policy_session_decide(struct policy_session *s, const struct policy_command *c,
                           enum policy_wish wish, struct event_str input, struct policy_plan *plan);
void policy_session_status(struct policy_session *s, int status);
void policy_session_line(struct policy_session *s, const char *line, size_t n);

#endif
