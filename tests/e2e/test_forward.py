"""Forwarded connections: what the network of the machine answers, and what is recorded.

The texts are those of a real sshd on the same kind of machine.
"""
import socket, ssl, threading

import paramiko
import pytest

from honeypot import Honeypot


def login(pot, user="root"):
    t = paramiko.Transport(("127.0.0.1", pot.port))
    t.connect()
    t.auth_password(user, "x")
    return t


def refusal(pot, host, port):
    """The stock client prints the text."""
    r = pot.ssh(options=("-W", f"[{host}]:{port}", "-o", "LogLevel=INFO"), timeout=30)
    return [l for l in r.stderr.decode().splitlines() if l.startswith("channel 0: open failed")]


@pytest.mark.parametrize("host,port,text", [
    ("127.0.0.1", 1, "connect failed: Connection refused"),
    ("localhost", 3306, "connect failed: Connection refused"),
    ("127.1", 9, "connect failed: Connection refused"),
    ("0.0.0.0", 1, "connect failed: Connection refused"),
    ("no.such.invalid", 80, "connect failed: Name or service not known"),
    ("qzxwvtplkq.com", 443, "connect failed: Name or service not known"),
    ("2001:db8::1", 80, "connect failed: open failed"),
    ("224.0.0.1", 80, "connect failed: open failed"),
    ("10.77.77.77", 80, "connect failed: No route to host"),
])
def test_refused(pot, host, port, text):
    assert refusal(pot, host, port) == [f"channel 0: open failed: {text}"]
    assert pot.wait_events("cowrie.direct-tcpip.request", dst_ip=host, dst_port=port)


def test_own_sshd_answers_like_the_front_door(pot):
    t = login(pot)
    c = t.open_channel("direct-tcpip", ("127.0.0.1", 22), ("127.0.0.1", 5))
    inner = paramiko.Transport(c)
    inner.start_client(timeout=20)
    assert inner.remote_version == t.remote_version
    assert inner.get_remote_server_key().get_name() == t.get_remote_server_key().get_name()
    with pytest.raises(paramiko.AuthenticationException):
        inner.auth_password("root", "inner-guess")
    assert pot.wait_events("cowrie.login.failed", username="root", password="inner-guess")
    inner.close()
    t.close()


def test_web_redirects_and_is_recorded(pot):
    t = login(pot)
    c = t.open_channel("direct-tcpip", ("www.example.com", 80), ("127.0.0.1", 5))
    c.sendall(b"GET /check?x=1 HTTP/1.1\r\nHost: www.example.com\r\n")
    c.sendall(b"User-Agent: probe\r\n\r\n")
    text = b""
    while part := c.recv(4096):
        text += part
    assert text.startswith(b"HTTP/1.1 301 Moved Permanently\r\nServer: nginx\r\n")
    assert b"\r\nLocation: https://www.example.com/check?x=1\r\n" in text
    head, body = text.split(b"\r\n\r\n", 1)
    assert b"Content-Length: %d" % len(body) in head
    e = pot.wait_events("cowrie.direct-tcpip.data", 2, dst_ip="www.example.com")
    assert "User-Agent: probe" in "".join(x["data"] for x in e)
    assert pot.wait_events("qrassh.channel", what="forward",
                           detail="www.example.com:80 HTTP GET /check?x=1 HTTP/1.1")
    t.close()


def test_tls_name_is_recorded(pot):
    t = login(pot)
    c = t.open_channel("direct-tcpip", ("www.example.org", 443), ("127.0.0.1", 5))
    into, outof = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(into, outof, server_hostname="secret.example.org")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outof.read()
    c.sendall(hello[:20])
    c.sendall(hello[20:])
    text = b""
    while part := c.recv(4096):
        text += part
    into.write(text)
    with pytest.raises(ssl.SSLError) as e:
        tls.do_handshake()
    assert "HANDSHAKE_FAILURE" in str(e.value).upper().replace(" ", "_")
    assert pot.wait_events("qrassh.channel", what="forward",
                           detail="www.example.org:443 TLS secret.example.org")
    t.close()


def test_streamlocal_is_refused(pot):
    t = login(pot)
    m = paramiko.Message()
    m.add_byte(b"\x5a")
    m.add_string("direct-streamlocal@openssh.com")
    for v in (7, 1 << 20, 32768):
        m.add_int(v)
    m.add_string("/run/docker.sock")
    m.add_string("")
    m.add_int(0)
    t._send_user_message(m)
    assert pot.wait_events("qrassh.channel", what="direct-streamlocal@openssh.com", detail="/run/docker.sock")
    t.close()


def test_remote_forwarding_listens(pot):
    t = login(pot)
    port = t.request_port_forward("", 0)
    assert 32768 <= port <= 60999
    assert t.request_port_forward("127.0.0.1", 8080) == 8080
    for taken in (8080, 22):
        with pytest.raises(paramiko.SSHException):
            t.request_port_forward("", taken)
    t.cancel_port_forward("127.0.0.1", 8080)
    assert t.request_port_forward("", 8080) == 8080
    t.close()


def test_low_ports_are_for_root(pot):
    t = login(pot, user="deploy")
    with pytest.raises(paramiko.SSHException):
        t.request_port_forward("", 80)
    assert t.request_port_forward("", 8081) == 8081
    t.close()


def test_local_forwarding_with_the_stock_client(pot):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    got = []

    def ask():
        pot.wait_log("")  # the honeypot is alive
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as c:
                    got.append(c.makefile("rb").readline())
                return
            except ConnectionRefusedError:
                threading.Event().wait(0.05)

    thread = threading.Thread(target=ask)
    thread.start()
    pot.ssh("sleep 2", options=("-L", f"{port}:127.0.0.1:22"))
    thread.join()
    assert got and got[0].startswith(b"SSH-2.0-OpenSSH_9.2p1 Debian-")


def test_abandoned_waits_leave_nothing_behind():
    """Channels whose answer is still due when the connection dies."""
    with Honeypot() as p:
        t = login(p)
        for i in range(20):
            m = paramiko.Message()
            m.add_byte(b"\x5a")
            m.add_string("direct-tcpip")
            for v in (100 + i, 1 << 20, 32768):
                m.add_int(v)
            m.add_string("10.9.9.%d" % i)
            m.add_int(25)
            m.add_string("127.0.0.1")
            m.add_int(1)
            t._send_user_message(m)
        p.wait_events("cowrie.direct-tcpip.request", 20)
        t.sock.close()
        t.close()
        p.wait_events("cowrie.session.closed")
        assert p.ssh("echo ok").stdout == b"ok\n"
