"""Every page in Chromium: nothing that axe-core minds, nothing too wide or too small, all by keyboard."""

from pathlib import Path

import pytest

from harness import gallery
from harness.axe import axe_script
from harness.chromium import Chromium, emulate
from test_discovery_chromium import brightness

pytestmark = pytest.mark.slow

# What a table has scrolled away has no colour that axe could look at: it calls that incomplete.
AXE = """
const scrolls = document.querySelector('div[tabindex="0"]');
return axe.run(document, {resultTypes: ['violations', 'incomplete']}).then(found =>
    [...found.violations, ...found.incomplete.filter(one => !scrolls || one.id !== 'color-contrast')].map(fault =>
        `${fault.id} (${fault.impact}): ${fault.nodes.map(node => node.html).join(' ')}`));
"""
MEASURE = """
const shown = e => e.checkVisibility();
const targets = [...document.querySelectorAll('button, .button, input:not([type=hidden]), summary')].filter(shown);
return {
    small: targets.filter(e => (e.closest('label.remember') || e).getBoundingClientRect().height < 44).map(e => e.outerHTML),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    background: getComputedStyle(document.body).backgroundColor,
    colour: getComputedStyle(document.querySelector('h1')).color,
    focusable: [...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')].filter(shown).length,
};
"""
TAB = """
const e = document.activeElement;
return {at: e === document.body ? '' : e.outerHTML, outline: parseFloat(getComputedStyle(e).outlineWidth)};
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """All pages in English, in the language of the longest words, and in one without blanks."""
    written = gallery.write(tmp_path_factory.mktemp("gallery"), ["en", "de", "ja"])
    assert len(gallery.names(written["en"])) > 30
    return written


@pytest.fixture(scope="module")
def base(folders):
    with gallery.served(folders) as url:
        yield url


@pytest.fixture
def chromium(tmp_path):
    browser = Chromium(tmp_path)
    yield browser
    browser.quit()


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        *((width, scheme, "en") for width in (320, 1280) for scheme in ("light", "dark")),
        (320, "light", "de"),
        (320, "dark", "ja"),
    ],
)
def test_every_page(base, folders, chromium, width, scheme, language):
    axe = axe_script()
    emulate(chromium, width, 900, scheme)
    faults = []
    for name in gallery.names(folders["en"]):
        chromium.open(f"{base}/{language}/{name}")
        measured = chromium.run(MEASURE)
        is_dark = brightness(measured["background"]) < brightness(measured["colour"])
        assert is_dark == (scheme == "dark"), f"{name}: its style sheet does not work"
        found = chromium.run(axe + ";" + AXE)
        faults += [f"{name}: {fault}" for fault in [*found, *measured["small"]]]
        if measured["overflow"]:
            faults.append(f"{name}: {measured['overflow']} px too wide")
    assert not faults, "\n".join(faults)


def test_a_fault_would_be_seen(base, folders, chromium):
    chromium.open(f"{base}/en/{gallery.names(folders['en'])[0]}")
    chromium.run("document.documentElement.removeAttribute('lang'); document.querySelector('h1').style.color = '#999'")
    found = chromium.run(axe_script() + ";" + AXE)
    assert {fault.split()[0] for fault in found} >= {"html-has-lang", "color-contrast"}, found


def test_the_keyboard_reaches_everything_and_shows_where_it_is(base, folders, chromium):
    for name in gallery.names(folders["en"]):
        chromium.open(f"{base}/en/{name}")
        reached = set()
        for _ in range(wanted := chromium.run(MEASURE)["focusable"]):
            press_tab(chromium)
            focus = chromium.run(TAB)
            assert focus["at"] and focus["outline"] >= 2, f"{name}: {focus}"
            reached.add(chromium.run("return [...document.all].indexOf(document.activeElement)"))
        assert len(reached) == wanted, name


def press_tab(chromium) -> None:
    keys = [{"type": kind, "value": "\ue004"} for kind in ("keyDown", "keyUp")]
    chromium.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": keys}]})
