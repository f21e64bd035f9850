"""The image subcommand, and the tree that tools/mkimage made.

QRASSH_BINARY names the program; QRASSH_TEST_IMAGE a finished image, without
which the tests of its contents are skipped."""
import os
import re
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

QRASSH = os.environ.get("QRASSH_BINARY", "build/release/qrassh")
IMAGE = os.environ.get("QRASSH_TEST_IMAGE")
needs_image = pytest.mark.skipif(not IMAGE, reason="no image: QRASSH_TEST_IMAGE is not set")


def image(*args, check=True, data=None):
    return subprocess.run([QRASSH, "image", *map(str, args)], capture_output=True, check=check, input=data).stdout


def cat(path):
    return image("cat", IMAGE, path).decode()


def text(key):
    return image("texts", IMAGE, key).decode(errors="replace")


@pytest.fixture
def tree(tmp_path):
    top = tmp_path / "tree"
    (top / "etc").mkdir(parents=True)
    (top / "etc/passwd").write_text("root:x:0:0\n")
    (top / "etc/passwd").chmod(0o640)
    (top / "big").write_bytes(os.urandom(100_000))
    os.link(top / "big", top / "same")
    (top / "link").symlink_to("etc/passwd")
    os.utime(top / "etc/passwd", (1e9, 1e9))
    return top


def test_a_folder_comes_back_as_it_was(tree, tmp_path):
    image("build", tmp_path / "i.img", "--dir", tree)
    image("extract", tmp_path / "i.img", tmp_path / "out")
    for path in sorted(tree.rglob("*")):
        twin = tmp_path / "out" / path.relative_to(tree)
        a, b = path.lstat(), twin.lstat()
        assert (a.st_mode, a.st_size if path.is_file() else 0) == (b.st_mode, b.st_size if path.is_file() else 0)
        assert stat.S_ISDIR(a.st_mode) or int(a.st_mtime) == int(b.st_mtime)
        if path.is_symlink():
            assert os.readlink(path) == os.readlink(twin)
        elif path.is_file():
            assert path.read_bytes() == twin.read_bytes()


def test_archives_lie_over_each_other(tree, tmp_path):
    first, second = tmp_path / "1.tar", tmp_path / "2.tar"
    with tarfile.open(first, "w") as t:
        t.add(tree, ".")
    (tree / "etc/passwd").write_text("changed\n")
    (tree / "etc/.wh.gone").write_text("")
    with tarfile.open(second, "w", format=tarfile.PAX_FORMAT) as t:
        t.add(tree / "etc", "./etc")
        t.add(tree / "etc/.wh.gone", "./.wh.big")
    image("build", tmp_path / "i.img", "--tar", first, "--tar", second)
    assert image("cat", tmp_path / "i.img", "/etc/passwd") == b"changed\n"
    listed = image("ls", "-R", tmp_path / "i.img").decode()
    assert " /big\n" not in listed and " /same\n" in listed and ".wh." not in listed


def test_wrong_uses_are_told(tmp_path):
    assert subprocess.run([QRASSH, "image"], capture_output=True).returncode == 2
    assert subprocess.run([QRASSH, "image", "build", tmp_path / "x", "--what", "y"], capture_output=True).returncode == 2
    r = subprocess.run([QRASSH, "image", "build", tmp_path / "x", "--dir", tmp_path / "none"], capture_output=True)
    assert r.returncode == 1 and b"none" in r.stderr and not list(tmp_path.glob("x*"))
    (tmp_path / "bad").write_bytes(b"x" * 10_000)
    r = subprocess.run([QRASSH, "image", "info", tmp_path / "bad"], capture_output=True)
    assert r.returncode == 1 and b"no disk image" in r.stderr


@needs_image
def test_accounts_agree():
    users = {l.split(":")[0]: l.split(":") for l in cat("/etc/passwd").splitlines()}
    groups = {l.split(":")[0]: int(l.split(":")[2]) for l in cat("/etc/group").splitlines()}
    shadow = [l.split(":")[0] for l in cat("/etc/shadow").splitlines()]
    assert list(users) == shadow and users["root"][6] == "/bin/bash"
    assert len(users) == len(cat("/etc/passwd").splitlines())
    assert all(int(u[3]) in groups.values() for u in users.values())
    assert groups["shadow"] == 42 and set(groups) == {l.split(":")[0] for l in cat("/etc/gshadow").splitlines()}


@needs_image
def test_what_attackers_look_for_is_there():
    listed = {}
    for line in image("ls", "-R", IMAGE).decode().splitlines():
        mode, links, owner, _, rest = re.match(r"(\S+) (\d+) (\S+) +(\S+) \S+ \S+ (.*)", line).groups()
        path, _, target = rest.partition(" -> ")
        listed[path] = (mode, owner, target, int(links))
    for path in ("/usr/bin/busybox", "/usr/sbin/sshd", "/usr/bin/perl", "/lost+found", "/boot/grub/grub.cfg",
                 "/var/lib/dpkg/status", "/etc/ld.so.cache", "/root/.bashrc", "/var/log/wtmp", "/etc/ssl/certs/ca-certificates.crt"):
        assert path in listed, path
    assert listed["/usr/bin/sudo"][0] == "-rwsr-xr-x" and listed["/usr/bin/crontab"][0] == "-rwxr-sr-x"
    assert listed["/etc/shadow"][:2] == ("-rw-r-----", "0/42") and listed["/tmp"][0] == "drwxrwxrwt"
    assert listed["/bin"][2] == "usr/bin" and listed["/usr/bin/awk"][2] == "/etc/alternatives/awk"
    # Every link into the tree leads somewhere, but for what only a running system has.
    kernel = text("property:kernel")
    assert f"/boot/vmlinuz-{kernel}" in listed and f"/usr/lib/modules/{kernel}/modules.dep" in listed
    # Links of directories are two and one for each directory in them.
    for d in ("/", "/etc", "/usr", "/var/lib"):
        below = [p for p, v in listed.items() if v[0][0] == "d" and p.rsplit("/", 1)[0] == d.rstrip("/") and p != d]
        assert d == "/" or listed[d][3] == 2 + len(below)


@needs_image
def test_packages_versions_and_texts_agree():
    packages = dict(l.split()[:2] for l in text("property:packages").splitlines())
    status = cat("/var/lib/dpkg/status")
    assert set(packages) == set(re.findall(r"^Package: (\S+)", status, re.M))
    assert text("ssh -V#2").startswith("OpenSSH_" + text("property:sshd-version"))
    assert f"version {packages['bash'].split('-')[0]}" in text("bash --version")
    assert cat("/etc/debian_version").strip() == text("property:debian-version")
    assert "Usage: ls [OPTION]... [FILE]..." in text("ls --help")
    assert text("help cd").startswith("cd: cd [-L")
    applets = text("busybox --list").split()
    assert "wget" in applets and all(a in text("busybox") for a in applets)


@needs_image
def test_no_trace_of_the_machine_that_made_it():
    secrets = [str(Path(__file__).resolve().parent.parent.parent).encode(), os.path.expanduser("~/.cache").encode()]
    keys = image("texts", IMAGE).decode().splitlines()
    assert len(keys) > 1000
    data = Path(IMAGE).read_bytes()
    assert not [s for s in secrets if s in data]
