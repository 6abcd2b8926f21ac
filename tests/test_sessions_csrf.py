"""`saml_sessions`: an order is the operator's own; no other site, and no other operator's page, gives it."""

import base64
import json

from harness.browser import Browser
from harness.members import is_in, log_in
from harness.operator import NAMED, OPERATORS, PATH, listed, post
from harness.site import site
from harness.wire import ask

CONF = site(server=NAMED)


def basic(name: str) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{name}:{name}".encode()).decode()


ROOT, EVE = basic("root"), basic("eve")


def start(nginx):
    return nginx(CONF, files={"operators": OPERATORS})


def end_all(token: str) -> dict[str, str]:
    return {"sp": "app", "action": "end_all", "token": token}


def test_another_site_gives_no_orders_even_with_a_token(nginx, idp):
    server = start(nginx)
    member = log_in(server, idp)
    token = listed(server, ROOT)["token"]
    for header in (
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "none"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
    ):
        answer = post(server, end_all(token), ROOT, header)
        assert (answer.status, json.loads(answer.text)["error"]) == (403, "order_cross_site")
    assert is_in(server, member)
    assert post(server, end_all(token), ROOT, ("Origin", server.url("").rstrip("/"))).status == 200
    assert not is_in(server, member)


def test_without_the_own_token_nothing_is_done(nginx, idp):
    server = start(nginx)
    member = log_in(server, idp)
    mine, eves = listed(server, ROOT)["token"], listed(server, EVE)["token"]
    for token in ("", "x", eves, mine[:-2], mine + "AA", 10_000 * "A"):
        answer = post(server, end_all(token), ROOT, ("Sec-Fetch-Site", "same-origin"))
        assert (answer.status, json.loads(answer.text)["error"]) == (403, "order_token_invalid")
    assert is_in(server, member)


def test_looking_has_no_effect_whatever_the_query_says(nginx, idp):
    server = start(nginx)
    member = log_in(server, idp)
    token = listed(server, ROOT)["token"]
    for method in ("GET", "HEAD"):
        assert ask(server, f"{PATH}?sp=app&action=end_all&token={token}", ROOT, method=method).status == 200
    assert is_in(server, member)


def test_the_buttons_of_the_page_work(nginx, idp):
    server = start(nginx)
    member = log_in(server, idp)
    operator = Browser()
    operator.session.headers |= {ROOT[0]: ROOT[1], "Sec-Fetch-Site": "same-origin"}
    page = operator.get(server.url(PATH))
    actions = {form.fields["action"]: form for form in page.forms if "action" in form.fields}
    assert actions.keys() == {"end_session", "end_name_id", "end_idp", "disable_idp", "end_all"}
    done = operator.send(actions["end_session"])
    assert done.status == 200 and "One session of" in done.text
    assert not is_in(server, member)
    done = operator.send(actions["disable_idp"])
    assert "corp is disabled" in done.text
    actions = {form.fields.get("action"): form for form in operator.get(server.url(PATH)).forms}
    assert "disable_idp" not in actions
    assert "corp is enabled" in operator.send(actions["enable_idp"]).text
    search = next(form for form in page.forms if form.method.upper() == "GET")
    assert operator.send(search, name_id="alice@example.org", older_than="1h").status == 200
