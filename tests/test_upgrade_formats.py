"""Sessions as other versions of the module have left them in memcached: opened, or a miss, and never an error.

Those that are kept here were sealed when their record version was written, with the secret of this site; only the one
of version 3, which no release has written, was put together by hand.
"""

import re
import time

import pytest

from harness.browser import Browser
from harness.fake_clock import FakeClock
from harness.response import Answer
from harness.sealed import SESSION, Sealer, Session, of_base64, sp_id

ORIGIN, ENTITY = "http://app.example.org", "https://sp.example.org/entity"
CONF = """
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        cache_valid 0s;
        zone saml_sessions 1m;
        secret session.key;
    }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://app.example.org;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store shared;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        root html;
        location / {
            auth_saml app;
            add_header X-User $saml_name_id;
            add_header X-Groups $saml_attr_groups;
            add_header X-Mail $saml_attr_mail;
        }
    }
}
"""
FILES = {"session.key": "0123456789abcdef" * 4}
SEALER = Sealer(FILES["session.key"])

#: When they began, and by record version the cookie and what lies in memcached.
WRITTEN = 1796075838
KEPT = {
    3: (
        "yJn294EvyWapdwyRIVj7qXtoaCno6wwUt7DFV10OwqI",
        "QQGEnHYNWovW2yIIpWTsVD6XOgAqHdqPXkRQPB6jntdWyckfSGeFFM1McPyNXv-vFt1wb-4FcfVppwE1VjeV-"
        "9nQRihOfnYrSgGBkAcO546SXtdSaKtlApx2inGhaZVum8kHtF4nuIDzJuRwoHp7_Z_Q_J5DnWquI4JvfWQ3tVQ79EBeeHNXr"
        "V_vIhg5t5yPyYtC-DD3vsLRBLKG39eYwO8KtCr1xJmMkev1FnceQF1rRyaNQK56F7laWL3lKR3rFoF3fnnzQvT4mnoxlGwug"
        "cDqRU1nzxColrM0hPFJEurYkFefyUJ-KL_fmXRZ_2ya8BRtF-Y-viBXYNbOUr4gey2UuoF38DDeI10jiznJ-8Z1fE8",
    ),
    4: (
        "osIOXVfFsLcUDOvoKWhoe6n7WCGRDHepZskvgff2mcg",
        "QQGpr2ocYB1LEbBgrgAhHX1fkpztgAvrqBETng0mAO3mMq-bAQjFYZwSZgL1IQr4CIAtNiI8vVPFw4LZFRpZfAmaaXcSacqc"
        "E7QLxbSTqv3yLqFGi2CnF68i0fRfTI3BM8HSXP1iHiC3Kv3U41vw1dt2cNu-JsExD5zvjedjLTPchn88ISupJD0CfbH9rbDx"
        "RwO_uYBmfeqamijiyBroUZbOXWT1opRPocUd7bDa6m5__eEvqFQzIKlPNl8JSvRjeUsYozQiuS8p6JeOej1PCuNrbN1xpg",
    ),
    5: (
        "c8mYJfATFc0MBSMzMA0_ExxQ3BYPoZSd9vVeTWHs3vo",
        "QQE6iySNfXnTpNnqQusE-"
        "2PBzxE8_G1sp9lOIeDUMRZroNQRKiM6epNHVa4FrlTDlLkKOlsMzx134fr584w8b313Si1L_L4FKlTAzD4a1upWsOHvb_x-"
        "Kyl8UkbLNpM_ako4X3feEmZLjRr8Em78FNC57F5ZaxKoxWYh97V3agP21pDe-VOV6RQPlkA4_u_IWfMP5TE_neuqjtaxNe4a"
        "Ey8c93QyD2WZ_q8MR1ExyP0a09JP9CyFqAL4_3LZjnJYpc-4hMX7Z8njfdfxQJfNtGJnhCDI0g",
    ),
    6: (
        "2OzJ1xAKBPjMXwAxdIhsZ4tuuBPJKpypz5W9JwSLAoU",
        "QQGdvvBqW-umerSbp9e8UxgQ8_PsJRMOy2-"
        "CpLIacQ55GW1eoeup1tu85PAHUokMRyvl3beB5YwPdnw5sKgs2o80AJGo5L2lAX5h8t_wBSmL4pw6ZY_Vv9Pe5qka53g-"
        "bV2Ap4KH3NhnIsLmrCJn9VqY6lILknknhZeDnrnUUkSSpsOlJjlvwKxdpDcsN7U6y0-"
        "dvjSw0a6LrUSaHDwWIKJWmUXop9qB5QvDFtPTM_yqHNFIMg2hj7Z9jlHXntBJJpLUutgCscGtPs8Il-bxh-"
        "FjDQtoLBdnSetX",
    ),
    7: (
        "Iq-qtG5uhkDHre8_ikzQt77fJZ0JhUuRZgH9dBdRlC4",
        "QQGBbZA0u1nfG1rifdvoGaEX8E8RRoflwwUBfAA5ostyV_bUniMRRAzrwrD-"
        "SdN8ORUE1TPPnFVriKUgQ0BXn59-KntnWN3nD-Xi3io60Y2dSWdS7NZaFMy3nPRs91zlF0X_fUsxjgEjm5pIcXlEry3wbyAw"
        "t96Z1z9YVZXKbJYJQL7dA68CyuI1PsOPP5XSopKKybFwm0-dQUS0tk-"
        "b65rYN65BKIXzbcPW9syn1IGnWjaTDuGdP0uR6hWZVg4Un84uhFMRo9VfBV3La2UXF4gW8Qvfv0glI5ES",
    ),
}
UNKNOWN = [0, 1, 2, 8, 255]


@pytest.fixture
def node(memcacheds):
    return memcacheds()[0]


@pytest.fixture
def server(nginx, node):
    return nginx(CONF, files=FILES, NODES=node.address, SP="")


@pytest.fixture
def of_then(prepared, node, scratch):
    """A host whose time of day is when the kept sessions were alive."""
    clock = FakeClock(scratch / "clock")
    clock.set(WRITTEN + 60 - int(time.time()))
    server = prepared(CONF, files=FILES, NODES=node.address, SP="")
    clock.start(server)
    yield server
    server.finish()


def entry(cookie: str) -> Session:
    return Session(SEALER, sp_id(ENTITY, ORIGIN), cookie)


def page(server, cookie: str):
    return Browser().get(server.url("/page.html"), headers={"Cookie": f"saml_session={cookie}"})


def log_in(server, idp) -> str:
    """The cookie. The browser is at app.example.org, which is nobody's name here."""
    asked = Browser().get(server.url("/page.html"))
    cookies = "; ".join(line.partition(";")[0] for line in asked.set_cookie)
    form = idp.form(idp.asked(asked), Answer(name_id="bob@example.org"))
    answer = Browser().post(server.url("/saml/acs"), form, headers={"Cookie": cookies})
    assert answer.status == 303, answer.text
    (session,) = [line for line in answer.set_cookie if line.startswith("saml_session=")]
    return session.partition(";")[0].partition("=")[2]


def assert_quiet(server) -> None:
    """Nothing above notice in error.log, but that `base_url` is one of trials."""
    loud = re.findall(r"^.*\[(?:warn|error|crit|alert|emerg)\].*$", server.error_log(), re.M)
    assert [line for line in loud if "is plain http" not in line] == []


@pytest.mark.parametrize("version", KEPT)
def test_a_kept_session_opens(of_then, node, version):
    cookie, value = KEPT[version]
    session = entry(cookie)
    node.put(session.key, of_base64(value))
    assert session.record(node)[0] == version
    found = page(of_then, cookie)
    assert found.status == 200
    said = [found.headers[f"X-{name}"] for name in ("User", "Groups", "Mail")]
    assert said == ["alice@example.org", "staff;vpn", "alice@example.org"]
    assert_quiet(of_then)


@pytest.mark.parametrize("address", ["on", "off"])
def test_what_is_written_is_kept_here(nginx, node, idp, address):
    """Whoever makes a new record version keeps a session of it above."""
    server = nginx(CONF, files=FILES, NODES=node.address, SP=f"session_address {address};")
    assert entry(log_in(server, idp)).record(node)[0] in KEPT


def assert_is_a_miss(server, node, idp, cookie: str, value: bytes) -> None:
    """It is left to those who know it, and its user logs in anew."""
    found = page(server, cookie)
    assert found.status == 302 and found.location.startswith(idp.sso_url)
    assert node.get(entry(cookie).key) == value
    assert page(server, log_in(server, idp)).status == 200
    assert_quiet(server)


@pytest.mark.parametrize("version", UNKNOWN)
def test_of_an_unknown_version(server, node, idp, version):
    cookie = log_in(server, idp)
    session = entry(cookie)
    record = session.record(node)
    session.put(node, record)
    assert page(server, cookie).status == 200, "it is sealed as the module does"
    value = session.put(node, bytes([version]) + record[1:])
    assert_is_a_miss(server, node, idp, cookie, value)


@pytest.mark.parametrize("rest", ["nothing", "more"])
def test_of_a_known_version_with(server, node, idp, rest):
    """Less or more than that version has."""
    cookie = log_in(server, idp)
    session = entry(cookie)
    record = session.record(node)
    value = session.put(node, record[:1] if rest == "nothing" else record + b"\0")
    assert_is_a_miss(server, node, idp, cookie, value)


@pytest.mark.parametrize("place, octet", [(0, b"B"), (1, b"\x02")], ids=["a state", "a seal"])
def test_of_an_unknown(server, node, idp, place, octet):
    """What stands before the record is told by octets of its own."""
    cookie = log_in(server, idp)
    session = entry(cookie)
    record = session.record(node)
    value = b"A" + SEALER.seal(SESSION, session.token, record)
    value = value[:place] + octet + value[place + 1 :]
    node.put(session.key, value)
    assert_is_a_miss(server, node, idp, cookie, value)
