"""A good Response where, when or by whom it must not be used.

See also test_replay.py (one browser after the other, after logout) and test_two_sps.py.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.attack import assert_beaten_off
from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.response import Answer

CONF = """
worker_processes @WORKERS@;
events {}
http {
    saml_idp corp { metadata idp.xml; @IDP@ }
    saml_idp other { metadata other.xml; @IDP@ }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://app.example.org;
        idp corp;
        idp other;
    }
    saml_sp wiki {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://wiki.example.org;
        cookie_name wiki;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / { auth_saml app; add_header X-User $saml_name_id; root html; }
        location /wiki { auth_saml wiki; try_files /page.html =404; }
        location = /wiki/acs { saml_acs wiki; }
        location = /wiki/login { saml_login wiki; }
        location = /wiki/logout { saml_logout wiki; }
    }
}
"""
OTHER = Idp(
    "https://other.example.org/idp",
    "https://other.example.org/sso",
    credential=rsa_credential("other"),
)
FILES = {"other.xml": OTHER.metadata()}
UNSOLICITED = "allow_unsolicited on;"


@pytest.fixture
def serve(nginx):
    return lambda idp="", workers=1: nginx(CONF, files=FILES, IDP=idp, WORKERS=str(workers))


def at_once(tasks: list) -> list:
    """Runs all at the same moment."""
    gate = threading.Barrier(len(tasks))

    def run(task):
        gate.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def sessions(browsers: list[Browser], url: str) -> int:
    return sum(browser.get(url).status == 200 for browser in browsers)


@pytest.mark.parametrize("workers", [1, 2])
def test_twenty_post_the_same_form_at_once(serve, idp, browser, workers):
    """Each has the cookie of the login too; exactly one gets in."""
    server = serve(workers=workers)
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request)
    thieves = [Browser() for _ in range(20)]
    for thief in thieves:
        thief.session.cookies.update(browser.session.cookies)
        thief.get(server.url("/saml/metadata"))  # connected
    pages = at_once([lambda t=t: t.post(request.acs_url, form) for t in thieves])
    assert sorted(page.status for page in pages) == [303] + [400] * 19
    assert all("assertion_replayed" in page.text for page in pages if page.status == 400)
    assert sessions(thieves, server.url("/page.html")) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_twenty_post_an_unsolicited_form_at_once(serve, idp, browser, workers):
    server = serve(UNSOLICITED, workers)
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request, Answer(in_response_to=None))
    thieves = [Browser() for _ in range(20)]
    pages = at_once([lambda t=t: t.post(request.acs_url, form) for t in thieves])
    assert sorted(page.status for page in pages) == [303] + [400] * 19
    assert sessions(thieves, server.url("/page.html")) == 1


def test_on_another_worker(serve, idp, browser):
    """New connections until each of the workers has seen it."""
    server = serve(UNSOLICITED, workers=2)
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request, Answer(in_response_to=None))
    assert Browser().post(request.acs_url, form).status == 303
    thieves = [Browser() for _ in range(30)]
    pages = [thief.post(request.acs_url, form) for thief in thieves]
    assert all(page.status == 400 and "assertion_replayed" in page.text for page in pages)
    log = server.error_log()
    refusals = [line for line in log.splitlines() if "_replayed" in line]
    refusers = {line.split("[error] ")[1].split("#")[0] for line in refusals}
    assert len(refusers) == 2, refusers
    assert sessions(thieves, server.url("/page.html")) == 0


def test_after_logout(serve, idp, browser):
    server = serve(UNSOLICITED)
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request, Answer(in_response_to=None))
    assert browser.post(request.acs_url, form).status == 303
    assert browser.get(server.url("/saml/logout")).status in (200, 302, 303)
    page = browser.post(request.acs_url, form)
    assert_beaten_off(server, browser, page, "assertion_replayed")


def test_after_a_reload(serve, idp, browser):
    server = serve(UNSOLICITED)
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request, Answer(in_response_to=None))
    assert browser.post(request.acs_url, form).status == 303
    server.reload()
    thief = Browser()
    page = thief.post(request.acs_url, form)
    assert_beaten_off(server, thief, page, "assertion_replayed")


def test_a_second_assertion_for_one_request(serve, idp, browser):
    """A new assertion (another ID) for a login that has been answered."""
    server = serve()
    request = idp.asked(browser.get(server.url("/page.html")))
    thief = Browser()
    thief.session.cookies.update(browser.session.cookies)
    assert browser.post(request.acs_url, idp.form(request)).status == 303
    page = thief.post(request.acs_url, idp.form(request, Answer(name_id="eve@example.org")))
    assert_beaten_off(server, thief, page, "request_answered")


def test_unsolicited(serve, idp, browser):
    server = serve()
    request = idp.asked(browser.get(server.url("/page.html")))
    page = browser.post(request.acs_url, idp.form(request, Answer(in_response_to=None)))
    assert_beaten_off(server, browser, page, "unsolicited")


def strip(document) -> None:
    del document.attrib["InResponseTo"]


def test_made_unsolicited(serve, idp):
    """A stolen answer of somebody's login, its InResponseTo taken off the unsigned Response."""
    server = serve(UNSOLICITED)
    request = idp.asked(Browser().get(server.url("/page.html")))
    eve = Browser()
    page = eve.post(request.acs_url, idp.form(request, Answer(after_signing=strip)))
    assert_beaten_off(server, eve, page, "request_unknown")


def swap(request_id: str):
    return lambda document: document.set("InResponseTo", request_id)


def test_moved_to_another_login(serve, idp, browser):
    """The victim's own request ID on the unsigned Response around the attacker's assertion."""
    server = serve()
    attackers = idp.asked(Browser().get(server.url("/page.html")))
    victims = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(attackers, Answer(after_signing=swap(victims.id)))
    page = browser.post(victims.acs_url, {**form, "RelayState": victims.relay_state})
    assert_beaten_off(server, browser, page, "in_response_to_mismatch")


def readdress(acs: str):
    return lambda document: document.set("Destination", acs)


@pytest.mark.parametrize("unsolicited", [False, True])
@pytest.mark.parametrize("readdressed", [False, True])
def test_cross_sp(serve, idp, browser, readdressed, unsolicited):
    """An assertion for the app posted to the wiki, which trusts the same IdP."""
    server = serve(UNSOLICITED if unsolicited else "")
    request = idp.asked(browser.get(server.url("/page.html")))
    wiki = server.url("/wiki/acs")
    answer = Answer(
        in_response_to=None if unsolicited else "",
        after_signing=readdress(wiki) if readdressed else None,
    )
    page = browser.post(wiki, idp.form(request, answer))
    assert_beaten_off(
        server,
        browser,
        page,
        *(["recipient_mismatch"] if readdressed else ["destination_mismatch"])
        if unsolicited
        else ["request_unknown"],
    )
    assert browser.get(server.url("/wiki")).status == 302


@pytest.mark.parametrize("wrong", ["audience", "recipient"])
def test_cross_sp_half_right(serve, idp, browser, wrong):
    """Only one of the two that bind an assertion to its SP is wrong."""
    server = serve()
    request = idp.asked(browser.get(server.url("/wiki")))
    other = {"audience": "https://app.example.org", "recipient": server.url("/saml/acs")}
    page = browser.post(request.acs_url, idp.form(request, Answer(**{wrong: other[wrong]})))
    assert_beaten_off(server, browser, page, f"{wrong}_mismatch")
    assert browser.get(server.url("/wiki")).status == 302


def test_cross_idp_forged_name(serve, idp, browser):
    """IdP 2 signs with its own key what names IdP 1."""
    server = serve()
    request = idp.asked(browser.get(server.url("/page.html")))
    for sign in ("assertion", "response", "both"):
        forged = Answer(sign=sign, issuer=idp.entity_id, response_issuer=idp.entity_id)
        page = browser.post(request.acs_url, OTHER.form(request, forged))
        assert_beaten_off(server, browser, page, "signature_invalid")


def test_cross_idp_own_name(serve, idp, browser):
    """IdP 2 answers, as itself, what IdP 1 was asked."""
    server = serve()
    request = idp.asked(browser.get(server.url("/page.html")))
    page = browser.post(request.acs_url, OTHER.form(request))
    assert_beaten_off(server, browser, page, "signature_invalid", "issuer_mismatch")


def test_cross_idp_issuers_disagree(serve, idp, browser):
    """IdP 2's Response around an assertion in the name of IdP 1, and the reverse, unsolicited."""
    server = serve(UNSOLICITED)
    request = idp.asked(browser.get(server.url("/page.html")))
    for issuer, response_issuer in ((idp, OTHER), (OTHER, idp)):
        for sign in ("assertion", "response", "both"):
            forged = Answer(
                sign=sign,
                in_response_to=None,
                issuer=issuer.entity_id,
                response_issuer=response_issuer.entity_id,
            )
            eve = Browser()
            page = eve.post(request.acs_url, OTHER.form(request, forged))
            assert_beaten_off(server, eve, page, "signature_invalid", "issuer_mismatch")


def test_cross_idp_same_assertion_id(serve, idp):
    """One IdP cannot use up another's assertion IDs."""
    server = serve(UNSOLICITED)
    for who in (OTHER, idp):
        browser = Browser()
        request = idp.asked(browser.get(server.url("/page.html")))
        form = who.form(request, Answer(in_response_to=None, assertion_id="_same"))
        assert browser.post(request.acs_url, form).status == 303
