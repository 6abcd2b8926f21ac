"""nginx-conf/apps: identity comes from the session alone, and nothing reaches an application without one.

Here the application is one that writes down what it is asked; test_app_*.py have real ones.
"""

import re
from dataclasses import dataclass

import pytest

from harness.app_site import APPS, FORGED, HANDSHAKE, METHODS, PRETENCES, detours, lies
from harness.members import log_in
from harness.nginx import ROOT
from harness.response import Attribute
from harness.wire import ask, cookie_header

ALICE, MAIL = "alice@example.org", "alice.a@example.org"
ATTRIBUTES = [
    Attribute("mail", [MAIL]), Attribute("groups", ["operators", "editors"]), Attribute("displayname", ["Alice"]),
]  # fmt: skip
PROXIED = {"X_REMOTE_USER": ALICE, "X_REMOTE_MAIL": MAIL}
ADDRESS = {r"proxy_pass http://127\.0\.0\.1:\d+": "proxy_pass http://127.0.0.1:@UPSTREAM@"}


@dataclass(frozen=True)
class App:
    """A snippet: one of its addresses, what the application hears of a person, what else it would believe."""

    name: str
    path: str
    heard: dict[str, str]
    believed: tuple[str, ...] = ()
    websocket: bool = False
    cookies: bool = True
    port: str = "proxy"


GRAFANA = {"X_WEBAUTH_USER": ALICE, "X_WEBAUTH_EMAIL": MAIL, "X_WEBAUTH_NAME": "Alice",
           "X_WEBAUTH_GROUPS": "operators,editors"}  # fmt: skip
GRAFANA_BELIEVES = ("X-WEBAUTH-EMAIL", "X-WEBAUTH-NAME", "X-WEBAUTH-GROUPS", "X-WEBAUTH-ROLE", "X-JWT-Assertion")
JENKINS = {"X_FORWARDED_USER": ALICE, "X_FORWARDED_MAIL": MAIL, "X_FORWARDED_GROUPS": "operators,editors",
           "X_FORWARDED_DISPLAYNAME": "Alice"}  # fmt: skip
JENKINS_BELIEVES = ("X-Forwarded-Mail", "X-Forwarded-DisplayName", "X-Forwarded-Groups")
APPLICATIONS = [
    App("proxy-header.conf", "/app/page", PROXIED, (
        "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Scheme", "X-Forwarded-Ssl",
        "X-Forwarded-Proto", "Forwarded", "X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override",
    )),
    App("jwt.conf", "/wiki/page", PROXIED),
    App("websocket.conf", "/chat/socket", PROXIED, websocket=True),
    App("s3.conf", "/media/film", PROXIED, (
        "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256",
    ), cookies=False),
    App("grafana.conf", "/grafana/d/1", GRAFANA | PROXIED, GRAFANA_BELIEVES),
    App("grafana.conf", "/grafana/api/live/ws", GRAFANA | PROXIED, GRAFANA_BELIEVES, websocket=True),
    App("grafana-jwt.conf", "/grafana/d/1", PROXIED, GRAFANA_BELIEVES),
    App("grafana-jwt.conf", "/grafana/api/live/ws", PROXIED, GRAFANA_BELIEVES, websocket=True),
    App("opensearch-dashboards.conf", "/dashboards/app/home", {
        "X_PROXY_USER": ALICE, "X_PROXY_ROLES": "operators,editors", "X_FORWARDED_FOR": "127.0.0.1",
    }, (
        "X-Proxy-User", "X-Proxy-Roles", "X-Forwarded-For", "opendistro_security_impersonate_as",
        "opensearch_security_impersonate_as",
    )),
    App("kibana.conf", "/kibana/app/home", PROXIED, ("Es-Client-Authentication", "Es-Security-Runas-User")),
    App("jenkins.conf", "/jenkins/job/1", JENKINS | PROXIED, (*JENKINS_BELIEVES, "X-Forwarded-Host", "Forwarded")),
    App("jenkins.conf", "/jenkins/cli/ws", JENKINS | PROXIED, JENKINS_BELIEVES, websocket=True),
    App("prometheus.conf", "/prometheus/graph", PROXIED),
    App("prometheus.conf", "/alertmanager/api/v2/alerts", PROXIED),
]  # fmt: skip
#: The header that has the token, and the audience in it.
TOKENS = {"jwt.conf": "AUTHORIZATION", "kibana.conf": "AUTHORIZATION", "grafana-jwt.conf": "X_JWT_ASSERTION"}
GROUPS = {"sp": "attribute mail mail; attribute_separator ',';"}


def name(app: App) -> str:
    return f"{app.name}-{app.path}"


@pytest.fixture
def start(app_site, upstreams):
    def start(app: App):
        changes = {old: new.replace("@UPSTREAM@", str(upstreams["proxy"].port)) for old, new in ADDRESS.items()}
        return app_site(app.name, app.path, changes, **GROUPS)

    return start


each = pytest.mark.parametrize("app", APPLICATIONS, ids=name)


@each
def test_a_member(start, upstreams, idp, app):
    """Of all that is forged nothing arrives; of cookies those of others; each name once."""
    server = start(app)
    _, session = cookie_header(log_in(server, idp, attributes=ATTRIBUTES))
    headers = [("Cookie", f"theirs=1; {session}; more=2"), ("Connection", "close, X-Remote-User, X-WEBAUTH-USER")]
    upgrade = [("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk")]
    lied = lies([*app.believed, *(header.replace("_", "-") for header in app.heard)])
    answer = ask(server, app.path, *headers, *upgrade, *lied)
    assert answer.status == 200, answer.text
    heard = {key.removeprefix("HTTP_"): value for key, value in upstreams["proxy"].last().items()}
    assert {key: heard.get(key) for key in app.heard} == app.heard
    assert FORGED not in str(heard)
    assert heard.get("COOKIE") == ("theirs=1; more=2" if app.cookies else None)
    assert heard.get("UPGRADE") == ("websocket" if app.websocket else None)
    assert heard["CONNECTION"] in ("close", "upgrade" if app.websocket else "close")
    token = TOKENS.get(app.name)
    assert ("AUTHORIZATION" in heard) == (token == "AUTHORIZATION")
    if token:
        assert heard[token].removeprefix("Bearer ").count(".") == 2, "a signed token"


@each
def test_a_stranger(start, upstreams, app):
    server = start(app)
    for headers in PRETENCES:
        for method in METHODS:
            answer = ask(server, app.path, *headers, method=method)
            assert answer.status in (302, 400, 401, 403, 405), (method, headers, answer.status)
    for path in detours(app.path):
        for headers in ([], lies(app.believed)):
            answer = ask(server, path, *headers)
            assert answer.status in (301, 302, 400, 401, 403, 404), (path, answer.status)
    assert ask(server, f"127.0.0.1:{server.port}", method="CONNECT").status in (400, 405)
    assert ask(server, f"http://127.0.0.1{app.path}").status == 401, "the address whole, as to a proxy"
    assert ask(server, "/guarded").status == 401, "a subrequest"
    assert FORGED not in ask(server, "/included.html").text
    assert upstreams["proxy"].asked == []


@each
def test_no_other_location_takes_it(start, upstreams, idp, app):
    """`location ~* \\.(css|js|png|php)$` of the server has no say here."""
    server = start(app)
    session = cookie_header(log_in(server, idp, attributes=ATTRIBUTES))
    if app.path == "/jenkins/cli/ws":
        return  # one address
    ask(server, f"{app.path}/x.png", session)
    assert upstreams["proxy"].last()["REQUEST"].startswith("GET /")


@pytest.mark.parametrize("app", [app for app in APPLICATIONS if app.websocket], ids=name)
def test_a_websocket_alone_is_opened(start, upstreams, idp, app):
    server = start(app)
    session = cookie_header(log_in(server, idp, attributes=ATTRIBUTES))
    refused = ask(server, app.path, ("Upgrade", "websocket"), *HANDSHAKE)
    assert (refused.status, upstreams["proxy"].asked) == (401, [])
    for wanted in ("h2c", "TLS/1.2", "websocket, h2c"):
        ask(server, app.path, session, ("Upgrade", wanted), *HANDSHAKE)
        assert upstreams["proxy"].last()["HTTP_UPGRADE"] == "websocket", wanted


@pytest.mark.parametrize(("name", "path", "audience"), [
    ("jwt.conf", "/wiki/", "https://wiki.internal"),
    ("kibana.conf", "/kibana/", "elasticsearch"),
    ("grafana-jwt.conf", "/grafana/", "grafana"),
    ("grafana-jwt.conf", "/grafana/api/live/ws", "grafana"),
])  # fmt: skip
def test_a_token_is_for_its_application(start, upstreams, idp, browser, name, path, audience):
    import jwt

    server = start(App(name, path, {}))
    session = cookie_header(log_in(server, idp, attributes=ATTRIBUTES))
    ask(server, path, session)
    token = upstreams["proxy"].last()[f"HTTP_{TOKENS[name]}"].removeprefix("Bearer ")
    keys = jwt.PyJWKClient(server.url("/saml/jwks"))
    key = keys.get_signing_key_from_jwt(token)
    assert jwt.decode(token, key, algorithms=["RS256"], audience=audience)["sub"] == ALICE


@pytest.mark.parametrize(("path", "expected"), [
    ("/prometheus/-/quit", 404),
    ("/prometheus/-/reload", 404),
    ("/prometheus//-/quit", 404),
    ("/prometheus/x/..%2f-/quit", 404),
    ("/prometheus/%2d/quit", 404),
    ("/prometheus/api/v1/admin/tsdb/delete_series", 404),
    ("/prometheus/api//v1/./admin/tsdb/snapshot", 404),
    ("/prometheus/debug/pprof/", 404),
    ("/prometheus/api/v1/query?query=up", 200),
    ("/alertmanager/-/reload", 404),
    ("/alertmanager/debug/pprof/", 404),
])  # fmt: skip
def test_prometheus_keeps_its_switches(start, upstreams, idp, path, expected):
    server = start(App("prometheus.conf", "/prometheus/", {}))
    session = cookie_header(log_in(server, idp, attributes=ATTRIBUTES))
    for method in ("GET", "POST", "PUT"):
        assert ask(server, path, session, method=method).status == expected
    assert bool(upstreams["proxy"].asked) == (expected == 200)


@pytest.mark.parametrize("path", ["/prometheus/graph", "/alertmanager/"])
def test_prometheus_is_for_a_group(start, upstreams, idp, path):
    server = start(App("prometheus.conf", path, {}))
    session = cookie_header(log_in(server, idp, attributes=[Attribute("groups", ["staff"])]))
    assert ask(server, path, session, *lies(["groups"])).status == 403
    assert upstreams["proxy"].asked == []


def test_s3_asks_for_a_file_and_nothing_else(start, upstreams, idp):
    server = start(App("s3.conf", "/media/", {}))
    session = cookie_header(log_in(server, idp))
    for query in ("?acl", "?policy", "?list-type=2", "?versions", "?X-Amz-Signature=x&X-Amz-Credential=y", "?", "%3facl"):
        ask(server, f"/media/film{query}", session)
        wanted = "GET /media/film%3Facl HTTP/1.0" if query == "%3facl" else "GET /media/film HTTP/1.0"
        assert upstreams["proxy"].last()["REQUEST"] == wanted
        assert upstreams["proxy"].last()["HTTP_HOST"] == "media.internal:9000"
    ask(server, "/media/a%2f..%2f..%2fother/film", session)
    assert "other" not in upstreams["proxy"].last()["REQUEST"]
    heard = len(upstreams["proxy"].asked)
    for method in ("PUT", "POST", "DELETE"):
        assert ask(server, "/media/film", session, method=method, body=b"x").status in (403, 413), method
    assert len(upstreams["proxy"].asked) == heard


def test_all_are_tried():
    tried = "".join(path.read_text() for path in (ROOT / "tests").glob("test_app*.py"))
    assert {path.name for path in APPS.glob("*.conf")} <= set(re.findall(r'"([a-z0-9-]+\.conf)"', tried))
