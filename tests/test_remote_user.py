"""`$remote_user` is who the SP knows, or whom `auth_basic` let in: never what a client claims."""

import base64

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.members import log_in
from harness.response import Answer
from harness.upstream import passing_to
from harness.wire import ask, cookie_header

CONF = """
worker_processes 1;
events {}
http {
    log_format user '$uri $remote_user';
    access_log @DIR@/user.log user;
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    saml_sp other {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://other.example.org;
        idp corp2;
        cookie_name other;
    }
    saml_idp corp2 { metadata corp2.xml; }
    map $remote_user $mapped { default $remote_user; }
    limit_req_zone $remote_user zone=users:1m rate=1000r/s;
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location = /other/acs { saml_acs other; }
        location = /other/page { auth_saml other; auth_saml_mode require; try_files /page.html =404; }
        location / { auth_saml_mode require; }

        fastcgi_param REMOTE_USER $remote_user;
        uwsgi_param REMOTE_USER $remote_user;
        scgi_param REMOTE_USER $remote_user;
        proxy_set_header Remote-User $remote_user;
        grpc_set_header Remote-User $remote_user;

        auth_saml app;
        auth_saml_mode optional;
        location /proxy { @PROXY@ }
        location /fastcgi { include /etc/nginx/fastcgi_params; @FASTCGI@ }
        location /uwsgi { include /etc/nginx/uwsgi_params; uwsgi_param REMOTE_USER $remote_user; @UWSGI@ }
        location /scgi { @SCGI@ }
        location /grpc { @GRPC@ }

        # looked at before anybody knows who it is
        location /early {
            limit_req zone=users;
            set $early $remote_user;
            proxy_set_header Remote-User $mapped;
            @PROXY@
        }

        location /early-file { set $early $remote_user; try_files /page.html =404; }

        # with auth_basic
        location /both { auth_basic staff; auth_basic_user_file users; @PROXY@ }
        location /either { satisfy any; auth_basic staff; auth_basic_user_file users; @PROXY@ }
        @ANY_OF_THREE@
        location /inside { satisfy any; allow 127.0.0.0/8; deny all; @PROXY@ }
        location /inside-on { satisfy any; allow 127.0.0.0/8; deny all; try_files /none @open; }
        location /basic-first {
            auth_saml off;
            auth_basic staff;
            auth_basic_user_file users;
            error_page 401 = /proxy;
            @PROXY@
        }

        location /basic-then-early {
            auth_saml off;
            auth_basic staff;
            auth_basic_user_file users;
            error_page 401 = /set;
            @PROXY@
        }
        location /set { set $set $remote_user; proxy_set_header Remote-User $set; @PROXY@ }

        # where an internal redirect leads
        location /named { try_files /none @open; }
        location @open { auth_saml off; @PROXY@ }
        location /named-basic { try_files /none @basic; }
        location @basic { auth_saml off; auth_basic staff; auth_basic_user_file users; @PROXY@ }
        location /to-other { try_files /none /of-other; }
        location /of-other { auth_saml other; @PROXY@ }
        location /open { auth_saml off; @PROXY@ }

        location /both-ssi { auth_basic staff; auth_basic_user_file users; ssi on; try_files /open-ssi.html =404; }
        location /ssi { ssi on; try_files /ssi.html =404; }
    }
    server { listen 127.0.0.1:@PORT2@; location / { return 204; } }
}
"""
# Not every nginx is built with auth_request.
ANY_OF_THREE = """
        location /any-of-three {
            satisfy any;
            auth_basic staff;
            auth_basic_user_file users;
            auth_request /yes;
            @PROXY@
        }
        location = /yes { auth_saml off; proxy_pass http://127.0.0.1:@PORT2@; }
"""
CORP2 = Idp("https://corp2.example.org", "https://corp2.example.org/sso", credential=rsa_credential("corp2"))  # fmt: skip
FILES = {
    "corp2.xml": CORP2.metadata(),
    "users": "bob:{PLAIN}secret\n",
    "html/open-ssi.html": '<!--# include virtual="/open" -->',
    "html/ssi.html": '<!--# include virtual="/proxy" --><!--# include virtual="/of-other" -->',
}
ALICE = "alice@example.org"


def basic(user: str, password: str = "secret") -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


FORGED = basic("admin")


@pytest.fixture
def server(nginx, upstreams):
    return nginx(CONF, files=FILES, ANY_OF_THREE="", **passing_to(upstreams))


@pytest.fixture
def user(server, upstreams):
    """Who a path's application thinks it is; "" and None are nobody."""

    def of(path: str, *headers: tuple[str, str], protocol: str = "proxy") -> str | None:
        answer = ask(server, path, *headers)
        assert answer.status == 200, f"{path}: {answer.status} {answer.text}"
        asked = upstreams[protocol].last()
        return asked.get("REMOTE_USER", asked.get("HTTP_REMOTE_USER"))

    return of


@pytest.fixture
def session(server, idp) -> tuple[str, str]:
    return cookie_header(log_in(server, idp))


def assert_logged(server, *lines: str) -> None:
    """nginx logs when it has answered."""
    log = server.directory / "user.log"
    server.wait_for(lambda: log.read_text().splitlines()[-len(lines) :] == list(lines), lines)


@pytest.mark.parametrize("protocol", ["proxy", "fastcgi", "uwsgi", "scgi"])
def test_a_session_sets_it(user, session, protocol):
    assert user(f"/{protocol}", session, protocol=protocol) == ALICE
    assert user(f"/{protocol}", session, FORGED, protocol=protocol) == ALICE


@pytest.mark.parametrize("protocol", ["proxy", "fastcgi", "uwsgi", "scgi"])
def test_nobody_is_nobody(user, protocol):
    assert not user(f"/{protocol}", protocol=protocol)
    assert not user(f"/{protocol}", FORGED, protocol=protocol)


def test_in_the_access_log(server, user, session):
    user("/proxy", session, FORGED)
    user("/proxy", FORGED)
    assert_logged(server, f"/proxy {ALICE}", "/proxy -")


def test_asked_too_early(server, user, session):
    assert user("/early", session, FORGED) == ALICE
    assert_logged(server, f"/early {ALICE}")
    assert ask(server, "/early-file", session, FORGED).status == 200
    assert_logged(server, f"/page.html {ALICE}")
    assert not user("/early", FORGED)
    assert_logged(server, "/early -")


def test_whom_auth_basic_lets_in_stays(user, session):
    assert user("/both", basic("bob")) == "bob"
    assert user("/either", basic("bob")) == "bob"
    assert user("/named-basic", basic("bob")) == "bob"
    assert user("/basic-first", basic("bob")) == "bob"
    assert user("/both", session, basic("bob")) == ALICE, "the SP's word goes before"
    assert user("/either", session) == ALICE


def test_a_subrequest_has_the_user_of_auth_basic(server, upstreams, session):
    for headers, user in (([basic("bob")], "bob"), ([basic("bob"), session], ALICE)):
        assert ask(server, "/both-ssi", *headers).status == 200
        assert upstreams["proxy"].last()["HTTP_REMOTE_USER"] == user


def test_whom_auth_basic_refuses_is_nobody(server, user):
    assert ask(server, "/both", basic("bob", "wrong")).status == 401
    assert ask(server, "/either", basic("bob", "wrong")).status == 401
    assert not user("/basic-first", basic("bob", "wrong"))
    assert not user("/basic-first", FORGED)
    assert not user("/basic-then-early", basic("bob", "wrong"))


def test_whom_auth_basic_refuses_and_another_lets_in_is_nobody(nginx, upstreams):
    conf = CONF.replace("@ANY_OF_THREE@", ANY_OF_THREE)
    server = nginx(conf, files=FILES, **passing_to(upstreams))
    for password, user in (("wrong", None), ("secret", "bob")):
        assert ask(server, "/any-of-three", basic("bob", password)).status == 200
        assert upstreams["proxy"].last().get("HTTP_REMOTE_USER") == user


@pytest.mark.parametrize("path", ["/inside", "/inside-on", "/named"])
def test_whom_nobody_asked_is_nobody(user, path):
    """Let in by address, or by `optional`, here or in the location that led here."""
    assert not user(path, FORGED)


def test_other_locations(user, session):
    assert user("/named", session) == ALICE, "as $saml_name_id is"
    assert not user("/to-other", session, FORGED), "another SP does not know them"
    assert user("/open", FORGED) == "admin", "nginx's own business"


def test_a_subrequest_has_its_own(server, upstreams, user, session):
    """Requests share with their subrequests what variables they know; not this one."""
    other = Browser()
    request = CORP2.asked(other.get(server.url("/other/page")))
    page = other.post(request.acs_url, CORP2.form(request, Answer(name_id="zoe@example.org")))
    assert page.status == 303
    for cookies, users in (
        (f"{session[1]}; {cookie_header(other)[1]}", ["zoe@example.org", ALICE]),
        (session[1], [None, ALICE]),
        (cookie_header(other)[1], ["zoe@example.org", None]),
    ):
        asked = upstreams["proxy"].asked
        asked.clear()
        assert ask(server, "/ssi", ("Cookie", cookies), FORGED).status == 200
        assert sorted([dict(pairs).get("HTTP_REMOTE_USER") for pairs in asked], key=str) == sorted(
            users, key=str
        )
        assert_logged(server, f"/ssi.html {users[1] or '-'}")
