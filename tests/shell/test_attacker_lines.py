"""The attackers' one-liners against what real bash answered.

The lines are data that is not part of the project: without it, skipped. Each
runs on a fresh machine inside the driver; standard output and outcome must be
those of the reference, for lines whose answer is stable.
"""
import json, os, pathlib, re, subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("QRASSH_SHARED", ROOT.parent / "shared")) / "data/shell/attacker_lines.ref.jsonl"
DRIVER = pathlib.Path(os.environ.get("QRASSH_DRIVER", ROOT / "build/release/tests/shell/driver"))
IMAGES = [os.environ.get("QRASSH_TEST_IMAGE", ""), ROOT / "build/image/debian12.img", ROOT / "state/image/debian12.img"]
IMAGE = next((str(i) for i in IMAGES if i and os.path.exists(i)), None)

pytestmark = pytest.mark.skipif(not (DATA.exists() and DRIVER.exists() and IMAGE),
                                reason="needs the shared data, the driver and an image")


# Lines whose answer depends on the machine (its CPUs, memory, users, uptime, network,
# what was mounted where): only "found and ran" is asked of them.
OF_THE_MACHINE = {6, 8, 14, 21, 28, 34, 36, 45, 63, 73, 79, 83, 85, 86, 96, 98, 99, 100, 111, 123, 126, 127}
# Needs a program that is not emulated: openssl passwd.
MISSING = {28}
BROKEN = re.compile(r"error while loading shared libraries|command not found")


def run(script):
    """(standard output, standard error, outcome) of one line on a fresh machine."""
    try:
        p = subprocess.run([DRIVER, "--image", IMAGE, script], capture_output=True, timeout=20,
                           stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "", "", "timeout"
    except ValueError:  # a NUL cannot be an argument
        return "", "", "not runnable"
    return p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace"), f"exit {p.returncode}"


def compare():
    """Lines that agree, and those that differ with what was got and wanted."""
    good, bad = [], []
    for ref in map(json.loads, DATA.read_text().splitlines()):
        out, err, outcome = run(ref["script"])
        if ref["line"] in OF_THE_MACHINE:
            same = not BROKEN.search(out + err) or bool(BROKEN.search(ref["stderr"]))
        else:
            same = outcome == ref["outcome"] and (not ref["stable"] or out.strip("\0") == ref["stdout"].strip("\0"))
        (good if same else bad).append((ref, out, err, outcome))
    return good, bad


def test_attacker_lines():
    good, bad = compare()
    print(f"{len(good)} of {len(good) + len(bad)} lines agree")
    bad = [b for b in bad if b[0]["line"] not in MISSING]
    assert not bad, "lines that differ: " + " ".join(str(r["line"]) for r, *_ in bad)


if __name__ == "__main__":
    agree, differ = compare()
    for ref, out, err, outcome in differ:
        print(f"--- {ref['line']}: {ref['script']!r}\n  want {ref['outcome']} {ref['stdout']!r} {ref['stderr']!r}"
              f"\n  got  {outcome} {out!r} {err!r}")
    for ref, out, err, outcome in agree:
        if err != ref["stderr"]:
            print(f"~~~ {ref['line']}: {ref['script']!r}\n  want {ref['stderr']!r}\n  got  {err!r}")
    print(f"{len(agree)} of {len(agree) + len(differ)} lines agree")
