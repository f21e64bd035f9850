/* attack_plan.h -- recorded sessions as plans to be played again.
 *
 * Reads the JSON lines of a collection (plain or gzip): one object a session
 * with logins [[user, password, accepted], ...] and events {t, type, input,
 * kind}. Only SSH sessions are kept.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_ATTACK_PLAN_H
#define SIM_ATTACK_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct attack_login {
    const char *user, *password;
};

struct attack_step {
    double wait_s; /* after the step before */
    const char *input;
    bool shell; /* typed into a shell; else an exec request of its own */
};

struct attack_plan {
    const char *id, *source;
    const struct attack_login *logins;
    size_t nlogins;
    const struct attack_step *steps;
    size_t nsteps;
};

struct attack_plans {
    struct attack_plan *v;
    size_t n, skipped; /* skipped: not SSH, or not readable */
};

/* All of it lives in a. 0, or ERR_* with one line in why. */
int attack_plans_read(struct attack_plans *out, struct arena *a, const char *path, char *why,
                      size_t why_n) NODISCARD;

#endif
