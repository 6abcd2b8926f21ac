"""Arrows of the code point downward: src/rooms.txt has the floors, and no files know each other in a circle."""

from pathlib import Path

import pytest

from harness.arrows import Crate, circles

ROOT = Path(__file__).parent.parent
CRATES = sorted(ROOT.glob("crates/*/src"))
FLOORS = [
    line.split()
    for line in (ROOT / "src/rooms.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
HEIGHT = {room: -floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room(path: Path) -> str:
    return path.relative_to(ROOT / "src").parts[0].removesuffix(".rs")


def test_every_room_has_a_floor():
    there = {room(path) for path in Crate(ROOT / "src").arrows()}
    assert there == set(HEIGHT)


def test_rooms_know_lower_floors_alone():
    upward = [
        f"{path.relative_to(ROOT)} knows {known.relative_to(ROOT)}"
        for path, all_known in Crate(ROOT / "src").arrows().items()
        for known in sorted(all_known)
        if room(path) != room(known) and HEIGHT[room(known)] >= HEIGHT[room(path)]
    ]
    assert upward == []


def test_the_configuration_is_known_by_the_map_alone():
    knowing = {
        room(path)
        for path, all_known in Crate(ROOT / "src").arrows().items()
        if any(room(known) == "config" for known in all_known)
    }
    assert knowing - {"config"} == {"lib"}


@pytest.mark.parametrize("source", [ROOT / "src", *CRATES], ids=lambda path: path.parent.name)
def test_no_files_know_each_other_in_a_circle(source):
    found = circles(Crate(source).arrows())
    assert [[str(path.relative_to(source)) for path in circle] for circle in found] == []


def test_a_circle_and_an_arrow_are_seen(tmp_path):
    """The instrument itself."""
    (tmp_path / "lib.rs").write_text("mod a;\nmod b;\npub use a::One;\n")
    (tmp_path / "a.rs").write_text("use crate::b::Two as Other;\npub struct One;\n// use crate::c::X;\n")
    (tmp_path / "b.rs").write_text(
        "pub struct Two;\nfn f(_: crate::One) {}\n#[cfg(test)]\nmod tests { use super::*; }\n"
    )
    arrows = Crate(tmp_path).arrows()
    a, b = tmp_path / "a.rs", tmp_path / "b.rs"
    assert arrows == {tmp_path / "lib.rs": set(), a: {b}, b: {a}}
    assert circles(arrows) == [[a, b]]
