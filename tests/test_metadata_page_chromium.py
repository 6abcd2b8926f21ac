"""The metadata's page as Chromium shows it: on a phone and a desk, light and dark."""

import contextlib

import pytest

from harness.browser import Browser
from harness.chromium import Chromium
from harness.site import site
from test_discovery_chromium import SCREENSHOTS, brightness, emulate
from test_metadata_page import FILES, SP

pytestmark = pytest.mark.slow

MEASURE = """
return {
    targets: [...document.querySelectorAll('a.button, summary')].map(e => e.getBoundingClientRect().height),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    background: getComputedStyle(document.body).backgroundColor,
    colour: getComputedStyle(document.querySelector('summary')).color,
    select: getComputedStyle(document.querySelector('dd code')).userSelect,
    open: document.querySelectorAll('details[open]').length,
};
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_the_page(nginx, tmp_path, device, scheme):
    server = nginx(site(sp=SP), files=FILES)
    width, height = {"phone": (390, 844), "desktop": (1280, 900)}[device]
    with contextlib.ExitStack() as stack:
        chromium = Chromium(tmp_path)
        stack.callback(chromium.quit)
        emulate(chromium, width, height, scheme)
        chromium.open(server.url("/saml/metadata"))
        assert chromium.run("return document.title") == "SAML service provider"
        closed = chromium.run(MEASURE)
        assert closed["open"] == 0 and closed["overflow"] == 0
        assert closed["select"] == "all", "the policy lets the page's own style in"
        assert all(height >= 44 for height in closed["targets"]), closed
        dark = scheme == "dark"
        assert (brightness(closed["background"]) < 64) == dark
        assert (brightness(closed["colour"]) > 192) == dark
        chromium.screenshot(SCREENSHOTS / f"metadata-{device}-{scheme}.png")
        # As a click on each does; nothing gets wider than the screen then.
        chromium.run("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert chromium.run(MEASURE)["overflow"] == 0
        chromium.run("document.querySelectorAll('summary')[6].scrollIntoView()")
        chromium.screenshot(SCREENSHOTS / f"metadata-{device}-{scheme}-idps.png")
        assert "Valid redirect URIs" in chromium.text()


def test_the_file_comes_down(nginx, tmp_path):
    """A browser saves what the link holds; nobody asks the server for it."""
    server = nginx(site(sp=SP), files=FILES)
    with contextlib.ExitStack() as stack:
        chromium = Chromium(tmp_path)
        stack.callback(chromium.quit)
        folder = tmp_path / "downloads"
        behaviour = {"behavior": "allow", "downloadPath": str(folder)}
        chromium.call("POST", "/goog/cdp/execute", {"cmd": "Browser.setDownloadBehavior", "params": behaviour})
        chromium.open(server.url("/saml/metadata"))
        chromium.click("a[download$=xml]")
        server.wait_for((folder / "sp-metadata.xml").exists, "the file")
        expected = Browser().read(server.url("/saml/metadata")).text
        assert (folder / "sp-metadata.xml").read_text() == expected
