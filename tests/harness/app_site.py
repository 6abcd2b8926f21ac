"""A site with one of nginx-conf/apps in it, and what attacks each of them alike."""

import re
import subprocess
from pathlib import Path

import pytest

from harness.nginx import ROOT, Nginx, ends_within
from harness.site import site

APPS = ROOT / "nginx-conf/apps"

# Beside the application: what other people's servers have, by which a request could slip past it.
BESIDE = """
    root html;
    location ~* \\.(css|js|png|php)$ { root html; }
    location = /page.html { auth_saml app; }
    location = /guarded { auth_request @APP_PATH@; try_files /index.html =404; }
    location = /included.html { ssi on; }
"""

#: What some application takes for the user's name, or for more.
IDENTITY = [
    "Remote-User", "X-Remote-User", "X-Remote-Mail", "X-User", "X-Forwarded-User",
    "X-Forwarded-Email", "X-Auth-Request-User", "X-WEBAUTH-USER",
]  # fmt: skip
FORGED = "f0rged"


def lies(names) -> list[tuple[str, str]]:
    """Each header as it is, in other letters, and by the names that become the same in CGI or Rack.

    Authorization once: nginx takes no second one.
    """
    spelled = [
        shape
        for name in dict.fromkeys([*IDENTITY, *names])
        for shape in (name, name.lower(), name.upper(), name.replace("-", "_"), name.replace("-", "."))
    ]
    return [("Authorization", f"Basic {FORGED}"), *((name, FORGED) for name in spelled)]


def detours(path: str) -> list[str]:
    """Other ways to write an address, or to come near it."""
    first = path.strip("/").split("/")[0]
    rest = path.removeprefix(f"/{first}")
    encoded = f"%{ord(first[0]):02x}{first[1:]}"
    return [
        f"/{first}", f"//{first}{rest}", f"/./{first}{rest}", f"/x/../{first}{rest}",
        f"/x/..%2f{first}{rest}", f"/%2e/{first}{rest}", f"/{encoded}{rest}", f"/{first}%2f{rest[1:]}",
        f"/{first}/%2e%2e{path}", f"/{first}/.;{rest}", f"/{first};a=b{rest}", f"/{first.upper()}{rest}",
        f"{path}%00", f"{path}%20", f"{path}/", f"{path}//", f"{path}?x", f"{path}%3fx", f"{path}.css",
        f"{path}x.png", f"{path}.php", f"{path}/x.php/y.css", f"/saml/acs{path}", f"/saml/login/..{path}",
        f"/saml/metadata/%2e%2e/%2e%2e{path}",
    ]  # fmt: skip


HANDSHAKE = [("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "YQ==")]
#: Without a session nobody gets in, whatever they say.
PRETENCES = [
    [],
    [("Cookie", "saml_session=" + "A" * 43)],
    [("Cookie", "__Host-saml_session=" + "A" * 43)],
    [("Authorization", "Basic Zm9yZ2VkOng=")],
    [("Authorization", "Bearer forged")],
    [("Upgrade", "websocket"), *HANDSHAKE],
    [("Upgrade", "h2c"), ("Connection", "Upgrade, HTTP2-Settings"), ("HTTP2-Settings", "AAMAAABk")],
    [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "PUT")],
    [("X-Original-URL", "/"), ("X-Rewrite-URL", "/"), ("X-Http-Method-Override", "GET")],
    [("X-Forwarded-For", "127.0.0.1"), ("X-Real-IP", "127.0.0.1"), ("Forwarded", "for=127.0.0.1")],
]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "MOVE", "get"]


def tuned(name: str, server: Nginx, changes: dict[str, str]) -> None:
    """The shipped file with addresses and folders of this test: each change must be of something there."""
    path: Path = server.directory / "apps" / name
    text = path.read_text()
    for old, new in changes.items():
        changed = re.sub(old, server.fill(new), text)
        assert changed != text, f"{name} has no {old}"
        text = changed
    path.write_text(text)


@pytest.fixture
def folder(scratch) -> Path:
    """For an application's socket and files; nginx's workers get there, which they do not in tmp_path."""
    made = scratch / "app"
    made.mkdir()
    made.chmod(0o755)
    return made


@pytest.fixture
def run():
    """Starts an application's process, which ends with the test, whatever becomes of that."""
    started = []

    def run(*arguments, **options) -> subprocess.Popen:
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **options}
        started.append(subprocess.Popen(arguments, **options))
        return started[-1]

    yield run
    for process in started:
        process.terminate()
        if not ends_within(process, 5):
            process.kill()
            process.wait()


@pytest.fixture
def app_site(prepared):
    """Starts a site with an application: `app_site("grafana.conf", "/grafana/", {regex: text})`."""
    started = []

    def start(name: str, path: str, changes: dict[str, str], *, files=(), public: int | None = None, **parts):
        """`public` is the port that browsers know, when something else is in front."""
        parts = {"server": f"{BESIDE}\ninclude apps/{name};", **parts}
        conf = site(**parts).replace("location / { auth_saml app; root html; }", "", 1)
        if "location / {" not in (APPS / name).read_text():
            conf = conf.replace("include saml-endpoints.conf;", "include saml-endpoints.conf; location / { return 404; }")
        if public:
            conf = re.sub(r"http://127\.0\.0\.1:@PORT@", f"http://127.0.0.1:{public}", conf)
        standard = {
            "included.html": f'<!--#include virtual="{path}" -->',
            **{each: Path("/etc/nginx", each).read_text() for each in ("fastcgi_params", "uwsgi_params")},
        }
        standard["html/included.html"] = standard.pop("included.html")
        server = prepared(conf, files={**standard, **dict(files)}, APP_PATH=path)
        tuned(name, server, changes)
        started.append(server.start())
        return server

    yield start
    for server in started:
        server.finish()
