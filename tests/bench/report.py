"""Figures as a table and as JSON."""

import json
import statistics

import measure

OURS = "sluice"
LIMIT = "relay"


class Results:
    """Every figure of a run: by MTU, row and NAT, one per round. `peers` are the names to be better than."""

    def __init__(self, about, peers):
        self.about = about
        self._peers = peers
        self._figures = {}
        self._curves = {}

    def add(self, mtu, rows, nat):
        for row, figure in rows.items():
            self._figures.setdefault((mtu, row), {}).setdefault(nat, []).append(figure)

    def add_curve(self, nat, points):
        self._curves.setdefault(nat, []).append(points)

    def nats(self):
        return list(dict.fromkeys([nat for by_nat in self._figures.values() for nat in by_nat] + list(self._curves)))

    def cells(self):
        """One dictionary per MTU and row, in the order of measuring."""
        for (mtu, row), by_nat in self._figures.items():
            unit = next(iter(by_nat.values()))[0]["unit"]
            medians = {nat: _median(figures, "value") for nat, figures in by_nat.items()}
            medians = {nat: value for nat, value in medians.items() if value is not None}
            small = measure.is_better_small(unit)
            yield {
                "mtu": mtu, "test": row, "unit": unit, "medians": medians,
                "to_best_peer": _ratio(medians, self._peers, small),
                # The relay keeps nothing of a flow, so its memory is no limit.
                "to_relay": _ratio(medians, [LIMIT], small) if unit != measure.MEGABYTES else None,
                "each": next((f["each"] for figures in by_nat.values() for f in figures if "each" in f), None),
                "cpu_ns_each": {nat: _median(figures, "cpu_ns_each") for nat, figures in by_nat.items()},
                "calls_each": {nat: _median(figures, "calls_each") for nat, figures in by_nat.items()},
                "rounds": by_nat}

    def curves(self):
        """{nat: [points]}: the median of all rounds for each number of flows that was asked for."""
        return {nat: [{key: statistics.median(point[key] for point in points) for key in points[0]}
                      for points in zip(*rounds)] for nat, rounds in self._curves.items()}

    def table(self):
        blocks = []
        cells = list(self.cells())
        if cells:
            blocks.append(self._block(
                "The medians, and ours to the best peer's and to the bare relay's (above 1 ours is better)",
                cells, "medians", lambda cell: cell["unit"], ("to_best_peer", "to_relay")))
            blocks.append(self._block(
                "Nanoseconds of processor time that the NAT takes for each",
                cells, "cpu_ns_each", lambda cell: cell["each"]))
            blocks.append(self._block(
                f"System calls that the NAT makes for each ({self.about['calls_counted_by']}, in a run of their own)",
                cells, "calls_each", lambda cell: cell["each"]))
        for nat, points in self.curves().items():
            blocks.append(_curve_block(nat, points))
        blocks.append("\n".join(dict.fromkeys(self._shortfalls())))
        return "\n\n".join(block for block in blocks if block)

    def _block(self, title, cells, key, unit, ratios=()):
        """The figures `key` of all cells that have them, a column for each NAT."""
        cells = [cell for cell in cells if any(value is not None for value in cell[key].values())]
        if not cells:
            return ""
        lines = [title, f"{'MTU':>6} {'test':<20} {unit and 'of':<15}" + "".join(f"{nat:>13}" for nat in self.nats()) +
                 "".join(f"{ratio.replace('to_', '/ ').replace('_', ' '):>13}" for ratio in ratios)]
        for cell in cells:
            values = [cell[key].get(nat) for nat in self.nats()] + [cell[ratio] for ratio in ratios]
            lines.append(f"{cell['mtu']:>6} {cell['test']:<20} {unit(cell):<15}" +
                         "".join(f"{short(value):>13}" for value in values))
        return "\n".join(lines)

    def _shortfalls(self):
        for (mtu, row), by_nat in self._figures.items():
            for nat, figures in by_nat.items():
                for figure in figures:
                    if "why" in figure:
                        yield f"MTU {mtu}, {row}: {nat} got to {figure['why']}"

    def as_json(self):
        return json.dumps({"about": self.about, "cells": list(self.cells()), "curves": self.curves(),
                           "curve_rounds": self._curves}, indent=1) + "\n"


def _median(figures, key):
    values = [figure[key] for figure in figures if figure.get(key) is not None]
    return statistics.median(values) if values else None


def _ratio(medians, others, small):
    """Ours against the best of the others; above 1 is better for us."""
    values = [medians[nat] for nat in others if medians.get(nat)]
    if not medians.get(OURS) or not values:
        return None
    return min(values) / medians[OURS] if small else medians[OURS] / max(values)


def steps(points):
    """From one point of a curve to the next: (flows at the end, microseconds and bytes per new flow)."""
    for before, after in zip(points, points[1:]):
        flows = after["flows"] - before["flows"]
        if flows > 0:
            yield (after["flows"], 1e6 * (after["seconds"] - before["seconds"]) / flows,
                   1e6 * (after["megabytes"] - before["megabytes"]) / flows)


def _curve_block(nat, points):
    lines = [f"{nat}: idle flows",
             f"{'flows':>10}{'s in all':>12}{'MB in all':>12}{'µs per new':>12}{'bytes per new':>15}"]
    by_flows = {point["flows"]: point for point in points}
    for flows, microseconds, size in steps(points):
        point = by_flows[flows]
        lines.append(f"{flows:>10,.0f}{point['seconds']:>12.3f}{point['megabytes']:>12.1f}"
                     f"{microseconds:>12.1f}{size:>15,.0f}")
    if points[-1]["flows"] < measure.CURVE[-1]:
        lines.append(f"{nat} got no further towards {measure.CURVE[-1]:,}")
    return "\n".join(lines)


def short(value):
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"
