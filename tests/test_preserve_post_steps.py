"""A form waits for a login of several steps, of a member whose session is over or not enough, and over HTTP/2."""

import asyncio

import httpx
import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.kept_form import FIELD, answer_of, log_in_and_send, send, send_ticket, ticket_of
from harness.members import log_in
from harness.message import read_redirect
from harness.refusal import assert_refused
from harness.response import Answer
from harness.upstream import passing_to

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store shared { @STORE@ }
    saml_idp corp { metadata idp.xml; }
    saml_idp other { metadata other.xml; }
    saml_sp app {
        base_url @SCHEME@://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        idp other;
        session_store shared;
        @SP@
    }
    saml_sp wiki {
        base_url @SCHEME@://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/wiki;
        idp corp;
        session_store shared;
        cookie_name wiki;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport @LISTEN@;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        include saml-endpoints.conf;
        location = /wiki/acs { saml_acs wiki; }
        auth_saml app;
        auth_saml_preserve_post 64k;
        location / { @PROXY@ }
        location /strong { auth_saml_authn_context urn:x:card; @PROXY@ }
        location /wiki { auth_saml wiki; @PROXY@ }
    }
}
"""
OTHER = Idp(entity_id="https://other.example.org/metadata", sso_url="https://other.example.org/sso")
TLS = rsa_credential("tls")
FILES = {
    "other.xml": OTHER.metadata(),
    "tls.crt": TLS.certificate_pem,
    "tls.key": TLS.key_pem,
    "session.key": "0123456789abcdef" * 4,
}


@pytest.fixture(params=["zone", "memcached"])
def start(request, nginx, memcacheds, upstreams):
    def start(sp: str = "", scheme: str = "http", listen: str = ""):
        store = ""
        if request.param == "memcached":
            (node,) = memcacheds()
            store = f"memcached {node.address}; secret session.key; cache_valid 0;"
        values = {"STORE": store, "SP": sp, "SCHEME": scheme, "LISTEN": listen}
        return nginx(CONF, files=FILES, **values, **passing_to(upstreams))

    return start


def test_who_chooses_their_idp_first(start, upstreams):
    server, browser = start("discovery builtin;"), Browser()
    kept = send(server, browser, "/form?x=1", {"a": "1"})
    assert kept.status == 302 and "/saml/discovery?" in kept.location
    assert FIELD not in kept.location and "post" not in kept.location
    page = browser.get(kept.location)
    assert FIELD not in page.text
    asked = browser.get(f"{kept.location}&idp=other")
    assert asked.location.startswith(OTHER.sso_url)
    assert log_in_and_send(server, OTHER, browser, asked).text == "from upstream"
    assert upstreams["proxy"].bodies == [b"a=1"]
    # Somebody else who is given that address logs in, and sends nothing.
    thief = Browser()
    asked = thief.get(f"{kept.location}&idp=other")
    assert answer_of(OTHER, thief, asked).status == 303


def test_a_session_that_was_not_enough(start, idp, upstreams):
    server = start()
    browser = log_in(server, idp)
    kept = send(server, browser, "/strong", {"a": "1"})
    request = idp.asked(kept)
    page = browser.post(request.acs_url, idp.form(request, Answer(authn_context="urn:x:card")))
    assert send_ticket(server, browser, ticket_of(page)).text == "from upstream"
    assert upstreams["proxy"].bodies == [b"a=1"]


def test_a_session_that_is_over(start, idp, upstreams):
    """Its cookie is there, and the store is asked for it again and again on the way."""
    server = start()
    browser = log_in(server, idp)
    cookies = browser.session.cookies.copy()
    assert browser.get(server.url("/saml/logout"), headers={"Sec-Fetch-Site": "same-origin"}).status < 400
    browser.session.cookies = cookies
    upstreams["proxy"].bodies.clear()
    kept = send(server, browser, "/form", {"a": "1"})
    log_in_and_send(server, idp, browser, kept)
    assert upstreams["proxy"].bodies == [b"a=1"]


def test_the_ticket_of_another_sp(start, idp, upstreams):
    """Both sites are behind one nginx, and share the store."""
    server, browser = start(), Browser()
    form = ticket_of(answer_of(idp, browser, send(server, browser, "/form", {"a": "1"})))
    assert answer_of(idp, browser, browser.get(server.url("/wiki"))).status == 303
    page = browser.post(server.url("/wiki"), form.fields, headers={"Origin": server.url("").rstrip("/")})
    assert_refused(server, page, "preserved_post_refused")
    assert upstreams["proxy"].asked == []


def test_over_http2(start, idp, upstreams):
    server = start(scheme="https", listen="ssl http2")
    asyncio.run(journey(server, idp))
    proxy = upstreams["proxy"]
    assert proxy.bodies == [b"x" * 60_000, b""], "the form, and a page"
    assert dict(proxy.asked[0])["HTTP_CONTENT_LENGTH"] == "60000"


async def journey(server, idp):
    url = server.url("", "https").rstrip("/")
    own = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin", "Origin": url}
    options = {"http2": True, "http1": False, "verify": False, "trust_env": False, "headers": own}
    form = {"Content-Type": "text/plain"}
    async with httpx.AsyncClient(**options) as client:
        kept = await client.post(f"{url}/form", content=b"x" * 60_000, headers=form)
        assert (kept.http_version, kept.status_code) == ("HTTP/2", 302)
        request = read_redirect(kept.headers["Location"])
        page = await client.post(request.acs_url, data=idp.form(request))
        ticket = page.text.split(f'name="{FIELD}" value="')[1].split('"')[0]
        pressed = [client.post(f"{url}/form", data={FIELD: ticket}) for _ in range(5)]
        outcomes = sorted(answer.status_code for answer in await asyncio.gather(*pressed))
        assert outcomes == [200, 410, 410, 410, 410]
        assert (await client.get(f"{url}/form")).text == "from upstream"
