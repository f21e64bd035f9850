"""The command line and the configuration, as an operator meets them."""
import os, subprocess

import pytest

from honeypot import BINARY, ROOT

CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("QRASSH_")}


def qrassh(*args, **env):
    return subprocess.run([str(BINARY), *args], env=dict(CLEAN, **env), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)


def test_version_names_the_program():
    r = qrassh("--version")
    assert r.returncode == 0
    assert r.stdout.split()[0] == "qrassh" and r.stdout.count("\n") == 1


def test_help_lists_every_command():
    r = qrassh("--help")
    assert r.returncode == 0
    for command in ("run", "check-config", "sessions", "replay", "attack"):
        assert f"\n  {command} " in r.stdout


def test_an_unknown_command_is_an_error():
    r = qrassh("rnu")
    assert r.returncode == 2 and "rnu" in r.stderr and r.stderr.count("\n") == 1


def test_documents_are_those_of_the_program():
    assert qrassh("--print-options-md").stdout == (ROOT / "docs/OPTIONS.md").read_text()
    assert qrassh("--print-config").stdout == (ROOT / "etc/qrassh.conf").read_text()


def test_check_config_prints_what_is_in_force(tmp_path):
    conf = tmp_path / "q.conf"
    conf.write_text("[ssh]\nlisten = 127.0.0.1:2200\n[policy]\nagent = random\n")
    r = qrassh("check-config", "--config", str(conf), "vm.keep=90m", QRASSH_POLICY_AGENT="allow")
    assert r.returncode == 0, r.stderr
    lines = r.stdout.splitlines()
    assert "ssh.listen = 127.0.0.1:2200" in lines
    assert "policy.agent = allow" in lines
    assert "vm.keep = 90m" in lines
    assert "auth.mode = weak" in lines


@pytest.mark.parametrize("command", ["check-config", "run"])
@pytest.mark.parametrize("text, told", [
    ("[ssh]\nlisten = localhost\n", ["q.conf:2:", "ssh.listen", "0.0.0.0:2222"]),
    ("[limits]\nprocesses = 1\n", ["q.conf:2:", "limits.processes", "8 to 4096"]),
    ("[polcy]\n", ["q.conf:1:", "[polcy]", "policy"]),
    ("[auth]\nmod = any\n", ["q.conf:2:", "mod", "mode"]),
])
def test_a_mistake_is_told_in_one_line(tmp_path, command, text, told):
    conf = tmp_path / "q.conf"
    conf.write_text(text)
    r = qrassh(command, "--config", str(conf))
    assert r.returncode == 2
    assert r.stderr.count("\n") == 1 and r.stdout == ""
    for part in told:
        assert part in r.stderr


def test_a_mistake_in_the_environment_is_told():
    r = qrassh("check-config", QRASSH_VM_KEEP="24")
    assert r.returncode == 2
    assert "QRASSH_VM_KEEP" in r.stderr and "24h" in r.stderr


def test_an_unknown_variable_is_warned_of():
    r = qrassh("check-config", QRASSH_SSH_LISTN="127.0.0.1:1")
    assert r.returncode == 0
    assert "QRASSH_SSH_LISTN" in r.stderr and "QRASSH_SSH_LISTEN" in r.stderr
