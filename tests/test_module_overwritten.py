"""The module's file is written over while nginx runs: no page opens, and nothing breaks."""

import shutil
from pathlib import Path

import pytest

from harness.browser import Browser

CONF = """
worker_processes 2;
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; add_header X-User $saml_name_id; }
        location /proxied {
            auth_saml app;
            proxy_set_header X-User $saml_name_id;
            proxy_pass http://127.0.0.1:@PORT2@;
        }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { return 200 "backend $http_x_user"; }
    }
}
"""


pytestmark = pytest.mark.smoke


def write_over(path: Path, content: bytes) -> None:
    """As `cp` does: the same inode, emptied and filled."""
    inode = path.stat().st_ino
    path.write_bytes(content)
    assert path.stat().st_ino == inode


def another_build(content: bytes) -> bytes:
    """Other code at every address: each function of this one would begin elsewhere."""
    return content[: 64 << 10] + bytes(4096) + content[64 << 10 :]


OVER = {
    "the same": lambda content: content,
    "another": another_build,
    "shorter": lambda content: content[:4096],
    "nothing": lambda content: b"",
    "text": lambda content: b"not a module\n" * 100_000,
}


@pytest.fixture
def module(build, scratch):
    """A copy that may be written over."""
    path = scratch / "module.so"
    shutil.copy(build[0], path)
    path.chmod(0o644)
    return path


def start(nginx, module):
    return nginx(CONF, MODULE=str(module))


@pytest.mark.parametrize("over", OVER)
def test_nothing_changes(nginx, idp, module, over):
    server = start(nginx, module)
    member = Browser()
    assert idp.login(member, server.url("/page.html")).status == 303
    write_over(module, OVER[over](module.read_bytes()))
    for _ in range(8):  # both workers
        assert Browser().get(server.url("/page.html")).status == 302
        assert Browser().get(server.url("/proxied")).status == 302
        assert member.get(server.url("/page.html")).headers["X-User"] == "alice@example.org"
        assert member.get(server.url("/proxied")).text == "backend alice@example.org"
    assert idp.login(Browser(), server.url("/page.html")).status == 303


def test_a_reload_says_that_the_code_is_old(nginx, idp, module):
    server = start(nginx, module)
    member = Browser()
    idp.login(member, server.url("/page.html"))
    server.reload()
    assert "has changed since nginx was started" not in server.error_log()
    write_over(module, another_build(module.read_bytes()))
    server.reload()
    assert "has changed since nginx was started" in server.error_log()
    assert member.get(server.url("/page.html")).text == "a page\n"
    assert Browser().get(server.url("/page.html")).status == 302


def test_a_new_file_in_its_place_is_noticed_too(nginx, module):
    """As `install` and package managers do."""
    server = start(nginx, module)
    fresh = module.with_suffix(".new")
    shutil.copy(module, fresh)
    fresh.rename(module)
    server.reload()
    assert "restart it to run the new one" in server.error_log()
    assert Browser().get(server.url("/page.html")).status == 302


def test_where_the_file_stays_behind_the_code_it_closes(prepared, module, monkeypatch):
    """Under valgrind (or what looks like it) the pages stay the file's: then an error, or a dead
    worker, but never the page."""
    monkeypatch.setenv("LD_PRELOAD", "/nonexistent/vgpreload_test.so")
    server = prepared(CONF, MODULE=str(module)).start()
    monkeypatch.delenv("LD_PRELOAD")
    assert Browser().get(server.url("/page.html")).status == 302
    write_over(module, module.read_bytes())
    for path in ["/page.html", "/proxied"] * 3:
        try:
            page = Browser().get(server.url(path))
        except OSError:
            continue  # the worker died
        assert page.status >= 500 and "a page" not in page.text and "backend" not in page.text
