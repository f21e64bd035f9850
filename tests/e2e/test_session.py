"""One real attacker's session, with the stock client, Paramiko and AsyncSSH."""
import asyncio, re, socket, subprocess

import asyncssh
import paramiko
import pytest

from honeypot import Honeypot


def out(r):
    assert r.returncode == 0, r.stderr.decode()
    return r.stdout.decode()


def test_uname_and_id(pot):
    assert re.match(r"Linux \S+ 6\.1\.0-\d+-amd64 #1 SMP PREEMPT_DYNAMIC Debian ", out(pot.ssh("uname -a")))
    assert out(pot.ssh("id")) == "uid=0(root) gid=0(root) groups=0(root)\n"


def test_cpu_count_is_coherent(pot):
    a = out(pot.ssh("cat /proc/cpuinfo | grep name | wc -l")).strip()
    assert int(a) > 0 and a == out(pot.ssh("nproc")).strip()


def test_write_and_read(pot):
    assert out(pot.ssh("cd /tmp && echo hi > x && cat x")) == "hi\n"


def test_file_is_there_after_reconnecting(pot):
    pot.ssh("echo kept > /root/kept")
    assert out(pot.ssh("cat /root/kept")) == "kept\n"


def test_listing(pot):
    lines = out(pot.ssh("ls -la / | head -3")).splitlines()
    assert lines[0].startswith("total ") and re.match(r"drwxr-xr-x +\d+ root root +4096 .* \.$", lines[1])


def test_ps_shows_own_shell(pot):
    assert re.search(r"^root +\d+ .* bash", out(pot.ssh("ps aux | grep bash")), re.M)


def test_arithmetic_and_substitution(pot):
    assert out(pot.ssh("echo $((7*6)) $(whoami)")) == "42 root\n"


def test_exit_status(pot):
    assert pot.ssh("exit 7").returncode == 7
    assert pot.ssh("nosuchcommand").returncode == 127


def test_stderr_is_separate(pot):
    r = pot.ssh("cat /nonexistent")
    assert (r.returncode, r.stdout) == (1, b"")
    assert r.stderr == b"cat: /nonexistent: No such file or directory\n"


def test_binary_stdin(pot):
    data = bytes(range(256)) * 64
    r = pot.ssh("cat > /tmp/b; wc -c < /tmp/b; cat /tmp/b", input=data, stdin=None)
    assert r.stdout == b"16384\n" + data


def test_interactive_shell(pot):
    r = pot.ssh(tty=True, input=b"echo a$((1+1))b\nexit 3\n", stdin=None)
    text = r.stdout.decode()
    assert r.returncode == 3
    assert re.search(r"root@\S+:~# ", text) and "\ra2b\r\n" in text


@pytest.mark.parametrize("cipher", ["chacha20-poly1305@openssh.com", "aes128-ctr", "aes256-ctr",
                                    "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"])
def test_ciphers(pot, cipher):
    assert out(pot.ssh("echo ok", options=("-c", cipher))) == "ok\n"


@pytest.mark.parametrize("kex", ["curve25519-sha256", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
                                 "ecdh-sha2-nistp521"])
def test_key_exchange(pot, kex):
    assert out(pot.ssh("echo ok", options=("-o", f"KexAlgorithms={kex}"))) == "ok\n"


@pytest.mark.parametrize("key", ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-256", "rsa-sha2-512"])
def test_host_keys(pot, key):
    assert out(pot.ssh("echo ok", options=("-o", f"HostKeyAlgorithms={key}"))) == "ok\n"


def test_rekeying(pot):
    r = pot.ssh("head -c 3000000 /dev/zero | wc -c; head -c 3000000 /dev/zero",
                options=("-o", "RekeyLimit=512K"))
    assert r.stdout == b"3000000\n" + bytes(3000000)


def test_paramiko(pot):
    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    c.connect("127.0.0.1", pot.port, "root", "x", look_for_keys=False, allow_agent=False)
    _, o, e = c.exec_command("echo out; echo err >&2; exit 5")
    assert (o.read(), e.read(), o.channel.recv_exit_status()) == (b"out\n", b"err\n", 5)
    ch = c.invoke_shell()
    ch.send(b"echo $TERM\nexit\n")
    text = b""
    while True:
        part = ch.recv(4096)
        if not part:
            break
        text += part
    assert b"\rvt100\r\n" in text
    c.close()


def test_asyncssh(pot):
    async def go():
        async with asyncssh.connect("127.0.0.1", pot.port, username="root", password="x", known_hosts=None,
                                    config=None, client_keys=None) as c:
            runs = await asyncio.gather(*(c.run(f"sleep 0.1; echo {i}") for i in range(8)))
            return [r.stdout for r in runs]

    assert asyncio.run(go()) == [f"{i}\n" for i in range(8)]


def test_wrong_mode_lets_nobody_in():
    with Honeypot(auth_mode="none") as p:
        assert p.ssh("id", options=("-o", "NumberOfPasswordPrompts=1")).returncode == 255
        assert p.wait_events("cowrie.login.failed")[0]["username"] == "root"


def test_garbage_ends_only_itself(pot):
    for junk in (b"GET / HTTP/1.0\r\n\r\n", bytes(range(256)) * 200, b"SSH-2.0-x\r\n" + b"\xff" * 4000, b""):
        with socket.create_connection(("127.0.0.1", pot.port)) as s:
            s.settimeout(20)
            try:
                s.sendall(junk)
                s.shutdown(socket.SHUT_WR)
                while s.recv(4096):
                    pass
            except OSError:  # it hung up first, which is an answer too
                pass
    assert out(pot.ssh("echo alive")) == "alive\n"
