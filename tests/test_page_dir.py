"""Templates of an administrator: they take the place of the built-in pages, and nginx -t tries them."""

import re

from harness.idp import Idp
from harness.response import Answer

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        ui_info display_name "Example App";
        contact support help@example.com "Help desk";
        page_dir pages;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
LAYOUT = """<!DOCTYPE html>\r
<html lang="{{ lang }}"><head><title>{% block title %}{% endblock %}</title>\r
<style>\r
p { color: green }\r
</style>{% block head %}{% endblock %}</head>\r
<body><h1>{{ service.name }} / {{ self.title() }}</h1>{% block content %}{% endblock %}</body></html>\r
"""
BAD = Answer(audience="https://other.example.org")
#: By `printf '\np { color: green }\n' | openssl dgst -sha256 -binary | base64`.
GREEN = "sha256-719cV2EjF/Yas+TSqkrraW9PJZ4ar7PoIwbo1kvefk0="


def refused(server, idp: Idp, browser):
    return idp.login(browser, server.url("/page.html"), BAD)


def test_the_layout_is_that_of_all_pages(nginx, idp, browser):
    server = nginx(CONF, files={"pages/layout.html": LAYOUT})
    page = refused(server, idp, browser)
    assert page.status == 403
    assert "<h1>Example App / Sign-in did not work</h1>" in page.text
    assert "<code>audience_mismatch</code>" in page.text
    assert "page_dir" not in server.error_log()


def test_the_policy_is_that_of_the_templates(nginx, idp, browser):
    server = nginx(CONF, files={"pages/layout.html": LAYOUT})
    policy = refused(server, idp, browser).headers["Content-Security-Policy"]
    (style,) = [part for part in policy.split("; ") if part.startswith("style-src")]
    assert style == f"style-src '{GREEN}'", "as browsers take it, without carriage returns"


def test_a_template_that_does_not_fit_is_told_and_hurts_nobody(nginx, idp, browser):
    strange = '{% extends "layout.html" %}\n{% block content %}{{ nothing }}{% endblock %}'
    server = nginx(CONF, files={"pages/sign_in_failed.html": strange})
    ok, said = server.test()
    assert ok and "[warn]" in said
    assert '"page_dir" "pages": sign_in_failed.html:2: undefined value' in said, said
    page = refused(server, idp, browser)
    assert page.status == 403 and "<h1>Sign-in did not work</h1>" in page.text
    assert "Help desk" in page.text
    (line,) = [line for line in server.error_log().splitlines() if "built-in page is shown instead" in line]
    assert "[error]" in line and "saml: page_dir: sign_in_failed.html:2: undefined value" in line


def test_what_is_no_template_stops_nginx(prepared):
    ok, said = prepared(CONF, files={"pages/layout.html": "<p>\n{% block x %}"}).test()
    assert not ok
    assert '"page_dir" "pages": layout.html:2: syntax error' in said, said
    assert re.search(r"end of block in \S+/nginx\.conf:\d+", said), said


def test_a_reload_brings_new_templates_and_no_broken_ones(nginx, idp, browser):
    server = nginx(CONF, files={"pages/sign_in_failed.html": "<p>one {{ code }}"})
    assert refused(server, idp, browser).text == "<p>one audience_mismatch"
    server.write("pages/sign_in_failed.html", "<p>two {{ code }}")
    server.reload()
    assert refused(server, idp, browser).text == "<p>two audience_mismatch"
    server.write("pages/sign_in_failed.html", "<p>three {{")
    server.expected = "syntax error"
    ok, said = server.test()
    assert not ok and "sign_in_failed.html:1: syntax error" in said


def test_nothing_of_a_message_is_markup(nginx, idp, browser):
    """A template that writes all that it knows writes no more than text."""
    every = "{{ code }}{{ request_id }}{{ start_again }}{{ meaning }}{{ now }}{{ service }}{{ contact }}"
    server = nginx(CONF, files={"pages/sign_in_failed.html": every})
    page = idp.login(browser, server.url("/page.html?<script>'\""), BAD)
    assert page.status == 403 and "<" not in page.text, page.text
    assert "example.com" in page.text
