"""A tensor (N, C, H, W) as rows of grids: a row per image, a grid per channel, a cell per pixel.

Sets of its numbers are shaded. Hatches tell along which axes a set runs, each with the colour of
its axis: blue slants for images, vermillion counter-slants for channels, green lines for pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import svg

from bncourse.figures.drawing import box, group, strokes, words
from bncourse.figures.style import BATCH, CHANGED, FEATURE, INK, PAPER, QUIET

SPACE = "#009E73"  # the bluish green of Okabe & Ito, for lines
SPACE_TEXT = "#00704F"  # the same green, dark enough for text on white
AXES = {"images": BATCH, "channels": FEATURE, "pixels": SPACE}
TINT = "#E9E9E9"
GAP = 13  # px between the lines of a hatch

Place = tuple[float, float, float, float]  # x, y, width, height


@dataclass(frozen=True)
class Plan:
    """Where a tensor is drawn: its shape (N, C, H, W), the first grid's corner, the sizes in px."""

    shape: tuple[int, int, int, int]
    left: float
    top: float
    cell: float = 2 * GAP
    gap: float = 20

    @property
    def grid(self) -> tuple[float, float]:
        """Width and height of one grid."""
        return self.cell * self.shape[3], self.cell * self.shape[2]

    def corner(self, n: int, c: int, h: int = 0, w: int = 0) -> tuple[float, float]:
        """Return the upper left corner of one cell; of the grid, without h and w."""
        wide, tall = self.grid
        x = self.left + (wide + self.gap) * c + self.cell * w
        return x, self.top + (tall + self.gap) * n + self.cell * h


def grids(plan: Plan) -> list[svg.Element]:
    """Draw the lines of all cells, and the index of every image and every channel."""
    images, channels, rows, columns = plan.shape
    wide, tall = plan.grid
    path: list[svg.PathData] = []
    for n, c in np.ndindex(images, channels):
        x, y = plan.corner(n, c)
        for k in range(rows + 1):
            path += [svg.MoveTo(x, y + plan.cell * k), svg.HorizontalLineToRel(wide)]
        for k in range(columns + 1):
            path += [svg.MoveTo(x + plan.cell * k, y), svg.VerticalLineToRel(tall)]
    tops = [(plan.corner(0, c), c) for c in range(channels)]
    sides = [(plan.corner(n, 0), n) for n in range(images)]
    return [
        svg.Path(d=path, stroke=QUIET, stroke_width=1, fill="none"),
        group(
            [words(x + wide / 2, y - 8, f"c = {c}") for (x, y), c in tops],
            fill=FEATURE,
            text_anchor="middle",
        ),
        group(
            [words(x - 10, y + tall / 2 + 5, f"n = {n}") for (x, y), n in sides],
            fill=BATCH,
            text_anchor="end",
        ),
    ]


def shade(plan: Plan, chosen: np.ndarray, along: Sequence[str]) -> list[svg.Element]:
    """Shade the chosen numbers, a boolean (N, C, H, W); ``along`` names axes of AXES to hatch."""
    places = list(_places(plan, chosen))
    parts: list[svg.Element] = [box(*place, fill=TINT) for place in places]
    return parts + hatches(places, along)


def hatches(places: Sequence[Place], along: Sequence[str]) -> list[svg.Element]:
    """Hatch rectangles, one hatch for each axis named."""
    return [
        strokes([line for place in places for line in _hatch(axis, *place)], AXES[axis], 1.5)
        for axis in along
    ]


def outline(plan: Plan, chosen: np.ndarray, colour: str, dash: str) -> svg.Element:
    """Draw dashed frames around the chosen numbers, a boolean (N, C, H, W)."""
    frames = [
        box(x - 4, y - 4, wide + 8, tall + 8, fill="none", round_by=3)
        for x, y, wide, tall in _places(plan, chosen)
    ]
    return group(
        [
            group(frames, stroke=PAPER, stroke_width="5"),  # sets the dashes off from a hatch
            group(frames, stroke=colour, stroke_width="2.5", stroke_dasharray=dash),
        ]
    )


def mark(plan: Plan, place: Sequence[int]) -> svg.Element:
    """Mark the cell [n, c, h, w]."""
    x, y = plan.corner(*place)
    inset = plan.cell / 4
    side = plan.cell - 2 * inset
    return box(x + inset, y + inset, side, side, fill=CHANGED, edge=INK, thick=2)


def _places(plan: Plan, chosen: np.ndarray) -> Iterator[Place]:
    """Yield what is chosen as rectangles: whole grids where possible, cells otherwise."""
    for n, c in np.ndindex(plan.shape[:2]):
        if chosen[n, c].all():
            yield (*plan.corner(n, c), *plan.grid)
            continue
        for h, w in np.argwhere(chosen[n, c]):
            yield (*plan.corner(n, c, int(h), int(w)), plan.cell, plan.cell)


def _hatch(axis: str, x: float, y: float, wide: float, tall: float) -> Iterator[Place]:
    """Yield the lines (x1, y1, x2, y2) of an axis's hatch across one rectangle."""
    if axis == "pixels":
        for down in np.arange(GAP / 2, tall, GAP):
            yield x, y + down, x + wide, y + down
        return
    for shift in np.arange(GAP, wide + tall, GAP):
        x1, y1 = min(shift, wide), max(0, shift - wide)
        x2, y2 = max(0, shift - tall), min(shift, tall)
        if axis == "channels":  # the mirror image
            x1, x2 = wide - x1, wide - x2
        yield x + x1, y + y1, x + x2, y + y2
