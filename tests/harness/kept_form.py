"""Forms that are sent without a session, as a page of the site sends them, and what becomes of them."""

from harness.browser import Browser, Form, Page
from harness.idp import Idp
from harness.nginx import Nginx

FIELD = "saml_preserved_post"


def of_own_page(server: Nginx) -> dict[str, str]:
    """What a browser says of the page that has the form."""
    return {"Sec-Fetch-Site": "same-origin", "Origin": server.url("").rstrip("/")}


def send(server: Nginx, browser: Browser, path: str, data, headers=(), **options) -> Page:
    """The person presses the button; one request."""
    return browser.post(server.url(path), data, headers=of_own_page(server) | dict(headers), **options)


def answer_of(idp: Idp, browser: Browser, asked: Page) -> Page:
    """The person logs in at the IdP to which `asked` leads; what the ACS says."""
    request = idp.asked(asked)
    return browser.post(request.acs_url, idp.form(request))


def ticket_of(page: Page) -> Form:
    """The form that the page sends by itself: a ticket, and nothing else."""
    assert page.status == 200, f"{page.status}: {page.text}"
    (form,) = page.forms
    assert form.method.upper() == "POST" and list(form.fields) == [FIELD], form
    assert "document.forms[0].submit()" in page.text and "<button" in page.text
    return form


def send_ticket(server: Nginx, browser: Browser, form: Form, headers=()) -> Page:
    """The browser sends it."""
    return browser.post(form.action, form.fields, headers=of_own_page(server) | dict(headers))


def log_in_and_send(server: Nginx, idp: Idp, browser: Browser, kept: Page) -> Page:
    """From the redirect to the IdP to what the application says."""
    return send_ticket(server, browser, ticket_of(answer_of(idp, browser, kept)))
