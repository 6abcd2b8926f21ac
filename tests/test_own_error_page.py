"""An administrator's `error_page` for our refusals: the page is theirs, what protects is ours."""

import re

import pytest

from harness.response import Answer
from harness.wire import ask, cookie_header

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
        error_page 400 401 403 404 405 /sorry.html;
        include saml-endpoints.conf;
        location / { auth_saml app; }
        location /program { auth_saml app; auth_saml_unauthenticated 401; }
        location = /sorry.html { add_header X-Reason "[$saml_error]" always; }
    }
}
"""
FILES = {"html/sorry.html": "<style>p{color:red}</style><p>sorry</p>\n"}
ABOUT_OUR_PAGE = ["Content-Security-Policy", "X-Content-Type-Options"]


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_refusals(server, idp, browser, accept):
    request = idp.asked(browser.get(server.url("/page.html")))
    wrong_audience = idp.form(request, Answer(audience="other"))
    for fields, status, reason in (
        ({"x": "y"}, 400, "message_missing"),
        (wrong_audience, 403, "audience_mismatch"),
    ):
        page = browser.post(request.acs_url, fields, headers={"Accept": accept})
        assert (page.status, page.text) == (status, FILES["html/sorry.html"])
        assert page.headers["X-Reason"] == f"[{reason}]"
        assert page.headers["Content-Type"].startswith("text/html")
        assert not [name for name in ABOUT_OUR_PAGE if name in page.headers], page.headers
        assert page.headers["Cache-Control"] == "no-store"


def test_401(server):
    answer = ask(server, "/program")
    assert (answer.status, answer.text) == (401, FILES["html/sorry.html"])
    assert len(answer.all("WWW-Authenticate")) == 1
    assert answer.all("X-Reason") == ["[authentication_required]"]
    assert answer.all("Cache-Control") == ["no-store"]
    assert not [name for name in ABOUT_OUR_PAGE if answer.all(name)]


def test_405(server):
    answer = ask(server, "/saml/login", method="PUT")
    assert (answer.status, answer.text) == (405, FILES["html/sorry.html"])
    assert answer.all("Allow") == ["GET, HEAD"]
    assert answer.all("X-Reason") == ["[method_not_allowed]"]


def test_cookies_are_kept_and_not_doubled(server, idp, browser):
    """The first page after a login clears the loop guard's cookie, also when it is missing."""
    idp.login(browser, server.url("/page.html"))
    answer = ask(server, "/nothing-here", cookie_header(browser))
    assert (answer.status, answer.text) == (404, FILES["html/sorry.html"])
    (cookie,) = answer.all("Set-Cookie")
    assert re.match("saml_session_logins_[0-9a-f]{8}=;", cookie)
