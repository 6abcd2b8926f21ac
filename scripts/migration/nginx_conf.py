"""nginx's configuration as blocks and directives. Values come from files of others: whatever they hold,
they are one word, and a comment is one line."""

import re
import unicodedata

from .mistake import Mistake, Place

PLAIN = re.compile(r"[A-Za-z0-9_/.:@,+*?&%=-]+|\$[a-z_0-9]+|~\*?|\^~")
COMMENT_AT_MOST = 400
#: Directives that would see a variable in a "$"; nginx has no way to write the character there.
INTERPOLATED = {
    "metadata", "auth_saml", "extra_request_args", "user", "proxy_set_header", "fastcgi_param", "proxy_pass",
    "root", "return", "add_header", "map",
}  # fmt: skip


class Variable(str):
    """A text of ours in which "$" begins a variable."""


def word(value: str) -> str:
    """One word to nginx, in quotes where it needs them."""
    if PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def one_line(text: str) -> str:
    """What can stand behind a "#"."""
    text = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    text = " ".join(text.split())
    return text if len(text) <= COMMENT_AT_MOST else text[: COMMENT_AT_MOST - 1] + "…"


def refuse_controls(place: Place | str, value: str) -> None:
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in value):
        raise Mistake(place, f"a control character in {one_line(value)!r}: take it out of the value")


def said(place: Place | str, why: str) -> str:
    return ": ".join(filter(None, [str(place), why]))


class Block:
    """A block and what stands in it, in this order."""

    def __init__(self, *head: str, why: str = ""):
        self.head = head
        self.why = why
        self.content: list[Block | tuple[str, str]] = []

    def add(self, name: str, *values: str, place: Place | str = "", why: str = "") -> None:
        """A directive, with the comment behind it."""
        for value in values:
            refuse_controls(place, value)
            if "$" in value and name in INTERPOLATED and not isinstance(value, Variable):
                raise Mistake(place, f'nginx would take the "$" in {value!r} for a variable: rename it')
        line = " ".join([name, *map(word, values)]) + ";"
        self.content.append((line, said(place, why)))

    def entry(self, key: str, value: str) -> None:
        """A line of a map, whose key is no name of a directive."""
        refuse_controls("a map", key)
        self.content.append((f"{word(key)} {word(value)};", ""))

    def note(self, text: str) -> None:
        """A comment of its own."""
        self.content.append(("", text))

    def block(self, *head: str, place: Place | str = "", why: str = "") -> "Block":
        for part in head:
            refuse_controls(place, part)
        made = Block(*head, why=said(place, why))
        self.content.append(made)
        return made

    def says(self, name: str) -> bool:
        """Whether a directive of this name stands here."""
        return any(isinstance(part, tuple) and part[0].startswith(name + " ") for part in self.content)

    def lines(self, indent: str = "") -> list[str]:
        comment = f"  # {one_line(self.why)}" if self.why else ""
        head = " ".join([self.head[0], *map(word, self.head[1:])])
        return [f"{indent}{head} {{{comment}", *self.inner(indent + "    "), f"{indent}}}"]

    def inner(self, indent: str = "") -> list[str]:
        found: list[str] = []
        for part in self.content:
            if isinstance(part, Block):
                found += ([""] if found else []) + part.lines(indent)
                continue
            line, comment = part[0], one_line(part[1])
            if line and comment:
                found.append(f"{indent}{line:<48}  # {comment}")
            else:
                found.append(f"{indent}{line or '# ' + comment}")
        return found
