"""A kind of request whose instructions are counted, and how that is done."""

import itertools
from dataclasses import dataclass
from pathlib import Path

from harness.counted_nginx import CountedNginx

BATCHES = 4
WARM_UP, BATCH = 10, 10


@dataclass(frozen=True)
class Kind:
    """What is counted: requests to warm up and in batches, and the status that each must have."""

    name: str
    requests: list[bytes]
    status: int
    batch: int = BATCH
    #: It is a page that nginx has without the module, too.
    is_page: bool = True
    #: So many come in one turn of nginx's loop, each by a connection of its own.
    at_once: int = 1


@dataclass(frozen=True)
class Counted:
    """Instructions of one request."""

    name: str
    all: int
    #: Of those, what nginx takes by itself for such a page.
    plain: int

    @property
    def added(self) -> int:
        return self.all - self.plain


def counted_at(server: CountedNginx, kind: Kind, keep: Path | None) -> int:
    """Of the batch that took the least: signatures blind anew now and then."""
    places = range(0, len(kind.requests), kind.at_once)
    turns, counts = (kind.requests[place : place + kind.at_once] for place in places), []
    warm_up = len(places) - BATCHES * kind.batch
    with server.connections(kind.at_once) as ask:
        for turn in itertools.islice(turns, warm_up):
            ask(turn, kind.status)
        server.dump()
        for number in range(BATCHES):
            for turn in itertools.islice(turns, kind.batch):
                ask(turn, kind.status)
            kept = keep and keep.with_name(f"{keep.name}.{number}")
            counts.append(server.dump(kept) / kind.batch / kind.at_once)
    return round(min(counts))


def pages(path: str, *cookies: tuple[str, str]) -> list[bytes]:
    """The page asked for with each of the cookies in turn, as often as is counted."""
    turn = [request("GET", path, cookie) for cookie in cookies]
    return turn * (WARM_UP + BATCHES * BATCH)


def request(method: str, path: str, cookie: tuple[str, str] | None = None, body=b"") -> bytes:
    headers = [
        ("Host", "127.0.0.1"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"),
        ("Accept", "text/html"),
        *([cookie] if cookie else []),
    ]
    if body:
        headers += [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", str(len(body))),
        ]
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode() + body
