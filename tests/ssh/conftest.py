"""What the tests of this folder share: the little server, built and started.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VARIANT = os.environ.get("SSH_TEST_VARIANT", "debug")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("no server on %d" % port)


def build_server():
    """The little server of this folder."""
    out = ROOT / f"build/{VARIANT}/tests/ssh-server"
    libs = [f"build/{VARIANT}/libssh.a", f"build/{VARIANT}/libbase.a"]
    flags = ["-fsanitize=address,undefined"] if VARIANT == "asan" else []
    subprocess.run(["make", "-s", f"V={VARIANT}", *libs], cwd=ROOT, check=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-std=c17", "-g", *flags, "-Isrc", "-D_GNU_SOURCE", "tests/ssh/server.c", *libs,
                    "-lcrypto", "-lz", "-lm", "-lpthread", "-o", out], cwd=ROOT, check=True)
    return out


@pytest.fixture(scope="session")
def start_server(tmp_path_factory):
    """Starts our server with environment variables; answers its port."""
    running, keys = [], tmp_path_factory.mktemp("keys")

    def start(**env):
        port = free_port()
        p = subprocess.Popen([build_server(), str(port), "/etc/ssh/moduli", keys],
                             env=dict(os.environ, **env), stdout=subprocess.DEVNULL)
        running.append(p)
        wait_port(port)
        return port

    yield start
    for p in running:
        p.terminate()
    assert [p.wait(20) for p in running] == [0] * len(running)
