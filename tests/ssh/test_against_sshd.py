"""Sends the same bytes to OpenSSH's sshd and to ours; the answers must be equal.

Needs openssh-server (its sshd is run on a loopback port with keys and
configuration of its own), else everything here is skipped.
SPDX-License-Identifier: Apache-2.0
"""
import concurrent.futures
import getpass
import os
import shutil
import subprocess

import pytest

from conftest import free_port, wait_port
from probes import PROBES
from wire import Closed, Wire, new_key, public_line

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin:/bin")
CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {dir}/ssh_host_rsa_key
HostKey {dir}/ssh_host_ecdsa_key
HostKey {dir}/ssh_host_ed25519_key
KbdInteractiveAuthentication no
UsePAM no
X11Forwarding yes
PrintMotd no
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
PermitRootLogin yes
StrictModes no
PidFile {dir}/pid
AuthorizedKeysFile {dir}/authorized_keys
MaxStartups 1000:30:1000
"""


class Context:
    user = getpass.getuser()


@pytest.fixture(scope="module")
def servers(tmp_path_factory, start_server):
    if not SSHD:
        pytest.skip("openssh-server is not installed: nothing to compare with")
    d = tmp_path_factory.mktemp("sshd")
    for kind, bits in (("rsa", ["-b", "3072"]), ("ecdsa", ["-b", "256"]), ("ed25519", [])):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-m", "PEM", "-f",
                        d / f"ssh_host_{kind}_key"], check=True)
    ctx = Context()
    ctx.key = new_key()
    (d / "authorized_keys").write_text(public_line(ctx.key) + "\n")
    real = free_port()
    (d / "sshd_config").write_text(CONFIG.format(port=real, dir=d))
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    sshd = subprocess.Popen([SSHD, "-D", "-f", d / "sshd_config", "-E", d / "log"])
    try:
        wait_port(real)
        w = Wire(real)
        version = w.line().strip().decode()
        w.close()
        yield ctx, real, start_server(SSH_SERVER_VERSION=version, SSH_SERVER_KEY_USER=ctx.user)
    finally:
        sshd.terminate()
        sshd.wait()


def in_order(log):
    """EOF and exit-status race each other in sshd: in one order for comparison."""
    ends = [p for p in log if p[0] == 96 or b"exit-s" in p or b"eow@" in p]
    at = iter(sorted(ends))
    return [next(at) if p in ends else p for p in log]


def run(name, ctx, port):
    w = Wire(port)
    try:
        PROBES[name](w, ctx)
        note = None
    except Closed:
        note = "closed early"
    finally:
        w.close()
    end = w.end or "open"
    if end == "RST" and not name.startswith("ident"):
        end = "FIN"  # which of the two depends on when our last bytes arrived
    return in_order([p for p in w.log if p]), note, end


@pytest.fixture(scope="module")
def answers(servers):
    """All probes, several at a time: waiting is most of the work."""
    ctx, real, ours = servers
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        jobs = {name: (pool.submit(run, name, ctx, real), pool.submit(run, name, ctx, ours))
                for name in PROBES}
        yield jobs


@pytest.mark.parametrize("name", PROBES)
def test_same_answer(name, answers, servers):
    real, ours = (j.result() for j in answers[name])
    ctx, real_port, ours_port = servers
    for _ in range(3):  # what met a busy moment is asked again in a quiet one
        if real == ours:
            break
        real, ours = run(name, ctx, real_port), run(name, ctx, ours_port)
    assert ours == real
