"""What goes wrong when the reshape that almost works is mended."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import slips

# With K = C / G: the shape behind the samples, and the axes of (n, …) that share a mean.
VIEWS = {
    "right": ("p g k", (1, 3)),
    "found": ("p k g", (1, 2)),
    "reshape alone": ("p g k", (1, 2)),
    "axes alone": ("p k g", (1, 3)),
    "no places": ("p g k", (3,)),
    "places alone": ("p g k", (1,)),
    "all channels": ("p g k", (1, 2, 3)),
    "all channels of a place": ("p g k", (2, 3)),
    "dealt, no places": ("p k g", (2,)),
    "the groups of a place": ("p g k", (2,)),
    "each number": ("p g k", (0, 1)),
    "samples too": ("p g k", (0, 1, 3)),
    "as channels first": ("g rest", (2,)),
    "as channels first, dealt": ("k rest", (2,)),
}
# The shape as found, its last two axes exchanged and not exchanged back.
TURNED = {"turned, not back": (1, 2), "turned with the mean, not back": (1, 3)}


def group_norm_last(
    x, groups, gamma, beta, eps=1e-5, *, view="right", order="right", back="right",
    spread="right", half="none",
):  # fmt: skip
    """Return y (N, H, W, C); without any switch it is right."""
    n, h, w, c = x.shape
    letters, axes = VIEWS[view]
    sizes = {"p": h * w, "g": groups, "k": c // groups, "rest": -1}
    t = x.reshape(n, *(sizes[letter] for letter in letters.split()))
    if back == "there and not back":
        t, axes = x.reshape(n, h * w, groups, -1).swapaxes(2, 3), (1, 2)
    if back in TURNED:
        t, axes = x.reshape(n, h * w, -1, groups).swapaxes(2, 3), TURNED[back]
    mean_axes, var_axes = ((1, 2) if half == name else axes for name in ("mean", "var"))
    mean, var = t.mean(mean_axes, keepdims=True), t.var(var_axes, keepdims=True)
    if spread == "unbiased":
        var = var * (t.size // var.size) / max(t.size // var.size - 1, 1)
    x_hat = ((t - mean) / np.sqrt(var + eps)).reshape(x.shape)
    if back == "channels first":
        x_hat = np.moveaxis(x_hat, -1, 1).reshape(x.shape)
    gamma, beta = (_ordered(v, order, groups) for v in (gamma, beta))
    y = gamma * x_hat + beta
    return _deal(y, groups) if back == "with their gammas" else y


def _deal(y, groups):
    return y.reshape(*y.shape[:-1], groups, -1).swapaxes(-1, -2).reshape(y.shape)


def _ordered(v, order, groups):
    each = len(v) // groups
    return {
        "right": lambda: v,
        "dealt": lambda: v.reshape(groups, each).T.ravel(),
        "dealt back": lambda: v.reshape(each, groups).T.ravel(),
        "per group": lambda: np.repeat(v[:groups], each),
        "the group's first": lambda: np.repeat(v[::each], each),
    }[order]()


def given(x, groups, gamma, beta, eps=1e-5):
    """The code as learners find it: the channels are dealt to the groups in turn."""
    n, h, w, c = x.shape
    t = x.reshape(n, h * w, c // groups, groups)
    mean = t.mean(axis=(1, 2), keepdims=True)
    var = t.var(axis=(1, 2), keepdims=True)
    t = (t - mean) / np.sqrt(var + eps)
    return gamma * t.reshape(x.shape) + beta


_slip = slips(group_norm_last)


def _also(entry, *others):
    return replace(entry, variants=tuple(partial(group_norm_last, **other) for other in others))


MISCONCEPTIONS = (
    _slip(
        "the reshape alone",
        "The two axes of the channels have changed places, and the mean still runs over the same "
        "number of axis: now over the groups.",
        "Name the four axes of t one by one. Which of them must be left after the mean?",
        "M3",
        view="reshape alone",
    ),
    _slip(
        "the axes alone",
        "The mean runs over an axis of t that is G long, and G neighbours are on it: a group has "
        "got G channels, and there are C / G groups.",
        "6 channels in 2 groups: how many channels has one group?",
        "M3",
        view="axes alone",
    ),
    _slip(
        "each place by itself",
        "The channels of a group share at each place, but the places no longer share with each "
        "other.",
        "How many means does group norm take of one image?",
        "M3",
        view="no places",
    ),
    _slip(
        "each channel by itself",
        "The mean runs over the places alone: that is instance norm, whatever G is.",
        "6 channels in 2 groups: how many channels share a mean?",
        "M3",
        view="places alone",
    ),
    _also(
        _slip(
            "all channels together",
            "The mean runs over all channels of a sample: that is layer norm, whatever G is.",
            "6 channels in 2 groups: how many means does one image have?",
            "M3",
            view="all channels",
        ),
        {"view": "all channels of a place"},
    ),
    _slip(
        "dealt, each place by itself",
        "The channels are still dealt to the groups in turn, and the places no longer share.",
        "Name the four axes of t one by one. Which of them must be left after the mean?",
        "M3",
        view="dealt, no places",
    ),
    _slip(
        "over the groups of a place",
        "The mean runs over the axis of the groups alone: channels of different groups share, "
        "and places do not.",
        "Name the four axes of t one by one. Which of them must be left after the mean?",
        "M3",
        view="the groups of a place",
    ),
    _slip(
        "batch norm",
        "The mean runs over the samples and places of each channel: that is batch norm.",
        "If another image of the batch gets brighter, should this one's output change?",
        "M3",
        view="each number",
    ),
    _also(
        _slip(
            "one line of three",
            "Mean and variance run over different axes of t now, and t still has the shape that "
            "it was found with.",
            "Name the four axes of t one by one. Which of them must be left, in both lines?",
            "M3",
            view="axes alone",
            half="var",
        ),
        {"view": "axes alone", "half": "mean"},
    ),
    _slip(
        "only the variance mended",
        "The variance is that of the groups now, while the mean still runs over the axes that it "
        "was found with.",
        "Which two lines name axes of t?",
        "M3",
        view="right",
        half="mean",
    ),
    _slip(
        "only the mean mended",
        "The mean is that of the groups now, while the variance still runs over the axes that it "
        "was found with.",
        "Which two lines name axes of t?",
        "M3",
        view="right",
        half="var",
    ),
    _slip(
        "over the samples too",
        "The samples of the batch share the statistics now. A group belongs to one sample.",
        "If another image of the batch gets brighter, should this one's output change?",
        "M3",
        view="samples too",
    ),
    _also(
        _slip(
            "the reshape for channels first",
            "x.reshape(N, G, …) cuts the rows of pixels into parts: the channels are last here, "
            "and run fastest in memory.",
            "In x of shape (N, H, W, C), which numbers lie side by side in memory?",
            "M3",
            view="as channels first",
        ),
        {"view": "as channels first, dealt"},
    ),
    _also(
        _slip(
            "gamma dealt out",
            "The channels are still dealt to the groups in turn; gamma and beta were put in "
            "another order instead. They were right: gamma[c] belongs to channel c.",
            "Which two channels of eight should share a mean with channel 1?",
            "M19",
            view="found",
            order="dealt",
        ),
        {"view": "found", "order": "dealt back"},
    ),
    _also(
        _slip(
            "gamma reordered",
            "The groups are right now; gamma and beta were reordered. They were right: gamma[c] "
            "belongs to channel c.",
            "In which order do the channels stand in t.reshape(x.shape)?",
            "M19",
            order="dealt",
        ),
        {"order": "dealt back"},
    ),
    _also(
        _slip(
            "gamma per group",
            "One gamma and one beta serve all channels of a group now. The channels share their "
            "mean, not their scale.",
            "How many gammas are there: C or G?",
            "M19",
            order="per group",
        ),
        {"order": "the group's first"},
        {"order": "the group's first", "view": "found"},
        {"order": "per group", "view": "found"},
    ),
    _also(
        _slip(
            "channels not put back",
            "Each group is right, but the two axes of the channels were exchanged and not "
            "exchanged back: y has its channels in another order.",
            "Where did you move the groups' axis, and where does it move back?",
            "M3",
            back="there and not back",
        ),
        {"back": "with their gammas"},
    ),
    _slip(
        "not moved back",
        "The channels were moved to the front for the groups, and reshape does not move them back: "
        "it fills x's shape in the order of memory.",
        "np.arange(6).reshape(2, 3): is .reshape(3, 2) of it the same as .T?",
        "M3",
        back="channels first",
    ),
    _also(
        _slip(
            "turned and not back",
            "The last two axes of t were exchanged behind the reshape. That gives neighbours no "
            "axis of their own, and y has its channels in another order.",
            "np.arange(6).reshape(3, 2).T: which numbers stand in its first row?",
            "M3",
            back="turned, not back",
        ),
        {"back": "turned with the mean, not back"},
    ),
    _slip(
        "unbiased",
        "The variance over m was right: these numbers themselves are to get variance 1.",
        "What is the variance of each group of x̂?",
        "M2",
        spread="unbiased",
    ),
)
