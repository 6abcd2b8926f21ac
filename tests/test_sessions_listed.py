"""`saml_sessions`: which sessions there are, for who runs the server. To look changes nothing."""

import json

import lxml.html
import pytest

from harness.browser import Browser
from harness.crowd import CROWD_IDP, Crowd
from harness.injection import CORPUS, in_xml
from harness.members import is_in, log_in
from harness.operator import LOCATION, NAMED, OPERATORS, PATH, listed
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site
from harness.wire import ask

CONF = site(main="worker_processes 2;", listen="reuseport", server=LOCATION)
PERSON = (("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"))


@pytest.mark.smoke
def test_sessions_are_there_with_what_is_known_of_them(nginx, idp):
    server = nginx(CONF)
    assert listed(server)["sessions"] == []
    for name in ("alice", "bob"):
        log_in(server, idp, name_id=name)
    log_in(server, idp, name_id="alice")
    found = listed(server)
    assert (found["sp"], found["sps"], found["can_list"], found["next"]) == ("app", ["app"], "all", None)
    assert found["idps"] == [{"name": "corp", "entity_id": idp.entity_id, "state": "enabled"}]
    assert sorted(one["name_id"] for one in found["sessions"]) == ["alice", "alice", "bob"]
    assert len({one["session"] for one in found["sessions"]}) == 3
    one = found["sessions"][0]
    assert one["idp"] == idp.entity_id and one["counts"] and one["created"] < one["expires"]
    assert one["authn_context"] and one["authn_instant"]


def test_the_id_is_that_of_the_audit_log_and_opens_nothing(nginx, idp):
    server = nginx(site(http="saml_audit_log audit.log;", server=LOCATION))
    member = log_in(server, idp)
    [record] = [json.loads(line) for line in (server.directory / "audit.log").read_text().splitlines()]
    [one] = listed(server)["sessions"]
    assert one["session"] == record["session"]
    answer = ask(server, PATH).text
    assert all(cookie.value not in answer for cookie in member.session.cookies)


def test_searches(nginx, idp):
    server = nginx(CONF)
    for name in ("alice", "bob", "bob"):
        log_in(server, idp, name_id=name)
    count = lambda **query: len(listed(server, **query)["sessions"])  # noqa: E731
    assert count(name_id="bob") == count(name_id="bob", idp="corp") == 2
    assert count(name_id="bob", idp=idp.entity_id) == 2
    assert count(idp="corp") == count(sp="app", idp="", name_id="") == 3
    assert count(name_id="bo") == count(idp="https://other.example") == 0
    assert count(name_id="bob", idp="https://other.example") == 0
    assert (count(older_than="1h"), count(older_than="0s")) == (0, 3)


def test_who_has_signed_out_is_not_there(nginx, idp):
    server = nginx(CONF)
    member, other = log_in(server, idp), log_in(server, idp)
    member.get(server.url("/saml/logout"))
    for query in ({}, {"idp": "corp", "name_id": "alice@example.org"}):
        assert len(listed(server, **query)["sessions"]) == 1
    assert is_in(server, other)


def test_sessions_of_another_sp_are_its_own(nginx, idp):
    other = """
        saml_sp wiki {
            base_url http://localhost:@PORT@; entity_id urn:wiki; idp corp;
        }
    """
    wiki = "location = /wiki/acs { saml_acs wiki; } location /wiki/ { auth_saml wiki; }"
    server = nginx(site(http=other, server=LOCATION + wiki))
    log_in(server, idp)
    assert listed(server)["sps"] == ["wiki", "app"]
    assert listed(server)["sessions"] == listed(server, sp="wiki")["sessions"] == []
    assert len(listed(server, sp="app")["sessions"]) == 1


def test_pages(nginx):
    server = nginx(site(main="worker_processes 2;", idp="allow_unsolicited on;", server=LOCATION), files={"idp.xml": CROWD_IDP.metadata()})
    crowd = Crowd(server, CROWD_IDP)
    for n in range(300):
        crowd.enter(f"user{n}", f"_{n}")
    names, cursor, pages = [], "", 0
    while cursor is not None:
        found = listed(server, limit=25, cursor=cursor)
        assert len(found["sessions"]) <= 40
        names += [one["name_id"] for one in found["sessions"]]
        cursor, pages = found["next"], pages + 1
    assert sorted(names) == sorted(f"user{n}" for n in range(300)) and pages > 5
    crowd.close()


@pytest.mark.parametrize("query", ["sp=nobody", "cursor=x", "limit=-1", "older_than=soon"])
def test_what_is_not_understood_is_refused(nginx, query):
    server = nginx(CONF)
    answer = ask(server, f"{PATH}?{query}")
    assert (answer.status, json.loads(answer.text)["error"]) == (400, "order_invalid")


def test_methods(nginx):
    server = nginx(CONF)
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = ask(server, PATH, method=method)
        assert (answer.status, answer.all("Allow")) == (405, ["GET, HEAD, POST"])
        assert json.loads(answer.text)["error"] == "method_not_allowed"
    head = ask(server, PATH, method="HEAD")
    assert (head.status, head.text) == (200, "")


def test_it_is_a_page_that_others_guard(nginx, idp):
    guarded = """
        location = /denied { saml_sessions; deny all; }
        location = /members { auth_saml app; auth_saml_require_attribute groups admin; saml_sessions; }
        location = /get { saml_sessions; limit_except GET { deny all; } }
    """
    server = nginx(site(server=guarded + NAMED), files={"operators": OPERATORS})
    for method in ("GET", "POST", "OPTIONS"):
        assert ask(server, "/denied", method=method).status == 403
    assert ask(server, "/members").status == 401
    assert ask(server, PATH).status == 401
    assert (ask(server, "/get").status, ask(server, "/get", method="POST").status) == (200, 403)
    browser = Browser()
    idp.login(browser, server.url("/members"))
    assert browser.get(server.url("/members")).status == 403


def test_a_person_gets_a_page_without_scripts(nginx, idp):
    server = nginx(CONF)
    log_in(server, idp, name_id="alice")
    page = ask(server, PATH, *PERSON)
    assert page.status == 200 and "alice" in page.text and "<script" not in page.text
    [policy] = page.all("Content-Security-Policy")
    assert "default-src 'none'" in policy and "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    refused = Browser().get(server.url(f"{PATH}?older_than=soon"))
    assert_refused(server, refused, "order_invalid")
    assert "Nothing was done" in refused.text


@pytest.mark.parametrize("text", [text for text in CORPUS if in_xml(text)])
def test_what_wants_to_be_markup_is_text(nginx, idp, text):
    server = nginx(CONF)
    browser = Browser()
    page = idp.login(browser, server.url("/page.html"), Answer(name_id=text))
    if page.status != 303:
        pytest.skip("no NameID")
    [one] = listed(server)["sessions"]
    document = Browser().get(server.url(f"{PATH}?format=html"))
    cells = [cell.text_content() for cell in document_of(document).iter("td")]
    assert one["name_id"] in cells
    assert not list(document_of(document).iter("script", "img", "svg", "base", "object", "iframe"))
    form = next(form for form in document.forms if form.fields.get("action") == "end_session")
    done = browser.post(form.action, form.fields, headers={"Sec-Fetch-Site": "same-origin"})
    assert done.status == 200 and "One session" in done.text
    assert listed(server)["sessions"] == []


def document_of(page):
    return lxml.html.fromstring(page.text.encode())
