"""A form that was typed without a session, in a real browser: with scripts and without, from this site and another."""

import hashlib
import time
from http.server import BaseHTTPRequestHandler

import pytest

from harness.idp import Idp
from harness.idp_site import IdpSite
from harness.keys import rsa_credential
from harness.web import WebServer

pytestmark = pytest.mark.slow

CONF = """
worker_processes 2;
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
        keep_fragment @FRAGMENT@;
    }
    server {
        listen 127.0.0.1:@PORT@ ssl http2;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        include saml-endpoints.conf;
        location / { root html; }
        location /send { auth_saml app; auth_saml_preserve_post 300k; proxy_pass @APPLICATION@; }
    }
}
"""
FORM = """<!DOCTYPE html><meta charset="utf-8"><meta name="referrer" content="{referrer}">
<form method="post" enctype="{kind}" action="{action}">
<textarea name="text"></textarea><input type="file" name="file"><button>Send</button></form>"""
MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
CONTENT = bytes(range(256)) * 400


class Application(WebServer):
    """Writes down what is posted; and another site, when it serves a page."""

    def __init__(self, page: str = ""):
        posted = self.posted = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.reply(page or "asked by GET")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posted.append((self.path, self.headers["Content-Type"], body))
                self.reply(f"got {len(body)} octets")

            def reply(self, text):
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        super().__init__(Handler)
        self.start()


@pytest.fixture
def application():
    made = Application()
    yield made
    made.stop()


@pytest.fixture
def site(nginx, tmp_path, application):
    """The SP's nginx, with a form at `/form.html` that everybody may open."""
    made = []

    def start(same_site="lax", binding="HTTP-Redirect", kind=MULTIPART, referrer="", fragment="off"):
        tls = rsa_credential("tls")
        made.append(IdpSite(Idp(binding=binding), tls, tmp_path))
        files = {
            "tls.crt": tls.certificate_pem,
            "tls.key": tls.key_pem,
            "idp.xml": made[-1].idp.metadata(),
            "html/form.html": FORM.format(kind=kind, referrer=referrer, action="/send?x=1"),
        }
        values = {"SAME_SITE": same_site, "APPLICATION": application.url, "FRAGMENT": fragment}
        return nginx(CONF, files=files, **values)

    yield start
    for idp_site in made:
        idp_site.stop()


def fill_in(chromium, server, tmp_path, text="one hour of work: äöü <b>"):
    chromium.open(f"https://app.localhost:{server.port}/form.html")
    chromium.fill("textarea", text)
    (tmp_path / "photo.bin").write_bytes(CONTENT)
    chromium.fill("input[type=file]", str(tmp_path / "photo.bin"))


def scripts(chromium, on: bool) -> None:
    call = {"cmd": "Emulation.setScriptExecutionDisabled", "params": {"value": not on}}
    chromium.call("POST", "/goog/cdp/execute", call)


def wait(condition, what: str) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
@pytest.mark.parametrize("same_site", ["lax", "strict"])
def test_it_reaches_the_application(site, chromium, tmp_path, application, same_site, binding):
    server = site(same_site, binding, fragment="on" if same_site == "strict" else "off")
    fill_in(chromium, server, tmp_path)
    chromium.click("button")
    chromium.wait_for(f"https://app.localhost:{server.port}/send?x=1")
    assert chromium.text().startswith("got ")
    ((path, media_type, body),) = application.posted
    assert path == "/send?x=1" and media_type.startswith("multipart/form-data; boundary=----WebKit")
    assert CONTENT in body and "one hour of work: äöü <b>".encode() in body
    assert chromium.text() == f"got {len(body)} octets"
    # A member's form goes there at once.
    fill_in(chromium, server, tmp_path)
    chromium.click("button")
    wait(lambda: len(application.posted) == 2, "the second form")
    again = application.posted[1][2]
    boundaries = [part.partition(b"\r\n")[0] for part in (body, again)]
    assert body.replace(boundaries[0], b"") == again.replace(boundaries[1], b""), "to the last octet"


def test_a_button_where_scripts_are_off(site, chromium, tmp_path, application):
    server = site()
    fill_in(chromium, server, tmp_path)
    scripts(chromium, False)
    chromium.click("button")
    wait(lambda: "/sso?" in chromium.url, "the IdP")
    chromium.run("HTMLFormElement.prototype.submit.call(document.forms[0])")  # its button
    chromium.wait_for(f"https://app.localhost:{server.port}/saml/acs")
    assert "press the button" in chromium.text() and application.posted == []
    assert "one hour" not in chromium.run("return document.documentElement.outerHTML")
    box = chromium.call("GET", f"{chromium.find('button')}/rect")
    assert box["height"] >= 44 and box["width"] >= 44, box
    chromium.click("button")
    chromium.wait_for(f"https://app.localhost:{server.port}/send?x=1")
    assert CONTENT in application.posted[0][2] and len(application.posted) == 1


@pytest.mark.parametrize("referrer", ["no-referrer", "strict-origin"])
def test_a_page_that_does_not_say_where_it_is(site, chromium, tmp_path, application, referrer):
    server = site(kind=URLENCODED, referrer=referrer)
    fill_in(chromium, server, tmp_path, "a&b=c d")
    chromium.click("button")
    chromium.wait_for(f"https://app.localhost:{server.port}/send?x=1")
    assert application.posted == [("/send?x=1", URLENCODED, b"text=a%26b%3Dc+d&file=photo.bin")]


def test_a_form_of_another_site(site, chromium, application):
    server = site()
    action = f"https://app.localhost:{server.port}/send?x=1"
    evil = Application(FORM.format(kind=URLENCODED, referrer="", action=action))
    try:
        chromium.open(evil.url)
        chromium.fill("textarea", "pay eve")
        chromium.click("button")
        chromium.wait_for(action)
        assert "you are not signed in" in chromium.text()
        assert chromium.cookies() == {}, "no login began, and nothing was kept"
        # The person signs in for themselves, and nothing of it happens.
        chromium.open(action)
        chromium.wait_for(action)
        assert chromium.text() == "asked by GET" and application.posted == []
    finally:
        evil.stop()


def test_back_and_forward_send_nothing_twice(site, chromium, tmp_path, application):
    server = site()
    fill_in(chromium, server, tmp_path)
    chromium.click("button")
    chromium.wait_for(f"https://app.localhost:{server.port}/send?x=1")
    digest = hashlib.sha256(application.posted[0][2]).hexdigest()
    for way in ("/back", "/back", "/forward", "/forward"):
        chromium.call("POST", way)
        wait(lambda: chromium.run("return document.readyState") == "complete", "a page")
    assert [hashlib.sha256(body).hexdigest() for _, _, body in application.posted] == [digest]
