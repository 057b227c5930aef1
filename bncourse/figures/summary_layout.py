"""Where everything on the summary sheet stands, in points on A4, whatever draws it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bncourse.figures.norms import NORMS, VECTORS, Norm
from bncourse.figures.style import BATCH, FAINT, FEATURE, INK, QUIET
from bncourse.figures.tensor_drawing import SPACE, SPACE_TEXT, TINT

A4 = (595.276, 841.89)  # points
SMALL, NAME, FORMULA, TITLE = 9.5, 11.5, 12.0, 14.0  # points
MARGIN, FIRST, ROW = 34.0, 53.0, 101.5  # sides, the first row, from row to row
COLUMNS = (154.0, 362.0)  # where text begins
LINE = 13.6
CELL, TABLE_CELL = 6.6, 11.0  # of a pixel, and of a number in a table
HATCH = 5.0  # between the lines of a hatch
COLOURS = {"batch": BATCH, "channel": FEATURE, "space": SPACE}
FOOT = (
    "N samples, C channels, H × W pixels; for layer norm, RMSNorm and DyT: rows of H features.",
    "Variances are biased (divided by the size of the set); eps stands inside the root. "
    "Sources: arXiv.",
    "Group norm with C groups is instance norm; with 1 group it has the sets of layer norm over",
    "(C, H, W), but one gamma and beta per channel. SyncBN: batch norm, its sets over all devices.",
    "Weight norm: each output's w = g v / |v|, g and v learned "
    "(Salimans & Kingma 2016, 1602.07868).",
)


@dataclass(frozen=True)
class Text:
    """A line of text, or a formula between dollars, with its baseline at (x, y)."""

    x: float
    y: float
    text: str
    size: float = SMALL
    bold: bool = False
    colour: str = INK
    middle: bool = False


@dataclass(frozen=True)
class Lines:
    """Straight lines (x1, y1, x2, y2) of one look."""

    lines: tuple[tuple[float, float, float, float], ...]
    colour: str
    width: float


@dataclass(frozen=True)
class Fill:
    """A rectangle without an outline."""

    x: float
    y: float
    width: float
    height: float
    colour: str


Mark = Text | Lines | Fill


def marks() -> Iterator[Mark]:
    """Yield everything on the sheet, in points from the upper left corner of A4."""
    right = A4[0] - MARGIN
    yield Text(
        MARGIN, 35, "Five norms, standardised weights and a tanh, side by side", TITLE, bold=True
    )
    for k, norm in enumerate(NORMS):
        y = FIRST + ROW * k
        yield Lines(((MARGIN, y - 8, right, y - 8),), FAINT, 1)
        yield from _picture(norm, y)
        yield Text(COLUMNS[0], y + 11, norm.name, NAME, bold=True)
        yield Text(COLUMNS[1], y + 14, norm.formula, FORMULA)
        left = (norm.axes, f"learned: {norm.learned}", f"state: {norm.state}")
        first, *more = norm.use.split("\n")
        columns = (
            (*left, f"same in eval: {norm.same}"),
            (f"smallest set: {norm.smallest}", f"use: {first}", *more, norm.source),
        )
        for x, lines in zip(COLUMNS, columns, strict=True):
            for i, line in enumerate(lines):
                yield Text(x, y + 48 + LINE * i, line)
    bottom = FIRST + ROW * len(NORMS) - 8
    yield Lines(((MARGIN, bottom, right, bottom),), INK, 1.4)
    for i, line in enumerate(FOOT):
        yield Text(MARGIN, bottom + 15 + 11.6 * i, line, colour=QUIET)


def _picture(norm: Norm, y: float) -> Iterator[Mark]:
    """Yield the tensor as rows of grids, with one set shaded."""
    table = norm.shape == VECTORS
    rows, grids, cells = (4, 6, 1) if table else (2, 4, 3)
    size = TABLE_CELL if table else CELL * cells
    step = size if table else size + 3
    left, top = MARGIN + 16, y + 22
    # A set that does not fill a row begins at the second grid, in the lower row if it has one.
    r0 = 0 if norm.shaded[0] == rows or norm.shape[0] == "O" else 1
    g0 = 0 if norm.shaded[1] == grids else 1
    down, across = norm.shaded[:2]
    if table:  # cells without a gap are one rectangle
        places = [(left + step * g0, top + step * r0, step * across, step * down)]
    else:
        chosen = np.ndindex(down, across)
        places = [(left + step * (g0 + g), top + step * (r0 + r), size, size) for r, g in chosen]
    for place in places:
        yield Fill(*place, TINT if norm.along else INK)
    for axis in norm.along:
        lines = [line for place in places for line in _hatch(axis, *place)]
        yield Lines(tuple(lines), COLOURS[axis], 1.3)
    wide, tall = step * (grids - 1) + size, step * (rows - 1) + size
    grid = (left, top, wide, tall)
    if table:
        yield Lines(tuple(_grid(*grid, rows, grids)), QUIET, 0.8)
    else:
        corners = [(left + step * g, top + step * r) for r, g in np.ndindex(rows, grids)]
        every = [line for x, y in corners for line in _grid(x, y, size, size, cells, cells)]
        yield Lines(tuple(every), QUIET, 0.8)
    yield Text(left + wide / 2, top - 5, norm.shape[1], colour=FEATURE, middle=True)
    yield Text(left - 9, top + tall / 2 + 3, norm.shape[0], colour=BATCH, middle=True)
    if norm.shape[2]:
        yield Text(left + wide / 2, top + tall + 12, norm.shape[2], colour=SPACE_TEXT, middle=True)


def _grid(
    x: float, y: float, wide: float, tall: float, rows: int, columns: int
) -> Iterator[tuple[float, float, float, float]]:
    for k in range(rows + 1):
        yield x, y + tall * k / rows, x + wide, y + tall * k / rows
    for k in range(columns + 1):
        yield x + wide * k / columns, y, x + wide * k / columns, y + tall


def _hatch(axis: str, x: float, y: float, wide: float, tall: float) -> Iterator[tuple[float, ...]]:
    """Yield the lines of an axis's hatch: slants, counter-slants, or level lines."""
    if axis == "space":
        for down in np.arange(HATCH / 2, tall, HATCH):
            yield x, y + down, x + wide, y + down
        return
    for shift in np.arange(HATCH, wide + tall, HATCH):
        x1, y1 = min(shift, wide), max(0.0, shift - wide)
        x2, y2 = max(0.0, shift - tall), min(shift, tall)
        if axis == "channel":
            x1, x2 = wide - x1, wide - x2
        yield x + x1, y + y1, x + x2, y + y2
