/* test_golden.c -- the network against vectors of an independent one
 * (tests/golden/nn_reference.py), in double precision: values, gradient, five
 * steps of Adam.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#define NN_DOUBLE 1

#include "../../golden/nn_reference.h"
#include "nn/layers.h"
#include "nn/net.h"
#include "nn/optim.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t lcg;

static double lcg_next(void)
{
    lcg = 1664525u * lcg + 1013904223u;
    return lcg / 2147483648.0 - 1;
}

static double *fill(double *w, size_t n, double scale)
{
    for (size_t i = 0; i < n; i++)
        w[i] = lcg_next() * scale;
    return w + n;
}

struct golden {
    struct nn_config c;
    size_t batch;
    const double *q, *grad_head, *grad_sums, *losses, *w_sums, *w_tail;
};

static const struct golden cases[] = {
#define GOLDEN(i, batch, ...)                                                                      \
    {                                                                                              \
        __VA_ARGS__, batch, golden##i##_q, golden##i##_grad_head, golden##i##_grad_sums,           \
            golden##i##_losses, golden##i##_w_sums, golden##i##_w_tail                             \
    }
    GOLDEN(0, 4, {11, 6, 8, 7, 5, 10, 1, 0, 0, 0}),
    GOLDEN(1, 4, {11, 6, 8, 7, 5, 10, 0, 1, 0, 0}),
    GOLDEN(2, 3, {9, 3, 5, 6, 3, 4, 0, 0, 0, 0}),
};

static void close_to(double got, double want)
{
    if (!(fabs(got - want) < 1e-9 * (1 + fabs(want))))
        fail_msg("%.15g is not %.15g", got, want);
}

static void sums(const double *x, size_t n, const double want[3])
{
    double s[3] = {0};
    for (size_t i = 0; i < n; i++) {
        s[0] += x[i];
        s[1] += fabs(x[i]);
        s[2] += x[i] * x[i];
    }
    for (int i = 0; i < 3; i++)
        close_to(s[i], want[i]);
}

/* The weights in the order and with the scales of the script. */
static void draw(const struct nn_config *c, double *w)
{
    const size_t e = c->embed, h = c->hidden, d = c->dense, a = c->actions;
    lcg = 12345;
    w = fill(w, c->vocab * e, 0.5);
    for (int dir = 0; dir < 2; dir++) {
        w = fill(w, e * 4 * h, 0.6);
        w = fill(w, h * 4 * h, 0.6);
        w = fill(w, 4 * h, 0.6);
    }
    w = fill(w, 2 * h * d, 0.7);
    w = fill(w, d, 0.3);
    w = fill(w, d * a, 0.7);
    w = fill(w, a, 0.3);
    if (c->duel) {
        w = fill(w, d, 0.7);
        fill(w, 1, 0.3);
    }
}

static void agrees(const struct golden *t)
{
    const size_t n = nn_net_layout(&t->c).total, out = t->batch * t->c.actions;
    double *block = calloc(4 * n + 2 * out, sizeof *block);
    double *w = block, *g = w + n, *m = g + n, *v = m + n, *y = v + n, *dq = y + out;
    uint8_t windows[64];
    struct nn_work *k = nn_work_new(&t->c, t->batch);
    struct nn_adam adam = {0.001f, 0.9f, 0.999f, 1e-8f, 0};
    assert_true(block && k);
    draw(&t->c, w);
    for (size_t i = 0; i < t->batch * t->c.window; i++)
        windows[i] = (uint8_t)((lcg_next() + 1) / 2 * t->c.vocab);
    fill(y, out, 1);
    for (int step = 0; step < 5; step++) {
        const double *q = nn_net_forward(&t->c, w, k, windows, t->batch, NULL);
        const double loss = nn_loss(
            &(struct nn_loss_in){q, y, NULL, t->batch, t->c.actions, (double)out, false}, dq);
        for (size_t i = 0; step == 0 && i < out; i++)
            close_to(q[i], t->q[i]);
        /* the settings are floats: .1f is not .1 */
        assert_true(fabs(loss - t->losses[step]) < (step ? 1e-7 : 1e-12));
        memset(g, 0, n * sizeof *g);
        nn_net_backward(&t->c, w, k, dq, g);
        if (step == 0) {
            for (size_t i = 0; i < 40 && i < n; i++)
                close_to(g[i], t->grad_head[i]);
            sums(g, n, t->grad_sums);
        }
        nn_adam_step(&adam, &(struct nn_params){w, m, v, g, n});
    }
    for (size_t i = 0; i < 20; i++)
        assert_true(fabs(w[n - 20 + i] - t->w_tail[i]) < 1e-6);
    nn_work_free(k);
    free(block);
}

static void golden(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        agrees(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
