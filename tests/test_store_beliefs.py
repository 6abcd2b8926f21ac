"""Two workers that each hold another replica for down meet all the same, when a node can be reached."""

import pytest

from harness.crowd import CROWD_IDP, Crowd
from harness.partial_gate import PartialGate

CONF = """
worker_processes 1;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        replicas 2;
        memcached_timeout 1s;
        cache_valid 0s;
        zone @ZONE@;
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
    }
    server {
        listen @ADDRESS@:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}
ROUNDS = 4  # names, so that either node comes first for some


@pytest.fixture
def idp():
    return CROWD_IDP


@pytest.fixture
def gates(memcacheds):
    made = [PartialGate(node) for node in memcacheds(2)]
    yield made
    for gate in made:
        gate.close()


@pytest.fixture
def hosts(twins, gates):
    """Host one holds the first node for down, host two the second; both nodes can be reached."""
    addresses = " ".join(gate.address for gate in gates)
    hosts = twins(CONF, files=SECRET, NODES=addresses, ZONE="saml_sessions 16m")

    def believe() -> None:
        for host, gate in zip(hosts, gates):
            gate.refuse(host.workers())
            while not holds_for_down(host, gate):
                Crowd(host).status("saml_session=" + "A" * 43)
            gate.admit()

    return hosts, believe


def holds_for_down(host, gate) -> bool:
    told = host.error_log()
    return told.count(f"{gate.address} is down") > told.count(f"{gate.address} is up again")


def test_one_assertion_enters_once(hosts, idp):
    hosts, believe = hosts
    for n in range(ROUNDS):
        form = Crowd(hosts[0]).login_form(f"person{n}", "_1")
        believe()
        statuses = [Crowd(host).post_login(form)[0] for host in hosts]
        assert sorted(statuses)[0] == 303 and sorted(statuses)[1] >= 400, statuses


def test_a_logout_at_one_ends_the_session_at_the_other(hosts, idp):
    hosts, believe = hosts
    one, two = map(Crowd, hosts)
    for n in range(ROUNDS):
        cookie = one.enter(f"person{n}", "_1")
        assert two.status(cookie) == 200
        believe()
        assert one.post_logout(one.logout_form(f"person{n}"))[0] == 200
        assert two.status(cookie) == 302


def test_a_logout_at_one_refuses_late_assertions_at_the_other(hosts, idp):
    hosts, believe = hosts
    one, two = map(Crowd, hosts)
    for n in range(ROUNDS):
        late = two.login_form(f"person{n}", "_1")
        believe()
        assert one.post_logout(one.logout_form(f"person{n}"))[0] == 200
        status, cookie, _ = two.post_login(late)
        assert status >= 400 and not cookie


def test_the_same_logout_twice_ends_no_later_session(hosts, idp):
    hosts, believe = hosts
    one, two = map(Crowd, hosts)
    for n in range(ROUNDS):
        believe()
        logout = one.logout_form(f"person{n}")
        assert one.post_logout(logout)[0] == 200
        status, cookie, text = two.post_login(two.login_form(f"person{n}", "_2", issued=2))
        assert status == 303, text
        believe()
        assert two.post_logout(logout)[0] == 200
        assert two.status(cookie) == 200
