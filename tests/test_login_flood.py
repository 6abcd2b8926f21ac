"""One account that logs in in a loop: it is bounded, and pays with its own sessions."""

import pytest

from harness.browser import Browser
from harness.crowd import CROWD_IDP, Crowd
from harness.idp import Idp
from harness.members import is_in, log_in, who_is_in
from harness.refusal import assert_refused
from harness.response import Answer, Attribute

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store small { zone small 256k; }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; @IDP@ }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        session_store small;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
#: A sixteenth of the blocks of the smallest zone.
MOST = range(50, 64)


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


def strangers(server, idp, count: int = 10) -> list[Browser]:
    return [log_in(server, idp, name_id=f"stranger{n}@example.org") for n in range(count)]


def loop(server, idp, count: int, **answer) -> tuple[list[Browser], Browser, object]:
    """Logs alice in until she is refused: who got in, and the page that refused."""
    browsers = []
    for n in range(count):
        browser = Browser()
        page = idp.login(browser, server.url("/page.html"), Answer(session_index=f"_{n}", **answer))
        if page.status != 303:
            return browsers, browser, page
        browsers.append(browser)
    raise AssertionError(f"not refused after {count} logins")


def test_the_account_is_refused_and_nobody_else(nginx, idp):
    server = nginx(CONF, IDP="", SP="")
    others = strangers(server, idp)
    browsers, refused, page = loop(server, idp, 500)
    assert len(browsers) in MOST
    assert page.status == 429
    assert_refused(server, page, "logins_too_many")
    assert not is_in(server, refused)
    assert who_is_in(server, *others) == [True] * len(others)
    others += [log_in(server, idp, name_id=f"later{n}@example.org") for n in range(10)]
    assert who_is_in(server, *others, browsers[-1]) == [True] * (len(others) + 1)


def test_the_account_is_welcome_when_its_claims_have_ended(nginx, idp):
    """They end when the assertions are too old and the requests too late to be used."""
    server = nginx(CONF, IDP="max_assertion_age 1s; clock_skew 0s;", SP="request_lifetime 5s;")
    _, browser, page = loop(server, idp, 500)
    assert page.status == 429
    server.wait_for(
        lambda: idp.login(browser, server.url("/page.html")).status == 303, "a login", 10
    )
    assert is_in(server, browser)


def test_large_sessions_are_paid_with_own_ones(nginx, idp):
    """50 sessions of 10 KB do not fit 256 KiB: the oldest of the account's go, all others stay."""
    server = nginx(CONF, IDP="", SP="")
    others = strangers(server, idp)
    filler = [Attribute("filler", ["x" * 10_000])]
    own = [log_in(server, idp, f"_{n}", attributes=filler) for n in range(50)]
    found = who_is_in(server, *own)
    assert found[-1], "the newest is in"
    assert 10 <= found.count(True) < 40
    assert found == sorted(found), "the oldest went first"
    assert who_is_in(server, *others) == [True] * len(others)


@pytest.mark.slow
def test_a_thousand_logins(nginx):
    """Without a request of ours, over one connection, refused or not: nobody else notices."""
    idp = CROWD_IDP
    server = nginx(CONF, files={"idp.xml": idp.metadata()}, IDP="", SP="")
    crowd = Crowd(server)
    others = [crowd.enter(f"stranger{n}", "_1") for n in range(20)]
    statuses = [crowd.post_login(crowd.login_form("alice", f"_{n}"))[0] for n in range(1000)]
    assert statuses.count(303) in MOST
    assert statuses == sorted(statuses), "let in, then refused"
    assert {crowd.status(cookie) for cookie in others} == {200}
    later = [crowd.enter(f"later{n}", "_1") for n in range(20)]
    assert {crowd.status(cookie) for cookie in others + later} == {200}
    assert "is full" not in server.error_log()
