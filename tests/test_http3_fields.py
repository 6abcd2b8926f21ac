"""Header fields as only HTTP/3 has them: several of `cookie`, odd names, pseudo-headers, another host."""

import contextlib

import pytest

from harness.http3 import LISTEN, Left
from harness.keys import rsa_credential
from harness.message import read_redirect

CONF = f"""
events {{}}
http {{
    saml_idp corp {{ metadata idp.xml; }}
    saml_sp app {{
        base_url https://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        idp corp;
    }}
    server {{{LISTEN}
        include saml-endpoints.conf;
        auth_saml app;
        location / {{ add_header X-User "$saml_name_id"; root html; }}
        location /proxied/ {{
            proxy_set_header X-Remote-User $saml_name_id;
            proxy_pass http://127.0.0.1:@PORT2@;
        }}
        location /preflight/ {{
            auth_saml_cors_origin https://spa.example.org;
            auth_saml_preflight pass;
            proxy_pass http://127.0.0.1:@PORT2@;
        }}
    }}
    server {{
        listen 127.0.0.1:@PORT2@;
        location / {{ return 200 "[$http_x_remote_user] [$http_cookie] [$http_x_odd]"; }}
    }}
}}
"""
FILES = {"tls.crt": rsa_credential("tls").certificate_pem, "tls.key": rsa_credential("tls").key_pem}
HTML = ("accept", "text/html")

pytestmark = pytest.mark.smoke


@pytest.fixture
def server(http3, nginx):
    return nginx(CONF, files=FILES)


@pytest.fixture
def cookie(server, idp, browser3) -> str:
    """That of a member's session."""
    browser = browser3(server)
    assert idp.login(browser, server.url("/page.html", "https")).status == 303
    name = "__Host-saml_session"
    return f"{name}={browser.session.cookies[name]}"


def test_a_cookie_among_several_fields(server, cookie, http3):
    """Browsers split them (RFC 9114 4.2.1); ours is found, and only ours is taken away."""
    fields = [("cookie", "a=1"), ("cookie", cookie), ("cookie", "b=2; c=3")]
    answer = http3(server).ask("/proxied/", *fields)
    assert answer.text == "[alice@example.org] [a=1; b=2; c=3] []"
    for torn in ([cookie[:40], cookie[40:]], [cookie.replace("=", ";", 1)], ["x" + cookie]):
        answer = http3(server).ask("/page.html", HTML, *(("cookie", part) for part in torn))
        assert answer.status == 302, torn


def test_two_sessions_in_two_fields(server, cookie, http3):
    """A planted cookie beside the own one neither opens nor locks."""
    name, _, value = cookie.partition("=")
    planted = ("cookie", f"{name}={value[:-4]}AAAA")
    for fields in ([planted, ("cookie", cookie)], [("cookie", cookie), planted]):
        assert http3(server).ask("/page.html", *fields).all("x-user") == ["alice@example.org"]
    assert http3(server).ask("/page.html", HTML, planted).status == 302


@pytest.mark.parametrize(
    "name", ["x_remote_user", "x-remote_user", "x_remote-user", "x-remote-user", "x.remote.user", "x~remote~user"]
)
def test_names_that_look_like_ours(server, cookie, http3, name):
    """QPACK carries any octets for a name."""
    answer = http3(server).ask("/proxied/", ("cookie", cookie), (name, "mallory"))
    assert answer.status == 200 and "mallory" not in answer.text, answer.text


@pytest.mark.parametrize("name", ["X-Remote-User", "x remote user", "x\r\nx-remote-user", "x\0", "x:", ":x"])
def test_names_that_are_none(server, cookie, http3, name):
    assert_refused(http3(server), "/proxied/", ("cookie", cookie), (name, "mallory"))


@pytest.mark.parametrize("value", ["x\r\nx-remote-user: mallory", "x\nx-remote-user: mallory", "x\0mallory"])
@pytest.mark.parametrize("name", ["x-odd", "cookie", "accept", "content-type"])
def test_values_that_are_none(server, cookie, http3, name, value):
    assert_refused(http3(server), "/proxied/", ("cookie", cookie), (name, value))


def test_trailers_are_no_header(server, cookie, http3):
    """What comes behind the body neither lets anybody in nor names them."""
    trailers = [("x-remote-user", "mallory"), ("x-odd", "mallory"), ("cookie", cookie)]
    for path, fields, expected in (
        ("/proxied/", [("cookie", cookie)], "[alice@example.org] [] []"),
        ("/proxied/", [], "sign in"),
    ):
        connection = http3(server)
        stream = connection.open(path, *fields, method="POST", end=False)
        connection.send(stream, b"a=b", end=False)
        connection.trailers(stream, *trailers)
        with contextlib.suppress(Left):
            answer = connection.answer(stream)
            assert answer.status != 200 or answer.text == expected, answer


AUTHORITY, HOST = "127.0.0.1:@PORT@", "evil.example"


@pytest.mark.parametrize(
    "pseudo",
    [
        {":authority": HOST},  # and the Host below
        {":scheme": None},
        {":path": None},
        {":path": ""},
        {":path": "page.html"},
        {":path": "https://evil.example/page.html"},
        {":method": None},
        {":method": "CONNECT"},
        {":method": "CONNECT", ":protocol": "websocket"},
        {":method": "CONNECT", ":path": None, ":scheme": None},
        {":method": "TRACE"},
        {":protocol": "websocket"},
        {":unknown": "x"},
        {":status": "200"},
    ],
    ids=str,
)
def test_pseudo_headers_out_of_the_ordinary(server, http3, pseudo):
    """Nobody is let in by them, and no login begins for a host that is not ours."""
    authority = server.fill(AUTHORITY)
    usual = {":method": "GET", ":scheme": "https", ":authority": authority, ":path": "/page.html"}
    head = [(name, value) for name, value in {**usual, **pseudo}.items() if value is not None]
    host = [("host", authority)] if ":authority" in pseudo else []
    connection = http3(server)
    stream = connection.open("", HTML, *host, pseudo=head)
    try:
        answer = connection.answer(stream)
    except Left:
        return
    assert "a page" not in answer.text and not answer.all("x-user")
    assert answer.status in (400, 405), answer


def test_a_host_of_others_leads_nowhere_else(server, http3, idp):
    """One origin: where the browser comes back to is ours, whatever it says."""
    answer = http3(server).ask("/page.html", HTML, authority="evil.example")
    (location,) = answer.all("location")
    assert read_redirect(location).acs_url == server.url("/saml/acs", "https")
    assert "evil" not in "".join(value for _, value in answer.fields)


def test_a_preflight(server, http3):
    asked = [("origin", "https://spa.example.org"), ("access-control-request-method", "PUT")]
    answer = http3(server).ask("/preflight/", *asked, method="OPTIONS")
    assert (answer.status, answer.text) == (200, "[] [] []")
    for more in (("cookie", "a=b"), ("authorization", "Bearer x"), ("content-length", "1")):
        connection = http3(server)
        stream = connection.open("/preflight/", *asked, more, method="OPTIONS", end=more[0] != "content-length")
        if more[0] == "content-length":
            connection.send(stream, b"x")
        assert connection.answer(stream).status == 401, more
    connection = http3(server)
    stream = connection.open("/preflight/", *asked, method="OPTIONS", end=False)
    connection.send(stream, b"delete=all")
    assert connection.answer(stream).status == 401, "a body whose length is not said"


def assert_refused(connection, path: str, *fields) -> None:
    """By a 400, or by the end of the stream or the connection."""
    try:
        answer = connection.ask(path, *fields)
    except Left:
        return
    assert answer.status == 400, answer
