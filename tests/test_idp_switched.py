"""`saml_sessions`: an IdP that is disabled while nginx runs, as if its block said `disabled on`, until it is enabled."""

import json

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.members import assert_all_workers, log_in
from harness.operator import LOCATION, listed, order, post
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site
from harness.wire import ask

OTHER = Idp("https://other.example.org", "https://other.example.org/sso", credential=rsa_credential("other"))
CONF = site(
    main="worker_processes 2;",
    listen="reuseport",
    http="saml_idp other { metadata other.xml; } saml_audit_log audit.log;",
    idp="allow_unsolicited on; @DISABLED@",
    sp="idp other;",
    server=LOCATION + " location = /status { saml_status; }",
)
FILES = {"other.xml": OTHER.metadata()}


def start(nginx, disabled: str = ""):
    return nginx(CONF, files=FILES, DISABLED=disabled)


def states(server) -> dict[str, str]:
    [sp] = json.loads(ask(server, "/status").text)["sps"]
    return {idp["name"]: idp["state"] for idp in sp["idps"]}


@pytest.mark.smoke
def test_nobody_comes_in_and_nobody_stays_until_it_is_enabled(nginx, idp):
    server = start(nginx)
    member, other = log_in(server, idp), Browser().towards(server)
    OTHER.login(other, server.url("/saml/login?idp=other&return=/page.html"))
    assert_all_workers(server, member, True)
    order(server, "disable_idp", idp="corp")
    assert_all_workers(server, member, False)
    assert_all_workers(server, other, True)
    assert_refused(server, Browser().get(server.url("/saml/login?idp=corp")), "idp_disabled")
    assert OTHER.login(Browser(), server.url("/page.html")).status == 303, "the next one is the default"
    assert {one["name"]: one["state"] for one in listed(server)["idps"]} == {"corp": "disabled", "other": "enabled"}
    assert states(server) == {"corp": "disabled", "other": "ready"}
    [one] = [one for one in listed(server)["sessions"] if one["idp"] == idp.entity_id]
    assert not one["counts"]
    order(server, "enable_idp", idp="corp")
    assert_all_workers(server, member, True)
    assert states(server) == {"corp": "ready", "other": "ready"}
    records = [json.loads(line) for line in (server.directory / "audit.log").read_text().splitlines()]
    told = [(one["event"], one["idp"]) for one in records if one["event"].startswith("idp_")]
    assert told == [("idp_disabled", "corp"), ("idp_enabled", "corp")]


def test_logins_under_way_are_refused(nginx, idp):
    server = start(nginx)
    browser = Browser()
    asked = idp.asked(browser.get(server.url("/page.html")))
    order(server, "disable_idp", idp="corp")
    assert_refused(server, browser.post(asked.acs_url, idp.form(asked)), "idp_disabled")
    unasked = idp.form(asked, Answer(in_response_to=None))
    for _ in range(8):
        assert_refused(server, Browser().post(asked.acs_url, unasked), "idp_disabled")


def test_a_reload_keeps_it_and_a_restart_does_not(nginx, idp):
    server = start(nginx)
    member = log_in(server, idp)
    order(server, "disable_idp", idp="corp")
    server.reload()
    assert_all_workers(server, member, False)
    assert states(server)["corp"] == "disabled"
    server.stop()
    server.start()
    assert states(server)["corp"] == "ready"


def test_what_the_configuration_disables_is_for_it_to_enable(nginx):
    server = start(nginx, "disabled on;")
    assert listed(server)["idps"][0]["state"] == "disabled_by_configuration"
    token = listed(server)["token"]
    for action in ("enable_idp", "disable_idp"):
        answer = post(server, {"sp": "app", "action": action, "idp": "corp", "token": token})
        assert (answer.status, json.loads(answer.text)["error"]) == (400, "order_invalid")
