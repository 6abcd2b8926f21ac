"""Two sites with one memcached and one secret: everybody names the block `app`, and what belongs to one
SP is nothing to another."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import is_in, log_in
from harness.refusal import assert_refused
from harness.response import Answer

CONF = """
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        cache_valid 0s;
        zone saml_sessions 4m;
        secret session.key;
    }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id @ENTITY@;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store shared;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}
WIKI, PAYROLL = "https://wiki.example.org", "https://payroll.example.org"


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect",))


@pytest.fixture
def start(nginx, memcacheds):
    (node,) = memcacheds()
    return lambda entity: nginx(CONF, files=SECRET, NODES=node.address, ENTITY=entity)


@pytest.fixture
def sites(start):
    """Two entities at two origins, which share cookies: a port does not tell them apart."""
    return start(WIKI), start(PAYROLL)


def twin_of(browser: Browser) -> Browser:
    """Another browser with the same cookies."""
    twin = Browser()
    twin.session.cookies.update(browser.session.cookies)
    return twin


def pending_cookie(browser: Browser) -> tuple[str, str]:
    (cookie,) = [c for c in browser.session.cookies if "_request_" in c.name]
    return cookie.name, cookie.value


@pytest.mark.parametrize("entity", [PAYROLL, WIKI], ids=["another entity", "another base_url"])
def test_a_session_of_one_is_none_at_the_other(start, idp, entity):
    wiki, payroll = start(WIKI), start(entity)
    member = log_in(wiki, idp)
    assert is_in(wiki, member)
    assert not is_in(payroll, member)
    member = log_in(payroll, idp)
    assert is_in(payroll, member)
    assert not is_in(wiki, member)


def test_a_login_at_one_does_not_end_the_session_at_the_other(sites, idp):
    """Even when the browser brings the other's cookie along."""
    wiki, payroll = sites
    member = log_in(wiki, idp)
    kept = twin_of(member)
    assert idp.login(member, payroll.url("/page.html")).status == 303
    assert is_in(payroll, member) and is_in(wiki, kept)


def test_a_logout_at_one_does_not_touch_the_other(sites, idp):
    wiki, payroll = sites
    member = log_in(wiki, idp)
    kept = twin_of(member)
    page = member.get(payroll.url("/saml/logout"))
    assert page.status == 200 and "SAMLRequest" not in page.text, "nothing to ask the IdP for"
    assert is_in(wiki, kept)


def test_a_logout_by_the_idp_ends_what_it_says(sites, idp):
    """Success at payroll is about payroll's session; wiki's ends when wiki is asked."""
    wiki, payroll = sites
    at_wiki, at_payroll = log_in(wiki, idp), log_in(payroll, idp)
    everything = LogoutRequest(session_index=())
    assert_success(send(idp, payroll.url("/saml/sls"), everything))
    assert not is_in(payroll, at_payroll) and is_in(wiki, at_wiki)
    assert_success(send(idp, wiki.url("/saml/sls"), everything))
    assert not is_in(wiki, at_wiki)


def test_a_logout_is_the_entitys(start, idp):
    """One entity at two origins is one SP to the IdP, which asks at one of them."""
    wiki, mirror = start(WIKI), start(WIKI)
    at_wiki, at_mirror = log_in(wiki, idp), log_in(mirror, idp)
    assert_success(send(idp, wiki.url("/saml/sls"), LogoutRequest(session_index=())))
    assert not is_in(wiki, at_wiki) and not is_in(mirror, at_mirror)


def test_a_login_under_way_at_one_is_not_the_others(sites, idp):
    """The cookie of a login at wiki, also under the name it would have at payroll."""
    wiki, payroll = sites
    at_wiki, at_payroll = Browser(), Browser()
    asked_by_wiki = idp.asked(at_wiki.get(wiki.url("/page.html")))
    asked_by_payroll = idp.asked(at_payroll.get(payroll.url("/page.html")))
    family = pending_cookie(at_payroll)[0].rpartition("_")[0]
    name, value = pending_cookie(at_wiki)
    suffix = name.rpartition("_")[2]
    form = idp.form(asked_by_payroll, Answer(in_response_to=asked_by_wiki.id))
    for cookie in (f"{name}={value}", f"{family}_{suffix}={value}"):
        page = Browser().post(asked_by_payroll.acs_url, form, headers={"Cookie": cookie})
        assert_refused(payroll, page, "request_unknown")


def test_an_assertion_is_claimed_for_its_own_sp(sites, idp):
    """An ID that was used at one is not used up at the other."""
    for site in sites:
        request = idp.asked(Browser().get(site.url("/page.html")))
        form = idp.form(request, Answer(in_response_to=None, assertion_id="_the-same"))
        assert Browser().post(request.acs_url, form).status == 303
        again = Browser().post(request.acs_url, form)
        assert_refused(site, again, "assertion_replayed")


def test_two_blocks_cannot_be_one_sp(prepared):
    """Whatever one block lets in would count at the other."""
    twin = "base_url HTTP://127.0.0.1:@PORT@/; entity_id @ENTITY@; idp corp; session_store shared;"
    conf = CONF.replace("    server {", f"    saml_sp twin {{ {twin} }}\n    server {{")
    acs = "location = /twin/acs { saml_acs twin; }\n        location / {"
    conf = conf.replace("location / {", acs)
    server = prepared(conf, files=SECRET, NODES="127.0.0.1:1", ENTITY=WIKI)
    good, output = server.test()
    (line,) = [line for line in output.splitlines() if "[emerg]" in line]
    assert not good and '"app" and "twin" are one SP' in line and "nginx.conf:" in line, line
