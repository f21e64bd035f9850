"""What gives an emulated server away, probe by probe.

Each case is a probe that somebody uses to tell a honeypot from a server, and
what Debian 12 with OpenSSH 9.2p1 answers. Groups follow what is looked at: the
connection protocol, the terminal, the shell, programs, the disk, /proc and the
network. They need the disk image: the small built-in tree lacks most files.
"""
import os, re, socket, time

import pytest

paramiko = pytest.importorskip("paramiko")
from honeypot import IMAGE, Honeypot  # noqa: E402

pytestmark = pytest.mark.skipif(not os.path.exists(IMAGE), reason="needs the disk image")


class Client:
    def __init__(self, pot):
        self.pot = pot
        self.t = connect(pot)

    def run(self, command, timeout=30):
        """(output, errors, status) of an exec request."""
        c = self.t.open_session(timeout=timeout)
        c.settimeout(timeout)
        c.exec_command(command)
        c.shutdown_write()
        out = c.makefile("rb").read()
        err = c.makefile_stderr("rb").read()
        status = c.recv_exit_status()
        c.close()
        return out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), status


def connect(pot):
    t = paramiko.Transport(("127.0.0.1", pot.port))
    t.start_client(timeout=20)
    t.auth_password("root", "secret")
    return t


@pytest.fixture(scope="module")
def client():
    with Honeypot() as pot:
        c = Client(pot)
        yield c
        c.t.close()


def cases(*rows):
    return pytest.mark.parametrize("command,want", rows, ids=[r[0][:60] for r in rows])


def check(client, command, want):
    """want: a status, a pattern of the whole output, or (pattern of the output, of the errors, status)."""
    out, err, status = client.run(command)
    missing = re.search(r"(\S+): error while loading shared libraries", out + err)
    if missing:
        pytest.skip(f"{missing[1]} is not emulated")
    if isinstance(want, int):
        assert status == want, (out, err)
    elif isinstance(want, str):
        assert re.fullmatch(want, out, re.S), (out, err, status)
    else:
        assert re.fullmatch(want[0], out, re.S) and re.fullmatch(want[1], err, re.S), (out, err, status)
        assert status == want[2], (out, err)


# --- the connection protocol ------------------------------------------------------

def test_killed_shell_reports_its_signal(client):
    c = client.t.open_session()
    seen = []
    handler = paramiko.Channel._handle_request
    def spy(self, m):
        seen.append(m.get_text())
        m.rewind()
        m.get_int()
        return handler(self, m)
    paramiko.Channel._handle_request = spy
    try:
        c.exec_command("kill -9 $$")
        c.makefile("rb").read()
        c.close()
    finally:
        paramiko.Channel._handle_request = handler
    assert "exit-status" not in seen


@pytest.mark.parametrize("target", [("127.0.0.1", 1), ("no.such.host.invalid", 80)])
def test_forward_to_nobody_is_refused(client, target):
    with pytest.raises(paramiko.ChannelException) as e:
        client.t.open_channel("direct-tcpip", target, ("127.0.0.1", 40000), timeout=20)
    assert e.value.code == 2


def test_forward_to_the_server_itself_meets_sshd(client):
    c = client.t.open_channel("direct-tcpip", ("127.0.0.1", 22), ("127.0.0.1", 40000), timeout=20)
    c.settimeout(10)
    assert c.recv(200).startswith(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u")
    c.close()


def test_eleventh_session_is_refused(client):
    t = connect(client.pot)
    held = [t.open_session(timeout=10) for _ in range(10)]
    with pytest.raises(paramiko.ChannelException):
        t.open_session(timeout=10)
    assert len(held) == 10
    t.close()


def test_sleep_beyond_a_minute_is_not_cut(client):
    c = client.t.open_session()
    c.exec_command("sleep 0.5; echo done")
    assert c.makefile("rb").read() == b"done\n" and c.recv_exit_status() == 0


# --- the terminal --------------------------------------------------------------------

class Terminal:
    def __init__(self, client, command=None):
        self.c = client.t.open_session(timeout=20)
        self.c.settimeout(15)
        self.c.get_pty("xterm", 80, 24)
        self.c.invoke_shell()
        self.seen = ""
        self.until(r"[#$] $")

    def until(self, pattern):
        end = time.monotonic() + 15
        while not re.search(pattern, self.plain(), re.S):
            assert time.monotonic() < end, f"no {pattern!r} in {self.seen!r}"
            try:
                data = self.c.recv(4096)
            except socket.timeout:
                data = b""
            assert data, f"closed before {pattern!r}: {self.seen!r}"
            self.seen += data.decode("utf-8", "replace")
        return self.plain()

    def plain(self):
        return re.sub(r"\x1b(\[[?0-9;]*[A-Za-z]|\][^\a]*\a)", "", self.seen).replace("\r", "")

    def line(self, text, pattern=r"[#$] $"):
        self.seen = ""
        self.c.send(text)
        return self.until(pattern)

    def rest(self):
        while True:
            data = self.c.recv(4096)
            if not data:
                return self.plain()
            self.seen += data.decode("utf-8", "replace")


@pytest.fixture
def term(client):
    t = Terminal(client)
    yield t
    t.c.close()


def test_bracketed_paste_is_on(term):
    assert "\x1b[?2004h" in term.seen


@pytest.mark.parametrize("text,finish,want", [
    ("echo 'a\r", "b'\r", "a\nb"), ("echo a\\\r", "b\r", "ab"), ("for i in 1 2\r", "do echo n$i; done\r", "n1\nn2"),
    ("if true\r", "then echo yes; fi\r", "yes"), ("cat <<E\r", "x\rE\r", "x"), ("echo a |\r", "cat\r", "a")])
def test_unfinished_line_asks_for_more(term, text, finish, want):
    assert term.line(text, r"\n> $")
    assert want in term.line(finish, r"\n(?!> )\S+[#$] $").split("\n", 1)[1]


def test_jobs(term):
    assert re.search(r"\[1\] \d+", term.line("sleep 30 &\r"))
    assert re.search(r"\[1\]\+  Running                 sleep 30 &", term.line("jobs\r"))
    assert re.search(r"\[1\]\+  Terminated +sleep 30", term.line("kill %1\r") + term.line("\r"))


def test_control_d_logs_out(term):
    term.seen = ""
    term.c.send("\x04")
    assert "logout" in term.rest()


def test_control_d_in_a_nested_shell_returns(term):
    term.line("sh\r", r"\n# $")
    term.line("\x04", r":~# $")
    assert "still" in term.line("echo st''ill\r", r"still\n")


def test_control_c_interrupts(term):
    term.c.send("sleep 100\r")
    time.sleep(0.3)
    assert "130" in term.line("\x03echo $?\r", r"130\n.*# $")


def test_word_is_deleted(term):
    assert re.search(r"\na c\n", term.line("echo a bbb\x17c\r"))


def test_history_is_searched(term):
    term.line("echo nee''dle\r")
    assert "needle" in term.line("\x12nee\r", r"needle\n")


def test_letters_beyond_ascii_are_echoed(term):
    assert "é€" in term.line("echo é€\r")


def test_tab_completes_commands(term):
    assert "hostnamectl" in term.line("hostnamec\t", r"hostnamectl")
    term.line("\x03")


def test_tab_completes_files(term):
    assert "/etc/hostname" in term.line("cat /etc/hostn\t", r"hostname")
    term.line("\x03")


def test_window_size(term):
    if "shared libraries" in term.line("stty size\r"):
        pytest.skip("stty is not emulated")
    assert "24 80" in term.plain()
    term.c.resize_pty(132, 50)
    assert "50 132" in term.line("stty size\r")


def test_terminal_is_a_device(term):
    out = term.line("tty; echo $SSH_TTY; who\r")
    pts = re.search(r"\n(/dev/pts/\d+)\n", out)[1]
    assert f"\n{pts}\n{pts}\n" in out and re.search(r"root +" + pts[5:], out)


def test_stop_and_continue(term):
    term.c.send("sleep 50\r")
    time.sleep(0.3)
    assert re.search(r"\[1\]\+  Stopped +sleep 50", term.line("\x1a"))
    term.line("kill %1; fg\r")


# --- the shell --------------------------------------------------------------------------

@cases(
    ("echo $$", r"\d+\n"), ("echo $0 $- $BASH_VERSION", r"bash hBc 5\.2\.15\(1\)-release\n"),
    ("echo $((7*6))", "42\n"), ("[[ 1 -eq 1 ]] && echo y", "y\n"), ("echo {a,b} {1..3}", "a b 1 2 3\n"),
    ("x=abc; echo ${HOME:-x} ${#x} ${x:1:2} ${x/a/b}", "/root 3 bc bbc\n"), ("cat <<< hi", "hi\n"),
    ("true & echo hi", "hi\n"), ("i=0; while [ $i -lt 3 ]; do i=$((i+1)); echo $i; done", "1\n2\n3\n"),
    ("while true; do echo x; done | head -3000 | wc -l", "3000\n"), ("(cd /tmp); pwd", "/root\n"),
    ("(echo a; echo b) | wc -l", "2\n"), ("{ echo a; echo b; } | wc -l", "2\n"), ("for i in 1 2; do echo; done | wc -l", "2\n"),
    ("yes | head -n 2", "y\ny\n"), ("eval echo hi", "hi\n"), ("type ls", "ls is /usr/bin/ls\n"),
    ("set -- a b; echo $#", "2\n"), ("a=(a b); echo ${a[1]}", "b\n"), ("A=5 sh -c 'echo $A'", "5\n"),
    (r'echo -e "\101"', "\\\\101\n"), (r'echo -e "\e[31m"', "\x1b\\[31m\n"), ("cd /nonexist || echo failed", "failed\n"),
    ("/bin/busybox XYZ", ("", "XYZ: applet not found\n", 127)), ("ls /nonexist >/dev/null 2>&1", 2),
    (";echo a", ("", "bash: -c: line 1: syntax error near unexpected token `;'\nbash: -c: line 1: `;echo a'\n", 2)),
    ("echo a &&", ("", "bash: -c: line 2: syntax error: unexpected end of file\n", 2)),
    ("exec 3<>/dev/tcp/127.0.0.1/22; head -c 8 <&3", "SSH-2\\.0-"),
    ("echo x > /dev/tcp/127.0.0.1/1", ("", "bash: connect: Connection refused\n"
                                       "bash: line 1: /dev/tcp/127.0.0.1/1: Connection refused\n", 1)),
    ("timeout 1 sleep 5", 124), ("sleep 0.1; echo ok", "ok\n"), ("bash -x -c 'echo hi'", ("hi\n", r"\+ echo hi\n", 0)),
    ("bash --version | head -n 1", r"GNU bash, version 5\.2\.15\(1\)-release \(x86_64-pc-linux-gnu\)\n"),
    ("nosuchprogram", ("", "bash: line 1: nosuchprogram: command not found\n", 127)),
    ("nosuchprogram; true", ("", "bash: line 1: nosuchprogram: command not found\n", 0)),
    ("/nosuchprogram", ("", "bash: line 1: /nosuchprogram: No such file or directory\n", 127)),
    ("/etc/passwd", ("", "bash: line 1: /etc/passwd: Permission denied\n", 126)),
    ("/etc", ("", "bash: line 1: /etc: Is a directory\n", 126)), ("kill -TERM $$", -1), ("exit 7", 7),
    ("sh -c 'kill -9 $$'; echo $?", "137\n"), ("false | true; echo ${PIPESTATUS[@]}", "1 0\n"),
    ("umask; ulimit -n", "0022\n1024\n"),
)
def test_shell(client, command, want):
    check(client, command, want)


# --- programs -----------------------------------------------------------------------------

@cases(
    ("echo abc | tr a-c A-C | sed s/A/x/ | rev", "CBx\n"), ("printf '2\\n1\\n' | sort | head -1", "1\n"),
    ("seq 3 | tail -1", "3\n"), ("expr 5 + 5", "10\n"), ("echo a b | xargs -n 1 echo", "a\nb\n"),
    ("printf AB | od -c", r"0000000   A   B\n0000002\n"), ("echo a > x; echo b > y; cmp x y", ("x y differ: (char|byte) 1, line 1\n", "", 1)),
    ("echo a > x; echo b > y; diff x y", ("1c1\n< a\n---\n> b\n", "", 1)),
    ("stat -c '%s %U %a' /etc/debian_version", "6 root 644\n"), ("ln -s a /tmp/l; readlink /tmp/l", "a\n"),
    ("basename /a/b; dirname /a/b", "b\n/a\n"), ("mktemp -d | cut -c1-9", "/tmp/tmp\\.\n"),
    ("perl -e 'print 1+1'", "2"), ("/usr/bin/uname; /bin/uname; uname", "Linux\n" * 3), ("/bin/id -u", "0\n"),
    ("which wget", "/usr/bin/wget\n"), ("yum", 127), ("cat /bin/ls | wc -c", "151344\n"), ("md5sum /bin/ls | cut -c1-4", "[0-9a-f]{4}\n"),
    ("ls -l /bin/ls | cut -d' ' -f1-5", "-rwxr-xr-x 1 root root 151344\n"), ("cp /bin/ls /tmp/x; /tmp/x -d /", "/\n"),
    ("head -1 /etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"), ("awk -F: 'NR==1{print $1}' /etc/passwd", "root\n"),
    ("awk 'BEGIN{print 2*21}'", "42\n"), ("find /etc -maxdepth 1 -name hostname", "/etc/hostname\n"),
    ("head -c 16 /dev/urandom | wc -c", "16\n"), ("id nobody", r"uid=65534\(nobody\) gid=65534\(nogroup\) groups=65534\(nogroup\)\n"),
    ("ps aux | head -1", "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"),
    ("ps -ef | head -1", "UID          PID    PPID  C STIME TTY          TIME CMD\n"), ("ps -o pid= -p $$ | tr -d ' '; echo $$", r"(\d+)\n\1\n"),
    ("sleep 100 & kill $!; wait $!; echo $?", "143\n"), ("date -u -d @0 +%F", "1970-01-01\n"),
    ("systemctl is-system-running", r"(running|degraded)\n"), ("du -sh /etc", r"\d\.\dM\t/etc\n"),
    ("echo aGk= | base64 -d", "hi"), ("echo -n hi | md5sum", "49f68a5c8493ec2c0bf489821c21fc3b  -\n"),
    ("dd if=/bin/ls bs=4 count=1 2>/dev/null | tail -c 3", "ELF"), ("touch /tmp/t; ls /tmp/t", "/tmp/t\n"),
    ("df -h / | tail -1 | awk '{print $6}'", "/\n"), ("mount | grep -c ' on / '", "1\n"),
    ("crontab -l", ("", "no crontab for root\n", 1)), ("tar cf - /etc/hostname 2>/dev/null | tar tf -", "etc/hostname\n"),
    ("echo hi | gzip | gunzip", "hi\n"), ("ssh -V", ("", r"OpenSSH_9\.2p1 Debian-2\+deb12u\d+, OpenSSL 3\.0\.\d+ .*\n", 0)),
    ("nohup true", ("", "", 0)), ("wget --version | head -1", r"GNU Wget 1\.21\.3 built on linux-gnu\.\n"),
    ("curl --version | cut -d' ' -f1-2 | head -1", r"curl 7\.88\.1\n"), ("test $(grep -c ^processor /proc/cpuinfo) = $(nproc)", 0),
    ("busybox | head -1", r"BusyBox v1\.35\.0 \(Debian 1:1\.35\.0-4\+.*\) multi-call binary\.\n"),
)
def test_program(client, command, want):
    check(client, command, want)


# --- the disk ---------------------------------------------------------------------------------

@cases(
    ("ls /usr/bin | head -2", r"\[\n[a-z-]+\n"), ("stat -c %h /usr/bin", r"[2-9]\d*\n"), ("ls -a / | grep docker", ("", "", 1)),
    ("ls -d /lost+found", r"/lost\+found\n"), ("ls nonexist", ("", "ls: cannot access 'nonexist': No such file or directory\n", 2)),
    ("rm nonexist", ("", "rm: cannot remove 'nonexist': No such file or directory\n", 1)),
    ("test $(cat /etc/hostname) = $(hostname)", 0), ("cut -d. -f1 /etc/debian_version", "12\n"), ("grep -c . /root/.bashrc /root/.profile", r".*:\d+\n.*:\d+\n"),
    (". /etc/os-release; echo $VERSION_ID $ID", "12 debian\n"), ("grep -c UUID /etc/fstab", r"[1-9]\n"), ("grep -c sftp /etc/ssh/sshd_config", r"[1-9]\n"),
    ("ls /boot/vmlinuz-$(uname -r) >/dev/null && ls -d /lib/modules/$(uname -r)/kernel", "/lib/modules/.*/kernel\n"),
    ("grep -c 'Accepted password for root' /var/log/auth.log", r"[1-9]\d*\n"), ("mkdir /nope/x", ("", "mkdir: cannot create directory ‘/nope/x’: No such file or directory\n", 1)),
    ("touch f; chmod +x f; ls -l f | cut -c1-10", "-rwxr-xr-x\n"), ("head -c 3 /dev/zero | od -An -tx1", " 00 00 00\n"),
    ("head -c 300000 /dev/urandom | wc -c", "300000\n"), ("test -s /var/log/syslog", 0), ("ls /etc/ssh | grep -c '^ssh_host_.*_key.pub$'", "3\n"),
    ("stat -c %a /etc/ssh/ssh_host_rsa_key /tmp /root /etc/shadow", "600\n1777\n700\n640\n"), ("ls -ld /dev/shm | cut -c1-10", "drwxrwxrwt\n"),
    ("echo x > /sys/.a", ("", "bash: line 1: /sys/.a: Permission denied\n", 1)), ("echo x > /proc/.a", ("", "bash: line 1: /proc/.a: No such file or directory\n", 1)),
)
def test_disk(client, command, want):
    check(client, command, want)


def test_files_last_over_channels_and_connections(client):
    client.run("echo kept > /var/tmp/kept")
    assert client.run("cat /var/tmp/kept")[0] == "kept\n"
    again = Client(client.pot)
    assert again.run("cat /var/tmp/kept")[0] == "kept\n"
    again.t.close()


def test_host_keys_on_the_disk_are_those_shown(client):
    key = client.t.get_remote_server_key()
    assert f"{key.get_name()} {key.get_base64()} root@" in client.run("cat /etc/ssh/ssh_host_*_key.pub")[0]
    assert client.run("grep -l 'BEGIN OPENSSH PRIVATE KEY' /etc/ssh/ssh_host_*_key | wc -l")[0] == "3\n"


def test_upload_is_seen_by_the_shell(client):
    sftp = paramiko.SFTPClient.from_transport(client.t)
    with sftp.open("/root/up", "w") as f:
        f.write("payload\n")
    sftp.symlink("/root/up", "/root/up.link")
    sftp.posix_rename("/root/up.link", "/root/up.l2")
    sftp.close()
    assert client.run("cat /root/up.l2")[0] == "payload\n"


# --- /proc, /sys, the network --------------------------------------------------------------------

@cases(
    ("tr '\\0' ' ' < /proc/self/cmdline", r"tr \\0   "), ("head -1 /proc/self/status", "Name:\thead\n"), ("cat /proc/1/cgroup", "0::/init.scope\n"),
    ("cat /proc/1/comm", "systemd\n"), ("head -1 /proc/net/tcp", "  sl  local_address.*\n"), ("grep -c : /proc/net/dev", "2\n"), ("cat /proc/net/route | wc -l", "3\n"),
    ("test $(cat /proc/sys/kernel/hostname) = $(hostname)", 0), ("test $(cat /proc/sys/kernel/osrelease) = $(uname -r)", 0),
    ("cat /proc/sys/kernel/random/boot_id", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n"), ("readlink /proc/self/exe", "/usr/bin/readlink\n"),
    ("ls /proc/self/fd", "0\n1\n2\n3\n"), ("for p in $(ps -e -o pid=); do test -d /proc/$p && echo in || echo out; done | sort | uniq -c | awk '{print $2, ($1>20)}'", r"in 1\nout [01]\n"),
    ("cat /sys/class/dmi/id/product_name", r".+\n"), ("who", ""), ("echo \"$SSH_TTY\"", "\n"), ("uptime", r" \d\d:\d\d:\d\d up .*,  load average: .*\n"),
    ("test $(awk '/MemTotal/{print int($2/1024)}' /proc/meminfo) = $(free -m | awk '/Mem/{print $2}')", 0), ("cat /proc/self/mountinfo | grep -c ' / / '", "1\n"),
    ("echo 64 > /proc/sys/vm/nr_hugepages; cat /proc/sys/vm/nr_hugepages; echo 0 > /proc/sys/vm/nr_hugepages", "64\n"),
    ("cat /sys/class/net/eth0/address /sys/class/net/eth0/operstate", r"([0-9a-f]{2}:){5}[0-9a-f]{2}\nup\n"), ("hostname -I", r"\d+(\.\d+){3} .*\n"),
    ("ip link | grep -c $(cat /sys/class/net/eth0/address)", "1\n"), ("test $(ip -4 addr show eth0 | awk '/inet /{print $2}' | cut -d/ -f1) = $(hostname -I)", 0),
    ("ifconfig eth0 | head -1", r"eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500\n"), ("ping -c 1 127.0.0.1 | grep -c '1 received'", "1\n"),
    ("test $(lscpu | awk '/^CPU.s.:/{print $2}') = $(nproc)", 0), ("ls /sys/block", r"(sd|vd|nvme0n)\w+\n.*"), ("stat -c %s /dev", r"\d{3,4}\n"),
)
def test_kernel(client, command, want):
    check(client, command, want)


def test_link_local_address_comes_from_the_mac(client):
    mac = client.run("cat /sys/class/net/eth0/address")[0].strip()
    b = [int(x, 16) for x in mac.split(":")]
    assert not b[0] & 1  # unicast
    eui = f"fe80000000000000{b[0] ^ 2:02x}{b[1]:02x}{b[2]:02x}fffe{b[3]:02x}{b[4]:02x}{b[5]:02x}"
    assert eui in client.run("cat /proc/net/if_inet6")[0]


def test_host_name_lasts(client):
    name = client.run("hostname")[0].strip()
    client.run("hostname foo")
    again = Client(client.pot)
    assert again.run("hostname")[0] == "foo\n"
    again.run(f"hostname {name}")
    again.t.close()


# --- time ---------------------------------------------------------------------------------------

def test_find_everything_is_quick(client):
    start = time.monotonic()
    assert "/etc/passwd\n" in client.run("find / -name passwd 2>/dev/null", timeout=60)[0]
    assert time.monotonic() - start < 10


def test_nested_parentheses_do_not_hold_others(client):
    busy = client.t.open_session()
    busy.exec_command("( " * 50 + "echo deep" + " )" * 50)
    start = time.monotonic()
    assert client.run("true")[2] == 0 and time.monotonic() - start < 5
    assert busy.makefile("rb").read() == b"deep\n"


def test_endless_output_is_held_back(client):
    busy = client.t.open_session()
    busy.exec_command("yes")
    busy.recv(10)
    assert client.run("echo free")[0] == "free\n"
    busy.close()
