"""The same over HTTP/2: redirects, POST with a body, many streams at once."""

import asyncio

import httpx
import pytest

from harness.keys import rsa_credential
from harness.message import read_redirect

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url https://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@ ssl http2;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        client_body_buffer_size 1k;
        include saml-endpoints.conf;
        location / { auth_saml app; add_header X-User $saml_name_id; root html; }
    }
}
"""
FILES = {"tls.crt": rsa_credential("tls").certificate_pem, "tls.key": rsa_credential("tls").key_pem}
NAVIGATE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@pytest.mark.smoke
def test_login_and_streams(nginx, idp):
    server = nginx(CONF, files=FILES)
    asyncio.run(journey(server, idp))


async def journey(server, idp):
    options = {
        "http2": True,
        "http1": False,
        "verify": False,
        "headers": NAVIGATE,
        "trust_env": False,
    }
    async with httpx.AsyncClient(**options) as client:
        answer = await client.get(server.url("/page.html", "https"))
        assert (answer.http_version, answer.status_code) == ("HTTP/2", 302)
        request = read_redirect(answer.headers["Location"])
        answer = await client.post(request.acs_url, data=idp.form(request))
        assert (answer.status_code, answer.headers["Location"]) == (
            303,
            server.url("/page.html", "https"),
        )
        pages = await asyncio.gather(*(client.get(answer.headers["Location"]) for _ in range(300)))
        assert {page.status_code for page in pages} == {200}
        assert {page.headers["X-User"] for page in pages} == {"alice@example.org"}
