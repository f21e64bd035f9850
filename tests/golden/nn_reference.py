#!/usr/bin/env python3
"""nn_reference.py OUT.h: reference vectors for the network, made with NumPy.

An independent implementation of the paper's network, written from its
equations in double precision: embedding, bidirectional LSTM with hard or
logistic gates, dense layers, duelling head, mean squared error by backward
differentiation through time, Keras' Adam. Weights come from a small integer
generator that the C test repeats, so the file holds results only.

    python3 tests/golden/nn_reference.py tests/golden/nn_reference.h
"""
import sys

import numpy as np


class Lcg:
    """x -> 1664525 x + 1013904223 mod 2^32, as numbers in [-1, 1)."""

    def __init__(self, seed):
        self.x = seed

    def next(self):
        self.x = (1664525 * self.x + 1013904223) & 0xFFFFFFFF
        return self.x / 2**31 - 1

    def array(self, shape, scale):
        n = int(np.prod(shape))
        return np.array([self.next() for _ in range(n)]).reshape(shape) * scale


def gate(x, hard):
    return np.clip(0.2 * x + 0.5, 0, 1) if hard else 1 / (1 + np.exp(-x))


def gate_slope(y, hard):
    return 0.2 * ((y > 0) & (y < 1)) if hard else y * (1 - y)


def lstm_forward(x, wx, wh, b, hard):
    """x [B][T][E]; returns the last h and all that backward needs."""
    n = wh.shape[0]
    h = c = np.zeros((x.shape[0], n))
    tape = []
    for t in range(x.shape[1]):
        z = x[:, t] @ wx + h @ wh + b
        i, f, o = (gate(z[:, k * n:(k + 1) * n], hard) for k in (0, 1, 3))
        g = np.tanh(z[:, 2 * n:3 * n])
        c2 = f * c + i * g
        tape.append((h, c, i, f, g, o, c2))
        c, h = c2, o * np.tanh(c2)
    return h, tape


def lstm_backward(x, wx, wh, tape, dh, hard):
    dwx, dwh, db = np.zeros_like(wx), np.zeros_like(wh), np.zeros(wx.shape[1])
    dx, dc = np.zeros_like(x), np.zeros_like(dh)
    for t in reversed(range(x.shape[1])):
        h, c, i, f, g, o, c2 = tape[t]
        tc = np.tanh(c2)
        dc = dc + dh * o * (1 - tc**2)
        dz = np.concatenate([dc * g * gate_slope(i, hard), dc * c * gate_slope(f, hard),
                             dc * i * (1 - g**2), dh * tc * gate_slope(o, hard)], axis=1)
        dc = dc * f
        dwx += x[:, t].T @ dz
        dwh += h.T @ dz
        db += dz.sum(0)
        dx[:, t] = dz @ wx.T
        dh = dz @ wh.T
    return dx, dwx, dwh, db


def run(case):
    v, e, h, d, a, t, hard, duel, batch = case
    r = Lcg(12345)
    p = {"embed": r.array((v, e), 0.5)}
    for s in "fb":
        p["wx" + s] = r.array((e, 4 * h), 0.6)
        p["wh" + s] = r.array((h, 4 * h), 0.6)
        p["b" + s] = r.array((4 * h,), 0.6)
    p["w1"], p["b1"] = r.array((2 * h, d), 0.7), r.array((d,), 0.3)
    p["w2"], p["b2"] = r.array((d, a), 0.7), r.array((a,), 0.3)
    if duel:
        p["wv"], p["bv"] = r.array((d, 1), 0.7), r.array((1,), 0.3)
    win = np.array([[int((r.next() + 1) / 2 * v) for _ in range(t)] for _ in range(batch)])
    y = r.array((batch, a), 1.0)
    m = {k: np.zeros_like(x) for k, x in p.items()}
    s2 = {k: np.zeros_like(x) for k, x in p.items()}
    losses, first_q, grad = [], None, None
    for step in range(1, 6):
        x = p["embed"][win]
        hf, tf = lstm_forward(x, p["wxf"], p["whf"], p["bf"], hard)
        hb, tb = lstm_forward(x[:, ::-1], p["wxb"], p["whb"], p["bb"], hard)
        cat = np.concatenate([hf, hb], axis=1)
        relu = np.maximum(cat @ p["w1"] + p["b1"], 0)
        q = relu @ p["w2"] + p["b2"]
        if duel:
            q = q - q.mean(1, keepdims=True) + relu @ p["wv"] + p["bv"]
        err = q - y
        losses.append((err**2).mean())
        dq = 2 * err / err.size
        g = {}
        if duel:
            g["wv"], g["bv"] = relu.T @ dq.sum(1, keepdims=True), np.array([dq.sum()])
            dv = dq.sum(1, keepdims=True) @ p["wv"].T
            dq = dq - dq.mean(1, keepdims=True)
        g["w2"], g["b2"] = relu.T @ dq, dq.sum(0)
        dr = (dq @ p["w2"].T + (dv if duel else 0)) * (relu > 0)
        g["w1"], g["b1"] = cat.T @ dr, dr.sum(0)
        dcat = dr @ p["w1"].T
        dxf, g["wxf"], g["whf"], g["bf"] = lstm_backward(x, p["wxf"], p["whf"], tf, dcat[:, :h], hard)
        dxb, g["wxb"], g["whb"], g["bb"] = lstm_backward(x[:, ::-1], p["wxb"], p["whb"], tb,
                                                         dcat[:, h:], hard)
        g["embed"] = np.zeros_like(p["embed"])
        np.add.at(g["embed"], win, dxf + dxb[:, ::-1])
        if step == 1:
            first_q = q
            grad = np.concatenate([g[k].ravel() for k in p])
        lr = 0.001 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        for k in p:
            m[k] = 0.9 * m[k] + 0.1 * g[k]
            s2[k] = 0.999 * s2[k] + 0.001 * g[k]**2
            p[k] = p[k] - lr * m[k] / (np.sqrt(s2[k]) + 1e-8)
    w = np.concatenate([p[k].ravel() for k in p])
    return first_q, grad, losses, w


def main():
    cases = [(11, 6, 8, 7, 5, 10, 1, 0, 4), (11, 6, 8, 7, 5, 10, 0, 1, 4), (9, 3, 5, 6, 3, 4, 0, 0, 3)]
    out = ["/* nn_reference.h -- made by nn_reference.py with NumPy; do not edit. */", ""]
    for i, case in enumerate(cases):
        q, grad, losses, w = run(case)

        def put(name, xs):
            text = ", ".join(f"{x:.15g}" for x in np.ravel(xs))
            out.append(f"static const double golden{i}_{name}[] = {{{text}}};")

        put("q", q)
        put("grad_head", grad[:40])
        put("grad_sums", [grad.sum(), np.abs(grad).sum(), (grad**2).sum()])
        put("losses", losses)
        put("w_sums", [w.sum(), np.abs(w).sum(), (w**2).sum()])
        put("w_tail", w[-20:])
    open(sys.argv[1], "w").write("\n".join(out) + "\n")


main()
