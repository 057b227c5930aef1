"""How (N, C, H, W) becomes a table with a column per channel and back, and a reshape that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import svg

from bncourse.figures.drawing import arrow, box, document, group, words
from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, CHANGED, FEATURE, HEAD, INK, QUIET, number, numbers
from bncourse.layers.batch_norm import batchnorm_forward

SHAPE = (2, 3, 2, 2)  # N, C, H, W
FOLLOWED = 17  # the cell that is marked in every stage
TONES = ("#FFFFFF", "#F9DCC8", "#EFAE82")  # one for each channel, light enough for text on them

WIDTH, HEIGHT = 900, 548
SHORT, MIDDLE, LONG, CELL = 30, 34, 42, 22  # widths of a cell, by its digits, and its height
TENSOR, TABLE, NORMED, BACK = 54, 332, 472, 636  # x of the four stages
TOP, BELOW, APART = 96, 340, 8  # y of the right way and of the trap; between two grids


@dataclass(frozen=True)
class Way:
    """A table (rows, C) of x, the cell each entry comes from, and what BN makes of it.

    ``back`` is the normalised table in the shape of x again.
    """

    table: np.ndarray
    normed: np.ndarray
    back: np.ndarray


def two_ways() -> tuple[np.ndarray, Way, Way]:
    """Return x, whose numbers are 0, 1, 2, … in memory order, the right way and the trap."""
    x = np.arange(np.prod(SHAPE), dtype=float).reshape(SHAPE)
    n, c, h, w = SHAPE
    table = x.transpose(0, 2, 3, 1).reshape(-1, c)
    normed = _lesson_03(table)
    right = Way(table, normed, normed.reshape(n, h, w, c).transpose(0, 3, 1, 2))
    mixed = x.reshape(-1, c)
    normed = _lesson_03(mixed)
    return x, right, Way(mixed, normed, normed.reshape(SHAPE))


def reshape_picture() -> Static:
    """Return numbered cells on their way through lesson 03's BN, and below a table that is wrong.

    Above, the channel axis goes last before the reshape; below it does not.
    """
    x, right, trap = two_ways()
    gap = float(np.abs(trap.back - right.back).max())
    first = [_channel_of(int(cell)) for cell in trap.table[:, 0]]
    heads = (
        (12, "x, numbered cells", f"(N, C, H, W) = {SHAPE}"),
        (TABLE - 50, "C last, then a table", f"(N·H·W, C) = {right.table.shape}"),
        (NORMED, "BN of lesson 03", "each column alone"),
        (BACK, "back again", "x̂, every channel with mean 0"),
    )
    parts: list[svg.Element] = []
    for left, title, below in heads:
        parts += [words(left, 24, title, size=HEAD, bold=True), words(left, 45, below)]
    parts += [*_tensor(TENSOR, TOP + 20, SHORT, x, x), *_way(TOP, right, x)]
    parts += _row_names()
    middle = TOP + CELL * len(right.table) / 2
    parts.append(arrow(TENSOR + 6 * SHORT + 2 * APART + 6, middle, TABLE - 50, middle))
    said = (
        "The shape is right, the order is not:",
        "three neighbours in memory make a row,",
        f"so column 0 holds channels {_listed(first)}.",
        f"x̂ is off by up to {number(gap, 2)}.",
    )
    trap_head = f"The trap: x.reshape(-1, {SHAPE[1]})"
    parts.append(words(12, BELOW - 16, trap_head, size=HEAD, bold=True))
    parts += [words(12, BELOW + 22 + 22 * k, text) for k, text in enumerate(said)]
    parts += [*_legend(12, BELOW + 130), *_way(BELOW, trap, x)]
    place = tuple(int(at) for at in np.unravel_index(FOLLOWED, SHAPE))
    caption = (
        f"x of shape {SHAPE} holds 0 to {x.size - 1}. With the channel axis moved last the table "
        f"{right.table.shape} has the column means {numbers(right.table.mean(0))}, those of the "
        f"channels. x.reshape(-1, {SHAPE[1]}) gives a table of the same shape with the column "
        f"means {numbers(trap.table.mean(0))}; its column 0 holds channels {_listed(first)}. "
        f"After the trap the channels' means are {numbers(trap.back.mean((0, 2, 3)), 2)} instead "
        f"of 0, and x_hat is off by up to {number(gap, 2)}. Cell {FOLLOWED}, x{list(place)}, "
        f"becomes {number(right.back[place], 2)}, in the trap {number(trap.back[place], 2)}."
    )
    name = "From (N, C, H, W) to a table with a column per channel and back, and a wrong reshape"
    return Static(document(WIDTH, HEIGHT, parts, name, caption), caption)


def _lesson_03(table: np.ndarray) -> np.ndarray:
    columns = table.shape[1]
    return batchnorm_forward(table, np.ones(columns), np.zeros(columns))[0]


def _channel_of(cell: int) -> int:
    return int(np.unravel_index(cell, SHAPE)[1])


def _listed(channels: Sequence[int]) -> str:
    distinct = [str(channel) for channel in sorted(set(channels))]
    return f"{', '.join(distinct[:-1])} and {distinct[-1]}"


def _way(y: float, way: Way, x: np.ndarray) -> list[svg.Element]:
    """Draw the table, the normalised table and the tensor it becomes, with their means."""
    rows = len(way.table)
    foot = y + CELL * rows + 18
    middle = y + CELL * rows / 2
    columns = way.table.shape[1]
    return [
        *_grid(TABLE, y, MIDDLE, way.table, way.table),
        *_grid(NORMED, y, LONG, way.normed, way.table),
        *_tensor(BACK, y + 20, LONG - 2, way.back, x),
        words(TABLE - 8, foot, "mean", anchor="end"),
        *_means(TABLE, foot, MIDDLE, way.table.mean(0)),
        *_means(NORMED, foot, LONG, way.normed.mean(0)),
        *_means(BACK, y + 144, 2 * LONG - 4 + APART, way.back.mean((0, 2, 3)), "mean "),
        arrow(TABLE + columns * MIDDLE + 6, middle, NORMED - 6, middle),
        arrow(NORMED + columns * LONG + 6, middle, BACK - 6, middle),
    ]


def _tensor(left: float, top: float, wide: float, values: np.ndarray, x: np.ndarray) -> list:
    """Draw (N, C, H, W) as a row of grids for each image, with the names of the channels."""
    parts: list[svg.Element] = []
    images, channels, height, width = SHAPE
    for c in range(channels):
        at = left + (wide * width + APART) * c
        middle = at + wide * width / 2
        parts.append(words(middle, top - 7, f"c = {c}", colour=FEATURE, anchor="middle"))
        for n in range(images):
            y = top + (CELL * height + 18) * n
            parts += _grid(at, y, wide, values[n, c], x[n, c])
            if left == TENSOR and c == 0:
                y += CELL * height / 2 + 5
                parts.append(words(at - 8, y, f"n = {n}", colour=BATCH, anchor="end"))
    return parts


def _grid(x: float, y: float, wide: float, values: np.ndarray, cells: np.ndarray) -> list:
    """Draw (rows, columns) numbers; ``cells`` says which cell each one is, and so its channel."""
    rows, columns = values.shape
    fills: dict[int, list] = {c: [] for c in range(1, SHAPE[1])}
    texts, marked = [], []
    for (r, k), value in np.ndenumerate(values):
        left, top = x + wide * k, y + CELL * r
        cell = int(cells[r, k])
        if cell == FOLLOWED:
            marked.append(box(left, top, wide, CELL, fill=CHANGED, edge=INK, thick=2.5))
        elif _channel_of(cell):
            start = svg.MoveTo(left, top + CELL // 2)
            fills[_channel_of(cell)] += [start, svg.HorizontalLineToRel(wide)]
        texts.append(words(left + wide / 2, top + 16, number(value, 2)))
    lines: list[svg.PathData] = []
    for r in range(rows + 1):
        lines += [svg.MoveTo(x, y + CELL * r), svg.HorizontalLineToRel(wide * columns)]
    for k in range(columns + 1):
        lines += [svg.MoveTo(x + wide * k, y), svg.VerticalLineToRel(CELL * rows)]
    return [
        *(
            svg.Path(d=runs, stroke=TONES[channel], stroke_width=CELL, fill="none")
            for channel, runs in fills.items()
            if runs
        ),
        svg.Path(d=lines, stroke=QUIET, fill="none"),
        *marked,
        group(texts, text_anchor="middle"),
    ]


def _means(x: float, y: float, pitch: float, values: np.ndarray, name: str = "") -> list:
    middle = x + (pitch - APART if name else pitch) / 2
    texts = [
        words(middle + pitch * k, y, f"{name}{number(round(value, 9), 2)}")
        for k, value in enumerate(values)  # rounded: -1e-17 is 0
    ]
    return [group(texts, text_anchor="middle", font_weight="bold")]


def _row_names() -> list[svg.Element]:
    """Name the rows of the upper table by image and pixel."""
    images, _, height, width = SHAPE
    names = [f"{n},{h},{w}" for n, h, w in np.ndindex(images, height, width)]
    texts = [words(TABLE - 8, TOP + 16 + CELL * k, name) for k, name in enumerate(names)]
    head = words(TABLE - 8, TOP - 8, "n,h,w")
    return [group([head, *texts], text_anchor="end", fill=QUIET)]


def _legend(x: float, y: float) -> list[svg.Element]:
    parts: list[svg.Element] = []
    for c, tone in enumerate(TONES):
        parts.append(box(x + 88 * c, y - 13, 26, 18, fill=tone, edge=QUIET))
        parts.append(words(x + 88 * c + 34, y, f"c = {c}", colour=FEATURE))
    parts.append(box(x, y + 17, 26, 18, fill=CHANGED, edge=INK, thick=2.5))
    parts.append(words(x + 34, y + 31, f"follow cell {FOLLOWED}"))
    return parts
