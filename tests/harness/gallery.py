"""Every page of the module with samples, as files and on a port of its own."""

import contextlib
import http.server
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from harness.nginx import ROOT


def write(home: Path, languages: list[str]) -> dict[str, Path]:
    """A folder for each language."""
    run = ["cargo", "run", "-q", "-p", "pages", "--example", "gallery", "--"]
    for language in languages:
        subprocess.run([*run, home / language, language], cwd=ROOT, check=True, env=os.environ)
    return {language: home / language for language in languages}


def names(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("*.html"))


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


@contextlib.contextmanager
def served(folders: dict[str, Path]) -> Iterator[str]:
    """The base of URLs like `/en/00-sign_in_failed`."""
    handler = type("Gallery", (Pages,), {"folders": folders})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
