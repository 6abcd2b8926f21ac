"""Several tests at a time (pytest-xdist): what they share, and who gets the machine alone."""

import contextlib
import fcntl
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from harness.nginx import ROOT

BUILD, TURNS = pytest.StashKey(), pytest.StashKey()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Here, before each worker starts: all get one build, and one place to take turns at."""
    config = node.config
    node.workerinput["build"] = build_once(config)
    if TURNS not in config.stash:
        config.stash[TURNS] = tempfile.mkdtemp(prefix="auth-saml-turns-")
    node.workerinput["turns"] = config.stash[TURNS]


def pytest_unconfigure(config):
    if TURNS in config.stash:
        shutil.rmtree(config.stash[TURNS], ignore_errors=True)


@pytest.fixture(scope="session")
def build(request) -> tuple[str, str]:
    """The module and the nginx binary it fits."""
    given = getattr(request.config, "workerinput", {})
    return given["build"] if given else build_once(request.config)


def build_once(config) -> tuple[str, str]:
    if BUILD not in config.stash:
        config.stash[BUILD] = run_build(config.getoption("--nginx"))
    return config.stash[BUILD]


def run_build(flavour: str) -> tuple[str, str]:
    done = subprocess.run(
        [ROOT / "scripts/build", flavour], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        pytest.exit(f"scripts/build {flavour} failed", done.returncode)
    module, binary = done.stdout.splitlines()[-1].split(" ")
    return module, binary


def is_serial(item) -> bool:
    return item.get_closest_marker("serial") is not None


def pytest_collection_modifyitems(items):
    """The serial tests last, so that nobody waits for them but each other."""
    items.sort(key=is_serial)


class ByTest(LoadScopeScheduling):
    """Who is free takes the next test; one worker has all those with Keycloak, which starts once, one all
    those of packages, which are made once."""

    def _split_scope(self, nodeid: str) -> str:
        # By name: xdist 3.8 writes its groups where pytest 9.2 does not look any more.
        groups = ("test_keycloak_", "test_package_")
        return next((group for group in groups if nodeid.startswith(group)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByTest(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    turns = getattr(item.config, "workerinput", {}).get("turns")
    with turn(Path(turns), alone=is_serial(item)) if turns else contextlib.nullcontext():
        return (yield)


@contextlib.contextmanager
def turn(directory: Path, alone: bool):
    """In the room with all others who share it, or alone. Who waits to be alone holds the door."""
    with open(directory / "door", "w") as door, open(directory / "room", "w") as room:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield
