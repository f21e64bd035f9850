"""The emulated sftp-server against the real one: the same requests, the same answers.

Each scenario runs on Debian's own /usr/lib/openssh/sftp-server through pipes and on
the honeypot through SSH, in a folder of the same name; replies are compared whole
but for times, inode-dependent sizes of folders and free space.
"""
import os, pathlib, re, select, shutil, struct, subprocess

import paramiko
import pytest

REAL = "/usr/lib/openssh/sftp-server"
BASE = "/tmp/sftp-probe"
pytestmark = pytest.mark.skipif(not os.path.exists(REAL), reason="openssh-sftp-server is not installed")

(INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT, OPENDIR, READDIR, REMOVE, MKDIR, RMDIR,
 REALPATH, STAT, RENAME, READLINK, SYMLINK) = range(1, 21)
EXTENDED = 200
R, W, APPEND, CREAT, TRUNC, EXCL = 1, 2, 4, 8, 16, 32


def u32(n):
    return struct.pack(">I", n & 0xffffffff)


def u64(n):
    return struct.pack(">Q", n & (1 << 64) - 1)


def text(s):
    s = s.encode() if isinstance(s, str) else s
    return u32(len(s)) + s


def attrs(size=None, owner=None, perm=None, times=None, extra=0):
    flags, out = extra, b""
    if size is not None:
        flags, out = flags | 1, out + u64(size)
    if owner is not None:
        flags, out = flags | 2, out + u32(owner[0]) + u32(owner[1])
    if perm is not None:
        flags, out = flags | 4, out + u32(perm)
    if times is not None:
        flags, out = flags | 8, out + u32(times[0]) + u32(times[1])
    return u32(flags) + out


class Wire:
    """One server: packets in, parsed packets out."""

    def __init__(self):
        self.next, self.data, self.ended = 1, b"", False

    def more(self, timeout=20):
        part = self.receive(timeout)
        if part == b"":
            self.ended = True
        self.data += part or b""
        return part

    def packet(self):
        while len(self.data) < 4 or len(self.data) < 4 + struct.unpack(">I", self.data[:4])[0]:
            if not self.more():
                return "ended"
        n = struct.unpack(">I", self.data[:4])[0]
        p, self.data = self.data[4:4 + n], self.data[4 + n:]
        return p

    def raw(self, payload):
        self.send(u32(len(payload)) + payload)

    def ask(self, kind, body=b""):
        self.next += 1
        self.raw(bytes([kind]) + u32(self.next) + body)
        return parse(self.packet(), self.next)

    def ext(self, name, body=b""):
        return self.ask(EXTENDED, text(name) + body)

    def init(self, version=3):
        self.raw(bytes([INIT]) + u32(version))
        return self.packet()

    def open(self, path, flags, a=attrs()):
        return self.ask(OPEN, text(path) + u32(flags) + a)

    def handle(self, path, flags, a=attrs()):
        r = self.open(path, flags, a)
        assert r[0] == "handle", r
        return text(r[1])

    def put(self, path, content):
        h = self.handle(path, W | CREAT | TRUNC)
        r = self.ask(WRITE, h + u64(0) + text(content))
        return [r, self.ask(CLOSE, h)]


class Real(Wire):
    def __init__(self):
        super().__init__()
        self.p = subprocess.Popen([REAL], cwd=BASE, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, bufsize=0, umask=0o022)

    def send(self, b):
        try:
            self.p.stdin.write(b)
        except BrokenPipeError:
            pass

    def receive(self, timeout):
        ready, _, _ = select.select([self.p.stdout], [], [], timeout)
        assert ready, "no answer"
        return os.read(self.p.stdout.fileno(), 65536)

    def finish(self):
        self.p.stdin.close()
        return self.p.wait(20)

    def close(self):
        if self.p.poll() is None:
            self.p.kill()
            self.p.wait()


class Ours(Wire):
    def __init__(self, transport):
        super().__init__()
        self.c = transport.open_session()
        self.c.exec_command(f"cd {BASE} && exec {REAL}")

    def send(self, b):
        try:
            self.c.sendall(b)
        except OSError:
            pass

    def receive(self, timeout):
        self.c.settimeout(timeout)
        try:
            return self.c.recv(65536)
        except TimeoutError:
            raise AssertionError("no answer") from None

    def finish(self):
        self.c.shutdown_write()
        return self.c.recv_exit_status()

    def close(self):
        self.c.close()


class Reader:
    def __init__(self, b):
        self.b = b

    def take(self, n):
        assert len(self.b) >= n, self.b
        r, self.b = self.b[:n], self.b[n:]
        return r

    def u32(self):
        return struct.unpack(">I", self.take(4))[0]

    def u64(self):
        return struct.unpack(">Q", self.take(8))[0]

    def text(self):
        return self.take(self.u32())

    def attrs(self):
        flags, out = self.u32(), {}
        if flags & 1:
            out["size"] = self.u64()
        if flags & 2:
            out["owner"] = (self.u32(), self.u32())
        if flags & 4:
            out["perm"] = oct(self.u32())
        if flags & 8:
            out["times"] = [t if t < 1500000000 else "now" for t in (self.u32(), self.u32())]
        if out.get("perm", "").startswith("0o4") and len(out["perm"]) == 7:
            out["size"] = "of a folder"
        return flags, out


def longname(s, perm):
    s = re.sub(rb" [A-Z][a-z]{2} [ 0-9]\d (\d\d:\d\d| \d{4}) ", b" TIME ", s)
    return re.sub(rb"^(d\S+) +\d+( \S+ +\S+) +\d+ TIME", rb"\1 N\2 SIZE TIME", s)


def parse(p, want_id):
    """A reply as a tuple, without what may differ."""
    if p == "ended":
        return ("ended",)
    r = Reader(p[1:])
    assert r.u32() == want_id
    kind = p[0]
    if kind == 101:
        out = ("status", r.u32(), *((r.text(), r.text()) if r.b else ()))
    elif kind == 102:
        out = ("handle", r.text())
    elif kind == 103:
        out = ("data", r.text())
    elif kind == 104:
        names = []
        for _ in range(r.u32()):
            name, long, a = r.text(), r.text(), None
            a = r.attrs()
            names.append((name, longname(long, a), a))
        out = ("name", names)
    elif kind == 105:
        out = ("attrs", r.attrs())
    else:
        out = (kind, r.b)
        r.b = b""
    assert r.b == b"", "bytes behind a reply"
    return out


def listed(c, path):
    """All entries of a folder, sorted: the order is the file system's own."""
    h = c.ask(OPENDIR, text(path))
    out = []
    while h[0] == "handle":
        r = c.ask(READDIR, text(h[1]))
        if r[0] != "name":
            return sorted(out), r, c.ask(CLOSE, text(h[1]))
        out += r[1]
    return h


# --- scenarios: each yields replies ---------------------------------------------------------

def sc_version(c):
    return [c.init()]


def sc_version_low(c):
    return [c.init(2), c.ask(STAT, text("/nonexistent"))]


def sc_version_high(c):
    return [c.init(6), c.ask(STAT, text("/nonexistent"))]


def sc_nothing_before_init(c):
    return [c.ask(STAT, text("/")), c.ask(OPENDIR, text("/"))]


def sc_init_twice(c):
    return [c.init(), c.init()]


def sc_init_cut(c):
    c.raw(bytes([INIT]))
    return [c.packet()]


def sc_unknown_types(c):
    c.init()
    for k in (0, 2, 21, 22, 99, 101, 105, 199, 201, 255):  # the real one does not answer these
        c.raw(bytes([k]) + u32(77) + b"abc")
    code = c.finish()
    return [code, c.packet()]


def sc_files(c):
    c.init()
    out = [c.open("f", R), c.open("f", W), c.open("f", R | W | CREAT | EXCL), c.open("f", W | CREAT | EXCL),
           c.open("f", 0), c.open("f", CREAT), c.open(".", R), c.open(".", W), c.open("f/x", R), c.open("", R),
           c.open("nodir/x", W | CREAT), c.open("x" * 300, W | CREAT), c.open("/" + "y/" * 3000, R)]
    return out


def sc_read_write(c):
    c.init()
    h = c.handle("f", R | W | CREAT | TRUNC)
    out = [c.ask(WRITE, h + u64(0) + text(b"hello world")), c.ask(READ, h + u64(0) + u32(5)),
           c.ask(READ, h + u64(6) + u32(100)), c.ask(READ, h + u64(11) + u32(1)), c.ask(READ, h + u64(0) + u32(0)),
           c.ask(READ, h + u64(1 << 62) + u32(10)), c.ask(READ, h + u64(1 << 63) + u32(10)),
           c.ask(WRITE, h + u64(20) + text(b"gap")), c.ask(READ, h + u64(0) + u32(0xffffffff)),
           c.ask(WRITE, h + u64(0) + text(b"")), c.ask(WRITE, h + u64(1 << 63) + text(b"x")),
           c.ask(FSTAT, h), c.ask(CLOSE, h), c.ask(CLOSE, h), c.ask(READ, h + u64(0) + u32(1)),
           c.ask(WRITE, h + u64(0) + text(b"x")), c.ask(FSTAT, h)]
    h = c.handle("f", R)
    out += [c.ask(WRITE, h + u64(0) + text(b"x")), c.ask(FSETSTAT, h + attrs(size=3)), c.ask(CLOSE, h)]
    h = c.handle("f", W)
    out += [c.ask(READ, h + u64(0) + u32(4)), c.ask(CLOSE, h)]
    h = c.handle("f", W | APPEND)
    out += [c.ask(WRITE, h + u64(0) + text(b"tail")), c.ask(FSTAT, h), c.ask(CLOSE, h), c.ask(STAT, text("f"))]
    return out


def sc_large_read(c):
    c.init()
    h = c.handle("big", R | W | CREAT)
    out = [c.ask(WRITE, h + u64(i * 200000) + text(bytes([i]) * 200000)) for i in range(3)]
    out += [c.ask(READ, h + u64(0) + u32(600000)), c.ask(READ, h + u64(599999) + u32(600000)),
            c.ask(READ, h + u64(100) + u32(261120)), c.ask(READ, h + u64(100) + u32(261121))]
    return out


def sc_bad_handles(c):
    c.init()
    bad = [b"", b"\0", b"\0\0\0\0", b"\0\0\0\1", b"\xff" * 4, b"\0" * 5, b"x" * 300]
    out = []
    for b in bad:
        h = text(b)
        out += [c.ask(CLOSE, h), c.ask(READ, h + u64(0) + u32(1)), c.ask(WRITE, h + u64(0) + text(b"a")),
                c.ask(FSTAT, h), c.ask(FSETSTAT, h + attrs(perm=0o600)), c.ask(READDIR, h),
                c.ext("fstatvfs@openssh.com", h), c.ext("fsync@openssh.com", h)]
    return out


def sc_kinds_of_handles(c):
    c.init()
    c.put("f", b"abc")
    d, f = c.ask(OPENDIR, text(".")), c.handle("f", R)
    d = text(d[1])
    return [c.ask(READ, d + u64(0) + u32(5)), c.ask(WRITE, d + u64(0) + text(b"a")), c.ask(FSTAT, d)[0],
            c.ask(FSETSTAT, d + attrs(perm=0o755)), c.ask(READDIR, f), c.ext("fsync@openssh.com", d),
            c.ext("fsync@openssh.com", f), c.ext("fstatvfs@openssh.com", d)[0], c.ask(CLOSE, f), c.ask(CLOSE, d)]


def sc_many_handles(c):
    c.init()
    c.put("f", b"abc")
    out = [c.open("f", R) for _ in range(130)]
    out += [c.ask(CLOSE, text(out[7][1])), c.open("f", R), c.ask(OPENDIR, text("."))]
    return out


def sc_attributes(c):
    c.init()
    c.put("f", b"12345")
    out = [c.ask(SETSTAT, text("f") + a) for a in (
        attrs(perm=0o4711), attrs(size=2), attrs(size=10), attrs(times=(1000000000, 1100000000)),
        attrs(owner=(1000, 1001)), attrs(), attrs(size=3, owner=(1, 2), perm=0o100644, times=(5, 6)))]
    out += [c.ask(STAT, text("f")), c.ask(LSTAT, text("f")), c.ask(SETSTAT, text("none") + attrs(perm=0o600)),
            c.ask(SETSTAT, text("none") + attrs()), c.ask(SETSTAT, text(".") + attrs(size=1)),
            c.ask(SETSTAT, text("f") + attrs(size=1 << 63)),
            c.ask(SETSTAT, text("f") + attrs(perm=0o600, extra=1 << 31) + u32(1) + text("a@b") + text("c")),
            c.ask(STAT, text("f"))]
    h = c.handle("f", R | W)
    out += [c.ask(FSETSTAT, h + a) for a in (attrs(size=7), attrs(perm=0o640), attrs(times=(7, 8)),
                                             attrs(owner=(0, 0)), attrs(size=1 << 63))]
    out += [c.ask(FSTAT, h)]
    h = c.handle("new", W | CREAT, attrs(perm=0o666))
    out += [c.ask(FSTAT, h)]
    h = c.handle("new2", W | CREAT, attrs(perm=0o7777, size=99))
    return out + [c.ask(FSTAT, h), c.open("cut", W | CREAT, u32(4))]


def sc_lsetstat(c):
    c.init()
    c.put("f", b"1")
    out = [c.ask(SYMLINK, text("f") + text("l")), c.ext("lsetstat@openssh.com", text("l") + attrs(owner=(5, 6))),
           c.ext("lsetstat@openssh.com", text("l") + attrs(times=(9, 10))),
           c.ext("lsetstat@openssh.com", text("f") + attrs(perm=0o604)),
           c.ext("lsetstat@openssh.com", text("l") + attrs(size=0)),
           c.ext("lsetstat@openssh.com", text("none") + attrs(owner=(5, 6)))]
    return out + [c.ask(LSTAT, text("l")), c.ask(STAT, text("l"))]


def sc_folders(c):
    c.init()
    out = [c.ask(MKDIR, text("d") + attrs()), c.ask(MKDIR, text("d") + attrs()), c.ask(MKDIR, text("d/e") + attrs(perm=0o1777)),
           c.ask(MKDIR, text("x/y") + attrs()), c.ask(MKDIR, text("") + attrs()), c.ask(MKDIR, text("/") + attrs()),
           c.ask(STAT, text("d/e")), c.ask(RMDIR, text("d")), c.ask(REMOVE, text("d")), c.ask(RMDIR, text("d/e")),
           c.ask(RMDIR, text("none")), c.ask(REMOVE, text("none")), c.ask(RMDIR, text(".")), c.ask(RMDIR, text("/"))]
    out += c.put("d/f", b"x")
    out += [c.ask(RMDIR, text("d/f")), c.ask(OPENDIR, text("d/f")), c.ask(OPENDIR, text("none")),
            c.ask(REMOVE, text("d/f/")), c.ask(REMOVE, text("d/f")), c.ask(RMDIR, text("d"))]
    return out


def sc_listing(c):
    c.init()
    c.put("a", b"x" * 1234)
    c.put("b", b"")
    c.ask(SETSTAT, text("a") + attrs(perm=0o4755, owner=(1, 8)))
    c.ask(SETSTAT, text("b") + attrs(perm=0o2640, owner=(4242, 4243), times=(1000000000, 1000000000)))
    c.ask(MKDIR, text("dir") + attrs(perm=0o1777))
    c.ask(SYMLINK, text("a") + text("link"))
    c.ask(SYMLINK, text("nowhere") + text("dangling"))
    c.put("w" * 250, b"1")
    c.put("-odd name\n\x01\xff".encode("latin1"), b"1")
    return [*listed(c, ".")[0], listed(c, BASE + "/dir"), listed(c, "a")]


def sc_long_listing(c):
    c.init()
    for i in range(230):
        c.ask(MKDIR, text(f"n{i:03}") + attrs())
    h = c.ask(OPENDIR, text("."))
    h = text(h[1])
    counts = [len(c.ask(READDIR, h)[1]) for _ in range(3)]
    return [counts, c.ask(READDIR, h), c.ask(READDIR, h), [n[0] for n in listed(c, ".")[0]]]


def sc_realpath(c):
    c.init()
    c.ask(MKDIR, text("d") + attrs())
    c.put("d/f", b"x")
    c.ask(SYMLINK, text("d") + text("ld"))
    c.ask(SYMLINK, text("none/x") + text("bad"))
    c.ask(SYMLINK, text("loop") + text("loop"))
    return [c.ask(REALPATH, text(p)) for p in
            ("", ".", "..", "/", "//", "/..", "d", "d/", "d/.", "d/..", "d/f", "d/f/", "d/f/x", "ld", "ld/f", "ld/none",
             "none", "none/", "none/x", "./none", "d/none", "d/none/..", "bad", "loop", "loop/x", "/none", "/none/x",
             BASE + "//d///f", "/" + "a" * 300, "/tmp/../tmp/./" + BASE[5:], "x" * 5000)]


def sc_links(c):
    c.init()
    c.put("f", b"x")
    out = [c.ask(SYMLINK, text("f") + text("l")), c.ask(SYMLINK, text("f") + text("l")), c.ask(READLINK, text("l")),
           c.ask(READLINK, text("f")), c.ask(READLINK, text("none")), c.ask(READLINK, text(".")),
           c.ask(SYMLINK, text("") + text("l2")), c.ask(SYMLINK, text("x") + text("")),
           c.ask(SYMLINK, text("x") + text("none/l")), c.ask(LSTAT, text("l")), c.ask(STAT, text("l")),
           c.ext("hardlink@openssh.com", text("f") + text("h")), c.ext("hardlink@openssh.com", text("f") + text("h")),
           c.ext("hardlink@openssh.com", text("none") + text("h2")), c.ext("hardlink@openssh.com", text(".") + text("h3")),
           c.ask(STAT, text("h")), listed(c, ".")]
    return out


def sc_rename(c):
    c.init()
    c.put("a", b"a")
    c.put("b", b"bb")
    c.ask(MKDIR, text("d") + attrs())
    c.ask(MKDIR, text("e") + attrs())
    c.put("e/f", b"x")
    c.ask(SYMLINK, text("none") + text("dang"))
    pairs = [("a", "b"), ("a", "c"), ("a", "x"), ("c", "c"), ("c", "d"), ("d", "b"), ("d", "e"), ("e", "d"), ("c", "none/x"),
             ("d", "d/sub"), ("none", "b"), ("c", "dang"), ("dang", "dong"), ("e", "e2"), (".", "z"), ("c", ""), ("c", "c2/")]
    out = [c.ask(RENAME, text(a) + text(b)) for a, b in pairs]
    out.append([n[0] for n in listed(c, ".")[0]])
    out += [c.ext("posix-rename@openssh.com", text(a) + text(b)) for a, b in pairs]
    out.append([n[0] for n in listed(c, ".")[0]])
    return out


def sc_extensions(c):
    c.init()
    c.put("f", b"0123456789")
    c.put("g", b"")
    out = [c.ext(n) for n in ("", "nonsense", "statvfs@openssh.co", "limits@openssh.com ", "vendor-id", "md5-hash", "space-available")]
    out += [c.ext("limits@openssh.com")[0], c.ext("statvfs@openssh.com", text("none")), c.ext("fsync@openssh.com", text(b"zz"))]
    out += [c.ext("expand-path@openssh.com", text(p)) for p in ("/tmp", "~", "~/", "~/x", "~root", "~root/y", "~nobodyhere", "~nobodyhere/x",
                                                               "x", "", "a~b")]
    out += [c.ext("home-directory", text(u)) for u in ("root", "daemon", "nosuchuser")]
    out += [c.ext("expand-path@openssh.com", text(b"~" * 300))]
    ids = b"".join(u32(i) for i in (0, 1, 2, 4242424, 65534))
    out += [c.ext("users-groups-by-id@openssh.com", text(a) + text(b)) for a, b in
            ((ids, ids), (b"", b""), (ids, b""))]
    f, g = c.handle("f", R), c.handle("g", R | W)
    cp = lambda *a: c.ext("copy-data", a[0] + u64(a[1]) + u64(a[2]) + a[3] + u64(a[4]))
    out += [cp(f, 2, 3, g, 0), cp(f, 0, 0, g, 3), cp(f, 100, 5, g, 0), cp(f, 8, 50, g, 0), cp(f, 0, 4, f, 5), cp(g, 0, 2, g, 20),
            cp(f, 0, 1, text(b"bad!"), 0), cp(g, 0, 2, f, 0), c.ask(READ, g + u64(0) + u32(100))]
    return out


def sc_statvfs(c):
    c.init()
    r = c.ext("statvfs@openssh.com", text("."))
    v = struct.unpack(">11Q", r[1])
    return [r[0], len(r[1]), v[0], v[1], v[10], v[2] >= v[3] >= v[4], v[5] >= v[6]]


def sc_nul_in_names(c):
    c.init()
    return [c.ask(STAT, text(b"/tmp\0x"))]


SCENARIOS = {k[3:]: v for k, v in globals().items() if k.startswith("sc_")}

# Requests that end the server: each is sent to a new one.
DEADLY = {
    "empty packet": u32(0),
    "length over the limit": u32(256 * 1024 + 1) + b"x" * 100,
    "huge length": b"\xff\xff\xff\xff" + b"x" * 100,
    "only a type": u32(1) + bytes([STAT]),
    "stat without a path": u32(5) + bytes([STAT]) + u32(1),
    "path cut": u32(12) + bytes([STAT]) + u32(1) + u32(200) + b"/tm",
    "path of 4 GB": u32(12) + bytes([STAT]) + u32(1) + b"\xff\xff\xff\xff" + b"/tm",
    "open cut": u32(13) + bytes([OPEN]) + u32(1) + text("/tmp"),
    "read cut": u32(13) + bytes([READ]) + u32(1) + text(b"abcd"),
    "extended without a name": u32(5) + bytes([EXTENDED]) + u32(1),
    "rename with one name": u32(13) + bytes([RENAME]) + u32(1) + text("/tmp"),
    "setstat cut": u32(17) + bytes([SETSTAT]) + u32(1) + text("/tmp") + u32(1),
    "odd list of users": u32(50) + bytes([EXTENDED]) + u32(1) + text("users-groups-by-id@openssh.com") + text(b"abc") + text(b""),
    "copy-data cut": u32(18) + bytes([EXTENDED]) + u32(1) + text("copy-data"),
}


@pytest.fixture(scope="module")
def transport(pot):
    t = paramiko.Transport(("127.0.0.1", pot.port))
    t.connect()
    t.auth_password("root", "x")
    yield t
    t.close()


def fresh(pot):
    shutil.rmtree(BASE, ignore_errors=True)
    os.mkdir(BASE, 0o755)
    r = pot.ssh(f"rm -rf {BASE}; mkdir {BASE}")
    assert r.returncode == 0, r.stderr


def both(pot, transport, scenario):
    """The replies of the real server and of ours."""
    fresh(pot)
    answers = []
    for c in (Real(), Ours(transport)):
        try:
            answers.append(scenario(c))
        finally:
            c.close()
    shutil.rmtree(BASE, ignore_errors=True)
    return answers


@pytest.mark.parametrize("name", SCENARIOS)
def test_same_answers(pot, transport, name):
    real, ours = both(pot, transport, SCENARIOS[name])
    differ = [(i, r, o) for i, (r, o) in enumerate(zip(real, ours)) if r != o]
    assert not differ and len(real) == len(ours), "\n".join(f"{i}: real {str(r)[:600]}\n   ours {str(o)[:600]}" for i, r, o in differ)


@pytest.mark.parametrize("name", DEADLY)
def test_broken_requests_end_it_alike(pot, transport, name):
    def scenario(c):
        c.init()
        c.send(DEADLY[name])
        before = c.ask(STAT, text("/"))
        return [before, c.finish()]

    real, ours = both(pot, transport, scenario)
    assert real == ours


def test_end_of_input(pot, transport):
    def scenario(c):
        c.init()
        c.send(u32(100) + b"x")
        return [c.finish()]

    real, ours = both(pot, transport, scenario)
    assert real == ours


def test_upload_is_an_artefact(pot, transport):
    c = Ours(transport)
    c.init()
    c.put("/tmp/sftp-upload.bin", b"\x7fELF marker of an upload")
    c.close()
    e = pot.wait_events("cowrie.session.file_upload", filename="/tmp/sftp-upload.bin")[0]
    assert pathlib.Path(pot.state / "artefacts").exists() and len(e["shasum"]) == 64
    found = list((pot.state / "artefacts").rglob(e["shasum"]))
    assert found and found[0].read_bytes() == b"\x7fELF marker of an upload"
    assert pot.wait_events("qrassh.artefact", sha256=e["shasum"])[0]["how"] == "upload"
