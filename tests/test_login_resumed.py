"""A login whose cookie is gone, or that took too long: the person hears why, and gets to their page."""

import re
import time
from urllib.parse import urlsplit

import pytest

from harness.browser import Browser
from harness.refusal import assert_refused
from harness.site import site

CONF = site(
    http="@STORE@",
    keys=False,
    sp="""
        login_redirect /welcome;
        @SP@
    """,
)
WANTED = "/page.html?deep=1&x=%22%3Cb"


def start(nginx, store="", sp=""):
    return nginx(CONF, STORE=store, SP=sp)


def forget_logins(browser) -> None:
    for cookie in list(browser.session.cookies):
        if "_request_" in cookie.name:
            browser.session.cookies.clear(cookie.domain, cookie.path, cookie.name)


def refresh(page) -> str | None:
    """Where the page goes by itself."""
    found = re.search(r'http-equiv="refresh" content="\d+;url=([^"]+)"', page.text)
    return found and found.group(1).replace("&amp;", "&")


def start_again(page) -> str:
    return re.search(r'<a class="button" href="([^"]+)">Start again', page.text).group(1).replace("&amp;", "&")


@pytest.fixture(params=["zone", "memcached"])
def server(nginx, memcacheds, request):
    if request.param == "zone":
        return start(nginx)
    (node,) = memcacheds(1)
    store = f"saml_session_store s {{ memcached {node.address}; cache_valid 0; }}"
    return start(nginx, store, "session_store s;")


def test_who_is_signed_in_goes_on(server, idp, browser):
    request = idp.asked(browser.get(server.url(WANTED)))
    assert idp.login(browser, server.url("/page.html")).status == 303, "in another tab"
    forget_logins(browser)
    refused = browser.post(request.acs_url, idp.form(request))
    assert_refused(server, refused, "request_unknown")
    assert "signed in already" in refused.text
    page = browser.get(refresh(refused))
    assert (page.status, page.location) == (303, server.url(WANTED))
    assert "goes on to its page" in server.error_log()


def test_who_is_not_hears_it_again_and_does_not_go_round(server, idp, browser):
    request = idp.asked(browser.get(server.url(WANTED)))
    forget_logins(browser)
    refused = browser.post(request.acs_url, idp.form(request))
    page = browser.get(refresh(refused))
    assert_refused(server, page, "request_unknown")
    assert refresh(page) is None
    assert start_again(page) == start_again(refused) == server.url(WANTED)


def test_programs_are_not_told_of_it(server, idp, browser):
    request = idp.asked(browser.get(server.url(WANTED)))
    headers = {"Accept": "application/json"}
    page = Browser().post(request.acs_url, idp.form(request), headers=headers)
    assert page.status == 400 and "saml_resumption" not in page.text


@pytest.mark.parametrize("relay_state", [None, "", "/page.html", "https://evil.example.org/", "A" * 80])
def test_only_a_relay_state_of_ours_names_a_page(server, idp, browser, relay_state):
    request = idp.asked(browser.get(server.url(WANTED)))
    forget_logins(browser)
    form = idp.form(request)
    form.pop("RelayState")
    if relay_state is not None:
        form["RelayState"] = relay_state
    page = browser.post(request.acs_url, form)
    assert refresh(page) is None
    assert start_again(page) == server.url("/welcome")


def test_nor_does_that_of_another_login(server, idp, browser):
    one = idp.asked(browser.get(server.url(WANTED)))
    two = idp.asked(browser.get(server.url("/other")))
    forget_logins(browser)
    page = browser.post(one.acs_url, {**idp.form(one), "RelayState": two.relay_state})
    assert refresh(page) is None


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: "A" + t[1:], lambda t: "", lambda t: "x" * 9000])
def test_a_forged_address_leads_nowhere(nginx, idp, browser, change):
    server = start(nginx)
    request = idp.asked(browser.get(server.url(WANTED)))
    forget_logins(browser)
    url, token = refresh(browser.post(request.acs_url, idp.form(request))).split("saml_resumption=")
    page = browser.get(f"{url}saml_resumption={change(token)}")
    assert page.status in (400, 414) and page.location is None


def test_relay_state_is_what_every_idp_gives_back(nginx, idp, browser):
    server = start(nginx)
    for path in ("/", WANTED, "/" + "a" * 300, "/a?" + "b" * 300):
        state = idp.asked(browser.get(server.url(path))).relay_state
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", state), state


def test_a_login_that_took_too_long(nginx, idp, browser):
    server = start(nginx, sp="request_lifetime 5s;")
    request = idp.asked(browser.get(server.url(WANTED)))
    (cookie,) = [c for c in browser.session.cookies if "_request_" in c.name]
    assert cookie.expires - time.time() > 1800, "a browser still has it when it is too late"
    time.sleep(5.5)
    page = browser.post(request.acs_url, idp.form(request))
    assert_refused(server, page, "request_expired")
    assert start_again(page) == server.url(WANTED)
    again = idp.login(browser, start_again(page))
    assert (again.status, again.location) == (303, server.url(WANTED))


def test_other_refusals_lead_back_too(nginx, idp, browser):
    from harness.response import Answer

    server = start(nginx)
    page = idp.login(browser, server.url(WANTED), Answer(audience="https://other.example.org"))
    assert_refused(server, page, "audience_mismatch")
    assert start_again(page) == server.url(WANTED)
    page = browser.get(server.url("/saml/acs"))
    assert start_again(page) == server.url("/welcome")


def test_the_store_is_down(nginx, memcacheds, idp, browser):
    (node,) = memcacheds(1)
    store = f"saml_session_store s {{ memcached {node.address}; cache_valid 0; stale 0; }}"
    server = start(nginx, store, "session_store s;")
    idp.login(browser, server.url("/page.html"))
    node.kill()
    page = browser.get(server.url(WANTED))
    assert page.status == 503 and start_again(page) == server.url(WANTED)


@pytest.mark.slow
@pytest.mark.parametrize("same_site", ["lax", "strict"])
def test_in_chromium(cross_site, chromium, same_site):
    """The IdP answers once more, and the login's cookie has gone: the session's does not come along."""
    server, idp_site = cross_site(same_site)
    page = f"https://app.localhost:{server.port}/page.html"
    chromium.open(page)
    chromium.wait_for(page)
    for name in chromium.cookies():
        if "_request_" in name:
            chromium.call("DELETE", f"/cookie/{name}")
    (visit,) = idp_site.visits
    chromium.open(idp_site.idp.sso_url.removesuffix("/sso") + visit)
    chromium.wait_for(page)
    assert chromium.text() == "a page"
    assert "request_unknown" in server.error_log()
    assert len(idp_site.visits) == 2, "no new login"
    assert urlsplit(chromium.url).query == ""
