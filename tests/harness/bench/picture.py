"""The cost table as a picture, for a light page and a dark one: a bar a row, its quartiles, its budget."""

from statistics import median
from xml.sax.saxutils import escape

from harness.bench.cost import BUDGETS, PLAIN, others, own_server
from harness.bench.load import Measured, quartiles
from harness.bench.report import cpu_ratios
from harness.bench.svg import paper

LEFT, WIDTH, RIGHT, ROW, TOP = 330, 400, 160, 30, 80

TITLE = "CPU of plain nginx ÷ CPU of this, per request (longer is better)"
LEGEND = (
    "blue: this module, brown: others, grey: not protected; red: budget, "
    "whiskers: quartiles of the rounds"
)


def picture(measured: dict[str, Measured], caption: str) -> str:
    plain = measured[PLAIN]
    bars = [bar(number, name, plain, row) for number, (name, row) in enumerate(measured.items())]
    height = TOP + ROW * len(bars) + 12
    return paper(LEFT + WIDTH + RIGHT, height, TITLE, caption, LEGEND, "\n".join(bars))


def bar(number: int, name: str, plain: Measured, row: Measured) -> str:
    y = TOP + ROW * number
    values = quartiles(cpu_ratios(plain, row))
    low, end, high = (LEFT + round(WIDTH * value) for value in values)
    kind = "plain" if own_server(name) == name else "other" if others(name) else "ours"
    parts = [
        f'<text x="{LEFT - 10}" y="{y + 17}" text-anchor="end">{escape(name)}</text>',
        f'<rect class="{kind}" x="{LEFT}" y="{y + 3}" width="{end - LEFT}" height="18"/>',
        f'<text x="{LEFT + WIDTH + 50}" y="{y + 17}">{values[1]:.2f}</text>',
        f'<text class="quiet" x="{LEFT + WIDTH + 90}" y="{y + 17}">'
        f"{median(row.cpu_microseconds):.0f} µs</text>",
    ]
    if low != high:
        parts.append(f'<path class="quartiles" d="M{low} {y + 8}v8m0-4H{high}m0-4v8"/>')
    if name in BUDGETS:
        x = LEFT + round(WIDTH * BUDGETS[name])
        title = f"<title>budget {BUDGETS[name]}</title>"
        parts.append(f'<path class="budget" d="M{x} {y}v24">{title}</path>')
    return "\n".join(parts)
