"""How DealTheDeck looks: rows of tiles, the counter beside them, the number line below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import svg

from bncourse.figures.drawing import (
    arrow,
    box,
    document,
    group,
    line,
    marker,
    strokes,
    words,
)
from bncourse.figures.style import (
    BATCH,
    CHANGED,
    FAINT,
    GUESS,
    INK,
    PAPER,
    QUIET,
    nice_range,
    number,
)

WIDTH, HEIGHT = 880, 446
TILE, TALL, PIXEL = 41, 51, 4  # a tile, and one of the 8 x 8 pixels in it
PITCH, ROW, PER_COLUMN, COLUMN = 45, 56, 4, 215  # distances of tiles, rows, columns of rows
LEFT, TOP = 84, 36  # corner of the first tile
PANEL, SLOT = 684, 16  # x of the counter, and the width of one of its slots
AXIS, LOW, HIGH = 340, 190, 860  # the number line: y, and x of its ends
TRACK = 23  # distance between the arrows below it
LEVELS = ((4, "#9A9A9A"), (10, INK))  # ink from 0 to 16 in two tones, to keep pictures small


@dataclass(frozen=True)
class Deal:
    """One epoch: the batches, the images dropped, and the gradients that belong to them.

    ``pixels`` are (n, 8, 8), ``gradients`` those of the images, (n,), and ``means`` those of the
    batches; ``full``, ``plain`` and ``weighted`` are the gradient of all images and the two
    averages of ``means``.
    """

    batch_size: int
    batches: list[np.ndarray]
    dropped: list[int]
    pixels: np.ndarray
    gradients: np.ndarray
    means: np.ndarray
    full: float
    plain: float
    weighted: float

    @property
    def alone(self) -> list[int]:
        """The batches, from 0, that hold a single image."""
        return [k for k, batch in enumerate(self.batches) if len(batch) == 1]


def picture(now: Deal, prediction: dict[str, Any] | None, title: str, sentence: str) -> svg.SVG:
    """Return the whole picture of one epoch."""
    parts = [*_rows(now), *_counter(now, prediction), *_number_line(now)]
    return document(WIDTH, HEIGHT, parts, title, sentence)


def _rows(now: Deal) -> list[svg.Element]:
    head = "Each row is a batch; to its right, the mean of its images' gradients"
    parts: list[svg.Element] = [words(12, 24, head, colour=QUIET)]
    placed: dict[int, tuple[float, float]] = {}
    for k, (batch, mean) in enumerate(zip(now.batches, now.means, strict=True)):
        x, y = _corner(k)
        parts.append(words(x - 72, y + 31, f"batch {k + 1}", colour=BATCH))
        placed |= {int(image): (x + PITCH * place, y) for place, image in enumerate(batch)}
        x += PITCH * len(batch) + 8
        parts.append(words(x, y + 31, number(float(mean), 2), colour=BATCH, bold=True))
    parts += _tiles(placed, now.pixels, BATCH, INK)
    if now.dropped:
        x, y = _corner(len(now.batches))
        parts.append(words(x - 72, y + 31, "dropped", colour=QUIET))
        gone = {image: (x + PITCH * place, y) for place, image in enumerate(now.dropped)}
        parts += _tiles(gone, now.pixels, QUIET, QUIET, dash="4 3")
    return parts


def _corner(row: int) -> tuple[float, float]:
    column, down = divmod(row, PER_COLUMN)
    return LEFT + COLUMN * column, TOP + ROW * down


def _tiles(
    placed: dict[int, tuple[float, float]],
    pixels: np.ndarray,
    edge: str,
    colour: str,
    dash: str | None = None,
) -> list[svg.Element]:
    """Draw images by number at their corners; dashed ones are drawn in one pale tone."""
    frames = [box(x, y, TILE, TALL, round_by=3) for x, y in placed.values()]
    names = [words(x + TILE / 2, y + 47, str(image + 1)) for image, (x, y) in placed.items()]
    levels = [(LEVELS[0][0], FAINT)] if dash else LEVELS
    return [
        group(frames, stroke=edge, stroke_dasharray=dash),
        *(_ink(placed, pixels, level, tone) for level, tone in levels),
        group(names, text_anchor="middle", fill=colour),
    ]


def _ink(
    placed: dict[int, tuple[float, float]], pixels: np.ndarray, level: int, tone: str
) -> svg.Element:
    """Draw all pixels with at least that much ink, each run along a row as one stroke."""
    path: list[svg.PathData] = []
    for image, (x, y) in placed.items():
        for row, inked in enumerate(pixels[image] >= level):
            edges = np.flatnonzero(np.diff(np.r_[0, inked.astype(int), 0]))
            for start, end in edges.reshape(-1, 2):
                left, middle = x + 5 + PIXEL * int(start), y + 3 + PIXEL * (row + 0.5)
                path += [
                    svg.MoveTo(left, int(middle)),
                    svg.HorizontalLineToRel(PIXEL * int(end - start)),
                ]
    return svg.Path(d=path, stroke=tone, stroke_width=PIXEL, fill="none")


def _counter(now: Deal, prediction: dict[str, Any] | None) -> list[svg.Element]:
    """Draw the updates as filled slots, with the sum they come from, and what was predicted."""
    count, size, updates = len(now.gradients), now.batch_size, len(now.batches)
    share = number(count / size, 2)
    total = f"{count} / {size} = {share}"
    if count % size:
        total += f", so {updates}"
    slots = [box(PANEL + SLOT * k, 76, SLOT - 3, 18) for k in range(count)]
    filled = [box(PANEL + SLOT * k, 76, SLOT - 3, 18, fill=BATCH) for k in range(updates)]
    seen = count - len(now.dropped)
    parts: list[svg.Element] = [
        words(PANEL, 24, "updates in this epoch", bold=True),
        words(PANEL, 62, str(updates), size=32, bold=True, colour=BATCH),
        words(PANEL + 48, 60, total),
        group(slots, stroke=FAINT),
        *filled,
        words(PANEL, 143 if prediction else 120, f"images seen: {seen} of {count}"),
    ]
    if prediction:
        parts += _ghost(prediction, count)
    if now.alone:
        which = f"Batch {now.alone[0] + 1} holds" if len(now.alone) == 1 else "Each batch holds"
        lines = [f"{which} one image:", "the batch-norm layer of", "lesson 03 will refuse that."]
        parts.append(box(PANEL - 8, 196, 200, 64, fill=PAPER, edge=INK, thick=1.5))
        parts.append(box(PANEL - 8, 196, 8, 64, fill=CHANGED, edge=INK, thick=1.5))
        parts += [words(PANEL + 6, 214 + 19 * k, text) for k, text in enumerate(lines)]
    return parts


def _ghost(prediction: dict[str, Any], count: int) -> list[svg.Element]:
    """Draw the predicted number of updates at the slots, and the predicted batch of one."""
    updates = prediction["updates"]
    x = PANEL + SLOT * min(updates, count + 0.4) - 1.5
    beyond = " ▶" if updates > count else ""
    return [
        line(x, 70, x, 104, GUESS, 3, [6, 3]),
        words(PANEL, 121, f"you, for size 5: {updates:.3g}{beyond}", bold=True),
        line(PANEL, 162, PANEL + 24, 162, GUESS, 3, [6, 3]),
        words(PANEL + 30, 167, "you predicted a batch"),
        words(PANEL + 30, 186, f"of one at size {prediction['lonely']}"),
    ]


def _number_line(now: Deal) -> list[svg.Element]:
    """Draw the gradients on an axis, batches above images, and three arrows from 0 below it."""
    lowest, highest = float(now.gradients.min()), float(now.gradients.max())
    low, high, step = nice_range((lowest, highest))

    def place(value: float) -> float:
        return LOW + (HIGH - LOW) * (value - lowest + 1) / (highest - lowest + 2)

    ticks = [t for t in np.arange(low, high + step / 2, step) if lowest - 1 <= t <= highest + 1]
    xs = [place(float(mean)) for mean in now.means]
    labels = _apart(xs, 20, LOW, HIGH)
    sizes = [len(batch) for batch in now.batches]
    guide = place(now.full)
    parts: list[svg.Element] = [
        line(12, AXIS - 68, WIDTH - 12, AXIS - 68, FAINT),
        words(12, AXIS - 26, "gradients of batches", colour=BATCH),
        words(12, AXIS + 2, "and of images", colour=QUIET),
        line(LOW, AXIS, HIGH, AXIS, QUIET),
        strokes([(place(g), AXIS - 6, place(g), AXIS + 6) for g in now.gradients], QUIET, 2),
        group([words(place(t), AXIS + 21, number(float(t))) for t in ticks],
              text_anchor="middle", fill=QUIET),
        line(guide, AXIS - 46, guide, AXIS + 44 + 2 * TRACK + 8, INK, 1, [2, 3]),
        strokes([(x, AXIS - 26, at, AXIS - 45) for x, at in zip(xs, labels, strict=True)], FAINT),
        group([marker("circle", x, AXIS - 26, round(4 * size**0.5, 1), BATCH)
               for x, size in zip(xs, sizes, strict=True)]),
        group([words(at, AXIS - 49, str(k + 1)) for k, at in enumerate(labels)],
              text_anchor="middle", fill=BATCH),
    ]  # fmt: skip
    tracks = [
        ("full gradient", now.full, INK, None),
        ("plain average", now.plain, BATCH, [5, 3]),
        ("size-weighted average", now.weighted, BATCH, None),
    ]
    for k, (name, value, colour, dash) in enumerate(tracks):
        y = AXIS + 46 + TRACK * k
        end, off = place(value), value - now.full
        text = number(value, 2)
        if k and abs(off) < 1e-9 * abs(now.full):
            text += ", the full gradient"
        elif k:
            text += f", off by {'+' if off > 0 else ''}{number(off, 2)}"
        parts.append(words(12, y + 5, name, colour=colour))
        parts.append(_from_zero(y, place(0), end, colour, dash))
        parts.append(words(max(end, guide) + 12, y + 5, text, colour=colour, bold=True))
    return parts


def _from_zero(
    y: float, start: float, end: float, colour: str, dash: list[float] | None
) -> svg.Element:
    """Draw an arrow, or a diamond where it would be shorter than its head."""
    if abs(end - start) <= 12:
        return marker("diamond", end, y, 5, colour)
    shaft = end - 9 * np.sign(end - start)
    head = arrow(start, y, end, y, colour)
    if not dash:
        return head
    return group([line(start, y, shaft, y, colour, 1.8, dash), head.elements[1]])


def _apart(places: list[float], least: float, low: float, high: float) -> list[float]:
    """Return places for labels: near their own, at least ``least`` apart, between low and high."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    # Least squares under the order: pool neighbours that come too close, as stacks of labels.
    stacks: list[list[float]] = []  # [sum of wanted starts, labels in the stack]
    for rank, i in enumerate(order):
        stacks.append([places[i] - least * rank, 1])
        while len(stacks) > 1 and stacks[-1][0] / stacks[-1][1] < stacks[-2][0] / stacks[-2][1]:
            total, many = stacks.pop()
            stacks[-1] = [stacks[-1][0] + total, stacks[-1][1] + many]
    starts = [total / many for total, many in stacks for _ in range(int(many))]
    limit = high - least * (len(places) - 1)
    placed = [0.0] * len(places)
    for rank, (i, start) in enumerate(zip(order, starts, strict=True)):
        placed[i] = min(max(start, low), limit) + least * rank
    return placed
