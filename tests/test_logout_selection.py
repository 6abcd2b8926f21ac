"""Three sessions on two hosts with two SessionIndexes: each LogoutRequest ends exactly those it names."""

import itertools
import time

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import assert_all_workers, is_in, log_in

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        replicas 2;
        cache_valid 1s;
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
    }
    server {
        listen @ADDRESS@:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
SESSIONS = {"laptop": "_a", "phone": "_a", "tablet": "_b"}
CACHE_VALID = 1.0
REQUESTS = [(), ("_a",), ("_b",), ("_a", "_b"), ("_c",), ("_b", "_c"), ("_a", "_a")]


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


@pytest.fixture
def hosts(twins, memcacheds):
    nodes = " ".join(node.address for node in memcacheds(3))
    return twins(CONF, files={"session.key": "0123456789abcdef" * 4}, NODES=nodes)


def people(hosts, idp, name_id: str) -> dict[str, Browser]:
    """One person's three sessions, made at different hosts and used at both."""
    one, two = hosts
    made = {
        "laptop": log_in(one, idp, "_a", name_id=name_id),
        "phone": log_in(two, idp, "_a", name_id=name_id),
        "tablet": log_in(one, idp, "_b", name_id=name_id),
    }
    for host, browser in itertools.product(hosts, made.values()):
        assert_all_workers(host, browser, True, 6)
    return made


def meant(session_index: tuple[str, ...]) -> set[str]:
    return {name for name, index in SESSIONS.items() if not session_index or index in session_index}


@pytest.mark.parametrize("binding", ["soap", "redirect"])
@pytest.mark.parametrize("receiver", [0, 1])
def test_every_combination(hosts, idp, receiver, binding):
    here, there = hosts[receiver], hosts[1 - receiver]
    url = here.url("/saml/sls")
    bystander = log_in(here, idp, "_a", name_id="bystander")
    asked = []
    for n, session_index in enumerate(REQUESTS):
        name = f"person{n}"
        sessions = people(hosts, idp, name)
        client = Browser().towards(here)
        request = LogoutRequest(name_id=name, session_index=session_index)
        assert_success(send(idp, url, request, binding, client))
        done = time.monotonic()
        # Where it was received, on all workers and at once.
        for session, browser in sessions.items():
            inside = session not in meant(session_index)
            assert_all_workers(here, browser, inside, 8)
        asked.append((done, session_index, sessions))
    for done, session_index, sessions in asked:
        time.sleep(max(0.0, done + CACHE_VALID + 0.1 - time.monotonic()))
        for session, browser in sessions.items():
            inside = session not in meant(session_index)
            assert_all_workers(there, browser, inside, 8)
            assert is_in(here, browser) == inside, "still so"
    for host in hosts:
        assert is_in(host, bystander)
