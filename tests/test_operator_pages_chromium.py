"""The pages of who runs the server, as nginx sends them: nothing that axe-core minds, nothing too wide, all by
keyboard, and they do what their buttons say."""

import contextlib
import time

import pytest

from harness.axe import axe_script
from harness.chromium import Chromium, emulate
from harness.members import is_in, log_in
from harness.operator import LOCATION, PATH
from harness.site import site
from test_pages_accessible import AXE, MEASURE, TAB, press_tab

pytestmark = pytest.mark.slow

CONF = site(server=f"location = /saml/status {{ saml_status; }} {LOCATION}")
LONG = "CN=" + "Very-Long-Name-Without-Any-Blank-" * 8


@pytest.fixture
def chromium(tmp_path):
    with contextlib.ExitStack() as stack:
        browser = Chromium(tmp_path)
        stack.callback(browser.quit)
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_they_can_be_read_and_used(nginx, idp, chromium, width, scheme):
    server = nginx(CONF)
    for name_id in ("alice", LONG, "<script>alert(1)</script>", "読者"):
        log_in(server, idp, name_id=name_id)
    emulate(chromium, width, 900, scheme)
    faults = []
    for path in ("/saml/status", PATH, f"{PATH}?name_id=nobody"):
        chromium.open(server.url(path))
        measured = chromium.run(MEASURE)
        found = chromium.run(axe_script() + ";" + AXE)
        faults += [f"{path}: {fault}" for fault in [*found, *measured["small"]]]
        if measured["overflow"]:
            faults.append(f"{path}: {measured['overflow']} px too wide")
        reached = set()
        for _ in range(measured["focusable"]):
            press_tab(chromium)
            focus = chromium.run(TAB)
            if not focus["at"] or focus["outline"] < 2:
                faults.append(f"{path}: {focus}")
            reached.add(chromium.run("return [...document.all].indexOf(document.activeElement)"))
        if len(reached) != measured["focusable"]:
            faults.append(f"{path}: {len(reached)} of {measured['focusable']} are reached")
    assert not faults, "\n".join(faults)


def test_a_button_ends_a_session(nginx, idp, chromium):
    server = nginx(CONF)
    member, other = log_in(server, idp, name_id="alice"), log_in(server, idp, name_id="bob")
    chromium.open(server.url(f"{PATH}?name_id=alice"))
    chromium.run("document.querySelector('td form [value=end_session]').form.querySelector('button').click()")
    wait_for_text(chromium, "One session")
    assert (is_in(server, member), is_in(server, other)) == (False, True)


def test_the_request_id_is_copied(nginx, chromium):
    server = nginx(site())
    origin = server.url("")
    granted = {"origin": origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    chromium.call("POST", "/goog/cdp/execute", {"cmd": "Browser.grantPermissions", "params": granted})
    chromium.open(server.url("/saml/acs?SAMLResponse=x"))
    chromium.run("document.querySelector('[data-copy]').focus()")
    press_enter(chromium)
    shown = chromium.run("return document.querySelector('[data-copy]').previousElementSibling.textContent")
    wait_for_text(chromium, "Copied.")
    copied = chromium.run("return navigator.clipboard.readText()")
    assert copied == shown and copied in server.error_log()


def wait_for_text(chromium, text: str) -> None:
    deadline = time.monotonic() + 15
    while text not in chromium.text():
        assert time.monotonic() < deadline, chromium.text()
        time.sleep(0.1)


def press_enter(chromium) -> None:
    keys = [{"type": kind, "value": "\ue007"} for kind in ("keyDown", "keyUp")]
    chromium.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": keys}]})
