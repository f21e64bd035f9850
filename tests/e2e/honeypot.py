"""A honeypot of its own for a test: started, asked, stopped.

Everything is below a temporary folder; the port is chosen by the kernel and
read from the program's own log.
"""
import json, os, pathlib, re, signal, sqlite3, subprocess, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("QRASSH_BINARY", ROOT / "build/release/qrassh"))
IMAGE = os.environ.get("QRASSH_TEST_IMAGE", str(ROOT / "state/image/debian12.img"))


class Honeypot:
    def __init__(self, state=None, **options):
        self.tmp = None if state else tempfile.TemporaryDirectory(prefix="qrassh-")
        self.state = pathlib.Path(state or self.tmp.name)
        env = dict(os.environ, QRASSH_STATE_DIR=str(self.state), QRASSH_SSH_LISTEN="127.0.0.1:0",
                   QRASSH_AUTH_MODE="any", QRASSH_POLICY_AGENT="allow", QRASSH_SEED="7",
                   QRASSH_LIMITS_PER_SOURCE="0", QRASSH_WEB_LISTEN="")
        if os.path.exists(IMAGE):
            env["QRASSH_IMAGE_PATH"] = IMAGE
        env.update({"QRASSH_" + k.upper(): str(v) for k, v in options.items()})
        self.log = open(self.state / "stderr.log", "ab+")
        self.start = self.log.seek(0, 2)
        self.process = subprocess.Popen([str(BINARY), "run"], env=env, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        self.port = int(self.wait_log(r"listening for SSH on 127\.0\.0\.1:(\d+)")[1])

    def log_text(self):
        with open(self.state / "stderr.log", "rb") as f:
            f.seek(self.start)
            return f.read().decode(errors="replace")

    def wait(self, what, fn, timeout=30):
        """Polls fn until it answers something true; that is the result."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            r = fn()
            if r:
                return r
            if self.process.poll() is not None:
                raise AssertionError(f"the honeypot ended ({self.process.returncode}):\n{self.log_text()}")
            time.sleep(0.02)
        raise AssertionError(f"no {what} within {timeout} s:\n{self.log_text()}")

    def wait_log(self, pattern, timeout=60):
        return self.wait(pattern, lambda: re.search(pattern, self.log_text()), timeout)

    def events(self, eventid=None, **fields):
        path = self.state / "log/qrassh.json"
        if not path.exists():
            return []
        out = []
        for line in path.read_text().splitlines(keepends=True):
            if not line.endswith("\n"):
                continue  # being written
            e = json.loads(line)
            if (eventid is None or e["eventid"] == eventid) and all(e.get(k) == v for k, v in fields.items()):
                out.append(e)
        return out

    def wait_events(self, eventid, count=1, **fields):
        return self.wait(f"{count} {eventid}", lambda: (lambda e: e if len(e) >= count else None)(
            self.events(eventid, **fields)))

    def sql(self, query, *args):
        with sqlite3.connect(f"file:{self.state}/qrassh.db?mode=ro", uri=True) as db:
            return db.execute(query, args).fetchall()

    def ssh(self, *command, user="root", password="secret", options=(), tty=False, **kw):
        """The stock client; the password comes through SSH_ASKPASS."""
        ask = self.state / "askpass"
        ask.write_text(f"#!/bin/sh\necho '{password}'\n")
        ask.chmod(0o700)
        env = dict(os.environ, SSH_ASKPASS=str(ask), SSH_ASKPASS_REQUIRE="force", DISPLAY="none")
        args = ["ssh", "-F", "none", *options, "-p", str(self.port), "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=20",
                "-o", "PreferredAuthentications=password"]
        if tty:
            args.append("-tt")
        kw.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([*args, f"{user}@127.0.0.1", *command], env=env, capture_output=True,
                              timeout=kw.pop("timeout", 60), **kw)

    def children(self):
        """Process ids of the roles."""
        out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        return [int(p) for p in out.stdout.split()]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise AssertionError(f"the honeypot does not stop:\n{self.log_text()}")
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()
        if self.tmp:
            self.tmp.cleanup()
