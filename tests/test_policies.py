"""Settings of an IdP that make a login stricter or laxer."""

import pytest

from harness.browser import Browser
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(
    idp="@IDP@",
    keys=False,
    sp="@SP@",
    server="""
        location /fresh { auth_saml app; auth_saml_force_authn on; try_files /page.html =404; }
        location /recent { auth_saml app; auth_saml_force_authn 60s; try_files /page.html =404; }
    """,
)


def outcome(nginx, idp, answer: Answer, idp_lines: str = "", sp_lines: str = ""):
    server = nginx(CONF, IDP=idp_lines, SP=sp_lines)
    return server, idp.login(Browser(), server.url("/page.html"), answer)


@pytest.mark.parametrize(
    "lines, signed, code",
    [
        ("want_assertion_signed on;", "assertion", None),
        ("want_assertion_signed on;", "both", None),
        ("want_assertion_signed on;", "response", "assertion_unsigned"),
        ("want_response_signed on;", "response", None),
        ("want_response_signed on;", "both", None),
        ("want_response_signed on;", "assertion", "response_unsigned"),
        ("want_assertion_signed on; want_response_signed on;", "both", None),
    ],
)
@pytest.mark.parametrize("block", ["idp", "sp"])
def test_wanted_signatures(nginx, idp, lines, signed, code, block):
    where = {"idp_lines": lines} if block == "idp" else {"sp_lines": lines}
    server, page = outcome(nginx, idp, Answer(sign=signed), **where)
    if code:
        assert_refused(server, page, code)
    else:
        assert page.status == 303


def test_the_idp_block_wins_over_the_default(nginx, idp):
    lines = {"idp_lines": "want_assertion_signed off;", "sp_lines": "want_assertion_signed on;"}
    _, page = outcome(nginx, idp, Answer(sign="response"), **lines)
    assert page.status == 303


def test_clock_skew(nginx, idp):
    late = Answer(not_before=-900, not_on_or_after=-120, confirmation_not_on_or_after=-120)
    server, page = outcome(nginx, idp, late)
    assert page.status == 403
    server, page = outcome(nginx, idp, late, "clock_skew 3m;")
    assert page.status == 303
    _, page = outcome(nginx, idp, Answer(not_before=20), "clock_skew 0;")
    assert page.status == 403


def test_max_authn_age(nginx, idp):
    server, page = outcome(nginx, idp, Answer(authn_instant=-7200), "max_authn_age 1h;")
    assert_refused(server, page, "authn_too_old")
    _, page = outcome(nginx, idp, Answer(authn_instant=-1800), "max_authn_age 1h;")
    assert page.status == 303


def test_force_authn_is_enforced(nginx, idp):
    """An IdP that answers ForceAuthn with yesterday's login is caught."""
    server = nginx(CONF, IDP="", SP="")
    page = idp.login(Browser(), server.url("/fresh"), Answer(authn_instant=-7200))
    assert_refused(server, page, "authn_not_fresh")
    assert idp.login(Browser(), server.url("/fresh")).status == 303


def test_force_authn_by_age(nginx, idp, browser):
    server = nginx(CONF, IDP="", SP="")
    idp.login(browser, server.url("/page.html"), Answer(authn_instant=-7200))
    assert browser.get(server.url("/page.html")).status == 200
    page = idp.login(browser, server.url("/recent"))
    assert page.status == 303
    assert browser.get(server.url("/recent")).status == 200
