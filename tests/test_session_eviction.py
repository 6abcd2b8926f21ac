"""A zone that is far too small: old sessions go, and nobody ever gets another's."""

import time

import pytest

from harness.browser import Browser
from harness.refusal import assert_refused
from harness.response import Answer, Attribute

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store small { zone small 256k; }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        session_store small;
        session_idle_timeout 10s;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / {
            auth_saml app;
            add_header X-User $saml_name_id;
            add_header X-Number $saml_attr_number;
            root html;
        }
    }
}
"""


@pytest.mark.slow
def test_eviction(nginx, idp):
    server = nginx(CONF)
    browsers = []
    for number in range(150):
        browser = Browser()
        answer = Answer(
            name_id=f"user{number}@example.org",
            session_index=f"_session-{number}",
            attributes=[Attribute("number", [str(number)]), Attribute("filler", ["x" * 8000])],
        )
        page = idp.login(browser, server.url("/page.html"), answer)
        assert page.status == 303, page.text
        assert user(browser, server) == (f"user{number}@example.org", str(number)), (
            "the newest is in"
        )
        browsers.append(browser)
    found = [user(browser, server) for browser in browsers]
    for number, seen in enumerate(found):
        assert seen in (None, (f"user{number}@example.org", str(number)))
    assert found[-1] is not None
    assert found[0] is None, "256 KiB cannot hold 150 sessions of 8 KB"


@pytest.mark.slow
def test_a_session_in_use_outlives_idle_ones(nginx, idp):
    """Least recently used goes first; use is noted every tenth of the idle timeout."""
    server = nginx(CONF)
    busy = Browser()
    idp.login(busy, server.url("/page.html"), Answer(name_id="busy@example.org"))
    filler = [Attribute("filler", ["x" * 8000])]
    for number in range(60):
        other = Browser()
        idp.login(other, server.url("/page.html"), Answer(name_id=f"u{number}", attributes=filler))
        found = user(busy, server)
        assert found and found[0] == "busy@example.org", f"gone after {number} logins"
        time.sleep(0.1)


def test_one_user_cannot_take_the_whole_zone(nginx, idp, browser):
    """A session larger than a quarter of the zone is refused, and costs nobody else a session."""
    server = nginx(CONF)
    small = Browser()
    assert idp.login(small, server.url("/page.html")).status == 303
    filler = [Attribute("filler", ["x" * 180_000])]
    page = idp.login(browser, server.url("/page.html"), Answer(attributes=filler))
    assert page.status == 503
    assert_refused(server, page, "store_full")
    assert user(small, server)[0] == "alice@example.org"


def user(browser, server):
    page = browser.get(server.url("/page.html"))
    if page.status == 302:
        return None
    return page.headers["X-User"], page.headers.get("X-Number", "")
