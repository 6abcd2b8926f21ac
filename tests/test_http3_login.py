"""The same over HTTP/3: redirects, POST with a body, who it is, logout, many streams at once."""

import pytest

from harness.browser import Browser
from harness.http3 import LISTEN, cookie_field
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, assert_success, send
from harness.response import Answer, Attribute

CONF = f"""
events {{}}
http {{
    saml_idp corp {{ metadata idp.xml; slo_binding redirect; }}
    saml_sp app {{
        base_url https://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        logout_redirect /bye.html;
    }}
    server {{{LISTEN}
        client_body_buffer_size 1k;
        include saml-endpoints.conf;
        location / {{
            auth_saml app;
            add_header X-User "$saml_name_id|$saml_attr_mail|$saml_authenticated|$server_protocol";
            root html;
        }}
        location /app/ {{
            auth_saml app;
            proxy_set_header X-User $saml_name_id;
            proxy_pass http://127.0.0.1:@PORT2@;
        }}
        location /open {{ add_header X-User "[$saml_name_id]"; return 200 open; }}
        location = /bye.html {{ return 200 bye; }}
    }}
    server {{
        listen 127.0.0.1:@PORT2@;
        location / {{ return 200 "$request_method $request_uri $http_x_user $content_length [$http_cookie]"; }}
    }}
}}
"""
FILES = {"tls.crt": rsa_credential("tls").certificate_pem, "tls.key": rsa_credential("tls").key_pem}

pytestmark = pytest.mark.smoke


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


@pytest.fixture
def server(http3, nginx, idp):
    return nginx(CONF, files={**FILES, "idp.xml": idp.metadata()})


@pytest.fixture
def member(server, idp, browser3):
    browser = browser3(server)
    answer = Answer(session_index="_session-1", attributes=[Attribute("mail", ["alice@mail.example"])])
    page = idp.login(browser, server.url("/page.html", "https"), answer)
    assert (page.status, page.location) == (303, server.url("/page.html", "https")), page.text
    return browser


def test_a_login(server, member):
    page = member.get(server.url("/page.html", "https"))
    assert (page.status, page.text) == (200, "a page\n")
    assert page.headers["X-User"] == "alice@example.org|alice@mail.example|1|HTTP/3.0"
    assert member.get(server.url("/open", "https")).headers["X-User"] == "[]", "no location of ours"


def test_who_it_is_goes_upstream(server, member):
    page = member.get(server.url("/app/x?y=z", "https"))
    assert page.text == "GET /app/x?y=z alice@example.org  []", "our cookie stays here"
    page = member.post(server.url("/app/x", "https"), {"x": "y" * 50_000})
    assert page.text == "POST /app/x alice@example.org 50002 []"
    claimed = {"X-User": "mallory", "X-Remote-User": "mallory"}
    assert "mallory" not in member.get(server.url("/app/x", "https"), headers=claimed).text


def test_many_streams(server, member, http3):
    connection = http3(server)
    streams = [connection.open("/page.html", cookie_field(member)) for _ in range(100)]
    strangers = [connection.open("/page.html", ("accept", "text/html")) for _ in range(20)]
    answers = [connection.answer(stream) for stream in streams]
    assert {(answer.status, answer.text) for answer in answers} == {(200, "a page\n")}
    assert {connection.answer(stream).status for stream in strangers} == {302}


def test_a_logout_that_begins_here(server, idp, member):
    page = member.get(server.url("/saml/logout", "https"))
    assert page.status in (302, 303) and page.location.startswith(idp.slo_url), page.text
    assert "__Host-saml_session" not in member.cookie_names()
    assert member.get(server.url("/page.html", "https")).status == 302


def test_a_logout_by_the_idp(server, idp, member):
    """By SOAP over TCP; the browser's connection is another one, and lasts."""
    sls = server.url("/saml/sls", "https")
    assert_success(send(idp, sls, client=Browser(verify=False)))
    assert member.get(server.url("/page.html", "https")).status == 302
