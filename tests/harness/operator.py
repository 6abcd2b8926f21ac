"""Who runs the server, at `saml_sessions`: reads what is there, and gives orders as a program does."""

import json
from urllib.parse import urlencode

from harness.nginx import Nginx
from harness.wire import WireAnswer, ask

PATH = "/admin/sessions"
#: In the server; anybody on this host is the operator.
LOCATION = f"location = {PATH} {{ saml_sessions; allow 127.0.0.0/8; deny all; }}"
#: In the server, with names for operators.
NAMED = f"""
location = {PATH} {{
    auth_basic operators;
    auth_basic_user_file operators;
    saml_sessions;
}}
"""
#: Passwords are their names.
OPERATORS = "root:{PLAIN}root\neve:{PLAIN}eve\n"
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def listed(server: Nginx, *headers: tuple[str, str], **query) -> dict:
    """What the operator is told."""
    answer = ask(server, f"{PATH}?{urlencode(query)}", *headers)
    assert (answer.status, answer.all("Content-Type")) == (200, ["application/json"]), answer.text
    assert answer.all("Cache-Control") == ["no-store"]
    return json.loads(answer.text)


def post(server: Nginx, fields: dict[str, str], *headers: tuple[str, str]) -> WireAnswer:
    return ask(server, PATH, FORM, *headers, method="POST", body=urlencode(fields).encode())


def order(server: Nginx, action: str, *headers: tuple[str, str], **fields: str) -> dict:
    """It is done; what came of it."""
    fields = {"sp": "app", **fields}
    token = listed(server, *headers, sp=fields["sp"])["token"]
    answer = post(server, {"action": action, "token": token, **fields}, *headers)
    assert answer.status == 200, answer.text
    done = json.loads(answer.text)
    assert done["done"] == action
    return done
