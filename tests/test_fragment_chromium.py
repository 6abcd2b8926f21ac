"""`keep_fragment`: the part of a deep link behind its `#` survives a login, for its page alone."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.site import site

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
@pytest.mark.parametrize("same_site", ["lax", "strict"])
def test_it_survives(cross_site, chromium, same_site, binding):
    server, idp_site = cross_site(same_site, Idp(binding=binding), "keep_fragment on;")
    page = f"https://app.localhost:{server.port}/page.html?x=1"
    chromium.open(f"{page}#/reports/7?a=b")
    chromium.wait_for(f"{page}#/reports/7?a=b")
    assert chromium.text() == "a page"
    assert chromium.run("return sessionStorage.length") == 0
    assert all("reports" not in visit for visit in idp_site.visits), "it is none of the IdP's business"
    # Without one nothing is added, also not what another page had.
    chromium.call("DELETE", "/cookie")
    chromium.open(f"{page}&y=2")
    chromium.wait_for(f"{page}&y=2")


def test_without_the_setting_it_is_lost(cross_site, chromium):
    server, _ = cross_site()
    page = f"https://app.localhost:{server.port}/page.html?x=1"
    chromium.open(f"{page}#section")
    chromium.wait_for(page)


def test_another_tab_of_another_page_gets_nothing(cross_site, chromium):
    server, _ = cross_site("lax", None, "keep_fragment on;")
    page = f"https://app.localhost:{server.port}/page.html"
    chromium.open(page)
    chromium.wait_for(page)
    chromium.run("sessionStorage.saml_page = '/other.html'; sessionStorage.saml_fragment = '#x'")
    chromium.call("DELETE", "/cookie")
    chromium.open(f"{page}?z")
    chromium.wait_for(f"{page}?z")


def test_programs_and_those_without_scripts_get_where_they_want(nginx, idp):
    server = nginx(site(sp="keep_fragment on;"))
    browser = Browser()
    page = browser.get(server.url("/page.html"))
    assert page.status == 200 and "set-cookie" in page.headers
    link = f'<meta http-equiv="refresh" content="0;url={idp.sso_url}?SAMLRequest='
    assert link in page.text and "no-store" in page.headers["Cache-Control"]
    program = Browser().get(server.url("/page.html"), headers={"Accept": "application/json", "Sec-Fetch-Mode": "cors"})
    assert program.status == 401
