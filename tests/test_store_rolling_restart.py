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
