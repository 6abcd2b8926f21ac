"""Every page in Chromium: nothing that axe-core minds, nothing too wide or too small, all by keyboard."""

import http.server
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest

from harness.axe import axe_script
from harness.chromium import Chromium
from harness.nginx import ROOT
from test_discovery_chromium import brightness, emulate

pytestmark = pytest.mark.slow

AXE = """
return axe.run(document, {resultTypes: ['violations', 'incomplete']}).then(found =>
    [...found.violations, ...found.incomplete].map(fault =>
        `${fault.id} (${fault.impact}): ${fault.nodes.map(node => node.html).join(' ')}`));
"""
MEASURE = """
const shown = e => e.getClientRects().length > 0;
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
    """All pages in two languages, the one of the longest words and the one without blanks."""
    home = tmp_path_factory.mktemp("gallery")
    run = ["cargo", "run", "-q", "-p", "pages", "--example", "gallery", "--"]
    for language in ("en", "de", "ja"):
        subprocess.run([*run, home / language, language], cwd=ROOT, check=True, env=os.environ)
    return {language: home / language for language in ("en", "de", "ja")}


class Pages(http.server.BaseHTTPRequestHandler):
    """Serves them with their policies. They stay where they are: scripts of theirs do not run, and no refresh."""

    folders: dict[str, Path]

    def do_GET(self):
        language, _, name = self.path.strip("/").partition("/")
        file = self.folders[language] / f"{name}.html" if language in self.folders else Path("/none")
        if not file.is_file():
            return self.send_error(404)
        text = re.sub(r'<meta http-equiv="refresh".*?>', "", file.read_text())
        policy = re.sub(r"; script-src [^;]*", "", file.with_suffix(".csp").read_text())
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def base(folders):
    handler = type("Gallery", (Pages,), {"folders": folders})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def chromium(tmp_path):
    browser = Chromium(tmp_path)
    yield browser
    browser.quit()


def names(folders) -> list[str]:
    found = sorted(file.stem for file in folders["en"].glob("*.html"))
    assert len(found) > 30
    return found


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
    for name in names(folders):
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
    chromium.open(f"{base}/en/{names(folders)[0]}")
    chromium.run("document.documentElement.removeAttribute('lang'); document.querySelector('h1').style.color = '#999'")
    found = chromium.run(axe_script() + ";" + AXE)
    assert {fault.split()[0] for fault in found} >= {"html-has-lang", "color-contrast"}, found


def test_the_keyboard_reaches_everything_and_shows_where_it_is(base, folders, chromium):
    for name in names(folders):
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
