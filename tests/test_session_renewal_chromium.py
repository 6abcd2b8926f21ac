"""An application's page renews its session in a window or a frame, by the script that docs/application.md shows."""

import re
from pathlib import Path

import pytest

from harness.chromium import Chromium
from harness.idp import Idp
from harness.idp_site import IdpSite
from harness.keys import rsa_credential
from harness.response import Answer

pytestmark = pytest.mark.slow

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; sso_binding @BINDING@; }
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
        location = /app.html { auth_saml off; }
        location = /session.js { auth_saml off; }
    }
}
"""
ROOT = Path(__file__).resolve().parents[1]
[SNIPPET] = re.findall(r"```js\n(.*?)```", (ROOT / "docs/application.md").read_text(), re.DOTALL)
PAGE = """<!DOCTYPE html><title>app</title><script src=session.js></script>
<button id=window onclick="renew('window').then(show)">renew</button>
<button id=frame onclick="renew('frame').then(show)">renew</button>
<p id=said></p><script>
function show(session) { document.getElementById('said').textContent = JSON.stringify(session) }
who().then(show)
</script>"""
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
NO_PASSIVE = Answer(
    status=f"{STATUS}Responder", sub_status=f"{STATUS}NoPassive", with_assertion=False, sign="response"
)


class Application:
    def __init__(self, server, site, chromium):
        self.server, self.site, self.chromium = server, site, chromium
        self.base = f"https://app.localhost:{server.port}"

    def open(self):
        self.chromium.open(f"{self.base}/app.html")
        return self.said()

    def said(self) -> str:
        text = lambda: self.chromium.run("return document.getElementById('said').textContent")
        self.server.wait_for(text, "what the script hears", 15)
        return text()

    def renew(self, by: str) -> str:
        self.chromium.run("document.getElementById('said').textContent = ''")
        self.chromium.click(f"#{by}")
        return self.said()

    def index(self) -> str:
        return self.chromium.run("return document.cookie")


@pytest.fixture
def application(nginx, tmp_path, chromium):
    sites = []

    def start(same_site: str = "lax", idp_host: str = "127.0.0.1", sp: str = "", binding: str = "redirect"):
        tls = rsa_credential("tls")
        name = {"redirect": "HTTP-Redirect", "post": "HTTP-POST"}[binding]
        sites.append(IdpSite(Idp(binding=name), tls, tmp_path, idp_host))
        files = {"tls.crt": tls.certificate_pem, "tls.key": tls.key_pem, "idp.xml": sites[-1].idp.metadata()}
        files |= {"html/app.html": PAGE, "html/session.js": SNIPPET}
        server = nginx(CONF, files=files, SAME_SITE=same_site, SP=sp, BINDING=binding)
        return Application(server, sites[-1], chromium)

    yield start
    for site in sites:
        site.stop()


def cookie(chromium) -> str:
    return chromium.cookies()["__Host-saml_session"]["value"]


@pytest.mark.parametrize("same_site", ["lax", "strict", "none"])
def test_in_a_window(application, chromium, same_site):
    app = application(same_site)
    assert '"authenticated":false' in app.open()
    assert '"user":"alice@example.org"' in app.renew("window")
    first = cookie(chromium)
    assert '"authenticated":true' in app.renew("window")
    assert cookie(chromium) != first, "a new session in the place of the old one"
    windows = lambda: len(chromium.call("GET", "/window/handles"))
    app.server.wait_for(lambda: windows() == 1, "the end of the window")


def test_whom_the_idp_does_not_know(application, chromium):
    app = application()
    app.open()
    app.site.answer = NO_PASSIVE
    assert '"authenticated":false' in app.renew("window")


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize(
    "same_site, idp_host, sp",
    [
        ("none", "127.0.0.1", ""),
        ("none", "127.0.0.1", "keep_fragment on;"),
        ("lax", "idp.app.localhost", ""),
    ],
)
def test_in_a_frame(application, chromium, same_site, idp_host, sp, binding):
    app = application(same_site, idp_host, sp, binding)
    app.open()
    assert '"authenticated":true' in app.renew("window")
    first = cookie(chromium)
    assert '"authenticated":true' in app.renew("frame")
    assert cookie(chromium) != first
    assert chromium.run("return document.querySelectorAll('iframe').length") == 0


def test_a_frame_that_keeps_no_cookie_costs_nobody_their_session(application, chromium):
    app = application("lax")
    app.open()
    app.renew("window")
    first = cookie(chromium)
    assert '"authenticated":true' in app.renew("frame"), "the one of before"
    assert cookie(chromium) == first
    assert 'set "cookie_same_site none"' in app.server.error_log()


def test_no_other_site_may_show_the_end_in_a_frame(application, chromium):
    app = application("none")
    app.server.write("html/app.html", f"<iframe src='{app.base}/saml/session?tell'></iframe><p id=said>x")
    other = f"https://other.localhost:{app.server.port}/app.html"
    chromium.open(other)
    blocked = "return document.querySelector('iframe').contentDocument === null"
    app.server.wait_for(lambda: "/saml/session" in app.server.access_log(), "the frame")
    assert chromium.run(blocked)
    handle = chromium.find("iframe").removeprefix("/element/")
    chromium.call("POST", "/frame", {"id": {"element-6066-11e4-a52e-4f735466cecf": handle}})
    assert "You can close this window" not in chromium.text()


@pytest.mark.parametrize("host, may", [("portal.app.localhost", True), ("evil.app.localhost", False)])
def test_scripts_of_a_listed_neighbour_read_it(application, chromium, host, may):
    app = application("lax", sp="return_hosts portal.app.localhost:@PORT@;")
    app.open()
    app.renew("window")
    chromium.open(f"https://{host}:{app.server.port}/app.html")
    ask = f"fetch('{app.base}/saml/session', {{credentials: 'include', headers: {{'X-Requested-With': 'x'}}}})"
    chromium.run(f"{ask}.then(a => a.text(), e => 'blocked').then(t => window.heard = t)")
    app.server.wait_for(lambda: chromium.run("return window.heard ?? ''"), "an answer")
    heard = chromium.run("return window.heard")
    assert ('"user":"alice@example.org"' in heard) == may and (heard == "blocked") != may
