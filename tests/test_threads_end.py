"""A worker waits for its threads when it ends: what libcrypto has for each is freed before libcrypto itself is.

A preloaded object makes that take long, and tells of it; who does not wait is seen each time.
"""

import os
import signal
from pathlib import Path

import pytest

from harness import preload
from harness.browser import Browser
from harness.idp import Idp
from harness.message import NS
from harness.nginx import ROOT
from harness.site import site

POOL = site(
    main="thread_pool saml threads=3;",
    http="saml_crypto_threads saml;",
    idp="sign_requests on;",
)
FILE = site(idp="entity_id https://idp.example.org/metadata; metadata_refresh 1s;")
SIGNALS = [signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(scope="module")
def slow_end(session_scratch) -> Path:
    return preload.made_of(ROOT / "tests/harness/slow_end.rs", session_scratch)


@pytest.fixture
def slow(prepared, slow_end):
    """Starts a server whose threads end slowly."""
    started = []

    def start(conf: str):
        server = prepared(conf)
        server.environment = {**os.environ, "LD_PRELOAD": str(slow_end)}
        started.append(server.start())
        return server

    yield start
    for server in started:
        server.finish()


def told(server) -> tuple[int, int]:
    """How many threads began to end, and how many have ended: nginx's stderr is its log."""
    lines = server.error_log()
    return lines.count("thread begins to end"), lines.count("thread has ended")


def end_worker(server, how: signal.Signals) -> None:
    if how == signal.SIGHUP:
        return server.reload()
    server.stop(how=how)
    server.assert_no_trouble()
    server.process = None


@pytest.mark.parametrize("how", SIGNALS)
def test_those_of_the_pool(slow, how):
    server = slow(POOL)
    for _ in range(12):
        assert Browser().get(server.url("/page.html")).status == 302
    end_worker(server, how)
    begun, ended = told(server)
    assert begun == ended >= 1


@pytest.mark.parametrize("how", SIGNALS)
def test_one_that_reads_metadata(slow, idp, how):
    """So much that it is at work when the worker ends."""
    server = slow(FILE)
    [worker] = server.workers()
    others = (Idp(f"https://idp{n}.example.net").metadata() for n in range(3000))
    many = "".join(others) + idp.metadata()
    document = f'<md:EntitiesDescriptor xmlns:md="{NS["md"]}">{many}</md:EntitiesDescriptor>'
    server.write("fresh.xml", document).rename(server.directory / "idp.xml")
    server.wait_for(lambda: len(list(Path(f"/proc/{worker}/task").iterdir())) > 1, "the thread")
    end_worker(server, how)
    begun, ended = told(server)
    assert begun == ended >= 1
