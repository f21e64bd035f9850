"""The recorded cases of real shells' test suites, where they are at hand
(in $QRASSH_SHARED, or ../shared beside the checkout): their rate must not fall.
SPDX-License-Identifier: Apache-2.0
"""
import base64
import concurrent.futures as futures
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRIVER = os.environ.get("DRIVER", str(ROOT / "build/release/tests/shell/driver"))
IMAGE = ROOT / "build/image/debian12.img"
SHARED = pathlib.Path(os.environ.get("QRASSH_SHARED", ROOT.parent / "shared"))
CASES = SHARED / "data/shell/public.jsonl"
FLOOR = 0.96  # of the cases about the language itself


def passes(case):
    want = base64.b64decode(case["stdout_b64"]) if "stdout_b64" in case else case["stdout"].encode()
    argv = [DRIVER, "--image", str(IMAGE), case["script"]]
    try:
        p = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
    except subprocess.TimeoutExpired:
        return False
    return p.stdout == want and p.returncode == case["status"]


@pytest.mark.skipif(not CASES.exists() or not IMAGE.exists(), reason="no recorded cases or image")
def test_rate():
    cases = [json.loads(line) for line in CASES.open(encoding="utf-8")]
    cases = [c for c in cases if not c["cat"].startswith("util:")]
    with futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [c["name"] for c, ok in zip(cases, pool.map(passes, cases)) if not ok]
    rate = 1 - len(failed) / len(cases)
    assert rate >= FLOOR, f"{rate:.3f}: " + "; ".join(failed)
