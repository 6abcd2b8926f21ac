"""`saml_audit_log`: one record for each login, logout, refusal and change of metadata; never a secret."""

import json
import os
import re
import signal
import socket
import threading

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, send
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(
    main="worker_processes 4;",
    http="saml_audit_log audit.log @NAME_ID@;",
    idp="metadata_refresh 1s;",
    location="auth_saml_require_attribute groups staff;",
    # nginx closes idle connections at a reload, and those that wait at a socket of `reuseport`.
    server="keepalive_timeout 0;",
)
STAFF = Attribute("groups", ["staff"])
HOSTILE = 'alice\\", \t"sp":"other"} <b>\u2028'


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


def records(server, name: str = "audit.log") -> list[dict]:
    """Every line is a record."""
    text = (server.directory / name).read_text()
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def sign_in(server, idp, **said) -> Browser:
    browser = Browser()
    page = idp.login(browser, server.url("/page.html"), Answer(attributes=[STAFF], **said))
    assert page.status == 303, page.text
    return browser


@pytest.mark.smoke
def test_who_comes_goes_and_is_refused(nginx, idp):
    server = nginx(CONF, NAME_ID="")
    browser = sign_in(server, idp, name_id=HOSTILE)
    assert browser.get(server.url("/page.html")).status == 200
    browser.get(server.url("/saml/logout"))
    stranger = Browser()
    asked = idp.asked(stranger.get(server.url("/page.html")))
    refused = stranger.post(asked.acs_url, idp.form(asked, Answer(audience="https://other.example")))
    assert refused.status == 403
    guest = Browser()
    idp.login(guest, server.url("/page.html"))
    assert guest.get(server.url("/page.html")).status == 403
    login, logout, refusal, login_of_guest, forbidden = records(server)
    who = {"sp": "app", "idp": "corp", "entity_id": idp.entity_id, "name_id": HOSTILE, "client": "127.0.0.1"}
    assert login | who == login and (login["event"], logout["event"]) == ("login", "logout_by_user")
    assert logout | who == logout and login["session"] == logout["session"]
    assert re.fullmatch(r"[0-9a-f]{32}", login["session"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", login["time"])
    assert (refusal["event"], refusal["reason"], refusal["idp"]) == ("refusal", "audience_mismatch", "corp")
    assert refusal["request_id"] in refused.text and "name_id" not in refusal
    assert login_of_guest["event"] == "login" and login_of_guest["session"] != login["session"]
    assert forbidden["reason"] == "requirement_not_met"


def test_a_plain_request_writes_nothing(nginx, idp):
    server = nginx(CONF, NAME_ID="")
    browser = sign_in(server, idp)
    for _ in range(20):
        assert browser.get(server.url("/page.html")).status == 200
    Browser().get(server.url("/page.html"))
    assert [record["event"] for record in records(server)] == ["login"]


def test_an_idp_signs_somebody_out(nginx, idp):
    server = nginx(CONF, NAME_ID="")
    sign_in(server, idp)
    sign_in(server, idp, session_index="_other")
    send(idp, server.url("/saml/sls"), LogoutRequest(session_index=()))
    *_, last = records(server)
    assert (last["event"], last["sessions"], last["name_id"]) == ("logout_by_idp", 2, "alice@example.org")


@pytest.mark.parametrize("form", ["hash", "off"])
def test_names_can_be_hidden(nginx, idp, form):
    server = nginx(CONF, NAME_ID=f"name_id={form}")
    for name_id in ("alice", "alice", "bob"):
        sign_in(server, idp, name_id=name_id, session_index=f"_{os.urandom(4).hex()}")
    names = [record.get("name_id") for record in records(server)]
    assert "alice" not in (server.directory / "audit.log").read_text()
    if form == "off":
        assert names == [None, None, None]
    else:
        assert names[0] == names[1] != names[2] and all(re.fullmatch(r"[0-9a-f]{32}", n) for n in names)


def test_metadata_that_changes_is_told_of(nginx, idp):
    server = nginx(CONF, NAME_ID="")
    new = Idp(slo=idp.slo, credential=rsa_credential("idp-new"))
    server.write("idp.xml", new.metadata())
    server.wait_for(lambda: records(server), "a record")
    [told] = records(server)
    assert (told["event"], told["idp"]) == ("metadata", "corp")
    assert any("key" in change for change in told["changes"]), told


def test_a_rotated_file_goes_on_under_its_name(nginx, idp):
    server = nginx(CONF, NAME_ID="")
    sign_in(server, idp)
    log = server.directory / "audit.log"
    log.rename(server.directory / "audit.log.1")
    os.kill(server.process.pid, signal.SIGUSR1)
    server.wait_for(log.exists, "the new file")
    server.wait_for(lambda: sign_in(server, idp, session_index=f"_{os.urandom(4).hex()}") and records(server), "a record in it")
    assert len(records(server, "audit.log.1")) >= 1


def test_no_record_is_lost_or_torn_under_load_and_reload(nginx, idp):
    server = nginx(CONF, NAME_ID="")
    done, failures = [], []

    def work(n: int):
        try:
            for step in range(12):
                sign_in(server, idp, name_id=f"user-{n}", session_index=f"_{n}-{step}")
                done.append(n)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        server.reload()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    logins = [record for record in records(server) if record["event"] == "login"]
    assert len(logins) == len(done) == 72


def test_no_secret_is_in_it(nginx, idp):
    server = nginx(CONF, NAME_ID="")
    browser = sign_in(server, idp)
    browser.get(server.url("/saml/logout"))
    text = (server.directory / "audit.log").read_text()
    secrets = [cookie.value for cookie in browser.session.cookies] + ["SAMLResponse", "_session-1", "staff"]
    assert not [secret for secret in secrets if secret and secret in text]


def test_a_syslog_server_gets_them(nginx, idp):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog:
        syslog.bind(("127.0.0.1", 0))
        syslog.settimeout(5)
        place = f"syslog:server=127.0.0.1:{syslog.getsockname()[1]},tag=saml"
        server = nginx(CONF.replace("audit.log", place), NAME_ID="")
        sign_in(server, idp)
        heading, _, record = syslog.recv(4096).decode().partition(" saml: ")
        assert heading.startswith("<") and json.loads(record)["event"] == "login"
        long = "\u00e9" * 1500
        sign_in(server, idp, name_id=long, session_index="_long")
        _, _, record = syslog.recv(65_536).decode().partition(" saml: ")
        assert json.loads(record)["name_id"] == long, "whole, as a file has it"


def test_mistakes(prepared):
    for line, why in (
        ("saml_audit_log audit.log name_id=md5;", "it must be name_id=plain, name_id=hash or name_id=off"),
        ("saml_audit_log;", 'invalid number of arguments in "saml_audit_log"'),
        ("saml_audit_log syslog:server=127.0.0.1,tag=a-b;", 'syslog "tag" only allows'),
        ("saml_audit_log /nowhere/audit.log;", "/nowhere/audit.log"),
    ):
        good, output = prepared(site(http=line)).test()
        assert not good and why in output, output
