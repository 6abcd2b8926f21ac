"""The demo in a real browser: what a person sees, with screenshots in .cache/screenshots."""

import pytest

from harness.chromium import Chromium
from harness.demo import Demo
from harness.idp import Idp
from harness.idp_site import IdpSite
from harness.keys import rsa_credential
from harness.nginx import ROOT, free_ports

SCREENSHOTS = ROOT / ".cache/screenshots"


@pytest.fixture
def chromium(tmp_path):
    made = Chromium(tmp_path, "--ignore-certificate-errors")
    yield made
    made.quit()


@pytest.fixture
def demo(build, scratch):
    demo = Demo(scratch / "demo", *build, *free_ports(2))
    demo.start()
    yield demo
    demo.nginx.finish()
    demo.idp.stop()


@pytest.mark.slow
def test_demo(demo, chromium):
    chromium.open(demo.url)
    assert chromium.url.startswith(demo.idp.url)
    chromium.screenshot(SCREENSHOTS / "1-idp.png")
    chromium.fill("#username", "alice")
    chromium.fill("#password", "secret")
    chromium.click("#submit_button")
    chromium.wait_for(demo.url)
    assert "Hello, Alice Ångström!" in chromium.text()
    assert chromium.text("#groups").endswith("読者")
    chromium.screenshot(SCREENSHOTS / "2-logged-in.png")
    cookie = chromium.cookies()["saml_session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert chromium.run("return document.cookie").count("saml_session") == 0

    answer = chromium.run("return fetch('/x.json', {credentials: 'omit'}).then(r => r.status)")
    assert answer == 401, "scripts get a status, not a login page"

    chromium.click("a[href='/saml/logout']")
    chromium.wait_for(f"{demo.url}goodbye.html")
    chromium.screenshot(SCREENSHOTS / "3-logged-out.png")
    assert "saml_session" not in chromium.cookies()

    chromium.open(f"{demo.url}saml/login?return=https://evil.example.org/")
    assert "return_url_refused" in chromium.text()
    chromium.screenshot(SCREENSHOTS / "4-refused.png")


CROSS_SITE = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url https://app.localhost:@PORT@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@ ssl;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
def test_cookies_survive_a_cross_site_post(nginx, chromium, tmp_path, binding):
    """Over https, through an IdP of another site: SameSite as browsers enforce it."""
    tls = rsa_credential("tls")
    site = IdpSite(Idp(binding=binding), tls, tmp_path)
    files = {"tls.crt": tls.certificate_pem, "tls.key": tls.key_pem, "idp.xml": site.idp.metadata()}
    server = nginx(CROSS_SITE, files=files)
    page = f"https://app.localhost:{server.port}/page.html"
    chromium.open(page)
    chromium.wait_for(page)
    assert chromium.text() == "a page"
    assert chromium.cookies()["__Host-saml_session"]["sameSite"] == "Lax"
    site.stop()
