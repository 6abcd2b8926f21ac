"""Several tabs that log in at once do not disturb each other."""

import pytest

from harness.browser import Browser
from harness.refusal import assert_refused

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_each_tab_gets_to_its_page(nginx, idp, browser, order):
    server = nginx(CONF)
    requests = [idp.asked(browser.get(server.url(f"/page.html?tab={n}"))) for n in range(3)]
    for n in order:
        page = browser.post(requests[n].acs_url, idp.form(requests[n]))
        assert (page.status, page.location) == (303, server.url(f"/page.html?tab={n}"))
    assert browser.get(server.url("/page.html")).status == 200


def test_relay_state_is_not_what_decides(nginx, idp, browser):
    """A lost or foreign RelayState neither breaks a login nor leads it elsewhere."""
    server = nginx(CONF)
    for relay_state in (None, "", "https://evil.example.org/", "x" * 5000):
        request = idp.asked(browser.get(server.url("/page.html")))
        form = idp.form(request)
        form.pop("RelayState")
        if relay_state is not None:
            form["RelayState"] = relay_state
        page = browser.post(request.acs_url, form)
        assert (page.status, page.location) == (303, server.url("/page.html"))
        browser = Browser()


def test_pending_logins_are_capped(nginx, idp, browser):
    """The oldest is dropped: cookies must not grow until the server refuses the headers."""
    server = nginx(CONF)
    requests = [idp.asked(browser.get(server.url(f"/page.html?tab={n}"))) for n in range(40)]
    pending = [name for name in browser.cookie_names() if "request" in name]
    assert 3 <= len(pending) <= 10
    newest = requests[-1]
    page = browser.post(newest.acs_url, idp.form(newest))
    assert page.location == server.url("/page.html?tab=39")
    oldest = Browser()
    oldest.session.cookies.update(browser.session.cookies)
    page = oldest.post(requests[0].acs_url, idp.form(requests[0]))
    assert_refused(server, page, "request_unknown")
