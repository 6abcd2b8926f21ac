"""One LogoutRequest, sent several times: the same answer, no second action."""

import threading

import pytest

from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import (
    FORM_HEADERS,
    SOAP_HEADERS,
    LogoutRequest,
    assert_success,
    back_channel,
    document,
    enveloped,
    form,
)
from harness.members import is_in, log_in, log_in_again
from harness.site import site

CONF = site(main="worker_processes 2;", listen="reuseport")
SP = rsa_credential("sp").certificate


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


@pytest.mark.parametrize("binding", ["post", "soap"])
@pytest.mark.parametrize("session_index", [(), ("_session-1",)])
def test_again_and_again(nginx, idp, binding, session_index):
    """WSO2 tries five times: sessions made in between are not meant."""
    server = nginx(CONF)
    url = server.url("/saml/sls")
    first = log_in(server, idp)
    request = LogoutRequest(session_index=session_index)
    if binding == "soap":
        body, headers = enveloped(document(idp, url, request)), SOAP_HEADERS
    else:
        body, headers = form(idp, url, request), FORM_HEADERS
    for round_ in range(4):
        answer = assert_success(back_channel().post(url, body, headers=headers), SP)
        assert not is_in(server, first)
        if round_ == 0:
            ids = {answer.xml.get("InResponseTo")}
            member = log_in_again(server, idp, "_session-1")
        assert is_in(server, member)
        assert {answer.xml.get("InResponseTo")} == ids


def test_all_at_once(nginx, idp):
    """Twenty copies at the same moment, at both workers."""
    server = nginx(CONF)
    url = server.url("/saml/sls")
    members = [log_in(server, idp, f"_{n}") for n in range(10)]
    body = form(idp, url, LogoutRequest(session_index=()))
    pages = []

    def deliver():
        pages.append(
            back_channel().post(url, body, headers={**FORM_HEADERS, "Connection": "close"})
        )

    threads = [threading.Thread(target=deliver) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pages) == 20
    for page in pages:
        assert_success(page, SP)
    assert [is_in(server, member) for member in members] == [False] * 10


def test_another_request_of_the_same_content(nginx, idp):
    """A new ID is a new request: the session of the meantime is meant."""
    server = nginx(CONF)
    url = server.url("/saml/sls")
    for n in range(3):
        member = log_in_again(server, idp, f"_{n}")
        body = form(idp, url, LogoutRequest(session_index=(), issue_instant=n))
        assert_success(back_channel().post(url, body, headers=FORM_HEADERS), SP)
        assert not is_in(server, member)
