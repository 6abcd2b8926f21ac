"""XML with the line of each element. No DOCTYPE, so no entities of its own."""

from dataclasses import dataclass, field
from xml.parsers import expat

from .mistake import Mistake, Place
from .nginx_conf import refuse_controls

DEPTH_AT_MOST = 64
ELEMENTS_AT_MOST = 100_000


@dataclass
class Element:
    """Names without their namespaces; `content` has the children, `text` what stands between."""

    name: str
    attributes: dict[str, str]
    place: Place
    content: list["Element"] = field(default_factory=list)
    text: str = ""

    def children(self, *names: str) -> list["Element"]:
        return [child for child in self.content if child.name in names]

    def words(self) -> list[str]:
        return self.text.split()


def read(path: str) -> Element:
    stack: list[Element] = []
    root: list[Element] = []
    count = 0
    parser = expat.ParserCreate(namespace_separator=" ")

    def place() -> Place:
        return Place(path, parser.CurrentLineNumber)

    def begins(name: str, attributes: dict) -> None:
        nonlocal count
        count += 1
        if len(stack) >= DEPTH_AT_MOST or count > ELEMENTS_AT_MOST:
            raise Mistake(place(), "too deep or too large for a configuration")
        plain = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        for value in plain.values():
            refuse_controls(place(), value)
        made = Element(name.rpartition(" ")[2], plain, place())
        (stack[-1].content if stack else root).append(made)
        stack.append(made)

    def ends(_: str) -> None:
        stack.pop()

    def says(text: str) -> None:
        if stack:
            stack[-1].text += text

    def doctype(*_) -> None:
        raise Mistake(place(), "a DOCTYPE: take it out, entities are not followed")

    parser.StartElementHandler, parser.EndElementHandler = begins, ends
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = says, doctype
    try:
        with open(path, "rb") as file:
            parser.ParseFile(file)
    except OSError as error:
        raise Mistake(path, f"cannot be read: {error.strerror}") from None
    except expat.ExpatError as error:
        raise Mistake(Place(path, error.lineno), f"no XML: {expat.ErrorString(error.code)}") from None
    return root[0]
