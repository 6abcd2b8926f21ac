"""A Debian with nothing in it but apt: processes, files and mounts of its own, and this machine's network.

Of this machine's release, or of another one that its mirror has.
"""

import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from harness.nginx import ROOT

#: Made anew after a week; apt-get update brings what is newer.
CACHE = "debian-root-{}.tar"
WEEK = 7 * 24 * 3600
SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: Whatever is mounted and runs here ends with the first process, a shell that buries the orphans.
BEGIN = """
mkdir -p upper work root
mount -t overlay overlay -o lowerdir=base,upperdir=upper,workdir=work root
mount -t proc proc root/proc
mount --rbind /dev root/dev
while [ $# -gt 0 ]; do
    mkdir -p "root$2"
    mount --bind "$1" "root$2"
    shift 2
done
exec chroot root sh -c 'echo; while sleep infinity; do :; done'
"""


class Unavailable(Exception):
    """Why there is none to be had on this machine."""


def own_release() -> str:
    """The codename of this machine's."""
    lines = Path("/etc/os-release").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)["VERSION_CODENAME"]


def base(folder: Path, release: str) -> Path:
    """The unpacked system that all stand on, made at most once for a folder. No service starts by itself there."""
    made = folder / f"base-{release}"
    if made.exists():
        return made
    if shutil.which("mmdebstrap") is None or not SOURCES.exists():
        raise Unavailable("no mmdebstrap, or no sources of Debian")
    cache = ROOT / ".cache" / CACHE.format(release)
    if not cache.exists() or time.time() - cache.stat().st_mtime > WEEK:
        tar = cache.with_suffix(".new.tar")
        with tempfile.NamedTemporaryFile("w", suffix=".sources") as sources:
            sources.write(SOURCES.read_text().replace(own_release(), release))
            sources.flush()
            checked(["mmdebstrap", "--quiet", "--variant=apt", release, tar, sources.name])
        tar.rename(cache)
    fresh = folder / "base.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    checked(["tar", "--extract", "--file", cache, "--directory", fresh])
    shutil.copy("/etc/resolv.conf", fresh / "etc/resolv.conf")
    policy = fresh / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    checked(["chroot", fresh, "apt-get", "update", "--quiet", "--quiet"])
    return fresh.rename(made)


def checked(command: list) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(map(str, command))}: {done.stdout[-2000:]}")
    return done.stdout


class DebianRoot:
    """One that a test may do with as it likes; `folder` has the base, and others of this `name`. `shared` are folders
    of this machine's that are there, too, and by what names."""

    def __init__(self, folder: Path, name: str, release: str | None = None, shared: dict[Path, str] | None = None):
        system = base(folder, release or own_release())
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
        self.folder.chmod(0o755)
        places = [str(place) for pair in (shared or {}).items() for place in pair]
        (self.folder / "base").symlink_to(system)
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-e", "-c", BEGIN, "sh", *places],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if not self.process.stdout.readline():
            raise Unavailable(self.process.stderr.read())
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.first = int(children.read_text())
        self.path = Path(f"/proc/{self.first}/root")

    def run(self, command: str, check: bool = True, **variables: str) -> str:
        """A line of a shell in there, with these in its environment; what it says on stdout and stderr."""
        enter = ["nsenter", "--target", str(self.first), "--mount", "--pid", "--root", "--wd"]
        environment = ["env", "-i", PATH, "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
        environment += [f"{name}={value}" for name, value in variables.items()]
        done = subprocess.run(
            [*enter, *environment, "sh", "-c", command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def apt(self, *words: str) -> str:
        return self.run(f"apt-get --yes --quiet --quiet --no-install-recommends {shlex.join(words)}")

    def put(self, *files: Path) -> list[str]:
        """Copies files in, and says what they are called there."""
        return [f"/root/{shutil.copy(file, self.path / 'root') and file.name}" for file in files]

    def write(self, name: str, content: str | bytes) -> None:
        path = self.path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def files(self) -> set[str]:
        """All there are, but what apt and dpkg keep for themselves."""
        own = ["/proc", "/dev", "/var/lib/apt", "/var/lib/dpkg", "/var/cache/apt", "/var/log", "/root"]
        pruned = " -o ".join(f"-path {name}" for name in own)
        return set(self.run(rf"find / \( {pruned} \) -prune -o -print").splitlines())

    def end(self) -> None:
        self.process.kill()  # and with it, --kill-child, all that runs there
        self.process.wait()
