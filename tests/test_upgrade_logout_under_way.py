"""A cookie of a logout under way in a format that this version does not know: the session has ended all the same."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutResponse, received, send
from harness.members import PAGE, is_in, log_in
from harness.refusal import assert_refused
from harness.sealed import Sealer, of_base64, sp_id, to_base64
from harness.site import site

CONF = site(
    http="saml_session_store store { zone store 1m; secret session.key; }",
    sp="session_store store; logout_redirect /bye.html;",
)
FILES = {"session.key": "0123456789abcdef" * 4}
SEALER = Sealer(FILES["session.key"])
LOGOUT = b"pending logout"


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect",))


@pytest.mark.parametrize("version", [None, 1, 2, 4, 255])
def test_the_answer_to_it(nginx, idp, version):
    server = nginx(CONF, files=FILES)
    member = log_in(server, idp)
    kept = Browser()
    kept.session.cookies.update(member.session.cookies)
    request = received(member.get(server.url("/saml/logout")))
    [cookie] = [cookie for cookie in member.session.cookies if "_logout_" in cookie.name]
    sp = sp_id(server.url("/saml/metadata"), server.url(""))
    plain = SEALER.open(LOGOUT, sp, of_base64(cookie.value))
    if version is not None:
        plain = bytes([version]) + plain[1:]
    value = to_base64(SEALER.seal(LOGOUT, sp, plain))
    member.session.cookies.set(cookie.name, value, domain=cookie.domain, path=cookie.path)
    answer = LogoutResponse(request.xml.get("ID"))
    page = send(idp, server.url("/saml/sls"), answer, "redirect", member, request.relay_state)
    if version is None:
        assert page.location == server.url("/bye.html"), page.text
    else:
        assert_refused(server, page, "logout_response_unknown")
    assert not is_in(server, kept), "it ended when the logout began"
    assert idp.login(member, server.url(PAGE)).status == 303
    assert is_in(server, member)
