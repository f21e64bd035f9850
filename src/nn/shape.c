/* shape.c -- sizes of the network: profiles, limits, where each tensor lies.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/str.h"
#include "nn/net.h"

int nn_config_find(const char *profile, struct nn_config *c)
{
    static const struct {
        const char *name;
        struct nn_config c;
    } known[] = {
        {"paper", {100, 64, 128, 128, 5, 10, 1, 0, 0, 0.2f}},
        {"code", {100, 32, 128, 128, 5, 10, 1, 0, 0, 0.2f}},
        {"modern", {100, 64, 128, 128, 5, 10, 0, 1, 0, 0.0f}},
        {"small", {100, 16, 32, 32, 5, 10, 0, 1, 0, 0.0f}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(profile, known[i].name)) {
            *c = known[i].c;
            return 0;
        }
    return ERR_NOTFOUND;
}

static bool size_ok(size_t n, size_t min, size_t max)
{
    return n >= min && n <= max;
}

int nn_config_check(const struct nn_config *c)
{
    const bool ok = size_ok(c->vocab, 2, NN_VOCAB_MAX) && size_ok(c->embed, 1, 256) &&
                    size_ok(c->hidden, 1, NN_HIDDEN_MAX) && size_ok(c->dense, 1, NN_DENSE_MAX) &&
                    size_ok(c->actions, 1, NN_ACTIONS_MAX) &&
                    size_ok(c->window, 1, NN_WINDOW_MAX) && c->dropout >= 0 && c->dropout < 0.95f &&
                    c->hard_gates <= 1 && c->duel <= 1;
    return ok ? 0 : ERR_RANGE;
}

struct nn_layout nn_net_layout(const struct nn_config *c)
{
    struct nn_layout l;
    size_t at = 0;
    const size_t gates = 4 * (size_t)c->hidden;
    l.embed = at;
    at += (size_t)c->vocab * c->embed;
    for (int d = 0; d < 2; d++) {
        l.wx[d] = at;
        at += c->embed * gates;
        l.wh[d] = at;
        at += c->hidden * gates;
        l.b[d] = at;
        at += gates;
    }
    l.w1 = at;
    at += 2 * (size_t)c->hidden * c->dense;
    l.b1 = at;
    at += c->dense;
    l.w2 = at;
    at += (size_t)c->dense * c->actions;
    l.b2 = at;
    at += c->actions;
    l.wv = at;
    at += c->duel ? c->dense : 0;
    l.bv = at;
    at += c->duel ? 1 : 0;
    l.total = at;
    return l;
}

size_t nn_net_tensors(const struct nn_config *c, struct nn_tensor_name out[NN_TENSORS_MAX])
{
    const struct nn_layout l = nn_net_layout(c);
    const size_t gates = 4 * (size_t)c->hidden;
    const struct nn_tensor_name all[] = {
        {"embedding.weight", l.embed, c->vocab, c->embed},
        {"lstm.forward.input", l.wx[0], c->embed, gates},
        {"lstm.forward.recurrent", l.wh[0], c->hidden, gates},
        {"lstm.forward.bias", l.b[0], gates, 0},
        {"lstm.backward.input", l.wx[1], c->embed, gates},
        {"lstm.backward.recurrent", l.wh[1], c->hidden, gates},
        {"lstm.backward.bias", l.b[1], gates, 0},
        {"dense.weight", l.w1, 2 * (size_t)c->hidden, c->dense},
        {"dense.bias", l.b1, c->dense, 0},
        {"output.weight", l.w2, c->dense, c->actions},
        {"output.bias", l.b2, c->actions, 0},
        {"value.weight", l.wv, c->dense, 1},
        {"value.bias", l.bv, 1, 0},
    };
    const size_t n = sizeof all / sizeof *all - (c->duel ? 0 : 2);
    for (size_t i = 0; i < n; i++)
        out[i] = all[i];
    return n;
}
