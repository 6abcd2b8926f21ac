"""Only what a person did ends a session or begins a login: no HEAD, no prefetch, no image."""

import pytest

from harness.idp import Idp
from harness.logout import LogoutRequest, redirect
from harness.members import is_in, log_in
from harness.refusal import assert_refused
from harness.response import Answer

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
SPECULATIVE = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Sec-Purpose": "prefetch;anonymous-client-ip"},
    {"Purpose": "prefetch"},
    {"X-Moz": "prefetch"},
    {"X-Purpose": "preview"},
]
HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect",))


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def assert_no_effect(server, page) -> None:
    assert page.status >= 400
    assert page.location is None and page.set_cookie == []
    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize("purpose", SPECULATIVE)
@pytest.mark.parametrize("path", ["/saml/logout", "/saml/login"])
def test_ahead_of_a_person(server, idp, path, purpose):
    member = log_in(server, idp)
    headers = {**HERE, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", **purpose}
    page = member.get(server.url(path), headers=headers)
    assert page.status == 503, "browsers throw that away"
    assert_no_effect(server, page)
    assert_refused(server, page, "request_speculative")
    assert is_in(server, member)


def test_messages_ahead_of_a_person(server, idp):
    """A link of the IdP's that its page, or the browser, tries beforehand."""
    member = log_in(server, idp)
    logout = redirect(idp, server.url("/saml/sls"), LogoutRequest(session_index=()))
    for headers in SPECULATIVE:
        page = member.get(logout, headers=headers)
        assert page.status == 503
        assert_no_effect(server, page)
        assert is_in(server, member)
    assert member.get(logout).status == 303
    assert not is_in(server, member)


def test_the_metadata_has_no_effect_anyway(server, idp):
    page = log_in(server, idp).get(server.url("/saml/metadata"), headers=SPECULATIVE[0])
    assert page.status == 200


@pytest.mark.parametrize("path", ["/saml/logout", "/saml/sls", "/saml/acs"])
def test_head(server, idp, path):
    """Link checkers and mail scanners ask so."""
    member = log_in(server, idp)
    page = member.request("HEAD", server.url(path))
    assert (page.status, page.headers["Allow"]) == (405, "GET, POST")
    assert_no_effect(server, page)
    assert is_in(server, member)


def test_head_of_a_message(server, idp):
    member = log_in(server, idp)
    logout = redirect(idp, server.url("/saml/sls"), LogoutRequest(session_index=()))
    assert member.request("HEAD", logout).status == 405
    assert is_in(server, member)


PARTS = ["image", "script", "style", "font", "audio", "video", "track", "manifest", "worker"]
PARTS += ["serviceworker", "report", "xslt", "paintworklet", "websocket", "unheard-of"]
FRAMES = ["iframe", "frame", "fencedframe", "embed", "object"]


@pytest.mark.parametrize("destination", PARTS + FRAMES)
def test_a_part_of_a_page(server, idp, destination):
    """Of a page of ours, even: members may put an image's address into a wiki."""
    member = log_in(server, idp)
    mode = "navigate" if destination in FRAMES else "no-cors"
    headers = {**HERE, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
    page = member.get(server.url("/saml/logout"), headers=headers)
    assert_no_effect(server, page)
    assert_refused(server, page, "request_embedded")
    assert is_in(server, member)


@pytest.mark.parametrize("destination", PARTS)
def test_a_part_of_a_page_begins_no_login(server, idp, browser, destination):
    headers = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": destination}
    page = browser.get(server.url("/saml/login"), headers=headers)
    assert_no_effect(server, page)
    assert_refused(server, page, "request_embedded")


DONE = {
    "a link": ("GET", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}),
    "a click": (
        "GET",
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"},
    ),
    "a form": ("POST", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}),
    "fetch": ("GET", {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}),
    "fetch by POST": ("POST", {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}),
    "fetch, same-origin": ("POST", {"Sec-Fetch-Mode": "same-origin", "Sec-Fetch-Dest": "empty"}),
    "a beacon": ("POST", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"}),
    "an old browser": ("GET", {}),
    "a click in a frame": (
        "GET",
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-User": "?1"},
    ),
}


@pytest.mark.parametrize("what", DONE)
def test_what_a_person_or_our_own_script_does(server, idp, what):
    method, headers = DONE[what]
    member = log_in(server, idp)
    page = member.request(method, server.url("/saml/logout"), headers={**HERE, **headers})
    assert page.status == 303
    assert not is_in(server, member)


def test_an_answer_by_get_ahead_of_a_person(server, idp, browser):
    """A speculative Response neither makes a session nor is it used up."""
    request = idp.asked(browser.get(server.url("/page.html")))
    fields = idp.form(request, Answer())
    page = browser.post(request.acs_url, fields, headers=SPECULATIVE[0])
    assert page.status == 503
    assert browser.get(server.url("/page.html")).status == 302
    assert browser.post(request.acs_url, fields).status == 303
