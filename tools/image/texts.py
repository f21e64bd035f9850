"""The long texts of Debian's programs, taken from the programs themselves:
--help, --version and the like of the unpacked binaries, run by their own
dynamic linker with a bare name as argv[0], no network use, a time-out.

Keys are command lines ("ls --help"). What went to standard error has the same
key with #2 behind it ("mawk --help#2"), an exit status other than 0 with #rc."""
import io
import os
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Packages whose programs are asked, all of them safe to ask.
PACKAGES = """apt apt-utils bash bc bsdextrautils bsdutils busybox bzip2 coreutils cpio cron curl dash debianutils
diffutils dmidecode dpkg e2fsprogs eject fdisk file findutils gpg gpgv grep gzip hostname htop inetutils-telnet
iproute2 iptables iputils-ping isc-dhcp-client kmod less libc-bin login logrotate lsb-release lsof man-db mawk
mount nano ncurses-bin net-tools netcat-traditional nftables openssh-client openssl passwd pciutils perl-base
procps psmisc python3 python3.11-minimal python3-minimal rsync screen sed sudo tar tmux traceroute tzdata
unzip usbutils util-linux util-linux-extra vim-common vim-tiny wget whiptail xz-utils zip""".split()
# Single programs of packages that have others one should not start.
SINGLE = """/usr/sbin/sshd /usr/bin/systemctl /usr/bin/journalctl /usr/bin/hostnamectl /usr/bin/timedatectl
/usr/bin/loginctl /usr/bin/networkctl /usr/bin/localectl /usr/bin/systemd-analyze /usr/bin/systemd-detect-virt
/usr/sbin/rsyslogd /usr/bin/perl /usr/bin/gpg /usr/sbin/adduser /usr/sbin/deluser /usr/sbin/chpasswd
/usr/sbin/update-rc.d /usr/sbin/service /usr/sbin/invoke-rc.d /usr/bin/dbus-send""".split()
# These act, wait or change something whatever their arguments are.
NEVER = """killall5 pidof logoutd pwconv pwunconv grpconv grpunconv shadowconfig cppw cpgr ssh-argv0 mklost+found
init telinit halt reboot poweroff shutdown runlevel sulogin nologin update-passwd e2scrub e2scrub_all tzconfig
dpkg-reconfigure apt-cdrom dpkg-divert remove-shell add-shell update-shells update-ca-certificates ldconfig
ldconfig.real debconf iconvconfig locale-gen ischroot ctrlaltdel cron dhclient dhclient-script agetty getty login
vigr vipw newgrp sg write wall mesg logsave tset reset clear""".split()
OPTIONS = ("--help", "--version")
EXTRA = [("ssh", "-V"), ("openssl", "version"), ("openssl", "version", "-a"), ("openssl", "help"), ("perl", "-v"),
         ("python3", "-V"), ("python3", "-VV"), ("busybox",), ("busybox", "--list"), ("busybox", "--list-full"),
         ("tmux", "-V"), ("screen", "-v"), ("nc", "-h"), ("ip", "-V"), ("ip", "help"), ("ip", "addr", "help"),
         ("ip", "link", "help"), ("ip", "route", "help"), ("ss", "-V"), ("ss", "-h"), ("tc", "-V"), ("ping", "-V"),
         ("ping", "-h"), ("curl", "--help", "all"), ("curl", "-h"), ("wget", "-h"), ("iconv", "-l"),
         ("kill", "-L"), ("kill", "-l"), ("ps", "--help", "all"), ("ps", "--help", "simple"),
         ("tar", "--usage"), ("mawk", "-W", "version"), ("mawk", "-W", "help"), ("unzip",), ("unzip", "-v"),
         ("zip",), ("arp", "-V"), ("ifconfig", "-V"), ("netstat", "-V"), ("route", "-V"), ("hostname", "-V"),
         ("tput", "-V"), ("infocmp", "-V"), ("file", "-v"), ("lsof", "-v"), ("dpkg", "-h"), ("apt", "-h"),
         ("apt-get", "-h"), ("apt-cache", "-h"), ("vim.tiny", "-h"), ("sed",), ("awk",), ("grep",), ("gzip", "-h"),
         ("gzip", "-V"), ("gzip", "-L"), ("xz", "-H"), ("bzip2", "-L"), ("wget",), ("curl",), ("telnet", "-h"),
         ("traceroute",), ("scp",), ("ssh",), ("sftp",), ("ssh-keygen", "-h"), ("crontab", "-h"), ("chattr",),
         ("lsattr", "-h"), ("sudo", "-h"), ("su", "-h"), ("passwd", "-h"), ("useradd", "-h"), ("usermod", "-h"),
         ("rsync",), ("nano", "-h"), ("top", "-h"), ("top", "-v"), ("free", "-h", "--help"), ("w", "-h", "--help"),
         ("cpio",), ("xxd", "-h"), ("xxd", "-v"), ("bc", "-h"), ("bc", "-v"), ("tune2fs",), ("mke2fs", "-V"),
         ("e2fsck", "-V"), ("lscpu", "-h"), ("lsblk", "-h"), ("mount", "-h"), ("mount", "-V"), ("dmesg", "-h")]


class Tools:
    """Runs programs of the unpacked tree."""

    def __init__(self, root, work):
        self.root, self.work = Path(root), Path(work)
        self.empty = self.work / "empty"
        self.empty.mkdir(parents=True, exist_ok=True)
        lib = [self.root / "usr/lib/x86_64-linux-gnu", self.root / "lib/x86_64-linux-gnu",
               self.root / "usr/lib/x86_64-linux-gnu/systemd", self.root / "lib/systemd", self.root / "usr/lib/systemd",
               self.root / "lib/x86_64-linux-gnu/systemd"]
        self.libs = ":".join(str(p) for p in lib if p.exists())
        self.ld = next(p for p in (self.root / "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                                   self.root / "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2") if p.exists())
        self.env = {"LC_ALL": "C", "LANG": "C", "COLUMNS": "80", "LINES": "24", "TERM": "linux", "HOME": "/nonexistent",
                    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC",
                    "PYTHONHOME": str(self.root / "usr"), "PYTHONDONTWRITEBYTECODE": "1",
                    "PERL5LIB": ":".join(str(self.root / p) for p in
                                         ("usr/share/perl5", "usr/lib/x86_64-linux-gnu/perl-base",
                                          "usr/lib/x86_64-linux-gnu/perl/5.36", "usr/share/perl/5.36"))}

    def find(self, name):
        """The program behind a name, through the tree's own links."""
        dirs = [""] if name.startswith("/") else ["/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"]
        for d in dirs:
            path = d + name
            for _ in range(8):
                real = self.root / path.lstrip("/")
                if real.is_symlink():
                    target = os.readlink(real)
                    path = target if target.startswith("/") else str(Path(path).parent / target)
                elif real.is_file():
                    return real
                else:
                    break
        return None

    def command(self, name, args):
        real = self.find(name)
        if not real:
            return None
        with open(real, "rb") as f:
            head = f.read(256)
        ld = [str(self.ld), "--library-path", self.libs]
        if head[:4] == b"\x7fELF":
            return [*ld, "--argv0", Path(name).name, str(real), *args]
        if head[:2] != b"#!":
            return None
        words = head[2:].split(b"\n")[0].decode(errors="replace").split()
        shell = self.find(Path(words[0]).name if words else "")
        if not shell or Path(words[0]).name == "env":
            return None
        return [*ld, "--argv0", Path(words[0]).name, str(shell), *words[1:], str(real), *args]

    def start(self, cmd):
        """(stdout, stderr, status), without traces of where the tree lies; None if it hung."""
        try:
            p = subprocess.run(cmd, env=self.env, cwd=self.empty, stdin=subprocess.DEVNULL, capture_output=True,
                               timeout=10, start_new_session=True)
        except (subprocess.TimeoutExpired, OSError):
            return None
        root = str(self.root).encode()
        return p.stdout.replace(root, b""), p.stderr.replace(root, b""), p.returncode

    def run(self, name, *args):
        cmd = self.command(name, args)
        return self.start(cmd) if cmd else None


def commands(tools, packages):
    """All command lines to ask, in order."""
    names = {}
    for pkg in PACKAGES:
        for f in packages[pkg].files if pkg in packages else []:
            d, _, name = f.rpartition("/")
            if d in ("/bin", "/sbin", "/usr/bin", "/usr/sbin") and name and name not in NEVER:
                names.setdefault(name, f)
    for f in SINGLE:
        names.setdefault(f.rpartition("/")[2], f)
    for link in ("awk", "nawk", "vi", "view", "ex", "editor", "pico", "pager", "which", "nc", "netcat", "telnet",
                 "traceroute", "iptables", "ip6tables", "iptables-save", "iptables-restore", "lzma", "unlzma", "lzcat"):
        names.setdefault(link, None)
    for name in sorted(names):
        for option in OPTIONS:
            yield (name, option)
    yield from EXTRA
    out = tools.run("busybox", "--list")
    for applet in out[0].decode().split() if out else []:
        yield ("busybox", applet, "--help")


# Names that only links stand for; the tree being unpacked has no alternatives.
BEHIND = {"awk": "mawk", "nawk": "mawk", "vi": "vim.tiny", "view": "vim.tiny", "ex": "vim.tiny", "editor": "nano",
          "pico": "nano", "pager": "less", "which": "which.debianutils", "nc": "nc.traditional",
          "netcat": "nc.traditional", "telnet": "inetutils-telnet", "traceroute": "traceroute.db",
          "iptables": "iptables-nft", "ip6tables": "ip6tables-nft", "iptables-save": "iptables-nft-save",
          "iptables-restore": "iptables-nft-restore", "lzma": "xz", "unlzma": "xz", "lzcat": "xz"}


def ask(tools, line):
    name, args = line[0], line[1:]
    cmd_name = BEHIND.get(name, name)
    real = tools.command(cmd_name, args)
    if not real:
        return {}
    if cmd_name != name and "--argv0" in real:
        i = real.index("--argv0") + 1
        if real[i] == cmd_name:
            real[i] = name
    r = tools.start(real)
    if not r or r[2] < 0 or r[2] == 127 or b"error while loading shared libraries" in r[1]:
        return {}
    key, out = " ".join(line), {}
    if r[0]:
        out[key] = r[0]
    if r[1]:
        out[key + "#2"] = r[1]
    if r[2] and out:
        out[key + "#rc"] = str(r[2]).encode()
    return out


def bash_help(tools):
    out = {}
    listed = tools.run("bash", "-c", "compgen -A helptopic")
    r = tools.run("bash", "-c", "help")
    if r:
        out["help"] = r[0]
    for topic in sorted(set(listed[0].decode().split("\n"))) if listed else []:
        for flag in ("", "-s", "-d"):
            r = topic and tools.run("bash", "-c", f'help {flag} -- "$1"', "bash", topic)
            if r and r[2] == 0:
                out[" ".join(filter(None, ("help", flag, topic)))] = r[0]
    return out


def record(tools, packages):
    texts = {}
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for got in pool.map(lambda line: ask(tools, line), list(dict.fromkeys(commands(tools, packages)))):
            texts.update(got)
    texts.update(bash_help(tools))
    return texts


def write(path, texts):
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for key in sorted(texts):
            m = tarfile.TarInfo(key)
            m.size = len(texts[key])
            tar.addfile(m, io.BytesIO(texts[key]))
