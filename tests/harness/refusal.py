"""How a refusal shows: on the page, in error.log and in $saml_error."""

import re

from harness.browser import Page
from harness.nginx import Nginx

LINE = re.compile(r" saml: (?P<code>[a-z0-9_]+): .*; .*, request id: (?P<id>[0-9A-Za-z_-]+)")


def assert_refused(server: Nginx, page: Page, code: str) -> str:
    """The request ended with the reason `code`; returns the log line.

    The lines of this request have the id that its page shows: those of others may come later, when
    nginx has several workers.
    """
    assert 400 <= page.status < 600, f"{page.status} {page.location or page.text}"
    log = server.error_log()
    found = [found for line in log.splitlines() if (found := LINE.search(line))]
    found = [found for found in found if found["id"] in page.text]
    assert found, f"no refusal in error.log has the request id of the page: {page.text}\n{log}"
    line, request_id = found[-1].string, found[-1]["id"]
    assert found[-1]["code"] == code, line
    assert re.search(r"\[(info|notice|warn|error)\]", line), line
    assert code in page.text
    end = f" [{code}] {request_id}\n"
    server.wait_for(lambda: end in server.access_log(), f"{end!r} in access.log", 2)
    assert not any(secret in page.text for secret in ("sp.key", "/nginx.conf", "PRIVATE KEY"))
    return line
