"""The cookies: names, attributes, and what happens to those that are not ours."""

import pytest

from harness.browser import Browser
from harness.keys import rsa_credential

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url @SCHEME@://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        idp corp;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@ @SSL@;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location /echo { auth_saml app; proxy_pass http://127.0.0.1:@PORT2@; }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { return 200 "cookie=$http_cookie"; }
    }
}
"""
TLS = {"tls.crt": rsa_credential("tls").certificate_pem, "tls.key": rsa_credential("tls").key_pem}


def serve(nginx, https: bool, sp: str = ""):
    scheme, ssl = ("https", "ssl") if https else ("http", "")
    return nginx(CONF, files=TLS, SCHEME=scheme, SSL=ssl, SP=sp)


def set_cookies(page) -> dict[str, list[str]]:
    """Name to attributes of each Set-Cookie that sets a value."""
    found = {}
    for header in page.set_cookie:
        pair, *attributes = [part.strip() for part in header.split(";")]
        name, _, value = pair.partition("=")
        if value:
            found[name] = [value, *attributes]
    return found


def test_https(nginx, idp):
    server = serve(nginx, https=True)
    browser = Browser(verify=False)
    page = browser.get(server.url("/page.html", "https"))
    ((name, attributes),) = set_cookies(page).items()
    assert name.startswith("__Host-saml_session_request_")
    assert {"Secure", "HttpOnly", "SameSite=None", "Path=/"} <= set(attributes)
    request = idp.asked(page)
    page = browser.post(request.acs_url, idp.form(request))
    attributes = set_cookies(page)["__Host-saml_session"]
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert not any(a.lower().startswith(("domain", "expires", "max-age")) for a in attributes)
    assert len(attributes[0]) >= 43, "256 bits"
    assert browser.get(page.location).status == 200


def test_http(nginx, idp, browser):
    server = serve(nginx, https=False)
    page = browser.get(server.url("/page.html"))
    ((name, attributes),) = set_cookies(page).items()
    assert name.startswith("saml_session_request_")
    assert "HttpOnly" in attributes and "Secure" not in attributes
    assert "SameSite=None" not in attributes, "browsers drop it without Secure"
    request = idp.asked(page)
    page = browser.post(request.acs_url, idp.form(request))
    assert "saml_session" in set_cookies(page)
    (answered,) = (c for c in set_cookies(page) if c.startswith("saml_session_request_"))
    assert answered == name, "the memory of where the login went, for the Back button"


def test_name_and_path_of_choice(nginx, idp, browser):
    server = serve(nginx, False, "cookie_name app; cookie_path /; cookie_same_site strict;")
    page = idp.login(browser, server.url("/page.html"))
    attributes = set_cookies(page)["app"]
    assert "SameSite=Strict" in attributes


def test_every_login_makes_a_new_token(nginx, idp, browser):
    """Session fixation: what the browser had before the login is worth nothing after it."""
    server = serve(nginx, https=False)
    tokens = set()
    for _ in range(3):
        browser.session.cookies.set("saml_session", "planted", domain="127.0.0.1", path="/")
        request = idp.asked(browser.get(server.url("/saml/login?return=/page.html")))
        page = browser.post(request.acs_url, idp.form(request))
        tokens.add(set_cookies(page)["saml_session"][0])
    assert len(tokens) == 3 and "planted" not in tokens


@pytest.mark.parametrize(
    "cookie",
    [
        "saml_session=",
        "saml_session=x",
        "saml_session=" + "A" * 43,
        "saml_session=" + "A" * 7000,
        "saml_session=%00%ff; saml_session=\xff\xfe",
        "; ;;=; saml_session",
        "saml_session=../../etc/passwd",
        "saml_session_request_=x; saml_session_request_a=; saml_session_request_"
        + "b" * 3000
        + "=c",
        "saml_sessionx=" + "A" * 43,
    ],
)
def test_garbage_is_no_session(nginx, idp, cookie):
    server = serve(nginx, https=False)
    browser = Browser()
    headers = {"Cookie": cookie.encode("latin-1")}
    assert browser.get(server.url("/page.html"), headers=headers).status == 302
    page = browser.post(
        server.url("/saml/acs"), {"SAMLResponse": "PGEvPg==", "RelayState": "x"}, headers=headers
    )
    assert 400 <= page.status < 500


def test_the_right_cookie_among_others(nginx, idp, browser):
    server = serve(nginx, https=False)
    idp.login(browser, server.url("/page.html"))
    token = browser.session.cookies["saml_session"]
    for cookie in (
        f"a=b; saml_session={token}; c=d",
        f"saml_session=wrong; saml_session={token}",
        f"xsaml_session=1;saml_session={token}",
    ):
        page = Browser().get(server.url("/page.html"), headers={"Cookie": cookie})
        assert page.status == 200, cookie
