"""The page on which people choose their IdP, as Chromium shows it: on a phone and a desk, light and dark."""

import contextlib

import pytest

from harness.chromium import Chromium, emulate
from harness.nginx import ROOT
from test_discovery import CONF, FILES, LOGO, described, idp_named, name

pytestmark = pytest.mark.slow

SCREENSHOTS = ROOT / ".cache/screenshots"
NAMES = ["Aarhus Universitet", "جامعة القاهرة", "Lunds universitet", "東京大学", "Université de Besançon",
         "A very long name of an organisation that does not fit on one line of any telephone at all",
         "Politechnika Łódzka", "Universität Zürich", "Universidade de São Paulo", "ETH"]  # fmt: skip
MEASURE = """
const seen = element => {
    const box = element.getBoundingClientRect();
    return [box.width, box.height];
};
return {
    targets: [...document.querySelectorAll('button, input:not([type=hidden]):not([type=checkbox]), label.remember')].map(seen),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    images: [...document.images].map(image => image.complete && image.naturalWidth > 0),
    background: getComputedStyle(document.body).backgroundColor,
    colour: getComputedStyle(document.querySelector('.idp')).color,
    flex: getComputedStyle(document.querySelector('.idp')).display,
    outline: (() => {
        const button = document.querySelector('.idp');
        button.focus({focusVisible: true});
        return getComputedStyle(button).outlineWidth;
    })(),
    unlabelled: [...document.querySelectorAll('input:not([type=hidden])')].filter(input => !input.labels.length).length,
};
"""


@pytest.fixture
def server(nginx):
    conf = CONF
    files = dict(FILES)
    for number, label in enumerate(NAMES):
        files[f"n{number}.xml"] = described(
            idp_named(f"n{number}"),
            name(label)
            + '<mdui:Description xml:lang="en">Students and staff</mdui:Description>'
            + f'<mdui:Logo height="1" width="1">{LOGO}</mdui:Logo>',
        )
        conf = conf.replace("    saml_sp app {", f"    saml_idp n{number} {{ metadata n{number}.xml; }}\n    saml_sp app {{")  # fmt: skip
        conf = conf.replace("        idp evil;", f"        idp evil;\n        idp n{number};")
    return nginx(conf, files=files)


def brightness(colour: str) -> float:
    numbers = colour.partition("(")[2].rstrip(")").split(",")
    red, green, blue = (float(number) for number in numbers[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_the_page(server, tmp_path, device, scheme):
    width, height = {"phone": (390, 844), "desktop": (1280, 900)}[device]
    with contextlib.ExitStack() as stack:
        chromium = Chromium(tmp_path)
        stack.callback(chromium.quit)
        emulate(chromium, width, height, scheme)
        chromium.open(server.url("/page.html"))
        assert chromium.run("return document.title") == "Where do you sign in?"
        found = chromium.run(MEASURE)
        chromium.screenshot(SCREENSHOTS / f"discovery-{device}-{scheme}.png")
        assert found["flex"] == "flex", "the policy lets the page's own style in"
        assert all(width >= 24 and height >= 44 for width, height in found["targets"]), found
        assert found["overflow"] == 0
        assert found["images"] and all(found["images"])
        assert found["unlabelled"] == 0 and found["outline"] == "3px"
        dark = scheme == "dark"
        assert (brightness(found["background"]) < 64) == dark
        assert (brightness(found["colour"]) > 192) == dark


def test_by_keyboard(server, tmp_path):
    with contextlib.ExitStack() as stack:
        chromium = Chromium(tmp_path)
        stack.callback(chromium.quit)
        chromium.open(server.url("/page.html"))
        chromium.fill("input[type=search]", "zurich\ue007")
        chromium.wait_for(server.url("/saml/discovery?return=%2Fpage.html&q=zurich"))
        assert "One." in chromium.text()
        assert chromium.run("return document.querySelectorAll('.idp').length") == 1
        chromium.screenshot(SCREENSHOTS / "discovery-search.png")
        # The IdP is nowhere; the policy lets the form lead there.
        with contextlib.suppress(AssertionError):
            chromium.call("POST", f"{chromium.find('.idp')}/value", {"text": "\ue007"})
        server.wait_for(lambda: chromium.url.startswith("https://n7.example.org/sso"), "the IdP")
