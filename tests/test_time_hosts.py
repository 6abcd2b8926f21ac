"""Two hosts of one site whose clocks are minutes apart: sessions and logouts of one hold at the other."""

import time

import pytest

from harness.clock import Clock
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import PAGE, is_in
from harness.browser import Browser
from harness.response import Answer
from harness.timed import HOUR, MINUTE, SECRET, instants, timed_site

SLO = Idp(slo=("HTTP-Redirect", "SOAP"))
CONF = timed_site("memcached", main="worker_processes 2;").replace("listen 127.0.0.1:", "listen @ADDRESS@:")
#: Of the second host; 60 s is what upkeep allows for.
APART = [-10 * MINUTE, -90, 90, 10 * MINUTE]


@pytest.fixture
def hosts(prepared, scratch, memcacheds):
    """The first by the true time, the second by another."""
    started = []

    def start(apart: int):
        nodes = " ".join(node.address for node in memcacheds(2))
        files = {"idp.xml": SLO.metadata(), **SECRET}
        one = prepared(CONF, files, NODES=nodes).start()
        started.append(one)
        clock = Clock(scratch / f"clock-{time.monotonic_ns()}")
        clock.set(apart)
        with clock.worn():
            other = prepared(CONF, files, NODES=nodes, ADDRESS="127.0.0.2", PORT=str(one.port)).start()
        started.append(other)
        return one, other

    yield start
    for server in started:
        server.finish()


def log_in(server, at: int, **answer) -> Browser:
    """The IdP goes by the clock of this host, or its assertions are refused there."""
    browser = Browser().towards(server)
    page = SLO.login(browser, server.url(PAGE), Answer(**instants(at), **answer))
    assert page.status == 303, f"{page.status}: {page.text}"
    return browser


@pytest.mark.parametrize("apart", APART)
def test_a_session_of_one_is_one_of_the_other(hosts, apart):
    one, other = hosts(apart)
    for began, at in ((one, 0), (other, apart)):
        member = log_in(began, at)
        for _ in range(4):
            assert is_in(one, member) and is_in(other, member)


@pytest.mark.parametrize("apart", APART)
def test_a_logout_at_one_holds_at_the_other(hosts, apart):
    one, other = hosts(apart)
    for server, at in ((one, 0), (other, apart)):
        name = f"{server.address}@example.org"
        member = log_in(one, 0, name_id=name)
        assert is_in(one, member) and is_in(other, member)
        message = LogoutRequest(name, session_index=(), issue_instant=at, not_on_or_after=at + 300)
        assert_success(send(SLO, server.url("/saml/sls"), message, client=Browser().towards(server)))
        assert not any(is_in(each, member) for each in (one, other) for _ in range(4))


@pytest.mark.parametrize("apart", APART)
def test_an_assertion_enters_once(hosts, apart):
    """At whichever of them: where it is too old or not yet good it does not enter in any case."""
    one, other = hosts(apart)
    browser = Browser().towards(one)
    request = SLO.asked(browser.get(one.url(PAGE)))
    kept = dict(browser.session.cookies)
    answer = Answer(**instants(0) | {"not_before": -HOUR, "not_on_or_after": HOUR, "confirmation_not_on_or_after": HOUR})
    form = SLO.form(request, answer)
    assert browser.post(request.acs_url, form).status == 303
    for server in (other, one):
        thief = Browser().towards(server)
        thief.session.cookies.update(kept)
        page = thief.post(request.acs_url, form)
        assert page.status >= 400, page.text
        assert "saml_session" not in thief.cookie_names()
