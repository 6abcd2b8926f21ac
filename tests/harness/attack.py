"""What no attack may end in."""

import re

from lxml import etree

from harness.browser import Browser, Page
from harness.idp import Idp, post_fields
from harness.nginx import Nginx
from harness.response import Answer

PROTECTED = "/page.html"
NAMED = re.compile(r" saml: ([a-z0-9_]+): .*; .*, request id: ")


def attacked(server: Nginx, idp: Idp, browser: Browser, change, answer: Answer = Answer()) -> Page:
    """Posts a Response that `change` has altered: an element or octets."""
    request = idp.asked(browser.get(server.url(PROTECTED)))
    document = etree.fromstring(idp.response(request, answer))
    evil = change(document)
    evil = document if evil is None else evil
    message = evil if isinstance(evil, bytes) else etree.tostring(evil)
    return browser.post(request.acs_url, post_fields(message, request.relay_state))


def assert_beaten_off(server: Nginx, browser: Browser, page: Page, *codes: str) -> str:
    """A refusal with a reason (one of `codes` when given), no session; the log line."""
    assert 400 <= page.status < 500, f"{page.status} {page.location}"
    assert "saml_session=" not in " ".join(page.set_cookie)
    assert browser.get(server.url(PROTECTED)).status == 302
    lines = [line for line in server.error_log().splitlines() if NAMED.search(line)]
    assert lines, server.error_log()
    code = NAMED.search(lines[-1]).group(1)
    assert code in page.text
    assert not codes or code in codes, lines[-1]
    return lines[-1]
