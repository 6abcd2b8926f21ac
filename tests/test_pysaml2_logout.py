"""Single logout with pysaml2, both ways, by Redirect, POST and SOAP; it verifies what we sign."""

import pytest
import requests
from lxml import html
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP

from harness.browser import Browser
from harness.members import PAGE, is_in

@pytest.fixture
def serve(logout_sp, pysaml2_idp):
    def start(binding: str = "redirect"):
        server, metadata = logout_sp(pysaml2_idp, binding)
        pysaml2_idp.trust(metadata)
        return server

    return start


@pytest.mark.smoke
@pytest.mark.parametrize("binding", ["redirect", "post", "soap"])
def test_from_here(serve, pysaml2_idp, browser, binding):
    """Our LogoutRequest, its answer: the person ends where we say."""
    server = serve(binding)
    assert browser.open(server.url(PAGE)).text == "a page\n"
    name_id, session_index = pysaml2_idp.logins[-1]
    page = browser.open(server.url("/saml/logout"))
    assert pysaml2_idp.refused is None
    assert (page.url, page.text) == (server.url("/bye.html"), "bye"), page.text
    (request,) = pysaml2_idp.logout_requests
    assert str(request.name_id) == str(name_id), "the NameID whole"
    assert [index.text for index in request.session_index] == [session_index]
    assert not is_in(server, browser)


@pytest.mark.smoke
@pytest.mark.parametrize("binding", [BINDING_HTTP_REDIRECT, BINDING_HTTP_POST])
def test_from_there_through_the_browser(serve, pysaml2_idp, browser, binding):
    server = serve()
    browser.open(server.url(PAGE))
    sls = server.url("/saml/sls")
    request_id, request = pysaml2_idp.logout_request(
        binding, sls, server.url("/saml/metadata"), pysaml2_idp.logins[-1]
    )
    headers, page = pysaml2_idp.page(binding, request, "relay-state", response=False)
    if binding == BINDING_HTTP_REDIRECT:
        done = browser.open(headers["Location"])
    else:
        done = browser.settle(browser.post(sls, posted(page)))
    assert pysaml2_idp.refused is None
    assert done.text == "the IdP knows that you are out"
    (response,) = pysaml2_idp.logout_responses
    assert response.status_ok() and response.in_response_to == request_id
    assert not is_in(server, browser)


def posted(page: str) -> dict[str, str]:
    (form,) = html.fromstring(page).forms
    return {name: value for name, value in form.form_values()}


def by_soap(idp, server, request: str) -> requests.Response:
    sent = idp.server.use_soap(request, server.url("/saml/sls"), sign=False)
    return requests.post(sent["url"], data=sent["data"], headers=dict(sent["headers"]), timeout=10)


def test_from_there_by_soap(serve, pysaml2_idp):
    """No browser: two of three sessions of two NameIDs."""
    server = serve()
    browsers = [Browser() for _ in range(3)]
    for browser in browsers:
        browser.open(server.url(PAGE))
    for login, browser in zip(pysaml2_idp.logins[:2], browsers[:2]):
        request_id, request = pysaml2_idp.logout_request(
            BINDING_SOAP, server.url("/saml/sls"), server.url("/saml/metadata"), login
        )
        answer = by_soap(pysaml2_idp, server, request)
        assert answer.status_code == 200, answer.text
        response = pysaml2_idp.logout_response(BINDING_SOAP, {"SAMLResponse": answer.text})
        assert response.status_ok() and response.in_response_to == request_id
        assert not is_in(server, browser)
    assert is_in(server, browsers[2])


def test_a_logout_that_pysaml2_does_not_sign(serve, pysaml2_idp, browser):
    server = serve()
    browser.open(server.url(PAGE))
    _, request = pysaml2_idp.logout_request(
        BINDING_SOAP,
        server.url("/saml/sls"),
        server.url("/saml/metadata"),
        pysaml2_idp.logins[-1],
        sign=False,
    )
    assert by_soap(pysaml2_idp, server, request).status_code >= 400
    assert is_in(server, browser)
