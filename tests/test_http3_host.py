"""HTTP/3 has no `Host`: what the module reads from that, it reads from `:authority`."""

import json
from urllib.parse import urlencode

import pytest

from harness.http3 import LISTEN
from harness.kept_form import ticket_of
from harness.keys import rsa_credential

CONF = f"""
events {{}}
http {{
    saml_idp corp {{ metadata idp.xml; }}
    saml_sp app {{
        base_url https://127.0.0.1:@PORT@ https://127.0.0.1:@PORT3@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
    }}
    server {{{LISTEN}
        listen 127.0.0.1:@PORT3@ quic;
        include saml-endpoints.conf;
        location / {{ auth_saml app; auth_saml_preserve_post 100k; root html; }}
        location /proxied/ {{
            auth_saml app;
            auth_saml_preserve_post 100k;
            proxy_pass http://127.0.0.1:@PORT2@;
        }}
        location /checked/ {{ auth_request /guard; try_files /page.html =404; }}
        location = /guard {{ auth_saml app; return 204; }}
        location = /said {{ auth_saml off; add_header X-Host "[$http_host] [$host]"; return 204; }}
        location = /admin/sessions {{ saml_sessions; allow 127.0.0.0/8; deny all; }}
    }}
    server {{
        listen 127.0.0.1:@PORT2@;
        location / {{ proxy_pass http://127.0.0.1:@PORT2@/echo; }}
        location /echo {{ return 200 "$request_method"; }}
    }}
}}
"""
FILES = {"tls.crt": rsa_credential("tls").certificate_pem, "tls.key": rsa_credential("tls").key_pem}
FORM = ("content-type", "application/x-www-form-urlencoded")

pytestmark = pytest.mark.smoke


@pytest.fixture
def server(http3, nginx):
    return nginx(CONF, files=FILES)


def test_the_port_of_a_subrequest(server, idp, browser3):
    """Two origins of one name, which only the port tells apart."""
    member = browser3(server)
    assert idp.login(member, server.url("/page.html", "https")).status == 303
    page = member.get(server.url("/checked/x", "https"))
    assert (page.status, page.text) == (200, "a page\n"), server.error_log()
    assert browser3(server).get(server.url("/checked/x", "https")).status == 401


@pytest.mark.parametrize("origin", [[], [("origin", "null")]], ids=["no origin", "null"])
def test_a_form_of_a_page_that_must_not_tell_where_it_comes_from(server, idp, browser3, http3, origin):
    """`Referrer-Policy: no-referrer`: the browser says that it is the same, and the host says as what."""
    headers = dict([*origin, ("Sec-Fetch-Site", "same-origin")])
    browser = browser3(server)
    kept = browser.post(server.url("/proxied/", "https"), {"a": "b"}, headers=headers)
    request = idp.asked(kept)
    page = browser.post(request.acs_url, idp.form(request))
    form = ticket_of(page)
    sent = browser.post(form.action, form.fields, headers=headers)
    assert (sent.status, sent.text) == (200, "POST")


def test_a_form_of_another_host(server, http3):
    """The same origin as what was asked, which is not the site."""
    fields = [FORM, ("sec-fetch-site", "same-origin"), ("accept", "text/html"), ("sec-fetch-mode", "navigate")]
    answer = http3(server).ask("/proxied/", *fields, method="POST", body=b"a=b", authority="evil.example")
    assert answer.status >= 400, answer


def test_an_order_of_an_operator(server, idp, browser3, http3):
    """By a browser that tells the page's origin alone."""
    member = browser3(server)
    assert idp.login(member, server.url("/page.html", "https")).status == 303
    connection = http3(server)
    token = json.loads(connection.ask("/admin/sessions").text)["token"]
    order = urlencode({"sp": "app", "action": "end_all", "token": token}).encode()

    def give(origin: str, **how) -> int:
        return connection.ask("/admin/sessions", FORM, ("origin", origin), method="POST", body=order, **how).status

    own = server.url("", "https").rstrip("/")
    for origin in ("https://evil.example", "null", "https://", f"https://127.0.0.1:{server.ports[2]}"):
        assert give(origin) == 403, origin
    assert give("https://evil.example", authority="127.0.0.1") == 403
    assert member.get(server.url("/page.html", "https")).status == 200
    assert give(own) == 200
    assert member.get(server.url("/page.html", "https")).status == 302


def test_what_nginx_says_of_it(server, http3):
    """As docs/operations.md has it."""
    answer = http3(server).ask("/said", authority="APP.example:8443")
    assert answer.all("x-host") == ["[] [app.example]"]


def test_by_host_alone(server, idp, http3):
    """A client may send `Host` in the place of `:authority` (RFC 9114 4.3.1)."""
    host = ("host", f"127.0.0.1:{server.port}")
    connection = http3(server)
    answer = connection.ask("/page.html", host, ("accept", "text/html"), authority=None)
    if answer.status == 400:
        pytest.skip("nginx 1.26 takes no request without :authority")
    assert answer.status == 302
    assert connection.ask("/page.html", host, host, ("accept", "text/html"), authority=None).status == 400
