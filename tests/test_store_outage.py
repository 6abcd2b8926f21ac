"""memcached dies, hangs, comes back: members known here go on, others get 503, nobody loops."""

import socket
import threading
import time

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.members import PAGE, is_in, log_in

CONF = """
worker_processes 1;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        memcached_timeout 300ms;
        cache_valid @CACHE_VALID@;
        stale @STALE@;
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
        listen @ADDRESS@:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location /open { alias html; }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}
STOPS = {"killed": lambda node: node.kill(), "frozen": lambda node: node.freeze()}
STARTS = {"killed": lambda node: node.start(), "frozen": lambda node: node.thaw()}
SLOWLY = 2.5  # seconds within which a node that came back must be used again


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect",))


@pytest.fixture
def node(memcacheds):
    return memcacheds()[0]


@pytest.fixture
def hosts(twins, node):
    def start(stale: str = "60s", cache_valid: str = "0s"):
        values = {"NODES": node.address, "STALE": stale, "CACHE_VALID": cache_valid}
        return twins(CONF, files=SECRET, **values)

    return start


def status(host, browser) -> int:
    return browser.towards(host).get(host.url(PAGE)).status


def assert_503(host, browser) -> None:
    """The store is asked for a session and cannot be: no login redirect, it would loop."""
    page = browser.towards(host).get(host.url(PAGE))
    assert page.status == 503, f"{page.status} {page.location}"
    assert int(page.headers["Retry-After"]) > 0
    assert page.location is None
    assert "store_unavailable" in page.text


@pytest.mark.parametrize("how", STOPS)
def test_policies(hosts, node, idp, how):
    one, two = hosts()
    known, unknown = log_in(one, idp), log_in(two, idp, "_2")
    assert status(one, known) == 200
    STOPS[how](node)
    for _ in range(5):
        assert status(one, known) == 200, "seen here a moment ago"
        assert_503(one, unknown)
        begun = time.monotonic()
        assert Browser().towards(one).get(one.url(PAGE)).status == 302, "no cookie, no store"
        assert Browser().towards(one).get(one.url("/open/page.html")).status == 200
        assert time.monotonic() - begun < 1
    STARTS[how](node)
    one.wait_for(lambda: status(one, unknown) != 503, "the store's return", SLOWLY + 5)
    assert status(one, unknown) == (200 if how == "frozen" else 302)
    assert "store_unavailable" in one.error_log()


@pytest.mark.parametrize("how", STOPS)
def test_a_login_during_the_outage(hosts, node, idp, how):
    """It ends in 503, not in a session that no other host would know; later it works."""
    one, _ = hosts()
    browser = Browser().towards(one)
    request = idp.asked(browser.get(one.url(PAGE)))
    STOPS[how](node)
    page = browser.post(request.acs_url, idp.form(request))
    assert page.status == 503
    assert "saml_session=" not in " ".join(page.set_cookie)
    STARTS[how](node)
    one.wait_for(lambda: status(one, log_or_none(one, idp)) == 200, "logins to work", SLOWLY + 5)


def log_or_none(host, idp) -> Browser:
    """A browser that has tried to log in."""
    browser = Browser().towards(host)
    idp.login(browser, host.url(PAGE))
    return browser


def test_stale_ends(hosts, node, idp):
    one, _ = hosts(stale="2s")
    known = log_in(one, idp)
    assert status(one, known) == 200
    node.kill()
    assert status(one, known) == 200
    time.sleep(3.5)
    assert_503(one, known)


def test_restarted_and_empty(hosts, node, idp):
    """Its sessions are lost, and that is a login, not an error."""
    one, two = hosts()
    known = log_in(one, idp)
    node.restart()
    one.wait_for(lambda: status(two, known) == 302, "a miss", SLOWLY + 5)
    one.wait_for(lambda: status(one, known) == 302, "a miss", SLOWLY + 5)
    again = log_in(two, idp, "_2")
    assert status(one, again) == 200


def test_restarted_between_two_requests(hosts, node, idp):
    """The kept connection is dead: the next request makes a new one, and nobody sees an error."""
    one, _ = hosts()
    member = log_in(one, idp)
    entries = node.entries()
    node.restart()
    for key, value in entries.items():
        node.put(key, value)
    assert status(one, member) == 200


@pytest.mark.serial
def test_a_frozen_node_costs_only_those_who_need_it(hosts, node, idp):
    """Unprotected pages, and members known here, are as quick as ever while others wait."""
    one, two = hosts(cache_valid="60s")
    known, unknown = log_in(one, idp), log_in(two, idp, "_2")
    assert status(one, known) == 200
    node.freeze()
    stop = threading.Event()

    def wait_in_vain():
        browser = Browser().towards(one)
        browser.session.cookies.update(unknown.session.cookies)
        while not stop.is_set():
            assert browser.get(one.url(PAGE)).status == 503

    threads = [threading.Thread(target=wait_in_vain) for _ in range(4)]
    for thread in threads:
        thread.start()
    slowest = 0.0
    browser = Browser().towards(one)
    for _ in range(150):
        begun = time.monotonic()
        assert browser.get(one.url("/open/page.html")).status == 200
        assert status(one, known) == 200
        slowest = max(slowest, time.monotonic() - begun)
    stop.set()
    for thread in threads:
        thread.join()
    assert slowest < 0.25, f"{slowest:.3f} s: somebody waited for memcached"
    node.thaw()


def test_a_client_that_leaves(hosts, node, idp):
    """While its look-up waits: nothing is left behind, not even at the end."""
    one, two = hosts()
    unknown = log_in(two, idp)
    node.freeze()
    cookie = f"saml_session={unknown.session.cookies['saml_session']}"
    request = f"GET {PAGE} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nAccept: text/html\r\n\r\n"
    for _ in range(50):
        with socket.create_connection((one.address, one.port)) as client:
            client.sendall(request.encode())
    time.sleep(0.5)
    node.thaw()
    one.wait_for(lambda: status(one, unknown) == 200, "the store's return", SLOWLY + 5)


def test_reload_while_frozen(hosts, node, idp):
    """Old workers finish what waits, and end."""
    one, two = hosts()
    unknown = log_in(two, idp)
    node.freeze()
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(status_of_own(one, unknown)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    one.reload()
    for thread in threads:
        thread.join()
    assert set(answers) == {503}
    node.thaw()


def status_of_own(host, member) -> int:
    """By a connection of its own."""
    browser = Browser().towards(host)
    browser.session.cookies.update(member.session.cookies)
    return browser.get(host.url(PAGE)).status


def test_quit_while_frozen(hosts, node, idp):
    """A graceful stop does not hang on memcached; the log has no open sockets."""
    one, two = hosts()
    unknown = log_in(two, idp)
    assert is_in(one, unknown)
    node.freeze()
    thread = threading.Thread(target=lambda: status_of_own(one, unknown))
    thread.start()
    time.sleep(0.05)
    one.process.send_signal(3)
    one.process.wait(8)
    thread.join()
    assert "open socket" not in one.error_log()
    one.start()
    node.thaw()
