"""Clients that misbehave leave others served, and leave nothing behind."""
import os, re, signal, socket

import paramiko

from honeypot import BINARY, Honeypot


def login(pot):
    t = paramiko.Transport(("127.0.0.1", pot.port))
    t.connect()
    t.auth_password("root", "x")
    return t


def memory(pot):
    """KiB that the sensors hold."""
    total = 0
    for pid in pot.children():
        try:
            status = open(f"/proc/{pid}/status").read()
        except FileNotFoundError:
            continue
        total += int(status.split("VmRSS:")[1].split()[0])
    return total


def test_a_client_that_never_reads(pot):
    before = memory(pot)
    s = socket.create_connection(("127.0.0.1", pot.port))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    t = paramiko.Transport(s)
    t.default_window_size = 1 << 31 - 1
    t.connect()
    t.auth_password("root", "x")
    c = t.open_session(window_size=(1 << 31) - 1)
    c.exec_command("yes " + "y" * 200)
    c.recv(1)
    t.packetizer.close()  # its thread ends; the socket stays open and unread
    for _ in range(5):
        assert pot.ssh("head -c 1000000 /dev/zero | wc -c").stdout == b"1000000\n"
    if "asan" not in BINARY.parts:  # a sanitizer keeps what was freed
        assert memory(pot) - before < 64 * 1024
    s.close()
    assert pot.ssh("echo alive").stdout == b"alive\n"


def test_half_open_connections():
    with Honeypot(limits_starting=20) as p:
        held = [socket.create_connection(("127.0.0.1", p.port)) for _ in range(100)]
        told = b""
        for s in held:
            s.settimeout(20)
            told += s.recv(200)
        assert b"Exceeded MaxStartups\r\n" in told
        for s in held:
            s.close()
        p.wait("room again", lambda: p.ssh("echo ok").stdout == b"ok\n")


def test_a_thousand_channels(pot):
    t = login(pot)
    for i in range(1000):
        c = t.open_session()
        if i % 100 == 0:
            c.exec_command(f"echo {i}")
            assert c.recv(100) == b"%d\n" % i
        c.close()
    c = t.open_session()
    c.exec_command("echo end")
    assert c.recv(100) == b"end\n"
    t.close()


def test_connections_that_die_with_their_processes_running(pot):
    commands = ["sleep 100", "cat", "yes", "yes | head -c 100000000 | wc -c", "while :; do echo x; done",
                "nohup sleep 50 & echo started", "cat /dev/urandom", "trap '' HUP; while :; do sleep 0.01; done"]
    for i, command in enumerate(commands * 2):
        t = login(pot)
        c = t.open_session()
        if i % 2:
            c.get_pty()
        c.exec_command(command)
        d = t.open_session()
        d.invoke_subsystem("sftp")
        d.sendall(b"\0\0\0\5\1\0\0\0\3")
        if i % 3:
            c.settimeout(0.05)
            try:
                c.recv(100)
            except TimeoutError:
                pass
        t.sock.shutdown(socket.SHUT_RDWR)
        t.close()
    assert pot.ssh("echo alive").stdout == b"alive\n"
    assert "AddressSanitizer" not in pot.log_text() and "runtime error" not in pot.log_text()


def test_a_sensor_is_killed_while_sessions_are_open():
    with Honeypot() as p:
        transports = [login(p) for _ in range(3)]
        for t in transports:
            t.open_session().exec_command("sleep 100")
        sensors = [int(n) for n in re.findall(r"sensor \d+: started \(pid (\d+)\)", p.log_text())]
        assert sensors
        for pid in sensors:
            os.kill(pid, signal.SIGKILL)
        p.wait("the sessions' end", lambda: not any(t.is_active() for t in transports))
        p.wait("a new sensor", lambda: p.ssh("echo back").stdout == b"back\n")
        for t in transports:
            t.close()
