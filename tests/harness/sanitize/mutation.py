"""Octets, changed so that little of them is as it should be, and most is."""

import random
import re
from collections.abc import Callable
from pathlib import Path

from harness.injection import CORPUS
from harness.nginx import ROOT

LONGEST = 100_000  # octets: more than max_message_size of the site takes
NUMBERS = [b"0", b"-1", b"1", b"255", b"65536", b"2147483647", b"4294967296", b"18446744073709551616", b"1e999"]
ODD = [b"\0", b"\xff", b"\x80", b"\xc0\xaf", b"\r\n", b"\n", b"%", b"%0", b"&", b"=", b"<", b">", b'"', b"'", b";", b"\xef\xbb\xbf"]


def dictionary(path: Path) -> list[bytes]:
    """The tokens of a dictionary of libFuzzer's."""
    quoted = re.findall(r'^[^#"\n]*"(.*)"\s*$', path.read_text(), re.M)
    return [re.sub(rb"\\x([0-9a-fA-F]{2})", lambda hex: bytes([int(hex[1], 16)]),
                   token.encode().replace(b'\\"', b'"').replace(b"\\\\", b"\\")) for token in quoted]  # fmt: skip


TOKENS = [
    *NUMBERS,
    *ODD,
    *(text.encode("utf-8", "surrogatepass") for text in CORPUS),
    *(token for path in sorted((ROOT / "fuzz/dictionaries").glob("*.dict")) for token in dictionary(path)),
]


def mutated(dice: random.Random, octets: bytes, others: list[bytes]) -> bytes:
    """One to four changes; `others` are what pieces are taken from."""
    for _ in range(dice.choice((1, 1, 2, 2, 3, 4))):
        octets = dice.choice(CHANGES)(dice, octets, others)
    return octets[:LONGEST]


def piece(dice: random.Random, octets: bytes) -> tuple[int, int]:
    """Begin and end of a part, mostly a short one."""
    begin = dice.randrange(len(octets) + 1)
    return begin, min(len(octets), begin + int(dice.expovariate(1 / 40)))


def flip(dice, octets, others) -> bytes:
    if not octets:
        return b"\0"
    at = dice.randrange(len(octets))
    return octets[:at] + bytes([octets[at] ^ 1 << dice.randrange(8)]) + octets[at + 1 :]


def drop(dice, octets, others) -> bytes:
    begin, end = piece(dice, octets)
    return octets[:begin] + octets[end:]


def cut_off(dice, octets, others) -> bytes:
    return octets[: dice.randrange(len(octets) + 1)]


def insert(dice, octets, others) -> bytes:
    at, _ = piece(dice, octets)
    return octets[:at] + dice.choice(TOKENS) + octets[at:]


def put_over(dice, octets, others) -> bytes:
    begin, _ = piece(dice, octets)
    token = dice.choice(TOKENS)
    return octets[:begin] + token + octets[begin + len(token) :]


def repeat(dice, octets, others) -> bytes:
    begin, end = piece(dice, octets)
    often = dice.choice((2, 2, 2, 3, 16, 200))
    return octets[:begin] + octets[begin:end] * often + octets[end:]


def exchange(dice, octets, others) -> bytes:
    (a, b), (c, d) = sorted((piece(dice, octets), piece(dice, octets)))
    b = min(b, c)
    return octets[:a] + octets[c:d] + octets[b:c] + octets[a:b] + octets[d:]


def splice(dice, octets, others) -> bytes:
    other = dice.choice(others)
    here, there = dice.randrange(len(octets) + 1), dice.randrange(len(other) + 1)
    return octets[:here] + other[there:]


def transplant(dice, octets, others) -> bytes:
    """An element, or what looks like one, of another message."""
    other = dice.choice(others)
    begin = other.find(b"<", dice.randrange(len(other) + 1))
    end = other.find(b">", begin + dice.randrange(400)) + 1
    at = octets.find(b"<", dice.randrange(len(octets) + 1))
    return octets[:at] + other[begin:end] + octets[at:] if begin >= 0 and at >= 0 else insert(dice, octets, others)


def renumber(dice, octets, others) -> bytes:
    numbers = list(re.finditer(rb"\d+", octets))
    if not numbers:
        return insert(dice, octets, others)
    one = dice.choice(numbers)
    return octets[: one.start()] + dice.choice(NUMBERS) + octets[one.end() :]


CHANGES: list[Callable[[random.Random, bytes, list[bytes]], bytes]] = [
    flip, drop, cut_off, insert, insert, put_over, repeat, exchange, splice, transplant, transplant, renumber,
]  # fmt: skip
