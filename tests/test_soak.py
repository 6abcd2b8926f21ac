"""1 000 logins and 100 000 protected requests: no restart, flat memory."""

import re
import subprocess
from pathlib import Path

import pytest

from harness.browser import Browser
from harness.site import site

CONF = site(
    main="worker_processes 1;",
    http="keepalive_requests 1000000;",
    location="access_log off;",
)


def memory(server) -> int:
    """Private memory of the worker, KiB: the shared zone fills up, as it should."""
    (worker,) = server.workers()
    rollup = Path(f"/proc/{worker}/smaps_rollup").read_text()
    return int(re.search(r"Private_Dirty:\s+(\d+)", rollup).group(1))


def logins(server, idp, count: int) -> Browser:
    for _ in range(count):
        browser = Browser()
        page = idp.login(browser, server.url("/page.html"))
        assert page.status == 303, page.text
        browser.session.close()
    return browser


def requests(server, browser, at_least: int) -> None:
    token = browser.session.cookies["saml_session"]
    done = 0
    while done < at_least:
        output = subprocess.run(
            [
                "wrk",
                "-t1",
                "-c8",
                "-d3s",
                "-H",
                f"Cookie: saml_session={token}",
                server.url("/page.html"),
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "Non-2xx" not in output and "Socket errors" not in output, output
        done += int(re.search(r"(\d+) requests in", output).group(1))


@pytest.mark.slow
def test_soak(nginx, idp):
    server = nginx(CONF)
    browser = logins(server, idp, 200)
    requests(server, browser, 10_000)
    before = memory(server)
    browser = logins(server, idp, 800)
    requests(server, browser, 100_000)
    after = memory(server)
    assert after - before <= 1024, f"the worker grew from {before} to {after} KiB"
    assert "[error]" not in server.error_log()
