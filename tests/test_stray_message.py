"""A Response that the IdP posts to another path than the ACS: the log says where to."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.site import site

CONF = site()


@pytest.mark.smoke
def test_the_log_names_the_acs(nginx, idp, browser):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    headers = {"Origin": "https://idp.example.org", "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    page = browser.post(server.url("/saml/Acs"), idp.form(request), headers=headers)
    assert page.status == 401
    (line,) = [line for line in server.error_log().splitlines() if "no endpoint" in line]
    assert '"/saml/Acs"' in line and server.url("/saml/acs") in line
    assert request.id not in line and "SAMLResponse" not in line, "nothing of the message"


def test_a_post_of_a_page_is_none(nginx):
    server = nginx(CONF)
    Browser().post(server.url("/page.html"), {"a": "b"}, headers={"Origin": server.url("")})
    Browser().post(server.url("/page.html"), {"SAMLResponse": "b"}, headers={"Origin": "https://evil.example"})
    assert "no endpoint" not in server.error_log()
    assert Browser().get(server.url("/page.html?SAMLResponse=x")).location.startswith(Idp().sso_url)
    assert '"SAMLResponse" in the query has come to "/page.html"' in server.error_log()
