"""Whole logins through pysaml2: both bindings to the IdP, each way of signing."""

import pytest

from harness.browser import Browser
from harness.pysaml2_idp import Pysaml2Idp
from harness.refusal import assert_refused
from harness.site import site

CONF = site(
    metadata="pysaml2.xml",
    idp="sso_binding @BINDING@; @MORE@",
    location="add_header X-Mail $saml_attr_mail;"
    " add_header X-Affiliation $saml_attr_edupersonaffiliation;",
)


def serve(nginx, idp: Pysaml2Idp, binding: str = "redirect", more: str = ""):
    server = nginx(CONF, files={"pysaml2.xml": idp.metadata()}, BINDING=binding, MORE=more)
    idp.trust(Browser().read(server.url("/saml/metadata")).text)
    return server


@pytest.mark.smoke
@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_login_by_each_binding(nginx, pysaml2_idp, browser, binding):
    server = serve(nginx, pysaml2_idp, binding)
    page = browser.open(server.url("/page.html"))
    assert pysaml2_idp.refused is None
    assert (page.status, page.text) == (200, "a page\n")
    assert page.headers["X-Mail"] == "alice@example.org"
    assert page.headers["X-Affiliation"].encode("latin-1").decode().count("staff") == 1


@pytest.mark.parametrize("response, assertion", [(True, False), (False, True), (True, True)])
def test_each_way_of_signing(nginx, pysaml2_idp, browser, response, assertion):
    pysaml2_idp.sign_response, pysaml2_idp.sign_assertion = response, assertion
    server = serve(nginx, pysaml2_idp)
    assert browser.open(server.url("/page.html")).text == "a page\n"


def test_unsigned_is_refused(nginx, pysaml2_idp, browser):
    pysaml2_idp.sign_response = pysaml2_idp.sign_assertion = False
    server = serve(nginx, pysaml2_idp)
    assert_refused(server, browser.open(server.url("/page.html")), "signature_missing")


def test_sha1_is_refused_unless_allowed(nginx, tmp_path):
    idp = Pysaml2Idp(tmp_path, sha1=True).start()
    server = serve(nginx, idp)
    assert_refused(server, Browser().open(server.url("/")), "signature_algorithm")
    server = serve(nginx, idp, more="allow_weak sha1;")
    assert Browser().open(server.url("/page.html")).text == "a page\n"
    idp.stop()
