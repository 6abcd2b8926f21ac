"""The paper that pictures are drawn on: for a light page and a dark one."""

from xml.sax.saxutils import escape

SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" \
font-size="13">
<style>
text {{ fill: #1f2328 }} .paper {{ fill: #ffffff }} .quiet {{ fill: #59636e }}
.plain {{ fill: #8c959f }} .ours {{ fill: #4f8fc0 }} .other {{ fill: #c79a5b }}
.quartiles {{ stroke: #1f2328; fill: none }} .budget {{ stroke: #c0392b; stroke-width: 2 }}
{light}@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3 }} .paper {{ fill: #0d1117 }} .quiet {{ fill: #9198a1 }}
.plain {{ fill: #6e7681 }} .ours {{ fill: #3b7fb3 }} .other {{ fill: #a3773a }}
.quartiles {{ stroke: #e6edf3 }} .budget {{ stroke: #ff7b72 }}
{dark}}}
</style>
<rect class="paper" width="{width}" height="{height}"/>
<text x="12" y="22" font-size="15" font-weight="bold">{title}</text>
<text class="quiet" x="12" y="42">{caption}</text>
<text class="quiet" x="12" y="62">{legend}</text>
{body}
</svg>
"""


def paper(
    width: int,
    height: int,
    title: str,
    caption: str,
    legend: str,
    body: str,
    light: str = "",
    dark: str = "",
) -> str:
    """`light` and `dark` are lines of style that a picture has besides."""
    return SVG.format(
        width=width,
        height=height,
        title=escape(title),
        caption=escape(caption),
        legend=escape(legend),
        body=body,
        light=light,
        dark=dark,
    )
