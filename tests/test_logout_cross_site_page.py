"""Another site led here to sign out: the person is asked, and the button works."""

import json
from dataclasses import replace

import pytest

from harness.idp import Idp
from harness.logout import received
from harness.members import is_in, log_in

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location = /own/logout { saml_logout own; error_page 403 /sorry.html; }
        location = /own/acs { saml_acs own; }
        location = /sorry.html { root html; }
    }
    saml_sp own { base_url http://127.0.0.1:@PORT@; entity_id own; idp corp; }
}
"""
ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Accept": "text/html"}
HERE = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Accept": "text/html"}


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect",))


def serve(nginx, **values):
    return nginx(CONF, **{"SP": "", **values})


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_person_is_asked(nginx, idp, method):
    server = serve(nginx)
    member = log_in(server, idp)
    page = member.request(method, server.url("/saml/logout?return=/page.html"), headers=ELSEWHERE)
    assert page.status == 403
    assert "<title>Do you want to sign out?</title>" in page.text
    assert "logout_cross_site" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "form-action 'none'" not in policy
    assert "no-store" in page.headers["Cache-Control"]
    assert is_in(server, member)
    (form,) = page.forms
    assert (form.method.upper(), form.fields) == ("POST", {})
    assert "<button" in page.text and "action=" not in page.text, "to where it came from"
    answer = member.post(page.url, headers=HERE)
    received(answer)
    assert not is_in(server, member)


def test_the_way_back_is_kept(nginx, idp):
    idp = replace(idp, slo=())
    server = serve(nginx, files={"idp.xml": idp.metadata()})
    member = log_in(server, idp)
    page = member.get(server.url("/saml/logout?return=/page.html%3Fa%3Db"), headers=ELSEWHERE)
    answer = member.post(page.url, headers={**HERE, "Origin": server.url("")[:-1]})
    assert (answer.status, answer.location) == (303, server.url("/page.html?a=b"))


def test_a_bad_way_back_is_refused_at_once(nginx, idp):
    server = serve(nginx)
    member = log_in(server, idp)
    page = member.get(server.url("/saml/logout?return=https://evil.example.org/"), headers=ELSEWHERE)
    assert page.status == 400
    assert "return_url_refused" in page.text and "<form" not in page.text
    assert "evil" not in page.text
    assert is_in(server, member)


def test_programs_read_json(nginx, idp):
    server = serve(nginx)
    headers = {**ELSEWHERE, "Accept": "application/json", "Sec-Fetch-Mode": "cors"}
    page = log_in(server, idp).get(server.url("/saml/logout"), headers=headers)
    assert (page.status, json.loads(page.text)["error"]) == (403, "logout_cross_site")


def test_ones_own_page(nginx, browser):
    server = serve(nginx, files={"html/sorry.html": "sorry\n"})
    page = browser.get(server.url("/own/logout"), headers=ELSEWHERE)
    assert (page.status, page.text) == (403, "sorry\n")
