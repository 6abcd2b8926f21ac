"""`user SOURCE…`: by which one name an application knows people, whatever the IdP sends."""

import base64

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, assert_success, send
from harness.members import log_in, log_in_again
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(
    keys=False,
    http="log_format user '$remote_user|$saml_user'; access_log @DIR@/user.log user;",
    sp="@SP@",
    location="""
        proxy_set_header X-User $saml_user;
        proxy_set_header X-Remote $remote_user;
        proxy_set_header Authorization "";
        proxy_pass @BACKEND@;
    """,
    server="""
        location /both/ {
            auth_saml app;
            auth_basic staff;
            auth_basic_user_file users;
            proxy_set_header X-Remote $remote_user;
            proxy_pass @BACKEND@;
        }
        location /open/ {
            auth_saml app;
            auth_saml_mode optional;
            proxy_set_header X-User $saml_user;
            proxy_set_header X-Remote $remote_user;
            proxy_pass @BACKEND@;
        }
    """,
)
FILES = {"users": "bob:{PLAIN}secret\n"}
NAME_ID = "alice@example.org"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
UID = Attribute("urn:oid:0.9.2342.19200300.100.1.1", ["jdoe", "second"], "uid")
SUBJECT = Attribute("urn:oasis:names:tc:SAML:attribute:subject-id", ["j1@example.org"])
SP = rsa_credential("sp").certificate
BASIC = {"Authorization": "Basic " + base64.b64encode(b"bob:secret").decode()}


def serve(nginx, backend, sp: str):
    return nginx(CONF, files=FILES, SP=sp, BACKEND=backend.url)


def user(server, idp, backend, attributes=(), path="/", headers=None, **answer) -> str | None:
    """What the application hears, which is the same in both variables and in the log."""
    browser = Browser()
    answer = Answer(attributes=list(attributes), **answer)
    assert idp.login(browser, server.url("/"), answer).status == 303
    assert browser.get(server.url(path), headers=headers or {}).status == 200
    heard = backend.asked[-1].headers
    remote = heard.get("X-Remote")
    if path == "/":
        assert remote == heard.get("X-User")
    return remote and remote.encode("latin-1").decode()


def logged(server) -> list[str]:
    return (server.directory / "user.log").read_text().splitlines()


def missing(server) -> list[str]:
    return [line for line in server.error_log().splitlines() if "user_missing" in line]


def test_the_first_source_that_has_a_value(nginx, idp, backend):
    server = serve(nginx, backend, "user subject-id uid name_id;")
    assert user(server, idp, backend, [UID, SUBJECT]) == "j1@example.org"
    assert user(server, idp, backend, [UID]) == "jdoe"
    assert user(server, idp, backend, [Attribute("uid", [""])]) == NAME_ID
    assert logged(server)[-1] == f"{NAME_ID}|{NAME_ID}"
    assert missing(server) == []


def test_an_alias_and_a_template(nginx, idp, backend):
    sp = """
        attribute login urn:oid:0.9.2342.19200300.100.1.1 lower match=~^(.*)@corp$ replace=$1;
        user "$saml_attr_login@${saml_attr_realm}" login;
    """
    server = serve(nginx, backend, sp)
    sent = Attribute("uid", ["JDOE@corp"], "urn:oid:0.9.2342.19200300.100.1.1")
    assert user(server, idp, backend, [sent]) == "jdoe"
    assert user(server, idp, backend, [sent, Attribute("realm", ["x"])]) == "jdoe@x"


def test_without_a_line_it_is_the_name_id(nginx, idp, backend):
    server = serve(nginx, backend, "")
    assert user(server, idp, backend, [UID]) == NAME_ID
    assert user(server, idp, backend, name_id_format=TRANSIENT) == NAME_ID


def test_a_transient_name_is_no_user_unless_somebody_says_so(nginx, idp, backend):
    server = serve(nginx, backend, "user uid name_id;")
    assert user(server, idp, backend, name_id_format=TRANSIENT) is None
    server = serve(nginx, backend, "user uid name_id transient_name_id;")
    assert user(server, idp, backend, name_id_format=TRANSIENT) == NAME_ID
    server = serve(nginx, backend, 'user "$saml_name_id";')
    assert user(server, idp, backend, name_id_format=TRANSIENT) is None


def test_nobody_is_nobody_whoever_claims_or_checks_another(nginx, idp, backend):
    """Neither a header of the client nor the user of `auth_basic` fills the gap."""
    server = serve(nginx, backend, "user eppn;")
    assert user(server, idp, backend, [UID], headers=BASIC) is None
    assert logged(server)[-1] in ("-|-", "-|")
    assert user(server, idp, backend, [UID], path="/both/", headers=BASIC) is None
    assert len(missing(server)) == 2, "once for each login"
    assert all("[warn]" in line for line in missing(server))
    heard = Browser()
    assert heard.get(server.url("/open/"), headers=BASIC).status == 200
    assert not {"X-User", "X-Remote"} & set(backend.asked[-1].headers)


def test_two_attributes_that_could_be_the_user_are_told(nginx, idp, backend):
    server = serve(nginx, backend, "user uid;")
    both = [Attribute("UID", ["upper"]), Attribute("uid", ["exact"])]
    assert user(server, idp, backend, both) == "exact"
    (line,) = [line for line in server.error_log().splitlines() if "could be" in line]
    assert "[warn]" in line and '"UID"' in line, line


@pytest.mark.parametrize("sp, told", [("user uid name_id;", ""), ("", NAME_ID)])
def test_an_idp_that_logs_out_tells_no_user_of_an_attribute(nginx, backend, sp, told):
    """The fallback would be a name by which the application does not know them, or knows another."""
    idp = Idp(slo=("HTTP-Redirect",))
    conf = site(
        sp=f"logout_notify /told; {sp}",
        server="""
            location = /told {
                internal;
                proxy_set_header X-User "[$saml_user]";
                proxy_pass @BACKEND@/told;
            }
        """,
    )
    server = nginx(conf, files={"idp.xml": idp.metadata()}, BACKEND=backend.url)
    log_in(server, idp, attributes=[UID])
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(), "soap"), SP)
    assert backend.asked[-1].headers["X-User"] == f"[{told}]"
    browser = log_in_again(server, idp, attributes=[UID])
    browser.get(server.url("/saml/logout"))
    assert backend.asked[-1].headers["X-User"] == ("[jdoe]" if sp else f"[{NAME_ID}]")


HOSTILE = {
    "a\nX-Admin: 1": r"a\u{a}X-Admin: 1",
    "ad\tmin": r"ad\u{9}min",
    "admin\N{ZERO WIDTH SPACE}": r"admin\u{200b}",
    "\N{RIGHT-TO-LEFT MARK}admin": r"\u{200f}admin",
    r"admin\u{a0}": r"admin\u{5c}u{a0}",
    "a;b\"'<>": "a;b\"'<>",
    "$saml_name_id": "$saml_name_id",
    "x" * 20_000: "x" * 20_000,
}


@pytest.mark.parametrize("sp", ["user uid;", 'user "x-$saml_attr_uid";', "user name_id;", ""])
def test_no_name_breaks_a_header(nginx, idp, backend, sp):
    server = serve(nginx, backend, sp)
    for text, safe in HOSTILE.items():
        # As it stands in a template, no end of the text is one of the name.
        if "x-" in sp and safe.startswith(r"\u{200f}"):
            safe = "\N{RIGHT-TO-LEFT MARK}admin"
        safe = f"x-{safe}" if "x-" in sp else safe
        answer = {"name_id": text} if "uid" not in sp else {"attributes": [Attribute("uid", [text])]}
        assert user(server, idp, backend, **answer) == safe
        assert "X-Admin" not in backend.asked[-1].headers
