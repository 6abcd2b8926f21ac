"""Logout against login, and against use: whichever comes first, nobody stays in."""

import random
import threading
import time

import pytest

from harness.crowd import CROWD_IDP, Crowd
from harness.members import await_age

CONF = """
worker_processes 2;
events {}
http {
    keepalive_requests 1000000;
    @STORE@
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store sessions;
        session_idle_timeout 10s;
    }
    server {
        listen @ADDRESS@:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / { auth_saml app; access_log off; root html; }
    }
}
"""
STORES = {
    "zone": "saml_session_store sessions { zone saml_sessions 64m; }",
    "memcached": """
        saml_session_store sessions {
            memcached @NODES@;
            replicas 2;
            cache_valid 0s;
            zone saml_sessions 64m;
            secret session.key;
        }
    """,
}
SECRET = {"session.key": "0123456789abcdef" * 4}
OUT = {302}


@pytest.fixture
def idp():
    return CROWD_IDP


@pytest.fixture(params=STORES)
def hosts(request, nginx, twins, memcacheds):
    """One host with the zone, two that share memcached nodes."""
    if request.param == "zone":
        server = nginx(CONF, STORE=STORES["zone"])
        return server, server
    nodes = " ".join(node.address for node in memcacheds(3))
    return twins(CONF.replace("@STORE@", STORES["memcached"]), files=SECRET, NODES=nodes)


def at_once(*works) -> list:
    """Runs each in a thread, begun at the same moment; their results."""
    barrier = threading.Barrier(len(works))
    results = [None] * len(works)

    def run(n, work):
        barrier.wait()
        results[n] = work()

    threads = [threading.Thread(target=run, args=job) for job in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def late(seconds: float, work):
    def begin():
        time.sleep(random.random() * seconds)
        return work()

    return begin


@pytest.mark.slow
@pytest.mark.parametrize("named", [True, False], ids=["its index", "no index"])
def test_against_login(hosts, named):
    """The assertion was issued before the LogoutRequest: refused, or let in and put out."""
    await_age(hosts[0], 3)
    logins, logouts = Crowd(hosts[0]), Crowd(hosts[1])
    outcomes = {"refused": 0, "put out": 0}
    alive = []
    for n in range(1000):
        name, index = f"person{n}", f"_{n}"
        response = logins.login_form(name, index, issued=-3)
        request = logouts.logout_form(name, *([index] if named else []))
        (login, cookie, _), (logout, _, text) = at_once(
            late(0.002, lambda: logins.post_login(response)),
            late(0.002, lambda: logouts.post_logout(request)),
        )
        assert logout == 200 and "SAMLResponse" in text, f"{logout}: {text}"
        assert login in (303, 400), login
        outcomes["put out" if cookie else "refused"] += 1
        if cookie and (logins.status(cookie) == 200 or logouts.status(cookie) == 200):
            alive.append(n)
    assert not alive, f"{len(alive)} of 1000 stayed in"
    assert min(outcomes.values()) >= 20, f"no race: {outcomes}"


@pytest.mark.slow
def test_against_use(hosts):
    """Requests under way that prolong the session or fetch it must not bring it back."""
    users = [Crowd(hosts[0]), Crowd(hosts[1])]
    idps = Crowd(hosts[1])
    for n in range(300):
        cookie = users[0].enter(f"person{n}", f"_{n}")
        request = idps.logout_form(f"person{n}")
        over = threading.Event()

        def use(crowd):
            while not over.is_set():
                crowd.status(cookie)

        def log_out():
            try:
                return idps.post_logout(request)
            finally:
                over.set()

        *_, (status, _, text) = at_once(
            lambda: use(users[0]), lambda: use(users[1]), late(0.004, log_out)
        )
        assert status == 200, text
        assert {crowd.status(cookie) for crowd in users} == OUT, f"round {n}"


@pytest.mark.slow
def test_against_idle_refresh(hosts):
    """The moment at which use moves the idle timeout: a tenth of it."""
    users = [Crowd(hosts[0]), Crowd(hosts[1])]
    for _ in range(3):
        names = [f"person{random.getrandbits(64)}" for _ in range(100)]
        cookies = [users[0].enter(name, "_1") for name in names]
        requests = [users[1].logout_form(name) for name in names]
        time.sleep(1.2)
        for cookie, request in zip(cookies, requests):
            _, (status, _, _) = at_once(
                late(0.001, lambda: users[0].status(cookie)),
                late(0.001, lambda: users[1].post_logout(request)),
            )
            assert status == 200
        assert {user.status(cookie) for user in users for cookie in cookies} == OUT


@pytest.mark.slow
def test_logouts_against_each_other(hosts):
    """Two requests for two indexes of one person, and a login of hers: nothing is lost."""
    one, two, three = Crowd(hosts[0]), Crowd(hosts[1]), Crowd(hosts[0])
    for n in range(200):
        name = f"person{n}"
        a, b, c = (one.enter(name, index) for index in ("_a", "_b", "_c"))
        first, second = one.logout_form(name, "_a"), two.logout_form(name, "_b")
        third = three.login_form(name, "_d")
        *_, (_, d, _) = at_once(
            lambda: one.post_logout(first),
            lambda: two.post_logout(second),
            lambda: three.post_login(third),
        )
        assert {crowd.status(cookie) for crowd in (one, two) for cookie in (a, b)} == OUT
        assert {crowd.status(cookie) for crowd in (one, two) for cookie in (c, d)} == {200}
        # All that is left of this person, the new one included, is found by the next.
        status, _, _ = two.post_logout(two.logout_form(name))
        assert status == 200
        assert {crowd.status(cookie) for crowd in (one, two) for cookie in (c, d)} == OUT
