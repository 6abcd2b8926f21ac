"""Three nodes, two replicas: any one may die, and no session and no logout is lost."""

import random
import threading

import pytest

from harness.crowd import CROWD_IDP, Crowd
from harness.members import is_in, log_in

CONF = """
worker_processes 2;
events {}
http {
    keepalive_requests 1000000;
    saml_session_store shared {
        memcached @NODES@;
        replicas 2;
        memcached_timeout 300ms;
        cache_valid 0s;
        zone @ZONE@;
        secret session.key;
    }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store shared;
    }
    server {
        listen @ADDRESS@:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; access_log off; root html; }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}
SESSIONS = 10_000


@pytest.fixture
def idp():
    return CROWD_IDP


@pytest.fixture
def nodes(memcacheds):
    return memcacheds(3)


@pytest.fixture
def hosts(twins, nodes):
    addresses = " ".join(node.address for node in nodes)
    return twins(CONF, files=SECRET, NODES=addresses, ZONE="saml_sessions 64m")


def test_where_entries_lie(hosts, nodes, idp):
    """Each on two nodes, spread over all three."""
    for n in range(60):
        log_in(hosts[0], idp, f"_{n}", name_id=f"person{n}")
    held = [set(node.keys()) for node in nodes]
    every = set().union(*held)
    assert len(every) >= 120, "a session and an index entry each, at least"
    for key in every:
        assert sum(key in keys for keys in held) == 2, key
    for keys in held:
        assert len(keys) > len(every) / 3


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_any_one_fails(hosts, nodes, which, how):
    """No session is lost, no login refused, no logout forgotten; nor when it is back, empty or old."""
    one, two = Crowd(hosts[0]), Crowd(hosts[1])
    count = SESSIONS if (which, how) == (0, "kill") else 600
    names = [f"person{n}" for n in range(count)]
    cookies = at_both(hosts, names, lambda crowd, name: crowd.enter(name, "_1"))
    gone = set(random.sample(sorted(cookies), count // 10))
    for name in sorted(gone)[::2]:
        assert one.post_logout(one.logout_form(name))[0] == 200
    getattr(nodes[which], how)()
    for name in sorted(gone)[1::2]:
        log_out_with_patience(two, name)
    check(hosts, cookies, gone)
    extra = {f"late{n}": two.enter(f"late{n}", "_1") for n in range(30)}
    check(hosts, extra, set())
    nodes[which].start() if how == "kill" else nodes[which].thaw()
    for _ in range(2):
        check(hosts, {**cookies, **extra}, gone)


def log_out_with_patience(crowd: Crowd, name: str) -> None:
    """As an IdP does: an error makes it try again."""
    form = crowd.logout_form(name)
    for _ in range(40):
        status, _, _ = crowd.post_logout(form)
        if status == 200:
            return
        assert status >= 500, status
    raise AssertionError(f"no logout of {name} with one node of three gone")


def at_both(hosts, names, work) -> dict:
    """What `work` gives for each name: half of them at one host, half at the other, by chance."""
    names = random.sample(list(names), len(names))
    results = {}

    def run(host, share):
        crowd = Crowd(host)
        for name in share:
            results[name] = work(crowd, name)

    shares = [(host, names[n :: len(hosts)]) for n, host in enumerate(hosts)]
    threads = [threading.Thread(target=run, args=share) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(names), "one of the threads has failed"
    return results


def check(hosts, cookies: dict[str, str], gone: set[str]) -> None:
    """Those who are out are out, all others are in, whichever host is asked."""
    statuses = at_both(hosts, cookies, lambda crowd, name: crowd.status(cookies[name]))
    wrong = {
        name: status
        for name, status in statuses.items()
        if status != (302 if name in gone else 200)
    }
    assert not wrong, f"{len(wrong)} of {len(cookies)}: {dict(list(wrong.items())[:5])}"


def test_a_read_repairs(hosts, nodes, idp):
    """A node that comes back empty gets its entries again, so that the next failure loses nothing."""
    members = [log_in(hosts[0], idp, f"_{n}", name_id=f"person{n}") for n in range(40)]
    for node in nodes:
        node.restart()
        for host in hosts:
            # Each look-up that finds a hole fills it.
            host.wait_for(
                lambda: all(is_in(host, member) for member in members), "every session", 10
            )
    for host in hosts:
        assert all(is_in(host, member) for member in members)


def sessions_on(node) -> int:
    return sum(key.startswith(b"samls") for key in node.keys())


@pytest.mark.slow
def test_one_after_the_other_under_load(hosts, nodes):
    """A rolling restart of all nodes while people work."""
    cookies = [Crowd(hosts[0]).enter(f"person{n}", "_1") for n in range(50)]
    stop, failures, done = threading.Event(), [], [0]

    def work(host):
        crowd = Crowd(host)
        while not stop.is_set():
            for cookie in cookies:
                status = crowd.status(cookie)
                done[0] += 1
                if status != 200:
                    failures.append(status)

    threads = [threading.Thread(target=work, args=(host,)) for host in hosts]
    for thread in threads:
        thread.start()
    for node in nodes:
        before, had = done[0], sessions_on(node)
        node.kill()
        hosts[0].wait_for(lambda: done[0] > before + 300, "requests without it", 20)
        before = done[0]
        node.start()
        # Every session is read, and so repaired, once a worker has found out that the node is there.
        hosts[0].wait_for(lambda: done[0] > before + 1500, "requests with it", 30)
        hosts[0].wait_for(lambda: sessions_on(node) == had, "its sessions back", 30)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, f"{len(failures)} of {done[0]}: {set(failures)}"


def test_a_node_more(nginx, memcacheds, idp):
    """A fourth node takes its share of the keys and no more; with two replicas nobody is logged out."""
    nodes = memcacheds(4)
    three = " ".join(node.address for node in nodes[:3])
    server = nginx(CONF, files=SECRET, NODES=three, ZONE="saml_sessions 1m")
    members = [log_in(server, idp, f"_{n}", name_id=f"person{n}") for n in range(120)]
    server.values["NODES"] = " ".join(node.address for node in nodes)
    # Another zone: nothing is remembered here.
    server.values["ZONE"] = "another_zone 1m"
    server.configure(CONF)
    server.reload()
    lost = sum(not is_in(server, member) for member in members)
    assert lost == 0, f"{lost} of 120"
