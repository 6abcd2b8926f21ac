"""Shared objects that are preloaded into nginx, each made of one Rust file."""

import os
import subprocess
from pathlib import Path


def made_of(source: Path, folder: Path, *flags: str) -> Path:
    made = folder / f"{source.stem}.so"
    command = ["rustc", "--edition", "2024", "--crate-type", "cdylib", "-Cdebuginfo=1", "-Copt-level=1", *flags]
    environment = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    subprocess.run([*command, "-o", made, source], check=True, env=environment)
    return made
