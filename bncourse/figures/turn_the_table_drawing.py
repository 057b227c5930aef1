"""The picture of TurnTheTable: six tables of numbers and the grid of what was tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import svg

from bncourse.figures.drawing import arrow, box, document, group, words
from bncourse.figures.number_tables import (
    TALL,
    TINT,
    WIDE,
    cells,
    ruled,
    sample_names,
    set_frames,
    striped,
)
from bncourse.figures.style import FEATURE, GUESS, INK, QUIET

WIDTH, HEIGHT = 880, 478
LEFTS = (40, 330, 620)  # x of the three tables in a row
TOPS = (50, 208)  # y of their cells
GRID, FIRST, PITCH, ROW = 388, 64, 81, 26  # the grid: its y and x, width and height of its cells
TOLD = {
    "BN": "each column has mean 0, sd 1",
    "LN": "each row has mean 0, sd 1",
    "RMS": "each row divided by its rms",
}


@dataclass(frozen=True)
class Table:
    """Numbers before the norms, (rows, columns), nan where a sample was left out.

    ``changed`` are the numbers that are not the original ones.
    """

    title: str
    values: np.ndarray
    changed: np.ndarray


@dataclass(frozen=True)
class Output:
    """What a norm, a key of TOLD, makes of z, as in Table, and a note written below."""

    norm: str
    values: np.ndarray
    changed: np.ndarray
    note: str


@dataclass(frozen=True)
class Cell:
    """One entry of the grid: "changes" or "stays", and whether it was predicted right."""

    told: str
    right: bool | None


def picture(
    tables: Sequence[Table],
    outputs: Sequence[Output],
    heads: Sequence[tuple[str, str]],
    now: int,
    grid: Mapping[str, Sequence[Cell | None]],
    score: str,
    title: str,
    description: str,
) -> svg.SVG:
    """Return the tables before the norms, those after them, and the grid.

    ``heads`` names the actions, ``now`` is the place of the present one; ``grid`` has for each norm
    one entry per action, None where it was not tried.
    """
    parts: list[svg.Element] = []
    for left, table in zip(LEFTS, tables, strict=True):
        parts += _heads(left, TOPS[0], table.title, table.values.shape[1], left != LEFTS[0])
        parts += cells(left, TOPS[0], table.values, table.changed, digits=0)
        if len(table.values) == len(tables[0].values):
            parts += sample_names(left, TOPS[0], len(table.values))
    parts += _legend(LEFTS[1], TOPS[0] + TALL * len(tables[1].values) + 24, bool(score))
    for left, output in zip(LEFTS, outputs, strict=True):
        head = f"{output.norm}: {TOLD[output.norm]}"
        parts.append(words(left, TOPS[1] - 10, head, bold=True))
        parts += cells(left, TOPS[1], output.values, output.changed)
        parts += sample_names(left, TOPS[1], len(output.values))
        parts.append(set_frames(left, TOPS[1], output.values, output.norm))
        parts.append(words(left, TOPS[1] + TALL * len(output.values) + 20, output.note))
    x, y = LEFTS[2] + 2 * WIDE, TOPS[0] + TALL * len(tables[0].values)
    parts.append(arrow(x, y + 4, x, y + 26))
    return document(WIDTH, HEIGHT, [*parts, *_grid(heads, now, grid, score)], title, description)


def _heads(left: float, top: float, title: str, columns: int, units: bool) -> list[svg.Element]:
    parts: list[svg.Element] = [words(left, top - 28, title, bold=True)]
    if units:
        names = [words(left + WIDE * (k + 0.5), top - 8, f"unit {k + 1}") for k in range(columns)]
        parts.append(group(names, text_anchor="middle", fill=FEATURE))
    return parts


def _legend(x: float, y: float, predicted: bool) -> list[svg.Element]:
    parts = [*striped([(x, y - 13, 30, 17)]), words(x + 40, y, "bold and striped: changed")]
    if predicted:
        parts.append(words(x + 40, y + 20, "✓ ✗: predicted right, wrong"))
    return parts


def _grid(
    heads: Sequence[tuple[str, str]],
    now: int,
    grid: Mapping[str, Sequence[Cell | None]],
    score: str,
) -> list[svg.Element]:
    """Draw the actions as columns and the norms as rows."""
    tall = ROW * len(grid)
    parts: list[svg.Element] = [ruled(FIRST, GRID, len(grid), len(heads), PITCH, ROW)]
    names, told = [], []
    for k, pair in enumerate(heads):
        x = FIRST + PITCH * (k + 0.5)
        names += [words(x, GRID - 25 + 18 * i, text) for i, text in enumerate(pair)]
    for r, (norm, entries) in enumerate(grid.items()):
        y = GRID + ROW * r
        parts.append(words(12, y + 18, norm, bold=True))
        for k, entry in enumerate(entries):
            if entry is None:
                continue
            x = FIRST + PITCH * k
            if entry.told == "changes":
                parts.append(box(x + 1, y + 1, PITCH - 2, ROW - 2, fill=TINT))
            if entry.right is False:
                parts.append(box(x + 3, y + 3, PITCH - 6, ROW - 6, fill="none", edge=GUESS,
                                 thick=2.5, dash=[4, 3]))  # fmt: skip
            mark = {None: "", True: " ✓", False: " ✗"}[entry.right]
            told.append(words(x + PITCH / 2, y + 18, entry.told + mark))
    parts += [group(names, text_anchor="middle"), group(told, text_anchor="middle")]
    parts.append(box(FIRST + PITCH * now, GRID - 41, PITCH, tall + 43, fill="none", edge=INK,
                     thick=2))  # fmt: skip
    if score:
        parts.append(
            words(FIRST - 8, GRID - 7, score.replace(" of ", "/"), anchor="end", colour=QUIET)
        )
    return parts
