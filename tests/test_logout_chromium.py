"""Logout in a real browser: through redirects and in a frame of the IdP's page, across sites."""

import pytest

from harness.backend import Backend
from harness.browser import Page
from harness.idp import Idp
from harness.logout import LogoutRequest, LogoutResponse, received, redirect
from harness.nginx import ROOT

pytestmark = pytest.mark.slow

SCREENSHOTS = ROOT / ".cache/screenshots"
FRAMES = (
    '<!DOCTYPE html><title>IdP</title><h1>Signing you out</h1><iframe id="sp" src="{}"></iframe>'
)


@pytest.fixture
def idp_pages():
    """Other pages of the IdP: its logout endpoint, and the page with the frame."""
    backend = Backend(lambda asked: (200, "text/html", b"<title>IdP</title>the IdP"))
    yield backend
    backend.stop()


@pytest.fixture
def serve(cross_site, idp_pages):
    """The SP, and its IdP as a web site."""
    idp = Idp(slo=("HTTP-Redirect", "HTTP-POST"), slo_url=f"{idp_pages.url}/slo")
    return lambda same_site: cross_site(same_site, idp)


@pytest.mark.parametrize("same_site", ["lax", "strict", "none"])
def test_in_a_frame(serve, idp_pages, chromium, same_site):
    """No cookie comes along there, and no answer of ours forbids the frame."""
    server, site = serve(same_site)
    page = f"https://app.localhost:{server.port}/page.html"
    chromium.open(page)
    chromium.wait_for(page)
    assert chromium.text() == "a page"
    sls = f"https://app.localhost:{server.port}/saml/sls"
    message = redirect(site.idp, sls, LogoutRequest(session_index=()), "state")
    body = FRAMES.format(message.replace("&", "&amp;")).encode()
    asked = []

    def answer(request):
        asked.append(request.path)
        return 200, "text/html", b"done" if request.path.startswith("/slo") else body

    idp_pages.answer = answer
    chromium.open(f"{idp_pages.url}/frames")
    server.wait_for(
        lambda: any(path.startswith("/slo?SAMLResponse=") for path in asked), "the frame"
    )
    chromium.screenshot(SCREENSHOTS / "logout-frame.png")
    chromium.open(page)
    server.wait_for(lambda: len(site.visits) == 2, "a new login, since the session had ended")


@pytest.mark.parametrize("same_site", ["lax", "strict"])
def test_from_here(serve, idp_pages, chromium, same_site):
    """A link of the application; the way to the IdP and back; the page at the end."""
    server, site = serve(same_site)
    home = f"https://app.localhost:{server.port}"
    chromium.open(f"{home}/page.html")
    chromium.wait_for(f"{home}/page.html")
    chromium.run("location.href = '/saml/logout'")
    server.wait_for(lambda: idp_pages.asked, "the LogoutRequest")
    sent = idp_pages.asked[0].path
    request = received(Page("", 302, {"Location": f"{idp_pages.url}{sent}"}, "", []))
    answer = redirect(
        site.idp, f"{home}/saml/sls", LogoutResponse(request.xml.get("ID")), request.relay_state
    )
    chromium.run(f"location.href = {answer!r}")
    chromium.wait_for(f"{home}/saml/sls")
    assert "signed out everywhere" in chromium.text()
    left = [name for name in chromium.cookies() if "_request_" not in name]
    assert all("_logout_" in name for name in left), "what the page shows, and no session"
    chromium.screenshot(SCREENSHOTS / "logged-out-everywhere.png")
