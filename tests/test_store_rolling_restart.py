"""Both nodes are restarted, one after the other: sessions in use stay, and a logout still finds them."""

import time

import pytest

from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import is_in, log_in

CONF = """
worker_processes 1;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        replicas 2;
        memcached_timeout 500ms;
        cache_valid 0s;
        zone saml_sessions 16m;
        secret session.key;
    }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store shared;
        session_idle_timeout 10s;
    }
    server {
        listen @ADDRESS@:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "SOAP"))


@pytest.mark.slow
def test_both_nodes_restart(twins, memcacheds, idp):
    nodes = memcacheds(2)
    addresses = " ".join(node.address for node in nodes)
    hosts = twins(CONF, files={"session.key": "0123456789abcdef" * 4}, NODES=addresses)
    member = log_in(hosts[0], idp)
    for node in nodes:
        node.restart()
        # The session's copy comes back with a read, its SessionIndex state a while later.
        until = time.monotonic() + 14
        while time.monotonic() < until:
            assert is_in(hosts[0], member)
            time.sleep(0.5)
    assert_success(send(idp, hosts[1].url("/saml/sls"), LogoutRequest()))
    for host in hosts:
        assert not is_in(host, member)


def lose_sets(nodes) -> None:
    for node in nodes:
        for key in node.keys():
            if key.startswith(b"samli"):
                node.delete(key)


@pytest.mark.slow
@pytest.mark.parametrize("issued, logged_out", [(-2, 1), (-40, -30), (30, 40)])
def test_a_logout_while_the_index_was_lost(twins, memcacheds, idp, issued, logged_out):
    """The set that would have named the session is gone; the tombstone ends the session when that shows.

    By the IdP's clock, which may be behind or ahead.
    """
    nodes = memcacheds(2)
    addresses = " ".join(node.address for node in nodes)
    hosts = twins(CONF, files={"session.key": "0123456789abcdef" * 4}, NODES=addresses)
    member = log_in(hosts[0], idp, issue_instant=issued)
    lose_sets(nodes)
    logout = LogoutRequest(issue_instant=logged_out)
    assert_success(send(idp, hosts[1].url("/saml/sls"), logout))
    until = time.monotonic() + 30
    while is_in(hosts[0], member):
        assert time.monotonic() < until, "the session outlives its logout"
        time.sleep(0.5)


@pytest.mark.slow
def test_a_session_that_is_later_than_the_logout_stays(twins, memcacheds, idp):
    """The IdP's clock is ahead, so that the logout looks later than the session does here."""
    nodes = memcacheds(2)
    addresses = " ".join(node.address for node in nodes)
    hosts = twins(CONF, files={"session.key": "0123456789abcdef" * 4}, NODES=addresses)
    assert_success(send(idp, hosts[1].url("/saml/sls"), LogoutRequest(issue_instant=30)))
    member = log_in(hosts[0], idp, issue_instant=40)
    lose_sets(nodes)
    until = time.monotonic() + 25
    while time.monotonic() < until:
        assert is_in(hosts[0], member)
        time.sleep(0.5)


def test_a_node_that_slept_through_a_logout_is_told(twins, memcacheds, idp):
    """Then the node that remembered it may die, too."""
    asleep, awake = memcacheds(2)
    conf = CONF.replace("@NODES@", f"{asleep.address} {awake.address}")
    hosts = twins(conf, files={"session.key": "0123456789abcdef" * 4})
    member = log_in(hosts[0], idp)
    asleep.freeze()
    assert_success(send(idp, hosts[1].url("/saml/sls"), LogoutRequest()))
    asleep.thaw()
    until = time.monotonic() + 10
    while not all(value.startswith(b"E") for key, value in asleep.entries().items() if key.startswith(b"samls")):
        assert not is_in(hosts[0], member)
        assert time.monotonic() < until, "the node still has the living session"
        time.sleep(0.2)
    awake.restart()
    for _ in range(5):
        assert not is_in(hosts[0], member)
