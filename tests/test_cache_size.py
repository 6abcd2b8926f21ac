"""How many decoded sessions a worker keeps: `cache_size`."""

import json

import pytest

from harness.browser import Browser
from harness.response import Answer, Attribute
from harness.wire import ask, cookie_header

CONF = """
events {}
http {
    saml_session_store sessions { zone sessions 16m; cache_size @SIZE@; }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store sessions;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location = /status { saml_status; }
        location / {
            auth_saml app;
            add_header X-User $saml_name_id;
            add_header X-Filler $saml_attr_filler;
            root html;
        }
        location /signed/ { auth_saml app; add_header X-Token $saml_jwt; root html; }
    }
}
"""
PEOPLE = 40
#: All of them take some 412 KiB.
FILLER = 10_000


@pytest.fixture
def crowd(nginx, idp):
    """A server with this `cache_size`, and the cookies of people who have just been there."""

    def start(size: str):
        server = nginx(CONF, files={"html/signed/page.html": ""}, SIZE=size)
        cookies = []
        for number in range(PEOPLE):
            browser = Browser()
            own = [Attribute("filler", [f"{number:02d}".ljust(FILLER, "x")])]
            answer = Answer(name_id=f"user{number}", attributes=own)
            assert idp.login(browser, server.url("/page.html"), answer).status == 303
            cookies.append(cookie_header(browser, "saml_session"))
        come(server, cookies)
        return server, cookies

    return start


def come(server, cookies) -> dict[str, int]:
    """Everybody asks once, and gets their own; where their sessions were found."""
    before = look_ups(server)
    for number, cookie in enumerate(cookies):
        page = ask(server, "/page.html", cookie)
        assert page.all("X-User") == [f"user{number}"]
        assert page.all("X-Filler") == [f"{number:02d}".ljust(FILLER, "x")]
    after = look_ups(server)
    return {end: after[end] - before[end] for end in ("worker", "zone")}


def look_ups(server) -> dict[str, int]:
    return json.loads(ask(server, "/status?format=json").text)["look_ups"]["ended"]


@pytest.mark.parametrize("size", ["1m", "1M", "1024k", "64", "32m"])
def test_there_is_room_for_all(crowd, size):
    server, cookies = crowd(size)
    assert come(server, cookies) == {"worker": PEOPLE, "zone": 0}


def test_bytes_are_bytes_in_memory(crowd):
    """256k has room for half of them: nobody is locked out, and each is read anew in their turn."""
    server, cookies = crowd("256k")
    assert come(server, cookies) == {"worker": 0, "zone": PEOPLE}
    for _ in range(2):
        found = come(server, cookies[:20])
    assert found == {"worker": 20, "zone": 0}


def test_who_comes_again_and_again_stays(crowd):
    server, cookies = crowd("256k")
    come(server, cookies[:1])
    for cookie in cookies[1:]:
        assert ask(server, "/page.html", cookie).status == 200
        assert come(server, cookies[:1]) == {"worker": 1, "zone": 0}


def test_signed_tokens_count(crowd):
    """A token made later is as large as the rest of the session."""
    server, cookies = crowd("430k")
    assert come(server, cookies) == {"worker": PEOPLE, "zone": 0}
    for cookie in cookies:
        assert ask(server, "/signed/page.html", cookie).all("X-Token")
    assert come(server, cookies)["worker"] < PEOPLE


@pytest.mark.parametrize("size", ["1", "63", "255k", "0m", "-1", "1g", "many", "1048577"])
def test_mistakes(prepared, idp, size):
    good, output = prepared(CONF, SIZE=size).test()
    assert not good
    expected = (
        f'invalid size "{size}" in "cache_size" directive, it must be 256k to 1048576m, written like 32m, '
        "or a number of sessions from 64 to 1048576"
    )
    assert expected in output
