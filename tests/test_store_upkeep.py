"""A session's idle timeout moves in memcached when it is due, whichever workers its requests meet, and not once for
each of them."""

import time

import pytest

from harness.crowd import CROWD_IDP, Crowd
from harness.wire import ask

CONF = """
worker_processes 4;
events { accept_mutex off; }
http {
    saml_session_store shared {
        memcached @NODE@;
        cache_valid 0s;
        zone saml_sessions 16m;
        secret session.key;
    }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store shared;
        session_idle_timeout @IDLE@;
    }
    server {
        # A queue for each worker, so that the kernel spreads connections over all of them.
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; add_header X-Worker $pid; }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}


@pytest.fixture
def idp():
    return CROWD_IDP


@pytest.fixture
def node(memcacheds):
    (node,) = memcacheds(1)
    return node


def visit(server, cookie: str):
    """By a connection of its own, which any worker may get."""
    return ask(server, "/page.html", ("Cookie", cookie), ("Connection", "close"))


def touches(node) -> int:
    time.sleep(0.1)  # what nobody waits for is under way
    return node.stats()["cmd_touch"]


def test_a_session_in_use_is_not_touched_by_each_worker(nginx, node):
    server = nginx(CONF, files=SECRET, NODE=node.address, IDLE="1h")
    cookie = Crowd(server).enter("alice", "_1")
    before, workers = touches(node), set()
    for _ in range(60):
        answer = visit(server, cookie)
        assert answer.status == 200
        workers.add(answer.headers["X-Worker"])
    assert len(workers) > 1
    assert touches(node) == before


def test_it_lives_as_long_as_it_is_used_and_no_longer(nginx, node):
    server = nginx(CONF, files=SECRET, NODE=node.address, IDLE="4s")
    cookie = Crowd(server).enter("alice", "_1")
    before, began = touches(node), time.monotonic()
    while time.monotonic() - began < 9:
        assert visit(server, cookie).status == 200
        time.sleep(0.1)
    # About one a second keeps it; two workers may meet at one.
    assert 2 <= touches(node) - before <= 2 * 9
    time.sleep(6)
    assert visit(server, cookie).status == 401
