"""Debian packages for an ordinary user: resolved, fetched and verified by apt
in a private folder, without touching the machine's own package state."""
import os
import re
import subprocess
from pathlib import Path

SUITES = re.compile(r"^(bookworm(-updates|-security)?|bookworm/updates)$")


class NoSource(Exception):
    """No package source can be reached; the text says why in one line."""


def debian_sources():
    """The machine's own entries for Debian 12, as deb822 paragraphs."""
    out = []
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue
        if path.suffix == ".sources":
            for para in re.split(r"\n\s*\n", text):
                lines = [l for l in para.splitlines() if l.strip() and not l.startswith("#")]
                f = dict(l.split(":", 1) for l in lines if ":" in l and not l[0].isspace())
                f = {k.strip().lower(): v.strip() for k, v in f.items()}
                suites = [s for s in f.get("suites", "").split() if SUITES.match(s)]
                if suites and "deb" in f.get("types", "").split() and f.get("enabled", "yes") != "no":
                    out.append((f.get("uris", ""), suites, f.get("signed-by")))
        elif path.suffix == ".list":
            for line in text.splitlines():
                m = re.match(r"\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)", line)
                if m and SUITES.match(m[3]):
                    key = re.search(r"signed-by=(\S+)", m[1] or "")
                    out.append((m[2], [m[3]], key and key[1]))
    paras = []
    for uris, suites, key in out:
        para = f"Types: deb\nURIs: {uris}\nSuites: {' '.join(suites)}\nComponents: main\n"
        paras.append(para + (f"Signed-By: {key}\n" if key else ""))
    return "\n".join(paras)


def reason(result, otherwise):
    """The last error that apt told, in one line without addresses."""
    lines = [l for l in result.stderr.splitlines() if l.startswith(("E: ", "W: Failed to fetch"))]
    return re.sub(r"\w+://\S+", "...", lines[0][3:]) if lines else otherwise


class Apt:
    def __init__(self, folder):
        self.dir = Path(folder)
        for d in ("etc/sources.list.d", "etc/preferences.d", "lists/partial", "archives/partial", "etc/none"):
            (self.dir / d).mkdir(parents=True, exist_ok=True)
        sources = debian_sources()
        if not sources:
            raise NoSource("this machine's apt knows no Debian 12 source")
        (self.dir / "etc/sources.list.d/debian.sources").write_text(sources)
        (self.dir / "status").write_text("")
        self.conf = self.dir / "apt.conf"
        self.conf.write_text(self._conf())
        self.env = dict(os.environ, APT_CONFIG=str(self.conf), LC_ALL="C", DEBIAN_FRONTEND="noninteractive")

    def _conf(self):
        """Own folders, no hooks; the machine's proxies and time-outs."""
        p = self.dir
        kept = subprocess.run(["apt-config", "dump"], capture_output=True, text=True).stdout
        lines = [l for l in kept.splitlines() if l.startswith("Acquire::")]
        return "\n".join(lines + [
            f'Dir::State "{p}";', f'Dir::State::status "{p}/status";', f'Dir::State::lists "{p}/lists";',
            f'Dir::State::extended_states "{p}/extended_states";', f'Dir::Cache "{p}";',
            f'Dir::Cache::archives "{p}/archives";', f'Dir::Etc::sourcelist "/dev/null";',
            f'Dir::Etc::sourceparts "{p}/etc/sources.list.d";', f'Dir::Etc::parts "{p}/etc/none";',
            f'Dir::Etc::main "/dev/null";', f'Dir::Etc::preferencesparts "{p}/etc/preferences.d";',
            'Dir::Etc::preferences "/dev/null";', 'APT::Sandbox::User "root";', 'Debug::NoLocking "true";',
            'APT::Architecture "amd64";', 'APT::Architectures { "amd64"; };', 'Acquire::Languages "none";',
            'APT::Install-Recommends "false";', 'APT::Get::Assume-Yes "true";', 'Dpkg::Use-Pty "false";',
            'APT::Cache-Start "67108864";', 'Acquire::Retries "3";', 'Acquire::http::Timeout "20";', ""])

    def run(self, *args):
        return subprocess.run(args, env=self.env, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def update(self):
        r = self.run("apt-get", "update", "-qq")
        if not list((self.dir / "lists").glob("*Packages*")):
            raise NoSource(reason(r, "apt-get update failed"))

    def resolve(self, names):
        """Archive names of all packages that names need, and bytes to fetch."""
        r = self.run("apt-get", "install", "--simulate", "-qq", *names)
        found = re.findall(r"^Inst (\S+) \((\S+) .*?\[(\w+)\]\)", r.stdout, re.M)
        if r.returncode or not found:
            raise NoSource(reason(r, "apt-get found no packages"))
        missing = self.run("apt-get", "install", "--print-uris", "-qq", *names).stdout
        size = sum(int(n) for n in re.findall(r"^'[^']+' \S+\.deb (\d+)", missing, re.M))
        return [f"{n.split(':')[0]}_{v.replace(':', '%3a')}_{a}.deb" for n, v, a in found], size

    def fetch(self, names, files):
        """Downloads what is missing; apt checks every hash. The paths."""
        r = self.run("apt-get", "install", "--download-only", "-qq", *names)
        paths = [self.dir / "archives" / f for f in files]
        missing = [p.name for p in paths if not p.exists()]
        if missing:
            raise NoSource(reason(r, f"{missing[0]} did not arrive"))
        for old in (self.dir / "archives").glob("*.deb"):
            if old not in paths:
                old.unlink()
        return paths


def control_files(deb):
    """What a package tells dpkg: {name: (bytes, mtime)}."""
    import io
    import tarfile
    raw = subprocess.run(["dpkg-deb", "--ctrl-tarfile", deb], capture_output=True, check=True).stdout
    out = {}
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        for m in tar:
            name = m.name.removeprefix("./")
            if m.isfile():
                out[name] = (tar.extractfile(m).read(), m.mtime)
    return out
