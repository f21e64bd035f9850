"""Real clients against our server: every algorithm, and each client's defaults.

A client that is not installed is skipped by name.
SPDX-License-Identifier: Apache-2.0
"""
import asyncio
import hashlib
import os
import shutil
import subprocess

import pytest

KEX = ["sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "curve25519-sha256@libssh.org",
       "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521", "diffie-hellman-group-exchange-sha256",
       "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512", "diffie-hellman-group14-sha256"]
CIPHERS = ["chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-gcm@openssh.com",
           "aes256-gcm@openssh.com"]
MACS = ["umac-64-etm@openssh.com", "umac-128-etm@openssh.com", "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com", "hmac-sha1-etm@openssh.com", "umac-64@openssh.com", "umac-128@openssh.com",
        "hmac-sha2-256", "hmac-sha2-512", "hmac-sha1"]
HOSTKEYS = ["rsa-sha2-512", "rsa-sha2-256", "ecdsa-sha2-nistp256", "ssh-ed25519"]


def need(program):
    path = shutil.which(program)
    if not path:
        pytest.skip(program + " is not installed")
    return path


@pytest.fixture(scope="module")
def port(start_server):
    return start_server(SSH_SERVER_KEY_USER="key", SSH_SERVER_METHODS="publickey,password,keyboard-interactive")


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    need("ssh-keygen")
    path = tmp_path_factory.mktemp("id") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return str(path)


@pytest.fixture
def ssh(port, identity):
    def run(command, *options, stdin=b"", user="key", key=identity):
        args = [need("ssh"), "-F", "none", "-p", str(port), "-i", key]
        for o in [*options, "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
                  "BatchMode=yes"]:  # the first of two counts
            args += o if isinstance(o, list) else ["-o", o]
        return subprocess.run([*args, f"{user}@127.0.0.1", command], input=stdin, capture_output=True, timeout=60)
    return run


@pytest.mark.parametrize("option", [f"KexAlgorithms={k}" for k in KEX] + [f"Ciphers={c}" for c in CIPHERS]
                         + [f"HostKeyAlgorithms={h}" for h in HOSTKEYS] + ["Compression=yes"])
def test_openssh_algorithm(ssh, option):
    r = ssh("echo hi", option)
    assert (r.returncode, r.stdout, r.stderr) == (0, b"hi\n", b"")


@pytest.mark.parametrize("mac", MACS)
def test_openssh_mac(ssh, mac):
    r = ssh("echo hi", "Ciphers=aes128-ctr", f"MACs={mac}")
    assert (r.returncode, r.stdout, r.stderr) == (0, b"hi\n", b"")


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_openssh_user_key(ssh, kind, tmp_path):
    key = str(tmp_path / "id")
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", key], check=True)
    assert ssh("echo hi", key=key).stdout == b"hi\n"
    assert ssh("echo hi", key=key, user="other").returncode == 255


@pytest.mark.parametrize("options", [(), ("RekeyLimit=100K",), ("Compression=yes", "RekeyLimit=300K"),
                                     ("Ciphers=aes256-gcm@openssh.com", "RekeyLimit=64K")])
def test_openssh_bulk(ssh, options):
    data = os.urandom(3_000_000)
    r = ssh("cat", *options, stdin=data)
    assert hashlib.sha256(r.stdout).digest() == hashlib.sha256(data).digest()
    r = ssh("big 3000000", *options)
    assert r.stdout == b"y\n" * 1_500_000


def test_openssh_status(ssh):
    assert [ssh(f"exit {n}").returncode for n in (0, 1, 42, 255)] == [0, 1, 42, 255]
    assert ssh("kill -9 $$").returncode == 255
    r = ssh("err oops")
    assert (r.returncode, r.stdout, r.stderr) == (1, b"", b"oops")


def test_openssh_pty_and_shell(ssh):
    r = ssh("echo hi", ["-tt"], "SetEnv=LANG=C")
    assert r.stdout == b"hi\n"


def test_openssh_forwarding(ssh):
    assert ssh("", ["-W", "127.0.0.1:7"], stdin=b"hello").stdout == b"hello"
    r = ssh("", ["-W", "127.0.0.1:1"], "LogLevel=INFO")
    assert b"connect failed: Connection refused" in r.stderr
    r = ssh("", ["-W", "nowhere:1"], "LogLevel=INFO")
    assert b"Name or service not known" in r.stderr


def test_openssh_updates_hostkeys(ssh, tmp_path, port):
    known = tmp_path / "known"
    for _ in range(2):  # a new host is not asked about its other keys
        r = ssh("big 3000000", "UpdateHostKeys=yes", f"UserKnownHostsFile={known}")
        assert r.returncode == 0
    kinds = {line.split()[1] for line in known.read_text().splitlines()}
    assert kinds == {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"}


def test_dropbear_client(port, identity):
    r = subprocess.run([need("dbclient"), "-y", "-p", str(port), "key@127.0.0.1", "echo hi"],
                       env=dict(os.environ, DROPBEAR_PASSWORD="secret"), capture_output=True, timeout=30)
    assert (r.returncode, r.stdout) == (0, b"hi\n")


def test_plink(port):
    args = [need("plink"), "-batch", "-P", str(port), "-pw", "secret", "u@127.0.0.1", "echo hi"]
    r = subprocess.run(args, capture_output=True, timeout=30)
    fp = [w for w in r.stdout.decode().split() + r.stderr.decode().split() if w.startswith("SHA256:")]
    r = subprocess.run([*args[:1], "-hostkey", fp[0], *args[1:]], capture_output=True, timeout=30)
    assert (r.returncode, r.stdout) == (0, b"hi\n")


@pytest.mark.filterwarnings("ignore")
def test_paramiko(port):
    paramiko = pytest.importorskip("paramiko")
    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    with pytest.raises(paramiko.AuthenticationException):
        c.connect("127.0.0.1", port, "u", "wrong", allow_agent=False, look_for_keys=False)
    c.connect("127.0.0.1", port, "u", "secret", allow_agent=False, look_for_keys=False)
    _, out, err = c.exec_command("err oops")
    assert (out.read(), err.read(), out.channel.recv_exit_status()) == (b"", b"oops", 1)
    _, out, _ = c.exec_command("echo again")
    assert out.read() == b"again\n"
    c.close()
    # Its own connection: paramiko fails when a CLOSE is to be answered while it negotiates.
    c.connect("127.0.0.1", port, "u", "secret", allow_agent=False, look_for_keys=False)
    c.get_transport().renegotiate_keys()
    _, out, _ = c.exec_command("echo after")
    assert out.read() == b"after\n"
    c.close()


@pytest.mark.filterwarnings("ignore")
def test_asyncssh(port):
    asyncssh = pytest.importorskip("asyncssh")

    async def talk():
        async with asyncssh.connect("127.0.0.1", port, username="u", password="secret", known_hosts=None,
                                    client_keys=None, config=None) as c:
            results = await asyncio.gather(*[c.run(f"echo {i}") for i in range(8)])
            assert [r.stdout for r in results] == [f"{i}\n" for i in range(8)]
            r = await c.run("exit 7")
            assert r.exit_status == 7
            r = await c.run("kill -9 $$")
            assert r.exit_signal[0] == "KILL"
    asyncio.run(talk())


@pytest.mark.filterwarnings("ignore")
def test_asyncssh_keyboard_interactive(port):
    asyncssh = pytest.importorskip("asyncssh")

    class Client(asyncssh.SSHClient):
        def kbdint_auth_requested(self):
            return ""

        def kbdint_challenge_received(self, name, instructions, lang, prompts):
            assert prompts == [("Password: ", False)]
            return ["secret"]

    async def talk():
        c, _ = await asyncssh.create_connection(Client, "127.0.0.1", port, username="u", known_hosts=None,
                                                client_keys=None, config=None,
                                                preferred_auth="keyboard-interactive")
        assert (await c.run("echo hi")).stdout == "hi\n"
        c.close()
    asyncio.run(talk())
