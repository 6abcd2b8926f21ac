"""What people, IdPs, monitoring and strangers do at one host, each at a steady pace."""

import base64
import http.client
import itertools
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote_plus, urlencode

from harness.browser import Browser
from harness.hang_up import HOW, asking
from harness.hostile_bodies import HOSTILE
from harness.logout import (
    FORM_HEADERS,
    SUCCESS,
    LogoutRequest,
    LogoutResponse,
    document,
    received,
    send,
)
from harness.message import NS
from harness.response import Answer
from harness.soak.ledger import Ledger
from harness.soak.people import People, Person
from harness.soak.sites import OTHER_PAGE, PAGE, TEXT, Host

NAVIGATES = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Connection": "close"}


class Load:
    """The threads of one host. Each has its own connections: after a reload no kept one is in the way."""

    def __init__(self, host: Host, ledger: Ledger, stop: threading.Event):
        self.host, self.ledger, self.stop = host, ledger, stop
        self.people = People(host.times)
        self.used = []  # forms of logins that were accepted
        self.hostile = itertools.cycle([*HOSTILE.values()])

    def threads(self) -> list[threading.Thread]:
        paces: dict[Callable[[], None], float] = {
            self.hit: 40,
            self.log_in: 1.5,
            self.log_out_here: 0.25,
            self.log_out_there: 0.25,
            self.leave: 1,
            self.attack: 1,
            self.scrape: 0.2,
        }
        if self.host.pysaml2:
            paces[self.come_and_go] = 0.1
        return [
            threading.Thread(target=self.at_pace, args=pace, daemon=True) for pace in paces.items()
        ]

    def at_pace(self, act: Callable[[], None], per_second: float) -> None:
        for _ in every(1 / per_second, self.stop):
            try:
                act()
            except Exception as error:  # no answer, or one that cannot be read
                self.amiss(act.__name__, repr(error))

    def amiss(self, kind: str, what: str) -> None:
        self.ledger.amiss(self.host.name, kind, what)

    def judge(self, kind: str, expected, found, detail: str = "") -> bool:
        return self.ledger.judge(self.host.name, kind, expected, found, detail)

    def get(self, path: str, headers: dict) -> tuple[int, str, float]:
        """Status, body and milliseconds."""
        server, began = self.host.server, time.perf_counter()
        connection = http.client.HTTPConnection(server.address, server.port, timeout=10)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, text, (time.perf_counter() - began) * 1000

    def page_of(self, person: Person) -> tuple[int, str, float]:
        return self.get(PAGE, NAVIGATES | {"Cookie": person.cookie})

    def hit(self) -> None:
        with self.people.drawn() as drawn:
            if not drawn:
                return
            person, expected = drawn
            status, text, took = self.page_of(person)
            if (status, expected) == (200, 200) and text == TEXT:
                self.ledger.right(self.host.name, "page", took)
            else:
                self.judge("page" if expected == 200 else "page after the end", expected, status, text)

    def log_in(self) -> None:
        idp, browser = self.host.idp, self.browser()
        name = secrets.token_hex(8)
        request = idp.asked(browser.get(self.host.server.url(PAGE)))
        form = idp.form(request, Answer(name_id=f"{name}@example.org", session_index=f"_{name}"))
        page = browser.post(request.acs_url, form)
        if self.judge("login", 303, page.status, page.text):
            now = time.monotonic()
            self.people.add(Person(browser, f"{name}@example.org", f"_{name}", now, now))
            self.used = self.used[-20:] + [(browser, request.acs_url, form)]

    def browser(self) -> Browser:
        browser = Browser()
        browser.session.headers["Connection"] = "close"
        return browser

    def log_out_here(self) -> None:
        """From the SP: the IdP is told, and its answer leads to the last page."""
        if person := self.people.take():
            idp, browser, url = self.host.idp, person.browser, self.host.server.url
            cookie = person.cookie
            request = received(browser.get(url("/saml/logout")))
            assert request.xml.findtext("saml:NameID", namespaces=NS) == person.name_id
            answer = LogoutResponse(request.xml.get("ID"))
            page = send(idp, url("/saml/sls"), answer, "redirect", browser, request.relay_state)
            self.judge("logout here", (303, url("/bye.html")), (page.status, page.location), page.text)
            self.is_out(cookie)

    def log_out_there(self) -> None:
        """From the IdP, by SOAP."""
        if person := self.people.take():
            url = self.host.server.url("/saml/sls")
            message = LogoutRequest(person.name_id, session_index=(person.session_index,))
            answer = received(send(self.host.idp, url, message))
            self.judge("logout there", SUCCESS, answer.status)
            self.is_out(person.cookie)

    def is_out(self, cookie: str) -> None:
        status, text, _ = self.get(PAGE, NAVIGATES | {"Cookie": cookie})
        self.judge("page after logout", 302, status, text)

    def come_and_go(self) -> None:
        """pysaml2 signs somebody in and out, through the browser."""
        browser, url = self.browser(), self.host.server.url
        page = browser.open(url(OTHER_PAGE))
        self.judge("login by pysaml2", (200, TEXT), (page.status, page.text))
        page = browser.open(url("/saml/logout"))
        self.judge("logout by pysaml2", (url("/bye.html"), "bye"), (page.url, page.text))

    def leave(self) -> None:
        """A client that does not wait for the answer: to a page, a login, or half of one."""
        random.choice([self.leave_a_page, self.leave_a_login, self.leave_half_a_body])()
        self.ledger.right(self.host.name, "client that left")

    def leave_a_page(self) -> None:
        with self.people.drawn() as drawn:
            cookie = {"Cookie": drawn[0].cookie} if drawn else {}
            with asking(self.host.server, random.choice(HOW), "GET", PAGE, NAVIGATES | cookie):
                pass

    def leave_a_login(self) -> None:
        """Its session is one that nobody has, until it is idle for too long."""
        server, browser = self.host.server, self.browser()
        request = self.host.idp.asked(browser.get(server.url(PAGE)))
        cookies = "; ".join(f"{c.name}={c.value}" for c in browser.session.cookies)
        body = urlencode(self.host.idp.form(request, Answer(name_id="nobody@example.org"))).encode()
        headers = FORM_HEADERS | {"Cookie": cookies}
        with asking(server, random.choice(HOW), "POST", "/saml/acs", headers, body):
            pass

    def leave_half_a_body(self) -> None:
        server = self.host.server
        head = (
            "POST /saml/acs HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n"
            f"Content-Type: {FORM_HEADERS['Content-Type']}\r\n\r\nSAMLResponse="
        )
        with socket.create_connection((server.address, server.port)) as client:
            client.sendall(head.encode() + b"YQ" * 5000)
            self.stop.wait(random.random())

    def attack(self) -> None:
        random.choice([self.rubbish, self.replay, self.forged, self.logout_of_a_stranger])()

    def rubbish(self) -> None:
        body, _ = next(self.hostile)
        path = random.choice(["/saml/acs", "/saml/sls"])
        page = self.browser().post(self.host.server.url(path), body, headers=FORM_HEADERS)
        self.judge("hostile body", 4, page.status // 100, page.text)

    def replay(self) -> None:
        """By the very browser whose login it was."""
        if self.used:
            browser, url, form = random.choice(self.used)
            thief = self.browser()
            thief.session.cookies.update(
                {c.name: c.value for c in browser.session.cookies if c.name != "saml_session"}
            )
            page = thief.post(url, form)
            self.judge("replay", False, "saml_session" in thief.cookie_names(), page.text)

    def forged(self) -> None:
        """A true Response whose NameID was changed after the signature."""

        def change(response):
            response.find(".//saml:NameID", NS).text = "root@example.org"

        idp, browser = self.host.idp, self.browser()
        request = idp.asked(browser.get(self.host.server.url(PAGE)))
        page = browser.post(request.acs_url, idp.form(request, Answer(after_signing=change)))
        self.judge("forged login", 4, page.status // 100, page.text)

    def logout_of_a_stranger(self) -> None:
        """Somebody who is in, named by whom nobody trusts."""
        with self.people.drawn() as drawn:
            if not drawn:
                return
            person, expected = drawn
            url = self.host.server.url("/saml/sls")
            message = LogoutRequest(person.name_id, session_index=(person.session_index,), sign=False)
            xml = document(self.host.idp, url, message)
            body = f"SAMLRequest={quote_plus(base64.b64encode(xml))}"
            page = self.browser().post(url, body, headers=FORM_HEADERS)
            success = page.status == 200 and SUCCESS in page.text
            self.judge("logout by a stranger", False, success, page.text)
            status, text, _ = self.page_of(person)
            self.judge("page", expected, status, text)

    def scrape(self) -> None:
        for query in ("?format=json", "?format=openmetrics", "?format=html"):
            status, text, _ = self.get(f"/status{query}", {"Connection": "close"})
            self.judge("scrape", 200, status, text)


def every(seconds: float, stop: threading.Event) -> Iterator[None]:
    """Beats, however long the work between them takes; what is missed is not made up for."""
    due = time.monotonic()
    while not stop.wait(max(0.0, due - time.monotonic())):
        yield
        due = max(due + seconds, time.monotonic())
