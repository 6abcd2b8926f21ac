"""Lines over hosts, both axes by powers of ten."""

from dataclasses import dataclass
from math import ceil, floor, log10
from xml.sax.saxutils import escape

from harness.bench.svg import paper

LEFT, TOP, WIDTH, HEIGHT, RIGHT, BOTTOM = 90, 90, 520, 320, 170, 50
LIGHT = ".grid { stroke: #d1d9e0 } .line { fill: none; stroke-width: 2 }\n.first { stroke: #4f8fc0 } .second { stroke: #c79a5b } .third { stroke: #8c959f } .fourth { stroke: #7a9a4f }\n"
DARK = ".grid { stroke: #3d444d }\n"
KINDS = ("first", "second", "third", "fourth")


@dataclass(frozen=True)
class Line:
    name: str
    points: list[tuple[float, float]]


def picture(title: str, caption: str, across: str, up: str, lines: list[Line]) -> str:
    points = [point for line in lines for point in line.points]
    x_axis = axis([x for x, _ in points], LEFT, WIDTH)
    y_axis = axis([y for _, y in points], TOP + HEIGHT, -HEIGHT)
    parts = [*grid(x_axis, y_axis)]
    for line, kind in zip(lines, KINDS, strict=False):
        places = [(x_axis(x), y_axis(y)) for x, y in line.points]
        drawn = " ".join(f"{x:.0f},{y:.0f}" for x, y in places)
        x, y = places[-1]
        parts.append(f'<polyline class="line {kind}" points="{drawn}"/>')
        parts.append(f'<text x="{x + 8:.0f}" y="{y + 4:.0f}">{escape(line.name)}</text>')
    parts.append(
        f'<text class="quiet" x="{LEFT + WIDTH / 2:.0f}" y="{TOP + HEIGHT + 42}" '
        f'text-anchor="middle">{escape(across)}</text>'
    )
    return paper(
        LEFT + WIDTH + RIGHT,
        TOP + HEIGHT + BOTTOM,
        title,
        caption,
        f"up: {up}",
        "\n".join(parts),
        LIGHT,
        DARK,
    )


class Axis:
    """From the power of ten below the least to that above the most."""

    def __init__(self, low: int, high: int, start: float, length: float):
        self.low, self.high, self.start, self.length = low, high, start, length

    def __call__(self, value: float) -> float:
        return self.start + self.length * (log10(value) - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def axis(values: list[float], start: float, length: float) -> Axis:
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return Axis(low, max(high, low + 1), start, length)


def grid(x_axis: Axis, y_axis: Axis) -> list[str]:
    parts = []
    for tick in x_axis.ticks:
        x = x_axis(tick)
        parts.append(f'<path class="grid" d="M{x:.0f} {TOP}v{HEIGHT}"/>')
        parts.append(f'<text x="{x:.0f}" y="{TOP + HEIGHT + 20}" text-anchor="middle">{tick:,.0f}</text>')
    for tick in y_axis.ticks:
        y = y_axis(tick)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.0f}h{WIDTH}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{tick:,g}</text>')
    return parts
