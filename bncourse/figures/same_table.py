"""One table of activations, and which of its numbers BN, LN and RMSNorm take together."""

from __future__ import annotations

import numpy as np
import svg

from bncourse.figures.drawing import box, document, group, words
from bncourse.figures.number_tables import LOOKS, TALL, cells, sample_names, set_frames
from bncourse.figures.show import Static
from bncourse.figures.style import CHANGED, FEATURE, HEAD, INK, number, numbers
from bncourse.figures.table_actions import NORMS, ORIGINAL

WIDTH, HEIGHT = 880, 262
LEFTS, WIDE, TOP = (44, 346, 648), 36, 76  # x of the tables, width of a cell, y of the cells
SIDE = 40  # distance of the statistics beside a table
FOLLOWED = (1, 1)  # the number that is marked: sample and unit
NAMES = {"BN": "Batch norm", "LN": "Layer norm", "RMS": "RMSNorm"}


def same_table() -> Static:
    """Return the table z of TurnTheTable three times, with each norm's sets and their statistics.

    For LN and RMSNorm see Ba et al. 2016 (arXiv 1607.06450, eq. 3) and Zhang & Sennrich 2019
    (arXiv 1910.07467, eq. 4).
    """
    z = ORIGINAL.z
    parts: list[svg.Element] = []
    told = []
    for left, norm in zip(LEFTS, NORMS, strict=True):
        named = _statistics(z, norm)
        after = number(float(NORMS[norm](z)[FOLLOWED]), 2)
        parts += _panel(left, norm, z, named, after)
        listed = ", ".join(f"{name} {numbers(values, 1)}" for name, values in named.items())
        told.append(f"{NAMES[norm]}, {_sets(norm, z)}: {listed}; the marked number becomes {after}")
    rows = "; ".join(f"({numbers(row)})" for row in z)
    caption = (
        f"Five samples (rows) and four units (columns): {rows}. Marked: "
        f"{number(float(z[FOLLOWED]))}, unit {FOLLOWED[1] + 1} of S{FOLLOWED[0] + 1}. "
        f"{'. '.join(told)}."
    )
    name = "Which numbers of one table share a mean in batch norm, layer norm and RMSNorm"
    return Static(document(WIDTH, HEIGHT, parts, name, caption), caption)


def _statistics(z: np.ndarray, norm: str) -> dict[str, np.ndarray]:
    """Return what a norm takes of z, one number per column or row, by name."""
    axis = 0 if LOOKS[norm][0] else 1
    if norm == "RMS":
        return {"rms": np.sqrt(np.square(z).mean(axis))}
    return {"mean": z.mean(axis), "sd": z.std(axis)}


def _sets(norm: str, z: np.ndarray) -> str:
    rows, columns = z.shape
    if LOOKS[norm][0]:
        return f"{columns} sets of {rows}, one per unit"
    which = "no mean subtracted" if norm == "RMS" else "one per sample"
    return f"{rows} sets of {columns}, {which}"


def _panel(
    left: float, norm: str, z: np.ndarray, named: dict[str, np.ndarray], after: str
) -> list[svg.Element]:
    by_column, colour, _ = LOOKS[norm]
    rows, columns = z.shape
    start, wide = left - 32, WIDE * columns
    bottom = TOP + TALL * rows
    x, y = left + WIDE * FOLLOWED[1], TOP + TALL * FOLLOWED[0]
    units = [words(left + WIDE * (k + 0.5), TOP - 8, f"u{k + 1}") for k in range(columns)]
    statistics: list[svg.Element] = []
    for k, (name, values) in enumerate(named.items()):
        if by_column:
            down = bottom + 20 + 20 * k
            statistics.append(words(left + wide + 10, down, name))
            middles = [(left + WIDE * (j + 0.5), down) for j in range(columns)]
        else:
            across = left + wide + SIDE * (k + 0.6)
            statistics.append(words(across, TOP - 8, name, anchor="middle"))
            middles = [(across, TOP + TALL * (r + 0.76)) for r in range(rows)]
        statistics += [
            words(*at, number(float(value), 1), anchor="middle")
            for at, value in zip(middles, values, strict=True)
        ]
    return [
        words(start, 24, NAMES[norm], size=HEAD, bold=True),
        words(start, 45, _sets(norm, z)),
        group(units, text_anchor="middle", fill=FEATURE),
        *sample_names(left, TOP, rows),
        box(x + 3, y + 3, WIDE - 6, TALL - 6, fill=CHANGED, edge=INK, thick=1.5),
        *cells(left, TOP, z, np.zeros(z.shape, dtype=bool), 0, WIDE),
        set_frames(left, TOP, z, norm, WIDE),
        group(statistics, fill=colour),
        words(start, HEIGHT - 16, f"the marked {number(float(z[FOLLOWED]))} becomes {after}"),
    ]
