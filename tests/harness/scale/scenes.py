"""What the simulation (`crates/scale`) and the processes that compete for a zone (`crates/zone`) say."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

Figures = dict[str, float]


@dataclass(frozen=True)
class Programs:
    scale: Path
    contention: Path

    def play(self, scene: str, **options) -> Figures:
        """A scene of the simulation; `cache_valid=0` is `--cache-valid 0`."""
        words = [(f"--{name.replace('_', '-')}", str(value)) for name, value in options.items()]
        return figures([self.scale, scene, *(word for pair in words for word in pair)])

    def compete(self, workers: int, away: int, seconds: float) -> Figures:
        return figures([self.contention, str(workers), str(away), str(seconds)])


def figures(command: list) -> Figures:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    lines = (line.split("\t") for line in done.stdout.splitlines())
    return {name: float(figure) for name, figure in lines}
