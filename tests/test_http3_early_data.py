"""Early data (0-RTT) by HTTP/3: who resumes a connection is asked anew who they are; what can be repeated opens nothing
twice. With OpenSSL 3.0 nginx takes none, and the client sends it once more; test_early_data.py has real ones."""

from urllib.parse import urlencode

import pytest

from harness.http3 import LISTEN, Left, cookie_field
from harness.keys import rsa_credential

CONF = f"""
events {{}}
http {{
    saml_idp corp {{ metadata idp.xml; }}
    saml_sp app {{
        base_url https://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        idp corp;
    }}
    ssl_early_data on;
    server {{{LISTEN}
        include saml-endpoints.conf;
        location / {{ auth_saml app; add_header X-Early "[$ssl_early_data]"; root html; }}
    }}
}}
"""
FILES = {"tls.crt": rsa_credential("tls").certificate_pem, "tls.key": rsa_credential("tls").key_pem}
FORM = ("content-type", "application/x-www-form-urlencoded")

pytestmark = pytest.mark.smoke


@pytest.fixture
def server(http3, nginx):
    return nginx(CONF, files=FILES)


@pytest.fixture
def ticket(server, http3):
    connection = http3(server)
    assert connection.ask("/page.html", ("accept", "text/html")).status == 302
    connection.run(lambda: connection.tickets)
    return connection.tickets[0]


def test_a_resumed_connection_knows_nobody(server, http3, idp, browser3, ticket):
    member = browser3(server)
    assert idp.login(member, server.url("/page.html", "https")).status == 303
    mine = member.session.get_adapter(server.url("/", "https")).connection
    mine.run(lambda: mine.tickets)
    for ticket in (mine.tickets[0], ticket):
        connection = http3(server, ticket=ticket)
        assert connection.ask("/page.html", ("accept", "text/html")).status == 302, "without the cookie"
        assert connection.ask("/page.html", cookie_field(member)).status == 200
        assert connection.quic.tls.session_resumed


def test_a_login_in_early_data(server, http3, idp, browser3, ticket):
    """The POST is sent before the handshake is done, and the same octets once more, as whoever recorded them would:
    one of them logs in, if nginx takes such data at all."""
    browser = browser3(server)
    request = idp.asked(browser.get(server.url("/page.html", "https")))
    body, cookie = urlencode(idp.form(request)).encode(), cookie_field(browser)
    sessions = []
    for _ in range(3):
        connection = http3(server, ticket=ticket)
        stream = connection.open("/saml/acs", FORM, cookie, ("content-length", str(len(body))), method="POST", end=False)
        connection.send(stream, body)
        try:
            sessions += [kept for kept in connection.answer(stream).all("set-cookie") if "saml_session=" in kept]
        except Left:
            pass
    assert len({kept.split(";")[0] for kept in sessions}) == 1
