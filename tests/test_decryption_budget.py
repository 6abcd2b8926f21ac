"""Private key operations for strangers are few: their ciphertexts do not hold up the event loop."""

import time

import pytest
from lxml import etree

from harness.browser import Browser
from harness.encrypt import Encryption, encrypt
from harness.idp import Idp, post_fields, sign
from harness.keys import rsa_credential
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(idp="allow_unsolicited on;")
SP, STRANGER = rsa_credential("sp"), rsa_credential("stranger")
OF_CLIENT, OF_WORKER = 20, 100  # at once; then one a second, twenty a second


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def encrypted(idp: Idp, request, *recipients, answer=Answer(), how=Encryption()) -> dict:
    document = etree.fromstring(idp.response(request, answer))
    encrypt(document.find("saml:Assertion", NS), *recipients, how=how)
    return post_fields(etree.tostring(document), request.relay_state)


class Eve:
    """A stranger who has begun a login, and knows the IdP's name and our certificate."""

    def __init__(self, server, idp: Idp, address: str = "127.0.0.1", unsolicited: bool = False):
        self.server, self.browser = server, Browser().at(address)
        self.request = idp.asked(self.browser.get(server.url("/page.html")))
        forged = Answer(sign=None, in_response_to=None if unsolicited else "")
        self.form = encrypted(idp, self.request, *[STRANGER] * 16, answer=forged)

    def post(self):
        return self.browser.post(self.request.acs_url, self.form)


def use_up(eve: Eve):
    """The first answer that says no more."""
    for _ in range(2 * OF_CLIENT):
        if (page := eve.post()).status == 503:
            return page
    raise AssertionError("a stranger has no end")


def log_in(server, idp: Idp, address: str, **knobs):
    """The status of a login with an encrypted Assertion in an unsigned Response."""
    browser = Browser().at(address)
    request = idp.asked(browser.get(server.url("/page.html")))
    return browser.post(request.acs_url, encrypted(idp, request, SP, **knobs)).status


@pytest.mark.parametrize("unsolicited", [False, True])
def test_a_stranger_is_served_a_few_times(server, idp, unsolicited):
    eve = Eve(server, idp, unsolicited=unsolicited)
    began = time.monotonic()
    pages, others = [], []
    for number in range(200):
        pages.append(eve.post())
        if number % 40 == 39:
            others.append(log_in(server, idp, "127.0.0.2"))
    tried = [page for page in pages if page.status == 403]
    refused = [page for page in pages if page.status == 503]
    assert len(tried) + len(refused) == 200
    assert OF_CLIENT <= len(tried) <= OF_CLIENT + 1 + (time.monotonic() - began)
    assert all("decryption_failed" in page.text for page in tried)
    assert all(page.headers["Retry-After"] == "10" for page in refused)
    assert others == [303] * 5, "whoever is elsewhere does not notice"
    assert server.error_log().count(" saml: decryption_failed: ") == len(tried)
    assert_refused(server, use_up(eve), "decryption_limit")


def test_it_does_not_last(server, idp):
    eve = Eve(server, idp)
    use_up(eve)
    time.sleep(1.1)
    assert eve.post().status == 403, "one more each second"
    assert eve.post().status == 503
    # What is no ciphertext, or under the IdP's signature, costs no stranger anything.
    request = idp.asked(eve.browser.get(server.url("/page.html")))
    document = etree.fromstring(idp.response(request, Answer(sign=None)))
    encrypt(document.find("saml:Assertion", NS), SP)
    form = post_fields(etree.tostring(sign(document, idp.credential)), request.relay_state)
    assert eve.browser.post(request.acs_url, form).status == 303
    other = Browser()
    assert idp.login(other, server.url("/page.html")).status == 303


def test_many_strangers_share_what_a_worker_has(server, idp):
    eves = [Eve(server, idp, f"127.0.0.{10 + number}") for number in range(8)]
    began = time.monotonic()
    statuses = [eve.post().status for _ in range(20) for eve in eves]
    tried = statuses.count(403)
    assert statuses.count(503) == 160 - tried
    assert OF_WORKER <= tried <= OF_WORKER + 1 + 20 * (time.monotonic() - began)
    assert "this worker" in server.error_log()


def test_logins_cost_nothing(server, idp):
    """An office behind one address, at nine o'clock."""
    assert [log_in(server, idp, "127.0.0.1") for _ in range(150)] == [303] * 150
    assert Eve(server, idp).post().status == 403


def test_what_is_set_up_wrongly_is_told_to_everybody(server, idp):
    """No private key is used for it."""
    cbc = Encryption("aes128-cbc")
    statuses = [log_in(server, idp, "127.0.0.1", how=cbc) for _ in range(OF_CLIENT + 5)]
    assert statuses == [403] * len(statuses)
    assert server.error_log().count("encryption_cbc_unsigned") == len(statuses)
