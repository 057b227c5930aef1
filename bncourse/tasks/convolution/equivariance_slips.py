"""Wrong gaps between moving before and after a norm: one function with a switch for each slip."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import slips

PLACES = {
    "H and W": (2, 3),
    "W and H": (3, 2),
    "N and C": (0, 1),
    "C and H": (1, 2),
}


def equivariance_gap(
    norm, x, shift, *,
    axes="H and W", edge="round", before="both", largest="size", turned=False, divide=False,
):  # fmt: skip
    """Return the largest gap between moving after and before; the keywords switch slips on."""

    def move(a, sign=1):
        dh, dw = (sign * d for d in shift)
        if edge == "paper":
            return _onto_paper(a, dh, dw)
        if axes == "none":
            return np.roll(a, (dh, dw))
        if axes in ("H alone", "W alone"):
            return np.roll(a, dh, 2) if axes == "H alone" else np.roll(a, dw, 3)
        if axes == "the sum along W":
            return np.roll(a, dh + dw, 3)
        return np.roll(a, (dh, dw), PLACES[axes])

    first, then = {
        "both": lambda: (move(norm(x)), norm(move(x, -1 if turned else 1))),
        "not moved after": lambda: (norm(x), norm(move(x))),
        "norm once": lambda: (move(norm(x)), norm(x)),
        "moved, not normalised": lambda: (move(norm(x)), move(x)),
        "moved twice": lambda: (move(norm(move(x))), norm(move(x))),
    }[before]()
    gap = first - then
    size = {
        "size": lambda: np.abs(gap).max(),
        "signed": lambda: gap.max(),
        "signed, the other way": lambda: (-gap).max(),
        "first image": lambda: np.abs(gap[0]).max(),
        "first channel": lambda: np.abs(gap[:, 0]).max(),
        "last channel": lambda: np.abs(gap[:, -1]).max(),
        "first row": lambda: np.abs(gap[:, :, 0]).max(),
        "of sizes": lambda: np.abs(np.abs(first) - np.abs(then)).max(),
        "mean": lambda: np.abs(gap).mean(),
        "sum": lambda: np.abs(gap).sum(),
        "square": lambda: np.square(gap).max(),
        "mean square": lambda: np.square(gap).mean(),
        "root mean square": lambda: np.sqrt(np.square(gap).mean()),
        "length": lambda: np.sqrt(np.square(gap).sum()),
        "smallest": lambda: np.abs(gap).min(),
        "median": lambda: np.median(np.abs(gap)),
        "yes or no": lambda: float(np.abs(gap).max() > 1e-9),
        "no or yes": lambda: float(np.abs(gap).max() <= 1e-9),
        "sizes": lambda: np.abs(np.abs(first).max() - np.abs(then).max()),
    }[largest]()
    return float(size / np.abs(first).max() if divide else size)


def _onto_paper(a, dh, dw):
    """Move without coming round: zeros enter at the edge."""
    height, width = a.shape[2:]
    out = np.zeros_like(a)
    to_h, to_w = slice(max(dh, 0), height + min(dh, 0)), slice(max(dw, 0), width + min(dw, 0))
    of_h, of_w = slice(max(-dh, 0), height - max(dh, 0)), slice(max(-dw, 0), width - max(dw, 0))
    out[:, :, to_h, to_w] = a[:, :, of_h, of_w]
    return out


_slip = slips(equivariance_gap)

MISCONCEPTIONS = (
    _slip(
        "axes swapped",
        "dh moved the image along W, and dw along H.",
        "In (N, C, H, W): which axis is H, by number?",
        "M3",
        axes="W and H",
    ),
    _slip(
        "batch and channels rolled",
        "The images and the channels were rolled, not the pixels.",
        "In (N, C, H, W): which axes are H and W, by number?",
        "M3",
        axes="N and C",
    ),
    _slip(
        "one axis too early",
        "The channels and the rows were rolled. That is how an image (C, H, W) would count its "
        "axes, from 1; here N stands before them.",
        "In (N, C, H, W): which axes are H and W, by number?",
        "M3",
        axes="C and H",
    ),
    _slip(
        "no axes",
        "np.roll got no axes: it lays the whole array out as one row and rolls that.",
        "What does np.roll do when axis is not given?",
        axes="none",
    ),
    _slip(
        "moved down alone",
        "Only dh was used.",
        "Where does dw enter your code?",
        axes="H alone",
    ),
    _slip(
        "moved across alone",
        "Only dw was used.",
        "Where does dh enter your code?",
        axes="W alone",
    ),
    _slip(
        "both along the last axis",
        "The image was moved by dh + dw along W: a tuple of shifts meets one axis.",
        "How many axes must np.roll get for two shifts?",
        axes="the sum along W",
    ),
    _slip(
        "onto paper",
        "What leaves at one edge is lost and zeros enter at the other, so the moved image holds "
        "other numbers. Then even batch norm for maps changes.",
        "Does np.roll lose a number?",
        edge="paper",
    ),
    _slip(
        "not moved after",
        "The norm of the moved image is compared with the norm of the unmoved one. Those differ "
        "for every norm: the image has moved.",
        "What must still be done to norm(x) so that the same things lie in the same places?",
        before="not moved after",
    ),
    _slip(
        "moved alone",
        "The moved output is compared with the output where it was. That tells how much the image "
        "varies, not what the norm does.",
        "In which of your two lines is something moved before the norm sees it?",
        before="norm once",
    ),
    _slip(
        "second one not normalised",
        "The one side is normalised and the other is not.",
        "How often should norm be called?",
        before="moved, not normalised",
    ),
    _slip(
        "moved twice",
        "One side was moved before the norm and after it, the other once.",
        "How often does each side move?",
        before="moved twice",
    ),
    _slip(
        "opposite directions",
        "One side moved by shift and the other by −shift.",
        "If norm did nothing at all, what should the gap be, and what is yours?",
        turned=True,
    ),
    _slip(
        "largest without its sign",
        "The largest difference was taken with its sign, so a larger one of the other sign is "
        "missed.",
        "Which of −3 and 2 is the larger difference?",
        largest="signed",
    ),
    _slip(
        "largest of the other sign",
        "The largest difference was taken with its sign, so a larger one of the other sign is "
        "missed.",
        "Which of −3 and 2 is the larger difference?",
        largest="signed, the other way",
    ),
    _slip(
        "first image only",
        "Only the differences of the first image were looked at.",
        "Which axes does your maximum run over?",
        largest="first image",
    ),
    _slip(
        "one channel only",
        "Only the differences of the first channel were looked at.",
        "Which axes does your maximum run over?",
        largest="first channel",
    ),
    _slip(
        "last channel only",
        "Only the differences of the last channel were looked at.",
        "Which axes does your maximum run over?",
        largest="last channel",
    ),
    _slip(
        "first row only",
        "Only the differences of the first row of pixels were looked at.",
        "Which axes does your maximum run over?",
        largest="first row",
    ),
    _slip(
        "difference of sizes",
        "The two results were compared by size, |a| with |b|. A 3 and a −3 then count as equal.",
        "Of what should the absolute value be taken?",
        largest="of sizes",
    ),
    _slip(
        "mean for largest",
        "That is the mean size of the differences. The largest one was asked for.",
        "One pixel of a thousand is wrong by 1. What should the gap be?",
        largest="mean",
    ),
    _slip(
        "sum for largest",
        "That is the sum of the differences' sizes. The largest one was asked for.",
        "Should the gap grow with the number of images?",
        largest="sum",
    ),
    _slip(
        "squared",
        "That is the square of the largest difference.",
        "In which unit is the gap, if x is in metres and norm does nothing?",
        largest="square",
    ),
    _slip(
        "mean square",
        "That is the mean square of the differences.",
        "One pixel of a thousand is wrong by 1. What should the gap be?",
        largest="mean square",
    ),
    _slip(
        "root mean square",
        "That is the root mean square of the differences.",
        "One pixel of a thousand is wrong by 1. What should the gap be?",
        largest="root mean square",
    ),
    _slip(
        "length of the difference",
        "That is the length of the difference, the root of the sum of the squares.",
        "Should the gap grow with the number of images?",
        largest="length",
    ),
    _slip(
        "smallest for largest",
        "That is the smallest difference.",
        "One pixel of a thousand is wrong by 1. What should the gap be?",
        largest="smallest",
    ),
    _slip(
        "median for largest",
        "That is the median difference.",
        "One pixel of a thousand is wrong by 1. What should the gap be?",
        largest="median",
    ),
    _slip(
        "yes or no",
        "1 says that there is a gap, 0 that there is none. How large it is was asked for.",
        "What unit has your answer?",
        largest="yes or no",
    ),
    _slip(
        "no or yes",
        "1 says that both are the same. How large the difference is was asked for.",
        "What should come out when both are the same?",
        largest="no or yes",
    ),
    _slip(
        "largest of each compared",
        "The largest number of the one was compared with the largest of the other. They may lie "
        "in different places.",
        "Which two pixels should be compared with each other?",
        largest="sizes",
    ),
    _slip(
        "relative",
        "The difference was divided by the largest output. It was asked for as it is.",
        "What is the size of x_hat anyway?",
        divide=True,
    ),
)
