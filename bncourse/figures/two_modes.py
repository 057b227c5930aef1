"""The two modes of a BN layer and what each does, and a third call that changes neither."""

from __future__ import annotations

import svg

from bncourse.figures.drawing import box, document, group, line, words
from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FEATURE, HEAD, INK, QUIET

# Columns: the question, both modes, and what is no mode. Cells are lines of text.
CALLS = ("train()", "eval()", "torch.no_grad()")
WHAT = ("training mode", "evaluation mode", "no mode, and sets none")
COLOURS = (BATCH, FEATURE, QUIET)
ROWS = (
    (
        ("x is", "normalised by"),
        ("mean and variance", "of this batch"),
        ("running_mean", "and running_var"),
        ("what the mode says:", "no change"),
    ),
    (
        ("the running", "averages are"),
        ("updated with", "this batch"),
        ("read,", "not changed"),
        ("still updated", "in training mode"),
    ),
    (
        ("one sample", "alone, (1, D)"),
        ("✗ ValueError: needs", "more than one value"),
        ("✓ fine: the averages", "are there already"),
        ("✗ still a ValueError", "in training mode"),
    ),
)
LEFT, TOP = 12, 12
HEADER, ROW = 62, 66  # heights
FIRST, COLUMN = 142, 240  # widths
RIGHT = LEFT + FIRST + 3 * COLUMN - 12
WIDTH = RIGHT + LEFT
HEIGHT = TOP + HEADER + len(ROWS) * ROW + 46


def two_modes() -> Static:
    """Return a table: what normalises, whether the averages move, and what one sample does."""
    parts: list[svg.Element] = []
    for column, (call, what, colour) in enumerate(zip(CALLS, WHAT, COLOURS, strict=True)):
        x = _x(column)
        dash = [6, 4] if column == 2 else None
        tall = HEADER + len(ROWS) * ROW
        parts.append(box(x, TOP, COLUMN - 12, tall, edge=colour, thick=2, dash=dash, round_by=6))
        parts.append(words(x + 14, TOP + 25, call, size=HEAD, bold=True))
        parts.append(words(x + 14, TOP + 47, what, colour=QUIET))
    for row, cells in enumerate(ROWS):
        y = TOP + HEADER + ROW * row
        parts.append(line(LEFT, y, RIGHT, y, QUIET, 1))
        for column, lines in enumerate(cells, start=-1):
            x = LEFT if column < 0 else _x(column) + 14
            bold = column < 0
            texts = [words(x, y + 28 + 20 * k, text, bold=bold) for k, text in enumerate(lines)]
            parts.append(group(texts, fill=QUIET if column == 2 else INK))
    note = "torch.no_grad() only leaves out what a backward pass would need."
    parts.append(words(LEFT, HEIGHT - 16, note))
    told = [
        f"{' '.join(row[0])}: "
        + "; ".join(f"{call} {' '.join(cell)}" for call, cell in zip(CALLS, row[1:], strict=True))
        for row in ROWS
    ]
    caption = f"{'. '.join(each[0].upper() + each[1:] for each in told)}. {note}"
    return Static(document(WIDTH, HEIGHT, parts, "The two modes of batch norm", caption), caption)


def _x(column: int) -> float:
    return LEFT + FIRST + COLUMN * column
