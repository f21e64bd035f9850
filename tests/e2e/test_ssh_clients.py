"""Real clients, each doing what attackers and operators do with it."""
import os, pathlib, re, shutil, subprocess, tempfile

import pytest



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


# --- other programs -----------------------------------------------------------------------

def run(args, timeout=60, **kw):
    kw.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([str(a) for a in args], capture_output=True, timeout=timeout, **kw)


def host_key(pot, tmp):
    """A known_hosts line and PuTTY's fingerprint of the ed25519 key."""
    r = run(["ssh-keyscan", "-p", pot.port, "-t", "ed25519", "127.0.0.1"])
    (tmp / "known").write_bytes(r.stdout)
    line = b"ed25519 " + b" ".join(r.stdout.split()[1:3])
    (tmp / "hk.pub").write_bytes(b" ".join(r.stdout.split()[1:3]) + b"\n")
    return run(["ssh-keygen", "-lf", tmp / "hk.pub"]).stdout.split()[1].decode(), line


@needs("plink")
def test_plink(pot, tmp):
    fp, _ = host_key(pot, tmp)
    env = dict(os.environ, HOME=str(tmp))
    r = run(["plink", "-batch", "-ssh", "-P", pot.port, "-l", "root", "-pw", "x", "-hostkey", fp, "127.0.0.1",
             "echo out; echo err >&2; exit 3"], env=env)
    assert (r.returncode, r.stdout, r.stderr) == (3, b"out\n", b"err\n")


@needs("psftp")
def test_psftp(pot, tmp):
    fp, _ = host_key(pot, tmp)
    data = os.urandom(300000)
    (tmp / "up").write_bytes(data)
    (tmp / "batch").write_text(f"put {tmp}/up /tmp/psftp\nget /tmp/psftp {tmp}/down\nmkdir /tmp/pdir\nls /tmp\nrm /tmp/psftp\n")
    r = run(["psftp", "-batch", "-b", tmp / "batch", "-P", pot.port, "-l", "root", "-pw", "x", "-hostkey", fp,
             "127.0.0.1"], env=dict(os.environ, HOME=str(tmp)))
    assert r.returncode == 0, r.stderr
    assert (tmp / "down").read_bytes() == data and b"pdir" in r.stdout


@needs("dbclient")
def test_dbclient(pot, tmp):
    r = run(["dbclient", "-y", "-y", "-p", pot.port, "root@127.0.0.1", "echo out; exit 4"],
            env=dict(os.environ, HOME=str(tmp), DROPBEAR_PASSWORD="x"))
    assert (r.returncode, r.stdout) == (4, b"out\n"), r.stderr


@needs("curl")
def test_curl_sftp(pot, tmp):
    if "sftp" not in run(["curl", "-V"]).stdout.decode():
        pytest.skip("curl speaks no sftp here")
    data = os.urandom(100000)
    (tmp / "up").write_bytes(data)
    url = f"sftp://127.0.0.1:{pot.port}/tmp/by-curl"
    r = run(["curl", "-sS", "-k", "-u", "root:x", "-T", tmp / "up", url])
    assert r.returncode == 0, r.stderr
    r = run(["curl", "-sS", "-k", "-u", "root:x", url])
    assert r.stdout == data, r.stderr


def askpass(pot, tmp):
    ask = tmp / "ask"
    ask.write_text("#!/bin/sh\necho x\n")
    ask.chmod(0o700)
    return dict(os.environ, SSH_ASKPASS=str(ask), SSH_ASKPASS_REQUIRE="force", DISPLAY="none")


QUIET = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
         "-o", "PreferredAuthentications=password"]


def test_sftp_put_get(pot, tmp):
    data = os.urandom(1 << 20)
    (tmp / "up").write_bytes(data)
    (tmp / "batch").write_text(f"put -p {tmp}/up /tmp/by-sftp\nget -p /tmp/by-sftp {tmp}/down\nrename /tmp/by-sftp /tmp/n\n"
                               "chmod 755 /tmp/n\nln -s n /tmp/sl\nls -ln /tmp/n\ndf /tmp\nrm /tmp/n\n")
    r = run(["sftp", *QUIET, "-oBatchMode=no", "-P", pot.port, "-b", tmp / "batch", "root@127.0.0.1"], env=askpass(pot, tmp))
    assert r.returncode == 0, r.stderr
    assert (tmp / "down").read_bytes() == data and b"-rwxr-xr-x" in r.stdout
    assert pot.wait_events("cowrie.session.file_upload", filename="/tmp/by-sftp")


def test_scp_over_sftp(pot, tmp):
    data = os.urandom(200000)
    (tmp / "up").write_bytes(data)
    env = askpass(pot, tmp)
    assert run(["scp", *QUIET, "-s", "-P", pot.port, tmp / "up", "root@127.0.0.1:/tmp/by-scp-s"], env=env).returncode == 0
    r = run(["scp", *QUIET, "-s", "-P", pot.port, "root@127.0.0.1:/tmp/by-scp-s", tmp / "down"], env=env)
    assert r.returncode == 0, r.stderr
    assert (tmp / "down").read_bytes() == data


def test_eleventh_session_of_a_connection_is_refused(pot, tmp):
    env = askpass(pot, tmp)
    base = ["ssh", *QUIET, "-o", f"ControlPath={tmp}/mux", "-p", str(pot.port), "root@127.0.0.1"]
    master = subprocess.Popen([*base[:1], "-M", "-N", *base[1:]], env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    pot.wait("the control socket", lambda: (tmp / "mux").exists())
    running = []
    try:
        for i in range(10):
            p = subprocess.Popen([*base, "echo up; cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
            running.append(p)
            assert p.stdout.readline() == b"up\n"
        r = run([*base, "echo eleven"], env=env)  # then the client makes a connection of its own
        assert b"Session open refused by peer" in r.stderr
        for p in running[:1]:
            p.stdin.close()
            assert p.wait(20) == 0
        assert run([*base, "echo again"], env=env).stdout == b"again\n"
    finally:
        for p in running:
            p.stdin.close()
            p.wait(20)
        master.terminate()
        master.wait(20)


def test_no_command(pot, tmp):
    """ssh -N: a connection without a session, as forwarding attackers use it."""
    p = subprocess.Popen(["ssh", *QUIET, "-N", "-p", str(pot.port), "root@127.0.0.1"], env=askpass(pot, tmp),
                         stdin=subprocess.DEVNULL)
    n = len(pot.events("cowrie.login.success"))
    pot.wait("the login", lambda: len(pot.events("cowrie.login.success")) > n or pot.events("cowrie.session.params"))
    assert p.poll() is None
    p.terminate()
    p.wait(20)
