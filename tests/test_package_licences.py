"""No crate of others comes in by a licence that deny.toml does not allow; packages list all that are linked."""

import subprocess
import sys
import tomllib

import pytest

from harness.nginx import ROOT

sys.path.insert(0, str(ROOT / "packaging"))
import third_party  # noqa: E402

ALLOWED = tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"]


def crate(name: str, licence: str | None) -> dict:
    return {"name": name, "version": "1.0.0", "license": licence}


def test_all_are_allowed_and_listed():
    done = subprocess.run([ROOT / "scripts/package", "third-party"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for linked in ("hyper", "ngx", "openssl", "xmlsec"):  # by the second object: xmlsec
        assert any(line.startswith(f"{linked} ") for line in lines), linked
    assert not any(line.startswith("bindgen ") for line in lines)  # builds, and is in no object


def test_every_text_there_is_comes_along():
    without = [
        package["name"]
        for package in third_party.linked(third_party.metadata())
        if not third_party.licence_texts(third_party.Path(package["manifest_path"]).parent)
    ]
    # Their archives have none; Cargo.toml says MIT.
    assert set(without) <= {"base64-simd", "vsimd"}


@pytest.mark.parametrize(
    "licence", ["GPL-3.0-only", "MIT AND GPL-2.0-only", "(MIT OR ISC) AND AGPL-3.0-only", "Apache-2.0 WITH LLVM-exception", "", None]
)
def test_others_are_refused(licence):
    with pytest.raises(third_party.Mistake, match="odd 1.0.0: deny.toml does not allow"):
        third_party.refuse_others([crate("good", "MIT"), crate("odd", licence)], ALLOWED)


@pytest.mark.parametrize("licence", ["MIT", "MIT/GPL-3.0-only", "GPL-3.0-only OR (MIT AND ISC)", "Unicode-3.0 AND (MIT OR Apache-2.0)"])
def test_one_way_is_enough(licence):
    third_party.refuse_others([crate("good", licence)], ALLOWED)


@pytest.mark.parametrize("licence", ["MIT OR", "(MIT", "MIT ISC", "MIT) OR ISC", "OR MIT"])
def test_what_is_no_expression_is_refused(licence):
    with pytest.raises(third_party.Mistake):
        third_party.refuse_others([crate("odd", licence)], ALLOWED)
