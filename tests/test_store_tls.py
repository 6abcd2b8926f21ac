"""memcached over TLS: the node shows who it is, and nothing else will do."""

import pytest

from harness.browser import Browser
from harness.crowd import CROWD_IDP
from harness.keys import rsa_credential
from harness.members import PAGE, is_in, log_in
from harness.memcached import Memcached, tls_file

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store shared {
        memcached @NODE@ tls;
        memcached_ssl_trusted_certificate trusted.crt;
        memcached_ssl_name @NAME@;
        memcached_timeout 1s;
        cache_valid 0s;
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
NODE = rsa_credential("memcached")


@pytest.fixture
def idp():
    return CROWD_IDP


@pytest.fixture
def node(scratch):
    node = Memcached(tls=tls_file(scratch, NODE)).start()
    yield node
    node.kill()


def serve(nginx, address: str, trusted=NODE, name: str = "localhost"):
    files = {"session.key": "0123456789abcdef" * 4, "trusted.crt": trusted.certificate_pem}
    return nginx(CONF, files=files, NODE=address, NAME=name)


def test_sessions(nginx, node, idp):
    server = serve(nginx, node.address)
    members = [log_in(server, idp, f"_{n}") for n in range(5)]
    assert node.keys()
    server.reload()
    assert all(is_in(server, member) for member in members)
    node.restart()
    server.wait_for(lambda: status(server, members[0]) == 302, "a miss", 8)


def status(server, browser) -> int:
    return browser.get(server.url(PAGE)).status


def refused(server, idp) -> None:
    server.expected = "certificate verify failed"
    browser = Browser()
    page = idp.login(browser, server.url(PAGE))
    assert page.status == 503, f"{page.status} {page.text}"
    assert "saml_session=" not in " ".join(page.set_cookie)


def test_a_stranger_in_its_place(nginx, node, idp):
    refused(serve(nginx, node.address, trusted=rsa_credential("another")), idp)
    assert node.keys() == []


def test_another_name(nginx, node, idp):
    refused(serve(nginx, node.address, name="elsewhere.example.org"), idp)
    assert node.keys() == []


def test_a_node_without_tls(nginx, memcacheds, idp):
    (plain,) = memcacheds()
    refused(serve(nginx, plain.address), idp)
    assert plain.keys() == []
