"""`auth_saml_preserve_post`: a form that was sent without a session reaches the application after the login, by
every protocol, to the last octet."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.browser import Browser
from harness.kept_form import answer_of, log_in_and_send, send, send_ticket, ticket_of
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
    }
    map $content_length $length { default $content_length; }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        client_max_body_size 400k;
        auth_saml app;
        auth_saml_preserve_post 300k;
        location / { root html; }
        location /proxy { @PROXY@ }
        location /unbuffered { proxy_request_buffering off; proxy_http_version 1.1; @PROXY@ }
        location /asked-before {
            if ($content_length = 0) { return 400; }
            if ($content_type ~ nothing) { return 400; }
            include fastcgi_params.conf;
            @FASTCGI@
        }
        location /spooled { client_body_buffer_size 1k; client_body_in_file_only clean; @PROXY@ }
        location /fastcgi { include fastcgi_params.conf; @FASTCGI@ }
        location /uwsgi { include uwsgi_params.conf; @UWSGI@ }
        location /scgi { include scgi_params.conf; @SCGI@ }
        location /grpc { @GRPC@ }
        location /mirrored { mirror /copy; @PROXY@ }
        location = /copy { internal; auth_saml off; include fastcgi_params.conf; @FASTCGI@ }
        location /moved { error_page 418 = @moved; if ($request_method = POST) { return 418; } }
        location @moved { @PROXY@ }
        location /tried { try_files /none /proxy; }
        location /anybody { satisfy any; allow 10.0.0.0/8; deny all; @PROXY@ }
        location /off { auth_saml_preserve_post off; @PROXY@ }
        location /small { client_max_body_size 1k; @PROXY@ }
    }
}
"""
PARAMETERS = "{0}_param CONTENT_LENGTH $content_length; {0}_param CONTENT_TYPE $content_type;"
FILES = {f"{name}_params.conf": PARAMETERS.format(name) for name in ("fastcgi", "uwsgi")}
FILES["scgi_params.conf"] = "scgi_param CONTENT_TYPE $content_type;"  # nginx adds the length by itself
URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
def server(nginx, upstreams):
    return nginx(CONF, files=FILES, **passing_to(upstreams))


def head_of(said: dict[str, str]) -> tuple[str | None, ...]:
    """Length and type; CGI has words of its own for them, beside the headers."""
    return tuple(said.get(name, said.get(f"HTTP_{name}")) for name in ("CONTENT_LENGTH", "CONTENT_TYPE"))


@pytest.mark.smoke
@pytest.mark.parametrize("protocol", ["proxy", "fastcgi", "uwsgi", "scgi", "grpc"])
def test_a_form_arrives_by_every_protocol(server, idp, upstreams, protocol):
    browser, upstream = Browser(), upstreams[protocol]
    kept = send(server, browser, f"/{protocol}/form?x=1&y=%2F", {"name": "Jürgen & <b>", "empty": ""})
    assert kept.status == 302 and kept.location.startswith(idp.sso_url)
    assert upstream.asked == [], "nobody knows who it is"
    log_in_and_send(server, idp, browser, kept)
    assert upstream.bodies == [b"name=J%C3%BCrgen+%26+%3Cb%3E&empty="]
    said = upstream.last()
    assert head_of(said) == ("35", URLENCODED)
    if protocol == "proxy":
        assert said["REQUEST"] == "POST /proxy/form?x=1&y=%2F HTTP/1.0"


@pytest.mark.parametrize("path", ["/proxy", "/spooled", "/unbuffered", "/fastcgi", "/asked-before"])
def test_a_file_arrives_to_the_last_octet(server, idp, upstreams, path):
    browser, content = Browser(), os.urandom(180_000) + bytes(range(256))
    upstream = upstreams["fastcgi" if path in ("/fastcgi", "/asked-before") else "proxy"]
    files = {"file": ("a \"name\".bin", content, "application/octet-stream")}
    kept = send(server, browser, f"{path}/upload", {"title": "x"}, files=files)
    log_in_and_send(server, idp, browser, kept)
    (body,) = upstream.bodies
    said = upstream.last()
    length, media_type = head_of(said)
    kind, boundary = media_type.split("; boundary=")
    assert kind == "multipart/form-data"
    parts = body.split(f"--{boundary}".encode())
    assert len(parts) == 4 and content in parts[2] and len(parts[2]) < len(content) + 200
    assert int(length) == len(body)


def test_it_may_be_empty_or_plain_text(server, idp, upstreams):
    for media_type, body in [(URLENCODED, b""), ("text/plain; charset=utf-8", b"a=\0\xff\r\n")]:
        browser = Browser()
        kept = send(server, browser, "/proxy", body, {"Content-Type": media_type, "Content-Length": str(len(body))})
        log_in_and_send(server, idp, browser, kept)
        assert upstreams["proxy"].bodies[-1] == body
        assert upstreams["proxy"].last()["HTTP_CONTENT_TYPE"] == media_type
        assert upstreams["proxy"].last()["HTTP_CONTENT_LENGTH"] == str(len(body))


def test_who_is_asked_knows_the_user_and_sees_it_once(server, idp, upstreams):
    browser = Browser()
    page = answer_of(idp, browser, send(server, browser, "/proxy", {"a": "1"}))
    form = ticket_of(page)
    assert page.headers["Cache-Control"] == "no-store"
    assert "script-src 'sha256-" in page.headers["Content-Security-Policy"]
    assert browser.get(server.url("/page.html")).status == 200, "they are signed in already"
    assert send_ticket(server, browser, form).text == "from upstream"
    again = send_ticket(server, browser, form)
    assert_refused(server, again, "preserved_post_gone")
    assert again.status == 410
    assert len(upstreams["proxy"].asked) == 1, "nothing reaches the application the second time"
    assert f'href="{server.url("/proxy")}"' in again.text, "the way back to the empty form"


def test_of_many_at_a_time_one_is_sent(server, idp, upstreams):
    """Workers take it at the same time: a large one, which takes them a while."""
    for turn in range(5):
        browser = Browser()
        kept = send(server, browser, "/proxy", b"x" * 300_000, {"Content-Type": URLENCODED})
        form = ticket_of(answer_of(idp, browser, kept))
        assert sorted(press_at_once(server, browser, form)) == [200] + [410] * 23
        assert len(upstreams["proxy"].asked) == turn + 1


def press_at_once(server, browser, form) -> list[int]:
    def press(_):
        tab = Browser()
        tab.session.cookies = browser.session.cookies
        return send_ticket(server, tab, form).status

    with ThreadPoolExecutor(24) as pool:
        return list(pool.map(press, range(24)))


def test_others_of_nginx_see_the_form_too(server, idp, upstreams):
    browser = Browser()
    log_in_and_send(server, idp, browser, send(server, browser, "/mirrored", {"a": "1"}))
    assert upstreams["proxy"].bodies == [b"a=1"]
    server.wait_for(lambda: upstreams["fastcgi"].bodies == [b"a=1"], "the mirror's copy")
    browser = Browser()
    kept = send(server, browser, "/anybody", {"a": "2"})
    log_in_and_send(server, idp, browser, kept)
    assert upstreams["proxy"].bodies[-1] == b"a=2", "satisfy any"
    for path in ("/moved", "/tried"):
        browser = Browser()
        log_in_and_send(server, idp, browser, send(server, browser, path, {"to": path}))
        assert upstreams["proxy"].bodies[-1] == f"to=%2F{path[1:]}".encode()


def test_the_forms_of_members_are_left_alone(server, idp, upstreams):
    browser = log_in(server, idp)
    for length in (0, 1, 187, 188, 189, 5000):
        body = b"a=" + b"x" * (length - 2) if length > 1 else b"x" * length
        for media_type in (URLENCODED, "text/plain", "application/json"):
            browser.post(server.url("/unbuffered"), body, headers={"Content-Type": media_type})
            assert upstreams["proxy"].bodies[-1] == body
    chunks = browser.post(server.url("/fastcgi"), iter([b"a=1", b"&b=2"]), headers={"Content-Type": URLENCODED})
    assert chunks.status == 200 and upstreams["fastcgi"].bodies == [b"a=1&b=2"]


def test_where_it_is_off_nothing_has_changed(server, upstreams):
    page = send(server, Browser(), "/off", {"a": "1"})
    assert page.status == 401 and "send it again" in page.text
    assert page.set_cookie == [] and upstreams["proxy"].asked == []


def test_too_large_is_not_kept_and_the_log_says_so(server, idp, upstreams):
    page = send(server, Browser(), "/proxy", b"a" * (300 * 1024 + 1), {"Content-Type": URLENCODED})
    assert page.status == 401 and "send it again" in page.text
    assert '"auth_saml_preserve_post" is 307200 here' in server.error_log()
    browser = Browser()
    largest = b"a" * (300 * 1024)
    kept = send(server, browser, "/proxy", largest, {"Content-Type": URLENCODED})
    assert kept.status == 302
    log_in_and_send(server, idp, browser, kept)
    assert upstreams["proxy"].bodies == [largest]
    assert send(server, Browser(), "/proxy", b"a" * (401 * 1024), {"Content-Type": URLENCODED}).status == 413


def test_a_body_whose_length_nobody_tells_is_not_kept(server, upstreams):
    page = send(server, Browser(), "/proxy", iter([b"a=1", b"&b=2"]), {"Content-Type": URLENCODED})
    assert page.status == 401 and page.set_cookie == []


def test_a_reload_in_between_changes_nothing(server, idp, upstreams):
    browser = Browser()
    kept = send(server, browser, "/proxy", {"a": "1"})
    server.reload()
    form = ticket_of(answer_of(idp, browser, kept))
    server.reload()
    assert send_ticket(server, browser, form).status == 200
    assert upstreams["proxy"].bodies == [b"a=1"]


def test_a_limit_that_has_become_smaller_holds(server, idp, upstreams):
    browser = Browser()
    kept = send(server, browser, "/proxy", b"a" * 2000, {"Content-Type": URLENCODED})
    form = ticket_of(answer_of(idp, browser, kept))
    server.configure(CONF.replace("client_max_body_size 400k;", "client_max_body_size 1k;"))
    server.reload()
    assert_refused(server, send_ticket(server, browser, form), "preserved_post_refused")
    assert upstreams["proxy"].asked == []
