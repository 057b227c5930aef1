"""A small net as a strip of shapes: what has one entry per unit, what is learned, what is not."""

from __future__ import annotations

from collections.abc import Sequence

import svg

from bncourse.figures.drawing import arrow, box, document, hatched, line, words
from bncourse.figures.show import Static
from bncourse.figures.style import FEATURE, HEAD, INK, QUIET

WIDTH, HEIGHT = 880, 376
LEFT, WIDE, GAP = 82, 184, 76  # x of the first column, its width, distance between columns
TOP, ROW, TALL = 84, 38, 30  # y of the first array, distance to the next, height of one
LEARNED, BUFFER, IDLE = "learned and used", "buffer", "idle bias"
FILL = "#FBE3D3"  # vermillion, light enough for text on it


def net_strip(d_in: int = 784, hidden: int = 256, d_out: int = 10) -> Static:
    """Return Linear(d_in, hidden) -> BatchNorm1d(hidden) -> ReLU -> Linear(hidden, d_out).

    Learned arrays are filled, buffers are hatched, and the bias that BN makes useless is crossed
    out. All counts follow from the three widths.
    """
    first = [("weight", (hidden, d_in), LEARNED), ("bias", (hidden,), IDLE)]
    norm = [
        ("gamma", (hidden,), LEARNED),
        ("beta", (hidden,), LEARNED),
        ("running_mean", (hidden,), BUFFER),
        ("running_var", (hidden,), BUFFER),
        ("num_batches_tracked", (), BUFFER),
    ]
    last = [("weight", (d_out, hidden), LEARNED), ("bias", (d_out,), LEARNED)]
    columns = [
        (f"Linear({d_in}, {hidden})", first),
        (f"BatchNorm1d({hidden}), ReLU", norm),
        (f"Linear({hidden}, {d_out})", last),
    ]
    arrays = [array for _, column in columns for array in column]
    counts = {kind: _count(arrays, kind) for kind in (LEARNED, BUFFER, IDLE)}
    with_bias = counts[LEARNED] + counts[IDLE]
    caption = (
        f"Linear({d_in}, {hidden}), BatchNorm1d({hidden}), ReLU, Linear({hidden}, {d_out}). "
        f"The first bias, gamma, beta, running_mean and running_var have {hidden} entries each. "
        f"Parameters: {with_bias:,} numbers, {counts[LEARNED]:,} without the first "
        f"bias, which is idle because BN subtracts it with the mean. Buffers: {counts[BUFFER]}."
    )
    parts: list[svg.Element] = []
    widths = (d_in, hidden, hidden, d_out)
    for k, (title, column) in enumerate(columns):
        x = LEFT + (WIDE + GAP) * k
        parts += _flow(x, widths[k])
        parts.append(words(x + WIDE / 2, 68, title, anchor="middle", bold=True))
        for row, (name, shape, kind) in enumerate(column):
            parts += _array(x, TOP + ROW * row, f"{name} {_shape(shape)}".strip(), kind)
    parts += _flow(LEFT + (WIDE + GAP) * 3, widths[3])
    parts += _totals(counts, with_bias)
    name = f"Shapes in a net with {d_in} inputs, {hidden} hidden units and {d_out} outputs"
    return Static(document(WIDTH, HEIGHT, parts, name, caption), caption)


def _count(arrays: Sequence[tuple[str, tuple[int, ...], str]], wanted: str) -> int:
    total = 0
    for _, shape, kind in arrays:
        size = 1
        for axis in shape:
            size *= axis
        total += size if kind == wanted else 0
    return total


def _shape(shape: tuple[int, ...]) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else str(shape) if shape else "()"


def _flow(x: float, width: int) -> list[svg.Element]:
    """Draw the data's shape and the arrow into the column at x."""
    return [
        words(x - GAP / 2, 34, f"(N, {width})", anchor="middle", colour=INK, size=HEAD),
        arrow(x - GAP / 2 - 26, 46, x - GAP / 2 + 26, 46),
    ]


def _array(x: float, y: float, text: str, kind: str) -> list[svg.Element]:
    """Draw one array as a bar that also says by fill, hatch or cross what kind it is."""
    label = words(x + WIDE / 2, y + 20, text, anchor="middle")
    if kind == BUFFER:
        plate = box(x + 12, y + 4, WIDE - 24, TALL - 8)
        return [hatched(x, y, WIDE, TALL, FEATURE), plate, label]
    if kind == IDLE:
        strike = line(x + 40, y + 15, x + WIDE - 40, y + 15, INK, 2)
        return [box(x, y, WIDE, TALL, edge=INK, thick=1.5, dash=[5, 4]), label, strike]
    return [box(x, y, WIDE, TALL, fill=FILL, edge=FEATURE, thick=1.5), label]


def _totals(counts: dict[str, int], with_bias: int) -> list[svg.Element]:
    y = 316
    parts: list[svg.Element] = [line(12, y - 24, WIDTH - 12, y - 24, QUIET)]
    for k, kind in enumerate((LEARNED, BUFFER, IDLE)):
        x = LEFT + (WIDE + GAP) * k
        swatch = {
            LEARNED: [box(x, y - 12, 34, 16, fill=FILL, edge=FEATURE, thick=1.5)],
            BUFFER: [hatched(x, y - 12, 34, 16, FEATURE)],
            IDLE: [
                box(x, y - 12, 34, 16, edge=INK, dash=[5, 4]),
                line(x, y - 4, x + 34, y - 4, INK),
            ],
        }[kind]
        parts += [*swatch, words(x + 44, y + 2, f"{kind}: {counts[kind]:,} numbers")]
    note = (
        f"With the idle bias the net has {with_bias:,} parameters. BN subtracts that bias with the "
        f"mean: no output depends on it."
    )
    return [*parts, words(12, y + 40, note)]
