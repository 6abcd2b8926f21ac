"""`auth_saml_authn_context`: a location that wants another kind of login than a session had."""

import pytest

from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        auth_saml app;
        location / { }
        location /strong { auth_saml_authn_context @CLASSES@; try_files /page.html =404; }
    }
}
"""
PREFIX = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
PASSWORD, TOKEN, CARD = (
    f"{PREFIX}{name}" for name in ("PasswordProtectedTransport", "TimeSyncToken", "SmartcardPKI")
)


def test_another_class_must_log_in_again(nginx, idp, browser):
    server = nginx(CONF, CLASSES=f"TimeSyncToken {CARD}")
    idp.login(browser, server.url("/page.html"))
    assert browser.get(server.url("/page.html")).status == 200
    request = idp.asked(browser.get(server.url("/strong?x")))
    (asked,) = request.xml.findall("samlp:RequestedAuthnContext", NS)
    assert asked.get("Comparison") == "exact"
    assert [c.text for c in asked.findall("saml:AuthnContextClassRef", NS)] == [TOKEN, CARD]
    page = browser.post(request.acs_url, idp.form(request, Answer(authn_context=CARD)))
    assert (page.status, page.location) == (303, server.url("/strong?x"))
    assert browser.get(page.location).status == 200
    assert browser.get(server.url("/page.html")).status == 200, "strong is good for the rest too"


def test_an_answer_of_another_class_is_refused(nginx, idp, browser):
    """An IdP that ignores what was asked makes no session, and takes none away."""
    server = nginx(CONF, CLASSES="TimeSyncToken")
    idp.login(browser, server.url("/page.html"))
    page = idp.login(browser, server.url("/strong"), Answer(authn_context=PASSWORD))
    assert_refused(server, page, "authn_context_mismatch")
    assert not page.set_cookie
    assert browser.get(server.url("/strong")).status == 302
    assert browser.get(server.url("/page.html")).status == 200


@pytest.mark.parametrize(
    "comparison, given, status",
    [
        ("exact", TOKEN, 303),
        ("exact", PASSWORD, 403),
        ("minimum", TOKEN, 303),
        ("minimum", CARD, 403),
        ("maximum", TOKEN, 303),
        ("maximum", CARD, 403),
        ("better", TOKEN, 403),
        ("better", CARD, 303),
    ],
)
def test_comparison(nginx, idp, browser, comparison, given, status):
    server = nginx(CONF, CLASSES=f"TimeSyncToken comparison={comparison}")
    request = idp.asked(browser.get(server.url("/strong")))
    asked = request.xml.find("samlp:RequestedAuthnContext", NS)
    assert asked.get("Comparison") == comparison
    page = browser.post(request.acs_url, idp.form(request, Answer(authn_context=given)))
    assert page.status == status
    assert browser.get(server.url("/strong")).status == (200 if status == 303 else 302)


def test_a_plain_location_asks_for_nothing(nginx, idp, browser):
    server = nginx(CONF, CLASSES="TimeSyncToken")
    request = idp.asked(browser.get(server.url("/page.html")))
    assert request.xml.find("samlp:RequestedAuthnContext", NS) is None


def test_a_link_that_asks_for_nonsense(nginx, browser):
    server = nginx(CONF, CLASSES="TimeSyncToken")
    page = browser.get(server.url("/saml/login?authn_context=x&comparison=worse"))
    assert_refused(server, page, "argument_invalid")
