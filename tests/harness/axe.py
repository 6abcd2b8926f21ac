"""axe-core, which finds what keeps people with disabilities from a page."""

import fcntl
import shutil
import subprocess
import tarfile

import pytest

from harness.nginx import ROOT

VERSION = "4.14.1"
HOME = ROOT / f".cache/axe-core-{VERSION}"


def axe_script() -> str:
    """Its script; a skip where npm cannot fetch it."""
    HOME.parent.mkdir(exist_ok=True)
    with open(f"{HOME}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (HOME / "axe.min.js").exists():
            fetch()
    return (HOME / "axe.min.js").read_text()


def fetch() -> None:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm to fetch axe-core with")
    HOME.mkdir(parents=True, exist_ok=True)
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"axe-core@{VERSION}"],
        cwd=HOME, capture_output=True, text=True, timeout=120, check=False,
    )
    if packed.returncode:
        pytest.skip(f"npm does not fetch axe-core: {packed.stderr.strip()[-200:]}")
    with tarfile.open(HOME / packed.stdout.split()[-1]) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script is not None
        (HOME / "axe.min.js").write_bytes(script.read())
