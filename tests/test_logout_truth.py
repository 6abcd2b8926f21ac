"""memcached fails at any step of a logout: never a false Success, and the IdP's next try succeeds."""

import secrets
import time

import pytest

from harness.browser import Browser
from harness.gate import Gate
from harness.idp import Idp
from harness.logout import (
    FORM_HEADERS,
    SOAP_HEADERS,
    LogoutRequest,
    assert_success,
    back_channel,
    document,
    enveloped,
    form,
    received,
)
from harness.members import PAGE, log_in
from harness.response import SUCCESS

CONF = """
worker_processes 1;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        replicas @REPLICAS@;
        memcached_timeout 200ms;
        cache_valid 0s;
        zone saml_sessions 16m;
        secret session.key;
    }
    saml_idp corp { metadata idp.xml; }
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
        location / { auth_saml app; root html; }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}
EVERYTHING = LogoutRequest(session_index=())


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


class Site:
    """Two hosts, and gates before their memcached nodes."""

    def __init__(self, twins, nodes, replicas: int):
        self.nodes = nodes
        self.gates = [Gate(node) for node in nodes]
        addresses = " ".join(gate.address for gate in self.gates)
        values = {"NODES": addresses, "REPLICAS": str(replicas)}
        self.hosts = twins(CONF, files=SECRET, **values)

    def close(self) -> None:
        for gate in self.gates:
            gate.close()

    def recover(self) -> None:
        """Everything answers again, and both hosts have noticed."""
        for gate in self.gates:
            gate.open()
        deadline = time.monotonic() + 20
        for host in self.hosts:
            # Cookies of nobody make the store speak, to one node or the other.
            seen = 0
            while seen < 8:
                browser = Browser().towards(host)
                browser.session.cookies["saml_session"] = secrets.token_urlsafe(32)
                seen = seen + 1 if browser.get(host.url(PAGE)).status == 302 else 0
                assert time.monotonic() < deadline, "the store does not come back"


@pytest.fixture
def site(twins, memcacheds):
    made = []

    def make(count: int, replicas: int) -> Site:
        made.append(Site(twins, memcacheds(count), replicas))
        return made[-1]

    yield make
    for each in made:
        each.close()


def statuses(site: Site, browser: Browser, patience: float = 10) -> set[int]:
    """What the hosts say of a session; 503 says nothing: a worker has not noticed yet that a node is back."""
    deadline = time.monotonic() + patience
    while True:
        found = {browser.towards(host).get(host.url(PAGE)).status for host in site.hosts}
        if 503 not in found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def said_success(page) -> bool:
    try:
        return received(page).status == SUCCESS
    except AssertionError:
        return False


def deliver(idp, site: Site, binding: str, host: int = 0):
    """Makes one LogoutRequest; calling what comes back sends it, the same one each time."""
    url = site.hosts[0].url("/saml/sls")
    if binding == "soap":
        body, headers = enveloped(document(idp, url, EVERYTHING)), SOAP_HEADERS
    else:
        body, headers = form(idp, url, EVERYTHING), FORM_HEADERS
    return lambda: back_channel().towards(site.hosts[host]).post(url, body, headers=headers)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["freeze", "refuse", "lose"])
@pytest.mark.parametrize("binding", ["soap", "post"])
def test_one_node_fails_at_each_step(site, idp, how, binding):
    """The gate shuts before the first command of the logout, the second, and so on until none is left."""
    place = site(1, 1)
    (gate,) = place.gates
    for step in range(60):
        members = [
            log_in(place.hosts[n % 2], idp, f"_{step}-{n}", issue_instant=step) for n in range(2)
        ]
        send = deliver(idp, place, binding)
        assert {status for member in members for status in statuses(place, member)} == {200}
        gate.shut(step, how)
        page = send()
        told, failed = said_success(page), gate.is_shut
        place.recover()
        if told:
            assert {s for member in members for s in statuses(place, member)} == {302}, (
                f"step {step}"
            )
        else:
            assert page.status >= 500, f"step {step}: {page.status} {page.text}"
            # The IdP's next try, with the same ID.
            assert_success(send())
            assert {s for member in members for s in statuses(place, member)} == {302}, (
                f"step {step}"
            )
        if not failed:
            assert told
            break
    else:
        pytest.fail("a logout of two sessions takes more than 60 commands")
    assert step >= 3, "the gate saw no logout at all"


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("how", ["freeze", "refuse"])
def test_one_node_of_three_with_two_replicas(site, idp, which, how):
    """Success or not: what was said holds after the node is back with its old contents."""
    place = site(3, 2)
    for n in range(6):
        member = log_in(place.hosts[n % 2], idp, f"_{n}", issue_instant=n)
        assert statuses(place, member) == {200}
        send = deliver(idp, place, "soap", host=n % 2)
        place.gates[which].shut(n // 2, how)
        page = send()
        told = said_success(page)
        if told:
            assert statuses(place, member) == {302}
        else:
            assert page.status >= 500
        place.recover()
        if told:
            # The node still holds what it held: nobody may read that from it.
            for _ in range(4):
                assert statuses(place, member) == {302}
        else:
            assert_success(send())
        assert statuses(place, member) == {302}


def test_all_dead(site, idp):
    """Nothing can be stored: an error, and the session of this host does not live on by that."""
    place = site(2, 2)
    member = log_in(place.hosts[0], idp)
    for gate in place.gates:
        gate.shut(0, "refuse")
    send = deliver(idp, place, "post")
    for _ in range(3):
        page = send()
        assert page.status >= 500
        assert not said_success(page)
    place.recover()
    assert_success(send())
    assert statuses(place, member) == {302}


def test_all_frozen(site, idp):
    """The same with real processes that hang; the answer comes in bounded time."""
    place = site(2, 2)
    member = log_in(place.hosts[0], idp)
    for node in place.nodes:
        node.freeze()
    send = deliver(idp, place, "soap")
    begun = time.monotonic()
    page = send()
    assert time.monotonic() - begun < 5
    assert page.status >= 500
    for node in place.nodes:
        node.thaw()
    place.recover()
    assert_success(send())
    assert statuses(place, member) == {302}


def test_dead_nodes_at_a_logout_of_ones_own(site, idp):
    """`saml_logout`: the person must not read that they are out."""
    place = site(1, 1)
    member = log_in(place.hosts[0], idp)
    place.gates[0].shut(0, "refuse")
    member.session.headers["Cookie"] = "; ".join(
        f"{cookie.name}={cookie.value}" for cookie in member.session.cookies
    )
    page = member.get(place.hosts[0].url("/saml/logout"))
    assert page.status == 503, page.text
    assert "SAMLRequest" not in (page.location or "")
    place.recover()
    host = place.hosts[0]
    host.wait_for(
        lambda: member.get(host.url("/saml/logout")).status in (200, 302, 303), "the other worker"
    )
    assert statuses(place, member) == {302}
