"""`disabled on`: an IdP by which nobody comes in, and whose users do not stay."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, assert_success, send
from harness.members import assert_all_workers, is_in, log_in
from harness.refusal import assert_refused
from harness.response import Answer

CONF = """
worker_processes 2;
events {}
http {
    saml_idp corp { metadata idp.xml; allow_unsolicited on; @DISABLED@ }
    saml_idp other { metadata other.xml; @OTHER@ }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        idp other;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; }
        location /corp/ { auth_saml app idp=corp; }
        location /tenant/ { auth_saml app idp=$arg_idp; }
        location /optional/ { auth_saml app idp=corp; auth_saml_mode optional; try_files /page.html =404; }
    }
}
"""
OTHER = Idp("https://other.example.org", "https://other.example.org/sso", credential=rsa_credential("other"))  # fmt: skip


PROGRAM = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


@pytest.fixture
def serve(nginx, idp):
    def start(disabled: str = "", other: str = ""):
        files = {"idp.xml": idp.metadata(), "other.xml": OTHER.metadata()}
        return nginx(CONF, files=files, DISABLED=disabled, OTHER=other)

    return start


def reload(server, disabled: str = "disabled on;") -> None:
    server.values["DISABLED"] = disabled
    server.configure(CONF)
    server.reload()


@pytest.mark.smoke
def test_the_next_one_is_the_default(serve, browser):
    server = serve("disabled on;")
    assert OTHER.login(browser, server.url("/page.html")).status == 303
    assert browser.get(server.url("/page.html")).status == 200


def test_no_login_begins_there(serve, browser):
    server = serve("disabled on;")
    for path in ("/saml/login?idp=corp", "/corp/"):
        assert_refused(server, browser.get(server.url(path)), "idp_disabled")
    assert not browser.cookie_names()


def test_nor_anywhere_when_all_are(serve, browser):
    server = serve("disabled on;", "disabled on;")
    page = browser.get(server.url("/page.html"))
    assert page.status == 403
    assert_refused(server, page, "idp_disabled")


def test_logins_under_way_and_those_that_it_begins_are_refused(serve, browser, idp):
    server = serve()
    request = idp.asked(browser.get(server.url("/page.html")))
    reload(server)
    form = idp.form(request)
    assert_refused(server, browser.post(request.acs_url, form), "idp_disabled")
    unasked = idp.form(request, Answer(in_response_to=None))
    assert_refused(server, Browser().post(request.acs_url, unasked), "idp_disabled")


def test_its_sessions_end_and_those_of_others_do_not(serve, idp):
    server = serve()
    member, other = log_in(server, idp), Browser().towards(server)
    OTHER.login(other, server.url("/saml/login?idp=other&return=/page.html"))
    reload(server)
    assert_all_workers(server, member, False)
    assert_all_workers(server, other, True)
    reload(server, "")
    assert_all_workers(server, member, True)


def test_a_location_that_wants_its_users_sends_nobody_round(serve):
    server = serve()
    other = Browser().towards(server)
    OTHER.login(other, server.url("/saml/login?idp=other&return=/page.html"))
    reload(server)
    assert_all_workers(server, other, True)
    for path in ("/corp/", "/tenant/?idp=corp", "/tenant/?idp=https://idp.example.org/metadata"):
        for headers in ({}, PROGRAM):
            page = other.get(server.url(path), headers=headers)
            assert page.status == 403 and not page.set_cookie
            assert_refused(server, page, "idp_disabled")
    assert other.get(server.url("/optional/page.html")).status == 200
    assert_all_workers(server, other, True)


def test_a_logout_ends_the_session_for_good(serve, idp):
    server = serve()
    member = log_in(server, idp)
    kept = dict(member.session.cookies)
    reload(server)
    page = member.get(server.url("/saml/logout"))
    assert page.status == 200 and "SAMLRequest" not in page.text, "the IdP is not asked"
    reload(server, "")
    thief = Browser().towards(server)
    thief.session.cookies.update(kept)
    assert not is_in(server, thief)


def test_its_logout_requests_are_answered(serve, idp):
    server = serve()
    member = log_in(server, idp)
    reload(server)
    page = send(idp, server.url("/saml/sls"), LogoutRequest(), "soap")
    assert_success(page, rsa_credential("sp").certificate)
    reload(server, "")
    assert not is_in(server, member)


def test_the_block_is_checked_all_the_same(prepared, idp):
    server = prepared(
        CONF,
        files={"idp.xml": "<nonsense/>", "other.xml": OTHER.metadata()},
        DISABLED="disabled on;",
        OTHER="",
    )
    good, output = server.test()
    assert not good and '"idp.xml"' in output, output


def test_nginx_warns_when_all_are_disabled(prepared, idp):
    files = {"idp.xml": idp.metadata(), "other.xml": OTHER.metadata()}
    server = prepared(CONF, files=files, DISABLED="disabled on;", OTHER="disabled on;")
    good, output = server.test()
    assert good and 'all IdPs of saml_sp "app" are disabled' in output, output
