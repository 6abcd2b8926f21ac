"""Sessions that weigh more than most, and larger than a block of the zone."""

import pytest

from harness.browser import Browser
from harness.response import Answer, Attribute
from harness.wire import ask, cookie_header

CONF = """
worker_processes 4;
events { accept_mutex off; }
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / {
            auth_saml app;
            add_header X-Worker $pid;
            add_header X-User $saml_name_id;
            add_header X-First $saml_attr_first;
            add_header X-Last $saml_attr_last;
            add_header X-Filler "$saml_attr_filler_count";
            root html;
        }
        location /filler { auth_saml app; ssi on; root html; }
    }
}
"""
FILES = {"html/filler/index.html": '<!--# echo var="saml_attr_filler" -->'}
KIB = 1024


def attributes(size: int) -> list[Attribute]:
    """Filler of `size` bytes in values of 1 KiB, each with its number in front."""
    values = [f"{n:06d}".ljust(KIB, "x") for n in range(size // KIB)]
    return [Attribute("first", ["1st"]), Attribute("filler", values), Attribute("last", ["end"])]


@pytest.mark.parametrize("size", [7 * KIB, 9 * KIB, 65 * KIB, 160 * KIB])
def test_all_workers_read_them_and_see_them_end(nginx, idp, size):
    server = nginx(CONF, files=FILES)
    browser = Browser()
    answer = Answer(attributes=attributes(size))
    assert idp.login(browser, server.url("/page.html"), answer).status == 303
    cookie = cookie_header(browser, "saml_session")
    workers = set()
    for _ in range(60):
        page = ask(server, "/page.html", cookie)
        assert page.status == 200
        seen = [page.all(name)[0] for name in ("X-User", "X-First", "X-Last", "X-Filler")]
        assert seen == ["alice@example.org", "1st", "end", str(size // KIB)]
        workers.add(page.all("X-Worker")[0])
    assert len(workers) == 4
    values = ask(server, "/filler/", cookie).text.split(";")
    assert [value[:6] for value in values] == [f"{n:06d}" for n in range(size // KIB)]
    assert browser.get(server.url("/saml/logout")).status == 200
    person = ("Accept", "text/html")
    assert {ask(server, "/page.html", cookie, person).status for _ in range(40)} == {302}


def test_they_do_not_mix(nginx, idp):
    """Many large sessions at once: each keeps its own content."""
    server = nginx(CONF, files=FILES)
    cookies = []
    for number in range(12):
        browser = Browser()
        own = [Attribute("first", [str(number)]), Attribute("filler", [f"{number:02d}" * 10 * KIB])]
        answer = Answer(name_id=f"user{number}", attributes=own)
        assert idp.login(browser, server.url("/page.html"), answer).status == 303
        cookies.append(cookie_header(browser, "saml_session"))
    for _ in range(3):
        for number, cookie in enumerate(cookies):
            page = ask(server, "/page.html", cookie)
            assert (page.all("X-User"), page.all("X-First")) == ([f"user{number}"], [str(number)])
            assert ask(server, "/filler/", cookie).text == f"{number:02d}" * 10 * KIB
