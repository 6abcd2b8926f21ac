"""A cookie of a login under way in a format that this version does not know: the login begins anew."""

import re

import pytest

from harness.members import PAGE, is_in
from harness.refusal import assert_refused
from harness.sealed import LOGIN, Sealer, of_base64, sp_id, to_base64
from harness.site import site

CONF = site(
    http="saml_session_store store { zone store 1m; secret session.key; }",
    sp="session_store store;",
)
FILES = {"session.key": "0123456789abcdef" * 4}
SEALER = Sealer(FILES["session.key"])


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES)


@pytest.fixture
def under_way(server, idp, browser):
    """The request, its cookie, and what that says."""
    request = idp.asked(browser.get(server.url(PAGE)))
    (cookie,) = [cookie for cookie in browser.session.cookies if "_request_" in cookie.name]
    return request, cookie, SEALER.open(LOGIN, sp_of(server), of_base64(cookie.value))


def sp_of(server) -> bytes:
    return sp_id(server.url("/saml/metadata"), server.url(""))


def start_again(page) -> str:
    return re.search(r'<a class="button" href="([^"]+)">Start again', page.text).group(1)


def rewritten(server, browser, cookie, plain: bytes) -> None:
    value = to_base64(SEALER.seal(LOGIN, sp_of(server), plain))
    browser.session.cookies.set(cookie.name, value, domain=cookie.domain, path=cookie.path)


def test_of_this_version(server, idp, browser, under_way):
    """It is sealed as the module does."""
    request, cookie, plain = under_way
    rewritten(server, browser, cookie, plain)
    assert browser.post(request.acs_url, idp.form(request)).status == 303


@pytest.mark.parametrize("version", [1, 2, 4, 255])
def test_of_another(server, idp, browser, under_way, version):
    """The answer to it finds no request; the page that says so leads to a login that ends well."""
    request, cookie, plain = under_way
    rewritten(server, browser, cookie, bytes([version]) + plain[1:])
    page = browser.post(request.acs_url, idp.form(request))
    assert_refused(server, page, "request_unknown")
    assert page.status == 400
    again = idp.login(browser, start_again(page))
    assert again.status == 303 and again.location == server.url(PAGE)
    assert is_in(server, browser)


def test_flags_of_a_later_version(server, idp, browser, under_way):
    """The same version with a flag that is not known: not guessed at."""
    request, cookie, plain = under_way
    assert plain[1] & 0x80 == 0, "one octet of flags"
    rewritten(server, browser, cookie, plain[:1] + bytes([plain[1] | 0x80, 2]) + plain[2:])
    assert_refused(server, browser.post(request.acs_url, idp.form(request)), "request_unknown")
    assert idp.login(browser, server.url(PAGE)).status == 303
