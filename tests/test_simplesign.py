"""A message by HTTP-POST-SimpleSign: signed over what the form's fields hold, by `cryptography`."""

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from harness.attack import assert_beaten_off
from harness.browser import Browser
from harness.idp import Idp
from harness.keys import Credential, ec_credential, rsa_credential
from harness.logout import (
    ECDSA_SHA256,
    RSA_SHA256,
    LogoutRequest,
    LogoutResponse,
    assert_success,
    back_channel,
    document,
    received,
)
from harness.members import assert_all_workers, is_in, log_in
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(
    main="worker_processes 2;",
    idp="@IDP@",
    listen="reuseport",
    sp="logout_redirect /bye.html;",
    location="add_header X-User $saml_name_id;",
)
UNSIGNED = Answer(sign=None)


def signed(
    credential: Credential,
    xml: bytes,
    relay_state: str | None,
    parameter: str = "SAMLResponse",
    inside: Callable[[bytes], bytes] = base64.b64encode,
) -> dict[str, str]:
    """The fields of the form; what is signed is the XML itself."""
    is_rsa = isinstance(credential.key, rsa.RSAPrivateKey)
    algorithm = RSA_SHA256 if is_rsa else ECDSA_SHA256
    fields = {parameter: inside(xml).decode()}
    octets = f"{parameter}=".encode() + xml
    if relay_state is not None:
        fields["RelayState"] = relay_state
        octets += b"&RelayState=" + relay_state.encode()
    octets += b"&SigAlg=" + algorithm.encode()
    how = (padding.PKCS1v15(), hashes.SHA256()) if is_rsa else (ec.ECDSA(hashes.SHA256()),)
    signature = credential.key.sign(octets, *how)
    return fields | {"SigAlg": algorithm, "Signature": base64.b64encode(signature).decode()}


class Login:
    """One up to the form that the browser is about to post."""

    def __init__(self, server, idp: Idp, answer: Answer = UNSIGNED):
        self.server, self.idp, self.browser = server, idp, Browser()
        self.request = idp.asked(self.browser.get(server.url("/page.html")))
        self.xml = idp.response(self.request, answer)

    def form(self, credential: Credential | None = None, **options) -> dict[str, str]:
        options.setdefault("relay_state", self.request.relay_state)
        return signed(credential or self.idp.credential, self.xml, **options)

    def logs_in(self, form: dict[str, str] | list[tuple[str, str]]) -> None:
        page = self.browser.post(self.request.acs_url, form)
        assert page.status == 303, page.text + self.server.error_log()
        assert self.browser.get(page.location).headers["X-User"] == "alice@example.org"

    def refused(self, form, *codes: str) -> None:
        page = self.browser.post(self.request.acs_url, form)
        assert_beaten_off(self.server, self.browser, page, *codes)


@pytest.fixture
def login(nginx, idp):
    def begin(answer=UNSIGNED, more="", by=idp):
        return Login(nginx(CONF, files={"idp.xml": by.metadata()}, IDP=more), by, answer)

    return begin


@pytest.mark.smoke
@pytest.mark.parametrize("credential", [rsa_credential("idp"), ec_credential("idp")], ids=["rsa", "ec"])
def test_a_login(login, credential):
    begun = login(by=Idp(credential=credential))
    begun.logs_in(begun.form())


@pytest.mark.parametrize("state", [None, "", "x" * 80, "é/?&=+ %41"])
def test_any_relay_state(login, state):
    begun = login()
    begun.logs_in(begun.form(relay_state=state))


def test_base64_with_line_breaks_and_a_key_info(login):
    """As Java and .NET write it; KeyInfo says nothing that counts."""
    begun = login()
    stranger = rsa_credential("stranger").certificate_base64
    begun.logs_in(begun.form(inside=base64.encodebytes) | {"KeyInfo": stranger})


def test_signed_inside_too(login):
    begun = login(Answer(sign="both"))
    begun.logs_in(begun.form())


def test_want_response_signed_is_met(login):
    begun = login(more="want_response_signed on;")
    begun.logs_in(begun.form())


@pytest.mark.parametrize("sign", [None, "assertion"])
def test_by_a_stranger(login, sign):
    """Also around an Assertion that would do by itself."""
    begun = login(Answer(sign=sign))
    begun.refused(begun.form(rsa_credential("stranger")), "signature_invalid")


def test_an_inner_signature_that_is_wrong(login):
    begun = login(Answer(sign="assertion", credential=rsa_credential("stranger")))
    begun.refused(begun.form(), "signature_invalid")


def test_signed_needs_a_destination(login):
    begun = login(Answer(sign=None, destination=None))
    begun.refused(begun.form(), "destination_missing")


def put(name: str, value: str):
    return lambda begun, form: form | {name: value}


def drop(name: str):
    return lambda begun, form: {key: value for key, value in form.items() if key != name}


def again(name: str, first: bool):
    def change(begun, form):
        pair = (name, form.get(name, form["SAMLResponse"]))
        return [pair, *form.items()] if first else [*form.items(), pair]

    return change


def other_message(begun, form):
    evil = begun.xml.replace(b"alice@", b"admin@")
    return form | {"SAMLResponse": base64.b64encode(evil).decode()}


def as_a_request(begun, form):
    return drop("SAMLResponse")(begun, form) | {"SAMLRequest": form["SAMLResponse"]}


TAMPERED = {
    "message changed": (other_message, "signature_invalid"),
    "RelayState changed": (put("RelayState", "other"), "signature_invalid"),
    "RelayState emptied": (put("RelayState", ""), "signature_invalid"),
    "RelayState dropped": (drop("RelayState"), "signature_invalid"),
    "sent as a request": (as_a_request, "signature_invalid"),
    "SigAlg of another hash": (put("SigAlg", RSA_SHA256.replace("256", "512")), "signature_invalid"),
    "SigAlg of another key": (put("SigAlg", ECDSA_SHA256), "key_type"),
    "SigAlg not allowed": (put("SigAlg", "urn:x"), "signature_algorithm"),
    "SigAlg empty": (put("SigAlg", ""), "signature_algorithm"),
    "SigAlg missing": (drop("SigAlg"), "form_invalid"),
    "Signature missing": (drop("Signature"), "form_invalid"),
    "Signature empty": (put("Signature", ""), "signature_invalid"),
    "Signature cut": (put("Signature", "AAAA"), "signature_invalid"),
    **{
        f"{name} twice, {'first' if first else 'last'}": (again(name, first), code)
        for name, code in (
            ("SAMLResponse", "message_duplicate"),
            ("SAMLRequest", "message_duplicate"),
            ("RelayState", "form_invalid"),
            ("SigAlg", "form_invalid"),
            ("Signature", "form_invalid"),
        )
        for first in (True, False)
    },
}


@pytest.mark.parametrize("name", TAMPERED)
@pytest.mark.parametrize("inside", [None, "assertion"], ids=["", "signed inside"])
def test_tampered(login, name, inside):
    """Refused also where the assertion's own signature would do."""
    begun = login(Answer(sign=inside))
    form = begun.form()
    change, code = TAMPERED[name]
    tampered = change(begun, form)
    assert tampered != form
    begun.refused(tampered, code)


def test_a_relay_state_is_not_added(login):
    begun = login()
    begun.refused(begun.form(relay_state=None) | {"RelayState": ""}, "signature_invalid")


def test_replayed(login):
    begun = login()
    form = begun.form()
    begun.logs_in(form)
    page = Browser().post(begun.request.acs_url, form)
    assert_refused(begun.server, page, "request_unknown")


LOGOUT = Idp(slo=("HTTP-Redirect", "HTTP-POST"))


@pytest.fixture
def member(nginx):
    server = nginx(CONF, files={"idp.xml": LOGOUT.metadata()}, IDP="slo_binding post;")
    return server, log_in(server, LOGOUT)


@pytest.mark.parametrize("endpoint", ["/saml/sls", "/saml/acs"])
def test_the_idp_logs_out(member, endpoint):
    server, browser = member
    url = server.url(endpoint)
    xml = document(LOGOUT, url, LogoutRequest(sign=False))
    page = back_channel().post(url, signed(LOGOUT.credential, xml, "a/b c", "SAMLRequest"))
    answer = assert_success(page, rsa_credential("sp").certificate)
    assert (answer.binding, answer.relay_state) == ("post", "a/b c")
    assert_all_workers(server, browser, False)


def test_the_idp_does_not(member):
    server, browser = member
    url = server.url("/saml/sls")
    xml = document(LOGOUT, url, LogoutRequest(sign=False))
    good = signed(LOGOUT.credential, xml, None, "SAMLRequest")
    for form, code in (
        (signed(rsa_credential("stranger"), xml, None, "SAMLRequest"), "signature_invalid"),
        (good | {"RelayState": "x"}, "signature_invalid"),
        ({"SAMLRequest": good["SAMLRequest"]}, "logout_request_unsigned"),
    ):
        assert_refused(server, back_channel().post(url, form), code)
    assert is_in(server, browser)


@pytest.mark.parametrize("credential", [LOGOUT.credential, rsa_credential("stranger")])
def test_the_idp_answers(member, credential):
    """To a logout that began here, which has ended the session whatever the answer is."""
    server, browser = member
    request = received(browser.get(server.url("/saml/logout")))
    url = server.url("/saml/sls")
    message = LogoutResponse(in_response_to=request.xml.get("ID"), sign=False)
    form = signed(credential, document(LOGOUT, url, message), request.relay_state)
    page = browser.post(url, form)
    assert page.status == 303
    if credential is LOGOUT.credential:
        assert page.location == server.url("/bye.html")
    else:
        assert page.location == server.url("/saml/sls"), "which says how far it got"
        assert " saml: signature_invalid: " in server.error_log()
    assert not is_in(server, browser)
