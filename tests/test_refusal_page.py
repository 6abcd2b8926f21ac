"""What a person and what a program sees of a refusal."""

import json

import lxml.html

from harness.response import Answer

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
        location /own {
            error_page 400 403 /sorry.html;
            location = /own/acs { saml_acs own; }
            location = /own/login { saml_login own; }
        }
        location = /sorry.html { add_header X-Reason $saml_error always; root html; }
    }
    saml_sp own {
        base_url http://127.0.0.1:@PORT@;
        entity_id own;
        idp corp;
    }
}
"""
BAD = Answer(audience="https://secret.example.org/<script>")


def test_page_for_people(nginx, idp, browser):
    server = nginx(CONF)
    page = idp.login(browser, server.url("/page.html"), BAD)
    assert page.status == 403
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "no-store" in page.headers["Cache-Control"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    document = lxml.html.document_fromstring(page.text)
    assert document.get("lang") == "en"
    assert document.findtext(".//title")
    assert document.find(".//main//h1") is not None
    assert document.find(".//meta[@name='viewport']") is not None
    assert document.find(".//main//a[@href]") is not None, "a way on"
    assert "audience_mismatch" in page.text
    for secret in ("secret.example.org", idp.entity_id, "/saml/metadata"):
        assert secret not in page.text
    assert page.text.count("<script") == 1, "that of the copy button"
    assert "secret.example.org" in server.error_log()


def test_json_for_programs(nginx, idp, browser):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    page = browser.post(
        request.acs_url, idp.form(request, BAD), headers={"Accept": "application/json"}
    )
    assert page.status == 403
    assert page.headers["Content-Type"].startswith("application/json")
    answer = json.loads(page.text)
    assert answer["error"] == "audience_mismatch"
    assert answer["request_id"] in server.error_log()
    assert "secret.example.org" not in page.text


def test_log_injection(nginx, idp, browser):
    """What the IdP or a stranger wrote cannot forge a log line."""
    server = nginx(CONF)
    forged = "x\n2024/01/01 00:00:00 [alert] 1#1: forged\x1b[2J"
    idp.login(browser, server.url("/page.html"), Answer(audience=forged.replace("\x1b", "")))
    browser.request("GET", server.url("/saml/login"), params={"idp": forged})
    assert not [line for line in server.error_log().splitlines() if line.startswith("2024/01/01")]
    assert "\x1b" not in server.error_log()


def test_error_page(nginx, idp, browser):
    """An administrator's own page, which knows the reason."""
    server = nginx(CONF, files={"html/sorry.html": "sorry\n"})
    page = idp.login(browser, server.url("/own/login"), BAD)
    assert (page.status, page.text) == (403, "sorry\n")
    assert page.headers["X-Reason"] == "audience_mismatch"
