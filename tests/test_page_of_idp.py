"""A login that failed: the page says at which IdP, what it said, and where it helps."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import lxml.html
import pytest

from harness.response import Answer, Attribute

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
ERROR_URL = "https://help.example.org/?code=ERRORURL_CODE&amp;ts=ERRORURL_TS&amp;rp=ERRORURL_RP&amp;tid=ERRORURL_TID"
UI = (
    '<md:Extensions><mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">'
    '<mdui:DisplayName xml:lang="en">Example &lt;b&gt; University</mdui:DisplayName>'
    "</mdui:UIInfo></md:Extensions>"
)


def metadata(idp, error_url: str) -> str:
    before, tag, rest = idp.metadata().partition("<md:IDPSSODescriptor")
    attributes, _, children = rest.partition(">")
    return f'{before}{tag} errorURL="{error_url}"{attributes}>{UI}{children}'


def failed(nginx, idp, browser, answer: Answer, error_url: str = ERROR_URL):
    server = nginx(CONF, files={"idp.xml": metadata(idp, error_url)})
    page = idp.login(browser, server.url("/page.html"), answer)
    assert page.status == 403
    return server, page, lxml.html.document_fromstring(page.text)


def denial(sub_status: str) -> Answer:
    nested = f"{STATUS}{sub_status}"
    return Answer(status=f"{STATUS}Responder", sub_status=nested, with_assertion=False, sign="response")


@pytest.mark.parametrize(
    ("sub_status", "sentence"),
    [
        ("AuthnFailed", "It could not make sure who you are, or the sign-in was cancelled."),
        ("RequestDenied", "It does not let you into this service."),
        ("UnknownPrincipal", "It does not know you."),
        ("RequestUnsupported", ""),
        ("<script>", ""),
    ],
)
def test_what_the_idp_said_is_a_sentence(nginx, idp, browser, sub_status, sentence):
    _, page, document = failed(nginx, idp, browser, denial(sub_status))
    alert = document.find(".//p[@role='alert']").text_content()
    assert alert == f"The identity provider did not log you in. {sentence}".strip()
    assert "Example &lt;b&gt; University</strong>" in page.text
    assert page.text.count("<script") == 1


def test_its_help_is_told_what_went_wrong(nginx, idp, browser):
    server, page, document = failed(nginx, idp, browser, denial("RequestDenied"))
    (link,) = document.findall(".//a[@rel='noreferrer']")
    url = urlsplit(link.get("href"))
    assert url.netloc == "help.example.org"
    said = parse_qs(url.query)
    assert said["code"] == ["OTHER_ERROR"] and said["rp"] == [server.url("/saml/metadata")]
    (request_id,) = said["tid"]
    assert f"<code>{request_id}</code>" in page.text and request_id in server.error_log()
    assert int(said["ts"][0]) > 1_700_000_000


def test_what_it_says_in_its_own_words_is_read_where_it_has_signed_them(nginx, idp, browser):
    words = "AADSTS50105: <b>not</b>\n assigned \x85\u202e" + "x" * 400
    answer = replace(denial("RequestDenied"), status_message=words)
    _, page, document = failed(nginx, idp, browser, answer)
    (quote,) = document.findall(".//q")
    said = quote.text_content()
    assert said.startswith("AADSTS50105: <b>not</b> assigned") and said.endswith("xxx")
    assert len(said) == 300 and quote.get("dir") == "auto" and not {"\x85", "\u202e"} & set(page.text)


def test_words_that_anybody_could_have_sent_are_not_read(nginx, idp, browser):
    answer = replace(denial("RequestDenied"), status_message="Call 555-1234", sign=None)
    _, page, document = failed(nginx, idp, browser, answer)
    assert "555-1234" not in page.text and document.findall(".//q") == []
    assert "It does not let you into this service." in page.text


@pytest.mark.parametrize(
    ("attributes", "rule", "code", "context"),
    [
        ([], "groups staff", "IDENTIFICATION_FAILURE", "requirement_not_met"),
        ([Attribute("groups", ["guest"])], "groups staff", "AUTHORIZATION_FAILURE", "requirement_not_met"),
        ([], 'groups staff "label=a member of staff"', "IDENTIFICATION_FAILURE", "a member of staff"),
    ],
)
def test_who_lacks_what_the_idp_says_of_people_finds_its_help(
    nginx, idp, browser, attributes, rule, code, context
):
    conf = CONF.replace("auth_saml app;", f"auth_saml app; auth_saml_require_attribute {rule};")
    server = nginx(conf, files={"idp.xml": metadata(idp, ERROR_URL + "&amp;ctx=ERRORURL_CTX")})
    idp.login(browser, server.url("/page.html"), Answer(attributes=attributes))
    page = browser.get(server.url("/page.html"))
    assert page.status == 403
    (link,) = lxml.html.document_fromstring(page.text).findall(".//a[@rel='noreferrer']")
    said = parse_qs(urlsplit(link.get("href")).query)
    assert (said["code"], said["ctx"]) == ([code], [context])
    assert said["rp"] == [server.url("/saml/metadata")]


def test_who_is_kept_out_by_what_is_no_word_of_the_idp_is_not_sent_there(nginx, idp, browser):
    conf = CONF.replace("auth_saml app;", "auth_saml app; auth_saml_require $arg_never;")
    server = nginx(conf, files={"idp.xml": metadata(idp, ERROR_URL)})
    idp.login(browser, server.url("/page.html"))
    page = browser.get(server.url("/page.html"))
    assert page.status == 403 and "help.example.org" not in page.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//help.example.org"])
def test_what_is_no_web_address_is_no_link(nginx, idp, browser, url):
    _, page, _ = failed(nginx, idp, browser, denial("RequestDenied"), url)
    assert url not in page.text and "noreferrer" not in page.text


def test_a_stranger_hears_nothing_of_the_idp(nginx, idp, browser):
    server = nginx(CONF, files={"idp.xml": metadata(idp, ERROR_URL)})
    page = browser.post(server.url("/saml/acs"), {"SAMLResponse": "!"}, headers={"Accept": "text/html"})
    assert page.status == 400 and "University" not in page.text and "help.example.org" not in page.text
