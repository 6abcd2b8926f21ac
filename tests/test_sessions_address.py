"""`saml_sessions` knows from which address a session began, and finds sessions by it."""

import json

import lxml.html
import pytest

from harness.browser import Browser
from harness.members import assert_all_workers, log_in
from harness.operator import LOCATION, PATH, listed
from harness.response import Answer
from harness.site import site
from harness.wire import ask

STORE = "saml_session_store own { @STORE@ }"
CONF = site(
    main="worker_processes 2;",
    http=STORE,
    sp="session_store own; @SP@",
    server="set_real_ip_from 127.0.0.0/8; real_ip_header X-Real-IP;" + LOCATION,
)
ZONE = "zone own 4m;"
FROM = ["192.0.2.7", "192.0.2.200", "2001:db8::7", "::ffff:198.51.100.1"]


def log_in_from(server, idp, address: str, name_id: str = "alice") -> Browser:
    browser = Browser()
    asked = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(asked, Answer(name_id=name_id, session_index=f"_{address}"))
    page = browser.post(asked.acs_url, form, headers={"X-Real-IP": address})
    assert page.status == 303, page.text
    return browser


def addresses(server, **query) -> list[str | None]:
    return sorted(one["address"] for one in listed(server, **query)["sessions"])


def test_sessions_are_found_by_where_they_began(nginx, idp):
    server = nginx(CONF, STORE=ZONE, SP="")
    members = [log_in_from(server, idp, address) for address in FROM]
    everywhere = ["192.0.2.200", "192.0.2.7", "198.51.100.1", "2001:db8::7"]
    assert addresses(server) == addresses(server, address="") == everywhere
    assert addresses(server, address="192.0.2.0/24") == everywhere[:2]
    assert addresses(server, address="192.0.2.7") == ["192.0.2.7"]
    assert addresses(server, address="198.51.100.0/24", idp="corp", name_id="alice") == ["198.51.100.1"]
    assert addresses(server, address="2001:db8::/32") == ["2001:db8::7"]
    assert addresses(server, address="::/0") == ["2001:db8::7"]
    assert addresses(server, address="203.0.113.0/24") == addresses(server, address="192.0.2.0/24", name_id="bob") == []
    server.reload()
    assert addresses(server) == everywhere
    for member in members:
        assert_all_workers(server, member, True)


@pytest.mark.parametrize("address", ["192.0.2.0/33", "192.0.2", "a", "::/129", "192.0.2.0/24 or 1=1", "/24"])
def test_what_is_no_address_is_refused(nginx, address):
    server = nginx(CONF, STORE=ZONE, SP="")
    answer = Browser().read(server.url(PATH), params={"address": address})
    assert (answer.status, json.loads(answer.text)["error"]) == (400, "order_invalid")


def test_the_page_shows_it_and_pages_on_with_it(nginx, idp):
    server = nginx(CONF, STORE=ZONE, SP="")
    for n in range(40):
        log_in_from(server, idp, f"192.0.2.{n}", name_id=f"user-{n}")
    log_in_from(server, idp, "198.51.100.1")
    seen, url = set(), server.url(f"{PATH}?format=html&address=192.0.2.0/24&limit=10")
    while url:
        document = lxml.html.fromstring(Browser().get(url).text)
        assert document.forms[0].fields["address"] == "192.0.2.0/24"
        seen |= {cell.text for cell in document.iter("td") if cell.text and cell.text.count(".") == 3}
        links = [link.get("href") for link in document.iter("a") if link.text == "Next page"]
        url = server.url(PATH) + links[0] + "&format=html" if links else None
    assert seen == {f"192.0.2.{n}" for n in range(40)}


def test_off_keeps_none(nginx, idp):
    server = nginx(CONF, STORE=ZONE, SP="session_address off;")
    log_in(server, idp)
    [one] = listed(server)["sessions"]
    assert one["address"] is None
    assert listed(server, address="127.0.0.0/8")["sessions"] == []


def test_with_memcached(nginx, memcacheds, idp):
    (node,) = memcacheds()
    server = nginx(CONF, files={"session.key": "0123456789abcdef" * 4}, STORE=f"memcached {node.address}; secret session.key;", SP="")
    for address in FROM:
        log_in_from(server, idp, address)
    assert addresses(server, name_id="alice", address="192.0.2.0/24") == ["192.0.2.200", "192.0.2.7"]
    assert addresses(server, name_id="alice", idp="corp", address="2001:db8::7") == ["2001:db8::7"]
    answer = ask(server, f"{PATH}?name_id=alice&format=html").text
    assert "2001:db8::7" in answer
