"""A protected page in a frame: browsers keep no session of a login that happens in there."""

import pytest

from harness.browser import Browser
from harness.chromium import Chromium
from harness.idp import Idp
from harness.idp_site import IdpSite
from harness.keys import rsa_credential

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url https://app.localhost:@PORT@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        cookie_same_site @SAME_SITE@;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@ ssl;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        include saml-endpoints.conf;
        root html;
        location / { auth_saml app; }
        location = /portal.html { auth_saml off; }
    }
}
"""
TLS = rsa_credential("tls")
FILES = {
    "tls.crt": TLS.certificate_pem,
    "tls.key": TLS.key_pem,
    "html/portal.html": "<h1>portal</h1><iframe src='/page.html?a=b&amp;c=d'></iframe>",
}
FRAMED = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}


def start(nginx, same_site: str, idp: Idp, sp: str = ""):
    files = {**FILES, "idp.xml": idp.metadata()}
    return nginx(CONF, files=files, SAME_SITE=same_site, SP=sp)


@pytest.mark.parametrize("destination", ["iframe", "frame", "fencedframe", "embed", "object"])
@pytest.mark.parametrize("same_site", ["lax", "strict"])
def test_no_login_begins_that_cannot_end(nginx, idp, same_site, destination):
    server = start(nginx, same_site, idp)
    browser = Browser(verify=False)
    url = server.url("/page.html?a=b", "https")
    page = browser.get(url, headers={**FRAMED, "Sec-Fetch-Dest": destination})
    assert (page.status, page.set_cookie) == (401, [])
    wanted = f"https://app.localhost:{server.port}/page.html?a=b"
    assert f'href="{wanted}" target="_blank"' in page.text
    assert "frame-ancestors" not in page.headers["Content-Security-Policy"], "it is to be seen"


def test_with_cookies_for_frames_it_begins(nginx, idp):
    server = start(nginx, "none", idp)
    headers = {**FRAMED, "Sec-Fetch-Dest": "iframe"}
    assert Browser(verify=False).get(server.url("/page.html", "https"), headers=headers).status == 302


@pytest.mark.slow
@pytest.mark.parametrize("same_site", ["lax", "strict", "none"])
def test_in_chromium(nginx, tmp_path, same_site):
    site = IdpSite(Idp(), TLS, tmp_path)
    chromium = Chromium(tmp_path, "--ignore-certificate-errors")
    try:
        server = start(nginx, same_site, site.idp)
        base = f"https://app.localhost:{server.port}"
        chromium.open(f"{base}/portal.html")
        shown = "return document.querySelector('iframe').contentDocument?.body?.innerText ?? ''"
        wanted = "a page" if same_site == "none" else "Sign in in a new tab"
        server.wait_for(lambda: wanted in chromium.run(shown), wanted)
        assert server.access_log().count(" /saml/acs ") == (same_site == "none"), "no loop"
        # At top level all is well, and afterwards the frame is, too.
        chromium.open(f"{base}/page.html")
        chromium.wait_for(f"{base}/page.html")
        assert chromium.text() == "a page"
        chromium.open(f"{base}/portal.html")
        server.wait_for(lambda: "a page" in chromium.run(shown), "the page in the frame")
    finally:
        chromium.quit()
        site.stop()


def test_partitioned_cookies_are_for_frames_of_other_sites(nginx, idp):
    server = start(nginx, "none", idp, "cookie_partitioned on;")
    page = Browser(verify=False).get(server.url("/page.html", "https"))
    assert page.set_cookie and all("; Partitioned" in cookie for cookie in page.set_cookie)


def test_they_need_same_site_none(prepared, idp):
    ok, said = prepared(CONF, files=FILES, SAME_SITE="lax", SP="cookie_partitioned on;").test()
    assert not ok and 'add "cookie_same_site none"' in said, said


@pytest.mark.slow
@pytest.mark.parametrize("partitioned", ["on", "off"])
def test_a_frame_of_another_site_in_chromium(nginx, tmp_path, partitioned):
    """Third-party cookies are blocked: without `Partitioned` the login's cookie does not come back."""
    site = IdpSite(Idp(), TLS, tmp_path)
    arguments = ["--ignore-certificate-errors", "--test-third-party-cookie-phaseout"]
    chromium = Chromium(tmp_path, *arguments)
    try:
        server = start(nginx, "none", site.idp, f"cookie_partitioned {partitioned};")
        server.write(
            "html/portal.html",
            f"<iframe src='https://app.localhost:{server.port}/page.html'></iframe>",
        )
        chromium.open(f"https://portal.localhost:{server.port}/portal.html")
        acs = r"POST /saml/acs "
        server.wait_for(lambda: acs in server.access_log(), "the answer of the IdP")
        server.wait_for(lambda: server.access_log().count("/page.html") >= 2 or "request_unknown" in server.error_log(), "what came of it")
        assert ("request_unknown" in server.error_log()) == (partitioned == "off")
        if partitioned == "on":
            assert "GET /page.html 200" in server.access_log()
    finally:
        chromium.quit()
        site.stop()
