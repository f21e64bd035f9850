#!/usr/bin/env python3
"""nn_torch.py: the paper's network in PyTorch, timed as tests/bench/nn.c does.

Logistic gates (PyTorch's LSTM knows no others), otherwise the same sizes:
Embedding 100 x 64, bidirectional LSTM 128, dropout .2, Dense 128, dropout .2,
Dense 5, Adam. Skipped where python3-torch is not installed.
"""
import sys
import time

try:
    import torch
except ImportError:
    print("PyTorch                        not installed")
    sys.exit(0)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(100, 64)
        self.lstm = torch.nn.LSTM(64, 128, bidirectional=True, batch_first=True)
        self.drop = torch.nn.Dropout(0.2)
        self.dense = torch.nn.Linear(256, 128)
        self.out = torch.nn.Linear(128, 5)

    def forward(self, x):
        h = self.lstm(self.embed(x))[1][0]
        x = self.drop(torch.cat([h[0], h[1]], dim=1))
        return self.out(self.drop(torch.relu(self.dense(x))))


def median(fn, rounds, inner, clock):
    times = []
    for _ in range(rounds):
        start = clock()
        for _ in range(inner):
            fn()
        times.append((clock() - start) / inner)
    return sorted(times)[rounds // 2]


def main(threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net = Net()
    adam = torch.optim.Adam(net.parameters())
    batch, one = torch.randint(1, 58, (64, 10)), torch.randint(1, 58, (1, 10))

    def decide():
        with torch.no_grad():
            net(one)

    def step():
        with torch.no_grad():
            net.eval()
            y = net(batch)
            net.train()
        adam.zero_grad()
        torch.nn.functional.mse_loss(net(batch), y).backward()
        adam.step()

    net.eval()
    clock = time.thread_time if threads == 1 else time.perf_counter
    kind = "CPU" if threads == 1 else "wall"
    print(f"PyTorch, {threads} thread(s): decision {median(decide, 9, 50, clock) * 1e6:8.1f} us {kind}")
    print(f"PyTorch, {threads} thread(s): step     {median(step, 9, 4, clock) * 1e3:8.2f} ms {kind}")


main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
