"""`saml_sessions`: an operator ends sessions; every worker and a reload keep them ended, and the record says who did it."""

import base64
import json

import pytest

from harness.backend import Backend
from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.members import assert_all_workers, is_in, log_in, log_in_again, who_is_in
from harness.operator import FORM, LOCATION, NAMED, OPERATORS, PATH, listed, order, post
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site
from harness.wire import ask

OTHER = Idp("https://other.example.org", "https://other.example.org/sso", credential=rsa_credential("other"))
CONF = site(
    main="worker_processes 2;",
    listen="reuseport",
    http="saml_idp other { metadata other.xml; } saml_audit_log audit.log;",
    sp="idp other;",
    server=NAMED,
)
FILES = {"operators": OPERATORS, "other.xml": OTHER.metadata()}


def basic(name: str) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{name}:{name}".encode()).decode()


ROOT = basic("root")


def records(server, event: str) -> list[dict]:
    lines = (server.directory / "audit.log").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["event"] == event]


def log_in_at_other(server, name_id: str = "alice@example.org") -> Browser:
    browser = Browser().towards(server)
    page = OTHER.login(browser, server.url("/saml/login?idp=other&return=/page.html"), Answer(name_id=name_id))
    assert page.status == 303, page.text
    return browser


@pytest.mark.smoke
def test_one(nginx, idp):
    server = nginx(CONF, files=FILES)
    member, other = log_in(server, idp), log_in(server, idp)
    both = listed(server, ROOT)["sessions"]
    ended = order(server, "end_session", ROOT, idp="corp", name_id="alice@example.org", session=both[0]["session"])
    assert (ended["sessions"], ended["idp"]) == (1, idp.entity_id)
    assert sorted(who_is_in(server, member, other)) == [False, True]
    [left] = listed(server, ROOT)["sessions"]
    assert left["session"] == both[1]["session"]
    again = order(server, "end_session", ROOT, idp="corp", name_id="alice@example.org", session=both[0]["session"])
    assert again["sessions"] == 0
    record, _ = records(server, "logout_by_operator")
    assert (record["operator"], record["session"], record["sessions"]) == ("root", both[0]["session"], 1)
    assert (record["sp"], record["idp"], record["client"]) == ("app", "corp", "127.0.0.1")


def test_a_name_that_nobody_has_checked_is_no_operators(nginx, idp):
    server = nginx(site(http="saml_audit_log audit.log;", server=LOCATION))
    log_in(server, idp)
    assert order(server, "end_all", ROOT)["sessions"] is None
    [record] = records(server, "logout_by_operator")
    assert "operator" not in record


def test_all_of_a_name_id(nginx, idp):
    server = nginx(CONF, files=FILES)
    members = [log_in(server, idp) for _ in range(3)]
    bob, elsewhere = log_in(server, idp, name_id="bob"), log_in_at_other(server)
    ended = order(server, "end_name_id", ROOT, idp="corp", name_id="alice@example.org")
    assert ended["sessions"] == 3
    assert who_is_in(server, *members, bob, elsewhere) == [False, False, False, True, True]
    for member in members:
        assert_all_workers(server, member, False)
    assert is_in(server, log_in_again(server, idp))


def test_a_login_under_way_is_ended_with_all_of_its_name_id(nginx, idp):
    server = nginx(CONF, files=FILES)
    browser = Browser()
    asked = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(asked)
    order(server, "end_name_id", ROOT, idp="corp", name_id="alice@example.org")
    assert_refused(server, browser.post(asked.acs_url, form), "assertion_logged_out")
    assert listed(server, ROOT)["sessions"] == []


def test_all_of_an_idp(nginx, idp):
    server = nginx(CONF, files=FILES)
    members = [log_in(server, idp, name_id=f"user{n}") for n in range(5)]
    elsewhere = log_in_at_other(server)
    assert_all_workers(server, members[0], True)
    ended = order(server, "end_idp", ROOT, idp="corp")
    assert ended["sessions"] is None, "nobody has counted them"
    for member in members:
        assert_all_workers(server, member, False, times=6)
    assert_all_workers(server, elsewhere, True)
    assert {one["idp"] for one in listed(server, ROOT)["sessions"]} == {OTHER.entity_id}
    server.reload()
    assert_all_workers(server, members[0], False)
    server.wait_for(lambda: is_in(server, log_in(server, idp)), "a new session")
    [record] = records(server, "logout_by_operator")
    assert (record["operator"], record["entity_id"]) == ("root", idp.entity_id)
    assert "name_id" not in record and "sessions" not in record


def test_all_of_an_sp(nginx, idp):
    server = nginx(CONF, files=FILES)
    members = [log_in(server, idp), log_in_at_other(server)]
    order(server, "end_all", ROOT)
    for member in members:
        assert_all_workers(server, member, False)
    assert listed(server, ROOT)["sessions"] == []
    [record] = records(server, "logout_by_operator")
    assert record["operator"] == "root" and "entity_id" not in record and "idp" not in record


def test_another_sp_with_the_same_idp_and_store_keeps_its_own(nginx, idp):
    conf = site(
        http="""
            saml_sp wiki {
                base_url http://localhost:@PORT@; entity_id urn:wiki; idp corp; cookie_name wiki;
            }
        """,
        server=LOCATION
        + """
            location = /wiki/acs { saml_acs wiki; }
            location /wiki/ { auth_saml wiki; alias html/; }
        """,
    )
    server = nginx(conf)
    member, reader = log_in(server, idp), Browser()
    asked = idp.asked(reader.get(f"http://localhost:{server.port}/wiki/page.html"))
    form = idp.form(asked)
    assert reader.post(asked.acs_url, form).status == 303
    reads = lambda: reader.get(f"http://localhost:{server.port}/wiki/page.html").status  # noqa: E731
    assert reads() == 200 and is_in(server, member)
    order(server, "end_all")
    assert not is_in(server, member) and reads() == 200
    order(server, "disable_idp", idp="corp")
    assert reads() == 200
    order(server, "end_idp", sp="wiki", idp="corp")
    assert reads() == 302


def test_an_sp_with_several_origins_is_one(nginx, idp):
    conf = f"""
    events {{}}
    http {{
        saml_idp corp {{ metadata idp.xml; }}
        saml_sp app {{
            base_url http://127.0.0.1:@PORT@ http://localhost:@PORT@;
            entity_id urn:app;
            idp corp;
            logout_notify /notify;
        }}
        server {{
            listen 127.0.0.1:@PORT@;
            server_name localhost 127.0.0.1;
            include saml-endpoints.conf;
            location / {{ auth_saml app; root html; }}
            location = /notify {{ internal; return 200 heard; }}
            {LOCATION}
        }}
    }}
    """
    server = nginx(conf)
    pages = [server.url("/page.html"), f"http://localhost:{server.port}/page.html"]
    browsers = [Browser(), Browser()]
    for browser, page in zip(browsers, pages):
        assert idp.login(browser, page).status == 303
    who = lambda: [browser.get(page).status for browser, page in zip(browsers, pages)]  # noqa: E731
    assert who() == [200, 200]
    found = listed(server)
    assert (found["sps"], len(found["sessions"])) == (["app"], 2)
    assert len(listed(server, idp="corp", name_id="alice@example.org")["sessions"]) == 2
    order(server, "disable_idp", idp="corp")
    assert who() == [403, 403]
    order(server, "enable_idp", idp="corp")
    assert who() == [200, 200]
    ended = order(server, "end_name_id", idp="corp", name_id="alice@example.org")
    assert (ended["sessions"], ended["application_heard"]) == (2, True)
    assert who() == [302, 302]


def test_ended_sessions_stay_ended_when_their_idp_leaves_and_comes_back(nginx, idp):
    server = nginx(CONF, files=FILES)
    elsewhere = log_in_at_other(server)
    order(server, "end_idp", ROOT, idp="other")
    server.configure(CONF.replace("idp other;", ""))
    server.reload()
    assert_all_workers(server, elsewhere, False)
    server.configure(CONF)
    server.reload()
    assert_all_workers(server, elsewhere, False)


def test_it_is_counted(nginx, idp):
    status = "location = /status { saml_status; }"
    server = nginx(site(server=LOCATION + status))
    log_in(server, idp)
    order(server, "end_name_id", idp="corp", name_id="alice@example.org")
    events = json.loads(ask(server, "/status").text)["events"]
    assert [one["count"] for one in events if one["event"] == "logout_by_operator"] == [1]
    assert 'by="operator"' in ask(server, "/status?format=openmetrics").text


def test_the_application_hears_of_it(nginx, idp):
    backend = Backend()
    notify = """
        location = /notify {
            internal;
            proxy_pass @BACKEND@/logged-out;
            proxy_pass_request_headers off;
            proxy_set_header X-User $saml_name_id;
        }
    """
    conf = site(sp="logout_notify /notify;", server=LOCATION + notify)
    server = nginx(conf, BACKEND=backend.url)
    member = log_in(server, idp)
    ended = order(server, "end_name_id", idp="corp", name_id="alice@example.org")
    assert (ended["sessions"], ended["application_heard"]) == (1, True)
    [heard] = backend.asked
    assert heard.headers["X-User"] == "alice@example.org"
    assert not is_in(server, member)
    backend.stop()
    log_in_again(server, idp)
    ended = order(server, "end_name_id", idp="corp", name_id="alice@example.org")
    assert (ended["sessions"], ended["application_heard"]) == (1, False)
    assert "logout_notify_failed" in server.error_log()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"action": "end_everything"},
        {"action": "end_name_id", "idp": "corp"},
        {"action": "end_session", "idp": "corp", "name_id": "alice"},
        {"action": "end_all", "sp": "nobody"},
        {"action": "disable_idp", "idp": "nobody"},
    ],
)
def test_what_is_no_order_does_nothing(nginx, idp, fields):
    server = nginx(CONF, files=FILES)
    member = log_in(server, idp)
    token = listed(server, ROOT)["token"]
    answer = post(server, {"sp": "app", "token": token, **fields}, ROOT)
    assert (answer.status, json.loads(answer.text)["error"]) == (400, "order_invalid")
    assert is_in(server, member)


def test_bodies(nginx, idp):
    server = nginx(site(server=LOCATION + "client_max_body_size 1m;"))
    token = listed(server)["token"]
    for headers, body in (
        ((FORM,), b"x=" + 100_000 * b"x"),
        ((("Content-Type", "application/json"),), b"{}"),
        ((("Content-Type", "multipart/form-data; boundary=x"),), b"--x--"),
        ((), f"sp=app&action=end_all&token={token}".encode()),
    ):
        answer = ask(server, PATH, *headers, method="POST", body=body)
        assert (answer.status, json.loads(answer.text)["error"]) == (400, "order_invalid")
    chunked = ask(server, PATH, FORM, ("Transfer-Encoding", "chunked"), method="POST", body=b"5\r\nsp=ap\r\n0\r\n\r\n")
    assert chunked.status == 400
