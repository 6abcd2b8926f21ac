"""What a person sees of logouts in Chromium: reload and Back, the button, and what browsers do ahead."""

import contextlib
import html

import pytest

from harness.backend import Backend
from harness.browser import Page
from harness.chromium import Chromium, trusting
from harness.idp import Idp
from harness.idp_site import IdpSite
from harness.keys import rsa_credential
from harness.logout import LogoutResponse, form, received, redirect
from harness.nginx import ROOT

pytestmark = pytest.mark.slow

SCREENSHOTS = ROOT / ".cache/screenshots"
CONF = """
events {}
http {
    types { text/html html; }
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
        server_name app.localhost;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; }
        location /open/ { }
    }
}
"""
RULES = '<script type="speculationrules">{{"{}": [{{"urls": ["{}"], "eagerness": "immediate"}}]}}</script>'
GO = "<!DOCTYPE html><title>IdP</title><script>location.replace({!r})</script>"
POST = """<!DOCTYPE html><title>IdP</title><body onload="document.forms[0].submit()">
<form method="post" action="{}">{}</form>"""
PAGES = {
    "html/member.html": "<title>m</title>members only <a id=out href=/saml/logout>out</a>",
    "html/image.html": "<title>i</title><img src=/saml/logout>",
    "html/frame.html": "<title>f</title><iframe src=/saml/logout></iframe>",
    "html/open/page.html": "<title>o</title>for everybody",
    **{
        f"html/{what}-{name}.html": f"<title>p</title><a id=out href=/saml/{name}>go</a>"
        + RULES.format(what, f"/saml/{name}")
        for what in ("prefetch", "prerender")
        for name in ("logout", "login")
    },
}


class Visit:
    """A member at /member.html, and the IdP at another site."""

    def __init__(self, nginx, directory, stack):
        tls = rsa_credential("tls")
        self.site = IdpSite(Idp(slo=("HTTP-Redirect",)), tls, directory)
        stack.callback(self.site.stop)
        self.idp_pages = Backend(self.answer)
        stack.callback(self.idp_pages.stop)
        metadata = self.site.idp.metadata()
        metadata = metadata.replace(self.site.idp.slo_url, f"{self.idp_pages.url}/slo")
        files = {"tls.crt": tls.certificate_pem, "tls.key": tls.key_pem, "idp.xml": metadata, **PAGES}
        self.server = nginx(CONF, files=files)
        self.home = f"https://app.localhost:{self.server.port}"
        self.sls = f"{self.home}/saml/sls"
        self.binding, self.sign = "redirect", True
        self.chromium = Chromium(directory, trusting(tls))
        stack.callback(self.chromium.quit)
        self.open("/member.html")

    def open(self, path: str) -> None:
        self.chromium.open(f"{self.home}{path}")
        self.chromium.wait_for(f"{self.home}{path}")

    def answer(self, asked):
        """The IdP's pages: its SLO endpoint, and a page with a link that logs out."""
        if not asked.path.startswith("/slo"):
            link = f"{self.home}/saml/logout?return=/page.html"
            return 200, "text/html", f'<title>other</title><a id="out" href="{link}">out</a>'.encode()
        page = Page("", 302, {"Location": f"{self.idp_pages.url}{asked.path}"}, "", [])
        request = received(page)
        message = LogoutResponse(request.xml.get("ID"), sign=self.sign)
        if self.binding == "redirect":
            url = redirect(self.site.idp, self.sls, message, request.relay_state)
            return 200, "text/html", GO.format(url).encode()
        fields = form(self.site.idp, self.sls, message, request.relay_state)
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
            for name, value in fields.items()
        )
        return 200, "text/html", POST.format(self.sls, inputs).encode()

    def is_in(self) -> bool:
        asked = "return fetch('/page.html', {redirect: 'manual'}).then(r => r.status)"
        self.open("/open/page.html")
        return self.chromium.run(asked) == 200

    def title(self) -> str:
        return self.chromium.run("return document.title")

    def shot(self, name: str) -> None:
        self.chromium.screenshot(SCREENSHOTS / f"{name}.png")


@pytest.fixture
def visit(nginx, tmp_path):
    with contextlib.ExitStack() as stack:
        yield Visit(nginx, tmp_path, stack)


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize(
    "sign, title", [(True, "You are signed out everywhere"), (False, "You are signed out here only")]
)
def test_reload_and_back(visit, binding, sign, title):
    visit.binding, visit.sign = binding, sign
    visit.chromium.click("#out")
    visit.chromium.wait_for(visit.sls)
    assert visit.title() == title
    visit.shot(title.lower().replace(" ", "-"))
    for _ in range(2):
        visit.chromium.call("POST", "/refresh", {})
        visit.chromium.wait_for(visit.sls)
        assert visit.title() == title
    # To the IdP's page, which sends the same answer again.
    visit.chromium.call("POST", "/back", {})
    visit.chromium.call("POST", "/forward", {})
    visit.chromium.wait_for(visit.sls)
    assert visit.title() == title
    assert "did not work" not in visit.chromium.text()


def test_the_button(visit):
    """Another site's link; the person presses; the way to the IdP and back ends where the link says."""
    visit.chromium.open(f"{visit.idp_pages.url}/other")
    visit.chromium.click("#out")
    asking = f"{visit.home}/saml/logout?return=/page.html"
    visit.chromium.wait_for(asking)
    assert visit.title() == "Do you want to sign out?"
    visit.shot("do-you-want-to-sign-out")
    visit.chromium.click("button")
    visit.server.wait_for(lambda: "POST /saml/logout 303" in visit.server.access_log(), "the logout")
    # The page that is wanted is for members: the IdP logs the person in again.
    visit.chromium.wait_for(f"{visit.home}/page.html")
    assert len(visit.site.visits) == 2
    assert any(asked.path.startswith("/slo?") for asked in visit.idp_pages.asked)


def test_the_button_in_a_frame_of_another_site(visit):
    """Nobody can be led to press it unseen."""
    frame = f'<iframe src="{visit.home}/saml/logout"></iframe>'.encode()
    visit.idp_pages.answer = lambda asked: (200, "text/html", b"<title>trap</title>" + frame)
    visit.chromium.open(f"{visit.idp_pages.url}/trap")
    visit.server.wait_for(lambda: "GET /saml/logout 403" in visit.server.access_log(), "the frame")
    frame = visit.chromium.find("iframe").removeprefix("/element/")
    element = {"element-6066-11e4-a52e-4f735466cecf": frame}
    visit.chromium.call("POST", "/frame", {"id": element})
    assert visit.chromium.run("return document.querySelectorAll('button[type=submit]').length") == 0
    visit.chromium.call("POST", "/frame", {"id": None})
    assert visit.is_in()


@pytest.mark.parametrize("what", ["prefetch", "prerender"])
def test_ahead_of_the_person(visit, what):
    """Speculation rules ask at once; the session ends when the person goes there, and only then."""
    visit.open(f"/{what}-logout.html")
    seen = visit.server.access_log
    visit.server.wait_for(lambda: "GET /saml/logout 503 [request_speculative]" in seen(), what)
    assert visit.is_in()
    visit.open(f"/{what}-logout.html")
    visit.chromium.click("#out")
    visit.chromium.wait_for(visit.sls)
    assert visit.title() == "You are signed out everywhere"


@pytest.mark.parametrize("what", ["prefetch", "prerender"])
def test_a_login_ahead_of_the_person(visit, what):
    begun = len(visit.site.visits)
    cookies = set(visit.chromium.cookies())
    visit.open(f"/{what}-login.html")
    seen = visit.server.access_log
    visit.server.wait_for(lambda: "GET /saml/login 503 [request_speculative]" in seen(), what)
    assert len(visit.site.visits) == begun
    assert set(visit.chromium.cookies()) <= cookies
    visit.chromium.click("#out")
    visit.server.wait_for(lambda: len(visit.site.visits) > begun, "the login that was asked for")


@pytest.mark.parametrize("page", ["image", "frame"])
def test_a_part_of_a_page(visit, page):
    visit.open(f"/{page}.html")
    seen = visit.server.access_log
    visit.server.wait_for(lambda: "GET /saml/logout 400 [request_embedded]" in seen(), page)
    assert visit.is_in()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_script_of_this_site(visit, method):
    options = f"{{method: '{method}', redirect: 'manual'}}"
    visit.chromium.run(f"return fetch('/saml/logout', {options}).then(r => r.type)")
    assert f"{method} /saml/logout 303" in visit.server.access_log()
    assert not visit.is_in()


def test_a_refusal(visit):
    visit.chromium.open(f"{visit.home}/saml/logout?return=https://evil.example.org/")
    assert visit.title() == "Sign-out did not work"
    visit.shot("sign-out-did-not-work")
    visit.chromium.open(visit.sls)
    assert visit.title() == "No sign-out to tell of"
    visit.shot("no-sign-out-to-tell-of")
