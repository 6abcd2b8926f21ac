"""$saml_jwt and saml_jwks: what is signed for applications, as a library of others verifies it."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448

from harness.backend import Backend
from harness.browser import Browser
from harness.fake_clock import FakeClock
from harness.keys import certified, ec_credential, ed25519_credential, rsa_credential
from harness.response import Answer, Attribute
from harness.site import site

SHOWN = "add_header X-Jwt $saml_jwt; add_header X-User $remote_user;"



KEYS = {
    "RS256": rsa_credential("jwt").key_pem,
    "ES256": ec_credential("jwt").key_pem,
    "ES384": certified(ec.generate_private_key(ec.SECP384R1()), "jwt").key_pem,
    "ES512": certified(ec.generate_private_key(ec.SECP521R1()), "jwt").key_pem,
    "EdDSA": ed25519_credential("jwt").key_pem,
    "EdDSA on Ed448": certified(ed448.Ed448PrivateKey.generate(), "jwt").key_pem,
}
# Two signatures by it differ: whoever gives the same token twice has kept it.
EC = {"jwt.key": KEYS["ES256"]}
JWT_KEY = "jwt_key jwt.key;"


def token_of(browser: Browser, url: str) -> str | None:
    page = browser.get(url)
    assert page.status == 200, page.text
    return page.headers.get("X-Jwt")


def verified(server, token: str, audience: str | None = None, path: str = "/saml/jwks", **options) -> dict:
    """The claims, by the published key alone."""
    key = jwt.PyJWKClient(server.url(path)).get_signing_key_from_jwt(token)
    return jwt.decode(
        token,
        key,
        algorithms=[key.algorithm_name],
        audience=audience or server.url("").rstrip("/"),
        options={"require": ["iss", "aud", "sub", "exp", "iat"], **options},
    )


@pytest.mark.smoke
@pytest.mark.parametrize("name", KEYS)
def test_every_kind_of_key(nginx, idp, browser, name):
    server = nginx(site(sp=JWT_KEY, location=SHOWN), files={"jwt.key": KEYS[name]})
    idp.login(browser, server.url("/page.html"))
    token = token_of(browser, server.url("/page.html"))
    assert jwt.get_unverified_header(token)["alg"] == name.split()[0]
    claims = verified(server, token)
    assert claims["sub"] == "alice@example.org"
    assert claims["iss"] == server.url("/saml/metadata")
    assert claims["exp"] - claims["iat"] == 60
    assert abs(claims["iat"] - time.time()) < 5
    assert abs(claims["auth_time"] - time.time()) < 5
    assert claims["idp"] == idp.entity_id
    assert claims["acr"].endswith(":PasswordProtectedTransport")
    assert set(claims) == {"iss", "aud", "sub", "iat", "exp", "auth_time", "acr", "sid", "idp"}


def test_without_a_key_of_its_own_the_first_of_the_sp_signs(nginx, idp, browser):
    lines = "certificate next.crt; certificate_key next.key; certificate sp.crt; certificate_key sp.key;"
    next_one = ec_credential("next")
    files = {"next.crt": next_one.certificate_pem, "next.key": next_one.key_pem}
    server = nginx(site(sp=lines, location=SHOWN, keys=False), files=files)
    idp.login(browser, server.url("/page.html"))
    token = token_of(browser, server.url("/page.html"))
    assert jwt.get_unverified_header(token)["alg"] == "ES256"
    assert verified(server, token)["sub"] == "alice@example.org"
    published = browser.read(server.url("/saml/jwks")).text
    assert [key.algorithm_name for key in jwt.PyJWKSet.from_json(published).keys] == ["ES256", "RS256"]
    assert "PRIVATE" not in published and '"d"' not in published


def test_without_any_key_there_is_none_and_the_log_says_so(nginx, idp, browser):
    server = nginx(site(keys=False, location=SHOWN))
    idp.login(browser, server.url("/page.html"))
    assert token_of(browser, server.url("/page.html")) is None
    assert token_of(browser, server.url("/page.html")) is None
    why = '$saml_jwt is empty: saml_sp "app" has no key to sign it with'
    assert server.error_log().count(why) == 1
    assert browser.read(server.url("/saml/jwks")).text == '{"keys":[]}\n'


def test_keys_are_published_for_programs(nginx, browser):
    server = nginx(site())
    page = browser.read(server.url("/saml/jwks"))
    assert page.headers["Content-Type"] == "application/jwk-set+json"
    assert page.headers["Cache-Control"] == "public, max-age=300"
    again = browser.read(server.url("/saml/jwks"), headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status, again.text) == (304, "")
    assert browser.post(server.url("/saml/jwks")).status == 405


def test_a_change_of_keys(nginx, idp, browser):
    """The next key is published, then signs, then the old one goes; no token is refused meanwhile."""
    files = {"old.key": KEYS["RS256"], "new.key": KEYS["EdDSA"]}
    server = nginx(site(sp="@KEYS@", location=SHOWN), files=files, KEYS="jwt_key old.key;")
    idp.login(browser, server.url("/page.html"))
    kept, algorithms = [], []
    for keys in ("jwt_key old.key;", "jwt_key old.key new.key;", "jwt_key new.key; jwt_key old.key;"):
        server.values["KEYS"] = keys
        server.configure(site(sp="@KEYS@", location=SHOWN))
        server.reload()
        kept.append(token_of(browser, server.url("/page.html")))
        algorithms.append(jwt.get_unverified_header(kept[-1])["alg"])
        for token in kept:
            assert verified(server, token)["sub"] == "alice@example.org"
    assert algorithms == ["RS256", "RS256", "EdDSA"]
    server.values["KEYS"] = "jwt_key new.key;"
    server.configure(site(sp="@KEYS@", location=SHOWN))
    server.reload()
    assert verified(server, kept[-1])
    with pytest.raises(jwt.PyJWKClientError):
        verified(server, kept[0])


APPS = """
    auth_saml_jwt_audience https://outer.example.org;
    location /inherits { auth_saml app; @SHOWN@ try_files /page.html =404; }
    location /one { auth_saml app; auth_saml_jwt_audience one; @SHOWN@ try_files /page.html =404; }
    location /two { auth_saml app; auth_saml_jwt_audience one https://two.example.org; @SHOWN@ try_files /page.html =404; }
    location /named { auth_saml app; auth_saml_jwt_audience never; try_files /nothing @behind; }
    location @behind { auth_saml_jwt_audience behind; @SHOWN@ rewrite ^ /page.html break; root html; }
""".replace("@SHOWN@", SHOWN)


def test_each_location_says_for_whom(nginx, idp, browser):
    server = nginx(site(sp=JWT_KEY, server=APPS + "root html;"), files=EC)
    idp.login(browser, server.url("/one"))
    two = ["one", "https://two.example.org"]
    for path, audience in [
        ("/inherits", "https://outer.example.org"), ("/one", "one"), ("/two", two), ("/named", "behind"),
    ]:  # fmt: skip
        token = token_of(browser, server.url(path))
        assert verified(server, token, audience)["aud"] == audience
        with pytest.raises(jwt.InvalidAudienceError):
            verified(server, token, "https://elsewhere.example.org")


def test_it_is_signed_once_in_half_its_life(nginx, idp, browser, scratch):
    clock = FakeClock(scratch / "clock")
    with clock.worn():
        server = nginx(clock.environment + site(sp=JWT_KEY, location=SHOWN), files=EC)
    idp.login(browser, server.url("/page.html"))
    first = token_of(browser, server.url("/page.html"))
    assert token_of(browser, server.url("/page.html")) == first
    clock.set(25)
    assert token_of(browser, server.url("/page.html")) == first
    clock.set(35)
    second = token_of(browser, server.url("/page.html"))
    assert second != first
    claims = [verified(server, token, verify_iat=False) for token in (first, second)]
    assert 30 <= claims[1]["iat"] - claims[0]["iat"] <= 40
    assert claims[1]["sid"] == claims[0]["sid"]


def test_large_sessions_are_not_signed_for_each_request(nginx, idp, browser):
    """A worker decodes them anew for each."""
    server = nginx(site(sp=JWT_KEY, location=SHOWN), files=EC)
    filler = Attribute("filler", [f"{n:06d}".ljust(1024, "x") for n in range(12)])
    idp.login(browser, server.url("/page.html"), Answer(attributes=[filler]))
    tokens = {token_of(browser, server.url("/page.html")) for _ in range(4)}
    assert len(tokens) == 1
    other = Browser()
    idp.login(other, server.url("/page.html"), Answer(name_id="bob@example.org", attributes=[filler]))
    token = token_of(other, server.url("/page.html"))
    assert token not in tokens
    assert verified(server, token)["sub"] == "bob@example.org"


def test_it_ends_with_its_session_and_is_nobody_else_s(nginx, idp, browser):
    location = f"{SHOWN} auth_saml_mode optional;"
    server = nginx(site(sp=JWT_KEY + "session_lifetime 20s;", location=location), files=EC)
    visitor, other = Browser(), Browser()
    idp.login(browser, server.url("/saml/login"))
    idp.login(other, server.url("/saml/login"), Answer(name_id="bob@example.org"))
    mine, theirs = (token_of(who, server.url("/page.html")) for who in (browser, other))
    assert verified(server, mine)["sub"] == "alice@example.org"
    assert verified(server, theirs)["sub"] == "bob@example.org"
    assert verified(server, mine)["sid"] != verified(server, theirs)["sid"]
    assert verified(server, mine)["exp"] - verified(server, mine)["iat"] <= 20
    forged = {"X-Jwt": mine, "Authorization": f"Bearer {mine}", "Cookie": "saml_jwt=" + mine}
    assert visitor.get(server.url("/page.html"), headers=forged).headers.get("X-Jwt") is None
    assert browser.get(server.url("/saml/logout")).status in (200, 302)
    assert token_of(browser, server.url("/page.html")) is None
    assert token_of(other, server.url("/page.html")) == theirs


HOSTILE = '","sub":"root","x":"'
CLAIMS = """
    jwt_claim email mail;
    jwt_claim groups urn:oid:1.3.6.1.4.1.5923.1.5.1.1 array;
    jwt_claim roles role string;
    jwt_claim nothing nothing array;
    jwt_name_id on;
"""


def test_attributes_are_claims_and_break_out_of_none(nginx, idp, browser):
    server = nginx(site(sp=JWT_KEY + CLAIMS, location=SHOWN), files=EC)
    attributes = [
        Attribute("mail", ["alice@example.org"]),
        Attribute("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", ["staff", HOSTILE, "a\r\nX-Admin: 1", "Führung", "</script>"]),
        Attribute("role", ["one", "b;c"]),
        Attribute("sub", ["root"]),
        Attribute("aud", ["root"]),
    ]
    idp.login(browser, server.url("/page.html"), Answer(attributes=attributes))
    page = browser.get(server.url("/page.html"))
    claims = verified(server, page.headers["X-Jwt"])
    assert claims["sub"] == page.headers["X-User"] == "alice@example.org"
    assert claims["email"] == "alice@example.org"
    groups = claims["groups"]
    assert groups[:2] == ["staff", HOSTILE] and groups[3:] == ["Führung", "</script>"]
    assert groups[2].split() == ["a", "X-Admin:", "1"]
    assert claims["roles"] == "one;b\\;c"
    assert "nothing" not in claims and "x" not in claims
    assert claims["name_id"] == "alice@example.org"
    assert claims["name_id_format"].endswith(":emailAddress")


def test_one_too_large_for_a_header_is_none_and_said_once(nginx, idp, browser):
    lines = JWT_KEY + "jwt_claim groups groups array; jwt_max_size 1k;"
    server = nginx(site(sp=lines, location=SHOWN), files=EC)
    attributes = [Attribute("groups", [f"group-{n}" for n in range(200)])]
    idp.login(browser, server.url("/page.html"), Answer(attributes=attributes))
    for _ in range(3):
        assert token_of(browser, server.url("/page.html")) is None
    assert server.error_log().count('"jwt_max_size" of saml_sp "app" is 1024') == 1


TWO_SPS = site(
    sp=JWT_KEY,
    http="""
    saml_sp other {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://other.example.org;
        cookie_name other;
        idp corp;
        jwt_key other.key;
        jwt_issuer https://issuer.example.org;
        jwt_lifetime 1h;
    }
    """,
    server=f"""
    location = /other/acs {{ saml_acs other; }}
    location = /other/jwks {{ saml_jwks other; }}
    location /other/ {{ auth_saml other; {SHOWN} try_files /page.html =404; }}
    location /both/ {{ auth_saml app; {SHOWN} error_page 404 = /other/x; try_files /none =404; }}
    root html;
    """,
    location=SHOWN,
)


def test_two_sps_sign_each_for_itself(nginx, idp, browser):
    server = nginx(TWO_SPS, files=EC | {"other.key": KEYS["RS256"]})
    idp.login(browser, server.url("/page.html"))
    idp.login(browser, server.url("/other/x"))
    mine, others = token_of(browser, server.url("/page.html")), token_of(browser, server.url("/other/x"))
    assert verified(server, mine)["iss"] == server.url("/saml/metadata")
    claims = verified(server, others, path="/other/jwks")
    assert claims["iss"] == "https://issuer.example.org"
    assert claims["exp"] - claims["iat"] == 3600
    for token, path in [(mine, "/other/jwks"), (others, "/saml/jwks")]:
        with pytest.raises(jwt.PyJWKClientError):
            verified(server, token, path=path)
    # What the location of one admitted, the location of the other does not sign.
    again = token_of(browser, server.url("/both/x"))
    assert verified(server, again, path="/other/jwks")["iss"] == claims["iss"]
    alone = Browser()
    idp.login(alone, server.url("/page.html"))
    assert "X-Jwt" not in alone.get(server.url("/both/x")).headers


def test_nobody_signs_of_a_session_that_has_ended(nginx, idp, browser):
    """The notice of a logout tells whose it was, and is no proof that somebody is here."""
    backend = Backend()
    notice = f"""location = /gone {{
        internal;
        proxy_set_header X-Jwt $saml_jwt;
        proxy_set_header X-User $saml_name_id;
        proxy_pass {backend.url};
    }}"""
    server = nginx(site(sp=JWT_KEY + "logout_notify /gone;", server=notice, location=SHOWN), files=EC)
    idp.login(browser, server.url("/page.html"))
    assert token_of(browser, server.url("/page.html"))
    browser.get(server.url("/saml/logout"))
    (told,) = backend.asked
    backend.stop()
    assert told.headers["X-User"] == "alice@example.org"
    assert "X-Jwt" not in told.headers


def test_a_claim_that_could_be_either_of_two_attributes_is_told(nginx, idp, browser):
    """As it is of $saml_attr_mail, once in a worker."""
    server = nginx(site(sp=JWT_KEY + "jwt_claim email mail;", location=SHOWN), files=EC)
    attributes = [Attribute("MAIL", ["a@example.org"]), Attribute("mail", ["b@example.org"])]
    idp.login(browser, server.url("/page.html"), Answer(attributes=attributes))
    assert verified(server, token_of(browser, server.url("/page.html")))["email"] == "b@example.org"
    assert server.error_log().count('$saml_attr_mail is the attribute "mail", and could be "MAIL"') == 1


MEMCACHED = """
    saml_session_store sessions {
        zone sessions 1m;
        secret session.secret;
        memcached @NODE@;
        cache_valid 0;
    }
"""


def test_hosts_that_share_a_store_sign_of_the_same_session(twins, memcacheds, idp, browser):
    (node,) = memcacheds(1)
    conf = site(http=MEMCACHED, sp=JWT_KEY + "session_store sessions;", location=SHOWN)
    conf = conf.replace("listen 127.0.0.1:", "listen @ADDRESS@:")
    one, two = twins(conf, files=EC | {"session.secret": "0123456789abcdef" * 4}, NODE=node.address)
    idp.login(browser.towards(one), one.url("/page.html"))
    mine = token_of(browser, one.url("/page.html"))
    assert token_of(browser, one.url("/page.html")) == mine, "what is asked for each time is not signed each time"
    theirs = token_of(browser.towards(two), two.url("/page.html"))
    assert theirs != mine
    assert jwt.get_unverified_header(theirs) == jwt.get_unverified_header(mine)
    keys = jwt.PyJWKSet.from_json(browser.read(two.url("/saml/jwks")).text)
    read = [jwt.decode(token, keys.keys[0], algorithms=["ES256"], options={"verify_aud": False}) for token in (mine, theirs)]
    assert read[0]["sid"] == read[1]["sid"]
