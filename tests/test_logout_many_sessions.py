"""Ten thousand sessions of one person: one LogoutRequest ends them all, with bounded work.

Fewer in memcached, where each login of that person writes the whole list of sessions anew.
"""

import random
import time

import pytest

from harness.crowd import CROWD_IDP, Crowd
from harness.gate import Gate

CONF = """
worker_processes 2;
events {}
http {
    keepalive_requests 1000000;
    @STORE@
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store sessions;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; access_log off; root html; }
    }
}
"""
ZONE = "saml_session_store sessions { zone saml_sessions 64m; }"
MEMCACHED = """
    saml_session_store sessions {
        memcached @NODES@;
        zone saml_sessions 64m;
        cache_valid 1s;
        secret session.key;
    }
"""
SESSIONS = 10_000
IN_MEMCACHED = 3_000
SECRET = {"session.key": "0123456789abcdef" * 4}


@pytest.fixture
def idp():
    return CROWD_IDP


def memory(server) -> int:
    """Private memory of the workers, KiB."""
    return sum(
        int(line.split()[1])
        for worker in server.workers()
        for line in open(f"/proc/{worker}/smaps_rollup")
        if line.startswith("Private_Dirty:")
    )


def fill(crowd: Crowd, count: int) -> list[str]:
    return [crowd.enter("alice", f"_{n}") for n in range(count)]


def log_out(crowd: Crowd, *session_index: str) -> float:
    """Seconds it took."""
    begun = time.monotonic()
    status, _, text = crowd.post_logout(crowd.logout_form("alice", *session_index))
    assert status == 200 and "SAMLResponse" in text, f"{status}: {text}"
    return time.monotonic() - begun


@pytest.mark.slow
def test_in_the_zone(nginx):
    server = nginx(CONF, STORE=ZONE)
    crowd = Crowd(server)
    cookies = fill(crowd, SESSIONS)
    bystander = crowd.enter("bob", "_1")
    before = memory(server)
    took = log_out(crowd)
    assert took < 10, f"{took:.1f} s"
    assert {crowd.status(cookie) for cookie in cookies} == {302}
    assert crowd.status(bystander) == 200
    assert memory(server) - before < 16_384, "and no worker keeps what it needed for that"
    print(f"{SESSIONS} sessions of one NameID, zone: {took * 1000:.0f} ms")


@pytest.mark.slow
def test_in_memcached(nginx, memcacheds):
    (node,) = memcacheds()
    gate = Gate(node)
    server = nginx(CONF.replace("@STORE@", MEMCACHED), files=SECRET, NODES=gate.address)
    crowd = Crowd(server)
    cookies = fill(crowd, IN_MEMCACHED)
    assert {crowd.status(cookie) for cookie in random.sample(cookies, 200)} == {200}
    gate.commands.clear()
    took = log_out(crowd)
    commands = len(gate.commands)
    assert took < 10, f"{took:.1f} s"
    assert commands <= IN_MEMCACHED * 2 + 200, "a bounded number of commands per session"
    time.sleep(1.1)
    assert {crowd.status(cookie) for cookie in cookies} == {302}
    print(
        f"{IN_MEMCACHED} sessions of one NameID, memcached: {took * 1000:.0f} ms, {commands} commands"
    )
    gate.close()


@pytest.mark.slow
def test_one_of_them(nginx):
    """The work is that of one session, and the others stay."""
    server = nginx(CONF, STORE=ZONE)
    crowd = Crowd(server)
    cookies = fill(crowd, 2_000)
    log_out(crowd, "_77")
    assert crowd.status(cookies.pop(77)) == 302
    assert {crowd.status(cookie) for cookie in cookies} == {200}
