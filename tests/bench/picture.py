"""Results as SVG: bars for the tests, lines for the curve."""

import html
import math

from measure import is_better_small
from report import short, steps

_COLOURS = ["#c0392b", "#2980b9", "#7f8c8d", "#27ae60", "#8e44ad", "#d35400"]
_LEFT, _WIDTH, _RIGHT = 170, 420, 150


def draw(results):
    """The whole picture."""
    nats = results.nats()
    colours = {nat: _COLOURS[i % len(_COLOURS)] for i, nat in enumerate(nats)}
    parts = [_legend(nats, colours)]
    y = 34
    for cell in results.cells():
        y = _bars(parts, cell, colours, y)
    curves = results.curves()
    if curves:
        for title, which in (("microseconds per new flow, by flows", 1), ("bytes resident per new flow, by flows", 2)):
            y = _lines(parts, title, {nat: [(step[0], step[which]) for step in steps(points)]
                                      for nat, points in curves.items()}, colours, y)
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + _RIGHT}" height="{y}" '
            'font-family="sans-serif" font-size="10">')
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>", ""])


def _text(x, y, text, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{html.escape(text)}</text>'


def _legend(nats, colours):
    return "".join(f'<rect x="{_LEFT + 90 * i}" y="10" width="9" height="9" fill="{colours[nat]}"/>' +
                   _text(_LEFT + 90 * i + 13, 18, nat) for i, nat in enumerate(nats))


def _bars(parts, cell, colours, y):
    """For each NAT one bar, as long as its figure is good; where the next cell begins."""
    small = is_better_small(cell["unit"])
    good = {nat: 1 / value if small else value for nat, value in cell["medians"].items() if value}
    best = max(good.values(), default=1)
    parts.append(_text(_LEFT - 6, y + 9, f"{cell['mtu']} {cell['test']}", ' text-anchor="end"'))
    for nat, value in good.items():
        length = _WIDTH * value / best
        parts.append(f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="9" fill="{colours[nat]}"/>')
        parts.append(_text(_LEFT + length + 4, y + 8, f"{short(cell['medians'][nat])} {cell['unit']}"))
        y += 11
    return y + 9


def _lines(parts, title, lines, colours, y):
    """Points in logarithmic axes; where what follows begins."""
    points = [point for line in lines.values() for point in line if point[1] > 0]
    if not points:
        return y
    height = 200
    x_from, x_to = (math.floor(math.log10(min(p[0] for p in points))), math.ceil(math.log10(max(p[0] for p in points))))
    y_from, y_to = (math.floor(math.log10(min(p[1] for p in points))), math.ceil(math.log10(max(p[1] for p in points))))
    top = y + 24

    def across(value):
        return _LEFT + _WIDTH * (math.log10(value) - x_from) / max(1, x_to - x_from)

    def down(value):
        return top + height * (1 - (math.log10(value) - y_from) / max(1, y_to - y_from))

    parts.append(_text(_LEFT, y + 14, title))
    for power in range(x_from, x_to + 1):
        parts.append(_text(across(10 ** power), top + height + 14, f"{10 ** power:,}", ' text-anchor="middle"'))
    for power in range(y_from, y_to + 1):
        parts.append(_text(_LEFT - 6, down(10 ** power) + 3, f"{10 ** power:,}", ' text-anchor="end"'))
        parts.append(f'<path d="M{_LEFT} {down(10 ** power):.1f}h{_WIDTH}" stroke="#ddd"/>')
    for nat, line in lines.items():
        path = " ".join(f"{across(flows):.1f},{down(value):.1f}" for flows, value in line if value > 0)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colours[nat]}" stroke-width="2"/>')
    return top + height + 40
