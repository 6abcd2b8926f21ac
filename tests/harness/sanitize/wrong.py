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
    made = folder / f"{kind}.so"
    subprocess.run(
        ["rustc", "--edition", "2024", "--crate-type", "cdylib", *flags, "-Cdebuginfo=1", "-Copt-level=1",
         "--cfg", kind, "-Adead_code", "-o", made, Path(__file__).with_suffix(".rs")],
        check=True, env={**os.environ, "RUSTC_BOOTSTRAP": "1"},
    )  # fmt: skip
    return made
