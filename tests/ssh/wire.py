"""A bare SSH client for probing servers: sends any bytes at any time.

It knows one suite (curve25519-sha256, ed25519, aes128-ctr, hmac-sha2-256) and
nothing of state machines, so that a probe may break every rule. What a server
answers is gathered as a transcript in which all that may rightly differ between
two servers (cookies, keys, signatures) is masked.
SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import hmac
import os
import select
import socket
import struct
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

QUIET = 0.35


def u32(n):
    return struct.pack(">I", n & 0xFFFFFFFF)


def string(s):
    if isinstance(s, str):
        s = s.encode()
    return u32(len(s)) + s


def mpint(n):
    b = n.to_bytes((n.bit_length() + 8) // 8, "big") if n else b""
    return string(b)


KEX = "curve25519-sha256,ext-info-c"
STRICT = "curve25519-sha256,ext-info-c,kex-strict-c-v00@openssh.com"


def kexinit(kex=KEX, hostkey="ssh-ed25519", enc="aes128-ctr", mac="hmac-sha2-256", comp="none",
            follows=0, tail=b"", lang="", enc_sc=None, mac_sc=None, comp_sc=None):
    lists = [kex, hostkey, enc, enc_sc or enc, mac, mac_sc or mac, comp, comp_sc or comp, lang, lang]
    return b"\x14" + b"\x11" * 16 + b"".join(map(string, lists)) + bytes([follows]) + u32(0) + tail


class Closed(Exception):
    pass


class Wire:
    """One connection. Everything received is appended to .log."""

    def __init__(self, port, quiet=QUIET):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.quiet = quiet
        self.buf = b""
        self.log = []
        self.end = None
        self.seq_out = self.seq_in = 0
        self.enc = self.dec = None
        self.mac_out = self.mac_in = b""
        self.v_s = b""
        self.v_c = b"SSH-2.0-probe"
        self.i_s = self.i_c = b""
        self.session_id = b""
        self.strict = False
        self.eof_sent = False

    # -- bytes --

    def send_raw(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass

    def fin(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def fill(self, timeout):
        """Reads something; False when nothing came in time or the end was seen."""
        if self.end:
            return False
        r, _, _ = select.select([self.sock], [], [], timeout)
        if not r:
            return False
        try:
            data = self.sock.recv(65536)
        except OSError:
            self.end = "RST"
            return False
        if not data:
            self.end = "FIN"
            return False
        self.buf += data
        return True

    def line(self, timeout=5):
        while b"\n" not in self.buf:
            if not self.fill(timeout):
                raise Closed()
        line, self.buf = self.buf.split(b"\n", 1)
        return line + b"\n"

    # -- packets --

    def frame(self, payload, pad=None, length=None):
        block = 16 if self.enc else 8
        n = block - (5 + len(payload)) % block
        n = n + block if n < 4 else n
        n = n if pad is None else pad
        body = bytes([n & 0xFF]) + payload + b"\0" * n
        return u32(len(body) if length is None else length) + body

    def send(self, payload, pad=None, length=None, flip_mac=False):
        p = self.frame(payload, pad, length)
        out = p
        if self.enc:
            tag = hmac.new(self.mac_out, u32(self.seq_out) + p, hashlib.sha256).digest()
            if flip_mac:
                tag = bytes([tag[0] ^ 1]) + tag[1:]
            out = self.enc.update(p) + tag
        self.seq_out += 1
        self.send_raw(out)

    def send_together(self, payloads):
        """Several packets in one segment."""
        held, self.send_raw = [], lambda data: held.append(data)
        for p in payloads:
            self.send(p)
        del self.send_raw
        self.send_raw(b"".join(held))

    def packet(self, timeout=5.0):
        """The next payload; None when nothing came in time; Closed at the end."""
        block = 16 if self.dec else 8
        while len(self.buf) < block:
            if not self.fill(timeout):
                if self.end:
                    raise Closed()
                return None
        if self.dec:
            first = self.dec.update(self.buf[:16])
        else:
            first = self.buf[:8]
        length = struct.unpack(">I", first[:4])[0]
        mac = 32 if self.dec else 0
        total = 4 + length + mac
        while len(self.buf) < total:
            if not self.fill(5.0):
                raise Closed()
        rest = self.buf[block:4 + length]
        body = first + (self.dec.update(rest) if self.dec else rest)
        if mac:
            good = hmac.new(self.mac_in, u32(self.seq_in) + body, hashlib.sha256).digest()
            assert good == self.buf[4 + length:total], "wrong MAC from server"
        self.buf = self.buf[total:]
        self.seq_in += 1
        payload = body[5:len(body) - body[4]]
        self.log.append(self.mask(payload))
        return payload

    def drain(self):
        """Gathers packets until the server is quiet or closes."""
        try:
            while self.packet(self.quiet) is not None:
                pass
        except Closed:
            pass

    def drain_raw(self):
        while self.fill(self.quiet):
            pass
        self.log.append(self.buf)
        self.buf = b""

    def mask_kexinit(self):
        """After drain_raw: the text part, and whether a KEXINIT follows it."""
        raw = self.log.pop()
        text, nl, rest = raw.partition(b"\r\n")
        kex = rest[5:6] == b"\x14" and len(rest) > 500
        self.log.append(text + nl + (b"<kexinit>" if kex else rest))

    def drain_until(self, kind):
        """Up to a NEWKEYS, after which this client could not read on."""
        try:
            while True:
                p = self.packet(self.quiet)
                if p is None:
                    return
                if p[0] == kind:
                    while self.fill(self.quiet):
                        pass
                    return
        except Closed:
            pass

    def settle(self):
        """Lets the server say or close what it will, so that what is sent next
        does not race with its close."""
        try:
            while self.packet(0.15) is not None:
                pass
        except Closed:
            pass

    def sync(self, kind):
        """Gathers packets until one of this kind or the end."""
        try:
            while True:
                p = self.packet(3.0)
                if p is None or p[0] == kind and not self.more_syncs(p):
                    return
        except Closed:
            pass

    def more_syncs(self, p):
        """UNIMPLEMENTED answers may concern an earlier message than the last."""
        return p[0] == 3 and p[1:5] != u32(self.seq_out - 1)

    def until(self, kind, timeout=5.0):
        while True:
            p = self.packet(timeout)
            if p is None:
                raise Closed()
            if p[0] == kind:
                return p

    def mask(self, p):
        """A payload with what may differ between two servers taken out."""
        kind = p[0]
        if kind == 20:
            return p[:1] + b"<cookie>" + p[17:]
        if kind in (31, 33):
            return bytes([kind]) + b"<key exchange>"
        if kind == 80 and b"hostkeys-00@openssh.com" in p:
            return bytes([kind]) + b"<hostkeys %d>" % len(p)
        if kind == 81 and len(p) > 40:
            return bytes([kind]) + b"<signatures>"
        if kind == 4 and b"authorized_keys" in p:
            return b""
        return p

    # -- the usual way --

    def hello(self):
        self.v_s = self.line().rstrip(b"\r\n")
        self.log.append(self.v_s)
        self.send_raw(self.v_c + b"\r\n")
        self.i_s = self.until(20)

    def send_kexinit(self, **kw):
        self.i_c = kexinit(**kw)
        if not self.session_id:
            self.strict = "kex-strict-c" in kw.get("kex", KEX)
        self.send(self.i_c)

    def ecdh_init(self):
        self.x = X25519PrivateKey.generate()
        self.q_c = self.x.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return b"\x1e" + string(self.q_c)

    def kex_finish(self, reply=None, newkeys=True):
        r = reply or self.until(31)
        at, parts = 1, []
        for _ in range(3):
            n = struct.unpack(">I", r[at:at + 4])[0]
            parts.append(r[at + 4:at + 4 + n])
            at += 4 + n
        k_s, q_s, _sig = parts
        k = mpint(int.from_bytes(self.x.exchange(X25519PublicKey.from_public_bytes(q_s)), "big"))
        h = hashlib.sha256(string(self.v_c) + string(self.v_s) + string(self.i_c) + string(self.i_s)
                           + string(k_s) + string(self.q_c) + string(q_s) + k).digest()
        self.host_key = k_s
        self.session_id = self.session_id or h
        key = {c: hashlib.sha256(k + h + c.encode() + self.session_id).digest() for c in "ABCDEF"}
        self.until(21)
        self.dec = Cipher(algorithms.AES(key["D"][:16]), modes.CTR(key["B"][:16])).decryptor()
        self.mac_in = key["F"]
        if self.strict:
            self.seq_in = 0
        if newkeys:
            self.send(b"\x15")
        self.enc = Cipher(algorithms.AES(key["C"][:16]), modes.CTR(key["A"][:16])).encryptor()
        self.mac_out = key["E"]
        if self.strict:
            self.seq_out = 0

    def kex(self, **kw):
        self.hello()
        self.send_kexinit(**kw)
        self.send(self.ecdh_init())
        self.kex_finish()

    def service(self, **kw):
        self.kex(**kw)
        self.send(b"\x05" + string("ssh-userauth"))
        self.until(6)

    def login(self, user, key, **kw):
        self.service(**kw)
        blob = string("ssh-ed25519") + string(
            key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        req = (b"\x32" + string(user) + string("ssh-connection") + string("publickey") + b"\1"
               + string("ssh-ed25519") + string(blob))
        sig = key.sign(string(self.session_id) + req)
        self.send(req + string(string("ssh-ed25519") + string(sig)))
        self.until(52)
        self.send(b"\x50" + string("sync@probe") + b"\1")
        self.until(82)

    def session(self, user, key, window=2 << 20, maxpack=32768, **kw):
        self.login(user, key, **kw)
        self.open("session", window=window, maxpack=maxpack)
        self.until(91)

    def open(self, kind, extra=b"", window=2 << 20, maxpack=32768, number=7):
        self.send(b"\x5a" + string(kind) + u32(number) + u32(window) + u32(maxpack) + extra)

    def request(self, name, extra=b"", want=1, channel=0):
        self.send(b"\x62" + u32(channel) + string(name) + bytes([want]) + extra)

    def exec(self, command, **kw):
        self.request("exec", string(command), **kw)

    def rekey(self):
        self.send_kexinit()
        self.i_s = self.until(20)
        self.send(self.ecdh_init())
        self.kex_finish()

    def close(self):
        self.sock.close()


def new_key():
    return Ed25519PrivateKey.generate()


def public_line(key):
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
