"""The audit log tells of sessions that end without a logout: each once, with why, whoever comes by it."""

import json

import pytest

from harness.browser import Browser
from harness.crowd import CROWD_IDP, Crowd
from harness.members import is_in, log_in
from harness.operator import LOCATION, listed, order
from harness.response import Answer, Attribute
from harness.site import site
from harness.wire import ask, cookie_header

CONF = site(
    main="worker_processes 4;",
    http="saml_audit_log audit.log; saml_session_store small { zone small @ZONE@; }",
    idp="allow_unsolicited on;",
    sp="session_store small; session_lifetime @LIFETIME@; session_idle_timeout @IDLE@;",
    # nginx closes idle connections at a reload.
    server="keepalive_timeout 0; location = /status { saml_status; }" + LOCATION,
)
USUAL = {"ZONE": "4m", "LIFETIME": "1h", "IDLE": "off"}
CROWD = {"idp.xml": CROWD_IDP.metadata()}


def records(server, event: str = "session_end") -> list[dict]:
    lines = (server.directory / "audit.log").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["event"] == event]


def counted(server) -> dict[str, int]:
    events = json.loads(ask(server, "/status").text)["events"]
    return {one["reason"]: one["count"] for one in events if one["event"] == "session_end"}


@pytest.mark.smoke
@pytest.mark.parametrize("why, values", [("idle", {"IDLE": "1s"}), ("lifetime", {"LIFETIME": "1s"})])
def test_who_goes_away_is_told_of_though_nobody_comes_by(nginx, idp, why, values):
    server = nginx(CONF, **USUAL | values)
    log_in(server, idp)
    server.wait_for(lambda: records(server), "a record")
    [login], [end] = records(server, "login"), records(server)
    same = ("sp", "idp", "entity_id", "name_id", "session")
    assert [end[field] for field in same] == [login[field] for field in same]
    assert end["why"] == why and end["began"] == login["time"] < end["ended"] <= end["time"]
    assert "client" not in end and "request_id" not in end, "nobody has asked for it"
    assert counted(server) == {why: 1}


def test_whose_look_up_finds_it_over_tells_of_it_once(nginx, idp):
    server = nginx(CONF, **USUAL | {"LIFETIME": "1s"})
    members = [log_in(server, idp, name_id=f"user-{n}") for n in range(8)]
    server.wait_for(lambda: not any(is_in(server, member) for member in members), "the end")
    server.wait_for(lambda: len(records(server)) == 8, "all records")
    log_in(server, idp)
    assert sorted(end["name_id"] for end in records(server)) == [f"user-{n}" for n in range(8)]


def test_a_login_in_the_same_browser_replaces_a_session(nginx, idp):
    server = nginx(CONF, **USUAL)
    browser = log_in(server, idp, name_id="alice")
    page = idp.login(browser, server.url("/saml/login?return=/page.html"), Answer(name_id="bob"))
    assert page.status == 303
    first, second = records(server, "login")
    [end] = records(server)
    assert (end["why"], end["name_id"], end["session"]) == ("replaced", "alice", first["session"])
    assert (end["client"], end["request_id"]) == ("127.0.0.1", second["request_id"])
    assert second["session"] != first["session"] and counted(server) == {"replaced": 1}


def test_a_session_that_was_over_is_not_replaced(nginx, idp):
    server = nginx(CONF, **USUAL | {"LIFETIME": "1s"})
    browser = log_in(server, idp)
    server.wait_for(lambda: not is_in(server, browser), "the end")
    idp.login(browser, server.url("/saml/login?return=/page.html"))
    server.wait_for(lambda: len(records(server)) == 2, "both ends")
    assert {end["why"] for end in records(server)} == {"lifetime"}


def test_who_has_to_make_room_is_told_of(nginx, idp):
    server = nginx(CONF, **USUAL | {"ZONE": "256k"})
    filler = [Attribute("filler", ["x" * 8000])]
    for n in range(60):
        log_in(server, idp, name_id=f"user-{n}", attributes=filler)
        if n == 30:
            server.reload()
    evicted = {end["name_id"]: end["session"] for end in records(server)}
    assert {end["why"] for end in records(server)} == {"evicted"}
    assert len(evicted) == len(records(server)) == counted(server)["evicted"] > 20
    alive = {one["name_id"]: one["session"] for one in listed(server, limit=500)["sessions"]}
    logins = {login["name_id"]: login["session"] for login in records(server, "login")}
    assert evicted | alive == logins and not evicted.keys() & alive.keys()


@pytest.mark.slow
def test_thousands_end_at_once_and_a_reload_is_in_between(nginx):
    server = nginx(CONF, files=CROWD, **USUAL | {"LIFETIME": "6s"})
    crowd = Crowd(server)
    for n in range(1500):
        crowd.enter(f"user-{n}", f"_{n}")
        if n == 700:
            crowd.close()
            server.reload()
            crowd = Crowd(server)
    crowd.close()
    server.wait_for(lambda: len(records(server)) >= 1500, "all ends", seconds=60)
    server.reload()
    ends = records(server)
    assert sorted(end["session"] for end in ends) == sorted(login["session"] for login in records(server, "login"))
    assert {end["why"] for end in ends} == {"lifetime"} and counted(server) == {"lifetime": 1500}


def test_who_signs_out_or_is_signed_out_has_another_record(nginx, idp):
    server = nginx(CONF, **USUAL | {"LIFETIME": "3s"})
    log_in(server, idp).get(server.url("/saml/logout"))
    log_in(server, idp, name_id="bob")
    order(server, "end_name_id", idp="corp", name_id="bob")
    log_in(server, idp, name_id="carol")
    order(server, "end_all")
    server.wait_for(lambda: is_in(server, log_in(server, idp, name_id="dave")), "a login after the order")
    server.wait_for(lambda: records(server), "the end of the last")
    assert [end["name_id"] for end in records(server)] == ["dave"]


def test_nobody_looks_when_there_is_no_log(nginx, idp):
    server = nginx(CONF.replace("saml_audit_log audit.log;", ""), **USUAL | {"LIFETIME": "1s"})
    browser = log_in(server, idp)
    server.wait_for(lambda: not is_in(server, browser), "the end")
    assert counted(server) == {}


SHARED = """
worker_processes 2;
events {}
http {
    saml_audit_log audit.log;
    saml_session_store shared { memcached @NODE@; secret session.key; }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        session_store shared;
        session_lifetime @LIFETIME@;
    }
    server {
        listen @ADDRESS@:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}


@pytest.mark.parametrize("with_cookie", [True, False])
def test_with_memcached_another_host_tells(twins, memcacheds, idp, with_cookie):
    (node,) = memcacheds()
    one, two = twins(SHARED, files=SECRET, NODE=node.address, LIFETIME="1h")
    browser = log_in(one, idp, name_id="alice")
    asked = idp.asked(browser.towards(two).get(two.url("/saml/login?return=/page.html")))
    form = idp.form(asked, Answer(name_id="bob"))
    if with_cookie:
        page = browser.post(asked.acs_url, form)
    else:
        name, value = cookie_header(browser, "_request_")
        page = Browser().towards(two).post(asked.acs_url, form, headers={name: value})
    assert page.status == 303, page.text
    logins, ends = records(one, "login"), records(two)
    assert len(logins) == len(ends) == 1, (logins, ends)
    [login], [end] = logins, ends
    assert (end["why"], end["session"], end["sp"]) == ("replaced", login["session"], "app")
    assert end.get("name_id") == ("alice" if with_cookie else None)


def test_with_memcached_nobody_hears_of_the_end_by_itself(twins, memcacheds, idp):
    """And a copy that a host gives up is no session's end."""
    (node,) = memcacheds()
    one, two = twins(SHARED, files=SECRET, NODE=node.address, LIFETIME="1s")
    browser = log_in(one, idp)
    one.wait_for(lambda: not is_in(one, browser) and not is_in(two, browser), "the end")
    assert records(one) == records(two) == []
