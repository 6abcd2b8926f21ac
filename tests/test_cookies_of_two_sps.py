"""Several SPs at one host: their cookies of logins and logouts under way stand side by side, and none
pushes out or reads another's."""

import pytest

from harness.idp import Idp
from harness.logout import LogoutResponse, received, send
from harness.refusal import assert_refused
from harness.response import Answer

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://app.example.org;
        idp corp;
        cookie_path /app;
        logout_redirect /app/bye;
    }
    saml_sp wiki {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://wiki.example.org;
        idp corp;
        cookie_path /wiki;
        logout_redirect /wiki/bye;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        location /app { auth_saml app; try_files /page.html =404; }
        location = /app/acs { saml_acs app; }
        location = /app/sls { saml_sls app; }
        location = /app/logout { saml_logout app; }
        location /wiki { auth_saml wiki; try_files /page.html =404; }
        location = /wiki/acs { saml_acs wiki; }
        location = /wiki/sls { saml_sls wiki; }
        location = /wiki/logout { saml_logout wiki; }
    }
}
"""


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect",))


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def test_logins_under_way_are_not_pushed_out(server, idp, browser):
    """One SP's tabs may be many; the login at the other ends well."""
    request = idp.asked(browser.get(server.url("/wiki/page")))
    for n in range(12):
        idp.asked(browser.get(server.url(f"/app/page?tab={n}")))
    page = browser.post(request.acs_url, idp.form(request))
    assert (page.status, page.location) == (303, server.url("/wiki/page"))


def test_a_logout_under_way_is_not_replaced(server, idp, browser):
    for path in ("/app/page", "/wiki/page"):
        assert idp.login(browser, server.url(path)).status == 303
    requests = {sp: received(browser.get(server.url(f"/{sp}/logout"))) for sp in ("app", "wiki")}
    for sp, request in requests.items():
        answer = LogoutResponse(request.xml.get("ID"))
        page = send(idp, server.url(f"/{sp}/sls"), answer, "redirect", browser, "")
        assert (page.status, page.location) == (303, server.url(f"/{sp}/bye")), page.text


def test_an_answer_to_one_is_no_answer_to_the_other(server, idp, browser):
    request = idp.asked(browser.get(server.url("/app/page")))
    other = idp.asked(browser.get(server.url("/wiki/page")))
    page = browser.post(other.acs_url, idp.form(other, Answer(in_response_to=request.id)))
    assert_refused(server, page, "request_unknown")


def test_loops_are_counted_for_each(server, idp, browser):
    """Six logins in a row whose session never comes back, three at each SP: no loop at either."""
    for path in ("/app/page", "/wiki/page") * 3:
        assert idp.login(browser, server.url(path)).status == 303
        for cookie in list(browser.session.cookies):
            if cookie.name == "saml_session":
                browser.session.cookies.clear(cookie.domain, cookie.path, cookie.name)
    for path in ("/app/page", "/wiki/page"):
        assert idp.login(browser, server.url(path)).status == 303, "login_loop"
