"""The module made in another Debian than this machine's, by the Rust that is here: a copy of the sources, and what of them
was compiled there before."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

from harness.debian_root import DebianRoot
from harness.nginx import ROOT
from harness.package import made

SOURCES = "/usr/src/auth-saml"
#: Besides what scripts/package itself installs.
TOOLS = ["ca-certificates", "git", "debhelper"]
#: What takes a whole browser, and an IdP that Debian 13 does not have.
WITHOUT = "not chromium and not simplesamlphp"
#: By which the smoke tests work.
TEST_TOOLS = [
    *("python3-venv", "memcached", "xmlsec1", "opensaml-schemas", "libxml2-utils", "openssl", "curl", "procps", "gdb"),
    *("libxml2-dev", "libxmlsec1-dev", "libxmlsec1-openssl"),  # for the second verifier
]
#: Where Rust is, if nothing is said, from HOME on; there it is so in any case.
RUST = {"CARGO_HOME": ".cargo", "RUSTUP_HOME": ".rustup"}
TARGET = "/target"
VENV = f"{SOURCES}/.cache/venv"


class OtherDebian:
    """One where the module can be built and tested; `folder` has the base."""

    def __init__(self, folder: Path, release: str):
        kept = ROOT / ".cache/debian" / release  # from one run to the next
        kept.mkdir(parents=True, exist_ok=True)
        shared = {Path(os.environ.get(name, Path.home() / usual)): f"/root/{usual}" for name, usual in RUST.items()}
        self.root = DebianRoot(folder, f"build-{release}", release, {**shared, kept: TARGET})
        self.kept = kept
        self.variables = {
            "CARGO_TARGET_DIR": TARGET,
            "PATH": "/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            **{name: value for name, value in os.environ.items() if name.startswith("CARGO_PROFILE_")},
        }
        try:
            self.prepare()
        except BaseException:
            self.end()
            raise

    def prepare(self) -> None:
        self.root.apt("install", *TOOLS)
        # git would take another way than through /proc.
        copy = self.root.folder / "sources"
        copy_sources(copy)
        shutil.copytree(copy, self.root.path / SOURCES.lstrip("/"), symlinks=True)

    def run(self, command: str, check: bool = True) -> str:
        """A line of a shell, in the sources."""
        return self.root.run(f"cd {SOURCES} && {command}", check, **self.variables)

    def packages(self) -> list[Path]:
        """What scripts/package deb makes there."""
        said = self.run("scripts/package deb")
        return [self.kept / "package" / Path(line).name for line in said.splitlines() if line.endswith(".deb")]

    def smoke(self) -> str:
        """What the smoke tests say, with the nginx of that Debian."""
        self.root.apt("install", *TEST_TOOLS)
        for name in ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt"):  # as this machine gets packages
            if Path(name).exists():
                shutil.copy(name, self.root.path / name.lstrip("/"))
        self.run(f"python3 -m venv {VENV} && {VENV}/bin/pip install --quiet -r tests/requirements.txt")
        return self.run(f"cd tests && {VENV}/bin/python -m pytest -q -m smoke -k '{WITHOUT}'", check=False)

    def end(self) -> None:
        self.root.end()


def copy_sources(folder: Path) -> None:
    """The last commit, and what has changed since."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)  # cargo looks at times
        elif name:
            (folder / name).unlink(missing_ok=True)


@functools.cache
def made_in(release: str | None, folder: Path) -> list[Path]:
    """The packages for a release of Debian; `None` = this machine's."""
    if release is None:
        return made("deb")
    other = OtherDebian(folder, release)
    try:
        return other.packages()
    finally:
        other.end()
