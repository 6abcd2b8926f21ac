"""The common site by a clock that a test steps, with each of the stores: shared memory alone, and memcached."""

from dataclasses import dataclass

import pytest

from harness.browser import Browser
from harness.fake_clock import FakeClock, wait_for_rest
from harness.idp import Idp
from harness.members import PAGE, assert_all_workers
from harness.memcached import Memcached
from harness.nginx import Nginx
from harness.response import Answer
from harness.site import site

STORE = """
saml_session_store clocked {
    zone saml_sessions 16m;
    secret session.key;
    @MEMCACHED@
}
"""
FILES = {"session.key": "0123456789abcdef" * 4}


@dataclass
class Clocked:
    """A host, the clock that it goes by, and its store's nodes."""

    server: Nginx
    clock: FakeClock
    nodes: list[Memcached]

    def log_in(self, idp: Idp, **answer) -> Browser:
        """A newcomer, by an IdP whose clock shows the same; `answer` are fields of `Answer`, as seen from then."""
        browser = Browser().towards(self.server)
        page = idp.login(browser, self.server.url(PAGE), self.clock.said(Answer(**answer)))
        assert page.status == 303, f"{page.status}: {page.text}"
        assert_all_workers(self.server, browser, True, times=4)
        return browser


def conf(idp: str = "", sp: str = "", **more: str) -> str:
    sp = f"session_store clocked;\n{sp}"
    whole = site(main="worker_processes 2;", http=STORE, idp=idp, sp=sp, listen="reuseport", **more)
    return whole.replace("listen 127.0.0.1:", "listen @ADDRESS@:")


@pytest.fixture
def hosting(prepared):
    """Starts hosts: `hosting(nodes, clock, idp="…", sp="…")`; at the end workers must be idle, and logs clean."""
    made = []

    def start(nodes: list[Memcached], clock: FakeClock, files=(), values=(), **blocks: str) -> Clocked:
        memcached = f"memcached {nodes[0].address}; cache_valid 0s; memcached_timeout 5s;" if nodes else ""
        server = prepared(conf(**blocks), {**FILES, **dict(files)}, MEMCACHED=memcached, **dict(values))
        made.append(Clocked(clock.start(server), clock, nodes))
        return made[-1]

    yield start
    for host in made:
        wait_for_rest(host.server)
        host.server.finish()


@pytest.fixture
def clocks(scratch):
    """Makes clocks: `clocks(passes=True)`."""
    made = []

    def make(passes: bool = False) -> FakeClock:
        made.append(FakeClock(scratch / f"clock-{len(made)}", passes))
        return made[-1]

    return make


@pytest.fixture(params=["zone", "memcached"])
def clocked(request, hosting, memcacheds, clocks):
    """Starts a host with a clock, which its memcached goes by too: `clocked(idp="…", sp="…", passes=True)`."""

    def start(passes: bool = False, files=(), **blocks: str) -> Clocked:
        clock = clocks(passes)
        with clock.worn():
            nodes = memcacheds() if request.param == "memcached" else []
        clock.followed_by(*nodes)
        return hosting(nodes, clock, files, **blocks)

    return start


@pytest.fixture
def clocked_twins(hosting, memcacheds, clocks):
    """Starts two hosts of one site, each with a clock: `clocked_twins(sp="…")`; and a third one, memcached's."""

    def start(**blocks: str) -> tuple[Clocked, Clocked, FakeClock]:
        durations = clocks(passes=True)
        with durations.worn():
            nodes = memcacheds()
        durations.followed_by(*nodes)
        one = hosting(nodes, clocks(), **blocks)
        there = {"ADDRESS": "127.0.0.2", "PORT": str(one.server.port)}
        return one, hosting(nodes, clocks(), values=there, **blocks), durations

    return start
