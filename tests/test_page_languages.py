"""Pages are in the language that the browser asks for."""

import lxml.html
import pytest

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        ui_info display_name Payroll;
        ui_info display_name Lohnabrechnung lang=de;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""


@pytest.fixture
def server(nginx, idp):
    return nginx(CONF)


def page(browser, server, languages: str):
    got = browser.get(server.url("/saml/session"), headers={"Accept-Language": languages, **NAVIGATION})
    assert got.status == 200
    return lxml.html.document_fromstring(got.text)


NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize(
    ("asked", "lang", "title", "service"),
    [
        ("de-AT, en;q=0.8", "de", "Sie sind nicht angemeldet", "Lohnabrechnung"),
        ("fr", "fr", "Vous n’êtes pas connecté", "Payroll"),
        ("es-MX,es;q=0.9", "es", "No ha iniciado sesión", "Payroll"),
        ("sv, ru;q=0.5, en;q=0.4", "ru", "Вход не выполнен", "Payroll"),
        ("ja", "ja", "サインインしていません", "Payroll"),
        ("en-GB, de;q=0.9", "en", "You are not signed in", "Payroll"),
        ("xx, *", "en", "You are not signed in", "Payroll"),
        ("de;q=0, <script>", "en", "You are not signed in", "Payroll"),
        ("", "en", "You are not signed in", "Payroll"),
    ],
)
def test_a_page_is_in_the_language_of_its_reader(server, browser, asked, lang, title, service):
    document = page(browser, server, asked)
    assert document.get("lang") == lang
    assert document.findtext(".//title") == title == document.findtext(".//h1")
    assert document.find("body/header").text_content().strip() == service


def test_a_reason_is_in_it_too_and_its_code_in_none(server, browser):
    refused = browser.post(server.url("/saml/acs"), {"SAMLResponse": "!"}, headers={"Accept-Language": "de", "Accept": "text/html"})
    assert refused.status == 400 and 'lang="de"' in refused.text
    assert "Die SAML-Nachricht ist kein gültiges Base64." in refused.text
    assert "<code>base64_invalid</code>" in refused.text
    assert "saml: base64_invalid: " in server.error_log(), "the log stays English"


def test_administrators_read_english(server, browser):
    got = browser.get(server.url("/saml/metadata"), headers={"Accept-Language": "ja", **NAVIGATION})
    assert '<html lang="en">' in got.text


def test_programs_have_no_language(server, browser):
    got = browser.get(server.url("/page.html"), headers={"Accept-Language": "de", "Accept": "application/json", "Sec-Fetch-Mode": "cors"})
    assert got.status == 401 and '"error":"authentication_required"' in got.text
