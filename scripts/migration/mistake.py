"""What is wrong with a configuration, and in which line of which file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Mistake(Exception):
    """Nothing is written: the sentence says what to do."""

    def __init__(self, place: Place | str, what: str):
        super().__init__(f"{place}: {what}")
