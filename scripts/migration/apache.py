"""Apache's configuration: lines, sections, Define and Include."""

import glob
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from .mistake import Mistake, Place
from .nginx_conf import refuse_controls

FILES_AT_MOST = 200
DEPTH_AT_MOST = 32
SECTION = re.compile(r"<\s*(/?)\s*([A-Za-z]\w*)\s*(.*?)\s*>\s*")
VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")


@dataclass
class Directive:
    name: str
    words: list[str]
    place: Place

    def is_called(self, name: str) -> bool:
        return self.name.lower() == name.lower()


@dataclass
class Section:
    name: str
    words: list[str]
    place: Place
    content: list["Directive | Section"] = field(default_factory=list)

    def is_called(self, *names: str) -> bool:
        return self.name.lower() in [name.lower() for name in names]


class Reader:
    """Reads files into one tree. Relative names start at `root`, as at Apache's ServerRoot."""

    def __init__(self, root: Path):
        self.root = root
        self.defined: dict[str, str] = {}
        self.files = 0
        self.left_out: list[str] = []

    def read(self, path: str) -> list[Directive | Section]:
        top = Section("", [], Place(path, 0))
        self.read_into([top], path, Place(path, 1))
        return top.content

    def read_into(self, open_sections: list[Section], path: str, asked: Place) -> None:
        self.files += 1
        if self.files > FILES_AT_MOST:
            raise Mistake(asked, f"more than {FILES_AT_MOST} files: an Include that comes back to itself?")
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise Mistake(asked, f"{path} cannot be read: {error}") from None
        depth = len(open_sections)
        for number, line in logical_lines(text):
            self.line(open_sections, line, Place(path, number))
        if len(open_sections) != depth:
            last = open_sections[-1]
            raise Mistake(last.place, f"<{last.name}> has no end")

    def line(self, open_sections: list[Section], line: str, place: Place) -> None:
        refuse_controls(place, line.replace("\t", " "))
        section = SECTION.fullmatch(line)
        if line.startswith("<") and not section:
            raise Mistake(place, 'a section begins here and has no ">"')
        if section and section[1]:
            if len(open_sections) == 1 or not open_sections[-1].is_called(section[2]):
                raise Mistake(place, f"</{section[2]}> closes nothing")
            open_sections.pop()
            return
        if section:
            if len(open_sections) > DEPTH_AT_MOST:
                raise Mistake(place, "too many sections in each other")
            made = Section(section[2], words(self.filled(section[3], place), place), place)
            open_sections[-1].content.append(made)
            open_sections.append(made)
            return
        name, _, rest = line.replace("\t", " ").partition(" ")
        rest = self.filled(rest, place)
        made = Directive(name, words(rest, place), place)
        if made.is_called("Define") and made.words:
            self.defined[made.words[0]] = made.words[1] if len(made.words) > 1 else ""
        elif made.is_called("ServerRoot") and made.words:
            self.root = Path(made.words[0])
        elif made.is_called("Include") or made.is_called("IncludeOptional"):
            self.include(open_sections, made)
        else:
            open_sections[-1].content.append(made)

    def include(self, open_sections: list[Section], asked: Directive) -> None:
        for pattern in asked.words:
            name = self.absolute(pattern)
            if os.path.isdir(name):
                name = os.path.join(name, "*")
            found = sorted(path for path in glob.glob(name) if os.path.isfile(path))
            if not found and not asked.is_called("IncludeOptional") and not glob.has_magic(name):
                raise Mistake(asked.place, f"{name} is not there; --root says where relative names start")
            if not found:
                self.left_out.append(f"{asked.place}: {asked.name} {pattern}: no such file, so nothing of it is here")
            for path in found:
                self.read_into(open_sections, path, asked.place)

    def absolute(self, name: str) -> str:
        return os.path.normpath(self.root / name)

    def filled(self, text: str, place: Place) -> str:
        """With what Define has set, and with variables of the environment never."""

        def value(found: re.Match) -> str:
            if found[1] not in self.defined:
                raise Mistake(place, f"${{{found[1]}}} has no Define in these files: write its value there")
            return self.defined[found[1]]

        return VARIABLE.sub(value, text)


def logical_lines(text: str):
    """Lines with those joined that end in a backslash, without comments and what is empty."""
    begun, number = "", 0
    for count, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        number = number or count
        if line.endswith("\\"):
            begun += line[:-1]
            continue
        whole = (begun + line).strip()
        if whole and not whole.startswith("#"):
            yield number, whole
        begun, number = "", 0
    if begun.strip() and not begun.strip().startswith("#"):
        yield number, begun.strip()


def words(text: str, place: Place) -> list[str]:
    """As Apache takes them apart: quotes of either kind, in which a backslash keeps a quote."""
    found, at = [], 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return found
        quote = text[at] if text[at] in "\"'" else ""
        at += len(quote)
        value = ""
        while at < len(text) and not (text[at] == quote if quote else text[at].isspace()):
            if quote and text[at] == "\\" and text[at + 1 : at + 2] in ("\\", quote):
                at += 1
            value += text[at]
            at += 1
        if quote and at == len(text):
            raise Mistake(place, f"a quote ({quote}) that begins here has no end")
        at += len(quote)
        found.append(value)
