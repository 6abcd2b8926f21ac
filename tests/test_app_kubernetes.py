"""nginx-conf/apps/kubernetes.conf and s3-signed.conf: whole files, with memcached and an application behind them."""

import re

import pytest

from harness.app_site import APPS, FORGED, lies
from harness.browser import Browser
from harness.keys import rsa_credential
from harness.wire import ask, cookie_header


@pytest.fixture
def start(nginx, memcacheds, upstreams, idp):
    """The file as nginx gets it, its addresses those of this test."""

    def start(name: str, changes: dict[str, str]):
        text = (APPS / name).read_text()
        for old, new in changes.items():
            changed = re.sub(old, new, text)
            assert changed != text, old
            text = changed
        tls = rsa_credential("tls")
        files = {
            "saml/idp.xml": idp.metadata(), "saml/sp.crt": rsa_credential("sp").certificate_pem,
            "saml/sp.key": rsa_credential("sp").key_pem, "saml/session.key": "0123456789abcdef" * 4,
            "tls.crt": tls.certificate_pem, "tls.key": tls.key_pem,
        }  # fmt: skip
        return nginx(f"events {{}}\nhttp {{\n{text}\n}}\n", files=files)

    return start


def test_a_pod(start, memcacheds, upstreams, idp, browser):
    nodes = " ".join(f"127.0.0.1:{node.port}" for node in memcacheds(2))
    server = start("kubernetes.conf", {
        r"/etc/nginx/saml/": "saml/", r"memcached saml-[^;]+;": f"memcached {nodes};",
        r"https://idp\.example\.com/metadata": "saml/idp.xml", r"listen +8080": "listen 127.0.0.1:@PORT@",
        r"listen 8081": "listen 127.0.0.1:@PORT2@", r"https://app\.example\.com": "http://127.0.0.1:@PORT@",
        r"http://127\.0\.0\.1:3000": f"http://127.0.0.1:{upstreams['proxy'].port}", r"10\.0\.0\.0/8": "127.0.0.0/8",
    })  # fmt: skip
    assert Browser().get(server.url("/")).status == 302 and not upstreams["proxy"].asked
    assert ask(server, "/").status == 401
    idp.login(browser, server.url("/"))
    session = cookie_header(browser)
    assert ask(server, "/page", session, ("X-Forwarded-For", "192.0.2.7"), *lies([])).status == 200
    heard = upstreams["proxy"].last()
    assert (heard["HTTP_X_REMOTE_USER"], heard["HTTP_X_FORWARDED_PROTO"]) == ("alice@example.org", "https")
    assert FORGED not in str(heard) and "saml_session" not in str(heard)
    probes = f"http://127.0.0.1:{server.ports[1]}"
    assert browser.read(f"{probes}/live").text == "ok\n"
    assert browser.read(f"{probes}/health?health").status == 200
    assert browser.read(f"{probes}/page").status == 404


def test_programs_that_sign(start, upstreams):
    """Beside people's s3.conf: what was signed arrives as it was, and no name of anybody's."""
    server = start("s3-signed.conf", {
        r"listen +443 ssl": "listen 127.0.0.1:@PORT@", r"http://127\.0\.0\.1:9000": f"http://127.0.0.1:{upstreams['proxy'].port}",
    })  # fmt: skip
    signed = "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c"
    path = "/bucket/a%20b%2Fc?X-Amz-Date=1&list-type=2"
    names = [("X-Remote-User", FORGED), ("X-Remote-Mail", FORGED), ("Cookie", "saml_session=x")]
    assert ask(server, path, ("Authorization", signed), ("X-Amz-Date", "1"), *names).status == 200
    heard = upstreams["proxy"].last()
    assert heard["REQUEST"] == f"GET {path} HTTP/1.1"
    assert (heard["HTTP_AUTHORIZATION"], heard["HTTP_X_AMZ_DATE"]) == (signed, "1")
    assert heard["HTTP_HOST"] == f"127.0.0.1:{server.port}"
    assert FORGED not in str(heard) and "HTTP_COOKIE" not in heard
