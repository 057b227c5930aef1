"""The picture of ShrinkTheBatch: one sample in many batches, and the error of nets over B."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import svg

from bncourse.figures.drawing import box, document, group, line, marker, strokes, words
from bncourse.figures.style import BATCH, FEATURE, GUESS, HEAD, INK, QUIET

WIDTH, HEIGHT = 880, 356
TOP, TALL = 66, 230  # of both plots
LEFT, WIDE = 46, 360  # the strip
CURVE_LEFT, CURVE_WIDE = 492, 250  # the errors
BOTTOM = TOP + TALL
X_HATS = range(-3, 4)
PERCENT = (1, 2, 5, 10, 20, 50, 100)
BAND = "#CFE3F1"  # a light tint of the batch colour
# Colour, marker and dash of each arm; an arm without a marker is drawn as a line only.
LOOKS = {
    "BN": (BATCH, "circle", None),
    "LN": (FEATURE, "square", [8, 4]),
    "GN": (INK, "diamond", [8, 3, 2, 3]),
    "none": (QUIET, "triangle", [3, 3]),
}


@dataclass(frozen=True)
class Strip:
    """One sample's x_hat in K batches.

    Attributes:
        x_hat: (K,).
        low, high: what 90 % of them lie between.
        alone: its x_hat by mean and variance of all images.
        heading: written above.
    """

    x_hat: np.ndarray
    low: float
    high: float
    alone: float
    heading: str


@dataclass(frozen=True)
class Curves:
    """Errors in percent over the batch size.

    Attributes:
        sizes: (M,) batch sizes, from left to right.
        errors: arm -> (M,) errors; before the prediction nothing.
        anchor: error at the first size, which is told beforehand.
        guess: (M,) the line that the learner drew.
        at: a batch size to mark, or None.
        heading: written above.
    """

    sizes: Sequence[int]
    errors: dict[str, np.ndarray]
    anchor: float
    guess: np.ndarray | None
    at: int | None
    heading: str


def picture(strip: Strip, curves: Curves, heading: str, title: str, description: str) -> svg.SVG:
    """Return the strip and the curves side by side."""
    parts = [words(12, 24, heading, size=HEAD, bold=True)]
    parts += [*_strip(strip), *_curves(curves)]
    return document(WIDTH, HEIGHT, parts, title, description)


def up_x_hat(values: np.ndarray | float) -> np.ndarray:
    """Return the height of an x_hat in the picture; what lies outside is drawn at the edge."""
    low, high = X_HATS[0], X_HATS[-1]
    return TOP + TALL * (1 - (np.clip(values, low, high) - low) / (high - low))


def up_percent(values: np.ndarray | float) -> np.ndarray:
    """Return the height of an error in the picture, on a logarithmic axis."""
    low, high = PERCENT[0], PERCENT[-1]
    clipped = np.clip(values, low, high)
    return TOP + TALL * (1 - np.log(clipped / low) / math.log(high / low))


def across_sizes(sizes: Sequence[int], size: float) -> float:
    """Return where a batch size stands: halving it is the same step everywhere."""
    first, last = math.log(sizes[0]), math.log(sizes[-1])
    return CURVE_LEFT + 12 + (CURVE_WIDE - 24) * (first - math.log(size)) / (first - last)


def _strip(strip: Strip) -> list[svg.Element]:
    low, high = float(up_x_hat(strip.low)), float(up_x_hat(strip.high))
    count = len(strip.x_hat)
    x = LEFT + (np.arange(count) + 0.5) * WIDE / count
    alone = float(up_x_hat(strip.alone))
    return [
        words(LEFT, TOP - 14, strip.heading),
        box(LEFT, high, WIDE, max(low - high, 1), fill=BAND, edge=None),
        *_axes(LEFT, WIDE, [(f"{v}", float(up_x_hat(v))) for v in X_HATS]),
        line(LEFT, alone, LEFT + WIDE, alone, INK, 2, [7, 4]),
        _dots(x, up_x_hat(strip.x_hat)),
        words(LEFT + WIDE / 2, BOTTOM + 22, f"{count} batches", anchor="middle"),
        line(LEFT, BOTTOM + 44, LEFT + 30, BOTTOM + 44, INK, 2, [7, 4]),
        words(LEFT + 36, BOTTOM + 49, "by all images"),
        box(LEFT + 150, BOTTOM + 36, 30, 16, fill=BAND, edge=None),
        words(LEFT + 186, BOTTOM + 49, "90 % of the batches"),
    ]


def _curves(curves: Curves) -> list[svg.Element]:
    at = [across_sizes(curves.sizes, size) for size in curves.sizes]
    parts: list[svg.Element] = [words(CURVE_LEFT - 36, TOP - 14, curves.heading)]
    if curves.at in curves.sizes:
        here = across_sizes(curves.sizes, curves.at)
        parts.append(box(here - 9, TOP, 18, TALL, fill=BAND, edge=None))
    parts += _axes(CURVE_LEFT, CURVE_WIDE, [(f"{p}", float(up_percent(p))) for p in PERCENT])
    parts.append(strokes([(x, BOTTOM, x, BOTTOM + 5) for x in at], QUIET, 1.2))
    told = [words(x, BOTTOM + 22, f"{n}") for n, x in zip(curves.sizes, at, strict=True)]
    middle = CURVE_LEFT + CURVE_WIDE / 2
    told.append(words(middle, BOTTOM + 49, "batch size in training"))
    parts.append(group(told, text_anchor="middle"))
    names = []
    if curves.guess is not None:
        y = up_percent(curves.guess)
        parts.append(_line(at, y, GUESS, 2.5, [6, 4]))
        parts += [marker("plus", *place, 5, GUESS) for place in zip(at, y, strict=True)]
        names.append(("you", GUESS, float(y[-1])))
    for arm, errors in curves.errors.items():
        colour, shape, dash = LOOKS[arm]
        y = up_percent(errors)
        parts.append(_line(at, y, colour, 3 if arm == "BN" else 2, dash))
        if shape:
            parts += [marker(shape, *place, 5, colour) for place in zip(at, y, strict=True)]
        names.append((arm, colour, float(y[-1])))
    if not curves.errors:
        parts.append(marker("circle", at[0], float(up_percent(curves.anchor)), 6, BATCH))
    for (name, colour, _), y in zip(names, _apart([y for *_, y in names]), strict=True):
        parts.append(words(CURVE_LEFT + CURVE_WIDE + 6, y + 5, name, colour=colour, bold=True))
    return parts


def _axes(left: float, wide: float, ticks: Sequence[tuple[str, float]]) -> list[svg.Element]:
    lines = [(left, y, left - 5, y) for _, y in ticks]
    lines += [(left, TOP, left, BOTTOM), (left, BOTTOM, left + wide, BOTTOM)]
    numbers = [words(left - 9, y + 5, text) for text, y in ticks]
    return [strokes(lines, QUIET, 1.2), group(numbers, text_anchor="end")]


def _apart(heights: Sequence[float], distance: float = 18) -> list[float]:
    """Move heights until none is nearer to the next than the distance, and none below the plot."""
    order = np.argsort(heights, kind="stable")
    moved = np.array(heights, float)
    for above, below in pairwise(order):
        moved[below] = max(moved[below], moved[above] + distance)
    limit = BOTTOM
    for k in order[::-1]:
        moved[k] = min(moved[k], limit)
        limit = moved[k] - distance
    return moved.tolist()


def _line(
    x: Sequence[float], y: np.ndarray, colour: str, width: float, dash: list[float] | None
) -> svg.Path:
    d = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    return svg.Path(d=d, stroke=colour, stroke_width=width, stroke_dasharray=dash, fill="none")


def _dots(x: np.ndarray, y: np.ndarray) -> svg.Path:
    """Draw round dots as lines of no length, to the nearest px."""
    x, y = np.rint(x).astype(int), np.rint(y).astype(int)
    # Each from the one before: that takes fewer digits.
    steps = zip(np.diff(x).tolist(), np.diff(y).tolist(), strict=True)
    d = f"M{x[0]} {y[0]}h0" + "".join(f"m{dx}{'' if dy < 0 else ' '}{dy}h0" for dx, dy in steps)
    return svg.Path(d=d, stroke=BATCH, stroke_width=4, stroke_linecap="round", fill="none")
