"""How WhoseAverage looks: the tensor, the counts beside it, and the move by one pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import svg

from bncourse.figures.drawing import arrow, box, document, group, line, words
from bncourse.figures.style import BATCH, CHANGED, FAINT, FEATURE, GUESS, HEAD, INK, QUIET, number
from bncourse.figures.tensor_drawing import (
    SPACE_TEXT,
    Plan,
    grids,
    hatches,
    mark,
    outline,
    shade,
)

WIDTH, HEIGHT = 880, 452
PANEL = 550  # x of what stands beside the tensor
MAP, STEP = 14, 96  # a pixel of a small map, and the distance between two maps
TONES = ("#F4F4F4", "#CFCFCF", "#9A9A9A", "#666666", "#2E2E2E")
EDGES = (-1.2, -0.4, 0.4, 1.2)  # values between two tones


@dataclass(frozen=True)
class Sharing:
    """Who shares the mean of ``pixel`` (n, c, h, w).

    ``sets`` says for images, channels and pixels "same" or "all"; ``members`` is a boolean array
    of ``shape``. ``learned`` is 0, and ``formula`` empty, where no usual layer does this.
    """

    shape: tuple[int, int, int, int]
    pixel: tuple[int, ...]
    sets: dict[str, str]
    members: np.ndarray
    means: int
    per_mean: int
    name: str
    formula: str
    learned: int


@dataclass(frozen=True)
class Shift:
    """One channel of one image, (H, W) each, moved before or after it was normalised."""

    image: int
    channel: int
    plain: np.ndarray
    moved: np.ndarray
    moved_first: np.ndarray  # moved, then normalised
    normalised: np.ndarray
    moved_last: np.ndarray  # normalised, then moved

    @property
    def gap(self) -> float:
        """The largest difference that the order makes; what is only rounding counts as 0."""
        gap = float(np.abs(self.moved_first - self.moved_last).max())
        return gap if gap > 1e-9 else 0.0


def picture(
    now: Sharing,
    shift: Shift | None,
    guess: tuple[np.ndarray, float] | None,
    revealed: bool,
    title: str,
    sentence: str,
) -> svg.SVG:
    """Return the whole picture; ``guess`` is the predicted set and number of means."""
    plan = Plan(now.shape, 58, 66, gap=18)
    along = [axis for axis, reach in now.sets.items() if reach == "all"]
    images, channels, height, width = now.shape
    head = [
        ("x: ", INK),
        (f"{images} images", BATCH),
        (" × ", INK),
        (f"{channels} channels", FEATURE),
        (" × ", INK),
        (f"({height} × {width} pixels)", SPACE_TEXT),
    ]
    parts: list[svg.Element] = [words(12, 26, head, size=HEAD, bold=True)]
    parts += [*shade(plan, now.members, along), *grids(plan)]
    if guess:
        parts.append(outline(plan, guess[0], GUESS, "7 4"))
    parts += [mark(plan, now.pixel), *_reach(now)]
    if revealed:
        parts += _counts(now, guess[1] if guess else None)
    else:
        parts.append(words(PANEL, 168, "Counts and names follow your prediction.", colour=QUIET))
    if shift:
        parts += _shift(shift)
    return document(WIDTH, HEIGHT, parts, title, sentence)


def _reach(now: Sharing) -> list[svg.Element]:
    """Draw a swatch for each axis: hatched where the mean runs along it."""
    parts: list[svg.Element] = [
        box(PANEL, 14, 13, 13, fill=CHANGED, edge=INK, thick=2),
        words(PANEL + 22, 26, "The mean of the marked number runs over", bold=True),
    ]
    count = {"images": now.shape[0], "channels": now.shape[1], "pixels": math.prod(now.shape[2:])}
    for k, (axis, reach) in enumerate(now.sets.items()):
        y = 40 + 31 * k
        place = (PANEL, y, 39, 26)
        parts.append(box(*place, edge=QUIET))
        if reach == "all":
            parts += hatches([place], [axis])
        text = f"all {count[axis]} {axis}" if reach == "all" else f"only its own {axis[:-1]}"
        parts.append(words(PANEL + 50, y + 18, text))
    return parts


def _counts(now: Sharing, guess: float | None) -> list[svg.Element]:
    total = math.prod(now.shape)
    learned = f"{now.formula} = {now.learned}" if now.learned else "no usual layer"
    rows = [
        ("numbers per mean", str(now.per_mean)),
        ("means", f"{total} / {now.per_mean} = {now.means}"),
        ("learned numbers", learned),
    ]
    parts: list[svg.Element] = [
        line(PANEL, 141, WIDTH - 12, 141, FAINT),
        words(PANEL, 164, now.name, size=HEAD, bold=True),
    ]
    for k, (what, value) in enumerate(rows):
        parts.append(words(PANEL, 188 + 22 * k, what))
        parts.append(words(PANEL + 136, 188 + 22 * k, value, bold=True))
    if guess is not None:
        parts.append(line(PANEL, 249, PANEL + 30, 249, GUESS, 2.5, [7, 4]))
        parts.append(words(PANEL + 40, 254, f"you, for batch norm: {_short(guess)}"))
    return parts


def _short(guess: float) -> str:
    return f"{guess:.4g} {'mean' if guess == 1 else 'means'}"


def _shift(shift: Shift) -> list[svg.Element]:
    """Draw both orders as a row of three maps each, and what they differ by."""
    head = f"Only image {shift.image} moves, by one pixel (c = {shift.channel})"
    parts: list[svg.Element] = [line(PANEL, 266, WIDTH - 12, 266, FAINT), words(PANEL, 288, head)]
    rows = [
        [("x", shift.plain), ("moved", shift.moved), ("normalised", shift.moved_first)],
        [("x", shift.plain), ("normalised", shift.normalised), ("moved", shift.moved_last)],
    ]
    size = MAP * shift.plain.shape[0]
    paths: list[list[svg.PathData]] = [[] for _ in TONES]
    labels = []
    for r, row in enumerate(rows):
        y = 298 + 78 * r
        for k, (name, values) in enumerate(row):
            x = PANEL + 6 + STEP * k
            for (i, j), tone in np.ndenumerate(np.digitize(values, EDGES)):
                start = svg.MoveTo(x + MAP * j, y + MAP * i + MAP // 2)
                paths[tone] += [start, svg.HorizontalLineToRel(MAP)]
            parts.append(box(x, y, size, size, fill="none", edge=INK))
            labels.append(words(x + size / 2, y + size + 15, name))
            if k:
                parts.append(arrow(x - STEP + size + 8, y + size / 2, x - 8, y + size / 2))
    for path, tone in zip(paths, TONES, strict=True):
        if path:
            parts.append(svg.Path(d=path, stroke=tone, stroke_width=MAP, fill="none"))
    same = shift.gap == 0
    x, y = PANEL + 2 * STEP + size + 33, 298 + 39 + size / 2
    labels.append(words(x + 14, y - 8, "=" if same else "≠", size=28, bold=True))
    labels.append(words(x + 14, y + 12, f"gap {number(shift.gap, 2)}", bold=True))
    return [*parts, group(labels, text_anchor="middle")]
