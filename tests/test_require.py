"""`auth_saml_require`: variables that must have a value, and not 0, for a request to enter."""

import pytest

from harness.browser import Browser
from harness.refusal import assert_refused
from harness.response import Answer, Attribute
from harness.wire import ask, cookie_header

CONF = """
events {}
http {
    map $saml_attr_groups $is_staff { default 0; "~(^|;)staff(;|$)" yes; }
    map $saml_attr_groups $is_good { default 1; "~(^|;)banned(;|$)" 0; }
    map $saml_attr_groups $has_no_default { "~(^|;)staff(;|$)" yes; }
    map $saml_authn_context $has_mfa { https://refeds.org/profile/mfa 1; }
    map $arg_key $saml_attr_of_a_map { default 0; good 1; }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    saml_sp second {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://second.example.org;
        idp corp;
        cookie_name second;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location = /second/acs { saml_acs second; }
        auth_saml app;
        location / { }
        location /second { auth_saml second; try_files /page.html =404; }
        location /staff {
            auth_saml_require $is_staff;
            try_files /page.html =404;
            location /staff/mfa { auth_saml_require $is_staff $has_mfa; try_files /page.html =404; }
            location /staff/off { auth_saml_require off; try_files /page.html =404; }
        }
        location /mail { auth_saml_require $saml_attr_mail error=401 "label=an <e-mail> address"; try_files /page.html =404; }
        location /lines {
            auth_saml_require $is_staff label=staff;
            auth_saml_require $arg_key label=key;
            try_files /page.html =404;
        }
        location /attributes {
            auth_saml_require $saml_name_id $saml_attr_groups;
            auth_saml_require $saml_attr_groups_count;
            try_files /page.html =404;
        }
        location /of-a-map { auth_saml_require $saml_name_id $saml_attr_of_a_map; try_files /page.html =404; }
        location /set { set $flag $arg_flag; auth_saml_require $flag; try_files /page.html =404; }
        location /early {
            set $early $is_good$has_no_default$is_staff;
            auth_saml_require $is_good;
            try_files /page.html =404;
        }
        location /shows {
            auth_saml_require $is_staff;
            add_header X-User "[$saml_name_id|$remote_user|$is_staff]";
            try_files /page.html =404;
        }
        location /returns { auth_saml_require $is_staff; return 200 "content of $saml_name_id"; }
        location /optional {
            auth_saml_mode optional;
            auth_saml_require $arg_key;
            add_header X-User "[$saml_name_id]";
            try_files /page.html =404;
        }
        location /leads-to-second { try_files /nothing /visitor-of-second; }
        location /visitor-of-second {
            auth_saml second;
            auth_saml_mode optional;
            auth_saml_require $saml_name_id;
            try_files /page.html =404;
        }
        location /any {
            satisfy any;
            auth_saml_require $is_staff label=staff;
            auth_request /key;
            try_files /page.html =404;
        }
        location /any-late {
            satisfy any;
            allow all;
            auth_saml_require $is_staff;
            add_header X-User "[$saml_name_id]" always;
            try_files /page.html =404;
        }
        location /leads-there { try_files /nothing /any-late; }
        location /all { satisfy all; auth_saml_require $is_staff; auth_request /key; try_files /page.html =404; }
        location = /key { internal; auth_saml off; if ($request_uri ~ key=good) { return 204; } return 401; }
        location /asks { auth_saml off; auth_request /guard; try_files /page.html =404; }
        location = /guard { internal; auth_saml_require $is_staff; return 204; }
        location /asks-401 { auth_saml off; auth_request /guard-401; try_files /page.html =404; }
        location = /guard-401 { internal; auth_saml_require $is_staff error=401; return 204; }
        # The main request's user is staff; the guard wants one of the other SP who is.
        location /two-sps {
            auth_saml_require $is_staff;
            auth_request /guard-of-second;
            try_files /page.html =404;
        }
        location = /guard-of-second { internal; auth_saml second; auth_saml_require $has_no_default; return 204; }
        location /two-sps-early {
            auth_saml_require $has_no_default;
            auth_request /guard-of-second;
            try_files /page.html =404;
        }
    }
}
"""
PERSON = ("Accept", "text/html")
MFA = "https://refeds.org/profile/mfa"


@pytest.fixture
def signed_in(nginx, idp):
    server = nginx(CONF)

    def make(*groups: str, page: str = "/page.html", browser=None, **more):
        browser = browser or Browser()
        said = Answer(attributes=[Attribute("groups", list(groups))] if groups else [], **more)
        assert idp.login(browser, server.url(page), said).status == 303
        browser.server = server
        browser.status = lambda path: browser.get(server.url(path)).status
        return browser

    return make


def test_every_variable_must_have_a_value_and_not_0(signed_in):
    staff, guest = signed_in("staff"), signed_in("guest")
    assert (staff.status("/staff"), guest.status("/staff")) == (200, 403)
    assert staff.status("/staff/mfa") == 403, "has_mfa is empty"
    assert signed_in("staff", authn_context=MFA).status("/staff/mfa") == 200
    assert guest.status("/staff/off") == 200
    assert [staff.status(f"/lines?key={key}") for key in ("x", "00", "0", "")] == [200, 200, 403, 403]
    assert "missing: <strong>key<" in staff.get(staff.server.url("/lines")).text
    assert "missing: <strong>staff<" in guest.get(guest.server.url("/lines")).text


def test_what_a_session_has_is_found_at_each_of_its_requests(signed_in):
    staff, guest = signed_in("staff"), signed_in()
    for _ in range(3):
        assert (staff.status("/attributes"), guest.status("/attributes")) == (200, 403)


def test_a_map_that_is_named_as_an_attribute_is_asked_each_time(signed_in):
    staff = signed_in("staff")
    asked = ["good", "good", "bad", "good", "", "good"]
    assert [staff.status(f"/of-a-map?key={key}") for key in asked] == [200, 200, 403, 200, 403, 200]


def test_401_is_an_answer_and_no_login(signed_in):
    nobody = signed_in("staff")
    refused = nobody.get(nobody.server.url("/mail"))
    assert_refused(nobody.server, refused, "requirement_not_met")
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"].startswith("SAML realm=")
    assert "Location" not in refused.headers
    assert "an &lt;e-mail&gt; address" in refused.text
    assert ask(nobody.server, "/mail", PERSON).status == 302, "a login may help who has no session"


def test_the_log_names_the_variable(signed_in):
    guest = signed_in("guest")
    guest.status("/staff")
    (line,) = [line for line in guest.server.error_log().splitlines() if "requirement_not_met" in line]
    assert 'auth_saml_require $is_staff" in ' in line and "$is_staff is empty or 0" in line
    assert "[warn]" in line and "guest" not in line


def test_what_set_makes_is_believed(signed_in):
    member = signed_in("x")
    assert [member.status(f"/set?flag={flag}") for flag in ("1", "0", "")] == [200, 403, 403]


def test_what_a_map_said_before_the_session_was_known_lets_nobody_in(signed_in):
    assert signed_in("banned").status("/early") == 403
    assert signed_in("staff").status("/early") == 200


def test_the_rule_sees_the_session_and_so_does_the_page(signed_in):
    staff = signed_in("staff")
    page = staff.get(staff.server.url("/shows"))
    assert page.headers["X-User"] == "[alice@example.org|alice@example.org|yes]"
    assert staff.get(staff.server.url("/returns")).text == "content of alice@example.org"
    refused = signed_in("x").get(staff.server.url("/returns"))
    assert refused.status == 403 and "content of" not in refused.text


def test_without_a_session_that_is_optional_variables_decide(signed_in):
    member = signed_in("x")
    server = member.server
    assert ask(server, "/optional?key=1", PERSON).headers["X-User"] == "[]"
    assert ask(server, "/optional", PERSON).status == 302
    assert member.get(server.url("/optional?key=1")).headers["X-User"] == "[alice@example.org]"
    assert member.status("/optional") == 403
    assert member.status("/leads-to-second") == 302, "it is the user of another SP"


def test_satisfy(signed_in):
    staff, guest = signed_in("staff"), signed_in("guest")
    server = staff.server
    assert staff.status("/any") == 200 and staff.status("/all") == 401
    assert staff.status("/all?key=good") == 200 and guest.status("/all?key=good") == 403
    assert guest.status("/any?key=good") == 200, "another module grants"
    refused = guest.get(server.url("/any"))
    assert_refused(server, refused, "requirement_not_met")
    assert "missing: <strong>staff<" in refused.text
    assert ask(server, "/any", PERSON).status == 302


def test_where_no_rule_was_asked_a_session_that_breaks_it_is_none(signed_in):
    """An internal redirect leads to a location whose access phase `allow` ends before us."""
    for group, shown in [("staff", "[alice@example.org]"), ("guest", "[]")]:
        member = signed_in(group)
        page = member.get(member.server.url("/leads-there"))
        assert (page.status, page.headers["X-User"]) == (200, shown)


def test_subrequests(signed_in):
    staff, guest = signed_in("staff"), signed_in("guest")
    assert (staff.status("/asks"), guest.status("/asks")) == (200, 403)
    assert guest.status("/asks-401") == 401
    assert ask(staff.server, "/asks").status == 401
    assert ask(staff.server, "/asks", cookie_header(guest)).status == 403


@pytest.mark.parametrize("path", ["/two-sps", "/two-sps-early"])
def test_what_a_map_said_of_one_sps_user_does_not_let_in_anothers(signed_in, path):
    for at_second, status in [("guest", 403), ("staff", 200)]:
        browser = signed_in("staff")
        signed_in(at_second, page="/second", browser=browser)
        assert browser.status("/staff") == 200 and browser.status("/second") == 200
        assert browser.status(path) == status


def test_nginx_must_know_the_variable(prepared):
    good, output = prepared(CONF.replace("$arg_key", "$no_such_variable")).test()
    assert not good and 'unknown "no_such_variable" variable' in output


def test_a_rule_in_an_open_location_is_a_mistake(prepared):
    conf = CONF.replace("location /asks {", "location /open { auth_saml off; auth_saml_require $is_staff; } location /asks {")
    good, output = prepared(conf).test()
    assert not good and '"auth_saml_require" keeps nobody out of a location without "auth_saml"' in output
