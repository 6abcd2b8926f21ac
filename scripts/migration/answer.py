"""What becomes of a setting of another SP."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """`ours` are the directives that take its place; `kind` is "ours", "not needed" or "not there"."""

    kind: str
    ours: tuple[str, ...]
    note: str


def ours(directives: str, note: str = "") -> Answer:
    return Answer("ours", tuple(directives.split()), note)


def not_needed(note: str) -> Answer:
    return Answer("not needed", (), note)


def not_there(note: str) -> Answer:
    return Answer("not there", (), note)


def row(name: str, answer: Answer) -> str:
    """Its row in docs/migration.md."""
    directives = ", ".join(f"`{directive}`" for directive in answer.ours)
    return f"| `{name}` | {directives or answer.kind} | {answer.note} |"
