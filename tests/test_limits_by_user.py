"""`limit_req` and `limit_conn` by `$saml_user`: each person has their own share, wherever they are."""

import asyncio
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from harness.browser import Browser
from harness.keys import rsa_credential
from harness.members import log_in
from harness.message import read_redirect
from harness.response import Attribute
from harness.upstream import passing_to
from harness.wire import ask, cookie_header

CONF = """
worker_processes @WORKERS@;
events {}
http {
    saml_idp corp { metadata idp.xml; }
    @STORE@
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        @USE@
    }

    map $saml_user $person { "" ""; default "person:$saml_user"; }
    map $saml_user $someone { "" "address:$remote_addr"; default "person:$saml_user"; }
    limit_req_zone $saml_user zone=by_user:1m rate=1r/m;
    limit_req_zone $person zone=by_map:1m rate=1r/m;
    limit_req_zone $someone zone=by_both:1m rate=1r/m;
    limit_req_zone $remote_user zone=by_remote_user:1m rate=1r/m;
    limit_req_zone $saml_user zone=slow:1m rate=1r/s;
    limit_conn_zone $saml_user zone=at_a_time:1m;
    limit_req_status 429;
    limit_conn_status 429;
    log_format user '$uri $status [$saml_user]';
    access_log @DIR@/user.log user;

    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        auth_saml app;
        add_header X-Pid $pid always;
        add_header X-User "$saml_user" always;
        proxy_set_header Remote-User $saml_user;

        location / { }
        location = /few         { limit_req zone=by_user;        try_files /page.html =404; }
        location = /by-map      { limit_req zone=by_map;         try_files /page.html =404; }
        location = /by-both     { limit_req zone=by_both;        try_files /page.html =404; }
        location = /remote-user { limit_req zone=by_remote_user; try_files /page.html =404; }
        location = /returned    { limit_req zone=by_user; return 200 "for $saml_user"; }
        location = /burst       { limit_req zone=by_user burst=9 nodelay; try_files /page.html =404; }
        location = /delayed     { limit_req zone=slow burst=5; try_files /page.html =404; }
        location = /download    { limit_conn at_a_time 1; limit_rate 1k; try_files /large =404; }

        location = /staff {
            limit_req zone=by_user;
            auth_saml_require_attribute groups staff;
            try_files /page.html =404;
        }
        location = /fresh {
            limit_req zone=by_user;
            auth_saml_authn_context urn:nobody:has;
            try_files /page.html =404;
        }
        location = /inside {
            satisfy any;
            allow 127.0.0.0/8;
            deny all;
            limit_req zone=by_user;
            @PROXY@
        }
        location = /told {
            limit_req zone=by_user;
            error_page 429 = @busy;
            @PROXY@
        }
        location @busy { auth_saml off; @PROXY@ }
        location = /part { limit_req zone=by_user; try_files /page.html =404; }
        location = /whole { auth_saml off; ssi on; try_files /whole.html =404; }
    }
}
"""
TLS = rsa_credential("tls")
FILES = {
    "tls.crt": TLS.certificate_pem,
    "tls.key": TLS.key_pem,
    "s.key": "0123456789abcdef" * 4,
    "html/large": "x" * 100_000,
    "html/whole.html": '<!--# include virtual="/part" -->.',
}
PERSON = ("Accept", "text/html")
WRITTEN = "limiting requests, excess"
pytestmark = pytest.mark.smoke


@pytest.fixture(params=["zone", "memcached"])
def store(request):
    """In memcached it has to be asked at each request."""
    if request.param == "zone":
        return {"STORE": "", "USE": ""}
    return with_memcached(request.getfixturevalue("node"))


def with_memcached(node) -> dict[str, str]:
    store = f"saml_session_store s {{ memcached {node.address}; cache_valid 0; secret s.key; }}"
    return {"STORE": store, "USE": "session_store s;"}


@pytest.fixture
def node(memcacheds):
    return memcacheds(1)[0]


@pytest.fixture
def start(nginx, upstreams):
    def start(store: dict[str, str], workers: int = 1, conf: str = CONF):
        proxy = passing_to(upstreams)["PROXY"]
        return nginx(conf, files=FILES, WORKERS=str(workers), PROXY=proxy, **store)

    return start


@pytest.fixture
def server(start, store):
    return start(store)


@pytest.fixture
def remote(start, node):
    """With its sessions in memcached."""
    return start(with_memcached(node))


@pytest.fixture
def alice(server, idp):
    return log_in(server, idp)


def statuses(server, browser, path: str, times: int = 3) -> list[int]:
    return [browser.get(server.url(path)).status for _ in range(times)]


@pytest.mark.parametrize("path", ["/few", "/by-map", "/by-both", "/remote-user", "/returned", "/told"])
def test_a_person_has_a_share(server, alice, path):
    allowed, *refused = statuses(server, alice, path)
    busy = 200 if path == "/told" else 429
    assert (allowed, refused) == (200, [busy, busy]), server.error_log()
    assert server.error_log().count(WRITTEN) == 2


def test_two_people_at_one_address_do_not_share_it(server, alice, idp):
    bob = log_in(server, idp, name_id="bob@example.org")
    assert statuses(server, alice, "/few") == [200, 429, 429]
    assert statuses(server, bob, "/few") == [200, 429, 429]


def test_one_person_at_two_addresses_has_one_share(server, alice, idp):
    """Nor do two sessions of one person."""
    assert statuses(server, alice, "/few", 1) == [200]
    assert statuses(server, alice.at("127.0.0.3"), "/few", 1) == [429]
    assert statuses(server, log_in(server, idp, "_second"), "/few", 1) == [429]


def test_the_first_request_that_a_worker_sees_counts(start, store, idp):
    # The kernel gives each worker its part of the connections.
    conf = CONF.replace("listen 127.0.0.1:@PORT@;", "listen 127.0.0.1:@PORT@ reuseport;")
    server = start(store, workers=3, conf=conf)
    cookie = cookie_header(log_in(server, idp))
    with ThreadPoolExecutor(8) as together:
        answers = list(together.map(lambda _: ask(server, "/burst", PERSON, cookie), range(80)))
    assert len({answer.headers["X-Pid"] for answer in answers}) == 3
    assert Counter(answer.status for answer in answers) == {200: 10, 429: 70}


def test_so_does_it_when_memcached_alone_knows_the_session(remote, idp):
    alice = log_in(remote, idp)
    remote.stop()
    remote.start()
    assert statuses(remote, alice, "/few") == [200, 429, 429]


def test_memcached_is_asked_once(remote, node, idp):
    alice = log_in(remote, idp)

    def asked(path: str) -> int:
        before = node.stats()["cmd_get"]
        assert statuses(remote, alice, path, 10) == [200] * 10
        return node.stats()["cmd_get"] - before

    assert asked("/page.html") == asked("/burst") == 10


def test_without_memcached_nobody_is_limited_or_let_in(remote, node, idp):
    alice = log_in(remote, idp)
    remote.stop()  # it would go on for a while with whom it knows
    node.kill()
    remote.start()
    answers = [alice.get(remote.url("/few")) for _ in range(3)]
    assert {answer.status for answer in answers} == {503}
    assert "[store_unavailable]" in remote.access_log()
    assert WRITTEN not in remote.error_log()


def test_strangers_share_the_limit_of_their_address(server):
    """Where there is one: `limit_req` does not count an empty key."""
    assert statuses(server, Browser(), "/few", 5) == [302] * 5
    assert statuses(server, Browser(), "/by-map", 5) == [302] * 5
    assert statuses(server, Browser(), "/by-both") == [302, 429, 429]
    assert statuses(server, Browser().at("127.0.0.3"), "/by-both") == [302, 429, 429]


def test_a_planted_cookie_is_a_strangers(server, alice):
    name = next(name for name in alice.cookie_names())
    planted = ("Cookie", f"{name}={'A' * 43}")
    assert [ask(server, "/by-both", PERSON, planted).status for _ in range(3)] == [302, 429, 429]
    assert statuses(server, alice, "/by-both") == [200, 429, 429]


def test_downloads_of_one_person_at_a_time(server, alice, idp):
    with begun(server, "/download", cookie_header(alice)):
        assert ask(server, "/download", PERSON, cookie_header(alice)).status == 429
        bob = log_in(server, idp, name_id="bob@example.org")
        with begun(server, "/download", cookie_header(bob)) as connection:
            assert connection.recv(15).startswith(b"HTTP/1.1 200")


def begun(server, path: str, cookie: tuple[str, str]) -> socket.socket:
    """A connection on which the answer has begun."""
    connection = socket.create_connection((server.address, server.port), timeout=10)
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", ": ".join(PERSON), ": ".join(cookie)]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    assert connection.recv(1, socket.MSG_PEEK)
    return connection


def test_who_was_refused_is_in_the_log(server, alice):
    statuses(server, alice, "/few", 2)
    expected = ["/page.html 200 [alice@example.org]", "/few 429 [alice@example.org]"]
    log = server.directory / "user.log"
    # nginx writes a line when the client has its answer already.
    server.wait_for(lambda: log.read_text().splitlines()[-2:] == expected, "the lines of both")


def test_a_location_that_is_no_ones_yet_limits_no_one(server, alice):
    """A session that does not count there is nobody's, and told the usual thing each time."""
    assert statuses(server, alice, "/staff") == [403, 403, 403]
    assert statuses(server, alice, "/fresh") == [302, 302, 302]
    assert statuses(server, alice, "/few") == [200, 429, 429]


def test_staff_has_a_share(server, idp):
    carol = log_in(server, idp, attributes=[Attribute("groups", ["staff"])])
    assert statuses(server, carol, "/staff") == [200, 429, 429]


def test_who_is_refused_is_nobody_to_the_next_application(server, alice, upstreams):
    """`error_page` leads to a location that knows nobody."""
    statuses(server, alice, "/told", 2)
    first, second = (dict(pairs).get("HTTP_REMOTE_USER") for pairs in upstreams["proxy"].asked)
    assert (first, second) == ("alice@example.org", None)


def test_who_needs_no_session_is_nobody_to_the_application(server, alice, upstreams):
    """With `satisfy any` the address opens the location, before anybody asks for a session."""
    assert statuses(server, alice, "/inside") == [200, 429, 429]
    assert "HTTP_REMOTE_USER" not in upstreams["proxy"].last()


def test_what_is_included_counts_too(server, alice):
    texts = [alice.get(server.url("/whole")).text for _ in range(2)]
    assert texts[0] == "a page\n." and "429" in texts[1]


def test_whose_session_ends_while_a_limit_delays_them_is_out(server, alice):
    cookie = cookie_header(alice)
    assert ask(server, "/delayed", PERSON, cookie).status == 200
    with socket.create_connection((server.address, server.port), timeout=10) as waiting:
        head = ["GET /delayed HTTP/1.1", "Host: 127.0.0.1", ": ".join(PERSON), ": ".join(cookie)]
        waiting.sendall("\r\n".join([*head, "", ""]).encode())
        server.wait_for(lambda: "delaying request" in server.error_log(), "the delay")
        assert alice.post(server.url("/saml/logout")).status in (200, 302, 303)
        assert waiting.recv(15).startswith(b"HTTP/1.1 302")


def test_who_leaves_while_memcached_is_asked_leaves_nothing_behind(remote, node, idp):
    cookie = cookie_header(log_in(remote, idp))
    remote.stop()
    remote.start()
    node.freeze()
    for _ in range(20):
        with socket.create_connection((remote.address, remote.port), timeout=10) as connection:
            head = ["GET /few HTTP/1.1", "Host: 127.0.0.1", ": ".join(PERSON), ": ".join(cookie)]
            connection.sendall("\r\n".join([*head, "", ""]).encode())
    log = remote.directory / "user.log"
    remote.wait_for(lambda: log.read_text().count("/few 499 [-]\n") == 20, "nginx to see them leave")
    node.thaw()
    remote.wait_for(lambda: ask(remote, "/burst", PERSON, cookie).status == 200, "the next request")
    # None of them was let through to the limit.
    assert WRITTEN not in remote.error_log()


def test_streams_of_http2(start, store, idp):
    listen = "ssl http2; ssl_certificate tls.crt; ssl_certificate_key tls.key;"
    conf = CONF.replace("listen 127.0.0.1:@PORT@;", f"listen 127.0.0.1:@PORT@ {listen}")
    server = start(store, conf=conf.replace("base_url http:", "base_url https:"))
    assert asyncio.run(streams(server, idp)) == {200: 10, 429: 20}


async def streams(server, idp) -> Counter:
    options = {"http2": True, "http1": False, "verify": False, "trust_env": False}
    headers = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    async with httpx.AsyncClient(**options, headers=headers) as client:
        answer = await client.get(server.url("/page.html", "https"))
        request = read_redirect(answer.headers["Location"])
        assert (await client.post(request.acs_url, data=idp.form(request))).status_code == 303
        url = server.url("/burst", "https")
        answers = await asyncio.gather(*(client.get(url) for _ in range(30)))
        return Counter(answer.status_code for answer in answers)
