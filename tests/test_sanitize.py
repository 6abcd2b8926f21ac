"""Under sanitizers the module and nginx stand what is thrown at them, and what is wrong is found.

`scripts/sanitize` does the same for as long as one likes. To build both with AddressSanitizer takes minutes, so that is
done here where it was done before, or by `scripts/test --sanitize`; valgrind takes what is there.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.nginx import ROOT
from harness.parallel import run_build
from harness.sanitize.hostile import known
from harness.sanitize.wrong import KINDS


@pytest.fixture(scope="module")
def sanitized():
    """The module, and its nginx."""
    if not Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "sanitized").exists():
        pytest.skip("not built: scripts/build sanitized, or scripts/test --sanitize")
    return run_build("sanitized")


def sanitize(sanitized, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "harness.sanitize", *sanitized, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_all_that_is_known_is_thrown():
    """What fuzzing has kept is among it."""
    [(_, seeds), *_] = known("http://127.0.0.1:1")
    thrown = {seed.octets for seed in seeds}
    kept = [path.read_bytes() for path in (ROOT / "fuzz/seeds/gate/kept").iterdir()]
    assert kept and all(octets in thrown for octets in kept)


@pytest.mark.slow
@pytest.mark.serial
def test_a_while_of_it_by_valgrind(build):
    """Slower, and seen less; nothing has to be built for it."""
    done = sanitize(build, "15", "--valgrind", "--memory", "unknown")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^POSTs +[\d,]{3,}$", done.stdout, re.M), done.stdout


@pytest.mark.slow
@pytest.mark.serial
def test_valgrind_finds_what_is_wrong(build):
    done = sanitize(build, "1", "--valgrind", "--wrong", "freed")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Invalid read" in done.stdout and "(wrong.rs:" in done.stdout, done.stdout


@pytest.mark.slow
@pytest.mark.serial
def test_a_while_of_it(sanitized):
    done = sanitize(sanitized, "25", "--second-verifier", "--memory", "unknown")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "TROUBLE" not in done.stdout and done.stdout.startswith("seed ")
    # For who asks what it was (pytest -rP).
    print(done.stdout)


@pytest.mark.slow
@pytest.mark.serial
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_is_found(sanitized, kind):
    done = sanitize(sanitized, "1", "--wrong", kind)
    assert done.returncode == 1, done.stdout + done.stderr
    assert KINDS[kind] in done.stdout, done.stdout + done.stderr
    assert "/harness/sanitize/wrong.rs:" in done.stdout or kind == "null"
