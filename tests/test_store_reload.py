"""Reload every second under load, with memcached: no request fails, no session is lost."""

import threading
import time

import pytest

from harness.browser import Browser
from harness.crowd import CROWD_IDP
from harness.members import PAGE, is_in, log_in

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        replicas 2;
        cache_valid @CACHE_VALID@;
        zone saml_sessions 16m;
        secret session.key;
    }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
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


@pytest.fixture
def idp():
    return CROWD_IDP


@pytest.mark.slow
@pytest.mark.parametrize("cache_valid, seconds", [("0s", 15), ("1s", 8)])
def test_under_load(nginx, memcacheds, idp, cache_valid, seconds):
    nodes = " ".join(node.address for node in memcacheds(2))
    server = nginx(CONF, files=SECRET, NODES=nodes, CACHE_VALID=cache_valid)
    stop = threading.Event()
    failures, counts, members = [], {"page": 0, "login": 0}, []

    def read():
        browser = log_in(server, idp)
        members.append(browser)
        while not stop.is_set():
            # A connection of its own: what a keep-alive client must retry is not ours to test.
            page = browser.get(server.url(PAGE), headers={"Connection": "close"})
            counts["page"] += 1
            if page.status != 200:
                failures.append(("page", page.status))

    def login():
        while not stop.is_set():
            browser = Browser()
            browser.session.headers["Connection"] = "close"
            page = idp.login(browser, server.url(PAGE))
            counts["login"] += 1
            members.append(browser)
            if page.status != 303 or browser.get(page.location).status != 200:
                failures.append(("login", page.status, page.text))

    def guarded(work):
        try:
            work()
        except Exception as error:  # a broken connection is what this test looks for
            failures.append(repr(error))

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (read, read, login)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        server.reload()
        time.sleep(max(0.0, 1 - (time.monotonic() - begun)))
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[:5]
    assert counts["page"] > 50 * seconds and counts["login"] > seconds, counts
    assert all(is_in(server, member) for member in members), "no session is lost"


def test_nodes_change_at_a_reload(nginx, memcacheds, idp):
    """The zone remembers: moved to other nodes, the members of this host notice nothing."""
    old, new = memcacheds(2)
    server = nginx(
        CONF.replace("replicas 2;", ""), files=SECRET, NODES=old.address, CACHE_VALID="60s"
    )
    member = log_in(server, idp)
    assert is_in(server, member)
    server.values["NODES"] = new.address
    server.configure(CONF.replace("replicas 2;", ""))
    server.reload()
    other = log_in(server, idp, "_2")
    assert is_in(server, other)
    assert new.keys()
