"""memcached counts seconds by a clock of its own: a claim must not end before its assertion does."""

import time

import pytest

from harness.crowd import CROWD_IDP, Crowd

CONF = """
worker_processes 1;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        secret session.key;
    }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; clock_skew 0s; max_assertion_age 3s; }
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


@pytest.fixture
def idp():
    return CROWD_IDP


@pytest.fixture
def nodes(memcacheds):
    """Their seconds begin at different times."""
    nodes = []
    for quarter in range(4):
        time.sleep((quarter / 4 - time.time()) % 1)
        nodes += memcacheds(1)
    return nodes


def test_no_assertion_enters_again_in_its_last_second(twins, nodes):
    addresses = " ".join(node.address for node in nodes)
    host, _ = twins(CONF, files={"session.key": "0123456789abcdef" * 4}, NODES=addresses)
    crowd = Crowd(host)
    for _ in range(3):
        young = [crowd.login_form(f"person{n}", "_1") for n in range(8)]
        assert {crowd.post_login(form)[0] for form in young} == {303}
        while young:
            answers = [(form, *crowd.post_login(form)) for form in young]
            assert all(status >= 400 and not cookie for _, status, cookie, _ in answers)
            young = [form for form, _, _, text in answers if "assertion_too_old" not in text]
