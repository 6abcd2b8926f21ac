"""The story of a login and a logout at SimpleSAMLphp, whose messages nobody here has written."""

import json
import re

import pytest

from harness.browser import Browser
from harness.diagnosis import (
    ADMINISTRATORS,
    STATUS,
    assert_no_secrets,
    basic,
    entry,
    facts,
    link,
    press,
    refusals,
    secrets_of,
    stories,
    whats,
    xml,
)
from harness.site import site

CONF = site(
    metadata="simplesamlphp.xml",
    server=STATUS,
    sp="encryption offer;\nlogout_redirect /bye.html;",
    location="saml_debug link;",
)


@pytest.fixture
def server(nginx, simplesamlphp):
    files = ADMINISTRATORS | {"simplesamlphp.xml": simplesamlphp.metadata()}
    server = nginx(CONF.replace("location / {", "location = /bye.html { return 200 bye; }\n location / {"), files=files)
    simplesamlphp.trust(Browser().read(server.url("/saml/metadata")).text)
    return server


def test_it_is_told_and_no_secret_is(server, simplesamlphp):
    browser = Browser()
    url = link(server)
    sent = press(browser, url)
    landed = simplesamlphp.log_in(browser, sent.location)
    assert landed.status == 200
    browser.get(server.url("/page.html"))
    [story] = stories(server)
    response = entry(story, "response")
    assert refusals(response) == []
    assert any("alice@example.org" in xml(document, verified=True) for document in response["documents"])
    assert facts(entry(story, "session"))["IdP"] == simplesamlphp.entity_id
    browser.open(server.url("/saml/logout"))
    [story] = stories(server)
    assert {"logout_request_sent", "logout_response"} <= set(whats(story))
    assert refusals(entry(story, "logout_response")) == []
    named = (basic("root")[1].split()[1], url.split("=")[1])
    kept = secrets_of(server, sent, landed, *landed.history, browser=browser, names=named)
    told = json.dumps(story, ensure_ascii=False)
    assert_no_secrets(told, kept)
    index = re.search(r"SessionIndex=\\\"(\[[^\]]+\])", told)
    assert index and "masked" in index[1]
