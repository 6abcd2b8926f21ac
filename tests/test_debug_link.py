"""`saml_debug link`: the login of who comes by an administrator's link is told to that administrator."""

import json
from urllib.parse import urlsplit

import pytest

from harness.browser import Browser
from harness.diagnosis import (
    ADMINISTRATORS,
    STATUS,
    assert_no_secrets,
    entry,
    facts,
    link,
    look,
    make_link,
    page_of,
    press,
    secrets_of,
    stories,
    whats,
    xml,
)
from harness.response import Answer
from harness.site import site

CONF = site(main="worker_processes 2;", server=STATUS, location="saml_debug link;")


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=ADMINISTRATORS)


def log_in(idp, server, browser, url, answer=Answer()):
    sent = press(browser, url)
    request = idp.asked(sent)
    return sent, browser.post(request.acs_url, idp.form(request, answer))


@pytest.mark.smoke
def test_who_comes_by_it_is_recorded_for_who_asked(server, idp):
    url, browser = link(server), Browser()
    assert url.startswith(server.url("/saml/acs?saml_debug="))
    sent, landed = log_in(idp, server, browser, url)
    assert landed.status == 303
    assert sent.headers["Referrer-Policy"] == "no-referrer"
    [story] = stories(server)
    assert (story["sp"], story["address"]) == ("app", None)
    assert whats(story) == ["request", "authn_request", "answer", "request", "response", "session", "answer"]
    assert facts(story["entries"][0])["request"] == "POST /saml/acs?saml_debug=[masked]"
    assert "saml:NameID" in xml(entry(story, "response")["documents"][0], verified=True)
    kept = secrets_of(server, sent, landed, browser=browser, names=(url.split("=")[1],))
    assert_no_secrets(json.dumps(story), kept)
    assert_no_secrets(page_of(server, story).text, kept)


def test_other_administrators_see_nothing_of_it(server, idp):
    log_in(idp, server, Browser(), link(server))
    [story] = stories(server, "root")
    assert stories(server, "eve") == []
    assert page_of(server, story, "eve").status == 400
    assert page_of(server, story, "root").status == 200


def test_to_open_it_has_no_effect_and_to_press_has_one_once(server, idp):
    url = link(server)
    for headers in ({}, {"Sec-Purpose": "prefetch"}, {"User-Agent": "robot"}):
        page = Browser().get(url, headers=headers)
        assert "Set-Cookie" not in page.headers
        assert page.status == (503 if "Sec-Purpose" in headers else 200)
    across = Browser().post(url, headers={"Sec-Fetch-Site": "cross-site"})
    assert across.status == 200 and "Set-Cookie" not in across.headers
    assert stories(server) == []
    assert press(Browser(), url).status == 302
    assert len(stories(server)) == 1
    again = Browser().post(url)
    assert again.status == 403 and "debug_link_invalid" in again.text
    assert "used before" in server.error_log()
    assert len(stories(server)) == 1


def test_others_are_not_recorded(server, idp):
    press(Browser(), link(server))
    told = len(stories(server)[0]["entries"])
    assert idp.login(Browser(), server.url("/page.html")).status == 303
    assert [len(story["entries"]) for story in stories(server)] == [told]


def test_what_the_browser_does_afterwards_is_told_as_well(server, idp):
    browser = Browser()
    press(browser, link(server))
    idp.login(browser, server.url("/page.html"), Answer(audience="https://other.example"))
    [story] = stories(server)
    assert whats(story)[3:] == [
        *("request", "authn_request", "answer", "request", "response", "refused", "answer")
    ]
    assert facts(story["entries"][3])["request"] == "GET /page.html"
    assert facts(entry(story, "refused"))["reason"] == "audience_mismatch"


@pytest.mark.parametrize("change", ["cut", "changed", "of another SP", "empty", "a cookie"])
def test_a_forged_one_is_none(server, idp, change):
    url = link(server)
    start, token = url.split("=")
    browser = Browser()
    if change == "a cookie":
        press(browser, url)
        [token] = [c.value for c in browser.session.cookies if "_debug_" in c.name]
    changed = {
        "cut": token[:-1],
        "changed": token[:20] + ("A" if token[20] != "A" else "B") + token[21:],
        "of another SP": "AAAA" + token,
        "empty": "",
    }.get(change, token)
    for method in ("GET", "POST"):
        page = Browser().request(method, f"{start}={changed}")
        assert page.status == 403 and "debug_link_invalid" in page.text
        assert "Set-Cookie" not in page.headers


def test_only_where_a_location_says_link(nginx, idp):
    server = nginx(
        site(server=STATUS, location="saml_debug 127.0.0.9;"), files=ADMINISTRATORS
    )
    assert look(server)["sites"] == []
    page = Browser().get(server.url("/saml/acs?saml_debug=AAAA"))
    assert page.status == 403 and "debug_link_invalid" in page.text


def test_a_link_wants_the_page_s_token(server):
    assert make_link(server).status == 200
    for fields in ({"token": ""}, {"token": look(server, name="eve")["sites"][0]["token"]}):
        answer = make_link(server, **fields)
        assert answer.status == 403 and json.loads(answer.text)["error"] == "order_token_invalid"
    assert make_link(server, sp="nobody").status == 400


def test_a_person_makes_it_on_the_page(server, idp):
    administrator = Browser()
    administrator.session.auth = ("root", "root")
    page = administrator.get(server.url("/admin/status?debug"))
    assert page.headers["Content-Security-Policy"].count("'none'") >= 3
    assert "script-src" not in page.headers["Content-Security-Policy"]
    [form] = page.forms
    made = administrator.send(form)
    assert made.status == 200, made.text
    [url] = [line for line in made.text.replace("<", "\n").replace(">", "\n").split() if "saml_debug=" in line]
    log_in(idp, server, Browser(), url)
    [story] = look(server)["stories"]
    shown = administrator.get(server.url(f"/admin/status?debug={story['id']}"))
    assert "✓ " in shown.text and "alice@example.org" in shown.text
    assert urlsplit(url).path == "/saml/acs"


def test_it_is_good_once_with_memcached(nginx, idp, memcacheds):
    [node] = memcacheds(1)
    conf = site(
        http=f"saml_session_store shared {{ memcached {node.address}; secret secret; }}",
        sp="session_store shared;",
        server=STATUS,
        location="saml_debug link;",
    )
    files = ADMINISTRATORS | {"secret": "0123456789abcdef" * 4}
    server = nginx(conf, files=files)
    url, browser = link(server), Browser()
    sent, landed = log_in(idp, server, browser, url)
    assert landed.status == 303
    assert browser.post(url).status == 403
    [story] = stories(server)
    assert whats(story)[-2:] == ["refused", "answer"], "its second try is told as well"
    assert facts(entry(story, "session"))["NameID"] == "alice@example.org"
