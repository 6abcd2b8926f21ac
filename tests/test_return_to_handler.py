"""A login or logout never ends at a handler of ours, however its path is spelled: a link of another
site would log people out that way, or start logins."""

import re

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.members import is_in
from harness.refusal import assert_refused
from harness.response import Answer
from harness.wire import ask

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://app.example.org;
        idp corp;
        return_hosts www.example.org;
        login_redirect /start;
        @SP@
    }
    saml_sp wiki {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://wiki.example.org;
        idp corp;
        cookie_name wiki;
    }
    server {
        listen 127.0.0.1:@PORT@;
        merge_slashes @MERGE@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location = /wiki/acs { saml_acs wiki; }
        location = /wiki/logout { saml_logout wiki; }
    }
}
"""
# {tail} is the path without its first slash, {hex} its first letter, {rest} what follows.
SPELLINGS = [
    "/{tail}",
    "/{tail}?return=/page.html",
    "/{tail}#fragment",
    "/%{hex}{rest}",
    "//{tail}",
    "/%2f{tail}",
    "/./{tail}",
    "/%2e/{tail}",
    "/%2E%2e/{tail}",
    "/x/../{tail}",
    "/x/.%2e/{tail}",
    "/x%2f..%2F{tail}",
    "/x//..//{tail}",
]
HANDLERS = ["/saml/logout", "/saml/login", "/saml/acs", "/saml/sls", "/saml/metadata"]


@pytest.fixture(params=["on", "off"], ids=["merge_slashes", "no merge_slashes"])
def server(nginx, request):
    return nginx(CONF, MERGE=request.param, SP="")


def spelled(path: str) -> list[str]:
    tail = path[1:]
    values = {"tail": tail, "hex": f"{ord(tail[0]):02x}", "rest": tail[1:]}
    return [spelling.format(**values) for spelling in SPELLINGS]


@pytest.mark.parametrize("endpoint", ["/saml/login", "/saml/logout"])
@pytest.mark.parametrize("handler", [*HANDLERS, "/wiki/logout", "/wiki/acs"])
def test_return_arguments(server, endpoint, handler):
    """Of any SP of this nginx, at any host."""
    for target in [
        *spelled(handler),
        server.url(handler),
        server.url("/x/..") + handler,
        f"https://www.example.org{handler}",
    ]:
        page = Browser().request("GET", server.url(endpoint), params={"return": target})
        assert_refused(server, page, "return_url_refused")


RIDDLES = [
    "/saml/metadat%61",
    "/SAML/metadata",
    "/saml/metadata/",
    "/saml/metadata/.",
    "/saml/metadata%3f",
    "/saml/metad%2561ta",
    "/saml/metadata;x",
    "/a/b/..%2f..%2fsaml/metadata",
    "/a//b/../../saml/metadata",
    "/a//b/../../../saml/metadata",
    "/saml//metadata",
    "/saml/x%2F%2e%2E/metadata",
    "/saml/metadata/x/..%2f",
    "/..%2fsaml/metadata",
    "/%zz/saml/metadata",
]


def test_whatever_nginx_takes_for_a_handler_is_refused(server):
    """nginx itself says which paths are the handler's."""
    reached = 0
    for path in [*spelled("/saml/metadata"), *RIDDLES]:
        if "EntityDescriptor" in ask(server, path.partition("#")[0]).text:
            reached += 1
            page = Browser().request("GET", server.url("/saml/login"), params={"return": path})
            assert_refused(server, page, "return_url_refused")
    assert reached >= 12


@pytest.mark.parametrize(
    "target", ["/saml/logout/x", "/saml", "/?next=/saml/logout", "/x#/saml/logout"]
)
def test_neighbours_are_pages(server, idp, browser, target):
    page = browser.request("GET", server.url("/saml/login"), params={"return": target})
    request = idp.asked(page)
    page = browser.post(request.acs_url, idp.form(request))
    assert page.location == server.url(target)


@pytest.mark.parametrize("relay_state", ["/saml/logout", "/x/../saml/%6cogout", "//saml/logout"])
def test_relay_state(server, idp, browser, relay_state):
    """An IdP's own login that would log out at once goes to login_redirect."""
    request = idp.asked(browser.get(server.url("/page.html")))
    form = {**idp.form(request, Answer(in_response_to=None)), "RelayState": relay_state}
    page = Browser().post(request.acs_url, form)
    assert (page.status, page.location) == (303, server.url("/start"))


def test_the_page_asked_for(nginx, idp):
    """At another server the path is a page; the login comes back to base_url: there it is a logout."""
    other = "server { listen 127.0.0.1:@PORT2@; location / { auth_saml app; root html; } }"
    conf = CONF.replace("    server {", f"    {other}\n    server {{")
    server = nginx(conf, MERGE="on", SP="")
    for path in ("/saml/logout", "/saml//logout", "/saml/%6cogout?x"):
        browser = Browser()
        request = idp.asked(browser.get(f"http://127.0.0.1:{server.values['PORT2']}{path}"))
        page = browser.post(request.acs_url, idp.form(request))
        assert page.location == server.url("/start"), path


def next_of(page) -> str:
    """Where the page goes that a strict cookie needs."""
    return re.search(r"0;url=([^\"]+)", page.text).group(1)


@pytest.mark.parametrize("strict", ["", "cookie_same_site strict;"])
def test_nobody_is_logged_out_by_a_link(nginx, strict):
    """A member follows another site's link to saml_login: they stay in."""
    idp = Idp()
    server = nginx(CONF, MERGE="on", SP=strict)
    member = Browser()
    idp.login(member, server.url("/page.html"))
    assert is_in(server, member)
    page = member.request("GET", server.url("/saml/login"), params={"return": "/saml/logout"})
    if page.status == 302:
        request = idp.asked(page)
        page = member.post(request.acs_url, idp.form(request))
        member.get(page.location or next_of(page))
    assert is_in(server, member)


@pytest.mark.parametrize("directive", ["login_redirect", "logout_redirect"])
@pytest.mark.parametrize(
    "target", ["/saml/logout", "/saml/./login?x=y", "https://www.example.org/saml/acs"]
)
def test_settings(prepared, directive, target):
    conf = CONF.replace("        login_redirect /start;\n", "")
    good, output = prepared(conf, MERGE="on", SP=f"{directive} {target};").test()
    (line,) = [line for line in output.splitlines() if "[emerg]" in line]
    assert not good and f'"{directive}" "{target}"' in line and "handler" in line, line
    assert "nginx.conf:" in line


def test_a_front_page_that_is_a_handler(prepared):
    """Nothing is said of login_redirect, and the default would be a logout."""
    conf = CONF.replace("        login_redirect /start;\n", "")
    conf = conf.replace("location = /wiki/logout", "location = /")
    good, output = prepared(conf, MERGE="on", SP="").test()
    assert not good and '"login_redirect" "/"' in output, output
