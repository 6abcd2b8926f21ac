"""`logout_notify` to several applications: each hears, one that fails hears it again, and all must have heard."""

import json
import threading

import pytest

from harness.hang_up import asking
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import (
    PARTIAL_LOGOUT,
    SOAP_HEADERS,
    LogoutRequest,
    assert_success,
    document,
    enveloped,
    received,
    send,
)
from harness.members import is_in, log_in
from harness.site import site

NOTICE = """
location = /told/{name} {{
    internal;
    proxy_pass {url}/{name};
    proxy_pass_request_headers off;
    proxy_set_header X-User $saml_name_id;
    proxy_set_header X-Index $saml_session_index;
    proxy_read_timeout 1s;
}}
"""
NAMES = ("wiki", "mail", "shop")
SP = rsa_credential("sp").certificate


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


@pytest.fixture
def server(nginx, backend):
    paths = " ".join(f"/told/{name}" for name in NAMES)
    notices = "".join(NOTICE.format(name=name, url=backend.url) for name in NAMES)
    status = "location = /status { saml_status; }"
    return nginx(
        site(
            main="worker_processes 2;",
            http="saml_audit_log audit.log;",
            sp=f"logout_notify {paths};",
            server=notices + status,
        )
    )


def asked(backend) -> dict[str, int]:
    paths = [one.path.strip("/") for one in backend.asked]
    return {name: paths.count(name) for name in NAMES}


def notices(server) -> dict[str, tuple[bool, int]]:
    """What the audit log says of each application: has it heard, at which attempt."""
    records = [json.loads(line) for line in (server.directory / "audit.log").read_text().splitlines()]
    told = [record for record in records if record["event"] == "logout_notify"]
    assert all(record["name_id"] == "alice@example.org" and record["idp"] == "corp" for record in told)
    assert all(record["sp"] == "app" and record["request_id"] for record in told)
    found = {one["application"].rpartition("/")[2]: (one["heard"], one["attempts"]) for one in told}
    assert len(found) == len(told), "one record for each application"
    return found


def answers(**statuses):
    """Each application answers with these, one after the other, and then with 200."""
    left = {name: list(status) for name, status in statuses.items()}

    def answer(asked):
        mine = left.get(asked.path.strip("/"), [])
        return (mine.pop(0) if mine else 200, "text/plain", b"")

    return answer


@pytest.mark.smoke
@pytest.mark.parametrize("binding", ["redirect", "soap"])
def test_each_hears_who_and_which(server, idp, backend, binding):
    member = log_in(server, idp, "_one")
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(session_index=("_one",)), binding), SP)
    assert not is_in(server, member)
    assert asked(backend) == {name: 1 for name in NAMES}
    assert {one.headers["X-User"] for one in backend.asked} == {"alice@example.org"}
    assert {one.headers["X-Index"] for one in backend.asked} == {"_one"}
    assert notices(server) == {name: (True, 1) for name in NAMES}


def test_one_that_fails_once_hears_it_again(server, idp, backend):
    backend.answer = answers(mail=[503])
    log_in(server, idp)
    assert_success(send(idp, server.url("/saml/sls"), binding="soap"), SP)
    assert asked(backend) == {"wiki": 1, "mail": 2, "shop": 1}
    assert notices(server) == {"wiki": (True, 1), "mail": (True, 2), "shop": (True, 1)}


def test_those_that_fail_are_named_and_the_idp_hears_of_it(server, idp, backend):
    """One is always unwell, one does not want to hear it; the sessions here have ended all the same."""
    backend.answer = answers(wiki=9 * [500], shop=9 * [403])
    member = log_in(server, idp)
    server.expected = "logout_notify"
    answer = received(send(idp, server.url("/saml/sls"), binding="soap"))
    assert answer.sub_status == PARTIAL_LOGOUT
    assert not is_in(server, member)
    assert asked(backend) == {"wiki": 3, "mail": 1, "shop": 1}
    assert notices(server) == {"wiki": (False, 3), "mail": (True, 1), "shop": (False, 1)}
    [line] = [line for line in server.error_log().splitlines() if "logout_notify_failed" in line]
    assert "/told/wiki answered with status 500, 3 times" in line
    assert "/told/shop answered with status 403" in line and "/told/mail" not in line


def test_one_that_is_slow_holds_up_no_other(server, idp, backend):
    """It answers when the others have been told, and not before: one after the other, none would be."""
    others = threading.Event()

    def answer(asked):
        names = {one.path.strip("/") for one in backend.asked}
        if names == set(NAMES):
            others.set()
        heard = others.wait(5)
        return (200 if heard else 403, "text/plain", b"")

    backend.answer = answer
    log_in(server, idp)
    assert_success(send(idp, server.url("/saml/sls"), binding="soap"), SP)
    assert notices(server) == {name: (True, 1) for name in NAMES}


def test_one_that_hangs_is_given_up(server, idp, backend):
    go_on = threading.Event()

    def answer(asked):
        if asked.path == "/mail":
            go_on.wait(30)
        return (200, "text/plain", b"")

    backend.answer = answer
    member = log_in(server, idp)
    server.expected = "logout_notify|upstream timed out"
    try:
        answered = received(send(idp, server.url("/saml/sls"), binding="soap"))
    finally:
        go_on.set()
    assert answered.sub_status == PARTIAL_LOGOUT
    assert not is_in(server, member)
    assert notices(server) == {"wiki": (True, 1), "mail": (False, 3), "shop": (True, 1)}


def test_a_logout_that_begins_here_says_of_which_session(server, idp, backend):
    member = log_in(server, idp)
    member.get(server.url("/saml/logout"))
    assert asked(backend) == {name: 1 for name in NAMES}
    lines = (server.directory / "audit.log").read_text().splitlines()
    login, logout, *told = map(json.loads, lines)
    assert [one["event"] for one in told] == 3 * ["logout_notify"]
    assert {one["session"] for one in told} == {login["session"]} == {logout["session"]}


def test_they_are_counted(server, idp, backend):
    backend.answer = answers(wiki=9 * [500])
    log_in(server, idp)
    server.expected = "logout_notify"
    send(idp, server.url("/saml/sls"), binding="soap")
    metrics = log_in(server, idp).get(server.url("/status?format=openmetrics")).text
    assert 'saml_logout_notices_total{sp="app",idp="corp",heard="yes"} 2' in metrics
    assert 'saml_logout_notices_total{sp="app",idp="corp",heard="no"} 1' in metrics


@pytest.mark.parametrize("leaves", [False, True])
def test_sixteen_at_once_each_told_thrice(nginx, idp, backend, leaves):
    """The most that a configuration may name; also when nobody waits for the answer any more."""
    names = [f"/told/{n}" for n in range(16)]
    backend.answer = lambda asked: (502, "text/plain", b"")
    locations = f"location /told/ {{ internal; proxy_pass {backend.url}; }}"
    server = nginx(site(sp=f"logout_notify {' '.join(names)};", server=locations))
    server.expected = "logout_notify"
    member = log_in(server, idp)
    if leaves:
        envelope = enveloped(document(idp, server.url("/saml/sls"), LogoutRequest()))
        with asking(server, "abort", "POST", "/saml/sls", SOAP_HEADERS, envelope):
            pass
    else:
        assert received(send(idp, server.url("/saml/sls"), binding="soap")).sub_status == PARTIAL_LOGOUT
    server.wait_for(lambda: len(backend.asked) == 48, "all attempts")
    server.wait_for(lambda: "logout_notify_failed" in server.error_log(), "the end")
    assert not is_in(server, member)
