"""Real clients, each doing what attackers and operators do with it."""
import os, re, shutil, subprocess, tempfile, threading, pathlib

import pytest

from honeypot import Honeypot


def needs(name):
    return pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed")


@pytest.fixture()
def tmp():
    with tempfile.TemporaryDirectory(prefix="qrassh-") as d:
        yield pathlib.Path(d)


def new_key(tmp, kind="ed25519"):
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(tmp / kind)], check=True)
    return tmp / kind, (tmp / f"{kind}.pub").read_text().strip()


KEY_ONLY = ("-o", "PreferredAuthentications=publickey", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes")


# --- keys -------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_own_key_lets_in(pot, tmp, kind):
    key, line = new_key(tmp, kind)
    refused = pot.ssh("id", options=("-i", str(key), *KEY_ONLY))
    assert refused.returncode == 255 and b"Permission denied (publickey,password)." in refused.stderr
    assert pot.ssh(f"mkdir -p ~/.ssh; echo '{line}' >> ~/.ssh/authorized_keys").returncode == 0
    r = pot.ssh("id -un", options=("-v", "-o", "LogLevel=DEBUG1", "-i", str(key), *KEY_ONLY))
    assert (r.returncode, r.stdout) == (0, b"root\n")
    remarks = re.findall(r"Remote: (.*)", r.stderr.decode())
    assert len(remarks) == 2 and remarks[0] == remarks[1]
    assert re.fullmatch(r"/root/\.ssh/authorized_keys:\d+: key options: agent-forwarding port-forwarding "
                        r"pty user-rc x11-forwarding", remarks[0].strip())
    blob = line.split()[1]
    e = pot.wait_events("cowrie.login.success", username="root", key=f"{line.split()[0]} {blob}")
    assert e[0]["fingerprint"].startswith("SHA256:")
    assert pot.wait_events("cowrie.login.failed", username="root", key=f"{line.split()[0]} {blob}")


def test_key_of_a_writable_file_is_refused(pot, tmp):
    key, line = new_key(tmp)
    pot.ssh(f"mkdir -p ~/.ssh; echo '{line}' > ~/.ssh/authorized_keys; chmod 666 ~/.ssh/authorized_keys")
    assert pot.ssh("id", options=("-i", str(key), *KEY_ONLY)).returncode == 255
    pot.ssh("chmod 600 ~/.ssh/authorized_keys; chmod 777 ~/.ssh")
    assert pot.ssh("id", options=("-i", str(key), *KEY_ONLY)).returncode == 255
    pot.ssh("chmod 700 ~/.ssh")
    assert pot.ssh("id", options=("-i", str(key), *KEY_ONLY)).returncode == 0


def test_options_of_a_key(pot, tmp):
    key, line = new_key(tmp)
    options = ("-v", "-o", "LogLevel=DEBUG1", "-i", str(key), *KEY_ONLY)

    def put(prefix):
        pot.ssh(f"mkdir -p ~/.ssh; echo '# mine' > ~/.ssh/authorized_keys; echo '{prefix}{line}' >> ~/.ssh/authorized_keys")
        return pot.ssh("id -un", options=options)

    r = put('restrict,command="echo forced $SSH_ORIGINAL_COMMAND" ')
    assert r.stdout == b"forced id -un\n"
    assert "Remote: /root/.ssh/authorized_keys:2: key options: command\n" in r.stderr.decode().replace("\r", "")
    assert put('from="203.0.113.*,!203.0.113.7" ').returncode == 255
    assert put('from="127.0.0.*" ').stdout == b"root\n"
    assert put('no-such-option ').returncode == 255
    assert put('cert-authority ').returncode == 255


def test_key_of_another_account(pot, tmp):
    key, line = new_key(tmp)
    pot.ssh(f"mkdir -p ~/.ssh; echo '{line}' > ~/.ssh/authorized_keys", user="deploy")
    assert pot.ssh("id -un", user="deploy", options=("-i", str(key), *KEY_ONLY)).stdout == b"deploy\n"
    pot.ssh("rm -f ~/.ssh/authorized_keys")
    assert pot.ssh("id", options=("-i", str(key), *KEY_ONLY)).returncode == 255
