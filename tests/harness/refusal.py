"""How a refusal shows: on the page, in error.log and in $saml_error."""

import re

from harness.browser import Page
from harness.nginx import Nginx


def assert_refused(server: Nginx, page: Page, code: str) -> str:
    """The request ended with the reason `code`; returns the log line."""
    assert 400 <= page.status < 600, f"{page.status} {page.location or page.text}"
    log = server.error_log()
    lines = [line for line in log.splitlines() if " saml: " in line]
    assert lines, f"nothing about SAML in error.log: {page.status} {page.text}\n{log}"
    line = lines[-1]
    found = re.search(r" saml: ([a-z0-9_]+): .*; .*, request id: ([0-9A-Za-z_-]+)", line)
    assert found, f"not the shape of a refusal: {line}"
    assert found.group(1) == code, line
    assert re.search(r"\[(info|notice|warn|error)\]", line), line
    assert code in page.text
    assert found.group(2) in page.text, "the page does not show the request id of the log"
    server.wait_for(lambda: f"[{code}]" in last_line(server), f"[{code}] in access.log", 2)
    assert not any(secret in page.text for secret in ("sp.key", "/nginx.conf", "PRIVATE KEY"))
    return line


def last_line(server: Nginx) -> str:
    lines = server.access_log().splitlines()
    return lines[-1] if lines else ""
