"""What sessions cost the server: CPU of the whole process tree per session,
time to answer a line, memory of an idle session. Prints; judges nothing.

The client (Paramiko) uses curve25519-sha256, ssh-ed25519, aes128-ctr and
hmac-sha2-256, as the published figures do. CPU comes from /proc, so what the
client burns does not count.
"""
import os, pathlib, socket, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import paramiko
from honeypot import Honeypot

TICK = os.sysconf("SC_CLK_TCK")
LINES = ["uname -a", "id", "w", "cat /proc/cpuinfo | grep name | wc -l", "free -m", "ls -la /", "cd /tmp", "pwd",
         "echo hello > f", "cat f", "ps aux | head -5", "df -h", "uptime", "whoami", "cat /etc/passwd | head -3",
         "which wget curl", "nproc", "ls /root", "echo $((6*7))", "rm -f f"]


def cpu_ms(pot):
    """CPU of the monitor and all roles, in ms, as the scheduler counts it."""
    total = 0
    for pid in [pot.process.pid, *pot.children()]:
        total += int(open(f"/proc/{pid}/schedstat").read().split()[0])
    return total / 1e6


def pss_kib(pot):
    total = 0
    for pid in pot.children():
        for line in open(f"/proc/{pid}/smaps_rollup"):
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


def connect(pot, source="127.0.0.1"):
    t = paramiko.Transport(socket.create_connection(("127.0.0.1", pot.port), source_address=(source, 0)))
    o = t.get_security_options()
    o.kex, o.key_types, o.ciphers, o.digests = (["curve25519-sha256@libssh.org"], ["ssh-ed25519"], ["aes128-ctr"],
                                                 ["hmac-sha2-256"])
    t.start_client(timeout=20)
    t.auth_password("root", "secret")
    return t


def run(t, command):
    c = t.open_session()
    c.exec_command(command)
    while c.recv(65536):
        pass
    c.recv_exit_status()


def until(c, mark, text=b""):
    while not text.endswith(mark):
        part = c.recv(65536)
        if not part:
            break
        text += part
    return text


def shell(t):
    c = t.open_session()
    c.get_pty()
    c.invoke_shell()
    until(c, b"# ")
    return c


def lines(t, times):
    c = shell(t)
    for line in LINES:
        start = time.perf_counter()
        c.send(line + "\n")
        until(c, b"# ")
        times.append(time.perf_counter() - start)
    c.close()


def measure(pot, name, n, fn):
    fn()
    settle(pot)
    before = cpu_ms(pot)
    for _ in range(n):
        fn()
    settle(pot)
    print(f"{name:44} {(cpu_ms(pot) - before) / n:8.3f} ms")


def settle(pot):
    """Waits until the recorder has stored what it was told."""
    last = -1
    while cpu_ms(pot) - last > 0.05:
        last = cpu_ms(pot)
        time.sleep(0.25)


def once(pot, fn):
    t = connect(pot)
    fn(t)
    t.close()


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    times = []
    for agent in ("allow", "dqn"):
        with Honeypot(policy_agent=agent, policy_delay_ms=0, sensor_count=1, learner_train="no") as pot:
            print(f"policy {agent}: server CPU of all processes, per session")
            measure(pot, "login and logout", n, lambda: once(pot, lambda t: None))
            measure(pot, "login and one command (uname -a)", n, lambda: once(pot, lambda t: run(t, "uname -a")))
            if agent != "allow":
                continue
            measure(pot, "interactive session of 20 lines", n // 4, lambda: once(pot, lambda t: lines(t, times)))
            times.sort()
            print(f"{'answer to a line, seen by the client':44} {times[len(times) // 2] * 1e3:8.3f} ms median,"
                  f" {times[int(len(times) * .99)] * 1e3:.3f} ms p99")
            source = lambda i: f"127.1.{i // 200}.{i % 200 + 1}"  # a machine each
            warm = [connect(pot, source(i)) for i in range(20)]
            keep = [shell(t) for t in warm]
            settle(pot)
            before = pss_kib(pot)
            more = [connect(pot, source(20 + i)) for i in range(200)]
            keep += [shell(t) for t in more]
            settle(pot)
            print(f"{'memory of an idle session (shell open)':44} {(pss_kib(pot) - before) / len(more):8.1f} KiB PSS")
            for t in warm + more:
                t.close()


if __name__ == "__main__":
    main()
