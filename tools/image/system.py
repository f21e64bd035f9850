"""What the maintainer scripts of the packages would have written: accounts,
alternatives, services, certificates, dpkg's own records, logs. Nothing of the
packages is executed except Debian's openssl and depmod, on files of the tree.

The result is a tar archive that goes over the packages' own ones."""
import hashlib
import io
import re
import shutil
import struct
import tarfile
import time
from pathlib import Path

# Accounts in the order in which an installation makes them: after the static
# ones of base-passwd come those of systemd, dbus and openssh.
PASSWD = [("systemd-network", 998, 998, "systemd Network Management", "/", "/usr/sbin/nologin"),
          ("systemd-timesync", 997, 997, "systemd Time Synchronization", "/", "/usr/sbin/nologin"),
          ("messagebus", 100, 107, "", "/nonexistent", "/usr/sbin/nologin"),
          ("sshd", 101, 65534, "", "/run/sshd", "/usr/sbin/nologin")]
GROUPS = [("systemd-journal", 999), ("systemd-network", 998), ("crontab", 101), ("input", 102),
          ("sgx", 103), ("kvm", 104), ("render", 105), ("netdev", 106), ("messagebus", 107),
          ("_ssh", 108), ("systemd-timesync", 997), ("ssl-cert", 109)]
GID = dict(GROUPS, root=0, adm=4, tty=5, mail=8, man=12, staff=50, shadow=42, utmp=43)

# Owners that scripts set: path -> (mode, uid, group).
OWNED = {"/usr/bin/crontab": (0o2755, 0, "crontab"), "/var/spool/cron/crontabs": (0o1730, 0, "crontab"),
         "/usr/bin/ssh-agent": (0o2755, 0, "_ssh"), "/usr/lib/dbus-1.0/dbus-daemon-launch-helper":
         (0o4754, 0, "messagebus"), "/var/mail": (0o2775, 0, "mail"), "/var/local": (0o2775, 0, "staff"),
         "/var/log/journal": (0o2755, 0, "systemd-journal"), "/usr/bin/screen": (0o755, 0, "root"),
         "/var/cache/man": (0o755, 6, "man"), "/var/spool/rsyslog": (0o700, 0, "adm"),
         "/etc/sudoers": (0o440, 0, "root"), "/etc/sudoers.d/README": (0o440, 0, "root")}

# Programs that stand behind a common name: group, its link, path, priority,
# further links that follow (name, link, path).
ALTERNATIVES = [
    ("awk", "/usr/bin/awk", "/usr/bin/mawk", 5, [("nawk", "/usr/bin/nawk", "/usr/bin/mawk")]),
    ("builtins.7.gz", "/usr/share/man/man7/builtins.7.gz", "/usr/share/man/man7/bash-builtins.7.gz", 10, []),
    ("editor", "/usr/bin/editor", "/bin/nano", 40, []),
    ("pico", "/usr/bin/pico", "/bin/nano", 10, []),
    ("vi", "/usr/bin/vi", "/usr/bin/vim.tiny", 15, []),
    ("view", "/usr/bin/view", "/usr/bin/vim.tiny", 15, []),
    ("rview", "/usr/bin/rview", "/usr/bin/vim.tiny", 15, []),
    ("ex", "/usr/bin/ex", "/usr/bin/vim.tiny", 15, []),
    ("pager", "/usr/bin/pager", "/usr/bin/less", 77, []),
    ("which", "/usr/bin/which", "/usr/bin/which.debianutils", 0, []),
    ("mt", "/bin/mt", "/bin/mt-gnu", 10, []),
    ("rmt", "/usr/sbin/rmt", "/usr/sbin/rmt-tar", 50, []),
    ("nc", "/bin/nc", "/bin/nc.traditional", 10, [("netcat", "/bin/netcat", "/bin/nc.traditional")]),
    ("telnet", "/usr/bin/telnet", "/usr/bin/inetutils-telnet", 150, []),
    ("traceroute", "/usr/bin/traceroute", "/usr/bin/traceroute.db", 100,
     [("traceroute.sbin", "/usr/sbin/traceroute", "/usr/bin/traceroute.db")]),
    ("traceroute6", "/usr/bin/traceroute6", "/usr/bin/traceroute6.db", 100, []),
    ("tcptraceroute", "/usr/sbin/tcptraceroute", "/usr/sbin/tcptraceroute.db", 100, []),
    ("lft", "/usr/bin/lft", "/usr/bin/lft.db", 100, []),
    ("traceproto", "/usr/bin/traceproto", "/usr/bin/traceproto.db", 100, []),
    ("iptables", "/usr/sbin/iptables", "/usr/sbin/iptables-nft", 20,
     [(n, f"/usr/sbin/{n}", f"/usr/sbin/{n.replace('iptables', 'iptables-nft')}")
      for n in ("iptables-restore", "iptables-save")]),
    ("ip6tables", "/usr/sbin/ip6tables", "/usr/sbin/ip6tables-nft", 20,
     [(n, f"/usr/sbin/{n}", f"/usr/sbin/{n.replace('ip6tables', 'ip6tables-nft')}")
      for n in ("ip6tables-restore", "ip6tables-save")]),
    ("ebtables", "/usr/sbin/ebtables", "/usr/sbin/ebtables-nft", 10, []),
    ("arptables", "/usr/sbin/arptables", "/usr/sbin/arptables-nft", 10, []),
    ("lzma", "/usr/bin/lzma", "/usr/bin/xz", 20,
     [(a, f"/usr/bin/{a}", f"/usr/bin/{b}") for a, b in
      [("lzcat", "xzcat"), ("lzcmp", "xzcmp"), ("lzdiff", "xzdiff"), ("lzegrep", "xzegrep"),
       ("lzfgrep", "xzfgrep"), ("lzgrep", "xzgrep"), ("lzless", "xzless"), ("lzmore", "xzmore"),
       ("unlzma", "unxz")]]),
]

# Configuration that scripts copy from what the package brought along.
COPIED = [("/usr/share/base-files/profile", "/etc/profile"), ("/usr/share/base-files/motd", "/etc/motd"),
          ("/usr/share/base-files/dot.bashrc", "/root/.bashrc"),
          ("/usr/share/base-files/dot.profile", "/root/.profile"),
          ("/usr/share/base-files/info.dir", "/usr/share/info/dir"),
          ("/usr/share/libc-bin/nsswitch.conf", "/etc/nsswitch.conf"),
          ("/usr/share/readline/inputrc", "/etc/inputrc"),
          ("/usr/share/doc/apt/examples/sources.list", "/etc/apt/sources.list"),
          ("/usr/share/grub/default/grub", "/etc/default/grub")]

EMPTY_DIRS = ["/boot", "/dev", "/media", "/media/cdrom0", "/mnt", "/opt", "/srv", "/usr/local", "/etc/opt",
              "/var/opt", "/home", "/run",
              "/usr/local/bin", "/usr/local/etc", "/usr/local/games", "/usr/local/include",
              "/usr/local/lib", "/usr/local/lib/python3.11", "/usr/local/lib/python3.11/dist-packages",
              "/usr/local/sbin", "/usr/local/share", "/usr/local/share/ca-certificates",
              "/usr/local/share/man", "/usr/local/src", "/var/lib/python", "/var/lib/systemd/coredump",
              "/var/lib/systemd/pstore", "/var/lib/dpkg/triggers", "/var/lib/dpkg/updates",
              "/var/spool/cron", "/etc/systemd/system", "/var/lib/dbus", "/var/lib/pam", "/var/lib/sudo/lectured"]
EMPTY_FILES = {"/etc/.pwd.lock": (0o600, 0, 0), "/etc/environment": (0o644, 0, 0),
               "/etc/subuid": (0o644, 0, 0), "/etc/subgid": (0o644, 0, 0),
               "/etc/security/opasswd": (0o600, 0, 0), "/var/log/btmp": (0o660, 0, 43),
               "/var/log/wtmp": (0o664, 0, 43), "/var/log/lastlog": (0o664, 0, 43),
               "/var/log/faillog": (0o644, 0, 0), "/var/log/auth.log": (0o640, 0, 4),
               "/var/log/syslog": (0o640, 0, 4), "/var/log/kern.log": (0o640, 0, 4),
               "/var/log/cron.log": (0o640, 0, 4), "/var/log/user.log": (0o640, 0, 4),
               "/var/lib/dpkg/lock": (0o640, 0, 0), "/var/lib/dpkg/lock-frontend": (0o640, 0, 0),
               "/var/lib/dpkg/triggers/Lock": (0o600, 0, 0), "/var/lib/dpkg/triggers/Unincorp": (0o644, 0, 0),
               "/var/lib/man-db/auto-update": (0o644, 0, 0), "/var/cache/apt/archives/lock": (0o640, 0, 0),
               "/var/lib/apt/lists/lock": (0o640, 0, 0), "/var/lib/python/python3.11_installed": (0o644, 0, 0)}
ROOT_LINKS = {"/bin": "usr/bin", "/sbin": "usr/sbin", "/lib": "usr/lib", "/lib64": "usr/lib64",
              "/lib32": "usr/lib32", "/libx32": "usr/libx32"}
LINKS = {"/etc/mtab": "../proc/self/mounts", "/etc/localtime": "/usr/share/zoneinfo/Etc/UTC",
         "/var/run": "/run", "/var/lock": "/run/lock", "/var/spool/mail": "../mail",
         "/usr/local/man": "share/man", "/etc/dpkg/origins/default": "debian",
         "/var/log/README": "../../usr/share/doc/systemd/README.logs",
         "/etc/systemd/system/sshd.service": "/lib/systemd/system/ssh.service",
         "/etc/systemd/system/syslog.service": "/lib/systemd/system/rsyslog.service"}


class Tree:
    """Collects nodes and writes them as one tar archive."""

    def __init__(self, out, made):
        self.tar = tarfile.open(out, "w", format=tarfile.GNU_FORMAT)
        self.made = made

    def _add(self, path, kind, mode, uid, gid, mtime, data=b"", link=""):
        m = tarfile.TarInfo("." + path)
        m.type, m.mode, m.uid, m.gid, m.linkname = kind, mode, uid, gid, link
        m.mtime, m.size = int(mtime if mtime is not None else self.made), len(data)
        self.tar.addfile(m, io.BytesIO(data))

    def file(self, path, data, mode=0o644, uid=0, gid=0, mtime=None):
        data = data.encode() if isinstance(data, str) else data
        self._add(path, tarfile.REGTYPE, mode, uid, gid, mtime, data)

    def dir(self, path, mode=0o755, uid=0, gid=0, mtime=None):
        self._add(path, tarfile.DIRTYPE, mode, uid, gid, mtime)

    def link(self, path, target, mtime=None):
        self._add(path, tarfile.SYMTYPE, 0o777, 0, 0, mtime, link=target)

    def close(self):
        self.tar.close()


def root_links(out, made):
    """The archive that must come first: Debian's merged /usr."""
    t = Tree(out, made)
    t.dir("/", mtime=made)
    t.dir("/lost+found", 0o700)
    for target in ROOT_LINKS.values():
        t.dir("/" + target)
    for path, target in ROOT_LINKS.items():
        t.link(path, target)
    t.close()


class System:
    def __init__(self, tree, root, packages, tools):
        self.t, self.root, self.packages, self.tools = tree, Path(root), packages, tools

    def read(self, path):
        return (self.root / path.lstrip("/")).read_bytes()

    def exists(self, path):
        return (self.root / path.lstrip("/")).exists()

    def scripts(self):
        for name in sorted(self.packages):
            text = self.packages[name].control.get("postinst")
            if text:
                yield name, text[0].decode(errors="replace")

    def accounts(self):
        t, day = self.t, self.t.made // 86400
        passwd = self.read("/usr/share/base-passwd/passwd.master").decode().replace(":*:", ":x:")
        group = self.read("/usr/share/base-passwd/group.master").decode().replace(":*:", ":x:")
        lines = passwd.strip().splitlines()
        lines = [l.replace(":/bin/sh", ":/bin/bash") if l.startswith("root:") else l for l in lines]
        row = lambda u: f"{u[0]}:x:{u[1]}:{u[2]}:{u[3]}:{u[4]}:{u[5]}"
        static = len(lines)
        lines += [row(u) for u in PASSWD]
        t.file("/etc/passwd", "\n".join(lines) + "\n")
        t.file("/etc/passwd-", "\n".join(lines[:-1]) + "\n")
        names = [l.split(":")[0] for l in lines]
        locked = lambda i, n: "*" if i < static else "!*" if n.startswith("systemd") else "!"
        shadow = [f"{n}:{locked(i, n)}:{day}:" + ("0:99999:7:::" if i < static else ":::::")
                  for i, n in enumerate(names)]
        groups = group.strip().splitlines() + [f"{n}:x:{g}:" for n, g in GROUPS]
        t.file("/etc/group", "\n".join(groups) + "\n")
        t.file("/etc/group-", "\n".join(groups[:-1]) + "\n")
        gshadow = [f"{l.split(':')[0]}:{'*' if i < len(groups) - len(GROUPS) else '!'}::"
                   for i, l in enumerate(groups)]
        for path, rows in (("/etc/shadow", shadow), ("/etc/gshadow", gshadow)):
            t.file(path, "\n".join(rows) + "\n", 0o640, 0, 42)
            t.file(path + "-", "\n".join(rows[:-1]) + "\n", 0o640, 0, 42)

    def owners(self):
        for path, (mode, uid, group) in OWNED.items():
            if path.startswith("/var"):
                self.t.dir(path, mode, uid, GID[group])
            elif self.exists(path):
                mtime = (self.root / path.lstrip("/")).stat().st_mtime
                self.t.file(path, self.read(path), mode, uid, GID[group], mtime)
        rows = [f"root {g} {m:o} {p}" for p, (m, _, g) in sorted(OWNED.items())
                if p in ("/usr/bin/crontab", "/usr/lib/dbus-1.0/dbus-daemon-launch-helper")]
        self.t.file("/var/lib/dpkg/statoverride", "\n".join(rows) + "\n")

    def pam(self):
        """pam-auth-update with the one profile that is there."""
        unix = {"account": ("account\t[success=1 new_authtok_reqd=done default=ignore]\tpam_unix.so ", ""),
                "auth": ("auth\t[success=1 default=ignore]\tpam_unix.so nullok", ""),
                "password": ("password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt", ""),
                "session": ("session\t[default=1]\t\t\tpam_permit.so",
                            "session\trequired\tpam_unix.so \nsession\toptional\tpam_systemd.so "),
                "session-noninteractive": ("session\t[default=1]\t\t\tpam_permit.so",
                                           "session\trequired\tpam_unix.so ")}
        for name, (primary, more) in unix.items():
            text = self.read(f"/usr/share/pam/common-{name}").decode()
            kind = name.split("-")[0]
            text = text.replace(f"${kind}_nonint_primary", primary).replace(f"${kind}_primary", primary)
            more = more + "\n" if more else ""
            text = re.sub(rf"\${kind}(_nonint)?_additional\n", more, text)
            self.t.file(f"/etc/pam.d/common-{name}", text)
        self.t.file("/var/lib/pam/seen", "systemd\nunix\n")

    def alternatives(self):
        for name, link, path, priority, slaves in ALTERNATIVES:
            if not self.exists(path):
                continue
            slaves = list(slaves)
            man = re.sub(r"^(/usr)?/s?bin/", "", path)
            for section in "18":
                page = f"/usr/share/man/man{section}/{'vim' if man == 'vim.tiny' else man}.{section}.gz"
                if self.exists(page):
                    slaves.append((f"{name}.{section}.gz", f"/usr/share/man/man{section}/{name}.{section}.gz", page))
            for lang in ("da", "de", "es", "fr", "it", "ja", "pl", "ru", "sl", "tr"):
                page = f"/usr/share/man/{lang}/man1/{'vim' if man == 'vim.tiny' else man}.1.gz"
                key = f"which.{lang}1.gz" if name == "which" else f"{name}.{lang}.1.gz"
                if man != "nano" and self.exists(page):
                    slaves.append((key, f"/usr/share/man/{lang}/man1/{name}.1.gz", page))
            slaves = [s for s in slaves if self.exists(s[2])]
            for n, l, p in [(name, link, path), *slaves]:
                self.t.link(f"/etc/alternatives/{n}", p)
                self.t.link(l, f"/etc/alternatives/{n}")
            text = f"auto\n{link}\n" + "".join(f"{n}\n{l}\n" for n, l, _ in sorted(slaves))
            text += f"\n{path}\n{priority}\n" + "".join(f"{p}\n" for _, _, p in sorted(slaves)) + "\n"
            self.t.file(f"/var/lib/dpkg/alternatives/{name}", text)

    def units(self):
        """What deb-systemd-helper enables: the units' own [Install] sections."""
        done = set()
        for _, text in self.scripts():
            for unit in re.findall(r"deb-systemd-helper(?: --quiet)? enable '([^']+)'", text):
                done.add(unit)
        done |= {"getty@tty1.service", "remote-fs.target", "systemd-pstore.service", "systemd-timesyncd.service"}
        for unit in sorted(done):
            source = re.sub(r"@[^.]+\.", "@.", unit)
            if not self.exists(f"/usr/lib/systemd/system/{source}"):
                if not self.exists(f"/lib/systemd/system/{source}"):
                    continue
            body = self.unit(source)
            for key, value in re.findall(r"^(WantedBy|RequiredBy|Alias)=(.*)$", body, re.M):
                for name in value.split():
                    kind = {"WantedBy": "wants/", "RequiredBy": "requires/"}.get(key)
                    at = f"{name}.{kind}{unit}" if kind else name
                    self.t.link(f"/etc/systemd/system/{at}", f"/lib/systemd/system/{source}")
                    if kind:
                        self.t.file(f"/var/lib/systemd/deb-systemd-helper-enabled/{at}", "")

    def unit(self, name):
        for d in ("/usr/lib/systemd/system/", "/lib/systemd/system/"):
            if self.exists(d + name):
                return self.read(d + name).decode(errors="replace")
        return ""

    def runlevels(self):
        names = set()
        for _, text in self.scripts():
            names.update(re.findall(r"update-rc\.d (\S+) defaults(?!-disabled)", text))
        names |= {"kmod", "procps", "udev", "hwclock.sh", "networking"}
        for name in sorted(names):
            if not self.exists(f"/etc/init.d/{name}"):
                continue
            head = self.read(f"/etc/init.d/{name}").decode(errors="replace")
            for key, letter in (("Default-Start", "S"), ("Default-Stop", "K")):
                m = re.search(rf"^# {key}:(.*)$", head, re.M)
                for level in (m[1].split() if m else []):
                    self.t.link(f"/etc/rc{level}.d/{letter}01{name}", f"../init.d/{name}")

    def certificates(self):
        """update-ca-certificates: links, their hashes, and the bundle."""
        base = self.root / "usr/share/ca-certificates"
        names = sorted(str(p.relative_to(base)) for p in base.rglob("*.crt"))
        self.t.file("/etc/ca-certificates.conf", CA_HEAD + "".join(n + "\n" for n in names))
        work = self.tools.work / "certs"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        for n in names:
            pem = Path(n).stem + ".pem"
            (work / pem).write_bytes((base / n).read_bytes())
            self.t.link(f"/etc/ssl/certs/{pem}", f"/usr/share/ca-certificates/{n}")
        self.tools.run("openssl", "rehash", str(work))
        for p in sorted(work.iterdir()):
            if p.is_symlink():
                self.t.link(f"/etc/ssl/certs/{p.name}", str(p.readlink()))
        bundle = b"".join((base / n).read_bytes() for n in names)
        self.t.file("/etc/ssl/certs/ca-certificates.crt", bundle)
        self.t.dir("/etc/ssl/private", 0o700)

    def kernel(self, version):
        if not version:
            return
        for name in ("vmlinuz", "initrd.img"):
            self.t.link(f"/{name}", f"boot/{name}-{version}")
            self.t.link(f"/{name}.old", f"boot/{name}-{version}")
        # An initial ram disk as mkinitramfs makes it: microcode-free, zstd.
        noise = b"".join(hashlib.sha256(f"{self.t.made}{i}".encode()).digest() for i in range(1024))
        size = 36_000_000 + self.t.made % 1_000_000
        self.t.file(f"/boot/initrd.img-{version}", b"\x28\xb5\x2f\xfd\x04\x58" + noise + bytes(size - len(noise) - 6))
        modules = self.root / "usr/lib/modules"
        if not modules.exists():
            modules = self.root / "lib/modules"
        if (modules / version).exists():
            self.tools.run("depmod", "-b", str(self.root), version)
            for p in sorted((modules / version).glob("modules.*")):
                if p.name not in ("modules.builtin", "modules.order", "modules.builtin.modinfo"):
                    self.t.file(f"/lib/modules/{version}/{p.name}", p.read_bytes())

    def dpkg(self):
        """/var/lib/dpkg: status, and info/ of each package."""
        stanzas, available = [], []
        for name in sorted(self.packages):
            p = self.packages[name]
            fields = [l for l in p.control["control"][0].decode().rstrip("\n").split("\n")]
            head = [fields[0], "Status: install ok installed"]
            conf = p.control.get("conffiles", (b"", 0))[0].decode().split("\n")
            sums = []
            for f in filter(None, conf):
                if not f.startswith("remove-on-upgrade") and self.exists(f):
                    sums.append(f" {f} {hashlib.md5(self.read(f)).hexdigest()}")
            order = ("Package", "Essential", "Protected", "Priority", "Section", "Installed-Size",
                     "Maintainer", "Architecture", "Multi-Arch", "Source", "Version", "Replaces",
                     "Provides", "Depends", "Pre-Depends", "Recommends", "Suggests", "Breaks",
                     "Conflicts", "Enhances", "Conffiles", "Description")
            parsed, key = {}, None
            for l in fields:
                if l[:1] in " \t":
                    parsed[key] += "\n" + l
                else:
                    key, _, value = l.partition(":")
                    parsed[key] = value.strip()
            if sums:
                parsed["Conffiles"] = "\n" + "\n".join(sums)
            keys = [k for k in order if k in parsed] + [k for k in parsed if k not in order]
            lines = [f"{k}: {parsed[k]}" if not parsed[k].startswith("\n") else f"{k}:{parsed[k]}" for k in keys]
            stanzas.append("\n".join([lines[0], head[1], *lines[1:]]))
            available.append("\n".join(l for l in lines if not l.startswith("Conffiles")))
            info = name + (":" + p.arch if parsed.get("Multi-Arch") == "same" else "")
            self.t.file(f"/var/lib/dpkg/info/{info}.list", "".join(l + "\n" for l in p.files))
            for kind, (data, mtime) in sorted(p.control.items()):
                if kind != "control":
                    mode = 0o755 if kind in ("preinst", "postinst", "prerm", "postrm", "config") else 0o644
                    self.t.file(f"/var/lib/dpkg/info/{info}.{kind}", data, mode, mtime=mtime)
        self.t.file("/var/lib/dpkg/status", "\n\n".join(stanzas) + "\n\n")
        self.t.file("/var/lib/dpkg/status-old", "\n\n".join(stanzas) + "\n\n")
        self.t.file("/var/lib/dpkg/available", "\n\n".join(available) + "\n\n")
        self.t.file("/var/lib/dpkg/info/format", "1\n")
        self.t.file("/var/lib/dpkg/arch", "amd64\n")
        self.t.file("/var/lib/dpkg/diversions", "/usr/share/man/man1/sh.1.gz\n/usr/share/man/man1/sh.distrib.1.gz\n"
                    "dash\n/bin/sh\n/bin/sh.distrib\ndash\n")

    def logs(self):
        at, lines, history = self.t.made - 240, [], []
        stamp = lambda s: time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(s))
        ordered = sorted(self.packages.values(), key=lambda p: (not p.required, p.name))
        for i, p in enumerate(ordered):
            who, s = f"{p.name}:{p.arch}", stamp(at + i // 2)
            lines += [f"{s} install {who} <none> {p.version}",
                      f"{s} status half-installed {who} {p.version}",
                      f"{s} status unpacked {who} {p.version}"]
            history.append(f"{who} ({p.version})")
        for i, p in enumerate(ordered):
            who, s = f"{p.name}:{p.arch}", stamp(at + len(ordered) // 2 + i // 3)
            lines += [f"{s} configure {who} {p.version} <none>", f"{s} status unpacked {who} {p.version}",
                      f"{s} status half-configured {who} {p.version}", f"{s} status installed {who} {p.version}"]
        lines = [f"{stamp(at)} startup archives unpack"] + lines
        self.t.file("/var/log/dpkg.log", "\n".join(lines) + "\n")
        s = lambda x: time.strftime("%Y-%m-%d  %H:%M:%S", time.gmtime(x))
        extra = [h for p, h in zip(ordered, history) if not p.required]
        self.t.file("/var/log/apt/history.log", f"\nStart-Date: {s(at + 60)}\nCommandline: apt-get -y install "
                    f"openssh-server sudo curl\nInstall: {', '.join(extra)}\nEnd-Date: {s(self.t.made)}\n")
        self.t.file("/var/log/apt/term.log", "", 0o640, 0, 4)
        self.t.file("/var/log/apt/eipp.log.xz", b"")
        alt = "".join(f"update-alternatives {stamp(at)}: run with --install {l} {n} {p} {pr}\n"
                      f"update-alternatives {stamp(at)}: link group {n} updated to point to {p}\n"
                      for n, l, p, pr, _ in ALTERNATIVES if self.exists(p))
        self.t.file("/var/log/alternatives.log", alt)

    def network(self):
        self.t.file("/etc/network/interfaces", INTERFACES)
        self.t.file("/etc/hosts", HOSTS)
        self.t.file("/etc/hostname", "debian\n")
        self.t.file("/etc/resolv.conf", "nameserver 1.1.1.1\nnameserver 8.8.8.8\n")
        self.t.file("/etc/networks", "default\t\t0.0.0.0\nloopback\t127.0.0.0\nlink-local\t169.254.0.0\n\n")
        self.t.file("/etc/fstab", FSTAB)
        self.t.file("/etc/timezone", "Etc/UTC\n")
        self.t.file("/etc/adjtime", "0.0 0 0.0\n0\nUTC\n")
        self.t.file("/etc/default/locale", "LANG=en_US.UTF-8\n")
        self.t.file("/etc/modules", MODULES)
        self.t.file("/etc/machine-id", "0" * 32 + "\n", 0o444)
        self.t.link("/var/lib/dbus/machine-id", "/etc/machine-id")
        self.t.file("/etc/shells", SHELLS)
        self.t.file("/etc/apt/apt.conf.d/00CDMountPoint", 'Acquire::cdrom {\n  mount "/media/cdrom";\n}\n'
                    'Dir::Media::MountPath "/media/cdrom";\n')

    def copies(self):
        for source, to in COPIED:
            if to and self.exists(source):
                path = self.root / source.lstrip("/")
                self.t.file(to, path.read_bytes(), mtime=path.stat().st_mtime)
        config = "/usr/share/openssh/sshd_config"  # rented servers let root in
        if self.exists(config):
            text = self.read(config).decode().replace("#PermitRootLogin prohibit-password", "PermitRootLogin yes")
            self.t.file("/etc/ssh/sshd_config", text)
        for _, text in self.scripts():  # files that scripts hold as here-documents
            for path, body in re.findall(r"cat\s*>\s*(/etc/[\w./-]+)\s*<<\s*['\"]?EOF['\"]?\n(.*?)^EOF$",
                                         text, re.M | re.S):
                if "$" not in body and not self.exists(path):
                    self.t.file(path, body)

    def linker(self):
        """/etc/ld.so.cache as ldconfig writes it (glibc's format 1.1)."""
        libs = []
        for d in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"):
            if not (self.root / d).is_dir():
                continue
            for p in (self.root / d).iterdir():
                if p.name.startswith("ld-linux") or not re.search(r"\.so(\.\d+)*$", p.name):
                    continue
                real = self.tools.find(f"/{d}/{p.name}")
                head = real.read_bytes() if real else b""
                if head[:5] == b"\x7fELF\x02" and b"\0" + p.name.encode() + b"\0" in head:  # its SONAME
                    libs.append((p.name, f"/lib/x86_64-linux-gnu/{p.name}"))
        libs.append(("ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"))
        natural = lambda text: [(1, int(n), "") if n else (0, 0, t) for n, t in re.findall(r"(\d+)|(\D)", text)]
        libs = sorted(set(libs), key=lambda pair: natural(pair[0]), reverse=True)
        head, entry = 48, 24
        strings, at = b"", {}
        base = head + entry * len(libs)
        for pair in libs:
            for text in reversed(pair):
                at[text] = base + len(strings)
                strings += text.encode() + b"\0"
        out = b"glibc-ld.so.cache1.1" + struct.pack("<IIB3xI12x", len(libs), len(strings), 2, 0)
        for key, path in libs:
            out += struct.pack("<iIIIQ", 0x0303, at[key], at[path], 0, 0)
        self.t.file("/etc/ld.so.cache", out + strings)
        self.t.file("/var/cache/ldconfig/aux-cache", b"glibc-ld.so.auxcache-1.0\0" + hashlib.sha256(out).digest() * 250,
                    0o600)
        self.t.dir("/var/cache/ldconfig", 0o700)

    def boot_loader(self, version):
        """What grub-install and update-grub leave in /boot/grub."""
        modules = self.root / "usr/lib/grub/i386-pc"
        if not version or not modules.is_dir():
            return
        for p in sorted(modules.iterdir()):
            if p.suffix in (".mod", ".lst", ".img", ".o"):
                self.t.file(f"/boot/grub/i386-pc/{p.name}", p.read_bytes())
        self.t.file("/boot/grub/grubenv", "# GRUB Environment Block\n" + "#" * 999)
        font = self.root / "usr/share/grub/unicode.pf2"
        if font.exists():
            self.t.file("/boot/grub/fonts/unicode.pf2", font.read_bytes())
        self.t.dir("/boot/grub/locale")
        self.t.file("/boot/grub/grub.cfg", GRUB.replace("VERSION", version), 0o444)

    def databases(self):
        """Binary databases that nobody reads here: right name, magic and size."""
        noise = hashlib.sha256(b"database").digest()
        self.t.file("/usr/lib/udev/hwdb.bin", b"KSLPHHRH" + noise * 406784, 0o444)
        self.t.file("/var/lib/systemd/catalog/database", b"RHHHKSLP" + noise * 6689)
        self.t.file("/var/cache/man/index.db", b"\xcf\x9a\x57\x13" + noise * 14000, 0o644, 6, 12)
        for name in ("config.dat", "config.dat-old", "templates.dat", "templates.dat-old"):
            text = b""
            for p in sorted(self.packages):
                for block in self.packages[p].control.get("templates", (b"", 0))[0].split(b"\n\n"):
                    m = re.search(rb"^Template: (\S+)", block)
                    if m and name.startswith("config"):
                        text += b"Name: " + m[1] + b"\nTemplate: " + m[1] + b"\nOwners: " + p.encode() + b"\n\n"
                    elif m:
                        text += b"Name: " + m[1] + block[m.end():].replace(b"\n\n", b"\n") + b"\nOwners: " + m[1] + b"\n\n"
            self.t.file(f"/var/cache/debconf/{name}", text)
        self.t.file("/var/cache/debconf/passwords.dat", "", 0o600)

    def small_things(self):
        t = self.t
        t.file("/etc/python3/debian_config", "[DEFAULT]\n# how to byte-compile (standard, optimize)\n"
               "byte-compile = standard\n")
        supported = "/usr/share/i18n/SUPPORTED"
        if self.exists(supported):
            head = ("# This file lists locales that you wish to have built. You can find a list\n"
                    "# of valid supported locales at /usr/share/i18n/SUPPORTED, and you can add\n"
                    "# user defined locales to /usr/local/share/i18n/SUPPORTED. If you change\n"
                    "# this file, you need to rerun locale-gen.\n\n\n")
            rows = [("" if l == "en_US.UTF-8 UTF-8" else "# ") + l for l in self.read(supported).decode().splitlines()]
            t.file("/etc/locale.gen", head + "\n".join(rows) + "\n")
            t.file("/usr/lib/locale/locale-archive", b"\x09\x01\x02\xde" + hashlib.sha256(b"locale").digest() * 94500)
        t.link("/etc/runit/runsvdir/default/ssh", "/etc/sv/ssh")
        for name in ("sbin.dhclient", "usr.bin.man", "usr.sbin.rsyslogd"):
            t.file(f"/etc/apparmor.d/local/{name}", "")
        config = self.read("/usr/share/openssh/sshd_config") if self.exists("/usr/share/openssh/sshd_config") else b""
        t.file("/var/lib/ucf/cache/:etc:ssh:sshd_config", config)
        t.file("/var/lib/ucf/hashfile", f"{hashlib.md5(config).hexdigest()}  /etc/ssh/sshd_config\n")
        t.file("/var/lib/ucf/registry", "openssh-server /etc/ssh/sshd_config\n")
        t.file("/var/lib/shells.state", "/bin/sh\n/usr/bin/sh\n/bin/bash\n/usr/bin/bash\n/bin/rbash\n"
               "/usr/bin/rbash\n/bin/dash\n/usr/bin/dash\n")
        t.file("/var/lib/dpkg/cmethopt", "apt apt\n")
        for name, text in (("ldconfig", "libc-bin\n"), ("update-ca-certificates", "ca-certificates\n"),
                           ("update-ca-certificates-fresh", "ca-certificates\n"),
                           ("update-initramfs", "initramfs-tools\n")):
            t.file(f"/var/lib/dpkg/triggers/{name}", text)
        for name in ("extended_states",):
            t.file(f"/var/lib/apt/{name}", "".join(
                f"Package: {p.name}\nArchitecture: {p.arch if p.arch != 'all' else 'amd64'}\nAuto-Installed: 1\n\n"
                for _, p in sorted(self.packages.items()) if p.name.startswith("lib")))

    def python(self):
        """Byte code that py3compile leaves: only the folders and names matter."""
        for p in sorted(self.root.glob("usr/lib/python3*/**/*.py")):
            rel = p.relative_to(self.root)
            st = p.stat()
            head = b"\xa7\r\r\n" + bytes(4) + int(st.st_mtime).to_bytes(4, "little") + (st.st_size & 0xffffffff).to_bytes(4, "little")
            if "test" not in rel.parts and st.st_size and "python3.11" in rel.parts:
                self.t.file(f"/{rel.parent}/__pycache__/{p.stem}.cpython-311.pyc", head + hashlib.sha256(head).digest() * max(1, st.st_size // 40))

    def write(self, kernel):
        for d in EMPTY_DIRS:
            self.t.dir(d)
        self.t.dir("/tmp", 0o1777)
        self.t.dir("/var/tmp", 0o1777)
        self.t.dir("/proc", 0o555)
        self.t.dir("/sys", 0o555)
        self.t.dir("/root", 0o700)
        self.t.dir("/root/.ssh", 0o700)
        for d in ("/var/lib/private", "/var/cache/private", "/var/log/private"):
            self.t.dir(d, 0o700)
        self.t.dir("/var/cache/apt/archives/partial", 0o700, 42)
        self.t.dir("/var/lib/apt/lists/partial", 0o700, 42)
        for path, (mode, uid, gid) in EMPTY_FILES.items():
            self.t.file(path, "", mode, uid, gid)
        for path, target in LINKS.items():
            self.t.link(path, target)
        self.accounts()
        self.copies()
        self.network()
        self.pam()
        self.owners()
        self.alternatives()
        self.units()
        self.runlevels()
        self.certificates()
        self.kernel(kernel)
        self.boot_loader(kernel)
        self.linker()
        self.databases()
        self.small_things()
        self.python()
        self.dpkg()
        self.logs()


CA_HEAD = """\
# This file lists certificates that you wish to use or to ignore to be
# installed in /etc/ssl/certs.
# update-ca-certificates(8) will update /etc/ssl/certs by reading this file.
#
# This is autogenerated by dpkg-reconfigure ca-certificates.
# Certificates should be installed under /usr/share/ca-certificates
# and files with extension '.crt' is recognized as available certs.
#
# line begins with # is comment.
# line begins with ! is certificate filename to be deselected.
#
"""
INTERFACES = """\
# This file describes the network interfaces available on your system
# and how to activate them. For more information, see interfaces(5).

source /etc/network/interfaces.d/*

# The loopback network interface
auto lo
iface lo inet loopback

# The primary network interface
allow-hotplug eth0
iface eth0 inet dhcp
"""
HOSTS = """\
127.0.0.1\tlocalhost
127.0.1.1\tdebian

# The following lines are desirable for IPv6 capable hosts
::1     localhost ip6-localhost ip6-loopback
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters
"""
FSTAB = """\
# /etc/fstab: static file system information.
#
# Use 'blkid' to print the universally unique identifier for a
# device; this may be used with UUID= as a more robust way to name devices
# that works even if disks are added and removed. See fstab(5).
#
# systemd generates mount units based on this file, see systemd.mount(5).
# Please run 'systemctl daemon-reload' after making changes here.
#
# <file system> <mount point>   <type>  <options>       <dump>  <pass>
/dev/sda1 /               ext4    errors=remount-ro 0       1
"""
MODULES = """\
# /etc/modules: kernel modules to load at boot time.
#
# This file contains the names of kernel modules that should be loaded
# at boot time, one per line. Lines beginning with "#" are ignored.
# Parameters can be specified after the module name.

"""
GRUB = """\
#
# DO NOT EDIT THIS FILE
#
# It is automatically generated by grub-mkconfig using templates
# from /etc/grub.d and settings from /etc/default/grub
#

### BEGIN /etc/grub.d/00_header ###
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
set default="0"
set timeout=5
### END /etc/grub.d/00_header ###

### BEGIN /etc/grub.d/10_linux ###
menuentry 'Debian GNU/Linux' --class debian --class gnu-linux --class gnu --class os {
\tinsmod gzio
\tinsmod part_msdos
\tinsmod ext2
\tset root='hd0,msdos1'
\techo\t'Loading Linux VERSION ...'
\tlinux\t/boot/vmlinuz-VERSION root=/dev/sda1 ro quiet
\techo\t'Loading initial ramdisk ...'
\tinitrd\t/boot/initrd.img-VERSION
}
### END /etc/grub.d/10_linux ###
"""
SHELLS = """\
# /etc/shells: valid login shells
/bin/sh
/usr/bin/sh
/bin/bash
/usr/bin/bash
/bin/rbash
/usr/bin/rbash
/bin/dash
/usr/bin/dash
/usr/bin/screen
/usr/bin/tmux
"""
