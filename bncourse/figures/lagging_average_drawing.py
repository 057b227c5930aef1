"""The picture of LaggingAverage: a running mean and a running variance, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import svg

from bncourse.figures.drawing import document, group, line, marker, strokes, words
from bncourse.figures.style import BATCH, FEATURE, GUESS, HEAD, INK, QUIET

WIDTH, HEIGHT = 880, 372
LEFTS = (46, 490)  # where the plots begin
WIDE, TALL, TOP = 376, 200, 62  # of each plot
NEAR_ENOUGH = 0.4  # px by which a line may be off
SPANS = (2, 4, 8, 16, 32, 64)  # how many steps of a line one straight piece may cover


@dataclass(frozen=True)
class Panel:
    """One statistic of the batches that were seen, k of T.

    Attributes:
        name: written above the plot.
        ticks: numbers at the axis; the plot reaches from the first to the last.
        batch: (k,) of each batch.
        truth: (T,) of the data that each batch is drawn from.
        running: (k + 1,) the average before the first and after each batch; or None, not to be
            drawn.
        guess: what is written below the plot, in the learner's colour.
        guess_at: a number of batches at which an upright line stands, or None.
    """

    name: str
    ticks: Sequence[int]
    batch: np.ndarray
    truth: np.ndarray
    running: np.ndarray | None
    guess: str = ""
    guess_at: float | None = None


def picture(
    panels: Sequence[Panel], heading: str, told: Sequence[str], title: str, description: str
) -> svg.SVG:
    """Return both panels side by side, a heading above and lines of text, ``told``, below."""
    parts: list[svg.Element] = [words(12, 24, heading, size=HEAD, bold=True), *_key()]
    for x, panel in zip(LEFTS, panels, strict=True):
        parts += _plot(x, panel)
    for x, text in zip(LEFTS, told, strict=False):
        parts.append(words(x, HEIGHT - 14, text, bold=True))
    return document(WIDTH, HEIGHT, parts, title, description)


def _key() -> list[svg.Element]:
    x = 470
    return [
        marker("circle", x, 19, 2.5, BATCH, BATCH),
        words(x + 10, 24, "one batch"),
        line(x + 94, 19, x + 124, 19, INK, 2, [7, 4]),
        words(x + 130, 24, "the data"),
        line(x + 206, 19, x + 236, 19, FEATURE, 3),
        marker("diamond", x + 236, 19, 6, FEATURE),
        words(x + 248, 24, "running average"),
    ]


def _plot(left: float, panel: Panel) -> list[svg.Element]:
    batches, low, high = len(panel.truth), panel.ticks[0], panel.ticks[-1]

    def across(seen: np.ndarray | float) -> np.ndarray:
        return left + np.asarray(seen) * WIDE / batches

    def up(values: np.ndarray | float) -> np.ndarray:
        """Return the height in the picture; what lies outside is drawn at the edge."""
        share = (np.clip(values, low, high) - low) / (high - low)
        return TOP + TALL * (1 - share)

    bottom = TOP + TALL
    parts: list[svg.Element] = [words(left, TOP - 14, panel.name)]
    seen = np.arange(0, batches + 1, batches // 5)
    lines = [(left, y, left - 5, y) for y in up(np.array(panel.ticks))]
    lines += [(x, bottom, x, bottom + 5) for x in across(seen)]
    lines += [(left, TOP, left, bottom), (left, bottom, left + WIDE, bottom)]
    parts.append(strokes(lines, QUIET, 1.2))
    heights = zip(panel.ticks, up(np.array(panel.ticks)), strict=True)
    parts.append(group([words(left - 9, y + 5, f"{n}") for n, y in heights], text_anchor="end"))
    places = [words(x, bottom + 21, f"{n}") for n, x in zip(seen, across(seen), strict=True)]
    middle = left + WIDE / 2
    places.append(words(middle, bottom + 42, "batches seen"))
    parts.append(group(places, text_anchor="middle"))

    count = len(panel.batch)
    if count:
        parts.append(_dots(across(np.arange(1, count + 1)), up(panel.batch)))
    x, y = _stairs(panel.truth)
    parts.append(_path(_join(across(x), up(y)), INK, 2, [7, 4]))
    if panel.guess_at is not None and 0 <= panel.guess_at <= batches:
        at = float(across(panel.guess_at))
        parts.append(line(at, TOP, at, bottom, GUESS, 2, [4, 4]))
    if panel.running is not None:
        x, y = across(np.arange(count + 1)), up(panel.running)
        parts.append(_path(_join(*_fewer(x, y)), FEATURE, 2.5))
        parts.append(marker("diamond", x[-1], y[-1], 6, FEATURE))
    if panel.guess:
        parts.append(words(left, bottom + 68, panel.guess, colour=GUESS, bold=True))
    return parts


def _path(d: str, colour: str, width: float, dash: list[float] | None = None) -> svg.Path:
    # Text is quicker to make and half as long as what a list of path commands would give.
    return svg.Path(d=d, stroke=colour, stroke_width=width, stroke_dasharray=dash, fill="none")


def _dots(x: np.ndarray, y: np.ndarray) -> svg.Path:
    """Draw round dots as lines of no length, to the nearest px."""
    return svg.Path(
        d=_relative("m", np.rint(x), np.rint(y), "h0"),
        stroke=BATCH,
        stroke_width=3,
        stroke_linecap="round",
        fill="none",
    )


def _join(x: np.ndarray, y: np.ndarray) -> str:
    return _relative("l", np.round(x, 1), np.round(y, 1), "")


def _relative(command: str, x: np.ndarray, y: np.ndarray, after: str) -> str:
    """Write points (n,) as a path, each from the one before: that takes fewer digits."""
    first = f"M{x[0]:g} {y[0]:g}{after}"
    # Differences of rounded places add up to rounded places: no error grows.
    steps = zip(np.diff(x).round(1).tolist(), np.diff(y).round(1).tolist(), strict=True)
    return first + "".join(
        f"{command}{dx:g}{'' if dy < 0 else ' '}{dy:g}{after}" for dx, dy in steps
    )


def _fewer(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out points (n,), evenly spaced along x, where the line without them is near enough."""
    kept = np.ones(len(x), dtype=bool)
    for span in SPANS:
        first = np.arange(0, len(x) - span, span)[:, None]
        share = np.arange(1, span) / span
        straight = (1 - share) * y[first] + share * y[first + span]
        inner = first + np.arange(1, span)
        kept[inner[(np.abs(y[inner] - straight) < NEAR_ENOUGH).all(axis=1)]] = False
    return x[kept], y[kept]


def _stairs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of a line that is level except where the values (T,) change."""
    changes = np.flatnonzero(np.diff(values)) + 1
    # Batch t is drawn at t, so what holds from the one after t on begins between them.
    x = np.concatenate([[0], np.repeat(changes + 0.5, 2), [len(values)]])
    return x, np.repeat(values[[0, *changes]], 2)
