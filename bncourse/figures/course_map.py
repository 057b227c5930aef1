"""The lessons as a map: the order, and the one question that each answers."""

from __future__ import annotations

from collections.abc import Collection

import svg

from bncourse.figures.drawing import arrow, box, document, words
from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FAINT, INK, PAPER, QUIET

CAPSTONE = 11
# The number, the stem every file of the lesson carries, and its question in short lines.
LESSONS = (
    (0, "start_here", ("How does this course work,", "and what do I know already?")),
    (1, "mini_batches", ("What does one update see", "of the data?")),
    (2, "input_normalisation", ("Why does gradient descent", "care about units?")),
    (3, "batch_norm", ("What does batch", "normalisation compute?")),
    (4, "backprop", ("How do gradients pass", "through the statistics?")),
    (5, "inference", ("What happens when there", "is no batch?")),
    (6, "convolution", ("Who shares a mean", "in an image?")),
    (7, "why_it_works", ("Which explanations", "survive a test?")),
    (8, "where_it_breaks", ("When do batch statistics", "mislead?")),
    (9, "layer_norm", ("What if each sample", "is its own set?")),
    (10, "group_norm", ("Which normaliser", "for which job?")),
    (CAPSTONE, "capstone", ("Can I find and mend", "a broken normaliser?")),
)
WIDTH, HEIGHT = 900, 408
ACROSS, WIDE, TALL = 4, 198, 96
LEFT, TOP, GAP, DOWN = 12, 48, 28, 122  # first box, distance between boxes, between rows


def course_map(done: Collection[int] = ()) -> Static:
    """Return the map; lessons whose number is not in ``done`` are drawn lighter, as planned.

    The lessons have the numbers 0 to 10, the capstone has 11.
    """
    title = "From one mini-batch to choosing a normaliser"
    parts: list[svg.Element] = [words(LEFT, 28, title, size=18, bold=True)]
    for k, (number, stem, question) in enumerate(LESSONS):
        parts += _lesson(k, _label(number), stem, question, number in done)
        if k + 1 < len(LESSONS):
            parts.append(_road(k))
    ready = [_label(number) or stem for number, stem, _ in LESSONS if number in done]
    planned = [_label(number) or stem for number, stem, _ in LESSONS if number not in done]
    questions = [f"{_label(n)} {stem}: {' '.join(lines)}".strip() for n, stem, lines in LESSONS]
    caption = f"The lessons in order. {' '.join(questions)}"
    caption += f" Ready: {', '.join(ready) or 'none'}. Planned: {', '.join(planned) or 'none'}."
    return Static(document(WIDTH, HEIGHT, parts, "Map of the course", caption), caption)


def _label(number: int) -> str:
    return "" if number == CAPSTONE else f"{number:02d}"


def _place(k: int) -> tuple[float, float]:
    """Return the corner of box k; every other row runs backwards, so the road never jumps."""
    row, column = divmod(k, ACROSS)
    column = ACROSS - 1 - column if row % 2 else column
    return LEFT + (WIDE + GAP) * column, TOP + DOWN * row


def _lesson(
    k: int, label: str, stem: str, question: tuple[str, str], ready: bool
) -> list[svg.Element]:
    x, y = _place(k)
    head = PAPER if ready else QUIET
    edge, dash = (BATCH, None) if ready else (FAINT, [5.0, 4.0])
    return [
        box(x, y, WIDE, TALL, edge=edge, thick=2, dash=dash),
        box(x, y, WIDE, 30, fill=BATCH if ready else "#F0F0F0"),
        words(x + 10, y + 20, f"{label}  {stem}".strip(), colour=head, bold=True),
        *(
            words(x + 10, y + 52 + 18 * i, text, colour=INK if ready else QUIET)
            for i, text in enumerate(question)
        ),
        *([] if ready else [words(x + WIDE - 8, y + 90, "planned", anchor="end", colour=QUIET)]),
    ]


def _road(k: int) -> svg.Element:
    (x, y), (next_x, next_y) = _place(k), _place(k + 1)
    if y != next_y:
        return arrow(x + WIDE / 2, y + TALL + 3, x + WIDE / 2, next_y - 3)
    if next_x > x:
        return arrow(x + WIDE + 3, y + TALL / 2, next_x - 3, y + TALL / 2)
    return arrow(x - 3, y + TALL / 2, next_x + WIDE + 3, y + TALL / 2)
