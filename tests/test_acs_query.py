"""An ACS that IdPs know with a query: one more part of its URL, compared letter by letter."""

import pytest
from lxml import etree

from harness.browser import Browser
from harness.idp import Idp
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; sso_binding @BINDING@; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        location = /saml/acs      { saml_acs app @QUERY@; }
        location = /saml/sls      { saml_sls app ?slo; }
        location = /saml/metadata { saml_metadata app; }
        location / { auth_saml app; add_header X-User $saml_name_id; root html; }
    }
}
"""
QUERY = "?tenant=1&x=%2F"


@pytest.fixture(params=["HTTP-Redirect", "HTTP-POST"])
def served(request, nginx):
    idp = Idp(binding=request.param)
    binding = request.param.partition("-")[2].lower()
    files = {"idp.xml": idp.metadata()}
    return nginx(CONF, files=files, QUERY=QUERY, BINDING=binding), idp


def test_it_is_published_asked_for_and_used(served):
    server, idp = served
    browser, acs = Browser(), server.url("/saml/acs") + QUERY
    metadata = etree.fromstring(browser.read(server.url("/saml/metadata")).text.encode())
    (service,) = metadata.iterfind(".//md:AssertionConsumerService", NS)
    assert service.get("Location") == acs
    logouts = metadata.iterfind(".//md:SingleLogoutService", NS)
    assert {logout.get("Location") for logout in logouts} == {server.url("/saml/sls?slo")}
    request = idp.asked(browser.get(server.url("/page.html")))
    assert request.acs_url == acs
    page = browser.post(acs, idp.form(request, Answer(sign="both")))
    assert (page.status, page.location) == (303, server.url("/page.html")), server.error_log()
    assert browser.get(page.location).headers["X-User"] == "alice@example.org"


@pytest.mark.parametrize("query", ["", "?", "?tenant=2&x=%2F", "?x=%2F&tenant=1", "?tenant=1&x=%2f", "?tenant=1&x=/"])
def test_no_other_is_the_same(served, query):
    server, idp = served
    other = server.url("/saml/acs") + query
    for answer, reason in (
        (Answer(destination=other), "destination_mismatch"),
        (Answer(recipient=other), "recipient_mismatch"),
    ):
        browser = Browser()
        request = idp.asked(browser.get(server.url("/page.html")))
        assert_refused(server, browser.post(request.acs_url, idp.form(request, answer)), reason)


BAD = {
    "no question mark": "tenant=1",
    "nothing behind it": "?",
    "a fragment": "'?a#b'",
    "a blank": "'?a b'",
    "a quote": "'?a=\"b\"'",
    "a broken escape": "?a=%2",
    "no ASCII": "?a=é",
    "a parameter of a binding": "?SAMLResponse=x",
    "the same, escaped": "?Relay%53tate=x",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_query(prepared, idp, name):
    server = prepared(CONF, files={"idp.xml": idp.metadata()}, QUERY=BAD[name], BINDING="redirect")
    good, output = server.test()
    assert not good
    assert 'in "saml_acs", it must be like ?tenant=1' in output, output


def test_one_sp_has_one(prepared, idp):
    second = "location = /saml/acs2 { saml_acs app ?tenant=2; }"
    conf = CONF.replace("location / {", f"{second} location / {{")
    server = prepared(conf, files={"idp.xml": idp.metadata()}, QUERY="?tenant=1", BINDING="redirect")
    good, output = server.test()
    assert not good
    assert '"/saml/acs?tenant=1" and at "/saml/acs2?tenant=2"' in output, output
