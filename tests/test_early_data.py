"""Early data (0-RTT) over TLS 1.3: what was recorded and is sent once more opens nothing a second time."""

import re
import subprocess
from urllib.parse import urlencode

import pytest

from harness.browser import Browser
from harness.keys import rsa_credential
from harness.wire import cookie_header

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url https://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        logout_redirect /bye.html;
    }
    ssl_protocols TLSv1.3;
    ssl_early_data on;
    server {
        listen 127.0.0.1:@PORT@ ssl;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location = /bye.html { return 200 bye; }
    }
}
"""
FILES = {"tls.crt": rsa_credential("tls").certificate_pem, "tls.key": rsa_credential("tls").key_pem}
FORM = ("Content-Type", "application/x-www-form-urlencoded")

pytestmark = pytest.mark.smoke


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES)


@pytest.fixture
def early(server):
    """Sends one request as early data of a resumed connection, as often as asked; the answer."""
    ticket = server.directory / "ticket.pem"
    connect = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_3", "-ign_eof"]

    def request(path: str, *fields, method="GET", body=b"") -> bytes:
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "Connection: close"]
        head += [f"{name}: {value}" for name, value in fields]
        head += [f"Content-Length: {len(body)}"] if body else []
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    def run(*arguments, stdin: bytes = b"") -> str:
        done = subprocess.run(
            [*connect, *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False
        )
        return done.stdout.decode(errors="replace")

    run("-sess_out", str(ticket), stdin=request("/bye.html"))

    def early(path: str, *fields, **how) -> str:
        data = server.write("early.data", request(path, *fields, **how))
        answer = run("-sess_in", str(ticket), "-early_data", str(data))
        assert "Early data was accepted" in answer, answer
        return answer[answer.index("HTTP/1.1 ") :]

    return early


def sessions(answer: str) -> list[str]:
    return re.findall(r"(?im)^Set-Cookie: __Host-saml_session=([^;]+)", answer)


def test_a_login(server, idp, early):
    browser = Browser(verify=False)
    request = idp.asked(browser.get(server.url("/page.html", "https")))
    post = {"method": "POST", "body": urlencode(idp.form(request)).encode()}
    answers = [early("/saml/acs", FORM, cookie_header(browser), **post) for _ in range(3)]
    assert [len(sessions(answer)) for answer in answers] == [1, 0, 0]
    assert not any("a page" in answer for answer in answers)


def test_a_page_without_its_cookie(server, idp, early):
    """A connection that is resumed knows nobody."""
    member = Browser(verify=False)
    assert idp.login(member, server.url("/page.html", "https")).status == 303
    assert "a page" in early("/page.html", cookie_header(member))
    assert early("/page.html").startswith("HTTP/1.1 401 ")


def test_a_logout_sent_again_ends_no_later_session(server, idp, early):
    member = Browser(verify=False)
    assert idp.login(member, server.url("/page.html", "https")).status == 303
    recorded = cookie_header(member)
    assert "bye.html" in early("/saml/logout", recorded)
    later = Browser(verify=False)
    assert idp.login(later, server.url("/page.html", "https")).status == 303
    early("/saml/logout", recorded)
    assert later.get(server.url("/page.html", "https")).status == 200
