"""Five thousand IdPs: a page stays small and quick, and requests with a session do not notice."""

import time
from statistics import median

import pytest

from harness.idp import Idp
from harness.keys import rsa_credential
from test_discovery import LOGO, choices, choose, described, name

pytestmark = [pytest.mark.slow, pytest.mark.serial]

COUNT = 5000
CONF = """
events {}
http {
    @IDPS@
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        @NAMES@
        discovery builtin;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; }
    }
}
"""
PLACES = ["Zürich", "Århus", "Łódź", "São Paulo", "Kraków", "Besançon", "Tromsø", "Malmö"]
CREDENTIAL = rsa_credential("many")


def idp(number: int) -> Idp:
    site = f"https://idp{number}.example.org"
    return Idp(site, f"{site}/sso", credential=CREDENTIAL)


def metadata(number: int) -> str:
    place = PLACES[number % len(PLACES)]
    return described(
        idp(number),
        name(f"University {number} of {place}")
        + name(f"Universität {number} {place}", "de")
        + f'<mdui:Description xml:lang="en">The university number {number}</mdui:Description>'
        + f'<mdui:Keywords xml:lang="en">campus-{number}</mdui:Keywords>'
        + f'<mdui:Logo height="1" width="1">{LOGO + "A" * 4000}</mdui:Logo>',
    )


@pytest.fixture
def server(nginx):
    return nginx(
        CONF,
        files={f"idps/{n}.xml": metadata(n) for n in range(COUNT)},
        IDPS="".join(f"saml_idp i{n} {{ metadata idps/{n}.xml; metadata_refresh off; }}\n" for n in range(COUNT)),
        NAMES="".join(f"idp i{n};\n" for n in range(COUNT)),
    )  # fmt: skip


def timed(ask) -> tuple[float, object]:
    """Milliseconds, in the middle of some, and the last answer."""
    spent = []
    for _ in range(15):
        start = time.perf_counter()
        page = ask()
        spent.append((time.perf_counter() - start) * 1000)
    return median(spent), page


def test_pages_are_small_and_quick(server, browser):
    url = server.url("/saml/discovery?return=/page.html")
    for query, shown, sentence in [
        ("", 200, f"The first 200 of {COUNT:,}."),
        ("&q=zurich", 200, f"The first 200 of {COUNT // len(PLACES):,}."),
        ("&q=UNIVERSITAT+4711", 1, "One."),
        ("&q=campus-17", None, None),
        ("&q=no+such+place", 0, "No organisation has that name."),
        ("&q=" + "a+" * 500, None, None),
    ]:
        spent, page = timed(lambda query=query: browser.get(url + query))
        print(f"{query[:24]!r}: {spent:.1f} ms, {len(page.text)} bytes")
        assert page.status == 200 and spent <= 100, query
        assert len(page.text) <= 800_000, query
        if shown is not None:
            assert len(choices(page)) == shown and sentence in page.text
    request = idp(4711).asked(choose(browser, browser.get(f"{url}&q=4711"), "i4711"))
    assert browser.post(request.acs_url, idp(4711).form(request)).status == 303
    spent, page = timed(lambda: browser.get(server.url("/page.html")))
    print(f"a page for members: {spent:.1f} ms")
    assert page.status == 200 and spent < 10
