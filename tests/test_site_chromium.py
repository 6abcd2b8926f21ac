"""The website in Chromium: its diagrams are drawn, in light and dark, by nothing but what lies on it."""

import time

import pytest

from harness.chromium import Chromium, emulate
from harness.examples import FENCE
from harness.nginx import ROOT
from harness.website import built, served

PAGES = sorted(
    page.relative_to(ROOT)
    for page in (ROOT / "docs").rglob("*.md")
    if any(found[2] == "mermaid" for found in FENCE.finditer(page.read_text()))
)
#: What is drawn of the diagrams of a page, and what could not be.
DRAWN = """return [...document.querySelectorAll('pre.mermaid')].map((diagram) => {
    const svg = diagram.querySelector('svg');
    return svg && svg.getBoundingClientRect().height > 50 && svg.getAttribute('aria-roledescription') !== 'error';
})"""
ASKED = "return performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin)"


@pytest.fixture(scope="session")
def address(session_scratch):
    with served(built(session_scratch / "site-chromium")) as base:
        yield base


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_diagrams_are_drawn(chromium, address, page):
    chromium.open(f"{address}/{page.with_suffix('.html')}")
    count = sum(found[2] == "mermaid" for found in FENCE.finditer((ROOT / page).read_text()))
    assert wait_for(chromium, [True] * count)
    assert set(chromium.run(ASKED)) == {address}


def wait_for(chromium: Chromium, drawn: list[bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while chromium.run(DRAWN) != drawn:
        assert time.monotonic() < deadline, chromium.run(DRAWN)
        time.sleep(0.1)
    return True


def test_they_follow_the_colours(chromium, address):
    """Of the system, and of the theme that is chosen on the page."""
    ink = "return getComputedStyle(document.querySelector('pre.mermaid svg text')).fill"
    seen = {}
    for scheme in ("light", "dark"):
        emulate(chromium, 1000, 900, scheme)
        chromium.open(f"{address}/docs/login.html")
        assert wait_for(chromium, [True] * len(chromium.run(DRAWN)))
        seen[scheme] = chromium.run(ink)
    assert seen["light"] != seen["dark"]
    chromium.run("document.querySelector('[id$=theme-light]').click()")
    deadline = time.monotonic() + 30
    while chromium.run(ink) != seen["light"]:
        assert time.monotonic() < deadline, chromium.run(ink)
        time.sleep(0.1)


def test_a_page_is_found_by_its_words(chromium, address):
    chromium.open(f"{address}/index.html?search=audience_mismatch")
    deadline = time.monotonic() + 30
    while "reasons.html" not in chromium.run("return document.querySelector('[id$=searchresults]').innerHTML"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
