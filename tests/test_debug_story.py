"""`saml_debug ADDRESS`: the story of a login is there for administrators, with all that was decrypted and checked, and
no secret is in it."""

import json

import pytest
from lxml import etree

from harness.browser import Browser
from harness.diagnosis import (
    ADMINISTRATORS,
    STATUS,
    assert_no_secrets,
    basic,
    entry,
    facts,
    look,
    page_of,
    refusals,
    secrets_of,
    stories,
    whats,
    xml,
)
from harness.encrypt import Encryption, encrypt
from harness.idp import Idp, post_fields
from harness.keys import rsa_credential
from harness.message import NS
from harness.logout import LogoutResponse, received, send
from harness.response import Answer, Attribute
from harness.site import site
from harness.wire import ask

WATCHED = "saml_debug 127.0.0.2;"
SP = rsa_credential("sp")
IDP = Idp(slo=("HTTP-Redirect",))
ANSWER = Answer(
    session_index="_session-index-of-the-idp", attributes=[Attribute("mail", ["alice@mail.example.org"])]
)


def serve(nginx, **parts):
    conf = site(http=WATCHED, server=STATUS, main="worker_processes 2;", **parts)
    return nginx(conf, files=ADMINISTRATORS | {"idp.xml": IDP.metadata()})


def encrypted_login(server, idp, browser, answer=ANSWER):
    first = browser.get(server.url("/page.html?token=secret-of-the-page"))
    request = idp.asked(first)
    document = etree.fromstring(idp.response(request, answer))
    encrypt(document.find("saml:Assertion", NS), SP, how=Encryption("aes128-gcm"))
    fields = post_fields(etree.tostring(document), request.relay_state)
    return first, browser.post(request.acs_url, fields)


@pytest.mark.smoke
def test_a_login_is_told_whole(nginx, idp):
    server = serve(nginx)
    browser = Browser().at("127.0.0.2")
    first, landed = encrypted_login(server, idp, browser)
    assert landed.status == 303, landed.text
    [story] = stories(server)
    assert (story["sp"], story["address"]) == ("app", "127.0.0.2")
    assert whats(story) == ["request", "authn_request", "answer", "request", "response", "session", "answer"]
    asked, sent, sent_away = story["entries"][:3]
    assert facts(asked)["request"] == "GET /page.html?token=[masked]"
    assert facts(asked)["not let in"].startswith("authentication_required")
    assert "<samlp:AuthnRequest" in xml(sent["documents"][0])
    assert facts(sent)["goes to"].startswith(idp.sso_url + "?SAMLRequest=[masked]")
    assert facts(sent_away)["status"] == "302"

    response = entry(story, "response")
    message, plaintext = response["documents"]
    assert "EncryptedAssertion" in xml(message) and "[masked, " in xml(message)
    assert "EncryptedAssertion, decrypted by http://www.w3.org/2009/xmlenc11#aes128-gcm" in plaintext["title"]
    assert "CN=" in plaintext["title"] or "SHA-256" in plaintext["title"]
    assert "alice@mail.example.org" in xml(plaintext, verified=True)
    assert "SignatureValue" in xml(plaintext, verified=False)
    assert "SignatureValue" not in xml(plaintext, verified=True)
    assert xml(message, verified=True) == "", "nobody has signed the Response"
    assert refusals(response) == [] and len(response["checks"]) > 15
    session = facts(entry(story, "session"))
    assert session["NameID"] == "alice@example.org" and session["attribute mail"] == "alice@mail.example.org"
    assert server.url("/page.html") in facts(story["entries"][-1])["Location"]


def test_no_secret_is_told(nginx, idp):
    server = serve(nginx, idp="slo_binding redirect;")
    browser = Browser().at("127.0.0.2")
    pages = [*encrypted_login(server, idp, browser)]
    named = ("secret-of-the-page", "_session-index-of-the-idp", basic("root")[1].split()[1])
    kept = secrets_of(server, *pages, browser=browser, names=named)
    pages.append(browser.get(server.url("/saml/logout")))
    kept |= secrets_of(server, *pages, browser=browser)
    [story] = stories(server)
    assert "logout_request_sent" in whats(story)
    assert_no_secrets(json.dumps(story, ensure_ascii=False), kept)
    assert_no_secrets(page_of(server, story).text, kept)
    assert len(kept) > 25


@pytest.mark.parametrize(
    "answer, code, last",
    [
        (Answer(audience="https://other.example"), "audience_mismatch", "Conditions and Audience"),
        (Answer(credential=rsa_credential("stranger")), "signature_invalid", "one Assertion, decrypted and signed"),
        (Answer(destination="https://other.example/acs"), "destination_mismatch", "Destination"),
    ],
    ids=["audience", "signature", "destination"],
)
def test_a_login_that_fails_says_why(nginx, idp, answer, code, last):
    server = serve(nginx)
    browser = Browser().at("127.0.0.2")
    page = idp.login(browser, server.url("/page.html"), answer)
    assert page.status == 403
    [story] = stories(server)
    response = entry(story, "response")
    assert refusals(response) == [code]
    assert response["checks"][-1]["check"] == last
    refused = facts(entry(story, "refused"))
    assert refused["reason"] == code and refused["what disagrees"] == response["checks"][-1]["detail"]
    assert refused["request ID"] in page.text
    if code == "audience_mismatch":
        assert "https://other.example" in refused["what disagrees"]
        assert "<saml:Audience>https://other.example</saml:Audience>" in xml(response["documents"][0], True)


def test_a_response_is_told_of_whose_cookies_did_not_come(nginx, idp):
    """What is hardest to find: the browser keeps the cookies of the login to itself."""
    server = serve(nginx)
    request = idp.asked(Browser().at("127.0.0.2").get(server.url("/page.html")))
    page = Browser().at("127.0.0.3").post(request.acs_url, idp.form(request))
    assert page.status == 400
    [story] = stories(server)
    assert whats(story)[3:] == ["request", "response", "refused", "answer"]
    assert facts(story["entries"][3])["cookies of logins under way"] == "0"
    assert facts(entry(story, "refused"))["reason"] == "request_unknown"
    assert "saml:NameID" in xml(entry(story, "response")["documents"][0])


def test_other_clients_are_not_recorded(nginx, idp):
    server = serve(nginx)
    assert idp.login(Browser(), server.url("/page.html")).status == 303
    assert idp.login(Browser().at("127.0.0.3"), server.url("/page.html")).status == 303
    assert stories(server) == []


def test_each_browser_has_its_story(nginx, idp):
    server = serve(nginx)
    for name in ("alice", "bob"):
        assert idp.login(Browser().at("127.0.0.2"), server.url("/page.html"), Answer(name_id=name)).status == 303
    told = stories(server)
    assert sorted(facts(entry(story, "session"))["NameID"] for story in told) == ["alice", "bob"]
    assert {len(whats(story)) for story in told} == {7}


def test_a_logout_is_told(nginx, idp):
    server = serve(nginx, idp="slo_binding redirect;")
    browser = Browser().at("127.0.0.2")
    idp.login(browser, server.url("/page.html"))
    asked = received(browser.get(server.url("/saml/logout")))
    answer = LogoutResponse(in_response_to=asked.xml.get("ID"))
    send(IDP, server.url("/saml/sls"), answer, "redirect", browser, asked.relay_state)
    [story] = stories(server)
    assert whats(story)[7:] == [
        *("request", "logout_by_user", "logout_request_sent", "answer"),
        *("request", "logout_response", "answer"),
    ]
    sent, came = entry(story, "logout_request_sent"), entry(story, "logout_response")
    assert ">alice@example.org</saml:NameID>" in xml(sent["documents"][0])
    assert refusals(came) == [] and "StatusCode" in xml(came["documents"][0], verified=True)


def test_a_location_may_say_off(nginx, idp):
    server = nginx(
        site(server=f"{WATCHED}\n{STATUS}", location="saml_debug off;"), files=ADMINISTRATORS
    )
    browser = Browser().at("127.0.0.2")
    browser.get(server.url("/page.html"))
    assert stories(server) == []


@pytest.mark.parametrize("headers", [(), (("Authorization", "Basic cm9vdDp3cm9uZw=="),)])
def test_who_has_no_name_sees_nothing(nginx, idp, headers):
    """Nor who claims one that nobody has asked for."""
    open_to_all = """
        location = /open { saml_status; allow 127.0.0.0/8; deny all; }
        location = /any {
            saml_status; satisfy any; allow 127.0.0.0/8; deny all;
            auth_basic x; auth_basic_user_file administrators;
        }
        location = /passing { auth_basic x; auth_basic_user_file administrators; error_page 401 = /open?debug; }
    """
    server = nginx(site(http=WATCHED, server=f"{STATUS}\n{open_to_all}"), files=ADMINISTRATORS)
    Browser().at("127.0.0.2").get(server.url("/page.html"))
    [story] = stories(server)
    for query in ("debug", f"debug={story['id']}"):
        for path in ("/open", "/any", "/passing"):
            answer = ask(server, f"{path}?{query}", *headers)
            assert answer.status == 403 and json.loads(answer.text)["error"] == "operator_unnamed"
        claimed = ask(server, f"/open?{query}", basic("root"))
        assert claimed.status == 403, "it is not asked for there"
        assert ask(server, f"/admin/status?{query}", *headers).status == 401


def test_without_saml_debug_nothing_is_kept(nginx, idp):
    server = nginx(site(server=STATUS), files=ADMINISTRATORS)
    idp.login(Browser(), server.url("/page.html"))
    assert look(server) == {"enabled": False, "stories": [], "sites": [], "link": None}
    assert ask(server, "/admin/status?debug=" + "0" * 32, basic("root")).status == 400
