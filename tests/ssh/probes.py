"""What is sent to both servers: one function of a Wire per probe, by name.

SPDX-License-Identifier: Apache-2.0
"""
from wire import KEX, STRICT, kexinit, new_key, string, u32
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PROBES = {}


def probe(name):
    def add(fn):
        assert name not in PROBES, name
        PROBES[name] = fn
        return fn
    return add


def add(name, fn):
    probe(name)(fn)


# ---- identification ----

LINES = {
    "1.5": b"SSH-1.5-x\r\n", "1.5 lf": b"SSH-1.5-x\n", "1.99": b"SSH-1.99-x\r\n",
    "2.2": b"SSH-2.2-OpenSSH \r\n", "2.0 empty": b"SSH-2.0-\r\n", "2.0 blank": b"SSH-2.0- \r\n",
    "3.0": b"SSH-3.0-x\r\n", "2.0 lf": b"SSH-2.0-x\n", "2 no minor": b"SSH-2-x\r\n",
    "no dash": b"SSH-2.0\r\n", "lower case": b"ssh-2.0-x\r\n", "http": b"GET / HTTP/1.0\r\n\r\n",
    "empty line": b"\r\n", "two lines": b"hello\r\nSSH-2.0-x\r\n", "nul": b"SSH-2.0-a\0b\r\n",
    "nul first": b"\0SSH-2.0-x\r\n", "cr inside": b"SSH-2.0-a\rb\r\n", "cr cr lf": b"SSH-2.0-x\r\r\n",
    "just ssh-": b"SSH-\r\n", "letters": b"SSH-a.b-c\r\n", "negative": b"SSH--2.0-x\r\n",
    "plus": b"SSH-+2.0-x\r\n", "blank major": b"SSH- 2.0-x\r\n", "zeros": b"SSH-002.00-x\r\n",
    "2.0 long": b"SSH-2.0-" + b"a" * 300 + b"\r\n", "8192": b"SSH-2.0-" + b"a" * 8184 + b"\r\n",
    "8193": b"SSH-2.0-" + b"a" * 8185 + b"\r\n", "9000 no newline": b"a" * 9000,
    "9000 ssh": b"SSH-2.0-" + b"a" * 9000, "utf8": "SSH-2.0-é\r\n".encode(),
    "high bytes": b"SSH-2.0-\xff\xfe\r\n", "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "rdp": b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00\n",
    "comment": b"SSH-2.0-x some comment here\r\n", "probe": b"SSH-2.0-Probe-1\r\n",
    "mapper": b"SSH-2.0-a SSH_Version_Mapper b\r\n", "1.99 dash": b"SSH-1.99-\r\n",
    "1.98": b"SSH-1.98-x\r\n", "2.99": b"SSH-2.99-x\r\n", "2.0.1": b"SSH-2.0.1-x\r\n",
    "huge major": b"SSH-4294967298.0-x\r\n", "ssh": b"SSH\r\n", "tab": b"SSH-2.0-\tx\r\n",
    "leading blank": b" SSH-2.0-x\r\n", "nothing": b"", "4 bytes": b"SSH-",
    "nmap": b"SSH-1.5-NmapNSE_1.0\n", "nmap2": b"SSH-1.5-Nmap-SSH1-Hostkey\r\n",
}
for name, line in LINES.items():
    def ident(w, ctx, line=line):
        w.send_raw(line)
        w.drain_raw()
        w.mask_kexinit()
    add("ident: " + name, ident)

    def ident_fin(w, ctx, line=line):
        w.send_raw(line)
        w.fin()
        w.drain_raw()
        w.mask_kexinit()
    if len(line) < 100 and name in ("2.0 lf", "nothing", "4 bytes", "1.5", "http", "empty line"):
        add("ident fin: " + name, ident_fin)

# Client software whose quirks sshd knows, and some it does not.
for soft in ("OpenSSH_6.6", "OpenSSH_6.5p1", "OpenSSH_6.6.1p1 Ubuntu", "OpenSSH_9.2p1", "OpenSSH_4.3",
             "OpenSSH_3.9", "OpenSSH_2.5", "PuTTY_Release_0.60", "PuTTY_Release_0.63",
             "PuTTY_Release_0.81", "PuTTY_Local: x", "FuTTY", "WinSCP_release_5.7.3",
             "WinSCP_release_5.7.5", "WinSCP_release_4.2", "libssh2_1.10", "libssh_0.9.6", "Go", "paramiko_2.1",
             "TTSSH/2.72 Win32", "TTSSH/3.0 Win32", "Twisted_22", "Twisted", "dropbear_2020", "JSCH-0.1.54",
             "Cisco-1.25", "3.0.0 SSH", "Sun_SSH_1.0", "Sun_SSH_1.1", "SSH Compatible Server"):
    def software(w, ctx, soft=soft):
        w.v_c = b"SSH-2.0-" + soft.encode()
        w.hello()
        w.drain()
    add("software: " + soft, software)

# ---- framing and messages before the key exchange ----

def plain(name, payload=None, raw=None, **kw):
    def fn(w, ctx):
        w.hello()
        if raw is not None:
            w.send_raw(raw)
        else:
            w.send(payload, **kw)
        w.drain()
    add("plain: " + name, fn)


for n in (0, 1, 4, 5, 6, 7, 9, 11, 13, 20, 262144, 262145, 262148, 1 << 31, 0xFFFFFFFF):
    plain("length %d" % n, raw=u32(n) + b"\4" + b"\2" * 40)
for n in (0, 1, 3, 255, 12, 11):
    plain("padding %d" % n, raw=u32(12) + bytes([n]) + b"\2" + u32(2) + b"abcdef")
for kind in list(range(0, 61)) + [80, 90, 98, 100, 127, 191, 192, 193, 254, 255]:
    plain("type %d" % kind, bytes([kind]) + u32(0))
plain("empty payload", raw=u32(12) + b"\x0b" + b"\0" * 11)
plain("type 50 whole", b"\x32" + string("root") + string("ssh-connection") + string("none"))
plain("service request", b"\x05" + string("ssh-userauth"))
plain("disconnect", b"\x01" + u32(11) + string("bye") + string(""))
plain("disconnect cut", b"\x01" + u32(11))
plain("debug", b"\x04\1" + string("hi") + string(""))
plain("debug cut", b"\x04\1")
plain("ignore", b"\x02" + string("x" * 100))
plain("unimplemented", b"\x03" + u32(1))
plain("unimplemented cut", b"\x03\1")
plain("newkeys", b"\x15")
plain("ecdh init", b"\x1e" + string("a" * 32))


def with_kexinit(name, *more, **kw):
    def fn(w, ctx):
        w.hello()
        w.send_kexinit(**kw)
        for m in more:
            w.send(m)
        w.drain()
    add("kexinit: " + name, fn)


with_kexinit("good")
with_kexinit("twice", kexinit())
with_kexinit("no kex", kex="diffie-hellman-group1-sha1")
with_kexinit("no hostkey", hostkey="ssh-dss")
with_kexinit("ssh-rsa only", hostkey="ssh-rsa")
with_kexinit("no cipher", enc="aes128-cbc")
with_kexinit("no mac", mac="hmac-md5")
with_kexinit("no mac with aead", enc="chacha20-poly1305@openssh.com", mac="none")
with_kexinit("no compression", comp="lzma")
with_kexinit("zlib", comp="zlib")
with_kexinit("zlib openssh", comp="zlib@openssh.com,none")
with_kexinit("empty kex", kex="")
with_kexinit("empty names", kex=",,curve25519-sha256,,")
with_kexinit("nul in name", kex="curve25519-sha256\0x")
with_kexinit("nul at the end", kex="curve25519-sha256\0")
with_kexinit("trailing", tail=b"x")
with_kexinit("lang", lang="en")
with_kexinit("cut", b"")
with_kexinit("only marker", kex="kex-strict-c-v00@openssh.com")
with_kexinit("marker of server", kex="kex-strict-s-v00@openssh.com,curve25519-sha256")
with_kexinit("long name", kex="a" * 5000 + ",curve25519-sha256")
with_kexinit("many names", kex=",".join("x%d" % i for i in range(3000)) + ",curve25519-sha256")
plain("kexinit cut 5", kexinit()[:5])
plain("kexinit cut 17", kexinit()[:17])
plain("kexinit cut 100", kexinit()[:100])
plain("kexinit no reserved", kexinit()[:-4])
for strict in (False, True):
    kex = STRICT if strict else KEX
    tag = "strict " if strict else ""
    for kind in (2, 3, 4, 5, 6, 7, 8, 20, 21, 22, 29, 31, 32, 33, 34, 35, 49, 50, 60, 80, 192, 0):
        body = bytes([kind])
        if kind == 2:
            body += string("x")
        elif kind == 3:
            body += u32(1)
        elif kind == 4:
            body += b"\1" + string("x") + string("")
        elif kind == 5:
            body += string("ssh-userauth")
        elif kind == 20:
            body = kexinit(kex=kex)
        with_kexinit(tag + "then %d" % kind, body, kex=kex)
    for name, q in (("0 bytes", b""), ("31 bytes", b"a" * 31), ("33 bytes", b"a" * 33),
                    ("zero", b"\0" * 32)):
        with_kexinit(tag + "public value " + name, b"\x1e" + string(q), kex=kex)
    with_kexinit(tag + "init trailing", b"\x1e" + string(b"\x09" + b"\0" * 31) + b"x", kex=kex)
    with_kexinit(tag + "init empty", b"\x1e", kex=kex)
    with_kexinit(tag + "init cut", b"\x1e" + u32(32) + b"a", kex=kex)

    def ignore_first(w, ctx, kex=kex):
        w.hello()
        w.send(b"\x02" + string("x"))
        w.send_kexinit(kex=kex)
        w.drain()
    add("kexinit: %signore first" % tag, ignore_first)

    def newkeys_twice(w, ctx, kex=kex):
        w.kex(kex=kex)
        w.send(b"\x15")
        w.drain()
    add("kex: %snewkeys twice" % tag, newkeys_twice)

    def newkeys_trailing(w, ctx, kex=kex):
        w.hello()
        w.send_kexinit(kex=kex)
        w.send(w.ecdh_init())
        w.send(b"\x15x")
        w.drain_until(21)
    add("kex: %snewkeys trailing" % tag, newkeys_trailing)
    for kind in (2, 3, 4, 5, 7, 20, 30, 31, 50, 192):
        def before_newkeys(w, ctx, kex=kex, kind=kind):
            w.hello()
            w.send_kexinit(kex=kex)
            w.send(w.ecdh_init())
            body = string("abc") if kind in (2, 5) else b"\0" * 12
            w.send(bytes([kind]) + body)
            w.drain_until(21)
        add("kex: %sbefore newkeys %d" % (tag, kind), before_newkeys)

for follows, kex, hk in ((1, KEX, "ssh-ed25519"), (1, "sntrup761x25519-sha512," + KEX, "rsa-sha2-512,ssh-ed25519"),
                         (1, "ecdh-sha2-nistp256," + KEX, "ssh-ed25519")):
    def guess(w, ctx, kex=kex, hk=hk):
        w.hello()
        w.send_kexinit(kex=kex, hostkey=hk, follows=1)
        w.send(b"\x1e" + string("wrong guess"))
        w.send(b"\x1e" + string(b"\x04" + b"a" * 64))
        w.drain()
    add("kexinit: guess %s" % kex.split(",")[0], guess)

for name, values in {"ok": (2048, 3072, 8192), "small": (512, 1024, 1024), "min over max": (4096, 2048, 2048),
                     "huge": (2048, 16384, 20000), "zero": (0, 0, 0), "max small": (1024, 1500, 2000),
                     "want below": (3072, 2048, 8192), "want above": (2048, 9000, 8192)}.items():
    def gex(w, ctx, values=values):
        w.hello()
        w.send_kexinit(kex="diffie-hellman-group-exchange-sha256")
        w.send(b"\x22" + b"".join(map(u32, values)))
        w.drain()
    add("gex: " + name, gex)
with_kexinit("gex init first", b"\x20" + string(b"\x02" * 256), kex="diffie-hellman-group-exchange-sha256")
with_kexinit("gex old request", b"\x1e" + u32(2048), kex="diffie-hellman-group-exchange-sha256")
with_kexinit("gex request cut", b"\x22" + u32(2048), kex="diffie-hellman-group-exchange-sha256")
for name, e in {"zero": b"", "one": b"\1", "two": b"\2", "negative": b"\xff" * 256, "padded": b"\0\0\0" + b"\x77" * 255,
                "too long": b"\x77" * 2000, "good": b"\x77" * 255}.items():
    with_kexinit("group14 " + name, b"\x1e" + string(e), kex="diffie-hellman-group14-sha256")
for name, e in {"empty": b"", "infinity": b"\0", "short": b"\4aa", "compressed": b"\2" + b"a" * 32,
                "off curve": b"\4" + b"a" * 64}.items():
    with_kexinit("nistp256 " + name, b"\x1e" + string(e), kex="ecdh-sha2-nistp256")
for name, e in {"short": b"a" * 1189, "long": b"a" * 1191, "any": b"a" * 1190}.items():
    with_kexinit("sntrup " + name, b"\x1e" + string(e), kex="sntrup761x25519-sha512")

# ---- after the key exchange, before authentication ----

def keyed(name, *payloads, **kw):
    def fn(w, ctx):
        w.kex(**kw)
        for p in payloads:
            w.send(p)
        w.drain()
    add("keyed: " + name, fn)


keyed("nothing")
keyed("nothing without ext-info", kex="curve25519-sha256")
keyed("nothing strict", kex=STRICT)
for kind in (0, 2, 3, 4, 6, 7, 8, 15, 20, 21, 22, 30, 31, 40, 49, 50, 51, 52, 53, 60, 61, 79, 80, 81, 82, 90, 91, 94,
             98, 99, 120, 191, 192, 200, 255):
    keyed("type %d" % kind, bytes([kind]) + (string("x") if kind == 2 else b"\0" * 12))
keyed("service userauth", b"\x05" + string("ssh-userauth"))
keyed("service twice", b"\x05" + string("ssh-userauth"), b"\x05" + string("ssh-userauth"))
keyed("service connection", b"\x05" + string("ssh-connection"))
keyed("service unknown", b"\x05" + string("foo%s"))
keyed("service empty", b"\x05" + string(""))
keyed("service cut", b"\x05")
keyed("service trailing", b"\x05" + string("ssh-userauth") + b"x")
keyed("service nul", b"\x05" + string("ssh-userauth\0"))
keyed("service nul inside", b"\x05" + string("ssh\0userauth"))
keyed("service long", b"\x05" + string("a" * 2000))
keyed("ext info", b"\x07" + u32(1) + string("a") + string("b"))
keyed("ext info cut", b"\x07" + u32(1) + string("a"))
keyed("ext info ping", b"\x07" + u32(1) + string("ping@openssh.com") + string("0"))
keyed("kexinit", kexinit())


def bad_mac(w, ctx):
    w.kex()
    w.send(b"\x05" + string("ssh-userauth"), flip_mac=True)
    w.drain()


def bad_pad(w, ctx):
    w.kex()
    w.send(b"\x05" + b"\0" * 10, pad=0)
    w.drain()


def bad_mod(w, ctx):
    w.kex()
    w.send(b"\x05" + string("ssh-userauth"), length=33)
    w.drain()


def bad_length(w, ctx):
    w.kex()
    w.send(b"\x05" + string("ssh-userauth"), length=1 << 20)
    w.drain()


def garbage(w, ctx):
    w.kex()
    w.send_raw(bytes(range(256)))
    w.drain()


for fn in (bad_mac, bad_pad, bad_mod, bad_length, garbage):
    add("keyed: " + fn.__name__, fn)

# ---- authentication ----

def auth(method, extra=b"", user="root", service="ssh-connection"):
    return b"\x32" + string(user) + string(service) + string(method) + extra


def password(p, user="root", change=0, extra=b""):
    return auth("password", bytes([change]) + string(p) + extra, user)


def asked(name, *payloads, **kw):
    def fn(w, ctx):
        w.service(**kw)
        for p in payloads:
            w.send(p(ctx) if callable(p) else p)
        w.settle()
        w.send(b"\x50sync")  # answered with UNIMPLEMENTED, which ends the wait
        w.sync(3)
    add("auth: " + name, fn)


asked("none", auth("none"))
asked("none twice", auth("none"), auth("none"))
asked("none trailing", auth("none", b"x"))
asked("none twice trailing", auth("none"), auth("none", b"x"))
asked("unknown method", auth("foo"))
asked("hostbased", auth("hostbased", string("ssh-rsa") + string("x")))
asked("gssapi", auth("gssapi-with-mic", u32(0)))
asked("kbdint", auth("keyboard-interactive", string("") + string("")))
asked("empty method", auth(""))
asked("empty user", auth("none", user=""))
asked("user style", auth("none", user="root:x"), auth("none", user="root"))
asked("user role", auth("none", user="root/x"), auth("none", user="root"))
asked("user other style", auth("none", user="root:x"), auth("none", user="root:y"))
asked("user nul", auth("none", user="ro\0ot"))
asked("user nul at end", auth("none", user="root\0"))
asked("other service", auth("none", service="foo"))
asked("service change", auth("none"), auth("none", service="foo"))
asked("user change", auth("none"), auth("none", user="bob"))
asked("user change long", auth("none", user="a" * 600), auth("none", user="b" * 600))
asked("cut", b"\x32" + string("root"))
asked("empty", b"\x32")
asked("service again", auth("none"), b"\x05" + string("ssh-userauth"))
asked("unknown methods 7", *[auth("foo")] * 7)
asked("none then unknown 6", auth("none"), *[auth("foo")] * 6)
asked("info response", b"\x3d" + u32(0))
asked("pk ok", b"\x3c" + u32(0))
asked("failure", b"\x33" + string("x") + b"\0")
asked("success", b"\x34")
asked("banner", b"\x35" + string("x") + string(""))
asked("global request", b"\x50" + string("keepalive@openssh.com") + b"\1")
asked("channel open", b"\x5a" + string("session") + u32(0) * 3)
asked("kexinit", kexinit())
asked("disconnect", b"\x01" + u32(13) + string("bye") + string(""))
asked("password wrong", password("x", user="nosuchuser"))
asked("password empty", password("", user="nosuchuser"))
asked("password change", password("x", user="nosuchuser", change=1, extra=string("y")))
asked("password change cut", password("x", change=1))
asked("password trailing", password("x", extra=b"x"))
asked("password cut", auth("password", b"\0"))
asked("password none", auth("password"))
asked("password nul", password("a\0b"))
asked("password other service", auth("password", b"\0" + string("x"), service="foo"))
ED = string("ssh-ed25519") + string(b"a" * 32)


def rsa_blob(bits):
    n = rsa.generate_private_key(65537, bits).public_key().public_numbers().n
    return string("ssh-rsa") + string(b"\1\0\1") + string(b"\0" + n.to_bytes(bits // 8, "big"))


EC = string("ecdsa-sha2-nistp256") + string("nistp256") + string(
    ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint))


def pk(alg, blob, sig=None, extra=b"", user="nosuchuser", method="publickey"):
    return auth(method, (b"\0" if sig is None else b"\1") + string(alg) + string(blob)
                + (b"" if sig is None else string(sig)) + extra, user)


RSA = rsa_blob(2048)
asked("pk query", pk("ssh-ed25519", ED))
asked("pk query trailing", pk("ssh-ed25519", ED, extra=b"x"))
asked("pk query unknown alg", pk("foo", ED))
asked("pk query unknown alg trailing", pk("foo", ED, extra=b"x"))
asked("pk query mismatch", pk("ecdsa-sha2-nistp256", ED))
asked("pk query bad blob", pk("ssh-ed25519", b"xx"))
asked("pk query short key", pk("ssh-ed25519", string("ssh-ed25519") + string(b"a" * 31)))
asked("pk query blob trailing", pk("ssh-ed25519", ED + b"x"))
asked("pk query rsa", pk("rsa-sha2-512", RSA))
asked("pk query rsa trailing", pk("rsa-sha2-512", RSA, extra=b"x"))
asked("pk query rsa sha1", pk("ssh-rsa", RSA))
asked("pk query rsa sha1 trailing", pk("ssh-rsa", RSA, extra=b"x"))
asked("pk query rsa 512 trailing", pk("rsa-sha2-256", string("ssh-rsa") + string(b"\1\0\1")
                                      + string(b"\x7f" * 64), extra=b"x"))
asked("pk query ecdsa", pk("ecdsa-sha2-nistp256", EC))
asked("pk query ecdsa trailing", pk("ecdsa-sha2-nistp256", EC, extra=b"x"))
asked("pk query ecdsa off curve", pk("ecdsa-sha2-nistp256", EC[:-1] + bytes([EC[-1] ^ 1]), extra=b"x"))
asked("pk query ecdsa curve mismatch", pk("ecdsa-sha2-nistp384", EC, extra=b"x"))
asked("pk query cert", pk("ssh-ed25519-cert-v01@openssh.com", ED))
asked("pk query dss", pk("ssh-dss", string("ssh-dss") + string("a") * 4))
asked("pk query sk", pk("sk-ssh-ed25519@openssh.com", string("sk-ssh-ed25519@openssh.com")
                        + string(b"a" * 32) + string("ssh:"), extra=b"x"))
asked("pk no signature", pk("ssh-ed25519", ED)[:-len(ED) - 4 - len("ssh-ed25519") - 4 - 1] + b"\1"
      + string("ssh-ed25519") + string(ED))
asked("pk wrong signature", pk("ssh-ed25519", ED, sig=string("ssh-ed25519") + string(b"a" * 64)))
asked("pk signature trailing", pk("ssh-ed25519", ED, sig=b"", extra=b"x"))
asked("pk empty signature", pk("ssh-ed25519", ED, sig=b""))
asked("pk cut", auth("publickey", b"\0" + string("ssh-ed25519")))
asked("pk hostbound no host key", pk("ssh-ed25519", ED, method="publickey-hostbound-v00@openssh.com"))
asked("pk hostbound bad host key", pk("ssh-ed25519", ED, extra=string(ED),
                                      method="publickey-hostbound-v00@openssh.com"))
asked("pk hostbound garbage host key", pk("ssh-ed25519", ED, extra=string("x"),
                                          method="publickey-hostbound-v00@openssh.com"))
asked("pk 6 queries", *[pk("ssh-ed25519", ED)] * 6)
asked("pk 7 queries", *[pk("ssh-ed25519", ED)] * 7)
asked("none then 6 queries", auth("none", user="nosuchuser"), *[pk("ssh-ed25519", ED)] * 6)

# ---- after login ----

def open_(name, *steps, session=True, version=None, **kw):
    def fn(w, ctx):
        w.v_c = version or w.v_c
        if session:
            w.session(ctx.user, ctx.key, **kw)
        else:
            w.login(ctx.user, ctx.key, **kw)
        for s in steps:
            if callable(s):
                s(w)
            else:
                w.send(s)
        w.settle()
        w.send(b"\x50" + string("sync@probe") + b"\1")
        w.sync(82)
        w.drain()
    add("open: " + name, fn)


def req(name, extra=b"", want=1, channel=0):
    return b"\x62" + u32(channel) + string(name) + bytes([want]) + extra


def glob(name, extra=b"", want=1):
    return b"\x50" + string(name) + bytes([want]) + extra


def chan(kind, extra=b"", number=9, window=2 << 20, maxpack=32768):
    return b"\x5a" + string(kind) + u32(number) + u32(window) + u32(maxpack) + extra


PTY = string("xterm") + u32(80) + u32(24) + u32(0) + u32(0) + string(b"\0")
OPENSSH = b"SSH-2.0-OpenSSH_9.2p1"


def wait(kind):
    return lambda w: w.until(kind)


def pause(w):
    w.drain()


open_("login", session=False)
open_("login openssh", session=False, version=OPENSSH)
open_("login strict", session=False, kex=STRICT)
open_("session")
for kind in (0, 2, 3, 4, 5, 6, 7, 21, 22, 30, 31, 49, 50, 51, 52, 60, 61, 79, 81, 82, 83, 99, 100, 101, 127, 128, 190,
             191, 192, 193, 255):
    open_("type %d" % kind, bytes([kind]) + (string("x") if kind == 2 else b"\0" * 12), session=False)
for command, name in (("echo hi", "echo"), ("exit 3", "exit"), ("true", "true"), ("kill -9 $$", "killed"),
                      ("kill -TERM $$", "terminated")):
    open_("exec " + name, req("exec", string(command)), wait(97))
    open_("exec %s openssh" % name, b"\x60" + u32(0), req("exec", string(command)), wait(97), version=OPENSSH)
    open_("exec %s no reply" % name, req("exec", string(command), want=0), wait(97))
    open_("exec %s closed by us" % name, req("exec", string(command)), wait(97), b"\x61" + u32(0))
open_("cat", req("exec", string("cat")), b"\x5e" + u32(0) + string("hello"), wait(94), b"\x60" + u32(0), wait(97))
open_("cat close", req("exec", string("cat")), wait(99), b"\x61" + u32(0), pause)
open_("eof before exec", b"\x60" + u32(0), req("exec", string("cat")), wait(97))
open_("eof twice", b"\x60" + u32(0), b"\x60" + u32(0))
open_("close larval", b"\x61" + u32(0))
open_("close twice", lambda w: w.send_together([b"\x61" + u32(0)] * 2))
open_("data larval", b"\x5e" + u32(0) + string("x"))
open_("data no channel", b"\x5e" + u32(5) + string("x"))
open_("data channel huge", b"\x5e" + u32(0xFFFFFFFF) + string("x"))
open_("data cut", req("exec", string("sleep 30")), wait(99), b"\x5e" + u32(0))
open_("data trailing", req("exec", string("sleep 30")), wait(99), b"\x5e" + u32(0) + string("x") + b"x")
open_("data big packet", req("exec", string("sleep 30")), wait(99), b"\x5e" + u32(0) + string("x" * 32769))
open_("data empty", req("exec", string("sleep 30")), wait(99), b"\x5e" + u32(0) + string(""))
open_("ext data", req("exec", string("sleep 30")), wait(99), b"\x5f" + u32(0) + u32(1) + string("x"))
open_("ext data cut", req("exec", string("sleep 30")), wait(99), b"\x5f" + u32(0))
open_("ext data after eof", req("exec", string("sleep 30")), wait(99), b"\x60" + u32(0),
      b"\x5f" + u32(0) + u32(1) + string("x"))
open_("ext data larval", b"\x5f" + u32(0) + u32(1) + string("x"))
open_("data after eof", req("exec", string("sleep 30")), wait(99), b"\x60" + u32(0), b"\x5e" + u32(0) + string("x"))
for kind, name in ((0x5b, "open confirmation"), (0x5c, "open failure"), (0x5d, "window adjust"), (0x60, "eof"),
                   (0x61, "close"), (0x5f, "ext data"), (0x5e, "data")):
    open_("nc " + name, bytes([kind]) + u32(3) + u32(1) * 3)
    open_("headless " + name, bytes([kind]))
open_("confirmation not opening", b"\x5b" + u32(0) + u32(1) * 3)
open_("failure not opening", b"\x5c" + u32(0) + u32(1) + string("") * 2)
open_("adjust", b"\x5d" + u32(0) + u32(100))
open_("adjust trailing", b"\x5d" + u32(0) + u32(100) + b"x")
open_("adjust overflow", b"\x5d" + u32(0) + u32(0xFFFFFFFF))
open_("eof trailing", b"\x60" + u32(0) + b"x")
open_("close trailing", b"\x61" + u32(0) + b"x")
open_("pty", req("pty-req", PTY))
open_("pty twice", req("pty-req", PTY), req("pty-req", PTY))
open_("pty cut", req("pty-req", PTY[:-5]))
open_("pty trailing", req("pty-req", PTY + b"x"))
open_("pty no term", req("pty-req", string("") + PTY[9:]))
open_("pty odd modes", req("pty-req", PTY[:-5] + string(b"\x80\x00\x00\x96\x00\x81\x00\x00\x96\x00\xa0junk")))
open_("pty after exec", req("exec", string("sleep 30")), wait(99), req("pty-req", PTY))
open_("exec twice", req("exec", string("sleep 30")), wait(99), req("exec", string("sleep 30")))
open_("shell after exec", req("exec", string("sleep 30")), wait(99), req("shell"))
open_("env after exec", req("exec", string("sleep 30")), wait(99), req("env", string("LANG") + string("C")))
open_("env LANG", req("env", string("LANG") + string("C")))
open_("env LC_ALL", req("env", string("LC_ALL") + string("C")))
open_("env PATH", req("env", string("PATH") + string("/x")))
open_("env cut", req("env", string("LANG")))
open_("env trailing", req("env", string("LANG") + string("C") + b"x"))
open_("env 140", *[req("env", string("LANG") + string("C"))] * 140)
open_("unknown request", req("foo"))
open_("unknown request no reply", req("foo", want=0))
open_("keepalive request", req("keepalive@openssh.com"))
open_("request no channel", req("shell", channel=4))
open_("request channel huge", req("shell", channel=0xFFFFFFFF))
open_("request cut", b"\x62" + u32(0))
open_("exec cut", req("exec"))
open_("exec trailing", req("exec", string("true") + b"x"))
open_("exec nul", req("exec", string("true\0x")))
open_("shell trailing", req("shell", b"x"))
open_("subsystem unknown", req("subsystem", string("foo")))
open_("subsystem cut", req("subsystem"))
open_("window-change larval", req("window-change", u32(80) + u32(24) + u32(0) * 2))
open_("window-change cut", req("window-change", u32(80)))
open_("signal larval", req("signal", string("TERM")))
open_("signal unknown", req("exec", string("sleep 30")), wait(99), req("signal", string("FOO")))
open_("signal SIGTERM", req("exec", string("sleep 30")), wait(99), req("signal", string("SIGTERM")))
open_("signal TERM", req("exec", string("exec sleep 30")), wait(99), req("signal", string("TERM")))
open_("signal KILL", req("exec", string("exec sleep 30")), wait(99), req("signal", string("KILL")))
open_("signal cut", req("signal"))
open_("break larval", req("break", u32(500)))
open_("break no pty", req("exec", string("sleep 30")), wait(99), req("break", u32(500)))
open_("break cut", req("break"))
open_("eow", req("eow@openssh.com", want=0))
open_("eow reply", req("eow@openssh.com"))
open_("eow trailing", req("eow@openssh.com", b"x"))
open_("agent", req("auth-agent-req@openssh.com"))
open_("agent twice", req("auth-agent-req@openssh.com"), req("auth-agent-req@openssh.com"))
open_("agent trailing", req("auth-agent-req@openssh.com", b"x"))
X11 = b"\0" + string("MIT-MAGIC-COOKIE-1") + string("00112233445566778899aabbccddeeff") + u32(0)
open_("x11 cut", req("x11-req", X11[:-4]))
open_("x11 trailing", req("x11-req", X11 + b"x"))
open_("x11 bad", req("x11-req", b"\0" + string("a b") + string("x") + u32(0)))
open_("xon-xoff", req("xon-xoff", b"\1"))
open_("session trailing", chan("session", b"x"))
open_("11 sessions", *[chan("session", number=i) for i in range(20, 31)])
open_("session after close", b"\x61" + u32(0), pause, chan("session"))
open_("session zero window", chan("session", window=0))
open_("no more sessions", glob("no-more-sessions@openssh.com", want=0), chan("session"), session=False)
open_("no more sessions reply", glob("no-more-sessions@openssh.com"), session=False)
open_("open unknown", chan("foo"), session=False)
open_("open x11", chan("x11", string("127.0.0.1") + u32(1)), session=False)
open_("open forwarded", chan("forwarded-tcpip", (string("a") + u32(1)) * 2), session=False)
open_("open agent", chan("auth-agent@openssh.com"), session=False)
open_("open cut", b"\x5a" + string("session"), session=False)
open_("open tun", chan("tun@openssh.com", u32(1) + u32(0)), session=False)
open_("open tun 2", chan("tun@openssh.com", u32(2) + u32(0)), session=False)
open_("open tun bad", chan("tun@openssh.com", u32(9) + u32(0)), session=False)
open_("open tun cut", chan("tun@openssh.com"), session=False)


def direct(host, port, origin="127.0.0.1", oport=1, tail=b""):
    return chan("direct-tcpip", string(host) + u32(port) + string(origin) + u32(oport) + tail)


open_("direct refused", direct("127.0.0.1", 1), pause, session=False)
open_("direct bad port", direct("127.0.0.1", 70000), session=False)
open_("direct bad origin", direct("127.0.0.1", 1, oport=70000), session=False)
open_("direct trailing", direct("127.0.0.1", 1, tail=b"x"), session=False)
open_("direct cut", chan("direct-tcpip", string("127.0.0.1")), session=False)
open_("direct unknown", direct("no.such.host.invalid", 80), pause, session=False)
open_("streamlocal missing", chan("direct-streamlocal@openssh.com", string("/no/such") + string("") + u32(0)), pause,
      session=False)
open_("streamlocal cut", chan("direct-streamlocal@openssh.com", string("/no/such")), session=False)
open_("global unknown", glob("foo"), session=False)
open_("global unknown no reply", glob("foo", want=0), session=False)
open_("global keepalive", glob("keepalive@openssh.com"), session=False)
open_("global empty", b"\x50", session=False)
open_("global cut", b"\x50" + string("foo"), session=False)
open_("global nul", glob("fo\0o"), session=False)
open_("forward cut", glob("tcpip-forward", string("")), session=False)
open_("forward huge port", glob("tcpip-forward", string("127.0.0.1") + u32(0xFFFFFFFF)), session=False)
open_("forward port 0 no reply", glob("tcpip-forward", string("127.0.0.1") + u32(0), want=0), session=False)
open_("forward cancel none", glob("cancel-tcpip-forward", string("127.0.0.1") + u32(4999)), session=False)
open_("forward cancel cut", glob("cancel-tcpip-forward", string("")), session=False)
open_("hostkeys prove empty", glob("hostkeys-prove-00@openssh.com"), session=False)
open_("hostkeys prove", lambda w: w.send(glob("hostkeys-prove-00@openssh.com", string(w.host_key))), session=False)
open_("hostkeys prove twice", lambda w: w.send(glob("hostkeys-prove-00@openssh.com", string(w.host_key) * 2)),
      session=False)
open_("hostkeys prove unknown", glob("hostkeys-prove-00@openssh.com", string(ED)), session=False)
open_("hostkeys prove garbage", glob("hostkeys-prove-00@openssh.com", b"\xff"), session=False)
open_("kexinit", lambda w: w.rekey(), session=False)
open_("kexinit strict", lambda w: w.rekey(), session=False, kex=STRICT)
open_("kexinit twice", kexinit(), kexinit(), session=False)
open_("kexinit no match", kexinit(kex="foo"), session=False)
open_("ignore in rekey", kexinit(), b"\x02" + string("x"), b"\x15", session=False)
open_("global in rekey", kexinit(), glob("foo"), session=False)
open_("disconnect", b"\x01" + u32(11) + string("bye") + string(""), session=False)
open_("window ignored", req("exec", string("sleep 30")), wait(99),
      lambda w: [w.send(b"\x5e" + u32(0) + string("x" * 32768)) for _ in range(90)])
open_("window given back", req("exec", string("cat > /dev/null")), wait(99),
      lambda w: [w.send(b"\x5e" + u32(0) + string("x" * 32768)) for _ in range(4)], wait(93))
open_("small window", req("exec", string("echo 0123456789")), wait(99), pause, b"\x5d" + u32(0) + u32(4), pause,
      b"\x5d" + u32(0) + u32(100), wait(97), window=0)
open_("small packets", req("exec", string("cat")), wait(99), b"\x5e" + u32(0) + string("0123456789"), pause,
      maxpack=4)
