"""At nginx's default level error.log tells why a person was not let in, and nothing of scanners."""

import base64
import re
import time

import pytest
from lxml import etree

from harness.browser import Browser
from harness.idp import Idp, post_fields
from harness.logout import LogoutRequest, LogoutResponse, assert_success, received, send
from harness.members import log_in
from harness.response import Answer
from harness.site import site

CONF = site(
    http="error_log @DIR@/default.log error;",
    sp="""
        request_lifetime 5s;
        max_message_size 16k;
    """,
)
STRANGER = Idp("https://nobody.example.org")


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-POST",))


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def logged(server) -> list[tuple[str, str]]:
    """Reason and request ID of each line at the default level."""
    path = server.directory / "default.log"
    lines = path.read_text().splitlines() if path.exists() else []
    found = [re.search(r"\[error\].* saml: ([a-z0-9_]+): .*, request id: (\S+?),", x) for x in lines]
    assert all(found), lines
    return [line.groups() for line in found]


def codes(server) -> list[str]:
    return [code for code, _ in logged(server)]


def begin(server, idp, browser):
    return idp.asked(browser.get(server.url("/page.html")))


def with_cookies_of(browser: Browser) -> dict[str, str]:
    """Sent as they are, whatever their Max-Age."""
    pairs = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.session.cookies)
    return {"Cookie": pairs}


def test_cookies_blocked(server, idp, browser):
    request = begin(server, idp, browser)
    assert Browser().post(request.acs_url, idp.form(request)).status == 400
    assert logged(server) == [("request_unknown", request.id)]


def test_too_slow(server, idp, browser):
    request = begin(server, idp, browser)
    cookies = with_cookies_of(browser)
    time.sleep(6)
    assert Browser().post(request.acs_url, idp.form(request), headers=cookies).status == 400
    assert logged(server) == [("request_expired", request.id)]


def test_two_answers(server, idp, browser):
    request = begin(server, idp, browser)
    cookies = with_cookies_of(browser)
    assert browser.post(request.acs_url, idp.form(request)).status == 303
    assert Browser().post(request.acs_url, idp.form(request), headers=cookies).status == 400
    assert logged(server) == [("request_answered", request.id)]


def test_replayed(server, idp, browser):
    request = begin(server, idp, browser)
    cookies = with_cookies_of(browser)
    form = idp.form(request)
    assert browser.post(request.acs_url, form).status == 303
    assert Browser().post(request.acs_url, form, headers=cookies).status == 400
    assert logged(server) == [("assertion_replayed", request.id)]


def test_overtaken_by_a_logout(server, idp, browser):
    request = begin(server, idp, browser)
    form = idp.form(request)
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(), "post"))
    assert browser.post(request.acs_url, form).status == 400
    assert logged(server) == [("assertion_logged_out", request.id)]


def test_a_response_at_the_sls(server, idp, browser):
    request = begin(server, idp, browser)
    assert browser.post(server.url("/saml/sls"), idp.form(request)).status == 400
    assert codes(server) == ["message_unexpected"]


def test_a_logout_of_another_browser(server, idp):
    member = log_in(server, idp)
    asked = received(member.get(server.url("/saml/logout"))).xml.get("ID")
    answer = LogoutResponse(in_response_to=asked)
    assert send(idp, server.url("/saml/sls"), answer, "post", Browser()).status == 400
    assert logged(server) == [("logout_response_unknown", asked)]


UNREADABLE = {
    "base64_invalid": "§",
    "xml_malformed": base64.b64encode(b"<samlp:Response").decode(),
    "xml_doctype": base64.b64encode(b"<!DOCTYPE x><x/>").decode(),
    "message_too_large": base64.b64encode(b"<x>" + b" " * 20000 + b"</x>").decode(),
}


@pytest.mark.parametrize("code", UNREADABLE)
def test_what_cannot_be_read_in_a_browser_that_logs_in(server, idp, browser, code):
    request = begin(server, idp, browser)
    assert browser.post(request.acs_url, {"SAMLResponse": UNREADABLE[code]}).status >= 400
    assert codes(server) == [code]


def scans(server, idp) -> dict[str, list]:
    """What strangers send: reason, path, body and headers."""
    acs, sls = server.url("/saml/acs"), server.url("/saml/sls")
    made_up = begin(server, STRANGER, Browser())
    unsolicited = etree.fromstring(STRANGER.response(made_up, Answer(in_response_to=None)))
    soap = {"Content-Type": "text/xml"}
    fault = (
        '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault>'
        "<faultcode>S:Server</faultcode><faultstring>no</faultstring></S:Fault></S:Body></S:Envelope>"
    )
    return {
        "message_missing": [acs, {"a": "b"}],
        "form_content_type": [acs, b"{}"],
        "request_unknown": [acs, post_fields(STRANGER.response(made_up), "")],
        "idp_unknown": [acs, post_fields(etree.tostring(unsolicited), "")],
        "message_unexpected": [sls, fault.encode(), soap],
        "soap_invalid": [sls, b"<x/>", soap],
        **{code: [acs, {"SAMLResponse": text}] for code, text in UNREADABLE.items()},
    }


def test_strangers_are_warned_of_only(server, idp):
    for code, (url, body, *headers) in scans(server, idp).items():
        page = Browser().post(url, body, headers=headers[0] if headers else None)
        assert 400 <= page.status < 600
        server.wait_for(lambda: f"[{code}]" in server.access_log(), f"[{code}] in access.log")
    for url in ("/saml/login?idp=x", "/saml/login?return=//x", "/saml/acs?SAMLResponse=x"):
        assert Browser().get(server.url(url)).status == 400
    for message in (LogoutRequest(), LogoutResponse(in_response_to="_x")):
        assert send(STRANGER, server.url("/saml/sls"), message, "post").status == 400
    assert logged(server) == []


def test_a_forged_issuer_is_our_idps_concern(server, idp):
    """Whoever writes as the IdP may be the IdP with a new key."""
    forger = Idp(credential=STRANGER.credential)
    assert send(idp, server.url("/saml/sls"), LogoutRequest(sign=False), "post").status == 403
    request = begin(server, forger, Browser())
    assert Browser().post(request.acs_url, forger.form(request)).status == 400
    assert codes(server) == ["logout_request_unsigned", "request_unknown"]
