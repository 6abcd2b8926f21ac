"""A small user agent: cookie jar, redirects, forms that submit themselves."""

from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import lxml.html
import requests
from requests.adapters import HTTPAdapter

from harness.nginx import Nginx


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str]


@dataclass
class Page:
    """One answer of a server, and those before it."""

    url: str
    status: int
    headers: dict
    text: str
    set_cookie: list[str]
    sent: object = None  # the body of the request
    history: list["Page"] = field(default_factory=list)

    @property
    def location(self) -> str | None:
        """Where a redirect leads, absolute."""
        target = self.headers.get("Location")
        return target and urljoin(self.url, target)

    @property
    def forms(self) -> list[Form]:
        if not self.text.strip():
            return []
        document = lxml.html.fromstring(self.text.encode(), base_url=self.url)
        return [
            Form(
                urljoin(self.url, form.action or ""),
                form.method,
                {name: value or "" for name, value in form.form_values()},
            )
            for form in document.forms
        ]

    @property
    def saml_form(self) -> Form | None:
        """The form by which this page passes a SAML message or artifact on, if it is such a page."""
        for form in self.forms:
            if form.fields.keys() & {"SAMLRequest", "SAMLResponse", "SAMLart"}:
                return form
        return None


class Towards(HTTPAdapter):
    """Connects to another address than the URL says; cookies, Host and URLs do not notice."""

    def __init__(self, address: str):
        super().__init__()
        self.address = address

    def send(self, request, **options):
        told, parts = request.url, urlsplit(request.url)
        request.headers["Host"] = parts.netloc
        request.url = parts._replace(netloc=f"{self.address}:{parts.port}").geturl()
        try:
            answer = super().send(request, **options)
        finally:
            request.url = told
        answer.url = told
        return answer


class From(HTTPAdapter):
    """Connects from this address of the client's host."""

    def __init__(self, address: str):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **options)


class Browser:
    """Cookies are kept like a browser keeps them; `SameSite` is left to the Chromium test."""

    def __init__(self, verify: str | bool = True):
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = verify
        self.session.headers = {
            "User-Agent": "tests",
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "Sec-Fetch-Mode": "navigate",
        }

    def towards(self, server: Nginx) -> "Browser":
        """From now on 127.0.0.1 at this port is this nginx, as a load balancer would have it."""
        self.session.mount(f"http://127.0.0.1:{server.port}/", Towards(server.address))
        return self

    def at(self, address: str) -> "Browser":
        """From now on nginx sees this client at another loopback address."""
        self.session.mount("http://", From(address))
        return self

    def get(self, url: str, **options) -> Page:
        """One request, no redirect followed."""
        return self.request("GET", url, **options)

    def read(self, url: str, headers: dict | None = None, **options) -> Page:
        """As a program does, which is no browser: metadata is XML then."""
        program = {"Accept": "*/*", "Sec-Fetch-Mode": None}
        return self.get(url, headers=program | (headers or {}), **options)

    def post(self, url: str, data=None, **options) -> Page:
        return self.request("POST", url, data=data, **options)

    def request(self, method: str, url: str, **options) -> Page:
        answer = self.session.request(method, url, allow_redirects=False, timeout=30, **options)
        for cookie in self.session.cookies:
            # Browsers trust loopback addresses, and Keycloak counts on it.
            cookie.secure = cookie.secure and answer.url.startswith("https:")
        if "charset" not in answer.headers.get("Content-Type", ""):
            answer.encoding = "utf-8"
        set_cookie = answer.raw.headers.getlist("Set-Cookie")
        return Page(
            answer.url,
            answer.status_code,
            answer.headers,
            answer.text,
            set_cookie,
            options.get("data"),
        )

    def open(self, url: str) -> Page:
        """What the person sees in the end: redirects followed, SAML forms submitted."""
        return self.settle(self.get(url))

    def submit(self, form: Form, **fields: str) -> Page:
        """Fills a form in, sends it and goes on to where it leads."""
        return self.settle(self.send(form, **fields))

    def send(self, form: Form, **fields: str) -> Page:
        """Sends a form and stops at the answer."""
        values = {**form.fields, **fields}
        if form.method.upper() == "POST":
            return self.post(form.action, values)
        return self.get(form.action, params=values)

    def settle(self, page: Page, hops: int = 20) -> Page:
        history = []
        while (step := self.next_step(page)) is not None:
            history.append(page)
            if len(history) > hops:
                raise RuntimeError("redirect loop:\n" + "\n".join(seen.url for seen in history))
            page = step
        page.history = history
        return page

    def next_step(self, page: Page) -> Page | None:
        if page.location and page.status == 307 and page.sent is not None:
            return self.post(page.location, page.sent)
        if page.location and 300 <= page.status < 400:
            return self.get(page.location)
        if page.status == 200 and "html" in page.headers.get("Content-Type", ""):
            form = page.saml_form
            return form and self.send(form)
        return None

    def cookie_names(self) -> set[str]:
        return {cookie.name for cookie in self.session.cookies}
