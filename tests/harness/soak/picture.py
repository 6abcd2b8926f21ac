"""The samples as curves, for a light page and a dark one."""

from collections.abc import Callable
from xml.sax.saxutils import escape

from harness.bench.svg import paper
from harness.soak.samples import Sample

WIDTH, HEIGHT, LEFT, GAP, TOP, COLUMNS = 400, 130, 66, 52, 84, 2
#: No more points a curve: the highest of those that fall together.
POINTS = 180
LIGHT = """\
.line { fill: none; stroke-width: 1.3 } .frame { fill: none; stroke: #d1d9e0 }
.first { stroke: #2f6f9f } .second { stroke: #a8702a } .more { stroke-dasharray: 4 3 }
"""
DARK = ".frame { stroke: #3d444d } .first { stroke: #6cb2eb } .second { stroke: #e0ac69 }\n"
#: Title, and by which a curve is drawn; the second of them is dashed.
PANELS: list[tuple[str, list[Callable[[Sample], float]]]] = [
    ("memory of the workers (dashed: master), MiB", [
        lambda one: one.workers_kib / 1024, lambda one: one.master_kib / 1024]),
    ("descriptors of the workers (dashed: connections)", [
        lambda one: one.worker_descriptors, lambda one: one.connections]),
    ("sessions (dashed: claims)", [lambda one: one.sessions, lambda one: one.claims]),
    ("zone in use, KiB (dashed: what is never given up)", [
        lambda one: one.zone_bytes / 1024, lambda one: one.pinned_bytes / 1024]),
    ("timers of the workers", [lambda one: one.worker_timers]),
    ("memory of the nodes, KiB", [lambda one: one.node_bytes / 1024]),
    ("a member's page, p50, ms", [lambda one: one.p50_ms]),
    ("a member's page, p99, ms", [lambda one: one.p99_ms]),
]  # fmt: skip


def picture(samples: list[Sample], title: str, caption: str) -> str:
    hosts = list(dict.fromkeys(one.host for one in samples))
    legend = f"blue: {hosts[0]}" + "".join(f", brown: {host}" for host in hosts[1:])
    rows = -(-len(PANELS) // COLUMNS)
    body = "\n".join(panel(number, hosts, samples) for number in range(len(PANELS)))
    width, height = COLUMNS * (LEFT + WIDTH) + 16, TOP + rows * (HEIGHT + GAP)
    return paper(width, height, title, caption, legend, body, LIGHT, DARK)


def panel(number: int, hosts: list[str], samples: list[Sample]) -> str:
    title, curves = PANELS[number]
    left = LEFT + number % COLUMNS * (LEFT + WIDTH)
    top = TOP + 16 + number // COLUMNS * (HEIGHT + GAP)
    last = max(one.seconds for one in samples) or 1
    most = max(curve(one) for curve in curves for one in samples) or 1
    parts = [
        f'<text x="{left}" y="{top - 6}">{escape(title)}</text>',
        f'<rect class="frame" x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="quiet" x="{left - 6}" y="{top + 10}" text-anchor="end">{most:.4g}</text>',
        f'<text class="quiet" x="{left - 6}" y="{top + HEIGHT}" text-anchor="end">0</text>',
        f'<text class="quiet" x="{left + WIDTH}" y="{top + HEIGHT + 15}" text-anchor="end">{span(last)}</text>',
    ]
    for index, host in enumerate(hosts):
        mine = [one for one in samples if one.host == host]
        for dashed, curve in enumerate(curves):
            points = thinned([(one.seconds / last, curve(one) / most) for one in mine])
            places = " ".join(f"{left + x * WIDTH:.0f},{top + HEIGHT - y * HEIGHT:.1f}" for x, y in points)
            kind = f"line {('first', 'second')[index]}{' more' * dashed}"
            parts.append(f'<polyline class="{kind}" points="{places}"/>')
    return "\n".join(parts)


def thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    step = -(-len(points) // POINTS)
    parts = [points[at : at + step] for at in range(0, len(points), step)]
    return [(part[0][0], max(y for _, y in part)) for part in parts]


def span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
