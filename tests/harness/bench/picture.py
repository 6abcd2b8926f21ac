"""The cost table as a picture: one bar a row, its budget as a line."""

from xml.sax.saxutils import escape

from harness.bench.cost import BUDGETS
from harness.bench.load import Measured, quartiles
from harness.bench.report import cpu_ratios

LEFT, WIDTH, ROW, TOP = 330, 400, 30, 60
OURS, OTHER, LIMIT = "#2f6f9f", "#a9a9a9", "#c0392b"

SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" \
font-size="13">
<rect width="{width}" height="{height}" fill="white"/>
<text x="12" y="22" font-size="15" font-weight="bold">CPU of plain nginx ÷ CPU of this, per \
request (longer is better, red = budget)</text>
<text x="12" y="42" fill="#555">{caption}</text>
{bars}
</svg>
"""


def picture(measured: dict[str, Measured], caption: str) -> str:
    plain = next(iter(measured.values()))
    bars = [
        bar(number, name, quartiles(cpu_ratios(plain, row))[1])
        for number, (name, row) in enumerate(measured.items())
    ]
    height = TOP + ROW * len(bars) + 12
    return SVG.format(
        width=LEFT + WIDTH + 70, height=height, caption=escape(caption), bars="\n".join(bars)
    )


def bar(number: int, name: str, value: float) -> str:
    y = TOP + ROW * number
    colour = OTHER if name.startswith(("plain", "lua")) else OURS
    parts = [
        f'<text x="{LEFT - 10}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
        f'<rect x="{LEFT}" y="{y + 3}" width="{WIDTH * value:.0f}" height="18" fill="{colour}"/>',
        f'<text x="{LEFT + WIDTH + 14}" y="{y + 16}">{value:.2f}</text>',
    ]
    if name in BUDGETS:
        x = LEFT + WIDTH * BUDGETS[name]
        parts.append(
            f'<path d="M{x:.0f} {y}v24" stroke="{LIMIT}" stroke-width="2"><title>budget '
            f"{BUDGETS[name]}</title></path>"
        )
    return "\n".join(parts)
