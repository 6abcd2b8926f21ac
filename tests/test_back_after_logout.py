"""What Back shows after a logout, as the reference says: Chromium over https that it trusts."""

import contextlib

import pytest

from harness.browser import Browser
from harness.chromium import Chromium, trusting
from harness.idp import Idp
from harness.idp_site import IdpSite
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, redirect

pytestmark = pytest.mark.slow

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
        location / { auth_saml app; auth_saml_cache_control @VALUE@; }
        location /open/ { }
    }
}
"""
PAGES = {
    "html/member.html": "<title>m</title>members only <a id=out href=/saml/logout>out</a> "
    "<a id=on href=/open/page.html>on</a>",
    "html/open/page.html": "<title>o</title>for everybody",
}


@pytest.fixture
def visit(nginx, tmp_path):
    """A member at a page, with this `auth_saml_cache_control`."""
    with contextlib.ExitStack() as stack:

        def start(value: str, *arguments: str):
            tls = rsa_credential("tls")
            site = IdpSite(Idp(), tls, tmp_path)
            stack.callback(site.stop)
            files = {"tls.crt": tls.certificate_pem, "tls.key": tls.key_pem, **PAGES}
            files["idp.xml"] = site.idp.metadata()
            server = nginx(CONF, files=files, VALUE=value)
            chromium = Chromium(tmp_path, trusting(tls), *arguments)
            stack.callback(chromium.quit)
            at = f"https://app.localhost:{server.port}"
            chromium.open(f"{at}/member.html")
            chromium.wait_for(f"{at}/member.html")
            assert "members only" in chromium.text()
            return Visit(server, site, chromium, at)

        yield start


class Visit:
    def __init__(self, server, site, chromium, at):
        self.server, self.site, self.chromium, self.at = server, site, chromium, at

    def log_out_here(self) -> None:
        self.chromium.click("#out")
        self.chromium.wait_for(f"{self.at}/saml/logout")

    def log_out_elsewhere(self) -> None:
        self.go_on()
        here = self.chromium.call("GET", "/window")
        tab = self.chromium.call("POST", "/window/new", {"type": "tab"})["handle"]
        self.chromium.call("POST", "/window", {"handle": tab})
        self.chromium.open(f"{self.at}/saml/logout")
        self.chromium.call("POST", "/window", {"handle": here})

    def log_out_at_the_idp(self) -> None:
        """From server to server: the browser hears nothing."""
        self.go_on()
        request = redirect(self.site.idp, f"{self.at}/saml/sls", LogoutRequest(session_index=()))
        other = Browser(verify=False)
        url = request.replace("app.localhost", "127.0.0.1")
        headers = {"Host": f"app.localhost:{self.server.port}"}
        assert other.get(url, headers=headers).status in (200, 302, 303)
        self.server.wait_for(lambda: " /saml/sls " in self.server.access_log(), "the logout")

    def go_on(self) -> None:
        self.chromium.click("#on")
        self.chromium.wait_for(f"{self.at}/open/page.html")

    def back(self) -> tuple[bool, bool]:
        """Does Back show the page, and is the server asked for it?"""
        before = len(self.server.access_log())
        self.chromium.call("POST", "/back", {})

        def asked() -> list[str]:
            return self.server.access_log()[before:].splitlines()

        with contextlib.suppress(AssertionError):
            self.server.wait_for(asked, "a request", seconds=2)
        asks = any(line.startswith("GET /member.html 302") for line in asked())
        return not asks and "members only" in self.chromium.text(), asks


LOGOUTS = [Visit.log_out_here, Visit.log_out_elsewhere, Visit.log_out_at_the_idp]
SHOWN, ASKED = (True, False), (False, True)


@pytest.mark.parametrize("log_out", LOGOUTS)
@pytest.mark.parametrize("value, seen", [("off", SHOWN), ("on", SHOWN), ("no-store", ASKED)])
def test_back(visit, value, log_out, seen):
    person = visit(value)
    log_out(person)
    assert person.back() == seen


@pytest.mark.parametrize("value, seen", [("on", SHOWN), ("no-store", ASKED)])
def test_back_without_the_back_forward_cache(visit, value, seen):
    """History is not asked about freshness (RFC 9111 6): what is in the disk cache is shown."""
    person = visit(value, "--disable-features=BackForwardCache")
    person.log_out_here()
    assert person.back() == seen


@pytest.mark.parametrize("value", ["on", "no-store"])
def test_forward_again_or_by_its_address(visit, value):
    """Whoever types the address, or follows a link, is asked to log in."""
    person = visit(value)
    person.log_out_here()
    before = len(person.site.visits)
    person.chromium.open(f"{person.at}/member.html")
    person.server.wait_for(lambda: len(person.site.visits) > before, "a login")
