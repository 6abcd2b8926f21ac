"""Two hosts with one memcached: sessions, replay claims, tombstones and logouts are the site's."""

import threading
import time

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, received, send
from harness.members import assert_all_workers, assert_out_within, is_in, log_in
from harness.refusal import assert_refused
from harness.response import Answer, Attribute

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        cache_valid @CACHE_VALID@;
        zone saml_sessions 16m;
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
        @SP@
    }
    server {
        listen @ADDRESS@:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / {
            auth_saml app;
            add_header X-User $saml_name_id;
            add_header X-Mail $saml_attr_mail;
            root html;
        }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}
MAIL = Attribute("urn:oid:0.9.2342.19200300.100.1.3", ["alice@example.org"], "mail")


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


@pytest.fixture
def hosts(twins, memcacheds):
    def start(cache_valid: str = "1s", sp: str = "", unix: bool = False):
        (node,) = memcacheds(unix=unix)
        values = {"NODES": node.address, "CACHE_VALID": cache_valid, "SP": sp}
        return twins(CONF, files=SECRET, **values)

    return start


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix socket"])
def test_a_session(hosts, idp, unix):
    one, two = hosts(unix=unix)
    member = log_in(one, idp, attributes=[MAIL])
    for host in (two, one):
        page = member.towards(host).get(host.url("/page.html"))
        assert (page.status, page.headers["X-User"]) == (200, "alice@example.org")
        assert page.headers["X-Mail"] == "alice@example.org"
        assert_all_workers(host, member, True)


def test_a_login_that_moves(hosts, idp, browser):
    """Begun at one host, ended at the other: the balancer does not stick."""
    one, two = hosts()
    request = idp.asked(browser.towards(one).get(one.url("/page.html")))
    assert browser.towards(two).post(request.acs_url, idp.form(request)).status == 303
    assert is_in(one, browser)


def test_one_response_at_two_hosts(hosts, idp, browser):
    """One after the other: the assertion is claimed for all hosts."""
    one, two = hosts()
    request = idp.asked(browser.towards(one).get(one.url("/page.html")))
    form = idp.form(request, Answer(in_response_to=None))
    first, second = Browser().towards(one), Browser().towards(two)
    assert first.post(request.acs_url, form).status == 303
    assert_refused(two, second.post(request.acs_url, form), "assertion_replayed")
    assert not is_in(two, second)


@pytest.mark.slow
def test_one_response_at_two_hosts_at_the_same_instant(hosts, idp, browser):
    """Exactly one session, a hundred times."""
    one, two = hosts()
    request = idp.asked(browser.towards(one).get(one.url("/page.html")))
    for _ in range(100):
        form = idp.form(request, Answer(in_response_to=None))
        browsers = [Browser().towards(host) for host in (one, two, one, two)]
        barrier = threading.Barrier(len(browsers))
        statuses = []

        def post(browser):
            barrier.wait()
            statuses.append(browser.post(request.acs_url, form).status)

        threads = [threading.Thread(target=post, args=(browser,)) for browser in browsers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [303, 400, 400, 400], statuses
        assert sum("saml_session" in b.cookie_names() for b in browsers) == 1


def test_a_tombstone(hosts, idp, browser):
    one, two = hosts()
    request = idp.asked(browser.towards(one).get(one.url("/page.html")))
    late = idp.form(request, Answer(issue_instant=-3))
    logout = send(idp, one.url("/saml/sls"), LogoutRequest(), client=Browser().towards(one))
    assert_success(logout)
    page = browser.towards(two).post(request.acs_url, late)
    assert_refused(two, page, "assertion_logged_out")


@pytest.mark.parametrize("cache_valid", ["0s", "1s"])
def test_a_logout_by_the_idp(hosts, idp, cache_valid):
    one, two = hosts(cache_valid)
    member = log_in(one, idp)
    for host in (one, two):
        assert_all_workers(host, member, True)
    assert_success(send(idp, one.url("/saml/sls"), client=Browser().towards(two)))
    assert_all_workers(two, member, False)
    assert_out_within(one, member, float(cache_valid[:-1]) + 0.2)


@pytest.mark.parametrize("cache_valid", ["0s", "1s"])
def test_a_logout_of_ones_own(hosts, idp, cache_valid):
    one, two = hosts(cache_valid)
    member = log_in(one, idp)
    thief = Browser()
    thief.session.cookies.update(member.session.cookies)
    assert is_in(one, thief) and is_in(two, thief)
    request = received(member.towards(two).get(two.url("/saml/logout")))
    assert request.kind == "LogoutRequest"
    assert_all_workers(two, thief, False)
    assert_out_within(one, thief, float(cache_valid[:-1]) + 0.2)


def test_the_same_logout_request_at_two_hosts(hosts, idp):
    """One answer, one action: what logs in meanwhile stays."""
    one, two = hosts("0s")
    first = log_in(one, idp)
    request = LogoutRequest(id="_the-same", session_index=())
    assert_success(send(idp, one.url("/saml/sls"), request, client=Browser().towards(one)))
    assert not is_in(two, first)
    second = log_in(two, idp, "_later", issue_instant=2)
    assert_success(send(idp, one.url("/saml/sls"), request, client=Browser().towards(two)))
    assert is_in(one, second) and is_in(two, second)


def test_the_idle_timeout_counts_use_at_any_host(hosts, idp):
    one, two = hosts("1s", "session_idle_timeout 4s;")
    member = log_in(one, idp)
    for _ in range(6):
        time.sleep(1)
        assert is_in(two, member)
    assert is_in(one, member)
    time.sleep(5.5)
    assert not is_in(one, member) and not is_in(two, member)


def test_the_lifetime_ends_at_both(hosts, idp):
    one, two = hosts("1s", "session_lifetime 3s;")
    member = log_in(one, idp)
    assert is_in(two, member)
    time.sleep(4)
    assert not is_in(one, member) and not is_in(two, member)


def test_a_host_that_restarts(hosts, idp):
    """The zone is empty, the sessions are not gone."""
    one, two = hosts()
    member = log_in(one, idp)
    one.stop()
    one.start()
    assert is_in(one, member)


def test_a_large_session(hosts, idp):
    one, two = hosts()
    groups = [f"cn=group-{n},ou=groups,dc=example,dc=org" for n in range(1000)]
    member = log_in(one, idp, attributes=[Attribute("groups", groups)])
    assert is_in(two, member)


def test_a_planted_cookie(hosts, idp, browser):
    """Tokens that nobody issued are asked for and not found: a login, never a session."""
    one, two = hosts()
    for token in ("A" * 43, "saml", "../x", "%0d%0aget", "A" * 4000):
        browser.session.cookies["saml_session"] = token
        assert not is_in(one, browser) and not is_in(two, browser)
