/* attack_play.h -- plays one recorded session against a server, over real SSH.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_ATTACK_PLAY_H
#define SIM_ATTACK_PLAY_H

#include <stdint.h>

#include "sim/attack_plan.h"

struct attack_conf {
    const char *host; /* a loopback address */
    unsigned port;
    double scale; /* think times are multiplied by it; 0: none */
    double wait_max_s;
    uint64_t seed;
    bool spread; /* each recorded source gets a loopback address of its own */
};

/* What was really sent, to be compared with what the server recorded. */
struct attack_counts {
    uint64_t sessions, unreachable, logins, accepted, execs, lines, refused, retries, given_up,
        lost;
};

/* Plays p and adds to n. Blocks. */
void attack_play(const struct attack_conf *c, const struct attack_plan *p, struct attack_counts *n);

#endif
