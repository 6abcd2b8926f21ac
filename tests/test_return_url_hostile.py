"""Four hundred URLs that would lead a browser away, by every way by which one comes: refused, or home."""

import json

import pytest

from harness.browser import Browser
from harness.hostile_urls import ask_for, hostile_urls, request_targets, spellings
from harness.idp import Idp, post_fields
from harness.keys import rsa_credential
from harness.message import AuthnRequest, read_redirect
from harness.response import Answer

CONF = """
worker_processes 1;
events {}
http {
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_idp other { metadata other.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        idp other;
        discovery @DISCOVERY@;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        merge_slashes @MERGE@;
        location / { auth_saml app; }
        location /open { try_files /page.html =404; }
    }
}
"""
pytestmark = pytest.mark.slow
OTHER = Idp("https://other.example.org", "https://other.example.org/sso", credential=rsa_credential("other"))  # fmt: skip


@pytest.fixture
def start(nginx):
    def start(discovery: str = "off", merge: str = "on"):
        files = {"other.xml": OTHER.metadata()}
        return nginx(CONF, files=files, DISCOVERY=discovery, MERGE=merge)

    return start


@pytest.fixture
def judge(chromium, idp):
    """What a browser makes of a `Location`: fails when one of those collected leads away."""

    def judge(server, landings: dict[str, str], at_least: int) -> None:
        assert len(landings) >= at_least, f"only {len(landings)} went through"
        home = server.url("")
        chromium.open(server.url("/open"))
        script = f"""
            const home = {json.dumps(home)};
            return Object.entries({json.dumps(landings)}).filter(([given, landing]) =>
                [home + '/saml/acs', 'https://evil.example/x/', 'http://127.0.0.1/'].some(base => {{
                    const there = new URL(landing, base);
                    return there.origin !== home || there.username || there.password;
                }}));
        """
        assert chromium.run(script) == []
        # And really, with some of them, as somebody who has a session and keeps it.
        member = Browser()
        landed(member, idp, idp.asked(member.get(server.url("/saml/login?idp=corp"))))
        cookie = {"name": "saml_session", "value": member.session.cookies["saml_session"]}
        chromium.call("POST", "/cookie", {"cookie": cookie})
        for given, landing in list(landings.items())[:: max(1, len(landings) // 20)]:
            chromium.open(landing)
            assert chromium.run("return window.origin") == home, (given, landing)
        chromium.open(server.url("/page.html"))
        assert chromium.text() == "a page"

    return judge


def landed(browser, idp, request: AuthnRequest) -> str:
    """Where the login ends, as the header has it."""
    page = browser.post(request.acs_url, idp.form(request))
    assert page.status == 303, f"{page.status}: {page.text}"
    return page.headers["Location"]


def assert_refused(page) -> None:
    assert (page.status, page.location) == (400, None) and "return_url_refused" in page.text


def test_of_saml_login(start, idp, judge):
    server, landings, refused = start(), {}, 0
    for url in hostile_urls(server.url("")):
        for argument in spellings(url):
            browser = Browser()
            page = browser.get(server.url(f"/saml/login?idp=corp&return={argument}"))
            if page.status == 302:
                landings[argument] = landed(browser, idp, idp.asked(page))
            else:
                assert_refused(page)
                refused += 1
    assert refused > 300
    judge(server, landings, 40)


def test_of_saml_logout(start, judge):
    server, landings, refused = start(), {}, 0
    for url in hostile_urls(server.url("")):
        for argument in spellings(url):
            page = Browser().get(server.url(f"/saml/logout?return={argument}"))
            if page.status == 303:
                landings[argument] = page.headers["Location"]
            else:
                assert_refused(page)
                refused += 1
    assert refused > 300
    judge(server, landings, 40)


def test_of_the_choice_of_an_idp(start, idp, judge):
    server, landings, refused = start("builtin"), {}, 0
    for url in hostile_urls(server.url("")):
        for argument in spellings(url):
            browser = Browser()
            page = browser.get(server.url(f"/saml/discovery?return={argument}"))
            if page.status == 200:
                (form,) = page.forms
                assert form.action.startswith(server.url("/saml/")), form
                page = browser.send(form, idp="corp")
            if page.status == 302:
                landings[argument] = landed(browser, idp, idp.asked(page))
            else:
                assert_refused(page)
                refused += 1
    assert refused > 300
    judge(server, landings, 40)


def test_of_an_unasked_response(start, idp, judge):
    """A RelayState that leads away is none."""
    server, landings = start(), {}
    request = idp.asked(Browser().get(server.url("/saml/login?idp=corp")))
    for number, url in enumerate(hostile_urls(server.url(""))):
        answer = Answer(in_response_to=None, name_id=f"user{number}")
        form = post_fields(idp.response(request, answer), url)
        page = Browser().post(server.url("/saml/acs"), form)
        assert page.status == 303, f"{page.status}: {page.text}"
        landings[url] = page.headers["Location"]
    judge(server, landings, 400)


@pytest.mark.parametrize("merge", ["on", "off"])
def test_of_the_page_that_was_asked_for(start, idp, judge, merge):
    server, landings = start(merge=merge), {}
    for url in hostile_urls(server.url("")):
        for target in request_targets(url):
            status, location, browser = ask_for(server, target)
            if status == 302 and location.startswith(idp.sso_url):
                landings[target.decode()] = landed(browser, idp, read_redirect(location))
            else:
                assert status in (400, 404, 405) or "evil" not in location, (target, status, location)
    judge(server, landings, 100)
