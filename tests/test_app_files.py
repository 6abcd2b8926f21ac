"""nginx-conf/apps/static.conf and webdav.conf: nginx's own autoindex and dav modules."""

import os

import pytest

from harness.app_site import detours
from harness.members import log_in
from harness.response import Attribute
from harness.wire import ask, cookie_header

EDITORS, STAFF = [[Attribute("groups", [group])] for group in ("editors", "staff")]
FILES = {
    "srv/www/files/report.txt": "secret report",
    "srv/www/files/plans/a.txt": "secret plan",
    "srv/www/files/.git/config": "secret key",
    "srv/www/filesystem/other.txt": "secret other",
    "srv/dav/shared/report.txt": "secret report",
    "srv/dav/shared/.htpasswd": "secret hash",
    "srv/dav/.uploads/x": "",
    "srv/outside.txt": "secret outside",
}
REFUSED = (301, 302, 400, 401, 403, 404, 405, 409)


@pytest.fixture
def static(app_site):
    server = app_site("static.conf", "/files/report.txt", {r"/srv/www": "@DIR@/srv/www"}, files=FILES)
    (server.directory / "srv/www/files/link").symlink_to(server.directory / "nginx.conf")
    return server


@pytest.fixture
def dav(app_site):
    server = app_site("webdav.conf", "/shared/report.txt", {r"/srv/dav": "@DIR@/srv/dav"}, files=FILES)
    for path in [server.directory / "srv/dav", *(server.directory / "srv/dav").rglob("*")]:
        path.chmod(0o777)
    (server.directory / "srv/dav/shared/link").symlink_to(server.directory / "srv/outside.txt")
    return server


def session(server, idp, attributes=()):
    return cookie_header(log_in(server, idp, attributes=list(attributes)))


def test_static(static, idp):
    alice = session(static, idp)
    assert ask(static, "/files/report.txt", alice).text == "secret report"
    page = ask(static, "/files/", alice)
    assert 'href="plans/"' in page.text and page.headers["Content-Security-Policy"] == "sandbox"
    assert ask(static, "/files/plans/a.txt", alice).text == "secret plan"
    for path in ("/files/.git/config", "/files/%2egit/config", "/files../www/filesystem/other.txt", "/files/../filesystem/other.txt"):
        assert ask(static, path, alice).status in (400, 404), path
    if os.geteuid() == 0:
        # The link is root's and so is its target; nobody's link to it would not be followed.
        os.lchown(static.directory / "srv/www/files/link", 65534, 65534)
        assert ask(static, "/files/link", alice).status == 403


def test_static_strangers(static):
    for path in [*detours("/files/report.txt"), "/files/", "/files/plans/", "/files/plans"]:
        answer = ask(static, path)
        assert answer.status in REFUSED and "secret" not in answer.text and "plans" not in answer.text, path


def test_dav_editors(dav, idp):
    editor = session(dav, idp, EDITORS)
    root = dav.directory / "srv/dav/shared"
    assert ask(dav, "/shared/new.txt", editor, method="PUT", body=b"new").status == 201
    assert ask(dav, "/shared/new.txt", editor).text == "new"
    assert ask(dav, "/shared/folder/", editor, method="MKCOL").status == 201
    to = ("Destination", dav.url("/shared/folder/moved.txt"))
    assert ask(dav, "/shared/new.txt", editor, to, method="MOVE").status in (201, 204)
    assert (root / "folder/moved.txt").read_text() == "new" and not (root / "new.txt").exists()
    assert ask(dav, "/shared/folder/moved.txt", editor, method="DELETE").status == 204


def test_dav_readers(dav, idp):
    """Who is of another group reads, and changes nothing by whatever method."""
    reader = session(dav, idp, STAFF)
    assert ask(dav, "/shared/report.txt", reader).text == "secret report"
    assert ask(dav, "/shared/report.txt", reader, method="HEAD").status == 200
    for method in ("PUT", "DELETE", "MKCOL", "COPY", "MOVE", "POST", "PROPFIND", "PATCH", "put"):
        to = ("Destination", dav.url("/shared/taken.txt"))
        override = ("X-HTTP-Method-Override", method)
        answer = ask(dav, "/shared/report.txt", reader, to, override, method=method, body=b"x" if method == "PUT" else b"")
        assert answer.status in (400, 403, 405), (method, answer.status)
    ask(dav, "/shared/report.txt", reader, ("X-HTTP-Method-Override", "DELETE"))
    assert (dav.directory / "srv/dav/shared/report.txt").read_text() == "secret report"
    assert not (dav.directory / "srv/dav/shared/taken.txt").exists()


def test_dav_destinations(dav, idp):
    """Nothing gets out of the folder, nor into what nobody sees."""
    editor = session(dav, idp, EDITORS)
    for target in ("/../outside.txt", "/shared/../../outside.txt", "/%2e%2e/outside.txt", "/shared/..%2f..%2foutside.txt",
                   "//evil.example/shared/x", "https://evil.example/shared/x", "shared/x", "/", "/shared",
                   "/shared/.htaccess", "/other", "/sharedx/y", "/shared/%2ehidden"):  # fmt: skip
        for method in ("COPY", "MOVE"):
            answer = ask(dav, "/shared/report.txt", editor, ("Destination", target), method=method)
            assert answer.status >= 400, (method, target, answer.status)
    assert (dav.directory / "srv/outside.txt").read_text() == "secret outside"
    assert (dav.directory / "srv/dav/shared/report.txt").read_text() == "secret report"
    for path in ("/shared/.htpasswd", "/shared/link", "/shared/%2ehtpasswd"):
        assert ask(dav, path, editor).status in (403, 404), path
        # In the place of a link, and not where it leads.
        wanted = (204,) if path == "/shared/link" else (403, 404, 405)
        assert ask(dav, path, editor, method="PUT", body=b"x").status in wanted, path
    assert ask(dav, "/shared/", editor, method="DELETE").status in (403, 405, 409)
    assert (dav.directory / "srv/outside.txt").read_text() == "secret outside"


def test_dav_strangers(dav):
    for path in detours("/shared/report.txt"):
        for method in ("GET", "PUT", "DELETE", "MKCOL", "COPY", "MOVE"):
            to = ("Destination", dav.url("/shared/taken.txt"))
            answer = ask(dav, path, to, method=method, body=b"x" if method == "PUT" else b"")
            assert answer.status in REFUSED and "secret" not in answer.text, (method, path, answer.status)
    assert {path.name for path in (dav.directory / "srv/dav/shared").iterdir()} == {"report.txt", ".htpasswd", "link"}
