"""What scripts/package makes, for tests that look into it or install it."""

import functools
import subprocess
from pathlib import Path

from harness.nginx import ROOT

NAME = "libnginx-mod-http-auth-saml"


@functools.cache
def made(*words: str) -> list[Path]:
    """Runs scripts/package, once for all tests of a process; the files it names."""
    done = subprocess.run([ROOT / "scripts/package", *words], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return [Path(line) for line in done.stdout.splitlines()]


def of(packages: list[Path], name: str) -> Path:
    """That of this name."""
    [found] = [path for path in packages if path.name.startswith(f"{name}_")]
    return found


def field(package: Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "--field", package, name], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def another_version(package: Path, folder: Path, version: str, commit: str) -> Path:
    """The same package as of a later commit: the module says that commit."""
    tree, made = folder / "tree", folder / f"{package.name.partition('_')[0]}_{version}.deb"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN/control"
    old = field(package, "Version")
    control.write_text(control.read_text().replace(f"Version: {old}\n", f"Version: {version}\n"))
    module = tree / "usr/lib/nginx/modules/ngx_http_auth_saml_module.so"
    content = module.read_bytes()
    stamped = commit_of(module).encode().ljust(48, b"\0")
    assert content.count(stamped) == 1
    module.write_bytes(content.replace(stamped, commit.encode().ljust(48, b"\0")))
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, made], check=True, stdout=subprocess.DEVNULL)
    return made


def commit_of(module: Path) -> str:
    done = subprocess.run(["readelf", "--string-dump=.auth_saml_commit", module], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split("]", 1)[1].split()[0]
