"""nginx-conf/apps/proxy-header.conf in front of Node: what its own reader of headers makes of all that comes."""

import json
import shutil

import pytest

from harness.app_site import FORGED, detours, lies
from harness.members import log_in
from harness.nginx import free_ports, wait_for_port
from harness.response import Attribute
from harness.wire import ask, cookie_header

NODE = shutil.which("node") or shutil.which("nodejs")
pytestmark = pytest.mark.skipif(NODE is None, reason="apt-get install nodejs")
APPLICATION = """
require('http').createServer((request, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({user: request.headers['x-remote-user'], method: request.method, url: request.url,
    headers: request.headers}));
}).listen(Number(process.argv[2]), '127.0.0.1');
"""


@pytest.fixture
def server(app_site, tmp_path, run):
    (tmp_path / "app.js").write_text(APPLICATION)
    (port,) = free_ports(1)
    node = run(NODE, tmp_path / "app.js", str(port))
    wait_for_port(port, node, 60)
    return app_site("proxy-header.conf", "/app/who", {r"127\.0\.0\.1:3000": f"127.0.0.1:{port}"}, sp="attribute mail mail;")


def test_a_member(server, idp):
    browser = log_in(server, idp, attributes=[Attribute("mail", ["alice.a@example.org"])])
    _, session = cookie_header(browser)
    hosts = [("X-Forwarded-Host", FORGED), ("Forwarded", f"host={FORGED}"), ("X-Original-URL", f"/{FORGED}")]
    answer = ask(server, "/app/who?x=1", ("Cookie", f"theirs=1; {session}"), *hosts, *lies([]))
    told = json.loads(answer.text)
    assert (told["user"], told["method"], told["url"]) == ("alice@example.org", "GET", "/app/who?x=1")
    assert told["headers"]["x-remote-mail"] == "alice.a@example.org"
    assert FORGED not in answer.text and told["headers"]["cookie"] == "theirs=1"
    assert told["headers"]["x-forwarded-host"] == "127.0.0.1"


def test_a_stranger(server):
    for path in detours("/app/who"):
        answer = ask(server, path, *lies([]))
        assert answer.status in (301, 302, 400, 401, 403, 404) and '"user"' not in answer.text, path
