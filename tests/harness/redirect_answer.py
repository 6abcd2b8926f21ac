"""A login whose answer comes by HTTP-Redirect, signed over the octets of the query as a test spells them."""

import base64
import http.client
import zlib
from types import SimpleNamespace
from urllib.parse import quote, urlsplit

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from harness.attack import assert_beaten_off
from harness.browser import Browser, Page
from harness.response import Answer

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256 = f"{MORE}rsa-sha256"
HASHES = {
    RSA_SHA256: hashes.SHA256(),
    f"{MORE}rsa-sha384": hashes.SHA384(),
    f"{MORE}rsa-sha512": hashes.SHA512(),
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": hashes.SHA1(),
}
UNSIGNED = Answer(sign=None)


def deflated(xml: bytes) -> str:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(compressor.compress(xml) + compressor.flush()).decode()


def upper(text: str) -> str:
    """As our own requests are spelled."""
    return quote(text, safe="-._~")


class Get:
    """A login whose answer comes by GET."""

    def __init__(self, server, idp, browser, answer=UNSIGNED, change=None):
        self.server, self.idp, self.browser = server, idp, browser
        self.request = idp.asked(browser.get(server.url("/page.html")))
        document = etree.fromstring(idp.response(self.request, answer))
        if change:
            change(document)
        self.message = deflated(etree.tostring(document))

    def covered(self, spell=upper, relay_state="", algorithm=RSA_SHA256) -> str:
        """What a signature covers; `""` stands for the RelayState of the request."""
        pairs = [("SAMLResponse", self.message)]
        state = self.request.relay_state if relay_state == "" else relay_state
        if state is not None:
            pairs.append(("RelayState", state))
        pairs.append(("SigAlg", algorithm))
        return "&".join(f"{name}={spell(value)}" for name, value in pairs)

    def signed(self, covered: str, algorithm=RSA_SHA256, spell=upper, credential=None) -> str:
        key = (credential or self.idp.credential).key
        value = key.sign(covered.encode(), padding.PKCS1v15(), HASHES[algorithm])
        return f"{covered}&Signature={spell(base64.b64encode(value).decode())}"

    def send(self, query: str):
        """The octets as they are: `requests` would spell them anew."""
        return self.browser.get(Raw(f"{self.request.acs_url}?{query}"))

    def logs_in(self, query: str) -> None:
        page = self.send(query)
        assert page.status == 303, page.text + self.server.error_log()
        assert self.browser.get(page.location).headers["X-User"] == "alice@example.org"

    def refused(self, query: str, *codes: str) -> None:
        assert_beaten_off(self.server, self.browser, self.send(query), *codes)


class Raw(str):
    """A URL that is sent as it stands."""


class RawBrowser(Browser):
    """One whose HTTP library does not respell the octets of a query (urllib3 does)."""

    def get(self, url, **options):
        if not isinstance(url, Raw):
            return super().get(url, **options)
        prepared = self.session.prepare_request(requests.Request("GET", url.partition("?")[0]))
        target = urlsplit(url)
        connection = http.client.HTTPConnection(target.netloc, timeout=30)
        connection.request("GET", f"{target.path}?{target.query}", headers=prepared.headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        requests.cookies.extract_cookies_to_jar(
            self.session.cookies, prepared, SimpleNamespace(_original_response=answer)
        )
        set_cookie = answer.headers.get_all("Set-Cookie") or []
        connection.close()
        return Page(str(url), answer.status, answer.headers, text, set_cookie)
