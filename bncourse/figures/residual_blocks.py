"""Post-LN and pre-LN: where the layer norms of a transformer block stand."""

from __future__ import annotations

import svg

from bncourse.figures.drawing import arrow, box, document, group, line, strokes, words
from bncourse.figures.show import Static
from bncourse.figures.style import FEATURE, HEAD, INK, PAPER, QUIET

WIDTH, HEIGHT = 880, 558
PANELS = (12, 456)  # x of the two blocks
STREAM, BRANCH, BOX = 92, 292, 190  # x of the stream and of the branches' middle; width of a box
TOP, BOTTOM = 66, 474  # y where the stream ends and begins
# y where a branch leaves the stream and where it is added back.
ATTENTION, FEED = (454, 338), (276, 132)
ON_STREAM = (294, 84)  # y of the layer norms on the stream
NORM = 28  # height of a layer norm
LN_FILL = "#FBE3D3"  # vermillion, light enough for text on it
FEED_LINES = ("Linear", "ReLU", "Linear")


def residual_blocks() -> Static:
    """Return one block of each kind, its input below and its output above.

    Post-LN is the block of Vaswani et al. 2017 (arXiv 1706.03762, section 3.1); Xiong et al. 2020
    (arXiv 2002.04745) compare it with pre-LN.
    """
    notes = (
        "LN takes mean and sd over the H units of one token: no batch, no running statistics, the "
        "same in training and",
        "evaluation. In pre-LN nothing ever normalises the stream itself, so one LN follows the "
        "last block.",
    )
    parts: list[svg.Element] = [
        *_post_ln(PANELS[0]),
        line(440, 14, 440, 498, QUIET),
        *_pre_ln(PANELS[1]),
        *(words(12, 526 + 21 * k, text) for k, text in enumerate(notes)),
    ]
    caption = (
        "Two transformer blocks, drawn from bottom to top. In each a residual stream, a thick "
        "straight line, has two branches that leave it and are added back: self-attention, then "
        "feed-forward (Linear, ReLU, Linear). Post-LN: a layer norm on the stream after each of "
        "the two sums, so that every block hands on normalised numbers. Pre-LN: a layer norm at "
        "the start of each branch; the stream is only added to and never normalised, so one more "
        "layer norm follows the last block. Layer norm has no running statistics."
    )
    name = "Where layer norm stands in a transformer block: post-LN and pre-LN"
    return Static(document(WIDTH, HEIGHT, parts, name, caption), caption)


def _post_ln(left: float) -> list[svg.Element]:
    x = left + STREAM
    return [
        *_titles(left, "Post-LN: norms on the stream", "x = LN(x + branch(x))"),
        _stream(x),
        *_branch(left, *ATTENTION, norm=False, lines=("self-attention",)),
        *_norm(x, ON_STREAM[0]),
        *_branch(left, *FEED, norm=False, lines=FEED_LINES),
        *_norm(x, ON_STREAM[1]),
        words(x + 74, ON_STREAM[1] + 19, "in every block", colour=QUIET),
        words(x + 74, ON_STREAM[0] + 19, "in every block", colour=QUIET),
    ]


def _pre_ln(left: float) -> list[svg.Element]:
    x = left + STREAM
    return [
        *_titles(left, "Pre-LN: norms in the branches", "x = x + branch(LN(x))"),
        _stream(x),
        *_branch(left, *ATTENTION, norm=True, lines=("self-attention",)),
        *_branch(left, *FEED, norm=True, lines=FEED_LINES),
        *_norm(x, ON_STREAM[1], last=True),
        words(x + 74, ON_STREAM[1] + 19, "once, after the last block", colour=QUIET),
    ]


def _titles(left: float, title: str, formula: str) -> list[svg.Element]:
    x = left + STREAM
    return [
        words(left, 24, title, size=HEAD, bold=True),
        words(left, 46, formula),
        words(x, BOTTOM + 20, "x: N samples, T tokens, H units", colour=QUIET),
    ]


def _stream(x: float) -> svg.G:
    head = svg.Polygon(points=[x, TOP - 8, x - 11, TOP + 10, x + 11, TOP + 10], fill=INK)
    return group([line(x, BOTTOM, x, TOP + 8, INK, 7), head])


def _branch(
    left: float, start: float, end: float, *, norm: bool, lines: tuple[str, ...]
) -> list[svg.Element]:
    """Draw a branch that leaves the stream at y = start and is added back at y = end."""
    stream, middle = left + STREAM, left + BRANCH
    tall = 30 + 28 * (len(lines) - 1)
    gap = 10
    total = tall + (NORM + gap if norm else 0)
    top = (start + end - total) / 2
    parts: list[svg.Element] = [
        strokes([(stream, start, middle, start), (middle, start, middle, end)], QUIET, 1.8),
        arrow(middle, end, stream + 13, end),
        svg.Circle(cx=stream, cy=end, r=12, fill=PAPER, stroke=INK, stroke_width=2),
        strokes([(stream - 7, end, stream + 7, end), (stream, end - 7, stream, end + 7)], INK, 2),
        box(middle - BOX / 2, top, BOX, tall, edge=INK, thick=1.5, round_by=4),
    ]
    if norm:
        parts += _norm(middle, top + tall + gap)
    at = middle
    if len(lines) > 1:
        at += 48
        parts.append(words(middle - BOX / 2 + 10, top + tall / 2 + 5, "feed-forward:"))
    for k, text in enumerate(lines):
        y = top + 28 * k
        if text == "ReLU":
            parts.append(box(at - 34, y + 3, 68, 24, edge=INK, dash=[4, 3], round_by=12))
        parts.append(words(at, y + 20, text, anchor="middle"))
    return parts


def _norm(x: float, y: float, *, last: bool = False) -> list[svg.Element]:
    """Draw a layer norm around x, its top at y; the last one of a net with a dashed edge."""
    dash = [6, 4] if last else None
    return [
        box(x - 60, y, 120, NORM, fill=LN_FILL, edge=FEATURE, thick=2.5, dash=dash, round_by=4),
        words(x, y + 19, "layer norm", anchor="middle", bold=True),
    ]
