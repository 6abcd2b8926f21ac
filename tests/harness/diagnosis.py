"""`saml_debug`: an administrator asks for stories of logins, and looks for secrets in them."""

import base64
import json
import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from harness.browser import Browser, Page
from harness.nginx import Nginx
from harness.wire import WireAnswer, ask

PATH = "/admin/status"
#: In the server, with names for administrators; passwords are their names.
STATUS = f"""
location = {PATH} {{
    saml_status;
    auth_basic administrators;
    auth_basic_user_file administrators;
}}
"""
ADMINISTRATORS = {"administrators": "root:{PLAIN}root\neve:{PLAIN}eve\n"}
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def basic(name: str) -> tuple[str, str]:
    return ("Authorization", "Basic " + base64.b64encode(f"{name}:{name}".encode()).decode())


def look(server: Nginx, query: str = "debug", name: str = "root") -> dict:
    answer = ask(server, f"{PATH}?{query}", basic(name))
    assert (answer.status, answer.all("Content-Type")) == (200, ["application/json"]), answer.text
    assert answer.all("Cache-Control") == ["no-store"]
    return json.loads(answer.text)


def stories(server: Nginx, name: str = "root") -> list[dict]:
    """All that the administrator may see, each whole."""
    return [look(server, f"debug={one['id']}", name) for one in look(server, name=name)["stories"]]


def page_of(server: Nginx, story: dict, name: str = "root") -> WireAnswer:
    return ask(server, f"{PATH}?debug={story['id']}&format=html", basic(name))


def make_link(server: Nginx, name: str = "root", **fields: str) -> WireAnswer:
    site = look(server, name=name)["sites"][0]
    fields = {"sp": site["sp"], "base_url": site["base_url"], "token": site["token"]} | fields
    return ask(
        server, f"{PATH}?debug", FORM, basic(name), method="POST", body=urlencode(fields).encode()
    )


def link(server: Nginx, name: str = "root") -> str:
    answer = make_link(server, name)
    assert answer.status == 200, answer.text
    return json.loads(answer.text)["link"]


def press(browser: Browser, url: str) -> Page:
    """The person opens the link, and presses its button."""
    page = browser.get(url)
    assert page.status == 200, page.text
    [form] = page.forms
    assert (form.action, form.method, form.fields) == (url, "POST", {})
    return browser.post(url)


def whats(story: dict) -> list[str]:
    return [entry["what"] for entry in story["entries"]]


def entry(story: dict, what: str) -> dict:
    """The last one of that kind."""
    return [one for one in story["entries"] if one["what"] == what][-1]


def facts(found: dict) -> dict[str, str]:
    return dict(found["facts"])


def xml(document: dict, verified: bool | None = None) -> str:
    """The lines of a message; those that a signature covers, or those that none covers."""
    lines = document["lines"]
    return "\n".join(text for _, mark, text in lines if verified is None or mark == verified)


def refusals(found: dict) -> list[str]:
    return [check["reason"] for check in found["checks"] if not check["passed"]]


def secrets_of(server: Nginx, *pages: Page, browser: Browser, names: tuple[str, ...] = ()) -> set[str]:
    """Each value by which somebody could act for the person: of cookies, forms and addresses, in the messages and in
    the files of the server."""
    found: set[str] = set(names)
    cookies = [cookie.value for cookie in browser.session.cookies]
    for page in pages:
        cookies += [header.split("=", 1)[1].split(";")[0] for header in page.set_cookie]
        fields = list((page.sent or {}).items()) if isinstance(page.sent, dict) else []
        fields += [pair for form in page.forms for pair in form.fields.items()]
        fields += parse_qsl(urlsplit(page.location or "").query)
        for name, value in fields:
            if name in ("RelayState", "Signature", "SAMLResponse", "SAMLRequest", "SAMLart", "saml_debug"):
                found.add(value)
            if name in ("SAMLResponse", "SAMLRequest") and page.sent:
                message = base64.b64decode(value).decode(errors="replace")
                found |= masked_in(message)
    # A logout has its own ID for a RelayState, which every log has.
    found = {value for value in found if not re.fullmatch("_[0-9a-f]{40}", value)}
    found |= {value for value in cookies if len(value) > 8}
    for file in server.directory.glob("*.key"):
        found |= {line for line in file.read_text().splitlines() if "--" not in line}
    return {secret for secret in found if len(secret) > 3}


def masked_in(message: str) -> set[str]:
    """Of a message: what signs, what is encrypted, and what names the IdP's session."""
    texts = re.findall(r"<(?:\w+:)?(?:SignatureValue|CipherValue)[^>]*>([^<]+)<", message)
    indexes = re.findall(r'SessionIndex="([^"]+)"', message)
    indexes += re.findall(r"<(?:\w+:)?SessionIndex[^>]*>([^<]+)<", message)
    return {line for text in texts for line in [text, *text.split()] if len(line) > 3} | set(indexes)


def assert_no_secrets(text: str, secrets: set[str]) -> None:
    """Neither as they are nor in any part that would do, nor in another spelling."""
    assert secrets
    flat = re.sub(r"\s+", "", text)
    for secret in secrets:
        compact = re.sub(r"\s+", "", secret)
        pieces = [compact] if len(compact) < 48 else [compact[:40], compact[-40:]]
        for piece in pieces:
            assert piece not in flat, f"{piece} of {secret[:60]} is told"
            assert base64.b64encode(piece.encode()).decode() not in flat
