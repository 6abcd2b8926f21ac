"""Subrequests wait for memcached, too, and run once."""

import pytest

from harness.browser import Browser
from harness.wire import ask, cookie_header

CONF = """
worker_processes 1;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
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
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; }
        location /ssi { ssi on; }
        @GUARD@
    }
}
"""
GUARD = "location /by-guard { auth_request /page.html; alias html/ssi/; }"
INCLUDE = '<!--# include virtual="/page.html" -->'
WAITING = '<!--# include virtual="/page.html" wait="yes" -->'
FILES = {
    "session.key": "0123456789abcdef" * 4,
    "html/ssi/waits.html": f"before {WAITING} after\n",
    "html/ssi/twice.html": f"before {INCLUDE}{INCLUDE} after\n",
}


@pytest.fixture
def node(memcacheds):
    (node,) = memcacheds(1)
    return node.address


@pytest.mark.smoke
@pytest.mark.parametrize("page", ["waits.html", "twice.html"])
def test_an_include_of_a_members_page(nginx, node, idp, page):
    server = nginx(CONF, files=FILES, NODES=node, GUARD="")
    browser = Browser()
    assert idp.login(browser, server.url("/page.html")).status == 303
    for _ in range(3):
        answer = ask(server, f"/ssi/{page}", cookie_header(browser))
        assert answer.status == 200
        assert answer.text.startswith("before ") and answer.text.rstrip().endswith("after")
        assert "protected" in answer.text or len(answer.text) > len("before  after\n")
    stranger = ask(server, f"/ssi/{page}", ("Cookie", "saml_session=" + "A" * 43))
    assert stranger.status == 200 and "protected" not in stranger.text


def test_a_guard(nginx, node, idp):
    server = nginx(CONF, files=FILES, NODES=node, GUARD=GUARD)
    browser = Browser()
    assert idp.login(browser, server.url("/page.html")).status == 303
    for _ in range(3):
        assert ask(server, "/by-guard/waits.html", cookie_header(browser)).status == 200
    stranger = ("Cookie", "saml_session=" + "A" * 43)
    assert ask(server, "/by-guard/waits.html", stranger).status == 401


def test_an_include_of_endpoints(nginx, node, idp):
    """Nobody's logout comes to nothing, twice: each include waits for its own."""
    logout = '<!--# include virtual="/saml/logout" -->'
    files = FILES | {"html/ssi/logouts.html": f"before {logout}{logout} after\n"}
    server = nginx(CONF, files=files, NODES=node, GUARD="")
    browser = Browser()
    assert idp.login(browser, server.url("/page.html")).status == 303
    answer = ask(server, "/ssi/logouts.html", cookie_header(browser))
    assert answer.status == 200
    assert answer.text.startswith("before ") and answer.text.rstrip().endswith("after")
