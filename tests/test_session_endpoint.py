"""`saml_session`: what the SP knows of who asks, which is no use of the session."""

import json
import time

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.response import Answer, Attribute

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store here { @STORE@ }
    saml_idp corp { metadata idp.xml; }
    saml_idp other { metadata other.xml; @OTHER@ }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        idp other;
        session_store here;
        session_idle_timeout @IDLE@;
        attribute groups urn:oid:1.3.6.1.4.1.5923.1.5.1.1;
        user uid name_id;
        return_hosts portal.example.org 127.0.0.1:@PORT2@;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; }
    }
}
"""
OTHER = Idp(entity_id="https://other.example.org/metadata", sso_url="https://other.example.org/sso")
ALICE = Answer(
    attributes=[
        Attribute("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", ["staff", 'a "quoted" <b>', "読者"]),
        Attribute("uid", ["alice"]),
    ]
)
SCRIPT = {"Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


def start(nginx, store: str = "zone sessions 1m;", idle: str = "1h", sp: str = "", other: str = "", conf=CONF):
    values = {"STORE": store, "IDLE": idle, "SP": sp, "OTHER": other}
    return nginx(conf, files={"other.xml": OTHER.metadata()}, **values)


def session(server, browser: Browser, **headers) -> dict:
    page = browser.get(server.url("/saml/session"), headers=SCRIPT | headers)
    assert (page.status, page.headers["Content-Type"]) == (200, "application/json")
    assert page.headers["Cache-Control"] == "no-store" and not page.set_cookie
    return json.loads(page.text)


def test_scripts_read_who_it_is(nginx, idp, browser):
    server = start(nginx)
    login_url = server.url("/saml/login")
    assert session(server, browser) == {"authenticated": False, "login_url": login_url}
    idp.login(browser, server.url("/page.html"), ALICE)
    said = session(server, browser)
    assert said["authenticated"] and said["user"] == "alice" and said["name_id"] == "alice@example.org"
    assert said["idp"] == {"entity_id": idp.entity_id, "name": idp.entity_id}
    assert said["attributes"] == {"groups": ["staff", 'a "quoted" <b>', "読者"]}
    assert said["logout_url"] == server.url("/saml/logout")
    assert 8 * 3600 - 60 <= said["expires_in"] <= 8 * 3600 and 3600 - 60 <= said["idle_expires_in"] <= 3600
    for name in ("authn_instant", "created", "expires"):
        time.strptime(said[name], "%Y-%m-%dT%H:%M:%SZ")
    assert said["authn_context"] == ALICE.authn_context and said["name_id_format"] == ALICE.name_id_format
    assert browser.get(server.url("/saml/session"), headers=SCRIPT).text.count("_session-1") == 0


def test_curl_reads_it_and_head_has_no_body(nginx, browser):
    server = start(nginx)
    assert '"authenticated":false' in browser.read(server.url("/saml/session")).text
    head = browser.request("HEAD", server.url("/saml/session"))
    assert (head.status, head.text) == (200, "")


def test_people_read_a_page(nginx, idp, browser):
    server = start(nginx)
    page = browser.get(server.url("/saml/session"))
    assert "You are not signed in" in page.text and f'href="{server.url("/saml/login")}"' in page.text
    idp.login(browser, server.url("/page.html"), ALICE)
    page = browser.get(server.url("/saml/session"))
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "<dd>alice</dd>" in page.text and "a &quot;quoted&quot; &lt;b&gt;" in page.text
    assert f'href="{server.url("/saml/logout")}"' in page.text


@pytest.mark.parametrize("stored", ["zone", "memcached"])
def test_asking_keeps_no_session_alive(nginx, idp, memcacheds, stored):
    store = "zone sessions 1m;"
    if stored == "memcached":
        nodes = " ".join(f"127.0.0.1:{node.port}" for node in memcacheds(2))
        store = f"memcached {nodes}; replicas 2; cache_valid 0; zone sessions 1m;"
    server = start(nginx, store, idle="3s")
    asking, using = Browser(), Browser()
    for browser in (asking, using):
        idp.login(browser, server.url("/page.html"), ALICE)
    begun, left = time.monotonic(), []
    while time.monotonic() < begun + 6:
        assert using.get(server.url("/page.html")).status == 200
        said = session(server, asking)
        left.append(said.get("idle_expires_in"))
        time.sleep(0.3)
    assert left[0] in (2, 3) and left[-1] is None, left
    assert all(later is None or later <= earlier for earlier, later in zip(left, left[1:])), left
    assert session(server, using)["idle_expires_in"] >= 1


def test_what_brings_a_copy_back_makes_it_no_younger(nginx, idp, memcacheds, browser):
    nodes = memcacheds(2)
    addresses = " ".join(node.address for node in nodes)
    server = start(nginx, f"memcached {addresses}; replicas 2; cache_valid 0; zone sessions 1m;", idle="4s")
    idp.login(browser, server.url("/page.html"), ALICE)
    begun = time.monotonic()
    server.wait_for(lambda: session(server, browser)["idle_expires_in"] <= 3, "a part of its time")
    nodes[0].clear()
    assert session(server, browser)["authenticated"]
    server.wait_for(nodes[0].keys, "the copy")
    server.wait_for(lambda: not session(server, browser)["authenticated"], "its end")
    assert time.monotonic() < begun + 5.7, "4 s, and what nodes round up"


def test_a_session_that_ended_is_none(nginx, idp):
    """By logout in another tab, by the IdP, and because the IdP is trusted no more."""
    server = start(nginx)
    here = Browser()
    idp.login(here, server.url("/page.html"), ALICE)
    old = here.session.cookies.copy()
    here.get(server.url("/saml/logout"))
    for cookie in old:
        here.session.cookies.set_cookie(cookie)
    assert not session(server, here)["authenticated"]
    there = Browser()
    url = server.url(f"/saml/login?idp={OTHER.entity_id}")
    OTHER.login(there, url, ALICE)
    assert session(server, there)["idp"]["entity_id"] == OTHER.entity_id
    server.values["OTHER"] = "disabled on;"
    server.configure(CONF)
    server.reload()
    server.wait_for(lambda: not session(server, there)["authenticated"], "the reload")


def test_a_store_that_is_down(nginx, idp, memcacheds, browser):
    (node,) = memcacheds(1)
    server = start(nginx, f"memcached 127.0.0.1:{node.port}; cache_valid 0; stale 0; zone sessions 1m;")
    idp.login(browser, server.url("/page.html"), ALICE)
    node.kill()
    page = browser.get(server.url("/saml/session"), headers=SCRIPT)
    assert page.status == 503 and "store_unavailable" in page.text


@pytest.mark.parametrize("shown, names", [("all", {"uid", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"}), ("none", set()), ("uid absent", {"uid"})])
def test_which_attributes(nginx, idp, browser, shown, names):
    server = start(nginx, sp=f"session_attributes {shown};")
    idp.login(browser, server.url("/page.html"), ALICE)
    assert session(server, browser)["attributes"].keys() == names


def test_whose_scripts_read_it(nginx, idp, browser):
    server = start(nginx)
    idp.login(browser, server.url("/page.html"), ALICE)
    listed = f"http://127.0.0.1:{server.values['PORT2']}"
    for origin, may in [(listed, True), ("http://portal.example.org", True), (server.url("").rstrip("/"), True), ("https://evil.example", False), ("null", False)]:
        page = browser.get(server.url("/saml/session"), headers=SCRIPT | {"Origin": origin})
        assert page.headers.get("Access-Control-Allow-Origin") == (origin if may else None)
        assert "Origin" in page.headers["Vary"]
        asked = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-a"}
        preflight = browser.request("OPTIONS", server.url("/saml/session"), headers=asked)
        assert preflight.status == 204
        assert preflight.headers.get("Access-Control-Allow-Credentials") == ("true" if may else None)


def test_nothing_is_done_here(nginx, idp, browser):
    server = start(nginx)
    idp.login(browser, server.url("/page.html"), ALICE)
    page = browser.post(server.url("/saml/session"), {"logout": "1"})
    assert (page.status, page.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert session(server, browser)["authenticated"]


def test_hostile_requests(nginx, idp, browser):
    """What a neighbour plants or a script sends comes to nothing but an answer."""
    server = start(nginx)
    planted = {"Cookie": "saml_session=; saml_session=x; saml_session=" + "A" * 43}
    assert session(server, Browser(), **planted) == {"authenticated": False, "login_url": server.url("/saml/login")}
    idp.login(browser, server.url("/page.html"), ALICE)
    own = next(c for c in browser.session.cookies if c.name == "saml_session").value
    planted = {"Cookie": f"saml_session={'A' * 43}; saml_session={own}"}
    assert session(server, Browser(), **planted)["authenticated"], "a planted one hides nobody's own"
    for headers in ({"Origin": "http://portal.example.org\x00"}, {"Origin": b"http://p\xff.example.org"}):
        try:
            page = browser.get(server.url("/saml/session"), headers=SCRIPT | headers)
        except Exception:
            continue
        assert "Access-Control-Allow-Origin" not in page.headers


def test_a_login_may_end_there(nginx, idp, browser):
    server = start(nginx)
    page = idp.login(browser, server.url("/saml/login?return=/saml/session%3Ftell"), ALICE)
    assert page.location == server.url("/saml/session?tell")
    assert 'data-saml="saml:done"' in browser.get(page.location).text
    page = browser.get(server.url("/saml/login?return=/saml/logout"))
    assert page.status == 400, "no other handler"
