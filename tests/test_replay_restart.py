"""What nginx has forgotten with its shared memory is not believed again: who is in possession of an assertion that
nobody asked for could wait for a restart."""

import time

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

ZONE = "saml_session_store main { zone sessions 4m; secret session.secret; }"
NODES = "saml_session_store main { zone sessions 4m; secret session.secret; memcached @NODES@; }"
SECRET = {"session.secret": "0123456789abcdef" * 4}


def conf(store: str) -> str:
    return site(main="worker_processes 2;", http=store, idp="allow_unsolicited on;", sp="session_store main;")


def unasked(server, idp: Idp) -> dict[str, str]:
    """A form of the IdP's, which no login of ours has asked for."""
    return idp.form(idp.asked(Browser().get(server.url("/page.html"))), Answer(in_response_to=None))


def send(server, form: dict[str, str]):
    return Browser().post(server.url("/saml/acs"), form)


def restart(server) -> None:
    """By time's next second at the earliest: instants in messages have no parts."""
    server.stop()
    server.expected = ()
    time.sleep(2.1)
    server.start()


@pytest.mark.parametrize("is_used", [True, False], ids=["used", "unused"])
def test_shared_memory(nginx, idp, is_used):
    server = nginx(conf(ZONE), files=SECRET)
    form = unasked(server, idp)
    if is_used:
        assert send(server, form).status == 303
        assert_refused(server, send(server, form), "assertion_replayed")
    restart(server)
    assert_refused(server, send(server, form), "assertion_too_old")
    assert "whether it has been used is not known" in server.error_log()
    assert send(server, unasked(server, idp)).status == 303


def test_a_reload_forgets_nothing(nginx, idp):
    server = nginx(conf(ZONE), files=SECRET)
    used, unused = unasked(server, idp), unasked(server, idp)
    assert send(server, used).status == 303
    time.sleep(2.1)
    server.reload()
    assert_refused(server, send(server, used), "assertion_replayed")
    assert send(server, unused).status == 303


def test_another_zone_is_a_new_one(nginx, idp):
    """By a reload, which the old one does not outlive."""
    server = nginx(conf(ZONE), files=SECRET)
    form = unasked(server, idp)
    assert send(server, form).status == 303
    time.sleep(2.1)
    server.configure(conf(ZONE.replace("4m", "5m")))
    server.reload()
    assert_refused(server, send(server, form), "assertion_too_old")


def test_nodes_know_of_it(nginx, idp, memcacheds):
    [node] = memcacheds()
    server = nginx(conf(NODES), files=SECRET, NODES=node.address)
    used, unused = unasked(server, idp), unasked(server, idp)
    assert send(server, used).status == 303
    restart(server)
    assert_refused(server, send(server, used), "assertion_replayed")
    assert send(server, unused).status == 303


def test_a_login_that_was_on_its_way(nginx, idp):
    """Its browser alone can answer it."""
    server = nginx(conf(ZONE), files=SECRET)
    browser = Browser()
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request)
    restart(server)
    page = browser.post(request.acs_url, form)
    assert (page.status, page.location) == (303, server.url("/page.html")), page.text


def test_the_clock_was_ahead_when_nginx_began(clocked, idp):
    """By its age, not by the day at which it was made."""
    host = clocked(idp="allow_unsolicited on;")
    host.clock.set(-7200)
    form = idp.form(idp.asked(Browser().get(host.server.url("/page.html"))), host.clock.said(Answer(in_response_to=None)))
    assert send(host.server, form).status == 303
