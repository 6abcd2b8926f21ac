"""A form is sent to one host, the login ends at another, and a third one's worker takes the form: memcached has it,
sealed, and whoever reads or writes there learns and changes nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.browser import Browser
from harness.kept_form import answer_of, log_in_and_send, send, send_ticket, ticket_of
from harness.refusal import assert_refused
from harness.upstream import passing_to

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store shared { memcached @NODES@; @STORE@ secret session.key; memcached_timeout 300ms; }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        session_store shared;
    }
    server {
        listen @ADDRESS@:@PORT@ reuseport;
        include saml-endpoints.conf;
        auth_saml app;
        auth_saml_preserve_post 300k;
        location / { @PROXY@ }
        location /nobody { satisfy any; deny all; @PROXY@ }
    }
}
"""
FILES = {"session.key": "0123456789abcdef" * 4}
CONTENT = bytes(range(256)) * 500


@pytest.fixture
def nodes(memcacheds):
    return memcacheds(1)


@pytest.fixture
def hosts(twins, nodes, upstreams):
    names = " ".join(node.address for node in nodes)
    return twins(CONF, files=FILES, NODES=names, STORE="", **passing_to(upstreams))


def forms_in(node) -> dict[bytes, bytes]:
    return {key: value for key, value in node.entries().items() if key.startswith(b"samlp")}


@pytest.mark.parametrize("path", ["/form", "/nobody/form"])
def test_from_host_to_host(hosts, idp, upstreams, path):
    one, other = hosts
    browser = Browser().towards(one)
    kept = send(one, browser, path, None, files={"file": ("x", CONTENT)})
    page = answer_of(idp, browser.towards(other), kept)
    form = ticket_of(page)
    assert send_ticket(one, browser.towards(one), form).status == 200
    assert len(upstreams["proxy"].bodies) == 1 and CONTENT in upstreams["proxy"].bodies[0]
    for host in hosts:
        assert_refused(host, send_ticket(host, browser.towards(host), form), "preserved_post_gone")


def test_both_hosts_at_once_send_it_once(hosts, idp, upstreams):
    for turn in range(5):
        browser = Browser().towards(hosts[0])
        kept = send(hosts[0], browser, "/form", None, files={"file": ("x", CONTENT * 2)})
        form = ticket_of(answer_of(idp, browser, kept))
        assert sorted(press_at_once(hosts, browser, form)) == [200] + [410] * 19
        assert len(upstreams["proxy"].asked) == turn + 1


def press_at_once(hosts, browser, form) -> list[int]:
    def press(number):
        host, tab = hosts[number % 2], Browser()
        tab.session.cookies = browser.session.cookies
        return send_ticket(host, tab.towards(host), form).status

    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(press, range(20)))


def test_the_node_learns_nothing_and_forgets_it(hosts, nodes, idp):
    (host, _), (node,) = hosts, nodes
    browser = Browser().towards(host)
    kept = send(host, browser, "/form?secret=1", {"password": "find me if you can"})
    ((key, value),) = forms_in(node).items()
    for text in (b"find", b"password", b"urlencoded", b"/form", b"secret"):
        assert text not in value
    log_in_and_send(host, idp, browser, kept)
    assert all(value == b"" for value in forms_in(node).values()), "its memory is free"


def test_who_writes_there_changes_nothing(hosts, nodes, idp, upstreams):
    (host, _), (node,) = hosts, nodes
    alice, eve = Browser().towards(host), Browser().towards(host)
    kept = send(host, alice, "/form", {"pay": "bob"})
    ((of_alice, _),) = forms_in(node).items()
    send(host, eve, "/form", {"pay": "eve"})
    (of_eve,) = [value for key, value in forms_in(node).items() if key != of_alice]
    form = ticket_of(answer_of(idp, alice, kept))
    for planted in (of_eve, b"", b"\x01" * 100, of_eve[:20]):
        node.put(of_alice, planted)
        assert_refused(host, send_ticket(host, alice, form), "preserved_post_gone")
    assert upstreams["proxy"].asked == []


def test_while_the_node_is_down_nothing_is_kept_and_nothing_lost(hosts, nodes, idp, upstreams):
    (host, _), (node,) = hosts, nodes
    browser = Browser().towards(host)
    form = ticket_of(answer_of(idp, browser, send(host, browser, "/form", {"a": "1"})))
    node.freeze()
    page = send(host, Browser().towards(host), "/form", {"a": "2"})
    assert page.status == 401 and "send it again" in page.text and page.set_cookie == []
    assert "a form is not kept over the login: store_unavailable" in host.error_log()
    assert send_ticket(host, browser, form).status == 503, "the store does not say whether it was used"
    node.thaw()
    host.wait_for(lambda: send_ticket(host, browser, form).status == 200, "the node again")
    assert upstreams["proxy"].bodies == [b"a=1"]


def test_one_of_two_nodes_is_enough(twins, memcacheds, upstreams, idp):
    nodes = memcacheds(2)
    names = " ".join(node.address for node in nodes)
    host, _ = twins(CONF, files=FILES, NODES=names, STORE="replicas 2;", **passing_to(upstreams))
    browser = Browser().towards(host)
    kept = send(host, browser, "/form", None, files={"file": ("x", CONTENT)})
    assert all(len(forms_in(node)) == 1 for node in nodes)
    nodes[0].kill()
    log_in_and_send(host, idp, browser, kept)
    assert CONTENT in upstreams["proxy"].bodies[0]
