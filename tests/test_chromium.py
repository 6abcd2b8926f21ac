"""The demo in a real browser: what a person sees, with screenshots in .cache/screenshots."""

import pytest

from harness.demo import Demo
from harness.idp import Idp
from harness.nginx import ROOT, free_ports

SCREENSHOTS = ROOT / ".cache/screenshots"


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


@pytest.mark.slow
@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
@pytest.mark.parametrize("same_site", ["lax", "strict", "none"])
def test_a_login_across_sites(cross_site, chromium, same_site, binding):
    """Over https, through an IdP of another site: SameSite as browsers enforce it."""
    server, _ = cross_site(same_site, Idp(binding=binding))
    page = f"https://app.localhost:{server.port}/page.html"
    chromium.open(page)
    chromium.wait_for(page)
    assert chromium.text() == "a page"
    cookie = chromium.cookies()["__Host-saml_session"]
    assert cookie["sameSite"].lower() == same_site
    assert server.access_log().count(" /saml/acs ") == 1, "no loop"


@pytest.mark.slow
@pytest.mark.parametrize("same_site", ["lax", "strict"])
def test_back_to_the_idp(cross_site, chromium, same_site):
    """The IdP's page posts once more, and the browser holds the session's cookie back."""
    server, site = cross_site(same_site)
    page = f"https://app.localhost:{server.port}/page.html"
    chromium.open(page)
    chromium.wait_for(page)
    session = chromium.cookies()["__Host-saml_session"]["value"]
    (visit,) = site.visits
    chromium.open(site.idp.sso_url.removesuffix("/sso") + visit)
    server.wait_for(lambda: server.access_log().count("POST /saml/acs ") >= 2, "the second POST")
    chromium.wait_for(page)
    assert chromium.text() == "a page"
    assert chromium.cookies()["__Host-saml_session"]["value"] == session
    assert len(site.visits) == 2, "no new login"
