"""How PushOneOutput looks: bars of dy, bars of dx for each path, and the table under them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import svg

from bncourse.figures.drawing import arrow, box, document, group, line, marker, strokes, words
from bncourse.figures.style import (
    BATCH,
    CHANGED,
    FAINT,
    GUESS,
    HEAD,
    INK,
    PAPER,
    QUIET,
    nice_range,
    number,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bncourse.figures.push_one_output import Backward

NAMES = ("S1", "S2", "S3", "S4", "S5")
LABELS = ("direct", "via the mean", "via the variance")

WIDTH, HEIGHT = 880, 428
TOP, BOTTOM = 62, 262  # y of the ends of the bars' axes
LEFT, STEP = 72, 49  # x of the first dy, distance to the next
RIGHT, APART = 470, 66  # the same for dx
BAR = 18  # width of a path's bar
SUM, DOT = 818, 872  # right ends of the table's last columns
ROWS, ROW = 308, 22  # y of the first path in the table, distance to the next
LEAST = 1.0  # dy that the axes hold at least


class Axis:
    """A vertical axis at ``x`` from -limit to limit, with bars to its right up to ``end``."""

    def __init__(self, x: float, end: float, limit: float) -> None:
        self.x, self.end, self.limit = x, end, limit

    def y(self, value: float) -> float:
        """Return where a value lies, in px."""
        return (TOP + BOTTOM) / 2 - (BOTTOM - TOP) / 2 * value / self.limit

    def draw(self) -> list[svg.Element]:
        """Return the axis, its numbers, and the line of 0."""
        _, _, step = nice_range([-self.limit, self.limit])
        last = int(self.limit / step + 1e-9)
        ticks = [step * k for k in range(-last, last + 1)]
        marks = [(self.x - 5, self.y(tick), self.x, self.y(tick)) for tick in ticks]
        labels = [words(self.x - 8, self.y(tick) + 5, number(tick)) for tick in ticks]
        return [
            strokes([*marks, (self.x, TOP, self.x, BOTTOM)], QUIET),
            group(labels, text_anchor="end", fill=QUIET),
            line(self.x, self.y(0), self.end, self.y(0), QUIET),
        ]


def picture(
    now: Backward,
    count: int,
    change: str,
    prediction: dict[str, Any] | None,
    title: str,
    sentence: str,
) -> svg.SVG:
    """Return the picture with the first ``count`` paths; ``prediction`` is drawn as a ghost."""
    left, right = _axes(now)
    parts: list[svg.Element] = [
        words(LEFT - 40, 22, "dy: gradient at each output", size=HEAD, bold=True),
        words(RIGHT - 42, 22, "dx: gradient at each input", size=HEAD, bold=True),
        words(RIGHT + 76, 46, "a bar as tall as its dy: all of it arrives", colour=QUIET),
        *left.draw(),
        *right.draw(),
        arrow(308, left.y(0), 366, left.y(0)),
        words(337, left.y(0) - 12, "backward", anchor="middle", colour=QUIET),
    ]
    for k, dy in enumerate(now.dy):
        x = LEFT + STEP * k - 14
        fill = CHANGED if NAMES[k] == change else FAINT
        parts.append(_bar(0, x, 28, left, float(dy), fill))
    dx = now.dx(count)
    for k in range(len(NAMES)):
        middle = RIGHT + APART * k
        for path in range(count):
            x = middle + BAR * (path - 1.5)
            parts.append(_bar(path, x, BAR, right, float(now.paths[path, k])))
        y = right.y(float(dx[k]))
        parts.append(line(middle - 30, y, middle + 28, y, INK, 3))
        parts.append(marker("diamond", middle + 28, y, 5, INK))
    if prediction:
        parts += _ghost(right, prediction)
    parts += [*_dy_table(now, change), *_dx_table(now, count)]
    return document(WIDTH, HEIGHT, parts, title, sentence)


def _axes(now: Backward) -> tuple[Axis, Axis]:
    """Return both axes: what passes on directly looks the same on either."""
    largest = max(LEAST, abs(now.dy).max(), abs(now.paths / now.inv_std).max())
    limit = 1.1 * -(-round(float(largest), 6) // 0.5) * 0.5
    return (
        Axis(LEFT - 28, LEFT + STEP * 4 + 20, limit),
        Axis(RIGHT - 40, RIGHT + APART * 4 + 36, limit * now.inv_std),
    )


def _bar(
    path: int, x: float, wide: float, axis: Axis, value: float, fill: str = FAINT
) -> svg.Element:
    """Draw a bar from 0: plain for the direct path, hatched for the mean, full for the variance."""
    y, tall = axis.y(max(value, 0.0)), abs(axis.y(0) - axis.y(value))
    if tall < 0.5:
        return group([])
    return _swatch(path, x, y, wide, tall, fill)


def _swatch(path: int, x: float, y: float, wide: float, tall: float, fill: str = FAINT) -> svg.G:
    if path != 1:
        return group([box(x, y, wide, tall, fill=BATCH if path else fill, edge=INK)])
    slants = []
    for shift in range(5, int(wide + tall), 6):
        start, end = max(0, shift - tall), min(shift, wide)
        slants.append((x + start, y + shift - start, x + end, y + shift - end))
    return group([box(x, y, wide, tall, fill=PAPER, edge=INK), strokes(slants, BATCH, 1.6)])


def _ghost(axis: Axis, prediction: dict[str, Any]) -> list[svg.Element]:
    """Draw what was predicted for S1 as a dashed line, and the sentence about the others."""
    guess = prediction["kept"]
    y, text = axis.y(guess), f"you: {guess:.3g}"
    parts = [words(RIGHT - 34, TOP - 10, text, bold=True)]
    if abs(guess) <= axis.limit:
        parts.append(line(RIGHT - 40, y, RIGHT + 34, y, GUESS, 3, [8, 4]))
    else:
        end, sign = (TOP, -1) if guess > 0 else (BOTTOM, 1)
        parts.append(arrow(RIGHT, end - 22 * sign, RIGHT, end, GUESS))
    return [
        *parts,
        line(30, HEIGHT - 17, 58, HEIGHT - 17, GUESS, 3, [8, 4]),
        words(66, HEIGHT - 12, "you predicted", bold=True),
        words(174, HEIGHT - 12, f"S1: {guess:.3g};  S2 to S5: {prediction['others']}"),
    ]


def _dy_table(now: Backward, change: str) -> list[svg.Element]:
    names = [
        words(LEFT + STEP * k, ROWS - 24, name, anchor="middle", bold=name == change)
        for k, name in enumerate(NAMES)
    ]
    return [
        *names,
        words(12, ROWS, "dy", bold=True),
        _cells(LEFT + 22, STEP, ROWS, now.dy, bold=True),
        words(12, ROWS + ROW, "x̂"),
        _cells(LEFT + 22, STEP, ROWS + ROW, now.x_hat),
    ]


def _dx_table(now: Backward, count: int) -> list[svg.Element]:
    top, last = ROWS - 24, ROWS + 3 * ROW + 6
    parts: list[svg.Element] = [
        *(
            words(RIGHT + APART * k, top, name, anchor="middle", bold=True)
            for k, name in enumerate(NAMES)
        ),
        words(SUM, top, "sum", anchor="end"),
        words(DOT, top, "· x̂", anchor="end"),
        line(306, last - 18, DOT, last - 18, QUIET),
    ]
    for path, label in enumerate(LABELS):
        y = ROWS + ROW * path
        on = path < count
        parts.append(_swatch(path, 308, y - 11, 14, 12))
        parts.append(words(328, y, label, colour=None if on else QUIET))
        if on:
            parts += _row(y, now.paths[path], now.x_hat)
    parts.append(line(304, last - 5, 324, last - 5, INK, 3))
    parts.append(marker("diamond", 324, last - 5, 5, INK))
    parts.append(words(334, last, "dx, their sum" if count > 1 else "dx", bold=True))
    return [*parts, *_row(last, now.dx(count), now.x_hat, bold=True)]


def _row(y: float, values: Any, x_hat: Any, bold: bool = False) -> list[svg.Element]:
    ends = [words(SUM, y, _cell(float(values.sum()))),
            words(DOT, y, _cell(float(values @ x_hat)))]  # fmt: skip
    weight = "bold" if bold else None
    return [
        _cells(RIGHT + 24, APART, y, values, bold),
        group(ends, text_anchor="end", font_weight=weight),
    ]


def _cells(x: float, apart: float, y: float, values: Sequence[float], bold: bool = False) -> svg.G:
    cells = [words(x + apart * k, y, _cell(float(value))) for k, value in enumerate(values)]
    return group(cells, text_anchor="end", font_weight="bold" if bold else None)


def _cell(value: float) -> str:
    """Write a number for the table; what is only rounding is 0."""
    return number(0.0 if abs(value) < 5e-4 else value)
