"""The website of the documentation: whole, without a link that leads nowhere, and asking no other host."""

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.examples import FENCE
from harness.nginx import ROOT
from harness.website import Page, built, target

MARKDOWN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RE = {"re": "http://exslt.org/regular-expressions"}
#: What a browser fetches by itself.
FETCHED = {"script", "link", "img", "iframe", "source"}


@pytest.fixture(scope="session")
def site(session_scratch) -> Path:
    return built(session_scratch / "site")


@pytest.fixture(scope="session")
def pages(site) -> dict[Path, Page]:
    # 404.html stands for whatever address is not there.
    return {path: Page(path) for path in site.rglob("*.html") if path.name not in ("404.html", "toc.html")}


def test_each_link_leads_somewhere(pages):
    lost = []
    for path, page in pages.items():
        for _, address in page.addresses():
            found = target(path, address)
            if found is None:
                continue
            file, anchor = found
            known = pages.get(file)
            if not file.is_file() or (anchor and (known is None or anchor not in known.anchors)):
                lost.append(f"{path.name}: {address}")
    assert lost == []
    assert len(pages) > 60


def test_the_contents_lead_to_all_pages(site, pages):
    """By the list that stands beside each page."""
    contents = Page(site / "toc.html")
    listed = {target(contents.path, address)[0] for tag, address in contents.addresses() if tag == "a"}
    assert set(pages) - listed == set()


def test_no_other_host_is_asked(pages):
    """What a browser fetches lies on the site; a link to elsewhere is for people."""
    asked = [
        (path.name, address)
        for path, page in pages.items()
        for tag, address in page.addresses()
        if tag in FETCHED and urlsplit(address).netloc
    ]
    assert asked == []
    styles = [file for path in pages for file in path.parent.glob("*.css")]
    assert [file.name for file in styles if re.search(r"url\(['\"]?(https?:)?//|@import", file.read_text())] == []


def test_each_page_of_the_repository_is_there(site):
    """In the same place, with its headings and its code."""
    for source in MARKDOWN:
        name = source.relative_to(ROOT)
        if name == Path("docs/SUMMARY.md"):
            continue
        page = Page(site / ("index.html" if name == Path("README.md") else name.with_suffix(".html")))
        text = source.read_text()
        diagrams = [found[3] for found in FENCE.finditer(text) if found[2] == "mermaid"]
        assert [diagram.text.strip("\n") for diagram in page.root.xpath("//pre[@class='mermaid']")] == [
            diagram.strip("\n") for diagram in diagrams
        ], name
        headings = re.findall(r"^#{1,6} ", FENCE.sub("", text), re.M)
        assert len(page.root.xpath("//main//*[re:test(local-name(), '^h[1-6]$')]", namespaces=RE)) == len(headings), name
        codes = len(list(FENCE.finditer(text))) - len(diagrams)
        assert len(page.root.xpath("//main//pre/code")) == codes, name


def test_a_configuration_is_a_page(site):
    page = Page(site / "nginx-conf/full.conf.html")
    (code,) = page.root.xpath("//main//pre/code[@class='language-nginx']")
    assert code.text_content().strip() == (ROOT / "nginx-conf/full.conf").read_text().strip()
    listing = Page(site / "nginx-conf/index.html")
    assert "full.conf.html" in {address for _, address in listing.addresses()}


def test_a_folder_with_something_else_is_left_alone(site, tmp_path):
    """It would be emptied."""
    (tmp_path / "letter").write_text("mine")
    run = subprocess.run([ROOT / "scripts/site", tmp_path], capture_output=True, text=True)
    assert run.returncode == 1 and "something else" in run.stderr
    assert (tmp_path / "letter").read_text() == "mine"
    again = subprocess.run([ROOT / "scripts/site", site], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
