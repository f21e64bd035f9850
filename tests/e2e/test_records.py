"""What an attacker did is in the JSON lines, in SQLite and in the terminal records."""
import json, os, signal, subprocess

from honeypot import BINARY, Honeypot


def test_one_session_is_recorded_whole(pot):
    pot.ssh("echo recorded-marker; nosuchcommand-marker")
    sid = pot.wait_events("cowrie.command.input", input="echo recorded-marker; nosuchcommand-marker")[0]["session"]
    pot.wait_events("cowrie.session.closed", session=sid)
    ids = [e["eventid"] for e in pot.events(session=sid)]
    for want in ("cowrie.session.connect", "cowrie.client.version", "cowrie.client.kex", "cowrie.login.success",
                 "cowrie.session.params", "cowrie.command.input", "cowrie.log.closed"):
        assert want in ids, (want, ids)
    actions = pot.events("qrassh.command.action", session=sid)
    assert [a["input"] for a in actions] == ["echo recorded-marker", "nosuchcommand-marker"]
    assert all(len(a["q"]) == 5 and a["action"] == "allow" and a["propensity"] == 1 for a in actions)
    assert pot.events("cowrie.command.failed", session=sid)[0]["input"] == "nosuchcommand-marker"
    done = [t["done"] for t in pot.events("qrassh.transition", session=sid)]
    assert done == [False, True]


def test_json_and_sqlite_agree(pot):
    pot.ssh("true")
    pot.wait_events("cowrie.session.closed")
    count = lambda: len({e["session"] for e in pot.events("cowrie.session.connect")})
    pot.wait("agreement", lambda: pot.sql("select count(*) from sessions")[0][0] == count())
    tried = len(pot.events("cowrie.login.success")) + len(pot.events("cowrie.login.failed"))
    pot.wait("agreement", lambda: pot.sql("select count(*) from auth")[0][0] == tried)
    typed = len(pot.events("cowrie.command.input"))
    pot.wait("agreement", lambda: pot.sql("select count(*) from input where success = 1")[0][0] == typed)


def test_terminal_record_has_the_action(pot):
    pot.ssh(tty=True, input=b"uname -s\nexit\n", stdin=None)
    closed = pot.wait("a record of uname", lambda: [
        e for e in pot.events("cowrie.log.closed")
        if "uname -s" in (pot.state / e["ttylog"]).read_text()])[0]
    lines = [json.loads(l) for l in (pot.state / closed["ttylog"]).read_text().splitlines()]
    assert lines[0]["version"] == 2
    assert any(l[1] == "m" and "allow uname -s" in l[2] for l in lines[1:])
    assert "Linux\r\n" in "".join(l[2] for l in lines[1:] if l[1] == "o")


def test_replay_and_sessions(pot):
    pot.ssh("echo for-replay")
    sid = pot.wait_events("cowrie.command.input", input="echo for-replay")[0]["session"]
    pot.wait_events("cowrie.log.closed", session=sid)
    env = dict(os.environ, QRASSH_STATE_DIR=str(pot.state))
    r = subprocess.run([BINARY, "sessions"], env=env, capture_output=True, text=True)
    assert r.returncode == 0 and sid in r.stdout
    r = subprocess.run([BINARY, "replay", sid, "--no-wait"], env=env, capture_output=True, text=True)
    assert r.returncode == 0 and "for-replay" in r.stdout and "allow" in r.stdout.lower()


def test_dropped_file_becomes_an_artefact(pot):
    body = "#!/bin/sh\necho dropped by a test\n"
    pot.ssh("cat > /tmp/drop.sh", input=body.encode(), stdin=None)
    import hashlib
    sha = hashlib.sha256(body.encode()).hexdigest()
    pot.wait_events("qrassh.artefact", sha256=sha)
    kept = pot.state / "artefacts" / sha
    assert kept.read_bytes() == body.encode() and kept.stat().st_mode & 0o777 == 0o400


def test_a_killed_role_comes_back():
    with Honeypot(sensor_count=1) as p:
        p.ssh("true")
        for pid in p.children():
            os.kill(pid, signal.SIGKILL)
        p.wait("restart of all roles", lambda: len(p.children()) >= 3)
        p.wait("an answer", lambda: p.ssh("echo back").stdout == b"back\n")
        p.wait_events("qrassh.role", what="ended")
