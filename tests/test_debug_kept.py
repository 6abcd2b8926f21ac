"""Stories of `saml_debug` are kept for ten minutes, on this host alone, and bounded whoever makes them."""

from harness.browser import Browser
from harness.diagnosis import ADMINISTRATORS, STATUS, entry, facts, link, press, stories, whats
from harness.fake_clock import FakeClock
from harness.response import Answer, Attribute
from harness.site import site

WATCHED = "saml_debug 127.0.0.2;"


def test_it_ends_after_ten_minutes(prepared, idp, scratch):
    clock = FakeClock(scratch / "clock")
    server = prepared(
        site(server=STATUS, location="saml_debug link;"), files=ADMINISTRATORS
    )
    clock.start(server)
    late, browser = link(server), Browser()
    press(browser, link(server))
    assert len(stories(server)) == 1
    clock.set(590)
    browser.get(server.url("/page.html"))
    [story] = stories(server)
    assert whats(story)[3:] == ["request", "authn_request", "answer"]
    clock.set(601)
    assert stories(server) == []
    browser.get(server.url("/page.html"))
    assert stories(server) == [], "its cookie is good no more"
    assert Browser().get(late).status == 403, "the link neither"


def test_a_flood_pushes_out_stories_and_no_session(nginx, idp):
    server = nginx(site(http=WATCHED, server=STATUS), files=ADMINISTRATORS)
    member = Browser()
    assert idp.login(member, server.url("/page.html")).status == 303
    for number in range(60):
        values = [f"{number}-{value}-" + "x" * 900 for value in range(45)]
        browser = Browser().at("127.0.0.2")
        answer = Answer(attributes=[Attribute("long", values)])
        assert idp.login(browser, server.url("/page.html"), answer).status == 303
    told = stories(server)
    assert 5 < len(told) < 60
    kept = [facts(entry(story, "session"))["attribute long"] for story in told if "session" in whats(story)]
    assert any(values.startswith("59-0-") for values in kept), "the newest are kept"
    assert member.get(server.url("/page.html")).status == 200
    assert "is full" not in server.error_log()


def test_a_story_has_so_many_entries(nginx, idp):
    server = nginx(site(http=WATCHED, server=STATUS), files=ADMINISTRATORS)
    browser = Browser().at("127.0.0.2")
    for _ in range(40):
        browser.get(server.url("/page.html"))
    [story] = stories(server)
    assert len(whats(story)) == 64


def test_memcached_never_has_any_of_it(nginx, idp, memcacheds):
    [node] = memcacheds(1)
    store = f"saml_session_store shared {{ memcached {node.address}; secret secret; }}"
    server = nginx(
        site(http=f"{WATCHED}\n{store}", sp="session_store shared;", server=STATUS),
        files=ADMINISTRATORS | {"secret": "0123456789abcdef" * 4},
    )
    idp.login(Browser(), server.url("/page.html"))
    before = kinds(node)
    assert before and stories(server) == []
    browser = Browser().at("127.0.0.2")
    name = "alice-of-the-story@example.org"
    assert idp.login(browser, server.url("/page.html"), Answer(name_id=name)).status == 303
    [story] = stories(server)
    assert facts(entry(story, "session"))["NameID"] == name
    assert kinds(node) == before
    assert all(name.encode() not in value for value in node.entries().values())


def kinds(node) -> set[bytes]:
    """The letter of an entry's kind is behind the prefix."""
    return {key.removeprefix(b"saml")[:1] for key in node.keys()}
