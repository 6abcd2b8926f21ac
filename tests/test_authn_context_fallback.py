"""`authn_context … fallback=on`: an IdP that lacks one context is asked for the next one."""

import pytest

from harness.idp import Idp
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CLASSES = ["urn:x:smartcard", "https://refeds.org/profile/mfa", "urn:x:password"]
CONF = site(
    main="worker_processes 2;",
    idp=f"authn_context {' '.join(CLASSES)} @FALLBACK@;",
    server="location /vault/ { auth_saml app; auth_saml_authn_context urn:x:vault; }",
)
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
NONE_SUCH = Answer(
    status=f"{STATUS}Responder",
    sub_status=f"{STATUS}NoAuthnContext",
    with_assertion=False,
    sign="response",
)


def asked(request) -> list[str]:
    path = "samlp:RequestedAuthnContext/saml:AuthnContextClassRef"
    return [found.text for found in request.xml.findall(path, NS)]


def refuse(browser, idp, request):
    return browser.post(request.acs_url, idp.form(request, NONE_SUCH))


@pytest.mark.smoke
@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
def test_the_next_one_in_turn(nginx, browser, binding):
    idp = Idp(binding=binding)
    server = nginx(CONF, files={"idp.xml": idp.metadata()}, FALLBACK="fallback=on")
    request = idp.asked(browser.get(server.url("/page.html")))
    assert asked(request) == CLASSES[:1]
    page = refuse(browser, idp, request)
    again = idp.asked(page)
    assert asked(again) == CLASSES[1:2] and again.id != request.id
    page = browser.post(again.acs_url, idp.form(again, Answer(authn_context=CLASSES[1])))
    assert (page.status, page.location) == (303, server.url("/page.html"))
    assert browser.get(server.url("/page.html")).status == 200
    assert f'it is asked for "{CLASSES[1]}" now' in server.error_log()


def test_each_once(nginx, browser, idp):
    """An IdP that has none of them, whatever it is asked: the login ends."""
    server = nginx(CONF, FALLBACK="fallback=on")
    page, requests = browser.get(server.url("/page.html")), []
    while page.status == 302:
        requests.append(idp.asked(page))
        assert len(requests) <= len(CLASSES)
        page = refuse(browser, idp, requests[-1])
    assert [asked(request) for request in requests] == [[name] for name in CLASSES]
    assert_refused(server, page, "no_authn_context")
    assert_refused(server, refuse(browser, idp, requests[0]), "request_unknown")


def test_a_weaker_answer_than_asked_for_is_refused(nginx, browser, idp):
    server = nginx(CONF, FALLBACK="fallback=on")
    page = idp.login(browser, server.url("/page.html"), Answer(authn_context=CLASSES[2]))
    assert_refused(server, page, "authn_context_mismatch")


def test_all_at_once_without_it(nginx, browser, idp):
    server = nginx(CONF, FALLBACK="")
    request = idp.asked(browser.get(server.url("/page.html")))
    assert asked(request) == CLASSES
    assert_refused(server, refuse(browser, idp, request), "no_authn_context")


@pytest.mark.parametrize("path", ["/vault/", "/saml/login?authn_context=urn:x:vault"])
def test_what_a_location_or_link_asks_for_has_no_other_turns(nginx, browser, idp, path):
    server = nginx(CONF, FALLBACK="fallback=on")
    request = idp.asked(browser.get(server.url(path)))
    assert asked(request) == ["urn:x:vault"]
    assert_refused(server, refuse(browser, idp, request), "no_authn_context")
