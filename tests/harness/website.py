"""The documentation as scripts/site builds it, when its tools are there."""

import functools
import http.server
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import lxml.html
import pytest

from harness.nginx import ROOT

SCRIPT = (ROOT / "scripts/site").read_text()
TOOLS = ROOT / ".cache/tools"


def version(tool: str) -> str:
    """The one that scripts/site takes."""
    return re.search(rf"^{tool}=(\S+)$", SCRIPT, re.M)[1]


def built(folder: Path) -> Path:
    """Skips where scripts/site would have to fetch something first."""
    mdbook = TOOLS / "bin/mdbook"
    if not mdbook.exists() or version("MDBOOK") not in subprocess.check_output([mdbook, "--version"], text=True):
        pytest.skip(f"no mdbook {version('MDBOOK')}: scripts/site builds it, in some minutes")
    if not (TOOLS / f"mermaid-{version('MERMAID')}.min.js").exists():
        pytest.skip(f"no mermaid {version('MERMAID')}: scripts/site gets it by npm")
    run = subprocess.run([ROOT / "scripts/site", folder], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "WARN" not in run.stderr and "ERROR" not in run.stderr, run.stderr
    return folder


class Page:
    """One of its pages, as a browser reads it."""

    def __init__(self, path: Path):
        self.path = path
        self.root = lxml.html.parse(str(path)).getroot()
        self.anchors = {element.get("id") for element in self.root.iter() if element.get("id")}

    def addresses(self) -> Iterator[tuple[str, str]]:
        """What it refers to: the element, and the address as it is written."""
        for element, _, address, _ in self.root.iterlinks():
            if isinstance(element.tag, str):
                yield element.tag, address


def target(page: Path, address: str) -> tuple[Path, str] | None:
    """The file and the anchor that an address of the site means; none for one of another host."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return None
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return path, unquote(parts.fragment)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Its address while it is served on a port of its own."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass
