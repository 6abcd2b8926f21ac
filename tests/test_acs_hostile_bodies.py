"""Whatever anybody posts to the ACS: 4xx with a reason, fast, and the worker lives."""

import socket
import time
from urllib.parse import urlencode

import pytest

from harness.hostile_bodies import HOSTILE, message
from harness.refusal import assert_refused
from harness.site import site

CONF = site(http="client_max_body_size 8m;", keys=False, sp="max_message_size 64k;")

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("name", HOSTILE)
def test_body(nginx, browser, name):
    body, code = HOSTILE[name]
    server = nginx(CONF)
    began = time.monotonic()
    page = browser.post(server.url("/saml/acs"), body, headers=FORM)
    took = time.monotonic() - began
    assert 400 <= page.status < 500
    assert took < 1, f"{took:.2f} s"
    if code:
        assert_refused(server, page, code)
    else:
        assert " saml: " in server.error_log()
    assert browser.get(server.url("/page.html")).status == 302, "the worker answers"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_method(nginx, browser, method):
    server = nginx(CONF)
    page = browser.request(method, server.url("/saml/acs?SAMLResponse=YQ"))
    assert page.status == 405
    assert_refused(server, page, "method_not_allowed")
    assert "POST" in page.headers["Allow"]


@pytest.mark.parametrize("query", ["", "?", "?SAMLResponse=", "?RelayState=x"])
def test_a_person_who_opens_the_acs(nginx, browser, query):
    server = nginx(CONF)
    page = browser.get(server.url("/saml/acs" + query))
    assert page.status == 400
    assert_refused(server, page, "message_missing")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "multipart/form-data; boundary=x", "text/plain"],
)
def test_content_type(nginx, browser, content_type):
    server = nginx(CONF)
    headers = {"Content-Type": content_type}
    page = browser.post(server.url("/saml/acs"), message("<a/>"), headers=headers)
    assert_refused(server, page, "form_content_type")


def test_no_content_type(nginx, browser):
    server = nginx(CONF)
    page = browser.post(
        server.url("/saml/acs"), message("<a/>").encode(), headers={"Content-Type": None}
    )
    assert_refused(server, page, "form_content_type")


def test_charset_parameter_is_welcome(nginx, browser, idp):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    headers = {"Content-Type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}
    page = browser.post(request.acs_url, urlencode(idp.form(request)), headers=headers)
    assert page.status == 303


def test_a_body_beyond_client_max_body_size(nginx, browser):
    server = nginx(CONF)
    page = browser.post(server.url("/saml/acs"), "x" * 9_000_000, headers=FORM)
    assert page.status == 413


def test_a_client_that_goes_away(nginx, browser):
    """Half a body, then nothing more: nobody is bothered."""
    server = nginx(CONF)
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(
                b"POST /saml/acs HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n\r\nSAMLResponse=YQ"
            )
    assert browser.get(server.url("/page.html")).status == 302
