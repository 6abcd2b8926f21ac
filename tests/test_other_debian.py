"""In another Debian than this machine's, as `--debian trixie` names it: the module builds with its libraries, and the smoke
tests pass with its nginx. What can be installed there is in test_package_debian.py."""

import re

import pytest

from harness.debian_root import Unavailable
from harness.other_debian import OtherDebian

pytestmark = pytest.mark.slow


@pytest.fixture
def other(session_scratch, request):
    release = request.config.getoption("--debian")
    if release is None:
        pytest.skip("takes half an hour: --debian CODENAME")
    try:
        made = OtherDebian(session_scratch / "debian", release)
    except Unavailable as reason:
        pytest.skip(str(reason))
    yield made
    made.end()


def test_the_smoke_tests(other):
    said = other.smoke()
    print(said)
    assert re.search(r"^\d{3} passed", said.splitlines()[-1]), "nothing failed, and most could be tried"
