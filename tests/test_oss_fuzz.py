"""What OSS-Fuzz builds of the fuzz targets: all of them, each with its seeds and its dictionary."""

import os
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from harness.nginx import ROOT

FUZZ = ROOT / "fuzz"
PROJECT = "ngx_http_auth_saml_module"
TARGETS = [bin["name"] for bin in tomllib.loads((FUZZ / "Cargo.toml").read_text())["bin"]]

#: In cargo's place: a build takes minutes. It makes a program of each target that Cargo.toml has.
CARGO = """#!/bin/bash -eu
echo "$RUSTFLAGS|$*" > "$CALLED"
[ "$1 $2" = "fuzz build" ]
built=fuzz/target/x86_64-unknown-linux-gnu/release
mkdir -p "$built"
for target in $(sed -n 's/^path = "targets\\/\\(.*\\)\\.rs"/\\1/p' fuzz/Cargo.toml); do
    printf '#!/bin/sh\\n' > "$built/$target"
    chmod +x "$built/$target"
done
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """`$OUT` of OSS-Fuzz, and how cargo was called."""
    root = tmp_path_factory.mktemp("oss-fuzz")
    source, tools, out = root / "src" / PROJECT, root / "bin", root / "out"
    for folder in (source, tools, out):
        folder.mkdir(parents=True)
    for part in ("fuzz", "scripts"):
        (source / part).mkdir()
        for path in (ROOT / part).iterdir():
            # What it writes, it writes beside them.
            (source / part / path.name).symlink_to(path)
    (tools / "cargo").write_text(CARGO)
    (tools / "cargo").chmod(0o755)
    called = root / "called"
    script = FUZZ / "oss-fuzz" / "build.sh"
    environment = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "SRC": str(root / "src"),
        "OUT": str(out),
        "CALLED": str(called),
    }
    subprocess.run([script], env=environment, check=True, capture_output=True, text=True)
    return out, called.read_text()


def test_every_target_is_there_and_nothing_else(built):
    out, _ = built
    programs = {path.name for path in out.iterdir() if path.is_file() and not path.suffix}
    assert programs == set(TARGETS)
    assert {path.stem for path in (FUZZ / "targets").glob("*.rs")} == set(TARGETS)
    assert all(os.access(out / target, os.X_OK) for target in TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_has_its_seeds_and_its_dictionary(built, target):
    out, _ = built
    with ZipFile(out / f"{target}_seed_corpus.zip") as corpus:
        seeds = {corpus.read(name) for name in corpus.namelist()}
    line = next(line for line in listed() if line[0] == target)
    dictionary, folders = line[1], line[2:]
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert files and seeds == {path.read_bytes() for path in files}
    entries = (out / f"{target}.dict").read_text()
    assert entries == (ROOT / dictionary).read_text() and '"' in entries


def test_a_dictionary_is_one():
    """As libFuzzer reads it: a comment, or a text in quotes with \\\\, \\" and \\xHH alone."""
    for path in (FUZZ / "dictionaries").glob("*.dict"):
        for line in path.read_text().splitlines():
            entry = re.fullmatch(r'"((?:[ !#-\[\]-~]|\\[\\"]|\\x[0-9A-Fa-f]{2})+)"', line)
            assert entry or not line or line.startswith("#"), f"{path.name}: {line}"


def test_no_seed_and_no_dictionary_is_forgotten():
    used = {part for line in listed() for part in line[1:]}
    for folder in (FUZZ / "seeds").iterdir():
        # Some targets have nothing there but what was found, which lies one deeper.
        names = {str(folder.relative_to(ROOT)), str((folder / "kept").relative_to(ROOT))}
        assert folder.is_file() or names & used, folder
    for dictionary in (FUZZ / "dictionaries").iterdir():
        assert str(dictionary.relative_to(ROOT)) in used, dictionary


def test_it_is_built_as_oss_fuzz_wants_it(built):
    _, called = built
    flags, arguments = called.strip().split("|")
    assert "-rpath,$ORIGIN/lib" in flags
    assert arguments.startswith("fuzz build ") and "--debug-assertions" in arguments
    project = yaml.safe_load((FUZZ / "oss-fuzz" / "project.yaml").read_text())
    assert project["language"] == "rust" and project["fuzzing_engines"] == ["libfuzzer"]
    image = f"base-builder-rust:{project['base_os_version']}\n"
    dockerfile = (FUZZ / "oss-fuzz" / "Dockerfile").read_text()
    assert dockerfile.splitlines(keepends=True)[0].endswith(image)
    assert f"{project['main_repo']} {PROJECT}\n" in dockerfile


@cache
def listed() -> list[list[str]]:
    """Of each target: its name, its dictionary, the folders of its seeds."""
    command = [ROOT / "scripts" / "fuzz", "--list"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.split() for line in text.splitlines()]
