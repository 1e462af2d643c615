"""Figures as a table, as JSON and as a picture."""

import html
import json
import statistics


class Results:
    """Every figure of a run: by MTU, test and NAT, one per round."""

    def __init__(self, about):
        self._about = about
        self._figures = {}

    def add(self, mtu, test, nat, figure):
        self._figures.setdefault((mtu, test), {}).setdefault(nat, []).append(figure)

    def _cells(self):
        """(mtu, test, unit, {nat: (median, values)}), in the order of measuring."""
        for (mtu, test), by_nat in self._figures.items():
            unit = next(iter(by_nat.values()))[0]["unit"]
            medians = {nat: statistics.median(figure["value"] for figure in figures) for nat, figures in by_nat.items()}
            yield mtu, test, unit, medians, by_nat

    def _ratio(self, medians, unit):
        """Ours against the best of the others; above 1 is better for us."""
        others = [value for nat, value in medians.items() if nat not in ("sluice", "direct")]
        if "sluice" not in medians or not others:
            return None
        if unit == "s":
            return min(others) / medians["sluice"]
        return medians["sluice"] / max(others)

    def table(self):
        nats = list(dict.fromkeys(nat for _, _, _, medians, _ in self._cells() for nat in medians))
        lines = [f"{'MTU':>6} {'test':<14} {'unit':<15}" + "".join(f"{nat:>14}" for nat in nats) + f"{'ratio':>8}"]
        for mtu, test, unit, medians, _ in self._cells():
            line = f"{mtu:>6} {test:<14} {unit:<15}"
            line += "".join(f"{_short(medians[nat]) if nat in medians else '-':>14}" for nat in nats)
            ratio = self._ratio(medians, unit)
            lines.append(line + (f"{ratio:>8.2f}" if ratio else f"{'-':>8}"))
        return "\n".join(lines)

    def as_json(self):
        cells = [{"mtu": mtu, "test": test, "unit": unit, "medians": medians,
                  "ratio": self._ratio(medians, unit), "rounds": by_nat}
                 for mtu, test, unit, medians, by_nat in self._cells()]
        return json.dumps({"about": self._about, "cells": cells}, indent=1) + "\n"

    def as_svg(self):
        """For each cell one bar per NAT, as long as its figure is good."""
        cells = list(self._cells())
        nats = list(dict.fromkeys(nat for cell in cells for nat in cell[3]))
        colours = dict(zip(nats, ["#c0392b", "#2980b9", "#7f8c8d", "#27ae60", "#8e44ad"]))
        bar, gap, left, width = 11, 9, 150, 420
        rows = []
        y = 34
        for mtu, test, unit, medians, _ in cells:
            good = {nat: 1 / value if unit == "s" else value for nat, value in medians.items() if value}
            best = max(good.values(), default=1)
            rows.append(f'<text x="{left - 6}" y="{y + 10}" text-anchor="end">{mtu} {html.escape(test)}</text>')
            for nat, value in good.items():
                length = width * value / best
                rows.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 2}" fill="{colours[nat]}"/>')
                rows.append(f'<text x="{left + length + 4:.1f}" y="{y + 8}">{_short(medians[nat])} {unit}</text>')
                y += bar
            y += gap
        legend = "".join(
            f'<rect x="{left + 110 * i}" y="10" width="9" height="9" fill="{colours[nat]}"/>'
            f'<text x="{left + 110 * i + 13}" y="18">{html.escape(nat)}</text>' for i, nat in enumerate(nats))
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 130}" height="{y}" '
                f'font-family="sans-serif" font-size="10">{legend}{"".join(rows)}</svg>\n')


def _short(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}"
