"""A memcached that was started with -C: recognised, said once with the remedy, down until it is not."""

import threading

import pytest

from harness.browser import Browser
from harness.members import PAGE, is_in, log_in
from harness.memcached import Memcached
from harness.response import Answer

CONF = """
worker_processes 1;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        @REPLICAS@
        cache_valid 0s;
        zone saml_sessions 16m;
        secret session.key;
    }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        session_store shared;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}
LINE = "is down: it runs without compare-and-swap"


@pytest.fixture
def without_cas():
    node = Memcached(options=["-C"]).start()
    yield node
    node.kill()


def lines(server) -> list[str]:
    return [line for line in server.error_log().splitlines() if LINE in line]


def test_it_counts_as_down_until_it_is_started_otherwise(nginx, idp, without_cas):
    server = nginx(CONF, files=SECRET, NODES=without_cas.address, REPLICAS="")
    server.expected = LINE
    log_in(server, idp, "_1")
    pages = []

    def enter(n):
        pages.append(idp.login(Browser(), server.url(PAGE), Answer(session_index=f"_more{n}")))

    threads = [threading.Thread(target=enter, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {page.status for page in pages} == {503}
    assert all("store_unavailable" in page.text for page in pages)
    (line,) = lines(server)
    assert "[crit]" in line and without_cas.address in line and "-C (--disable-cas)" in line
    assert "changes all the time" not in server.error_log()
    # Started again as before, it still has none; probes see that, and nobody says it again.
    without_cas.restart()
    server.wait_for(lambda: without_cas.keys(), "a probe that asks")
    assert idp.login(Browser(), server.url(PAGE)).status == 503
    without_cas.options = []
    without_cas.restart()
    server.wait_for(lambda: "is up again" in server.error_log(), "its return")
    assert is_in(server, log_in(server, idp, "_2")) and is_in(server, log_in(server, idp, "_3"))
    assert len(lines(server)) == 1


def test_another_replica_takes_over(nginx, idp, memcacheds, without_cas):
    (good,) = memcacheds(1)
    nodes = f"{good.address} {without_cas.address}"
    server = nginx(CONF, files=SECRET, NODES=nodes, REPLICAS="replicas 2;")
    server.expected = LINE
    members = [log_in(server, idp, f"_{n}") for n in range(8)]
    assert all(is_in(server, member) for member in members)
    assert len(lines(server)) == 1


def test_one_with_cas_is_never_taken_for_it(nginx, idp, memcacheds):
    server = nginx(CONF, files=SECRET, NODES=memcacheds()[0].address, REPLICAS="")
    members = [log_in(server, idp, f"_{n}") for n in range(8)]
    assert all(is_in(server, member) for member in members)
    assert "is down" not in server.error_log()
