"""The documentation's links lead somewhere, the files it names are there."""

import re
from pathlib import Path

import pytest

from harness.examples import FENCE
from harness.nginx import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
#: Pages that name files of the tree in backticks, from its root.
MAPS = [
    ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md")
]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FOLDERS = "src|crates|tests|docs|scripts|nginx-conf|fuzz"
FILE = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)`")


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings: lower case, without marks, hyphens for blanks."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", prose(page), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        twins = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other) is not None for other in found)
        found.add(f"{slug}-{twins}" if twins else slug)
    return found


def links(page: Path) -> list[str]:
    without_code = re.sub(r"`[^`\n]*`", "", prose(page))
    return [link for link in LINK.findall(without_code) if not re.match(r"[a-z]+:", link)]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)}: {link}"
        assert target.is_relative_to(ROOT), f"{name(page)}: {link} leads out of the repository"
        if anchor:
            assert anchor in anchors(target), f"{name(page)}: {link} has no such heading"


def test_links_are_found():
    assert "docs/bench.md#a-request" in links(ROOT / "README.md")
    assert "variables.md#remote_user" in links(ROOT / "docs/start.md")
    assert "remote_user" in anchors(ROOT / "docs/variables.md")
    assert "when-a-node-is-down" in anchors(ROOT / "docs/sessions.md")


def test_every_page_can_be_found():
    """From the README, link by link."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
        waiting += [target for target in targets if target.suffix == ".md"]
    assert [name(page) for page in PAGES if page not in seen] == []


def test_the_contents_have_every_page():
    """docs/SUMMARY.md, from which the website is made, each page once."""
    contents = ROOT / "docs/SUMMARY.md"
    listed = [(contents.parent / link).resolve() for link in links(contents)]
    assert len(listed) == len(set(listed))
    assert set(PAGES) - {contents} == set(listed)


@pytest.mark.parametrize("page", MAPS, ids=name)
def test_named_files_are_there(page):
    found = FILE.findall(page.read_text())
    assert [path for path in found if not (ROOT / path).exists()] == []
