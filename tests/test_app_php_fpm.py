"""nginx-conf/apps/php-fpm.conf in front of php-fpm: who the user is in PHP, and what is never shown."""

import os
import shutil

import pytest

from harness.app_site import FORGED, detours, lies
from harness.members import log_in
from harness.response import Attribute
from harness.wire import ask, cookie_header

FPM = shutil.which("php-fpm8.2", path="/usr/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(FPM is None, reason="apt-get install php8.2-fpm")

POOL = """
[global]
daemonize = no
error_log = {directory}/fpm.log
[www]
{user}
listen = {directory}/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = 1
"""
# Everything that PHP has been told, whatever its name.
SCRIPT = """<?php header('Content-Type: text/plain');
foreach ($_SERVER as $name => $value) { echo "$name=", is_string($value) ? $value : '', "\\n"; }
echo file_get_contents('php://input');
"""
FILES = {
    "srv/www/php/index.php": SCRIPT,
    "srv/www/php/lib/db.inc": "<?php $password = 'secret';",
    "srv/www/php/config.php~": "<?php $password = 'secret';",
    "srv/www/php/.env": "PASSWORD=secret",
    "srv/www/php/.git/config": "secret",
    "srv/www/php/upload/picture.png": "<?php echo 'secret';",
    "srv/www/php/style.css": "a style",
}


@pytest.fixture
def server(app_site, folder, run):
    user = "user = nobody\ngroup = nogroup" if os.geteuid() == 0 else ""
    (folder / "pool.conf").write_text(POOL.format(directory=folder, user=user))
    run(FPM, "--nodaemonize", "--fpm-config", folder / "pool.conf", "-n")
    changes = {r"/srv/www": "@DIR@/srv/www", r"unix:/run/php/php8\.2-fpm\.sock": f"unix:{folder}/fpm.sock"}
    server = app_site("php-fpm.conf", "/php/index.php", changes, files=FILES, sp="attribute mail mail;")
    server.wait_for((folder / "fpm.sock").exists, "php-fpm")
    return server


@pytest.fixture
def session(server, idp):
    return cookie_header(log_in(server, idp, attributes=[Attribute("mail", ["alice.a@example.org"])]))


def told(answer) -> dict[str, str]:
    return dict(line.split("=", 1) for line in answer.text.splitlines() if "=" in line)


@pytest.mark.parametrize("path", ["/php/index.php", "/php/", "/php/index.php/more/info?x=1"])
def test_a_member(server, session, path):
    cookie = ("Cookie", f"theirs=1; {session[1]}")
    answer = ask(server, path, cookie, ("Proxy", FORGED), ("Content-Type", "text/plain"), *lies(["Proxy-User"])[:-5])
    assert answer.status == 200, answer.text
    seen = told(answer)
    assert (seen["REMOTE_USER"], seen["REMOTE_MAIL"]) == ("alice@example.org", "alice.a@example.org")
    assert FORGED not in answer.text and "PHP_AUTH_USER" not in seen
    assert seen["HTTP_COOKIE"] == "theirs=1"
    if "more" in path:
        assert (seen["PATH_INFO"], seen["SCRIPT_NAME"], seen["QUERY_STRING"]) == ("/more/info", "/php/index.php", "x=1")


def test_a_body(server, session):
    body = b"a" * 100_000
    assert ask(server, "/php/index.php", session, method="POST", body=body).text.endswith("a" * 100_000)
    assert ask(server, "/php/index.php", session, method="POST", body=bytes(21 << 20)).status == 413


def test_a_stranger(server):
    for path in [*detours("/php/index.php"), "/php/style.css", "/php/upload/picture.png"]:
        answer = ask(server, path, *lies([]))
        assert answer.status in (301, 302, 400, 401, 403, 404), path
        assert "REMOTE_ADDR" not in answer.text and "a style" not in answer.text, path


def test_what_is_not_for_the_web(server, session):
    assert ask(server, "/php/style.css", session).text == "a style"
    for path in [
        "/php/lib/db.inc", "/php/config.php~", "/php/.env", "/php/.git/config", "/php/%2egit/config",
        "/php/upload/picture.png/x.php", "/php/upload/picture.png%00.php", "/php/index.php.", "/php/none.php",
        "/php/..%2findex.php", "/php/lib/db.inc/.php",
    ]:  # fmt: skip
        answer = ask(server, path, session)
        assert answer.status in (400, 404), (path, answer.status)
        assert "secret" not in answer.text and "<?php" not in answer.text, path
