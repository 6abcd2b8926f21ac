"""scripts/sp-init: from nothing to a login, and a look from outside whose every check can fail."""

import subprocess
import sys
from http.server import BaseHTTPRequestHandler

import pytest

from harness.browser import Browser
from harness.keys import certified, rsa_credential
from harness.nginx import ROOT
from harness.web import WebServer

sys.path.insert(0, str(ROOT / "scripts"))
from sp_init import outside  # noqa: E402
from sp_init.outside import Answer, Fault  # noqa: E402

STOCK = "events {}\nhttp {\n    include conf.d/*.conf;\n}\n"


def sp_init(*words: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, ROOT / "scripts/sp-init", *map(str, words)],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options,
    )  # fmt: skip


@pytest.fixture
def server(prepared, idp):
    tls = rsa_credential("tls")
    files = {"tls.crt": tls.certificate_pem, "tls.key": tls.key_pem, "given.xml": idp.metadata()}
    return prepared(STOCK, files=files)


def words(server, backend, **changed: str) -> list[str]:
    said = {
        "--host": f"localhost:{server.port}", "--upstream": backend.url, "--idp-metadata": str(server.directory / "given.xml"),
        "--tls-certificate": "tls.crt", "--tls-key": "tls.key", "--folder": str(server.directory), "--nginx": server.binary,
    } | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}  # fmt: skip
    return [word for pair in said.items() for word in pair]


def test_from_nothing_to_a_login(server, backend, idp):
    backend.answer = lambda asked: (200, "text/plain", asked.headers.get("X-Remote-User", "").encode())
    done = sp_init(*words(server, backend))
    assert done.returncode == 0, done.stdout + done.stderr
    url = f"https://localhost:{server.port}"
    for told in (f"{url}/saml/metadata", f"{url}/saml/acs", f"{url}/saml/sls", "SHA-256"):
        assert told in done.stdout
    key = server.directory / "saml/app.key"
    assert key.stat().st_mode & 0o777 == 0o600
    server.start()
    browser = Browser(verify=False)
    request = idp.asked(browser.get(f"{url}/page"))
    assert request.issuer == f"{url}/saml/metadata"
    assert browser.post(request.acs_url, idp.form(request)).status == 303
    assert browser.get(f"{url}/page").text == "alice@example.org"

    seen = sp_init("--check", f"{url}/", "--ca", server.directory / "tls.crt")
    assert seen.returncode == 0, seen.stdout
    names = [line.split()[1] for line in seen.stdout.splitlines()]
    assert names == ["tls", "redirect", "headers", "cookies", "programs", "clock", "metadata"]
    stranger = sp_init("--check", f"{url}/")
    assert stranger.returncode == 1 and "BAD  tls" in stranger.stdout
    server.finish()


def test_nothing_is_written_over(server, backend):
    assert sp_init(*words(server, backend)).returncode == 0
    before = {path: path.read_bytes() for path in server.directory.rglob("*") if path.is_file()}
    done = sp_init(*words(server, backend))
    assert done.returncode == 1 and "is there already" in done.stderr
    for name in ("saml/other.crt", "saml/other-idp.xml", "conf.d/saml-other.conf"):
        (server.directory / name).write_text("mine")
        assert sp_init(*words(server, backend, name="other")).returncode == 1
        assert (server.directory / name).read_text() == "mine"
        assert not (server.directory / "saml/other.key").exists()
        (server.directory / name).unlink()
    assert all(path.read_bytes() == content for path, content in before.items())


@pytest.mark.parametrize(
    "changed",
    [
        {"host": "a.example; evil"}, {"host": "a}b"}, {"host": "$host"}, {"host": ""}, {"name": "../x"}, {"name": "a b"}, {"upstream": "http://x; evil on"},
        {"upstream": "unix:/x"}, {"upstream": "http://$evil"}, {"entity_id": 'urn:"x'}, {"entity_id": "urn:x\ny"},
        {"idp_metadata": "/nowhere.xml"}, {"idp_metadata": "http://plain.example/"}, {"idp_metadata": "https://x/;}"}, {"tls_key": ""}, {"tls_certificate": "a b"},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_stand_in_a_configuration(server, backend, changed):
    done = sp_init(*words(server, backend, **changed))
    assert done.returncode == 1 and done.stderr.startswith("scripts/sp-init: "), done
    assert not (server.directory / "saml").exists()


def test_nginx_has_the_last_word(server, backend):
    (server.directory / "given.xml").write_text("<html/>")
    done = sp_init(*words(server, backend))
    assert done.returncode == 1 and "nginx -t does not take it" in done.stderr
    assert "metadata" in done.stderr


def test_without_metadata_and_with_a_url(server, backend):
    done = sp_init(*words(server, backend, idp_metadata=""))
    assert done.returncode == 0 and 'has no "metadata" yet' in done.stderr
    done = sp_init(*words(server, backend, idp_metadata="https://idp.example.org/metadata", name="second", host="127.0.0.1:1"))
    assert "metadata https://idp.example.org/metadata;" in (server.directory / "conf.d/saml-second.conf").read_text()


URL = "https://sp.example.org/"
IDP = "https://idp.example.org/sso?SAMLRequest=x"
COOKIE = "__Host-x=1; Path=/; Secure; HttpOnly; SameSite=None"
METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:x"{more}>
<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate>
</ds:X509Data></ds:KeyInfo></KeyDescriptor>
<AssertionConsumerService Binding="urn:x" Location="{location}" index="{index}"/></SPSSODescriptor></EntityDescriptor>"""
FIELDS = {"more": "", "certificate": "MAAA", "location": "https://sp.example.org/acs", "index": "0"}


def answer(status=302, body: bytes = b"", url: str = URL, ends=90 * 86400, **headers: str) -> Answer:
    now = 1_800_000_000.0
    return Answer(url, status, [(name.replace("_", "-"), value) for name, value in headers.items()], body, now, ends and now + ends)


def described(**changed: str) -> Answer:
    return answer(200, METADATA.format(**FIELDS | changed).encode())


GOOD = [
    (outside.tls, answer()),
    (outside.redirect, answer(Location=IDP)),
    (outside.redirect, answer(200, b'<input name="SAMLRequest">')),
    (outside.redirect, answer(302, Location="/saml/discovery")),
    (outside.headers, answer(Cache_Control="no-store")),
    (outside.cookies, answer(Set_Cookie=COOKIE)),
    (outside.programs, answer(401)),
    (outside.clock, answer(Date="Fri, 15 Jan 2027 08:00:10 GMT")),
]
BAD = [
    (outside.tls, answer(url="http://sp.example.org/"), "plain http"),
    (outside.tls, answer(ends=3 * 86400), "ends in 3 days"),
    (outside.redirect, answer(200, b"the page"), "for everybody"),
    (outside.redirect, answer(500), "status 500"),
    (outside.redirect, answer(Location=IDP.replace("https", "http")), "should be https"),
    (outside.headers, answer(), "not there"),
    (outside.headers, answer(Cache_Control="public"), "public"),
    (outside.cookies, answer(), "no cookie"),
    (outside.cookies, answer(Set_Cookie=COOKIE.replace("Secure; ", "")), "not Secure"),
    (outside.cookies, answer(Set_Cookie=COOKIE.replace("HttpOnly; ", "")), "not HttpOnly"),
    (outside.cookies, answer(Set_Cookie=COOKIE.replace("; SameSite=None", "")), "no SameSite"),
    (outside.programs, answer(302), "status 302"),
    (outside.clock, answer(Date="Fri, 15 Jan 2027 08:01:00 GMT"), "60 s apart"),
    (outside.clock, answer(), "no Date"),
]


@pytest.mark.parametrize(("check", "given"), GOOD)
def test_a_check_that_holds(check, given):
    assert check(given)


@pytest.mark.parametrize(("check", "given", "says"), BAD)
def test_a_check_that_fails(check, given, says):
    with pytest.raises(Fault, match=says):
        check(given)


def test_metadata_that_is_good():
    assert "urn:x, 1 ACS" in outside.metadata(described(), URL)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (answer(404), "answers 404"),
        (answer(200, b"<html>"), "no XML"),
        (answer(200, b"<html/>"), "no EntityDescriptor"),
        (answer(200, b"<!DOCTYPE x><x/>"), "DOCTYPE"),
        (described(more=' validUntil="2020-01-01T00:00:00Z"'), "is past"),
        (described(location="https://other.example.org/acs"), "is base_url right"),
        (described(index=""), "needs Binding, Location and index"),
        (described(certificate="no certificate"), "cannot be read"),
        (answer(200, METADATA.format(**FIELDS).replace("SAML:2.0:protocol", "x").encode()), "no SPSSODescriptor"),
        (answer(200, METADATA.format(**FIELDS).replace("AssertionConsumer", "Other").encode()), "needs Binding"),
    ],
)
def test_metadata_that_is_not(given, says):
    with pytest.raises(Fault, match=says):
        outside.metadata(given, URL)


def test_a_certificate_of_another_host(nginx, tmp_path):
    other = certified(rsa_credential("other").key, "other", host="other.example.org")
    conf = "events {}\nhttp { server { listen 127.0.0.1:@PORT@ ssl; ssl_certificate tls.crt; ssl_certificate_key tls.key; } }\n"
    server = nginx(conf, files={"tls.crt": other.certificate_pem, "tls.key": other.key_pem})
    (tmp_path / "ca.crt").write_bytes(other.certificate_pem)
    found = dict(outside.checks(f"https://localhost:{server.port}/", None, str(tmp_path / "ca.crt")))
    assert isinstance(found["tls"], Fault) and "CERTIFICATE_VERIFY_FAILED" in str(found["tls"])


def test_a_site_without_protection():
    class Open(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    web = WebServer(Open)
    web.start()
    try:
        found = dict(outside.checks(f"{web.url}/", None, None))
    finally:
        web.stop()
    good = [name for name, what in found.items() if not isinstance(what, Fault)]
    assert good == ["clock"], found
