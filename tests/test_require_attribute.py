"""`auth_saml_require_attribute`: what a session's attributes must be like to enter a location."""

import json

import pytest

from harness.browser import Browser
from harness.refusal import assert_refused
from harness.response import Answer, Attribute
from harness.site import site
from harness.wire import ask, cookie_header

CONF = site(
    sp="attribute team urn:x:team;",
    server="""
        root html;
        error_page 418 /teapot;
        location /staff {
            auth_saml app;
            auth_saml_require_attribute groups staff admin "label=a <b>member</b> of staff";
            try_files /page.html =404;
            location /staff/inherits { try_files /page.html =404; }
            location /staff/off { auth_saml_require_attribute off; try_files /page.html =404; }
            location /staff/own { auth_saml_require_attribute mail; try_files /page.html =404; }
        }
        location /expression { auth_saml app; auth_saml_require_attribute mail "~@example\\.org$"; try_files /page.html =404; }
        location /any-case { auth_saml app; auth_saml_require_attribute mail ~*EXAMPLE; try_files /page.html =404; }
        location /not-banned { auth_saml app; auth_saml_require_attribute !groups banned; try_files /page.html =404; }
        location /level { auth_saml app; auth_saml_require_attribute loa >=2; try_files /page.html =404; }
        location /alias { auth_saml app; auth_saml_require_attribute team blue; try_files /page.html =404; }
        location /uri { auth_saml app; auth_saml_require_attribute urn:x:team blue; try_files /page.html =404; }
        location /both {
            auth_saml app;
            auth_saml_require_attribute groups staff label=staff;
            auth_saml_require_attribute loa >=2 "label=a second factor";
            try_files /page.html =404;
        }
        location /optional {
            auth_saml app;
            auth_saml_mode optional;
            auth_saml_require_attribute groups staff;
            try_files /page.html =404;
        }
        location /post {
            auth_saml app;
            limit_except GET { auth_saml_require_attribute groups staff; }
            try_files /page.html =404;
        }
        location /leads-there { auth_saml app; try_files /nothing /any-late; }
        location /any-late {
            satisfy any;
            allow all;
            auth_saml app;
            auth_saml_require_attribute groups staff;
            add_header X-User "[$saml_name_id]";
            try_files /page.html =404;
        }
        location /own-page {
            auth_saml app;
            auth_saml_require_attribute groups staff;
            error_page 403 = /sorry;
            try_files /page.html =404;
        }
        location = /sorry { return 403 "sorry [$saml_error] [$saml_name_id] [$remote_user]"; }
    """,
)
PROGRAM = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}


@pytest.fixture
def enter(nginx, idp):
    """A function: somebody with these attributes has signed in, and asks for paths."""
    server = nginx(CONF)

    def signed_in(**attributes):
        browser = Browser()
        said = [Attribute(name.replace("_", ":"), values) for name, values in attributes.items()]
        page = idp.login(browser, server.url("/page.html"), Answer(attributes=said))
        assert page.status == 303
        browser.server = server
        browser.go = lambda path, **more: browser.get(server.url(path), **more)
        return browser

    return signed_in


@pytest.mark.parametrize(
    "path, enters, stays_out",
    [
        ("/staff", {"groups": ["x", "staff"]}, {"groups": ["Staff", "staff;x"]}),
        ("/staff/inherits", {"groups": ["admin"]}, {"groups": ["x"]}),
        ("/staff/own", {"mail": ["a@b"]}, {"groups": ["staff"]}),
        ("/expression", {"mail": ["a@example.org"]}, {"mail": ["a@example.org.evil"]}),
        ("/any-case", {"mail": ["a@example.org"]}, {"mail": ["a@elsewhere.org"]}),
        ("/not-banned", {"mail": ["a@b"]}, {"groups": ["staff", "banned"]}),
        ("/level", {"loa": ["10"]}, {"loa": ["1"]}),
        ("/alias", {"urn_x_team": ["blue"]}, {"team": ["blue"]}),
        ("/uri", {"urn_x_team": ["blue"]}, {"urn_x_team": ["red"]}),
        ("/both", {"groups": ["staff"], "loa": ["2"]}, {"groups": ["staff"]}),
        ("/post", {}, None),
        ("/staff/off", {}, None),
    ],
)
def test_who_keeps_the_rule_enters(enter, path, enters, stays_out):
    assert enter(**enters).go(path).text == "a page\n"
    if stays_out is None:
        return
    browser = enter(**stays_out)
    for _ in range(2):
        refused = browser.go(path)
        assert refused.status == 403 and "a page" not in refused.text
        assert browser.go("/page.html").text == "a page\n", "it is the location's rule"


def test_a_method_has_its_own_rules(enter):
    browser = enter(groups=["x"])
    assert browser.go("/post").status == 200
    assert browser.post(browser.server.url("/post"), {"a": "b"}).status == 403


def test_the_page_says_what_is_missing_and_not_what_is_there(enter):
    browser = enter(groups=["<script>alert(1)</script>", "x\r\nSet-Cookie: a=b\r\n\r\n"])
    refused = browser.go("/staff?x=1")
    assert_refused(browser.server, refused, "requirement_not_met")
    assert "What is missing: <strong>a &lt;b&gt;member&lt;/b&gt; of staff</strong>" in refused.text
    assert "alert(1)" not in refused.text and "Set-Cookie" not in refused.headers
    assert "Location" not in refused.headers
    assert 'href="' + browser.server.url("/saml/login?force_authn=1&amp;return=") in refused.text
    assert 'href="' + browser.server.url("/saml/logout") in refused.text
    lines = [line for line in browser.server.error_log().splitlines() if "requirement_not_met" in line]
    assert 'auth_saml_require_attribute groups staff admin" in ' in lines[0]
    assert "has 2 value(s)" in lines[0] and "script" not in lines[0], "values are for info alone"
    (told,) = [line for line in browser.server.error_log().splitlines() if "is not met by" in line]
    assert "[info]" in told and r'"alice@example.org", with "<script>' in told
    assert r'"x\nSet-Cookie: a=b"' in told


def test_the_first_rule_that_is_broken_is_named(enter):
    assert "a second factor" in enter(groups=["staff"]).go("/both").text
    assert "a second factor" not in enter(loa=["2"]).go("/both").text


def test_programs_get_json(enter):
    browser = enter(groups=["x"])
    refused = browser.go("/staff", headers=PROGRAM)
    answer = json.loads(refused.text)
    assert (refused.status, answer["error"]) == (403, "requirement_not_met")
    assert answer["missing"] == "a <b>member</b> of staff" and "login_url" not in answer


def test_somebody_else_may_sign_in_on_the_spot(enter, idp):
    browser = enter(groups=["x"])
    refused = browser.go("/staff")
    link = refused.text.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    request = idp.asked(browser.get(link))
    assert request.xml.get("ForceAuthn") == "true"
    said = Answer(attributes=[Attribute("groups", ["staff"])])
    page = browser.post(request.acs_url, idp.form(request, said))
    assert page.location == browser.server.url("/staff")
    assert browser.get(page.location).text == "a page\n"


def test_without_a_session_there_is_a_login(enter):
    browser = enter(groups=["x"])
    server = browser.server
    for path in ["/staff", "/not-banned", "/optional"]:
        assert ask(server, path, ("Accept", "text/html")).status == 302, path
        assert ask(server, path, ("Accept", "application/json")).status == 401, path
    assert browser.go("/optional").status == 403, "no loop"
    assert enter(groups=["staff"]).go("/optional").status == 200


def test_where_no_rule_was_asked_a_session_that_breaks_it_is_none(enter):
    """An internal redirect leads to a location whose access phase `allow` ends before us."""
    for group, shown in [("staff", "[alice@example.org]"), ("x", "[]")]:
        page = enter(groups=[group]).go("/leads-there")
        assert (page.status, page.headers["X-User"]) == (200, shown)


def test_a_page_of_ones_own(enter):
    browser = enter(groups=["x"])
    refused = browser.go("/own-page")
    assert (refused.status, refused.text) == (403, "sorry [requirement_not_met] [] []")
    assert ask(browser.server, "/own-page", cookie_header(browser)).text.startswith("sorry")
