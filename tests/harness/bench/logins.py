"""What a login costs its SP: the way to the IdP, and the Response that comes back.

Each SP signs its AuthnRequest with RSA-2048 where the row doesn't say otherwise, and gets Responses whose Assertion is
signed with RSA-SHA256 and has 5 attributes. What the IdP and browsers do is not counted.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.bench.apache import ANSWER, IDP, Apache, with_mellon, with_shib
from harness.bench.hosts import PAGE, SP, Bench
from harness.bench.load import cpu_nanoseconds
from harness.browser import Browser, Page
from harness.encrypt import Encryption, encrypt
from harness.keys import ec_credential
from harness.message import NS, read_redirect
from harness.nginx import Nginx
from harness.response import Answer

#: Logins of one round of one row.
BATCH = 25
#: What a browser that comes anew costs nginx for any page: no login at all.
PLAIN = "plain nginx, a page of 1 KB each time"
OURS, MELLON, SHIB = "this module", "Apache, mod_auth_mellon", "Apache, mod_shib"
EC, ENCRYPTED = ", EC P-256", ", encrypted"


@dataclass
class Contender:
    """Who is asked for a page, and answers with the way to the IdP."""

    server: Nginx | Apache
    processes: Callable[[], list[int]]
    answer: Answer = ANSWER


@dataclass
class Login:
    """CPU of one, in µs, a figure a round."""

    redirect: list[float] = field(default_factory=list)
    acs: list[float] = field(default_factory=list)


def measure(bench: Bench, rounds: int, apache: Path | None) -> dict[str, Login]:
    """Rows by name. `apache` is where its modules are unpacked; None leaves them out."""
    contenders = by_nginx(bench)
    if apache:
        contenders |= by_apache(bench, apache)
    measured = {name: Login() for name in contenders}
    for number in range(rounds + 1):
        for name in random.sample(list(contenders), len(contenders)):
            contender = contenders[name]
            redirect, acs = plain_round(contender) if name == PLAIN else one_round(contender)
            if number:  # the first warms them up
                measured[name].redirect.append(redirect)
                measured[name].acs.append(acs)
    return measured


def by_nginx(bench: Bench) -> dict[str, Contender]:
    rsa, ec = bench.host(idp=IDP), bench.host(idp=IDP, credential=ec_credential("sp"))
    return {
        PLAIN: Contender(rsa, rsa.workers),
        OURS: Contender(rsa, rsa.workers),
        OURS + EC: Contender(ec, ec.workers),
        OURS + ENCRYPTED: Contender(rsa, rsa.workers, encrypted()),
    }


def by_apache(bench: Bench, unpacked: Path) -> dict[str, Contender]:
    made = {
        MELLON: with_mellon(bench.folder("mellon"), unpacked),
        SHIB: with_shib(bench.folder("shib"), unpacked),
    }
    contenders = {}
    for name, server in made.items():
        bench.servers.append(server)
        server.write(f"html/protected/{PAGE}", os.urandom(1024))
        # mod_shib signs for who asks for it; the others do in any case.
        asking = '<md:IDPSSODescriptor WantAuthnRequestsSigned="true" '
        server.write("idp.xml", IDP.metadata().replace("<md:IDPSSODescriptor ", asking))
        server.start()
        contenders[name] = Contender(server, server.pids)
        contenders[name + ENCRYPTED] = Contender(server, server.pids, encrypted())
    return contenders


def encrypted() -> Answer:
    """The usual answer, its Assertion encrypted for the SP."""

    def change(document):
        encrypt(document.find("saml:Assertion", NS), SP, how=Encryption("aes256-gcm"))

    return Answer(attributes=ANSWER.attributes, after_signing=change)


def plain_round(contender: Contender) -> tuple[float, float]:
    """Means of pages for new browsers: one by a new connection, and one by another."""
    url = contender.server.url(f"/plain/{PAGE}")
    browsers = [Browser() for _ in range(BATCH)]
    spent = []
    for _ in range(2):
        before = cpu_nanoseconds(contender.processes())
        assert all(browser.get(url).status == 200 for browser in browsers)
        spent.append((cpu_nanoseconds(contender.processes()) - before) / BATCH / 1000)
    return spent[0], spent[1]


def one_round(contender: Contender) -> tuple[float, float]:
    """Means of some logins of new browsers."""
    url = contender.server.url(f"/protected/{PAGE}")
    browsers = [Browser() for _ in range(BATCH)]
    started = cpu_nanoseconds(contender.processes())
    locations = [way_to_idp(browser, url) for browser in browsers]
    redirected = cpu_nanoseconds(contender.processes())
    assert all("&Signature=" in location for location in locations), locations[0]
    requests = [read_redirect(location) for location in locations]
    forms = [IDP.form(request, contender.answer) for request in requests]
    before = cpu_nanoseconds(contender.processes())
    for browser, request, form in zip(browsers, requests, forms, strict=True):
        page = browser.post(request.acs_url, form)
        assert page.status in (302, 303), f"{page.status}: {page.text}"
    answered = cpu_nanoseconds(contender.processes())
    page = browsers[0].get(url)
    assert page.status == 200 and len(page.text) > 0, page.text
    return (redirected - started) / BATCH / 1000, (answered - before) / BATCH / 1000


def way_to_idp(browser: Browser, url: str) -> str:
    page: Page = browser.get(url)
    while not (page.location or "").startswith(IDP.sso_url):
        assert page.location, f"{page.status}: {page.text}"
        page = browser.get(page.location)
    return page.location
