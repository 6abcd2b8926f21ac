"""The refusal of a request is told from those of others by the request's id. No nginx here."""

import pytest

from harness.browser import Page
from harness.refusal import assert_refused

MINE, OTHER = "_" + "a" * 40, "_" + "b" * 40
LOG = (
    "2030/01/01 00:00:00 [info] 1#1: *{} saml: {}: what is wrong; what to do, request id: {},"
    " client: 127.0.0.1\n"
)


class Server:
    """The logs of an nginx."""

    def __init__(self, error_log: str, access_log: str):
        self.error_log, self.access_log = lambda: error_log, lambda: access_log

    def wait_for(self, condition, what: str, seconds: float) -> None:
        assert condition(), what


def page(code: str, request_id: str = MINE) -> Page:
    return Page("http://sp.example.org/", 403, {}, f"{code} {request_id}", [])


def access(code: str, request_id: str) -> str:
    return f"POST /saml/acs 403 [{code}] {request_id}\n"


@pytest.mark.parametrize("mine_first", [True, False])
def test_lines_come_in_any_order(mine_first):
    errors = [LOG.format(1, "replayed", MINE), LOG.format(2, "message_expired", OTHER)]
    ends = [access("replayed", MINE), access("message_expired", OTHER)]
    order = 1 if mine_first else -1
    server = Server("".join(errors[::order]), "".join(ends[::order]))
    assert assert_refused(server, page("replayed"), "replayed") == errors[0].rstrip()


@pytest.mark.parametrize("missing", ["error.log", "access.log"])
def test_the_same_refusal_of_another_does_not_count(missing):
    errors, ends = LOG.format(1, "replayed", MINE), access("replayed", MINE)
    if missing == "error.log":
        errors = errors.replace(MINE, OTHER)
    else:
        ends = ends.replace(MINE, OTHER)
    with pytest.raises(AssertionError, match=missing.replace(".", r"\.")):
        assert_refused(Server(errors, ends), page("replayed"), "replayed")


def test_another_code_is_another_refusal():
    server = Server(LOG.format(1, "message_expired", MINE), access("message_expired", MINE))
    with pytest.raises(AssertionError):
        assert_refused(server, page("replayed message_expired"), "replayed")
