"""What scripts/package deb makes, without installing it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.nginx import ROOT
from harness.package import NAME, commit_of, field, made, of

pytestmark = pytest.mark.slow

SYMBOLS = f"{NAME}-dbgsym"
MODULE = "usr/lib/nginx/modules/ngx_http_auth_saml_module.so"


@pytest.fixture
def packages():
    return made("deb")


def unpacked(package: Path, folder: Path) -> Path:
    target = folder / package.name.partition("_")[0]
    subprocess.run(["dpkg-deb", "--raw-extract", package, target], check=True)
    return target


def output_of(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_lintian_has_no_error(packages):
    if shutil.which("lintian") is None:
        pytest.skip("no lintian")
    done = subprocess.run(["lintian", "--fail-on", "error", *packages], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_module_needs_this_nginx_and_no_library_for_xml(packages):
    depends = field(of(packages, NAME), "Depends")
    assert "nginx-abi-" in depends and "libssl3" in depends
    assert "xml" not in depends
    assert "libxmlsec1-openssl" in field(of(packages, f"{NAME}-xmlsec1"), "Depends")
    assert f"{NAME} (= {field(of(packages, NAME), 'Version')})" in field(of(packages, f"{NAME}-xmlsec1"), "Depends")


def test_snippets_are_conffiles_beside_nginx_conf(packages, tmp_path):
    """So that `include saml-proxy.conf` is found as it stands in the documentation."""
    tree = unpacked(of(packages, NAME), tmp_path)
    snippets = sorted(path.name for path in (ROOT / "nginx-conf").glob("saml-*.conf"))
    assert (tree / "DEBIAN/conffiles").read_text().split() == [f"/etc/nginx/{name}" for name in snippets]
    for name in snippets:
        assert (tree / "etc/nginx" / name).read_bytes() == (ROOT / "nginx-conf" / name).read_bytes()
    assert (tree / "usr/share/nginx/modules-available/mod-http-auth-saml.conf").read_text() == (
        "load_module modules/ngx_http_auth_saml_module.so;\n"
    )


def test_the_module_says_its_commit_and_its_symbols_are_apart(packages, tmp_path):
    module = unpacked(of(packages, NAME), tmp_path) / MODULE
    head = output_of("git", "-C", ROOT, "rev-parse", "HEAD").strip()
    assert re.fullmatch(f"{head}(-changed)?", commit_of(module))
    assert head[:7] in field(of(packages, NAME), "Version") or "~git" not in field(of(packages, NAME), "Version")
    sections = output_of("readelf", "--sections", "--wide", module)
    assert ".symtab" not in sections and ".debug_line" not in sections
    build_id = re.search(r"Build ID: (\w+)", output_of("readelf", "--notes", module)).group(1)
    symbols = unpacked(of(packages, SYMBOLS), tmp_path) / f"usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    assert "access_handler" in output_of("nm", symbols)


def test_no_folder_of_this_machine_is_in_it(packages, tmp_path):
    """Else another machine would make other bytes, and the names of ours are nobody's business."""
    folders = [str(ROOT), os.environ.get("CARGO_HOME", f"{Path.home()}/.cargo"), os.environ.get("CARGO_TARGET_DIR", "target/debian")]
    found = [
        (path.relative_to(tmp_path), folder)
        for package in packages
        for path in unpacked(package, tmp_path).rglob("*")
        if path.is_file() and not path.is_symlink()
        for folder in folders
        if folder.encode() in path.read_bytes()
    ]
    assert found == []


def test_no_folder_is_in_what_sources_are_made_of(build):
    """Symbols hold a checksum of each source, the bindings to nginx among them."""
    header = (ROOT / ".cache/nginx-debian/objs/ngx_auto_config.h").read_text()
    assert "--builddir=objs " in header and str(ROOT) not in header


def test_packed_again_it_is_the_same(packages):
    """The objects are not built anew here: that is `scripts/package reproducible`, which takes minutes."""
    before = {path: path.read_bytes() for path in packages}
    assert made.__wrapped__("deb") == packages
    assert [path.name for path in packages if path.read_bytes() != before[path]] == []


def test_licences_come_with_it(packages, tmp_path):
    documents = unpacked(of(packages, NAME), tmp_path) / f"usr/share/doc/{NAME}"
    third_party = output_of("gzip", "--decompress", "--stdout", documents / "THIRD-PARTY.gz")
    assert re.search(r"^ngx [\d.]+: Apache-2.0", third_party, re.M) and re.search(r"^hyper [\d.]+: MIT", third_party, re.M)
    assert "Apache-2.0" in (documents / "copyright").read_text()
