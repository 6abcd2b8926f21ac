"""No kind of request takes more instructions of the CPU than `scripts/budget.txt` allows."""

import os
import shutil
from pathlib import Path

import pytest

from harness.instructions import TOLERATED, budgets, count

pytestmark = pytest.mark.slow

WHERE = """\
Where they go: scripts/instructions --worker --keep FOLDER, then callgrind_annotate --inclusive=yes on the
files of that row. A change that is worth it raises its line of scripts/budget.txt; one that saves, lowers it."""


@pytest.fixture
def as_built_for_users(build, request):
    """Module and nginx, where the figures of the budget hold."""
    if request.config.getoption("--nginx") != "debian":
        pytest.skip("the budget is for Debian's nginx")
    if any(name.startswith("CARGO_PROFILE_RELEASE_") for name in os.environ):
        pytest.skip("the module is not built as users get it")
    if not shutil.which("valgrind") or "avx2" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("valgrind, or a CPU with AVX2, is not here")
    return build


def test_no_kind_of_request_takes_more_than_its_budget(as_built_for_users):
    counted = {one.name: one.added for one in count(*as_built_for_users) if one.name in budgets()}
    assert counted.keys() == budgets().keys()
    over = [
        f"{name}: {counted[name]:,} instructions, the budget is {budget:,}"
        for name, budget in budgets().items()
        if counted[name] > budget * (1 + TOLERATED)
    ]
    assert not over, "\n".join([*over, WHERE])
