"""All workers see the same sessions, and see them end at once."""

import pytest

from harness.browser import Browser

CONF = """
worker_processes 4;
events { accept_mutex off; }
http {
    keepalive_requests 1;
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / { auth_saml app; add_header X-Worker $pid; root html; }
    }
}
"""


def ask(browser, server, times: int = 60):
    pages = [
        browser.get(server.url("/page.html"), headers={"Connection": "close"}) for _ in range(times)
    ]
    return {page.status for page in pages}, {page.headers.get("X-Worker") for page in pages}


@pytest.mark.smoke
def test_login_and_logout_are_seen_by_all(nginx, idp):
    server = nginx(CONF)
    browser = Browser()
    idp.login(browser, server.url("/page.html"))
    statuses, workers = ask(browser, server)
    assert statuses == {200}
    assert len(workers) == 4
    cookies = browser.session.cookies.copy()
    browser.get(server.url("/saml/logout"))
    browser.session.cookies.update(cookies)  # the old cookie, as a thief would keep it
    statuses, _ = ask(browser, server)
    assert statuses == {302}
