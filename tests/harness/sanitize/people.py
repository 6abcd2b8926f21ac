"""Threads of people who log in and out as they should, or leave in the middle of it."""

import contextlib
import random
import re
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from urllib.parse import urlencode

import h2.config
import h2.connection
import h2.exceptions
from lxml import etree

from harness import operator
from harness.browser import Browser
from harness.diagnosis import basic, link, press
from harness.ecp import EcpClient
from harness.hang_up import HOW, asking
from harness.kept_form import log_in_and_send
from harness.kept_form import send as send_form
from harness.logout import BINDINGS, EVERYTHING, SOAP_HEADERS, LogoutRequest, document, enveloped, send
from harness.message import AuthnRequest
from harness.response import Answer, Attribute
from harness.sanitize.flood import Aim
from harness.sanitize.hostile import FORM, encrypted
from harness.sanitize.mutation import mutated
from harness.transmitter import Transmitter
from harness.wire import ask, cookie_header

PAGE = "/page.html"
ACS, SLS = "/saml/acs", "/saml/sls"
GROUPS = [Attribute("memberOf", ["CN=Admins,DC=x", "CN=Users,DC=x"]), Attribute("mail", ["a@example.org"], "mail")]


class People:
    """`done` counts what was done to its end, `failed` what was not: a node may be away, or nginx begin anew."""

    def __init__(self, aim: Aim, seed: str, threads: int = 2):
        self.aim, self.server, self.idp = aim, aim.server, aim.idp
        self.done, self.failed = Counter(), Counter()
        self.reasons = {}
        self.halt = threading.Event()
        self.threads = [
            threading.Thread(target=self.live, args=(random.Random(f"{seed}/people {n}"), n), daemon=True)
            for n in range(threads)
        ]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.halt.set()
        for thread in self.threads:
            thread.join(60)

    def live(self, dice: random.Random, number: int) -> None:
        turn = 0
        while not self.halt.is_set():
            turn += 1
            what = dice.choice(WAYS)
            try:
                counted = what(self, dice, f"person-{number}-{turn}@example.org")
            except Exception as failure:
                self.failed[what.__name__] += 1
                self.reasons[what.__name__] = f"{type(failure).__name__}: {words_of(str(failure))}"
                time.sleep(0.05)
            else:
                self.done.update(counted)

    def log_in(self, dice: random.Random, name: str, page: str = PAGE) -> Browser:
        browser = Browser()
        landed = self.idp.login(browser, self.server.url(page), self.answer(dice, name))
        expect(landed.status == 303, landed)
        expect(browser.get(landed.location).status == 200, landed)
        return browser

    def answer(self, dice: random.Random, name: str) -> Answer:
        attributes = GROUPS if dice.random() < 0.5 else []
        how = dice.randrange(5)
        answer = {"name_id": name, "session_index": f"_{name}", "attributes": attributes}
        if how == 0:
            return Answer(before_signing=encrypted("Assertion"), sign="response", **answer)
        if how == 1:
            return Answer(before_signing=encrypted("NameID"), sign="response", **answer)
        return Answer(sign=dice.choice(("assertion", "response", "both")), **answer)

    def by_browser(self, dice: random.Random, name: str) -> dict[str, int]:
        """In, looks around, and out by the site's own link."""
        browser = self.log_in(dice, name)
        for path in ("/page.html", "/saml/session", "/behind/", "/asked/page.html", "/admins/page.html", "/saml/metadata"):
            browser.get(self.server.url(path))
        out = browser.get(self.server.url("/saml/logout"), headers={"Sec-Fetch-Site": "same-origin"})
        expect(out.status in (200, 302, 303), out)
        return {"logins": 1, "logouts": 1}

    def by_idp(self, dice: random.Random, name: str) -> dict[str, int]:
        """The IdP logs them out, through the browser or by itself."""
        browser = self.log_in(dice, name)
        request = LogoutRequest(name_id=name, session_index=(f"_{name}",))
        binding = dice.choice(BINDINGS)
        client = browser if binding in ("redirect", "post", "deflated") else None
        out = send(self.idp, self.server.url(SLS), request, binding, client)
        expect(out.status in (200, 302, 303), out)
        return {"logins": 1, "logouts": 1}

    def by_event(self, dice: random.Random, name: str) -> dict[str, int]:
        self.log_in(dice, name)
        told = Transmitter(self.server, dice.choice(("RS256", "ES256", "ES512", "EdDSA")))
        claims = told.claims({"format": "email", "email": name})
        pushed = told.push(told.token(claims, kid=told.algorithm))
        expect(pushed.status == 202, pushed)
        return {"logins": 1, "logouts": 1, "events": 1}

    def by_operator(self, dice: random.Random, name: str) -> dict[str, int]:
        self.log_in(dice, name)
        operator.order(self.server, "end_name_id", idp="corp", name_id=name)
        ask(self.server, "/admin/status", basic("root"))
        ask(self.server, "/admin/status?format=openmetrics", basic("root"))
        ask(self.server, operator.PATH, ("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"))
        return {"logins": 1, "logouts": 1, "orders": 1}

    def by_artifact(self, dice: random.Random, name: str) -> dict[str, int]:
        browser = Browser()
        answer = Answer(name_id=name, session_index=f"_{name}")
        landed = self.aim.artifact_idp.login(browser, self.server.url("/artifact/page.html"), answer)
        expect(landed.status == 303, landed)
        return {"logins": 1, "artifacts": 1}

    def by_program(self, dice: random.Random, name: str) -> dict[str, int]:
        client = EcpClient()
        asked = client.ask(self.server.url(PAGE))
        answer = Answer(name_id=name, destination=asked.consumer, recipient=asked.consumer)
        message = self.idp.response(AuthnRequest(asked.request, None), answer)
        landed = client.deliver(asked, etree.fromstring(message))
        expect(landed.status == 302, landed)
        return {"logins": 1, "ECP": 1}

    def with_form(self, dice: random.Random, name: str) -> dict[str, int]:
        """What they had typed is there after the login. From elsewhere: the flood's address has its share of all forms."""
        browser = Browser().at("127.0.0.2")
        data = {"text": "x" * dice.choice((1, 100, 30_000))}
        kept = send_form(self.server, browser, "/behind/", data)
        sent = log_in_and_send(self.server, self.idp, browser, kept)
        expect(sent.status == 200, sent)
        return {"logins": 1, "kept forms": 1}

    def watched(self, dice: random.Random, name: str) -> dict[str, int]:
        """By an administrator's link, which leads to the page where one chooses an IdP."""
        browser = Browser()
        choice = press(browser, link(self.server))
        expect(choice.status in (302, 303), choice)
        asked = self.idp.asked(browser.get(f"{choice.location}&idp=corp"))
        landed = browser.post(asked.acs_url, self.idp.form(asked, self.answer(dice, name)))
        expect(landed.status == 303, landed)
        return {"logins": 1, "stories": 1}

    def leaves(self, dice: random.Random, name: str) -> dict[str, int]:
        """Sends a whole request and goes before the answer."""
        browser = Browser()
        asked = self.idp.asked(browser.get(self.server.url(PAGE)))
        form = [cookie_header(browser), ("Content-Type", FORM)]
        login = ("POST", ACS, form, urlencode(self.idp.form(asked, self.answer(dice, name))).encode())
        envelope = enveloped(document(self.idp, self.server.url(SLS), EVERYTHING))
        logout = ("POST", SLS, list(SOAP_HEADERS.items()), envelope)
        page = ("GET", PAGE, [cookie_header(browser)])
        how = dice.choice(HOW)
        with asking(self.server, how, *dice.choice((login, login, logout, page))):
            time.sleep(dice.choice((0, 0, 0.001, 0.01)))
        return {"resets of streams" if how == "reset" else "aborts": 1}

    def never_sends_the_rest(self, dice: random.Random, name: str) -> dict[str, int]:
        path = dice.choice((ACS, SLS, "/saml/events", "/behind/", operator.PATH))
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 20000\r\n\r\n"
        with socket.create_connection((self.server.address, self.server.port), timeout=30) as client:
            client.sendall(head.encode() + b"SAMLResponse=" + b"A" * dice.choice((0, 3000, 6000)))
            time.sleep(dice.choice((0, 0.01)))
            if dice.random() < 0.5:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return {"aborts": 1}

    def resets_many(self, dice: random.Random, name: str) -> dict[str, int]:
        """Streams of one HTTP/2 connection, begun and taken back at any point of them."""
        browser = Browser()
        asked = self.idp.asked(browser.get(self.server.url(PAGE)))
        body = urlencode(self.idp.form(asked, self.answer(dice, name))).encode()
        reset = 0
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError), h2_connection(self.server) as (client, connection):
            for stream in range(1, 60, 2):
                post = dice.random() < 0.7
                path = dice.choice((ACS, SLS, "/behind/", "/saml/events")) if post else dice.choice((PAGE, "/saml/metadata"))
                headers = [(":method", "POST" if post else "GET"), (":scheme", "https"), (":authority", "x"), (":path", path)]
                headers += [("cookie", cookie_header(browser)[1]), ("content-type", FORM)]
                connection.send_headers(stream, headers, end_stream=not post)
                if post:
                    room = min(len(body), connection.local_flow_control_window(stream), connection.max_outbound_frame_size)
                    part = mutated(dice, body, [body])[: dice.randrange(room + 1)]
                    connection.send_data(stream, part, end_stream=dice.random() < 0.5)
                client.sendall(connection.data_to_send())
                if dice.random() < 0.3:
                    time.sleep(0.002)
                connection.reset_stream(stream)
                client.sendall(connection.data_to_send())
                reset += 1
        return {"resets of streams": reset}


@contextlib.contextmanager
def h2_connection(server):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    plain = socket.create_connection((server.address, server.ports[1]), timeout=30)
    with context.wrap_socket(plain) as client:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        connection.initiate_connection()
        client.sendall(connection.data_to_send())
        yield client, connection


def words_of(page: str) -> str:
    """What a page says, in a line."""
    return " ".join(re.sub(r"(?s)<style.*?</style>|<[^>]*>", " ", page).split())[:300]


def expect(true: bool, answer) -> None:
    if not true:
        raise RuntimeError(f"{answer.status}: {answer.text}")


WAYS = [
    People.by_browser, People.by_idp, People.by_event, People.by_operator, People.by_artifact, People.by_program,
    People.with_form, People.watched, People.leaves, People.leaves, People.leaves, People.never_sends_the_rest,
    People.resets_many,
]  # fmt: skip
