"""A step-up: who is signed in must sign in otherwise, or anew, for a location. It ends, and until it has
ended well the session of before goes on."""

import time

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer

CONF = """
worker_processes 1;
events {}
http {
    saml_idp corp { metadata idp.xml; }
    @STORE@
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        @USE@
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        auth_saml app;
        location /         { add_header X-User $saml_user; }
        location = /mfa    { auth_saml_authn_context @MFA@;   add_header X-User $saml_user; try_files /page.html =404; }
        location = /card   { auth_saml_authn_context @CARD@;  try_files /page.html =404; }
        location = /forced { auth_saml_force_authn on;        try_files /page.html =404; }
        location = /recent { auth_saml_force_authn 5m;        try_files /page.html =404; }
        location = /now    { auth_saml_force_authn 1s;        try_files /page.html =404; }
    }
}
"""
MFA, CARD = "https://refeds.org/profile/mfa", "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"


def says_no(code: str, sub_status: str) -> Answer:
    return Answer(
        status=STATUS + code, sub_status=STATUS + sub_status, with_assertion=False, sign="response"
    )


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


@pytest.fixture(params=["zone", "memcached"])
def server(nginx, request):
    store, use = "", ""
    if request.param == "memcached":
        (node,) = request.getfixturevalue("memcacheds")(1)
        store = f"saml_session_store s {{ memcached {node.address}; cache_valid 0; }}"
        use = "session_store s;"
    return nginx(CONF, STORE=store, USE=use, MFA=MFA, CARD=CARD)


@pytest.fixture
def alice(server, idp):
    """By a password, at an IdP where she has been for an hour."""
    browser = Browser()
    page = idp.login(browser, server.url("/page.html"), Answer(authn_instant=-3600))
    assert page.status == 303
    return browser


def step_up(server, browser, idp, path: str):
    """The request by which `browser` is sent to the IdP."""
    return idp.asked(browser.get(server.url(path)))


def post(browser, idp, request, **answer):
    return browser.post(request.acs_url, idp.form(request, Answer(**answer)))


def status(server, browser, path: str) -> int:
    return browser.get(server.url(path)).status


def token(browser) -> str:
    return browser.session.cookies["saml_session"]


def status_of(server, session: str) -> int:
    headers = {"Cookie": f"saml_session={session}"}
    return Browser().get(server.url("/page.html"), headers=headers).status


@pytest.mark.parametrize("path", ["/mfa", "/recent", "/now"])
def test_who_comes_back_without_it_is_still_signed_in(server, alice, idp, path):
    """By Back, or in another tab."""
    old = token(alice)
    for _ in range(6):
        step_up(server, alice, idp, path)
        assert status(server, alice, "/page.html") == 200
    assert token(alice) == old


@pytest.mark.parametrize(
    "code, sub_status, reason",
    [
        ("Responder", "NoAuthnContext", "no_authn_context"),
        ("Responder", "AuthnFailed", "status_not_success"),
        ("Responder", "RequestDenied", "status_not_success"),
    ],
)
def test_an_idp_that_says_no_takes_nothing_away(server, alice, idp, code, sub_status, reason):
    old = token(alice)
    request = step_up(server, alice, idp, "/mfa")
    page = alice.post(request.acs_url, idp.form(request, says_no(code, sub_status)))
    assert_refused_once(server, page, reason)
    assert (token(alice), status(server, alice, "/page.html")) == (old, 200)
    assert status(server, alice, "/mfa") == 302


@pytest.mark.parametrize(
    "path, answer, reason",
    [
        ("/mfa", {}, "authn_context_mismatch"),
        ("/mfa", {"authn_context": CARD}, "authn_context_mismatch"),
        ("/recent", {"authn_instant": -3600}, "authn_not_fresh"),
        ("/now", {"authn_instant": -3600}, "authn_not_fresh"),
        ("/now", {"authn_instant": -90}, "authn_not_fresh"),
    ],
)
def test_an_idp_that_ignores_what_was_asked_is_refused_once(server, alice, idp, path, answer, reason):
    old = token(alice)
    request = step_up(server, alice, idp, path)
    page = post(alice, idp, request, **answer)
    assert_refused_once(server, page, reason)
    assert (token(alice), status(server, alice, "/page.html")) == (old, 200)


def assert_refused_once(server, page, reason: str) -> None:
    """With a page that leads on when a person wants to, and not by itself."""
    assert_refused(server, page, reason)
    assert page.location is None and not page.set_cookie and page.saml_form is None
    assert "http-equiv" not in page.text.lower() and "submit()" not in page.text.lower()
    assert "location" not in page.text, "its script copies the request ID and goes nowhere"
    assert "<a " in page.text, page.text


@pytest.mark.parametrize("path, answer", [("/mfa", {"authn_context": MFA}), ("/recent", {}), ("/now", {})])
def test_after_it_there_is_one_new_session(server, alice, idp, path, answer):
    old = token(alice)
    request = step_up(server, alice, idp, path + "?a=b")
    page = post(alice, idp, request, **answer)
    assert (page.status, page.location) == (303, server.url(path + "?a=b"))
    assert status(server, alice, path) == 200
    assert token(alice) != old
    assert (status_of(server, token(alice)), status_of(server, old)) == (200, 302)


def test_a_token_from_before_is_worth_nothing_after(server, alice, idp):
    """Whoever knew it, or planted it, has not stepped up."""
    old = token(alice)
    request = step_up(server, alice, idp, "/mfa")
    post(alice, idp, request, authn_context=MFA)
    headers = {"Cookie": f"saml_session={old}", "Accept": "text/html"}
    for path in ("/mfa", "/page.html"):
        assert Browser().get(server.url(path), headers=headers).status == 302


def test_somebody_else_signs_in(server, alice, idp):
    old = token(alice)
    request = step_up(server, alice, idp, "/mfa")
    page = post(alice, idp, request, authn_context=MFA, name_id="bob@example.org")
    assert page.status == 303
    page = alice.get(server.url("/mfa"))
    assert (page.status, page.headers["X-User"]) == (200, "bob@example.org")
    assert status_of(server, old) == 302


def test_in_two_tabs(server, alice, idp):
    old = token(alice)
    requests = [step_up(server, alice, idp, f"/mfa?{tab}") for tab in (1, 2)]
    tokens = []
    for tab, request in enumerate(requests, 1):
        page = post(alice, idp, request, authn_context=MFA)
        assert (page.status, page.location) == (303, server.url(f"/mfa?{tab}"))
        assert status(server, alice, f"/mfa?{tab}") == 200
        tokens.append(token(alice))
    assert [status_of(server, session) for session in (old, *tokens)] == [302, 302, 200]


@pytest.mark.parametrize("session_index", [("_session-1",), ()])
def test_the_idp_logs_out_meanwhile(server, alice, idp, session_index):
    """The session of before ends, and the login from before that; one from after is welcome."""
    request = step_up(server, alice, idp, "/mfa")
    early = idp.form(request, Answer(authn_context=MFA, issue_instant=-3))
    logout = LogoutRequest(session_index=session_index)
    assert_success(send(idp, server.url("/saml/sls"), logout))
    assert status(server, alice, "/page.html") == 302
    assert_refused(server, alice.post(request.acs_url, early), "assertion_logged_out")
    assert status(server, alice, "/mfa") == 302
    request = step_up(server, alice, idp, "/mfa")
    assert post(alice, idp, request, authn_context=MFA, issue_instant=2).status == 303
    assert status(server, alice, "/mfa") == 200


def test_back_and_forth_between_two_kinds_of_login(server, alice, idp):
    """Each visit is another login, and none of them a loop: each brought a session back."""
    for _ in range(4):
        for path, context in (("/mfa", MFA), ("/card", CARD)):
            request = step_up(server, alice, idp, path)
            asked = request.xml.find("samlp:RequestedAuthnContext/saml:AuthnContextClassRef", NS)
            assert asked.text == context
            assert post(alice, idp, request, authn_context=context).status == 303
            assert status(server, alice, path) == 200


@pytest.mark.parametrize("late", [-50, 0, 50])
def test_a_login_that_was_made_for_the_location_counts(server, alice, idp, late):
    """However long it took, and whatever the IdP's clock says: the second one would take as long."""
    request = step_up(server, alice, idp, "/now")
    form = idp.form(request, Answer(authn_instant=late))
    time.sleep(2.1)
    page = alice.post(request.acs_url, form)
    assert (page.status, page.location) == (303, server.url("/now"))
    time.sleep(2.1)
    assert status(server, alice, "/now") == 200


def test_a_login_that_was_made_for_another_one_does_not(server, idp):
    browser = Browser()
    assert idp.login(browser, server.url("/page.html"), Answer(authn_instant=-2)).status == 303
    assert status(server, browser, "/now") == 302
    assert status(server, browser, "/recent") == 200


def test_where_the_session_does_not_come_back_it_ends(server, idp):
    """The cookie gets lost, as with a wrong cookie_path."""
    browser = Browser()
    for _ in range(4):
        request = step_up(server, browser, idp, "/now")
        assert post(browser, idp, request).status == 303
        del browser.session.cookies["saml_session"]
    assert_refused(server, browser.get(server.url("/now")), "login_loop")
