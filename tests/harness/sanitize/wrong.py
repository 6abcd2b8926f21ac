"""Makes of `wrong.rs` a shared object with one wrong thing in it."""

from pathlib import Path

from harness.preload import made_of

#: What it does, and what the report must say.
KINDS = {
    "freed": "heap-use-after-free",
    "pool": "heap-buffer-overflow",
    "null": "null pointer of type",
    "leaked": "detected memory leaks",
}

#: What the module is made with by `scripts/build sanitized`.
SANITIZED = ["-Zsanitizer=address"]


def wrong(kind: str, folder: Path, flags: list[str]) -> Path:
    return made_of(Path(__file__).with_suffix(".rs"), folder, *flags, "--cfg", kind, "-Adead_code")
