"""Whole logins by HTTP-Artifact through SimpleSAMLphp, which imports our metadata by its own converter."""

import pytest

from harness.browser import Browser
from harness.simplesamlphp import SimpleSamlPhp
from harness.site import site

CONF = site(
    idp="response_binding artifact;",
    metadata="simplesamlphp.xml",
    location="add_header X-User $saml_name_id;",
)
PAGE = "/page.html"


@pytest.fixture
def server(nginx, simplesamlphp: SimpleSamlPhp):
    files = {"simplesamlphp.xml": simplesamlphp.metadata()}
    server = nginx(CONF, files=files)
    php = simplesamlphp.trust(Browser().read(server.url("/saml/metadata")).text)
    assert "HTTP-Artifact" in php
    return server


def log_in(simplesamlphp: SimpleSamlPhp, browser: Browser, server):
    page = simplesamlphp.log_in(browser, server.url(PAGE))
    assert (page.status, page.url) == (200, server.url(PAGE)), page.text
    assert page.headers["X-User"] == "alice@example.org"
    (arrival,) = [page for page in page.history if page.url.startswith(server.url("/saml/acs?"))]
    assert "SAMLart=" in arrival.url and arrival.status == 303
    return arrival.url


@pytest.mark.smoke
def test_a_login(server, simplesamlphp, browser):
    """What it stores has no signature; that of the ArtifactResponse covers all of it."""
    log_in(simplesamlphp, browser, server)
    assert browser.get(server.url(PAGE)).status == 200


def test_an_artifact_that_was_fetched_already(server, simplesamlphp, browser):
    """It knows it no more: another browser with a login of its own is told so."""
    url = log_in(simplesamlphp, browser, server)
    thief = Browser()
    thief.get(server.url(PAGE))
    page = thief.get(url)
    assert page.status == 400 and "artifact_used" in page.text
    server.stop()
    server.start()  # and forgets what it has claimed
    thief.get(server.url(PAGE))
    page = thief.get(url)
    assert page.status == 403 and "artifact_unknown" in page.text, page.text


def test_an_artifact_for_nobody(server, simplesamlphp, browser):
    """It does not hand anything over to an SP that it does not know."""
    remote = simplesamlphp.directory / "metadata/saml20-sp-remote.php"
    known = remote.read_text()
    page = browser.open(server.url(PAGE))
    form = next(form for form in page.forms if "username" in form.fields)
    remote.write_text(known.replace("/saml/metadata'", "/saml/other'"))
    try:
        page = browser.submit(form, username="alice", password="secret")
        assert "saml_session" not in browser.session.cookies, page.text
    finally:
        remote.write_text(known)
