"""The page of `saml_session` as Chromium shows it: on a phone and a desk, light and dark."""

import contextlib

import pytest

from harness.chromium import Chromium
from harness.idp import Idp
from harness.idp_site import IdpSite
from harness.keys import rsa_credential
from harness.response import Answer, Attribute
from harness.site import CROSS_SITE
from test_discovery_chromium import SCREENSHOTS, brightness, emulate

pytestmark = pytest.mark.slow

LONG = "CN=" + "Very-Long-Group-Name-Without-Any-Blank-" * 4 + ",OU=Groups,DC=example,DC=org"
ANSWER = Answer(
    attributes=[
        Attribute("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", ["staff", "読者", LONG, "<script>alert(1)</script>"]),
        Attribute("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", ["alice@example.org"]),
    ]
)
MEASURE = """
return {
    targets: [...document.querySelectorAll('a.button')].map(e => e.getBoundingClientRect().height),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    background: getComputedStyle(document.body).backgroundColor,
    colour: getComputedStyle(document.querySelector('h1')).color,
    scripts: document.scripts.length,
};
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_the_page(nginx, tmp_path, device, scheme):
    tls = rsa_credential("tls")
    width, height = {"phone": (390, 844), "desktop": (1280, 900)}[device]
    with contextlib.ExitStack() as stack:
        site = IdpSite(Idp(), tls, tmp_path)
        stack.callback(site.stop)
        site.answer = ANSWER
        files = {"tls.crt": tls.certificate_pem, "tls.key": tls.key_pem, "idp.xml": site.idp.metadata()}
        server = nginx(CROSS_SITE, files=files, SAME_SITE="lax", SP="session_attributes all;")
        chromium = Chromium(tmp_path, "--ignore-certificate-errors")
        stack.callback(chromium.quit)
        emulate(chromium, width, height, scheme)
        url = f"https://app.localhost:{server.port}/saml/session"
        chromium.open(url)
        check(chromium, "You are not signed in", scheme)
        chromium.click("a.button")
        chromium.wait_for(f"https://app.localhost:{server.port}/")
        chromium.open(url)
        check(chromium, "You are signed in", scheme)
        assert "<script>alert(1)</script>" in chromium.text("table")
        assert "Signed in by" in chromium.text() and "UTC" in chromium.text()
        chromium.screenshot(SCREENSHOTS / f"session-{device}-{scheme}.png")
        chromium.click("a.button")
        assert "You are signed out of this application" in chromium.text()
        chromium.open(url)
        check(chromium, "You are not signed in", scheme)


def check(chromium: Chromium, title: str, scheme: str) -> None:
    assert chromium.run("return document.title") == title
    found = chromium.run(MEASURE)
    assert found["overflow"] == 0 and found["scripts"] == 0
    assert found["targets"] and all(height >= 44 for height in found["targets"]), found
    assert (brightness(found["background"]) < 64) == (scheme == "dark")
    assert (brightness(found["colour"]) > 192) == (scheme == "dark")
