"""The examples of docs/authorisation.md do what the page says, as they stand there."""

import re
from collections import Counter

import pytest

from harness.browser import Browser
from harness.examples import examples, whole
from harness.members import log_in
from harness.nginx import ROOT
from harness.response import Attribute

PAGE = (ROOT / "docs/authorisation.md").read_text()


@pytest.fixture
def start(nginx, upstreams):
    """Starts what a section shows, its applications behind it; `answers` has their last requests."""

    def start(heading: str, **files: str):
        section = re.search(rf"^## {heading}\n(.*?)^## ", PAGE, re.M | re.S)
        conf = whole("\n".join(examples(section[1])))
        port = upstreams["proxy"].port
        conf = re.sub(r"127\.0\.0\.1:(3000|8081)\b", f"127.0.0.1:{port}", conf)
        conf = conf.replace("/srv/", "@DIR@/srv/")
        return nginx(conf, files={name.replace("__", "/"): text for name, text in files.items()})

    return start


def seen(upstreams, name: str) -> str | None:
    return dict(upstreams["proxy"].asked[-1]).get(name)


def test_groups(start, idp):
    server = start("Groups")
    for groups, wiki, admin in [
        (["staff"], True, False),
        (["staff", "suspended"], False, False),
        (["admin"], False, True),
        (["admin;x"], False, False),
    ]:
        person = log_in(server, idp, attributes=[Attribute("groups", groups)])
        found = [person.get(server.url(path)).status != 403 for path in ("/wiki/", "/admin/")]
        assert found == [wiki, admin], groups


def test_variables_and_map(start, idp):
    server = start("Variables and map")
    for affiliation, entitlement, status in [
        ("staff@example.edu", "", 404),
        ("alum@example.edu", "", 403),
        ("alum@example.edu", "urn:mace:dir:entitlement:common-lib-terms", 404),
    ]:
        attributes = [Attribute("affiliation", [affiliation]), Attribute("entitlement", [entitlement])]
        person = log_in(server, idp, attributes=attributes)
        # There is no such file behind it.
        assert person.get(server.url("/library/book")).status == status, affiliation


def test_limits_by_user(start, idp):
    server = start("Limits by user")
    alice = log_in(server, idp)
    bob = log_in(server, idp, name_id="bob@example.org")
    for person in (alice, bob):
        found = Counter(person.get(server.url("/api/")).status for _ in range(40))
        assert found[200] >= 21 and found[429] > 0 and found.total() == 40, found
    found = Counter(Browser().get(server.url("/api/")).status for _ in range(40))
    assert found[302] >= 21 and found[429] > 0, found
    assert alice.get(server.url("/downloads/")).status == 200


def test_files_first(start, idp, upstreams):
    files = {
        "srv__www__app__note.html": "a note\n",
        "srv__homes__alice__files__letter": "hers\n",
        "srv__homes__files__letter": "nobody's\n",
        "srv__secret__files__letter": "not hers\n",
    }
    server = start("Files first", **files)
    alice = log_in(server, idp)
    assert alice.get(server.url("/app/note.html")).text == "a note\n"
    assert alice.get(server.url("/app/other")).status == 200
    assert seen(upstreams, "HTTP_X_REMOTE_USER") == "alice@example.org"
    assert alice.get(server.url("/files/letter")).text == "hers\n"
    for name in ("../secret", "..@example.org", "a/../../secret@example.org", "Alice", "."):
        mallory = log_in(server, idp, name_id=name)
        assert mallory.get(server.url("/files/letter")).status == 403, name
    for path in ("/app/note.html", "/app/other", "/files/letter"):
        assert Browser().get(server.url(path)).status == 302, path


def test_a_service_that_decides(start, idp, upstreams):
    server = start("A service that decides")
    assert Browser().get(server.url("/reports/1")).status == 302
    assert not upstreams["proxy"].asked
    alice = log_in(server, idp)
    assert alice.get(server.url("/reports/1"), headers={"X-Plan": "gold"}).status == 200
    asked, told = (dict(pairs) for pairs in upstreams["proxy"].asked)
    assert asked["HTTP_X_ORIGINAL_URI"] == "/reports/1"
    assert asked["HTTP_X_REMOTE_USER"] == told["HTTP_X_REMOTE_USER"] == "alice@example.org"
    assert "HTTP_X_PLAN" not in told
    assert alice.get(server.url("/permission")).status == 404
