"""Makes of `wrong.rs` a shared object with one wrong thing in it."""

import os
import subprocess
from pathlib import Path

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
    return made_of("wrong", folder, *flags, "--cfg", kind, "-Adead_code")


def made_of(name: str, folder: Path, *flags: str) -> Path:
    """A shared object of the file of this name."""
    made = folder / f"{name}.so"
    source = Path(__file__).with_name(f"{name}.rs")
    command = ["rustc", "--edition", "2024", "--crate-type", "cdylib", "-Cdebuginfo=1", "-Copt-level=1", *flags]
    environment = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    subprocess.run([*command, "-o", made, source], check=True, env=environment)
    return made
