"""Nobody gets past the login by HTTP/3: subrequests, the rewrite phase, named locations, internal redirects, ranges."""

import pytest

from harness.http3 import LISTEN
from harness.keys import rsa_credential

CONF = f"""
events {{}}
http {{
    saml_idp corp {{ metadata idp.xml; }}
    saml_sp app {{
        base_url https://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        idp corp;
    }}
    server {{{LISTEN}
        root html;
        auth_saml app;
        include saml-endpoints.conf;

        location / {{ add_header X-Page-User $saml_name_id always; }}
        location /open {{ auth_saml off; }}
        location = /who {{ return 200 "secret of $saml_name_id"; }}
        location /if {{ if ($uri ~ secret) {{ return 200 "secret"; }} try_files /page.html =404; }}
        location /by-guard {{ auth_saml off; auth_request /guard; try_files /page.html =404; }}
        location = /guard {{ internal; auth_saml app; return 204; }}
        location /included {{ auth_saml off; ssi on; ssi_types *; try_files /ssi.html =404; }}
        location /try-named {{ try_files $uri @fallback; }}
        location @fallback {{ add_header X-User $saml_name_id; try_files /page.html =404; }}
        location /missing {{ auth_saml off; error_page 404 = /page.html; }}
        location /open-to-closed {{ auth_saml off; rewrite ^ /page.html last; }}
        location /mirrored/ {{ auth_saml off; mirror /copy; alias html/open/; }}
        location = /copy {{ internal; proxy_pass http://127.0.0.1:@PORT2@; }}
        location /any-denied {{ satisfy any; deny all; try_files /page.html =404; }}
        location /own-401 {{ auth_saml_unauthenticated 401; error_page 401 = /open/login.html; }}
    }}
    server {{ listen 127.0.0.1:@PORT2@; access_log upstream.log saml; location / {{ return 200 upstream; }} }}
}}
"""
FILES = {
    "tls.crt": rsa_credential("tls").certificate_pem,
    "tls.key": rsa_credential("tls").key_pem,
    "html/ssi.html": 'begin <!--#include virtual="/page.html" --> end',
    "html/open/login.html": "please log in\n",
}
CLOSED = [
    "/page.html", "/", "/who", "/if/secret", "/by-guard", "/included", "/try-named", "/missing", "/open-to-closed",
    "/any-denied", "/own-401", "//page.html", "/open/../page.html", "/open/%2e%2e/page.html", "/PAGE.html/..%2fpage.html",
]  # fmt: skip
HTML = ("accept", "text/html")

pytestmark = pytest.mark.smoke


@pytest.fixture
def server(http3, nginx):
    return nginx(CONF, files=FILES)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "PROPFIND", "get", "SAML"])
def test_strangers(server, http3, method):
    connection = http3(server)
    for path in CLOSED:
        for fields in ((HTML,), (HTML, ("range", "bytes=0-3")), (("accept", "application/json"),)):
            answer = connection.ask(path, *fields, method=method)
            assert "a page" not in answer.text and "secret" not in answer.text, (path, answer)
            assert answer.status in (302, 303, 400, 401, 403, 404, 405) or path in ("/included", "/own-401"), (path, answer)
            assert not answer.all("x-page-user")


def test_members(server, http3, idp, browser3):
    member = browser3(server)
    assert idp.login(member, server.url("/page.html", "https")).status == 303
    for path in ("/page.html", "/by-guard", "/try-named", "/missing", "/open-to-closed", "/any-denied"):
        page = member.get(server.url(path, "https"))
        assert (page.status, page.text) == (200, "a page\n"), path
    assert member.get(server.url("/who", "https")).text == "secret of alice@example.org"
    assert member.get(server.url("/included", "https")).text == "begin a page\n end"
    page = member.get(server.url("/page.html", "https"), headers={"Range": "bytes=2-5"})
    assert (page.status, page.text) == (206, "page")


def test_a_mirror_of_a_stranger_reaches_nobody(server, http3, idp, browser3):
    """The copy is a subrequest to a protected location."""
    path = "/mirrored/login.html"
    assert http3(server).ask(path).status == 200
    member = browser3(server)
    assert idp.login(member, server.url("/page.html", "https")).status == 303
    assert member.get(server.url(path, "https")).status == 200
    log = server.directory / "upstream.log"
    server.wait_for(lambda: "GET /copy 200" in log.read_text(), "the member's copy")
    assert log.read_text().count("GET /copy 200") == 1
