"""What is not kept over a login, and what is not sent afterwards: forms and tickets of other sites, sessions and pages. No
answer has anything of a form, or of the page that it was for."""

import socket
import time

import pytest

from harness.browser import Browser
from harness.fake_clock import FakeClock
from harness.idp import Idp
from harness.kept_form import FIELD, answer_of, log_in_and_send, of_own_page, send, send_ticket, ticket_of
from harness.members import log_in
from harness.refusal import assert_refused
from harness.upstream import passing_to

CONF = """
worker_processes 2;
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        request_lifetime @LIFETIME@;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        auth_saml app;
        auth_saml_preserve_post 64k;
        location / { @PROXY@ }
        location /optional { auth_saml_mode optional; @PROXY@ }
        location /passive { auth_saml_mode passive; @PROXY@ }
        location /anybody { satisfy any; allow 127.0.0.0/8; deny all; @PROXY@ }
        location /nobody { satisfy any; deny all; @PROXY@ }
        location /staff { auth_saml_require $saml_attr_staff; @PROXY@ }
        location /programs { auth_saml_unauthenticated 401; @PROXY@ }
        location /always { auth_saml_unauthenticated redirect; @PROXY@ }
        location /secret { return 200 "nobody may read this"; }
    }
}
"""
HOSTILE = "</textarea><script>alert(document.domain)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"


@pytest.fixture
def application(upstreams):
    return upstreams["proxy"]


@pytest.fixture
def server(nginx, upstreams):
    return nginx(CONF, LIFETIME="10m", **passing_to(upstreams))


def assert_asked_to_sign_in(page):
    assert page.status == 401 and page.set_cookie == []
    assert "sign in" in page.text.lower() and FIELD not in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": None, "Origin": None},
        {"Sec-Fetch-Site": None, "Origin": "null"},
        {"Sec-Fetch-Site": None, "Origin": "https://evil.example"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Dest": "iframe"},
        {"Origin": "null", "Host": "evil.example"},
    ],
    ids=str,
)
def test_the_form_of_another_site(server, application, headers):
    assert_asked_to_sign_in(send(server, Browser(), "/form", {"a": "1"}, headers))
    assert application.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Mode": "cors", "Accept": "application/json"},
        {"Content-Type": "application/json"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Content-Type": None},
        {"Content-Encoding": "gzip"},
    ],
    ids=str,
)
def test_what_scripts_and_programs_send(server, headers):
    page = send(server, Browser(), "/form", b'{"a": 1}', headers)
    assert page.status == 401 and page.set_cookie == []


def test_other_methods_and_where_nobody_is_sent_to_a_login(server, application):
    browser = Browser()
    for method in ("PUT", "PATCH", "DELETE"):
        page = browser.request(method, server.url("/form"), data={"a": "1"}, headers=of_own_page(server))
        assert page.status == 401 and page.set_cookie == []
    page = send(server, browser, "/programs", {"a": "1"})
    assert page.status == 401 and page.set_cookie == []
    long = send(server, browser, f"/form?{'x' * 2001}", {"a": "1"})
    assert_asked_to_sign_in(long)
    # As before: the browser comes back by GET.
    foreign = send(server, browser, "/always", {"a": "1"}, {"Sec-Fetch-Site": "cross-site", "Origin": "null"})
    assert foreign.status == 302
    assert application.asked == []


def test_the_ticket_of_another_session(server, idp, application):
    alice = Browser()
    form = ticket_of(answer_of(idp, alice, send(server, alice, "/form", {"a": "1"})))
    assert_refused(server, send_ticket(server, log_in(server, idp), form), "preserved_post_refused")
    assert_refused(server, send_ticket(server, Browser(), form), "preserved_post_refused")
    assert application.asked == []
    assert send_ticket(server, alice, form).status == 200, "what others tried has not used it up"
    assert application.bodies == [b"a=1"]


def test_the_ticket_at_another_page(server, idp, application):
    browser = Browser()
    form = ticket_of(answer_of(idp, browser, send(server, browser, "/form?to=alice", {"a": "1"})))
    for path in ("/form?to=eve", "/form", "/", "/optional"):
        page = browser.post(server.url(path), form.fields, headers=of_own_page(server))
        assert_refused(server, page, "preserved_post_refused")
    assert application.asked == []
    assert send_ticket(server, browser, form).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": None, "Origin": None},
        {"Origin": "https://evil.example"},
    ],
    ids=str,
)
def test_the_ticket_from_another_site(server, idp, application, headers):
    browser = Browser()
    form = ticket_of(answer_of(idp, browser, send(server, browser, "/form", {"a": "1"})))
    assert_refused(server, send_ticket(server, browser, form, headers), "preserved_post_refused")
    assert application.asked == []
    assert send_ticket(server, browser, form).status == 200


def test_a_ticket_that_was_altered_or_made_up(server, idp, application):
    browser = Browser()
    form = ticket_of(answer_of(idp, browser, send(server, browser, "/form", {"a": "1"})))
    ticket = form.fields[FIELD]
    for other in ("A" * len(ticket), ticket[::-1], ticket[:-1] + ("A" if ticket[-1] != "A" else "B")):
        page = browser.post(form.action, {FIELD: other}, headers=of_own_page(server))
        assert_refused(server, page, "preserved_post_refused")
    assert application.asked == []


def test_a_ticket_reaches_no_application_where_a_session_is_not_needed(server, idp, application):
    stranger, alice = Browser(), Browser()
    form = ticket_of(answer_of(idp, alice, send(server, alice, "/form", {"a": "1"})))
    for path in ("/optional", "/passive", "/nobody", "/form"):
        page = stranger.post(server.url(path), form.fields, headers=of_own_page(server))
        assert_refused(server, page, "preserved_post_refused")
    assert application.asked == []


def test_whom_a_rule_keeps_out_stays_out(server, idp, application):
    browser = Browser()
    form = ticket_of(answer_of(idp, browser, send(server, browser, "/staff", {"a": "1"})))
    assert_refused(server, send_ticket(server, browser, form), "requirement_not_met")
    assert application.asked == []


def test_after_its_time(prepared, idp, upstreams, application, scratch):
    clock, server = FakeClock(scratch / "clock"), prepared(CONF, LIFETIME="10m", **passing_to(upstreams))
    clock.start(server)
    alice, bob, carol = Browser(), Browser(), Browser()
    of_alice, of_bob = (
        ticket_of(answer_of(idp, browser, send(server, browser, "/form", {"of": name})))
        for browser, name in ((alice, "alice"), (bob, "bob"))
    )
    too_late = send(server, carol, "/form", {"of": "carol"})
    clock.set(650)
    assert_refused(server, answer_of(idp, carol, too_late), "request_expired")
    assert send_ticket(server, alice, of_alice).status == 200, "a minute to press the button"
    clock.set(670)
    assert_refused(server, send_ticket(server, bob, of_bob), "preserved_post_gone")
    assert application.bodies == [b"of=alice"]
    server.finish()


def test_a_login_of_somebody_else_brings_no_form(server, idp, application):
    """An attacker keeps a form of theirs, and has somebody log in."""
    eve, alice = Browser(), Browser()
    kept = send(server, eve, "/form", {"pay": "eve"})
    page = answer_of(idp, alice, kept)
    assert_refused(server, page, "request_unknown")
    assert FIELD not in page.text
    assert answer_of(idp, alice, alice.get(server.url("/form"))).status == 303
    assert application.asked == []


@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
def test_no_answer_has_anything_of_the_form(nginx, upstreams, binding):
    """As CVE-2025-31492 and CVE-2025-3891 of mod_auth_openidc let out the page, or fell."""
    idp = Idp(binding=binding)
    server = nginx(CONF, files={"idp.xml": idp.metadata()}, LIFETIME="10m", **passing_to(upstreams))
    application = upstreams["proxy"]
    browser = Browser()
    kept = send(server, browser, "/form", {"note": HOSTILE, HOSTILE: "x"})
    page = answer_of(idp, browser, kept)
    form = ticket_of(page)
    sent = send_ticket(server, browser, form)
    again = send_ticket(server, browser, form)
    assert sent.status == 200 and len(application.bodies) == 1 and b"onerror" in application.bodies[0]
    for answer in (kept, page, again):
        everything = answer.text + str(dict(answer.headers)) + str(answer.set_cookie)
        for part in ("textarea", "onerror", "alert(", "7*7", "from upstream"):
            assert part not in everything
    assert "alert(" not in server.error_log() and "textarea" not in server.error_log()


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
def test_no_answer_has_anything_of_the_page(nginx, upstreams, binding, method):
    idp = Idp(binding=binding)
    server = nginx(CONF, files={"idp.xml": idp.metadata()}, LIFETIME="10m", **passing_to(upstreams))
    for path in ("/secret", "/form"):
        headers = of_own_page(server) | {"Content-Type": "application/x-www-form-urlencoded"}
        page = Browser().request(method, server.url(path), data="a=1", headers=headers)
        assert page.status in (200, 302)
        assert "nobody may read" not in page.text and "from upstream" not in page.text
        assert method == "HEAD" or page.text.count("<html") <= 1
    assert upstreams["proxy"].asked == []


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 0\r\n",
        "Content-Length: 3\r\n",
        "Content-Type:\r\nContent-Length: 0\r\n",
        "Content-Type: ;\r\nContent-Length: 0\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n",
        "Content-Type: multipart/form-data\r\nContent-Length: 3\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_strange_heads_end_well(server, application, head):
    """mod_auth_openidc fell over a POST without a Content-Type."""
    own = f"Sec-Fetch-Site: same-origin\r\nOrigin: {of_own_page(server)['Origin']}\r\nAccept: text/html\r\n"
    body = "0\r\n\r\n" if "chunked" in head else "a=1" if ": 3" in head else ""
    text = f"POST /form HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n{own}{head}\r\n{body}"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(text.encode())
        answer = connection.makefile("rb").read()
    assert answer.split()[1] in (b"302", b"401"), answer
    assert application.asked == []


def test_a_client_that_leaves_while_it_sends_leaves_nothing(server, application):
    own = f"Sec-Fetch-Site: same-origin\r\nOrigin: {of_own_page(server)['Origin']}\r\nAccept: text/html\r\n"
    head = f"POST /form HTTP/1.1\r\nHost: x\r\n{own}Content-Type: text/plain\r\nContent-Length: 5000\r\n\r\nhalf"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head.encode())
            time.sleep(0.01)
    assert Browser().get(server.url("/form")).status == 302
    assert application.asked == []
