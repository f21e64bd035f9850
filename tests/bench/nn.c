/* nn.c -- what the network costs: one decision, one training step.
 *
 * Prints microseconds and milliseconds of this thread's CPU time, medians of
 * several rounds; tests/bench/nn_torch.py measures PyTorch the same way.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/arena.h"
#include "nn/infer.h"
#include "nn/layers.h"
#include "nn/net.h"
#include "nn/optim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { BATCH = 64, ROUNDS = 15 };

int main(void)
{
    struct nn_config c;
    if (nn_config_find("paper", &c) != 0)
        return 1;
    const size_t n = nn_net_layout(&c).total;
    float *w = x_calloc(n, sizeof *w), *g = x_calloc(n, sizeof *g), *m = x_calloc(n, sizeof *m),
          *v = x_calloc(n, sizeof *v), *folded = aligned_alloc(64, nn_infer_size(&c) * 4 + 64);
    struct nn_work *k = nn_work_new(&c, BATCH), *k2 = nn_work_new(&c, BATCH);
    if (!w || !g || !m || !v || !folded || !k || !k2)
        return 1;
    struct rng rng;
    rng_seed(&rng, 1);
    nn_net_init(&c, w, &rng);
    nn_infer_fold(&c, w, folded);
    uint8_t windows[BATCH * 10], sessions[BATCH * 10] = {0};
    for (size_t i = 0; i < sizeof windows; i++)
        windows[i] = (uint8_t)(1 + rng_below(&rng, 57));
    for (size_t i = 0; i < BATCH; i++) /* as recorded ones: half have three commands or fewer */
        for (size_t n = (size_t)rng_exp(&rng, 4) + 1, k = n < 10 ? n : 10; k > 0; k--)
            sessions[i * 10 + 10 - k] = (uint8_t)(1 + rng_below(&rng, 12));
    float q[5], dq[BATCH * 5], y[BATCH * 5] = {0}, sink = 0;
    double us[ROUNDS], ms[2][ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        const double t0 = cpu_s();
        for (int i = 0; i < 200; i++) {
            nn_infer_run(&c, folded, windows + (i % BATCH) * 10, q);
            sink += q[0];
        }
        us[r] = (cpu_s() - t0) / 200 * 1e6;
    }
    struct nn_adam adam = {0.001f, 0.9f, 0.999f, 1e-8f, 0};
    const uint8_t *const kinds[2] = {windows, sessions};
    for (int r = 0; r < 2 * ROUNDS; r++) {
        const uint8_t *const batch = kinds[r / ROUNDS];
        const double t0 = cpu_s();
        for (int i = 0; i < 4; i++) { /* targets, forward, backward, Adam */
            memcpy(y, nn_net_forward(&c, w, k2, batch, BATCH, NULL), sizeof y);
            const float *out = nn_net_forward(&c, w, k, batch, BATCH, &rng);
            sink +=
                (float)nn_loss(&(struct nn_loss_in){out, y, NULL, BATCH, 5, BATCH * 5, false}, dq);
            memset(g, 0, n * sizeof *g);
            nn_net_backward(&c, w, k, dq, g);
            nn_adam_step(&adam, &(struct nn_params){w, m, v, g, n});
        }
        ms[r / ROUNDS][r % ROUNDS] = (cpu_s() - t0) / 4 * 1e3;
    }
    qsort(us, ROUNDS, sizeof *us, by_value);
    qsort(ms[0], ROUNDS, sizeof *ms[0], by_value);
    qsort(ms[1], ROUNDS, sizeof *ms[1], by_value);
    printf("decision (paper network)            %8.1f us CPU\n", us[ROUNDS / 2]);
    printf("training step (64 random windows)   %8.2f ms CPU\n", ms[0][ROUNDS / 2]);
    printf("training step (64 of sessions)      %8.2f ms CPU\n", ms[1][ROUNDS / 2]);
    return sink == 12345.0f; /* keeps the work from being optimised away */
}
