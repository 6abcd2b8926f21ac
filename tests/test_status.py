"""`saml_status`: how all SPs are, as JSON, as a page and as metrics that Prometheus' own parser reads."""

import json

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

from harness.browser import Browser
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site
from harness.wire import ask, cookie_header

STATUS = "location = /status { saml_status; allow 127.0.0.1; deny all; }"
CONF = site(main="worker_processes 2;", listen="reuseport", server=STATUS)
METRICS = ("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")


def status(server) -> dict:
    answer = ask(server, "/status")
    assert (answer.status, answer.all("Content-Type")) == (200, ["application/json"])
    assert answer.all("Cache-Control") == ["no-store"]
    return json.loads(answer.text)


def metrics(server) -> dict[tuple, float]:
    """By name and labels."""
    answer = ask(server, "/status", METRICS)
    assert answer.all("Content-Type") == ["application/openmetrics-text; version=1.0.0; charset=utf-8"]
    samples = [sample for family in parse(answer.text) for sample in family.samples]
    found = {(one.name, *sorted(one.labels.items())): one.value for one in samples}
    assert len(found) == len(samples), "none is there twice"
    return found


def labelled(name: str, **labels: str) -> tuple:
    return (name, *sorted(labels.items()))


@pytest.mark.smoke
def test_logins_logouts_and_refusals_are_counted_by_all_workers(nginx, idp):
    server = nginx(CONF)
    browsers = [Browser() for _ in range(6)]
    for browser in browsers:
        idp.login(browser, server.url("/page.html"))
        assert browser.get(server.url("/page.html")).status == 200
    browsers[0].get(server.url("/saml/logout"))
    for _ in range(3):
        late = Browser()
        asked = idp.asked(late.get(server.url("/page.html")))
        page = late.post(asked.acs_url, idp.form(asked, Answer(audience="https://other.example")))
        assert_refused(server, page, "audience_mismatch")
    found = metrics(server)
    assert found[labelled("saml_logins_total", sp="app", idp="corp")] == 6
    assert found[labelled("saml_logouts_total", sp="app", idp="corp", by="user")] == 1
    refused = labelled("saml_refusals_total", sp="app", idp="corp", reason="audience_mismatch")
    assert found[refused] == 3
    [sessions] = [value for (name, *_), value in found.items() if name == "saml_sessions"]
    assert sessions == 5
    assert found[labelled("saml_session_look_ups_total", ended="zone")] >= 6
    assert found[labelled("saml_healthy")] == 1
    server.reload()
    kept = metrics(server)
    assert kept[labelled("saml_logins_total", sp="app", idp="corp")] == 6, "a reload keeps them"


def test_look_ups_say_where_they_ended(nginx, idp):
    server = nginx(site(server=STATUS))
    browser = Browser()
    idp.login(browser, server.url("/page.html"))
    cookie = cookie_header(browser, "saml_session")
    before = status(server)["look_ups"]["ended"]
    for _ in range(10):
        ask(server, "/page.html", cookie)
    ask(server, "/page.html", ("Cookie", "saml_session=" + 43 * "A"))
    after = status(server)["look_ups"]["ended"]
    ended = {name: after[name] - before[name] for name in after}
    assert ended == {"worker": 9, "zone": 1, "memcached": 0, "nowhere": 1, "failed": 0}


def test_what_is_configured_is_there(nginx):
    server = nginx(CONF)
    found = status(server)
    [sp] = found["sps"]
    assert (sp["name"], sp["entity_id"]) == ("app", server.url("/saml/metadata"))
    [idp] = sp["idps"]
    assert (idp["name"], idp["state"], idp["members"]) == ("corp", "ready", None)
    [certificate] = sp["certificates"]
    assert certificate["seconds_left"] > 0
    [store] = found["session_stores"]
    assert store["nodes"] == [] and 0 <= store["used_bytes"] < store["bytes"]
    assert found["version"] and found["built_for"].startswith("nginx/")


def test_a_person_gets_a_page(nginx):
    server = nginx(CONF)
    page = ask(server, "/status", ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"), ("Accept", "text/html"))
    assert page.status == 200 and "People can log in." in page.text
    assert page.all("Content-Type") == ["text/html; charset=utf-8"]
    [policy] = page.all("Content-Security-Policy")
    assert "default-src 'none'" in policy and "<script" not in page.text
    for query, content_type in (("html", "text/html; charset=utf-8"), ("json", "application/json")):
        assert ask(server, f"/status?format={query}").all("Content-Type") == [content_type]
    assert ask(server, "/status?format=openmetrics").text.endswith("# EOF\n")


def test_it_is_a_page_that_others_may_guard(nginx, idp):
    """Unlike endpoints: what stands in front of it decides."""
    guarded = """
        location = /denied { saml_status; deny all; }
        location = /members { auth_saml app; auth_saml_require_attribute groups admin; saml_status; }
        location = /get { saml_status; limit_except POST { deny all; } }
    """
    server = nginx(site(server=guarded))
    assert ask(server, "/denied").status == 403
    assert ask(server, "/get").status == 403
    assert ask(server, "/members").status == 401
    browser = Browser()
    idp.login(browser, server.url("/members"))
    assert browser.get(server.url("/members")).status == 403
    for method in ("POST", "DELETE", "OPTIONS"):
        assert ask(server, "/denied", method=method).status == 403


def test_only_reading(nginx):
    server = nginx(CONF)
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        refused = ask(server, "/status", method=method)
        assert (refused.status, refused.all("Allow")) == (405, ["GET, HEAD"])
    head = ask(server, "/status", method="HEAD")
    assert (head.status, head.text) == (200, "")


NODES = """
    saml_session_store shared {
        memcached @NODES@; memcached_timeout 300ms; cache_valid 0s; secret session.key;
    }
"""
SECRET = {"session.key": "0123456789abcdef" * 4}


def test_health_follows_memcached(nginx, idp, memcacheds):
    [node] = memcacheds()
    conf = site(http=NODES, sp="session_store shared;", server=STATUS)
    server = nginx(conf, files=SECRET, NODES=node.address)
    browser = Browser()
    idp.login(browser, server.url("/page.html"))
    assert browser.get(server.url("/page.html")).status == 200
    good = ask(server, "/status?health")
    assert (good.status, json.loads(good.text)) == (200, {"status": "ok", "problems": []})
    found = metrics(server)
    assert found[labelled("saml_memcached_up", store="shared", node=node.address)] == 1
    assert found[labelled("saml_memcached_wait_seconds_count")] >= 1
    assert found[labelled("saml_session_look_ups_total", ended="memcached")] >= 1
    node.kill()
    server.wait_for(lambda: ask(server, "/status?health").status == 503, "the node's end is seen")
    problems = json.loads(ask(server, "/status?health").text)["problems"]
    assert problems == ['no memcached node of saml_session_store "shared" answers']
    node.start()
    server.wait_for(lambda: ask(server, "/status?health").status == 200, "it is back")


def test_a_server_without_sps_has_a_status_too(nginx):
    conf = "events {} http { server { listen 127.0.0.1:@PORT@; location / { saml_status; } } }"
    server = nginx(conf)
    found = json.loads(ask(server, "/").text)
    assert (found["sps"], found["events"], found["problems"]) == ([], [], [])


def test_it_takes_no_argument_and_shares_no_location(prepared):
    for line, why in (
        ("saml_status app;", 'invalid number of arguments in "saml_status"'),
        ("saml_status; saml_acs app;", "has a SAML handler already"),
        ("saml_status; proxy_pass http://127.0.0.1:1;", "has another handler too"),
    ):
        good, output = prepared(site(server=f"location = /status {{ {line} }}")).test()
        assert not good and why in output, output
