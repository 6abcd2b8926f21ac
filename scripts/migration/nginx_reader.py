"""nginx's own configuration, read as nginx reads it."""

import glob
import os
from dataclasses import dataclass, field
from pathlib import Path

from .mistake import Mistake, Place

FILES_AT_MOST = 200
DEPTH_AT_MOST = 32


@dataclass
class Statement:
    """A directive; with `content` it is a block."""

    words: list[str]
    place: Place
    content: list["Statement"] | None = None

    @property
    def name(self) -> str:
        return self.words[0]


@dataclass
class Reader:
    root: Path
    files: int = 0
    left_out: list[str] = field(default_factory=list)

    def read(self, path: str, asked: Place | None = None) -> list[Statement]:
        self.files += 1
        asked = asked or Place(path, 1)
        if self.files > FILES_AT_MOST:
            raise Mistake(asked, f"more than {FILES_AT_MOST} files: an include that comes back to itself?")
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise Mistake(asked, f"{path} cannot be read: {error}") from None
        return self.statements(tokens(text, path), path, 0)

    def statements(self, source, path: str, depth: int) -> list[Statement]:
        found: list[Statement] = []
        words: list[str] = []
        begun = Place(path, 1)
        for kind, text, place in source:
            begun = begun if words else place
            if kind == "word":
                words.append(text)
            elif kind == ";":
                if words:
                    found += self.finished(Statement(words, begun))
                words = []
            elif kind == "{":
                if not words or depth == DEPTH_AT_MOST:
                    raise Mistake(place, 'a "{" that cannot stand here')
                inner = self.statements(source, path, depth + 1)
                found.append(Statement(words, begun, inner))
                words = []
            elif kind == "}":
                if words or depth == 0:
                    raise Mistake(place, 'a "}" that cannot stand here: is there a ";" missing?')
                return found
        if words or depth:
            raise Mistake(begun, 'the file ends in the middle: is there a ";" or a "}" missing?')
        return found

    def finished(self, line: Statement) -> list[Statement]:
        if line.name != "include" or len(line.words) != 2:
            return [line]
        pattern = os.path.normpath(self.root / line.words[1])
        names = sorted(glob.glob(pattern))
        if not names:
            self.left_out.append(f"{line.place}: include {line.words[1]}: no such file here, so nothing of it is; --root says where names start")
        return [part for name in names for part in self.read(name, line.place)]


def tokens(text: str, path: str):
    """Words and the marks between them."""
    at, line, length = 0, 1, len(text)
    while at < length:
        character = text[at]
        if character == "\n":
            line += 1
        if character.isspace():
            at += 1
        elif character == "#":
            at = text.find("\n", at) if "\n" in text[at:] else length
        elif character in ";{}":
            yield character, character, Place(path, line)
            at += 1
        else:
            value, at, lines = one_word(text, at, Place(path, line))
            yield "word", value, Place(path, line)
            line += lines


def one_word(text: str, at: int, place: Place) -> tuple[str, int, int]:
    """A word, where it ends, and over how many lines it goes."""
    quote = text[at] if text[at] in "\"'" else ""
    begun = at
    at += len(quote)
    value = ""
    while at < len(text):
        character = text[at]
        if character == "\\" and at + 1 < len(text):
            follows = text[at + 1]
            value += {"t": "\t", "r": "\r", "n": "\n", '"': '"', "'": "'", "\\": "\\"}.get(follows, character + follows)
            at += 2
            continue
        if quote and character == quote:
            return value, at + 1, text.count("\n", begun, at)
        if not quote and character == "$" and text[at + 1 : at + 2] == "{":
            value += "${"
            at += 2
            continue
        if not quote and (character.isspace() or character in ";{"):
            return value, at, text.count("\n", begun, at)
        value += character
        at += 1
    if quote:
        raise Mistake(place, f"a quote ({quote}) that begins here has no end")
    return value, at, 0
