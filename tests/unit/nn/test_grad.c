/* test_grad.c -- every layer's gradient against central finite differences, in
 * double precision.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#define NN_DOUBLE 1

#include "nn/layers.h"
#include "nn/net.h"
#include "nn/optim.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WINDOWS = 4 };

struct net_case {
    struct nn_config cfg;
    uint64_t seed;
    bool drop;
};

static struct rng stream;

/* A fixed linear form of the output makes a scalar whose gradient is known. */
static double net_scalar(const struct net_case *n, const double *w, struct nn_work *k,
                         const uint8_t *windows, const double *mix)
{
    struct rng masks;
    rng_seed(&masks, 77);
    const double *q = nn_net_forward(&n->cfg, w, k, windows, WINDOWS, n->drop ? &masks : NULL);
    double sum = 0;
    for (size_t i = 0; i < WINDOWS * (size_t)n->cfg.actions; i++)
        sum += mix[i] * q[i];
    return sum;
}

/* The largest relative error over all parameters. Weights are spread out, so
 * that hard gates reach both of their flat ends, but a difference quotient
 * across a kink is not a derivative: such parameters are counted apart. */
static double net_error(const struct net_case *n, size_t *kinks)
{
    const size_t total = nn_net_layout(&n->cfg).total, out = WINDOWS * (size_t)n->cfg.actions;
    double *w = calloc(total, sizeof *w), *g = calloc(total, sizeof *g);
    double *mix = calloc(out, sizeof *mix), worst = 0;
    uint8_t windows[WINDOWS * NN_WINDOW_MAX];
    struct nn_work *k = nn_work_new(&n->cfg, WINDOWS);
    assert_true(w && g && mix && k);
    rng_seed(&stream, n->seed);
    nn_net_init(&n->cfg, w, &stream);
    for (size_t i = 0; i < total; i++)
        w[i] += 0.3 * rng_normal(&stream);
    for (size_t i = 0; i < out; i++)
        mix[i] = rng_normal(&stream);
    for (size_t i = 0; i < sizeof windows; i++) /* rows share beginnings and ends */
        windows[i] = (uint8_t)rng_below(&stream, n->seed % 2 ? n->cfg.vocab : 2);
    net_scalar(n, w, k, windows, mix);
    nn_net_backward(&n->cfg, w, k, mix, g);
    *kinks = 0;
    for (size_t i = 0; i < total; i++) {
        double est[2];
        const double keep = w[i];
        for (int j = 0; j < 2; j++) {
            const double step = j ? 2e-6 : 1e-5;
            w[i] = keep + step;
            const double up = net_scalar(n, w, k, windows, mix);
            w[i] = keep - step;
            est[j] = (up - net_scalar(n, w, k, windows, mix)) / (2 * step);
        }
        w[i] = keep;
        const double scale = fmax(fabs(g[i]) + fabs(est[0]), 1e-3);
        if (fabs(est[0] - est[1]) / scale > 1e-5) {
            (*kinks)++;
            continue;
        }
        worst = fmax(worst, fabs(g[i] - est[0]) / scale);
    }
    nn_work_free(k);
    free(w);
    free(g);
    free(mix);
    return worst;
}

static void whole_net(void **state)
{
    (void)state;
    const struct net_case cases[] = {
        {{11, 5, 6, 7, 5, 4, 0, 0, 0, 0}, 1, false},   /* logistic gates */
        {{11, 5, 6, 7, 5, 4, 1, 0, 0, 0}, 2, false},   /* hard gates */
        {{11, 5, 6, 7, 5, 4, 0, 1, 0, 0}, 3, false},   /* duelling */
        {{11, 5, 6, 7, 5, 4, 1, 0, 0, 0.2f}, 4, true}, /* dropout, fixed masks */
        {{11, 5, 6, 7, 5, 4, 1, 1, 0, 0.4f}, 5, true},
        {{9, 3, 17, 5, 3, 10, 0, 0, 0, 0}, 6, false}, /* odd sizes */
        {{9, 3, 4, 5, 2, 1, 0, 0, 0, 0}, 7, false},   /* one step */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t kinks;
        const double worst = net_error(&cases[i], &kinks);
        print_message("# net %zu: worst relative error %.2e, %zu kinks\n", i, worst, kinks);
        assert_true(worst < 1e-6);
        assert_true(kinks * 50 <= nn_net_layout(&cases[i].cfg).total);
    }
}

/* Layers alone: d(mix . y)/dx and /dw by differences. */
typedef double scalar_fn(const void *ctx, const double *x);

static double worst_error(scalar_fn *fn, const void *ctx, double *x, const double *g, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        const double keep = x[i], step = 1e-5;
        x[i] = keep + step;
        const double up = fn(ctx, x);
        x[i] = keep - step;
        const double est = (up - fn(ctx, x)) / (2 * step);
        x[i] = keep;
        worst = fmax(worst, fabs(est - g[i]) / fmax(fabs(est) + fabs(g[i]), 1e-3));
    }
    return worst;
}

enum { B = 3, I = 4, O = 5 };
static double mix[64], dense_w[I * O], dense_b[O], dense_x[B * I];

static double dense_of_x(const void *ctx, const double *x)
{
    (void)ctx;
    double y[B * O], sum = 0;
    nn_dense_forward(&(struct nn_dense){B, I, O, dense_w, dense_b}, x, y);
    for (int i = 0; i < B * O; i++)
        sum += mix[i] * y[i];
    return sum;
}
static double dense_of_w(const void *ctx, const double *w)
{
    (void)ctx;
    double y[B * O], sum = 0;
    nn_dense_forward(&(struct nn_dense){B, I, O, w, dense_b}, dense_x, y);
    for (int i = 0; i < B * O; i++)
        sum += mix[i] * y[i];
    return sum;
}

static void fill(double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = rng_normal(&stream);
}

static void dense_alone(void **state)
{
    (void)state;
    rng_seed(&stream, 9);
    fill(mix, 64);
    fill(dense_w, I * O);
    fill(dense_b, O);
    fill(dense_x, B * I);
    double dw[I * O] = {0}, db[O] = {0}, dx[B * I], scratch[I * O];
    nn_dense_backward(&(struct nn_dense){B, I, O, dense_w, dense_b}, dense_x, mix,
                      &(struct nn_dense_grad){dw, db, dx, scratch});
    assert_true(worst_error(dense_of_x, NULL, dense_x, dx, B * I) < 1e-8);
    assert_true(worst_error(dense_of_w, NULL, dense_w, dw, I * O) < 1e-8);
    for (int o = 0; o < O; o++)
        assert_true(fabs(db[o] - (mix[o] + mix[O + o] + mix[2 * O + o])) < 1e-12);
}

static double lstm_result(const struct nn_lstm *l)
{
    nn_lstm_forward(l);
    double sum = 0;
    for (size_t r = 0; r < l->trie->rows; r++)
        for (size_t i = 0; i < l->hidden; i++)
            sum += mix[r * l->hidden + i] * l->h[l->trie->leaf[r] * l->hidden + i];
    return sum;
}
static double lstm_of_wh(const void *ctx, const double *wh)
{
    struct nn_lstm l = *(const struct nn_lstm *)ctx;
    l.wh = wh;
    return lstm_result(&l);
}
static double lstm_of_proj(const void *ctx, const double *proj)
{
    struct nn_lstm l = *(const struct nn_lstm *)ctx;
    l.proj = proj;
    return lstm_result(&l);
}

static void lstm_alone(void **state)
{
    (void)state;
    enum { T = 5, N = 3, H = 4, U = 6 };
    for (int variant = 0; variant < 8; variant++) {
        double wh[H * 4 * H], proj[U * 4 * H], gates[T * N * 4 * H], h[T * N * H], c[T * N * H],
            tc[T * N * H], before[T * N * H];
        double dwh[H * 4 * H] = {0}, dproj[U * 4 * H] = {0}, scratch[H * 4 * H + 5 * N * H];
        uint8_t index[N * T];
        struct nn_trie trie;
        assert_int_equal(nn_trie_init(&trie, T, N), 0);
        rng_seed(&stream, 100 + (uint64_t)variant);
        fill(mix, 64);
        fill(wh, H * 4 * H);
        fill(proj, U * 4 * H);
        for (size_t i = 0; i < sizeof index; i++)
            index[i] = (uint8_t)rng_below(&stream, variant < 4 ? U : 2); /* 2: much is shared */
        nn_trie_build(&trie, index, N, variant & 1);
        const struct nn_lstm l = {&trie, H, variant & 2, proj, wh, gates, h, c, tc, before};
        lstm_result(&l);
        nn_lstm_backward(&l, &(struct nn_lstm_grad){mix, H, dwh, dproj, scratch});
        assert_true(worst_error(lstm_of_wh, &l, wh, dwh, H * 4 * H) < 1e-6);
        assert_true(worst_error(lstm_of_proj, &l, proj, dproj, U * 4 * H) < 1e-6);
        nn_trie_done(&trie);
    }
}

static double duel_scalar(const void *ctx, const double *x)
{
    (void)ctx; /* x: a [B][O], v [B] */
    double q[B * O], sum = 0;
    memcpy(q, x, sizeof q);
    nn_duel_forward(q, x + B * O, B, O);
    for (int i = 0; i < B * O; i++)
        sum += mix[i] * q[i];
    return sum;
}

static void duel_alone(void **state)
{
    (void)state;
    rng_seed(&stream, 5);
    fill(mix, 64);
    double x[B * O + B], g[B * O + B];
    fill(x, B * O + B);
    memcpy(g, mix, B * O * sizeof *g);
    nn_duel_backward(g, g + B * O, B, O);
    assert_true(worst_error(duel_scalar, NULL, x, g, B * O + B) < 1e-8);
    double q[B * O]; /* Q = V + A - mean A: the mean of Q is V */
    memcpy(q, x, sizeof q);
    nn_duel_forward(q, x + B * O, B, O);
    for (int b = 0; b < B; b++) {
        double mean = 0;
        for (int o = 0; o < O; o++)
            mean += q[b * O + o] / O;
        assert_true(fabs(mean - x[B * O + b]) < 1e-12);
    }
}

static double loss_scalar(const void *ctx, const double *q)
{
    struct nn_loss_in in = *(const struct nn_loss_in *)ctx;
    double dq[B * O];
    in.q = q;
    return nn_loss(&in, dq);
}

static void losses(void **state)
{
    (void)state;
    rng_seed(&stream, 6);
    double q[B * O], y[B * O], dq[B * O], weight[B] = {1, 0.25, 2};
    for (int huber = 0; huber < 2; huber++) {
        fill(q, B * O);
        fill(y, B * O);
        const struct nn_loss_in in = {q, y, weight, B, O, B * O, huber};
        nn_loss(&in, dq);
        assert_true(worst_error(loss_scalar, &in, q, dq, B * O) < 1e-6);
    }
    const double one[2] = {3, 1}, zero[2] = {0, 0.5}; /* by hand */
    double d2[2];
    assert_true(fabs(nn_loss(&(struct nn_loss_in){one, zero, NULL, 1, 2, 2, false}, d2) -
                     (9 + 0.25) / 2) < 1e-12);
    assert_true(fabs(nn_loss(&(struct nn_loss_in){one, zero, NULL, 1, 2, 2, true}, d2) -
                     (2.5 + 0.125) / 2) < 1e-12);
}

static void dropout_masks(void **state)
{
    (void)state;
    enum { N = 20000 };
    static double x[N], m[N];
    for (int i = 0; i < N; i++)
        x[i] = 1;
    rng_seed(&stream, 8);
    nn_dropout_forward(x, m, N, 0.2f, &stream);
    double sum = 0;
    int zeros = 0;
    for (int i = 0; i < N; i++) {
        sum += x[i];
        zeros += x[i] == 0;
        assert_true(x[i] == 0 || fabs(x[i] - 1.25) < 1e-6);
    }
    assert_true(fabs(sum / N - 1) < 0.02); /* 3.6 standard errors */
    assert_true(fabs(zeros / (double)N - 0.2) < 0.012);
}

/* Adam's first steps by hand: with a constant gradient each is lr long. */
static void optimisers(void **state)
{
    (void)state;
    double w[2] = {1, -1}, m[2] = {0}, v[2] = {0}, g[2] = {0.5, -3};
    struct nn_adam adam = {0.01f, 0.9f, 0.999f, 1e-8f, 0};
    nn_adam_step(&adam, &(struct nn_params){w, m, v, g, 2});
    nn_adam_step(&adam, &(struct nn_params){w, m, v, g, 2});
    assert_true(fabs(w[0] - 0.98) < 1e-5);
    assert_true(fabs(w[1] + 0.98) < 1e-5);
    double n[3] = {3, 4, 0};
    assert_true(fabs(nn_clip_norm(n, 3, 1) - 5) < 1e-12);
    assert_true(fabs(n[0] - 0.6) < 1e-12 && fabs(n[1] - 0.8) < 1e-12);
    double w2 = 1, m2 = 0, v2 = 0, g2 = 2;
    const struct nn_rmsprop rms = {0.01f, 0.95f, 0};
    nn_rmsprop_step(&rms, &(struct nn_params){&w2, &m2, &v2, &g2, 1});
    /* v = .05 * 4, m = .1: step = .01 * 2 / sqrt(.2 - .01) */
    assert_true(fabs(w2 - (1 - 0.02 / sqrt(0.19))) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_alone),   cmocka_unit_test(lstm_alone),
        cmocka_unit_test(duel_alone),    cmocka_unit_test(losses),
        cmocka_unit_test(dropout_masks), cmocka_unit_test(optimisers),
        cmocka_unit_test(whole_net),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
