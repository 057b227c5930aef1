"""Wrong tests of scale: one function with a switch for each slip."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import slips


def _mean_ratio(g, g2, axis):
    return (np.linalg.norm(g2, axis=axis) / np.linalg.norm(g, axis=axis)).mean()


GAPS = {
    "size": lambda y, y2: np.abs(y2 - y).max(),
    "signed": lambda y, y2: (y2 - y).max(),
    "mean": lambda y, y2: np.abs(y2 - y).mean(),
    "sum": lambda y, y2: np.abs(y2 - y).sum(),
    "square": lambda y, y2: np.square(y2 - y).max(),
    "length": lambda y, y2: np.linalg.norm(y2 - y),
    "mean square": lambda y, y2: np.square(y2 - y).mean(),
    "root mean square": lambda y, y2: np.sqrt(np.square(y2 - y).mean()),
    "of sizes": lambda y, y2: np.abs(np.abs(y2) - np.abs(y)).max(),
    "of lengths": lambda y, y2: abs(np.linalg.norm(y2) - np.linalg.norm(y)),
    "of largest": lambda y, y2: abs(np.abs(y2).max() - np.abs(y).max()),
    "relative": lambda y, y2: np.abs(y2 - y).max() / np.abs(y).max(),
    "relative entries": lambda y, y2: np.abs((y2 - y) / y).max(),
    "relative length": lambda y, y2: np.linalg.norm(y2 - y) / np.linalg.norm(y),
}
RATIOS = {
    "lengths": lambda g, g2: np.linalg.norm(g2) / np.linalg.norm(g),
    "upside down": lambda g, g2: np.linalg.norm(g) / np.linalg.norm(g2),
    "squared": lambda g, g2: (g2**2).sum() / (g**2).sum(),
    "sums of sizes": lambda g, g2: np.abs(g2).sum() / np.abs(g).sum(),
    "largest": lambda g, g2: np.abs(g2).max() / np.abs(g).max(),
    "sums": lambda g, g2: g2.sum() / g.sum(),
    "spectral": lambda g, g2: np.linalg.norm(g2, 2) / np.linalg.norm(g, 2),
    "mean of ratios": lambda g, g2: np.abs(g2 / g).mean(),
    "mean of units": lambda g, g2: _mean_ratio(g, g2, 0),
    "mean of inputs": lambda g, g2: _mean_ratio(g, g2, 1),
    "difference": lambda g, g2: np.linalg.norm(g2) - np.linalg.norm(g),
    "length of difference": lambda g, g2: np.linalg.norm(g2 - g),
    "new length": lambda g, g2: np.linalg.norm(g2),
}


def scale_test(
    net, W, a, *, gap="size", ratio="lengths", scaled="times", undone="no", swap=False, turned=False
):
    """Return the gap of the outputs and the ratio of the gradients; the keywords switch slips."""
    again = {
        "times": lambda: a * W,
        "plus": lambda: W + a,
        "divided": lambda: W / a,
        "not": lambda: W,
        "first unit": lambda: np.concatenate([a * W[:, :1], W[:, 1:]], axis=1),
        "without sign": lambda: abs(a) * W,
    }[scaled]()
    (y, dW), (y2, dW2) = net(W), net(again)
    if undone in ("output", "both"):
        y2 = y2 / a
    if undone in ("gradient", "both"):
        dW2 = a * dW2
    if swap:
        y, dW, y2, dW2 = dW, y, dW2, y2
    if undone == "the other way":
        y = a * y
    told = {"theory": 1 / a, "size of theory": 1 / abs(a)}
    found = told[ratio] if ratio in told else RATIOS[ratio](dW, dW2)
    answer = float(GAPS[gap](y, y2)), float(a * found if undone == "ratio" else found)
    return answer[::-1] if turned else answer


_slip = slips(scale_test)


def _gap(key, says, name, asks="Two outputs differ, by 3 and by 4. What should out_gap be?"):
    return _slip(key, says, asks, gap=name)


def _too(slip, *ways):
    """Add other ways of making the same slip: other settings of the switchboard."""
    return replace(slip, variants=tuple(partial(scale_test, **way) for way in ways))


def _ratio(key, says, name, asks="If every number of the gradient doubles, what should come out?"):
    return _slip(key, says, asks, ratio=name)


MISCONCEPTIONS = (
    _slip(
        "a added",
        "a was added to the weights. They were to be multiplied by it.",
        "What does W become when a is 1: should anything change?",
        scaled="plus",
    ),
    _slip(
        "divided by a",
        "The weights were divided by a.",
        "For a = 2: should the second weights be larger or smaller?",
        scaled="divided",
    ),
    _slip(
        "the same weights twice",
        "Both calls got the same weights, so nothing could differ.",
        "Where does a enter your code?",
        scaled="not",
    ),
    _slip(
        "one unit scaled",
        "Only the weights of the first unit were multiplied.",
        "Which weights does a · W change?",
        scaled="first unit",
    ),
    _slip(
        "sign lost",
        "The weights were multiplied by |a|: a = −1 changed nothing.",
        "What should happen for a negative a?",
        scaled="without sign",
    ),
    _slip(
        "output scaled back",
        "The second output was divided by a before the comparison. Then a net that does mind "
        "looks as if it did not.",
        "Which two things are to be compared: what the net gives for W, and what?",
        "M15",
        undone="output",
    ),
    _slip(
        "gradient scaled back",
        "The second gradient was multiplied by a. It was asked for as it comes.",
        "With respect to which weights is the second gradient taken, W or a · W?",
        "M15",
        undone="gradient",
    ),
    _slip(
        "ratio scaled back",
        "The ratio was multiplied by a. It was asked for as it comes.",
        "If the second gradient is ten times smaller, should the ratio be 1 or 0.1?",
        "M15",
        undone="ratio",
    ),
    _slip(
        "both scaled back",
        "Output and gradient of the second call were scaled back before the comparison.",
        "What does the net itself give for a · W?",
        "M15",
        undone="both",
    ),
    _slip(
        "compared with a times the output",
        "The second output was compared with a · y. Whether the output stays as it was is the "
        "question.",
        "If nothing changes at all, what should out_gap be?",
        "M15",
        undone="the other way",
    ),
    _slip(
        "answers exchanged",
        "The two answers have changed places: out_gap comes first.",
        "In which order are the two numbers to be returned?",
        turned=True,
    ),
    _slip(
        "output and gradient exchanged",
        "The gap was taken of the gradients and the ratio of the outputs.",
        "In which order does the net return its two arrays?",
        swap=True,
    ),
    _gap(
        "largest without its sign",
        "The largest difference was taken with its sign, so a larger one of the other sign is "
        "missed.",
        "signed",
        "Which of −3 and 2 is the larger difference?",
    ),
    _gap(
        "difference of sizes",
        "The outputs were compared by size, |y| with |y2|. A 3 and a −3 then count as equal.",
        "of sizes",
        "Of what should the absolute value be taken?",
    ),
    _gap(
        "difference of lengths",
        "The lengths of the outputs were compared, not the outputs.",
        "of lengths",
        "An output turns from 3 to −3. What should out_gap be?",
    ),
    _gap(
        "difference of the largest",
        "The largest output was compared with the largest of the other call. They may lie in "
        "different places.",
        "of largest",
        "Which two numbers should be compared with each other?",
    ),
    _gap("mean for largest", "That is the mean gap. The largest one was asked for.", "mean"),
    _gap("sum for largest", "That is the sum of all gaps. The largest one was asked for.", "sum"),
    _gap("squared gap", "That is the square of the largest gap.", "square"),
    _gap(
        "length for largest",
        "That is the length of the gap, the root of its squares' sum.",
        "length",
    ),
    _gap("mean square gap", "That is the mean square of the gaps.", "mean square"),
    _gap("root mean square gap", "That is the root mean square of the gaps.", "root mean square"),
    _too(
        _gap(
            "relative gap",
            "The gap was divided by the first output, or by its largest number. It was asked for "
            "as it is.",
            "relative",
            "Outputs 10 and 12: what should out_gap be?",
        ),
        {"gap": "relative entries"},
        {"gap": "relative length"},
    ),
    _ratio(
        "ratio upside down",
        "The first gradient was divided by the second.",
        "upside down",
        "If the second gradient is ten times smaller, should the ratio be 10 or 0.1?",
    ),
    _ratio("ratio of squares", "That is the ratio of the squared lengths.", "squared"),
    _ratio(
        "ratio of summed sizes",
        "The sizes were summed, not the squares. The length is the root of the sum of squares.",
        "sums of sizes",
        "How long is the arrow (3, 4): 5 or 7?",
    ),
    _ratio(
        "ratio of the largest",
        "The largest entries were divided by each other. The length counts all of them.",
        "largest",
        "How long is the arrow (3, 4): 5 or 4?",
    ),
    _ratio(
        "ratio of sums",
        "The entries were summed with their signs: they may cancel.",
        "sums",
        "How long is the arrow (3, −3)?",
    ),
    _ratio(
        "spectral norm",
        "np.linalg.norm got the order 2, which for a matrix is its largest singular value.",
        "spectral",
        "What does np.linalg.norm do with a matrix when no order is given?",
    ),
    _ratio(
        "mean of ratios",
        "The ratio was taken entry by entry and averaged. One tiny entry can decide it all.",
        "mean of ratios",
        "What if one entry of the first gradient is nearly 0?",
    ),
    _too(
        _ratio(
            "mean of the units' ratios",
            "The ratio was taken for each unit, or each input, and averaged. One length of the "
            "whole array was asked for.",
            "mean of units",
            "Over how many numbers does the sum of all squares go?",
        ),
        {"ratio": "mean of inputs"},
    ),
    _too(
        _ratio(
            "theory for a test",
            "That is 1/a. So it is behind batch norm where eps is not felt; the test was to "
            "measure it.",
            "theory",
            "Where does your code use the two gradients?",
        ),
        {"ratio": "size of theory"},
    ),
    _ratio(
        "difference for ratio",
        "The lengths were subtracted, not divided.",
        "difference",
        "What should come out when nothing changes, 0 or 1?",
    ),
    _ratio(
        "length of the difference",
        "That is the length of the gradients' difference.",
        "length of difference",
        "What should come out when nothing changes, 0 or 1?",
    ),
    _ratio(
        "not divided",
        "That is the length of the second gradient alone.",
        "new length",
        "What should come out when nothing changes?",
    ),
)
