"""A federation of ten thousand IdPs: people choose and log in, and it changes while nginx works."""

import pytest

from harness.browser import Browser
from harness.crowd_of_idps import aggregate, entity, member
from test_federation import CONF, is_in, let_in

pytestmark = [pytest.mark.slow, pytest.mark.serial]

COUNT = 10_000


def test_ten_thousand_idps(nginx):
    files = {"federation.xml": aggregate(COUNT)}
    server = nginx(CONF, files=files, METADATA="federation.xml", LINES="", HTTP="", SP="")
    page = Browser().get(server.url("/saml/discovery?q=universitat+4711"))
    assert page.text.count('name="idp"') == 1 and "https://idp4711.example.org" in page.text
    page = Browser().get(server.url("/saml/discovery"))
    assert f"The first 200 of {COUNT:,}." in page.text and len(page.text) < 200_000
    first, last = let_in(server, member(0)), let_in(server, member(COUNT - 1))
    assert is_in(server, first) and is_in(server, last)
    changed = aggregate(COUNT - 1).replace("</md:EntitiesDescriptor>", "")
    new = server.write("fresh.xml", changed + entity(COUNT) + "</md:EntitiesDescriptor>")
    new.rename(server.directory / "federation.xml")
    server.wait_for(lambda: "1 no longer there" in server.error_log(), "the change")
    page = server.url("/saml/discovery?q=universitat+10000")
    server.wait_for(
        lambda: all("https://idp10000.example.org" in Browser().get(page).text for _ in range(10)), "both workers"
    )
    assert is_in(server, first) and not is_in(server, last)
    assert let_in(server, member(COUNT))
    log = server.error_log()
    assert '1 new: "https://idp10000.example.org"; 1 no longer there: "https://idp9999.example.org"' in log
