"""The time of day is set back during an outage: no session goes on for longer than `stale`."""

import time

import pytest

from harness.fake_clock import FakeClock
from harness.members import PAGE, log_in
from harness.response import Attribute

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        memcached_timeout 300ms;
        cache_valid @CACHE_VALID@;
        stale 3s;
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


def statuses(server, member, times: int = 12) -> set[int]:
    """By connections of their own, so that both workers are asked."""
    close = {"Connection": "close"}
    return {member.get(server.url(PAGE), headers=close).status for _ in range(times)}


@pytest.fixture
def serve(prepared, scratch, memcacheds):
    def start(cache_valid: str):
        clock = FakeClock(scratch / f"clock-{len(started)}")
        node = memcacheds()[0]
        server = prepared(CONF, SECRET, NODES=node.address, CACHE_VALID=cache_valid)
        started.append(clock.start(server))
        return server, clock, node

    started = []
    yield start
    for server in started:
        server.finish()


def test_stale(serve, idp):
    server, clock, node = serve("0s")
    member = log_in(server, idp)
    assert statuses(server, member) == {200}
    node.kill()
    assert statuses(server, member) == {200}
    clock.set(-600)
    time.sleep(4)
    assert statuses(server, member) == {503}
    clock.set(0)
    assert statuses(server, member) == {503}


def test_cache_valid(serve, idp):
    """A session that memcached has lost is not admitted for the sake of what the zone remembers.

    It is so large that workers keep none of it decoded.
    """
    server, clock, node = serve("1s")
    member = log_in(server, idp, attributes=[Attribute("large", ["x" * 10_000])])
    assert statuses(server, member) == {200}
    node.clear()
    clock.set(-600)
    time.sleep(1.5)
    assert statuses(server, member) == {302}
