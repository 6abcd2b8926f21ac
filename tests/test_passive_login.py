"""`saml_login?passive=1`: is there a session at the IdP? Nobody is shown a page for it."""

import pytest

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
        cookie_same_site @SAME_SITE@;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; }
        location /optional {
            auth_saml app;
            auth_saml_mode optional;
            add_header X-User "[$saml_name_id]";
            try_files /page.html =404;
        }
    }
}
"""
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
NO_PASSIVE = Answer(
    status=f"{STATUS}Responder",
    sub_status=f"{STATUS}NoPassive",
    with_assertion=False,
    sign="response",
)
PASSIVE = "/saml/login?passive=1&return=/optional"


def test_the_idp_is_told(nginx, idp, browser):
    server = nginx(CONF, SAME_SITE="lax")
    assert idp.asked(browser.get(server.url(PASSIVE))).xml.get("IsPassive") == "true"
    for path in ("/saml/login", "/saml/login?passive=0", "/page.html"):
        asked = idp.asked(browser.get(server.url(path)))
        assert asked.xml.get("IsPassive") in (None, "false")


def test_who_is_logged_in_there_gets_a_session(nginx, idp, browser):
    server = nginx(CONF, SAME_SITE="lax")
    page = idp.login(browser, server.url(PASSIVE))
    assert (page.status, page.location) == (303, server.url("/optional"))
    assert browser.get(page.location).headers["X-User"] == "[alice@example.org]"


@pytest.mark.parametrize("signed", ["response", None])
def test_who_is_not_goes_on_without(nginx, idp, browser, signed):
    server = nginx(CONF, SAME_SITE="lax")
    answer = Answer(**{**vars(NO_PASSIVE), "sign": signed})
    page = idp.login(browser, server.url(PASSIVE), answer)
    assert (page.status, page.location) == (303, server.url("/optional"))
    assert not browser.cookie_names(), "neither a session nor a login under way is left"
    assert browser.get(page.location).headers["X-User"] == "[]"


def test_the_session_of_before_stays(nginx, idp, browser):
    server = nginx(CONF, SAME_SITE="lax")
    idp.login(browser, server.url("/page.html"))
    assert idp.login(browser, server.url(PASSIVE), NO_PASSIVE).status == 303
    assert browser.get(server.url("/page.html")).status == 200


def test_nobody_asked_for_it(nginx, idp, browser):
    """NoPassive is no answer to a login that may show pages."""
    server = nginx(CONF, SAME_SITE="lax")
    page = idp.login(browser, server.url("/page.html"), NO_PASSIVE)
    assert_refused(server, page, "no_passive")


def test_another_failure_is_for_the_log(nginx, idp, browser):
    """Not every IdP says NoPassive, and nobody has asked for a page that says why."""
    server = nginx(CONF, SAME_SITE="lax")
    answer = Answer(**{**vars(NO_PASSIVE), "sub_status": f"{STATUS}RequestDenied"})
    page = idp.login(browser, server.url(PASSIVE), answer)
    assert (page.status, page.location) == (303, server.url("/optional"))
    assert "status_not_success" in server.error_log()
    assert idp.login(browser, server.url("/page.html"), answer).status == 403


def test_strict(nginx, idp, browser):
    """A page of ours goes on, or the session of before would not come along."""
    server = nginx(CONF, SAME_SITE="strict")
    for answer in (Answer(), NO_PASSIVE):
        page = idp.login(browser, server.url(PASSIVE), answer)
        assert page.status == 200
        assert f'content="0;url={server.url("/optional")}"' in page.text
