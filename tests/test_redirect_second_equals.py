"""A second `=` in a parameter of HTTP-Redirect: what is used is what was signed (Sustainsys CVE-2026-134822).

There the octets behind it were no part of what was verified, and part of what was used.
"""

import http.client
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.idp import Idp
from harness.logout import LogoutRequest, redirect
from harness.members import is_in, log_in
from harness.redirect_answer import RSA_SHA256, Get, RawBrowser, deflated, upper
from harness.response import Answer
from harness.site import site

CONF = site(
    idp="allow_unsolicited on;",
    sp="return_hosts app.example.org;",
    location="add_header X-User $saml_name_id;",
)
UNASKED = Answer(sign=None, in_response_to=None)
NAMES = ["SAMLResponse", "RelayState", "SigAlg", "Signature"]


def pair(query: str, name: str) -> str:
    return next(part for part in query.split("&") if part.startswith(f"{name}="))


def behind(more: str):
    return lambda query, name: query.replace(pair(query, name), pair(query, name) + more)


def in_front(more: str):
    return lambda query, name: query.replace(f"{name}=", f"{name}={more}")


def added(text: str):
    """A parameter of the same name in a spelling that only some read as one."""
    return lambda query, name: f"{query}{text.format(name)}"


def bare(query: str, name: str) -> str:
    """The name without `=` in the place of the pair."""
    return query.replace(pair(query, name), name)


def doubled(query: str, name: str) -> str:
    return query.replace(f"{name}=", f"{name}==")


REFUSED = {
    "= and more behind": behind("=//evil.example"),
    "==": doubled,
    "another value in front": in_front("//evil.example="),
    "bare": bare,
    "; and a second": behind(";x=//evil.example"),
    "a second without =": added("&{}"),
    "a second, empty": added("&{}="),
    "a second behind &&": added("&&{}=//evil.example"),
    "a second with an escaped =": lambda query, name: query.replace(f"{name}=", f"{name}%3D=") + f"&{name}",
}  # fmt: skip

# The signed octets are as they were, and nothing else is read.
HARMLESS = {
    "another name with an escaped =": added("&{}%3D//evil.example"),
    "; is no &": added("&x;{}=//evil.example"),
    "&&": lambda query, name: query.replace("&", "&&"),
    "& at the ends": lambda query, name: f"&{query}&",
    "= alone": added("&="),
    "a name in front": added("&x{}=//evil.example"),
    "another case": lambda query, name: f"{query}&{name.swapcase()}=//evil.example",
    "an index": added("&{}[]=//evil.example"),
    "a zero": added("&{}%00=//evil.example"),
    "a blank": added("&+{}=//evil.example"),
}


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect",))


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def get(server, idp) -> tuple[Get, str]:
    """A login and its answer, which nobody has altered."""
    made = Get(server, idp, RawBrowser())
    return made, made.signed(made.covered())


@pytest.mark.parametrize("name", NAMES)
def test_a_login(server, idp, name):
    for how, change in REFUSED.items():
        login, query = get(server, idp)
        assert change(query, name) != query, how
        login.refused(change(query, name))
    for change in HARMLESS.values():
        login, query = get(server, idp)
        login.logs_in(change(query, name))


def test_a_relay_state_that_was_signed_so(server, idp):
    """Where an unsolicited login leads: to all that was signed, and to nothing else."""
    for state in ("/page.html?a=b=c", "/page.html?a==b", "/page.html?=", "https://app.example.org/a?b=c=d"):
        login, _ = get(server, idp)
        login.message = deflated(idp.response(login.request, UNASKED))
        spelled = upper(state).replace("%3D", "=")
        covered = f"SAMLResponse={upper(login.message)}&RelayState={spelled}&SigAlg={upper(RSA_SHA256)}"
        for more in ("=//evil.example", "=", "%3D//evil.example"):
            evil = login.signed(covered).replace(f"RelayState={spelled}", f"RelayState={spelled}{more}")
            login.refused(evil, "signature_invalid")
        page = login.send(login.signed(covered))
        assert (page.status, page.headers["Location"].removeprefix(server.url(""))) == (303, state)


def ask(server, query: str) -> tuple[int, str | None, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"/saml/sls?{query}")
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers["Location"], text


@pytest.mark.parametrize("name", ["SAMLRequest", "RelayState", "SigAlg", "Signature"])
def test_a_logout(server, idp, name):
    member = log_in(server, idp)
    message = LogoutRequest(session_index=())
    query = urlsplit(redirect(idp, server.url("/saml/sls"), message, "a state")).query
    for how, change in REFUSED.items():
        status, _, text = ask(server, change(query, name))
        assert 400 <= status < 500, (how, status, text)
        assert is_in(server, member), how
    for how, change in HARMLESS.items():
        query = urlsplit(redirect(idp, server.url("/saml/sls"), message, "a=state=")).query
        status, location, text = ask(server, change(query, name))
        assert status == 303, (how, text)
        # What comes back is the state that was signed.
        assert parse_qs(urlsplit(location).query)["RelayState"] == ["a=state="], how
    assert not is_in(server, member)
