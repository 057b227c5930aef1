"""Blocks with a mistake in each half: every first half with every second one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from bncourse.grading.task import Misconception

# What is wrong in a half, in words, and the lines that make it.
FIRST = {
    "post": ("the sum of stream and attention is normalised, as in post-LN", "F C"),
    "both": ("normalised before attention and again after the sum", "D M C"),
    "bare": ("attention gets the stream as it is", "F K"),
    "stream": ("attention is added to the normalised x, not to the stream", "E F K"),
    "batch": ("the tokens share one mean, as in batch norm", "N M K"),
    "no residual": ("what came in is lost, only attention goes on", "D M P"),
    "not added": ("what attention gives never reaches the stream", "D M"),
}
SECOND = {
    "post": ("the sum of stream and feed-forward is normalised, as in post-LN", "L H"),
    "both": ("normalised before the feed-forward layer and again after the sum", "G B H"),
    "bare": ("the feed-forward layer gets the stream as it is", "L A"),
    "not added": ("what the feed-forward layer gives never reaches the stream", "G B"),
}
# These are beliefs of their own, with words of their own.
TOLD_ELSEWHERE = {
    ("post", "post"),
    ("post", "not added"),
    ("both", "both"),
    ("stream", "post"),
    ("bare", "bare"),
}


def two_halves(slip: Callable[..., Misconception]) -> tuple[Misconception, ...]:
    """Return a misconception for each pair of wrong halves, made by ``slip``."""
    return tuple(
        slip(
            _key(a, b),
            f"There is something in each half. In the first: {FIRST[a][0]}. In the second: "
            f"{SECOND[b][0]}.",
            "What may replace x in a pre-LN block, and what does each sub-layer get?",
            halves=(a, b),
        )
        for a, b in _pairs()
    )


def lines_of_two_halves() -> dict[str, str]:
    """Return the lines that make each of them, by the misconception's key."""
    return {_key(a, b): f"{FIRST[a][1]} {SECOND[b][1]}" for a, b in _pairs()}


def _pairs():
    return [pair for pair in product(FIRST, SECOND) if pair not in TOLD_ELSEWHERE]


def _key(a, b):
    return f"first half {a}, second half {b}"
