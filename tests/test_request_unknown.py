"""An answer without its login: page and log name the usual causes, and join the line of the redirect."""

import re

import pytest
from lxml import etree

from harness.browser import Browser
from harness.idp import post_fields
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(
    http="log_format ids '$status $saml_request_id';",
    keys=False,
    sp="request_lifetime 5m;",
    server="""
        access_log @DIR@/ids.log ids;
        access_log @DIR@/access.log saml;
    """,
)
CAUSES = ["cookies", "address", "too long"]
TO_LOOK_AT = ["cookies", "base_url", "request_lifetime"]


def in_order(words: list[str], text: str) -> bool:
    return re.search(".*".join(map(re.escape, words)), text, re.S) is not None


def test_page_log_and_redirect_say_the_same(nginx, idp, browser):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    page = Browser().post(request.acs_url, idp.form(request))
    line = assert_refused(server, page, "request_unknown")
    assert in_order(CAUSES, page.text)
    assert in_order(TO_LOOK_AT, line.partition(" s; ")[2]), line
    assert f"request id: {request.id}," in line
    assert request.id in page.text
    ids = (server.directory / "ids.log").read_text().splitlines()
    assert ids == [f"302 {request.id}", f"400 {request.id}"]


def test_the_log_has_the_values(nginx, idp, browser):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    line = assert_refused(
        server, Browser().post(request.acs_url, idp.form(request)), "request_unknown"
    )
    assert "0 cookies" in line and f"base_url is {server.url('')}," in line and "300 s" in line
    other = Browser()
    other.get(server.url("/page.html"))
    line = assert_refused(server, other.post(request.acs_url, idp.form(request)), "request_unknown")
    assert "1 cookies" in line


@pytest.mark.parametrize("asked", ["_a\" b", "_a<b>", "", "_é", "_" + "a" * 64, "a;b", "a,b=c"])
def test_what_is_no_id_of_ours_is_not_repeated(nginx, idp, browser, asked):
    """An ID is what page, JSON and log take as it is."""
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    document = etree.fromstring(idp.response(request, Answer(sign=None)))
    document.set("InResponseTo", asked)
    form = post_fields(etree.tostring(document), "")
    page = browser.post(request.acs_url, form, headers={"Accept": "application/json"})
    line = assert_refused(server, page, "request_unknown")
    assert re.search(r"request id: _[0-9a-f]{40},", line), line
