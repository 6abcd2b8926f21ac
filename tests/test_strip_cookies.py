"""The module's cookies do not go to the application, by no protocol; all others go as they came."""

import asyncio

import httpx
import pytest

from harness.keys import rsa_credential
from harness.members import is_in, log_in
from harness.upstream import passing_to
from harness.wire import ask, cookie_header

CONF = """
worker_processes 1;
events {}
http {
    log_format cookies '$uri [$http_cookie]';
    access_log @DIR@/cookies.log cookies;
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    saml_sp second {
        base_url https://second.example.org;
        entity_id https://second.example.org/entity;
        idp corp;
        cookie_name second;
    }
    server {
        listen 127.0.0.1:@PORT@;
        server_name 127.0.0.1;
        large_client_header_buffers 8 32k;
        root html;
        include saml-endpoints.conf;
        location = /second/acs { saml_acs second; }
        location / { auth_saml app; }
        location /proxy { @PROXY@ }
        location /fastcgi { @FASTCGI@ }
        location /uwsgi { @UWSGI@ }
        location /scgi { @SCGI@ }
        location /grpc { @GRPC@ }
        location /protected { auth_saml app; @PROXY@ }
        location /inside { auth_saml app; satisfy any; allow 127.0.0.0/8; deny all; @PROXY@ }
        location /by-hand {
            if ($http_cookie ~ x) { set $early 1; }
            proxy_set_header Cookie "$http_cookie; more=1";
            @PROXY@
        }
        location /fastcgi-by-hand { fastcgi_param HTTP_COOKIE $http_cookie; @FASTCGI@ }
        location /kept { auth_saml_strip_cookies off; @PROXY@ }

        # internal redirects and subrequests
        location /to-kept { try_files /none /kept; }
        location /to-protected { try_files /none /protected; }
        location /ssi { auth_saml_strip_cookies off; ssi on; try_files /ssi.html =404; }
        @ASKS@
        location = /guard { auth_saml app; @PROXY@ }
        location /mirrored { mirror /mirror; @FASTCGI@ }
        location = /mirror { internal; @PROXY@ }
    }
    server {
        listen 127.0.0.1:@PORT2@ ssl http2;
        server_name second.example.org;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        location / { @PROXY@ }
    }
    server {
        listen 127.0.0.1:@PORT3@;
        server_name elsewhere.example.org;
        location / { @PROXY@ }
    }
}
"""
# Not every nginx is built with auth_request.
ASKS = "location /asks { auth_request /guard; @PROXY@ }"
FILES = {
    "tls.crt": rsa_credential("tls").certificate_pem,
    "tls.key": rsa_credential("tls").key_pem,
    "html/ssi.html": '<!--# include virtual="/protected" --><!--# include virtual="/proxy" -->',
}

SESSION = "saml_session=AAAA"
REQUEST = "saml_session_request_0123456789abcdef=sealed"


@pytest.fixture
def server(nginx, upstreams):
    return nginx(CONF, files=FILES, ASKS="", **passing_to(upstreams))


@pytest.fixture
def seen(server, upstreams):
    """The Cookie header that the application sees for what a browser sends."""

    def cookie(path: str, *sent: str, protocol: str = "proxy") -> str | None:
        answer = ask(server, path, *(("Cookie", line) for line in sent))
        assert answer.status == 200, f"{path}: {answer.status} {answer.text}"
        return upstreams[protocol].last().get("HTTP_COOKIE")

    return cookie


@pytest.mark.parametrize("protocol", ["proxy", "fastcgi", "uwsgi", "scgi", "grpc"])
def test_every_protocol(server, upstreams, protocol):
    asked = upstreams[protocol].asked

    def headers(*sent: tuple[str, str]) -> list[tuple[str, str]]:
        ask(server, f"/{protocol}", *sent)
        ours = ("HTTP_COOKIE", "HTTP_X_BEFORE", "HTTP_X_AFTER")
        return sorted(pair for pair in asked[-1] if pair[0] in ours)

    before, after = ("X-Before", "1"), ("X-After", "2")
    rest = [("HTTP_X_AFTER", "2"), ("HTTP_X_BEFORE", "1")]
    assert headers(before, ("Cookie", f"a=1; {SESSION}; b=2"), after) == [
        ("HTTP_COOKIE", "a=1; b=2"), *rest
    ]  # fmt: skip
    assert headers(before, ("Cookie", f"{SESSION}; {REQUEST}"), after) == rest, "no header at all"
    assert headers(("Cookie", SESSION)) == []
    assert headers(before, after) == rest


@pytest.mark.parametrize(
    "sent, left",
    [
        (f"{SESSION}; a=1", "a=1"),
        (f"a=1; {SESSION}", "a=1"),
        (f"a=1;{SESSION};b=2", "a=1;b=2"),
        (f"a=1 ;  b=\"x y\";;c; {SESSION};d=ü%20", "a=1 ;  b=\"x y\";;c;d=ü%20"),
        (f"a=1; {SESSION}; {REQUEST}; {SESSION}; b=2", "a=1; b=2"),
        ("a=1; saml_session_logins=x; saml_session_logout=y; b=2", "a=1; b=2"),
        ("a=1; saml_session_passive_306650b6=made; saml_session_passive=y", "a=1"),
        ("__Host-second=x; __Host-second_request_1=y; second=z; a=1", "second=z; a=1"),
        ("a=1; saml_sessions=x; xsaml_session=y; Saml_Session=z", None),
        ("saml_session", None),
        (f"a={SESSION}", None),
    ],
)  # fmt: skip
def test_the_rest_byte_for_byte(seen, sent, left):
    """None: it is not ours, and stays."""
    cookie = seen("/proxy", sent)
    assert cookie == (sent if left is None else left)


def test_several_headers(server, upstreams):
    ask(server, "/proxy", ("Cookie", f"a=1; {SESSION}"), ("X-Y", "1"), ("Cookie", REQUEST), ("cookie", "b=2"))
    cookies = [value for name, value in upstreams["proxy"].asked[-1] if name == "HTTP_COOKIE"]
    assert cookies == ["a=1", "b=2"]


def test_members(server, idp, seen):
    """What real cookies of a real login look like, wherever they come."""
    browser = log_in(server, idp)
    _, sent = cookie_header(browser)
    assert {"saml_session"} < browser.cookie_names()
    for path in ("/protected", "/proxy", "/inside", "/to-protected"):
        assert seen(path, f"theirs=1; {sent}; other=2") == "theirs=1; other=2", path
        assert seen(path, sent) is None, path
    assert is_in(server, browser)


def test_by_hand(seen):
    """`$http_cookie` has them no more, also where somebody looked at it before."""
    assert seen("/by-hand", f"x=1; {SESSION}") == "x=1; more=1"
    assert seen("/fastcgi-by-hand", f"x=1; {SESSION}", protocol="fastcgi") == "x=1"


def test_not_in_the_log(server, seen):
    seen("/proxy", f"x=1; {SESSION}")
    log = server.directory / "cookies.log"
    server.wait_for(lambda: log.read_text().endswith("/proxy [x=1]\n"), "the line")


def test_off(seen):
    assert seen("/kept", f"x=1; {SESSION}") == f"x=1; {SESSION}"


def test_internal_redirects(server, idp, seen):
    _, sent = cookie_header(log_in(server, idp))
    assert seen("/to-kept", f"x=1; {sent}") == f"x=1; {sent}", "given back"
    assert seen("/to-kept", sent) == sent


def test_subrequests(server, idp, upstreams):
    """A subrequest loses its own; whom it asks about is known all the same."""
    _, sent = cookie_header(log_in(server, idp))
    asked = upstreams["proxy"].asked
    for path, times in (("/ssi", 2), ("/mirrored", 1)):
        asked.clear()
        assert ask(server, path, ("Cookie", f"x=1; {sent}")).status == 200, path
        server.wait_for(lambda: len(asked) >= times, path)  # noqa: B023
        assert [dict(pairs)["HTTP_COOKIE"] for pairs in asked] == ["x=1"] * times, path


def test_auth_request(nginx, idp, upstreams):
    """The guard knows who it is, and neither application sees how."""
    server = nginx(CONF.replace("@ASKS@", ASKS), files=FILES, **passing_to(upstreams))
    _, sent = cookie_header(log_in(server, idp))
    assert ask(server, "/asks", ("Cookie", f"x=1; {sent}")).status == 200
    assert [dict(pairs)["HTTP_COOKIE"] for pairs in upstreams["proxy"].asked] == ["x=1", "x=1"]


@pytest.mark.parametrize("count", [1, 60])
def test_many_headers(server, upstreams, count):
    """nginx keeps headers in parts of twenty."""
    many = [(f"X-{i}", str(i)) for i in range(count)]
    for place in range(0, count + 1, 7):
        sent = [*many[:place], ("Cookie", SESSION), *many[place:]]
        assert ask(server, "/proxy", *sent).status == 200
        got = [pair for pair in upstreams["proxy"].asked[-1] if pair[0].startswith("HTTP_X_")]
        assert got == [(f"HTTP_X_{i}", str(i)) for i in range(count)]
        assert "HTTP_COOKIE" not in dict(upstreams["proxy"].asked[-1])


def test_http2(server, upstreams):
    """Browsers send each cookie as a header of its own there (RFC 9113 8.2.3)."""

    async def get() -> None:
        headers = [("cookie", "a=1"), ("cookie", "__Host-second=AAAA"), ("cookie", "b=2")]
        async with httpx.AsyncClient(http1=False, http2=True, verify=False, trust_env=False) as web:
            url = f"https://127.0.0.1:{server.ports[1]}/"
            answer = await web.get(url, headers=[("host", "second.example.org"), *headers])
            assert answer.http_version == "HTTP/2"

    asyncio.run(get())
    assert upstreams["proxy"].last()["HTTP_COOKIE"] == "a=1; b=2"


def test_servers_that_browsers_do_not_send_them_to(server, upstreams):
    """There the names are another's."""
    answer = httpx.get(
        f"http://127.0.0.1:{server.ports[2]}/",
        headers={"Host": "elsewhere.example.org", "Cookie": f"x=1; {SESSION}"},
        trust_env=False,
    )
    assert answer.status_code == 200
    assert upstreams["proxy"].last()["HTTP_COOKIE"] == f"x=1; {SESSION}"
