"""`auth_saml_mode passive`: whom the IdP knows is signed in without being asked, and nobody is kept out."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.refusal import assert_refused
from harness.response import Answer

CONF = """
events {}
http {
    saml_idp corp { metadata @METADATA@; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        passive_retry @RETRY@;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        root html;
        auth_saml app;
        auth_saml_mode passive;
        add_header X-User "[$saml_name_id]" always;
        error_page 404 /page.html;
        location / { }
        location = /members.html { auth_saml_mode require; try_files /page.html =404; }
        location = /mfa.html { auth_saml_authn_context MobileTwoFactorContract; try_files /page.html =404; }
        location = /staff.html { auth_saml_require_attribute groups staff; try_files /page.html =404; }
        location = /any.html { satisfy any; allow all; try_files /page.html =404; }
        location = /broken.html { auth_saml off; try_files /nowhere =404; }
    }
}
"""
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


def start(nginx, metadata: str = "idp.xml", retry: str = "10m", sp: str = "", files=()):
    return nginx(CONF, files=files, METADATA=metadata, RETRY=retry, SP=sp)


def says(sub_status: str) -> Answer:
    sub_status = f"{STATUS}{sub_status}"
    return Answer(status=f"{STATUS}Responder", sub_status=sub_status, with_assertion=False, sign="response")


def on_the_way(server, browser: Browser, path: str) -> str:
    """The browser shows that it keeps cookies: where it comes then."""
    page = browser.get(server.url(path))
    separator = "&" if "?" in path else "?"
    assert (page.status, page.location) == (302, server.url(f"{path}{separator}saml_passive=1"))
    assert page.headers["Cache-Control"] == "no-store"
    return page.location


def answered(server, idp: Idp, browser: Browser, path: str, answer: Answer):
    request = idp.asked(browser.get(on_the_way(server, browser, path)))
    assert request.xml.get("IsPassive") == "true"
    return browser.post(request.acs_url, idp.form(request, answer))


def user(server, browser: Browser, path: str = "/page.html") -> str:
    page = browser.get(server.url(path))
    assert (page.status, page.text) == (200, "a page\n"), page.location
    return page.headers["X-User"]


@pytest.fixture
def known_by_simplesamlphp(nginx, simplesamlphp):
    def start_with(retry: str):
        files = {"ssp.xml": simplesamlphp.metadata()}
        server = start(nginx, "ssp.xml", retry, files=files)
        simplesamlphp.trust(Browser().read(server.url("/saml/metadata")).text)
        return server

    return start_with


def test_who_is_signed_in_at_simplesamlphp_is_signed_in(known_by_simplesamlphp, simplesamlphp, browser):
    server = known_by_simplesamlphp("10s")
    page = browser.open(server.url("/page.html?x=1&y=%2F"))
    assert (page.status, page.url) == (200, server.url("/page.html?x=1&y=%2F"))
    assert page.headers["X-User"] == "[]", "SimpleSAMLphp does not know them yet"
    assert sum("/saml2/idp/SSOService" in seen.url for seen in page.history) == 1
    simplesamlphp.log_in(browser, server.url("/members.html"))
    browser.session.cookies.set("saml_session", None)
    server.wait_for(lambda: "[alice@example.org]" == browser.open(server.url("/page.html")).headers["X-User"], "another try", 30)
    assert "error" not in server.error_log()


def test_who_signs_out_stays_signed_out(known_by_simplesamlphp, simplesamlphp, browser):
    server = known_by_simplesamlphp("10s")
    simplesamlphp.log_in(browser, server.url("/members.html"))
    assert user(server, browser) == "[alice@example.org]"
    signed_in_there = browser.session.cookies.copy()
    browser.open(server.url("/saml/logout"))
    # As when the IdP knows no single logout: it still knows them.
    for cookie in signed_in_there:
        if not cookie.name.startswith("saml_session"):
            browser.session.cookies.set_cookie(cookie)
    page = browser.open(server.url("/page.html"))
    assert (page.history, page.headers["X-User"]) == ([], "[]")
    memory = [c for c in browser.session.cookies if c.name.startswith("saml_session_passive_")]
    assert [cookie.value for cookie in memory] == ["unwanted"]
    assert memory[0].expires > 1e9 and not memory[0].value.isdigit()


def test_once_and_again_after_passive_retry(nginx, idp, browser):
    server = start(nginx, retry="10s")
    landing = answered(server, idp, browser, "/page.html?x=1", says("NoPassive"))
    assert any("_passive_" in cookie and "=made;" in cookie and "Max-Age=10;" in cookie for cookie in landing.set_cookie)
    assert (landing.status, landing.location) == (303, server.url("/page.html?x=1"))
    assert user(server, browser, "/page.html?x=1") == "[]"
    server.wait_for(lambda: browser.get(server.url("/page.html")).status == 302, "the next try", 30)


def test_once_for_ten_minutes(nginx, idp, browser):
    server = start(nginx)
    request = idp.asked(browser.get(on_the_way(server, browser, "/page.html")))
    assert request.xml.get("IsPassive") == "true"
    # The IdP does not answer, and the person comes back.
    for path in ("/page.html", "/page.html?saml_passive=1", "/"):
        assert browser.get(server.url(path)).status == 200
    cookie = next(c for c in browser.session.cookies if "_passive_" in c.name)
    assert (cookie.value, cookie.path) == ("made", "/")


def test_what_the_idp_says_is_no_persons_trouble(nginx, idp, browser):
    server = start(nginx)
    landing = answered(server, idp, browser, "/page.html", says("RequestDenied"))
    assert (landing.status, landing.location) == (303, server.url("/page.html"))
    assert "status_not_success" in server.error_log()
    assert user(server, browser) == "[]"


def test_a_session_that_does_not_come_back_is_not_begun_again(nginx, idp, browser):
    server = start(nginx)
    assert answered(server, idp, browser, "/page.html", Answer()).status == 303
    assert user(server, browser) == "[alice@example.org]"
    browser.session.cookies.set("saml_session", None)
    assert user(server, browser) == "[]"


@pytest.mark.slow
def test_with_keycloak(nginx, keycloak, browser):
    server = start(nginx, "keycloak.xml", "10s", files={"keycloak.xml": keycloak.metadata()})
    keycloak.trust(Browser().read(server.url("/saml/metadata")).text)
    page = browser.open(server.url("/page.html?x=1"))
    assert (page.status, page.url, page.headers["X-User"]) == (200, server.url("/page.html?x=1"), "[]")
    keycloak.log_in(browser, server.url("/members.html"))
    browser.session.cookies.set("saml_session", None)
    known = lambda: browser.open(server.url("/page.html")).headers["X-User"]
    server.wait_for(lambda: known() != "[]", "another try", 30)
    assert "error" not in server.error_log()


def test_a_forged_answer_is_refused_and_does_not_begin_anew(nginx, idp, browser):
    server = start(nginx)
    page = answered(server, idp, browser, "/page.html", Answer(audience="https://other.example"))
    assert_refused(server, page, "audience_mismatch")
    assert user(server, browser) == "[]"


def test_who_keeps_no_cookies_goes_in(nginx, idp):
    server = start(nginx)
    page = Browser().get(server.url("/page.html?x=1"))
    assert page.location == server.url("/page.html?x=1&saml_passive=1")
    assert user(server, Browser(), "/page.html?x=1&saml_passive=1") == "[]"


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "*/*", "Sec-Fetch-Mode": None},
        {"Accept": "application/json", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Dest": "iframe"},
        {"Sec-Purpose": "prefetch"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Authorization": "Bearer x"},
    ],
)
def test_never_a_program_or_a_frame(nginx, headers):
    server = start(nginx)
    page = Browser().get(server.url("/page.html"), headers={**NAVIGATION, **headers})
    assert (page.status, page.set_cookie) == (200, [])


def test_never_what_is_no_page_to_come_back_to(nginx, browser):
    server = start(nginx)
    assert browser.post(server.url("/page.html"), {"a": "b"}).status == 405
    assert user(server, browser, "/any.html") == "[]"
    assert browser.get(server.url("/broken.html")).status == 404, "the error page is no reason to ask"
    assert not browser.cookie_names()


def test_rules_ask_for_a_login(nginx, idp, browser):
    server = start(nginx)
    request = idp.asked(browser.get(server.url("/staff.html")))
    assert request.xml.get("IsPassive") in (None, "false")


def test_who_has_a_session_that_does_not_count_here_keeps_it(nginx, idp, browser):
    server = start(nginx)
    idp.login(browser, server.url("/members.html"))
    assert user(server, browser, "/mfa.html") == "[]"
    assert user(server, browser) == "[alice@example.org]"


def test_a_login_by_themselves_ends_it(nginx, idp, browser):
    server = start(nginx)
    idp.login(browser, server.url("/members.html"))
    browser.get(server.url("/saml/logout"))
    assert user(server, browser) == "[]"
    idp.login(browser, server.url("/members.html"))
    browser.session.cookies.set("saml_session", None)
    assert browser.get(server.url("/page.html")).status == 302, "as if they had never signed out"


def test_times_are_times(prepared):
    for retry, said in [("9s", "it must be 10s to"), ("never", "invalid time")]:
        ok, log = prepared(CONF, METADATA="idp.xml", RETRY=retry, SP="").test()
        assert not ok and "passive_retry" in log and said in log
