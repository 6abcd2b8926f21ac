"""A host whose day takes a second: its clock, and that of its memcached, stand where a test puts them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.browser import Browser, Page
from harness.clock import Clock
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import PAGE
from harness.memcached import Memcached
from harness.nginx import Nginx
from harness.response import Answer
from harness.site import site

MINUTE, HOUR, DAY = 60, 3600, 86400
SECRET = {"session.key": "0123456789abcdef" * 4}
#: Lines in a saml_session_store.
STORES = {
    "zone": "zone saml_sessions 4m; secret session.key;",
    "memcached": "memcached @NODES@; replicas 2; cache_valid 0s; zone saml_sessions 4m; secret session.key;",
}


def timed_site(store: str, **more: str) -> str:
    """The common site with this store; `more` as `site` takes it."""
    more["http"] = f"saml_session_store sessions {{ {STORES[store]} }}\n{more.get('http', '')}"
    more["sp"] = f"session_store sessions;\n{more.get('sp', '')}"
    return site(**more)


def instants(seconds: float) -> dict[str, float]:
    """The fields of an `Answer` that the IdP gives so many seconds from now."""
    return {
        "issue_instant": seconds,
        "authn_instant": seconds,
        "not_before": seconds - 30,
        "not_on_or_after": seconds + 300,
        "confirmation_not_on_or_after": seconds + 300,
    }


@dataclass
class Timed:
    """`now` is how far the host's clock is from the true time; the IdP's is right beside it."""

    server: Nginx
    clock: Clock
    idp: Idp
    nodes: list[Memcached] = field(default_factory=list)
    now: int = 0

    def set(self, seconds: int) -> None:
        """Where memcached's clock goes along it has noticed: it looks once a second."""
        passed = seconds - self.now
        up = [node.stats()["uptime"] for node in self.nodes]
        self.clock.set(seconds)
        self.now = seconds
        for node, before in zip(self.nodes, up, strict=True):
            self.server.wait_for(lambda: node.stats()["uptime"] >= before + passed, "memcached's clock")

    def answer(self, at: int | None = None, **more) -> Answer:
        return Answer(**instants(self.now if at is None else at) | more)

    def log_in(self, **answer) -> Browser:
        browser = Browser()
        page = self.idp.login(browser, self.server.url(PAGE), self.answer(**answer))
        assert page.status == 303, f"{page.status}: {page.text}"
        return browser

    def asked(self) -> Callable[[Answer], Page]:
        """Somebody is at the IdP; how its answer brings them back."""
        browser = Browser()
        request = self.idp.asked(browser.get(self.server.url(PAGE)))
        return lambda answer: browser.post(request.acs_url, self.idp.form(request, answer))

    def log_out(self) -> None:
        """Everybody of the usual NameID, by the IdP."""
        message = LogoutRequest(
            session_index=(), issue_instant=self.now, not_on_or_after=self.now + 300
        )
        assert_success(send(self.idp, self.server.url("/saml/sls"), message))
