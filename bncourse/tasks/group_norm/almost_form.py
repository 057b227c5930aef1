"""10.4: three group norms that a look at mean and spread lets through."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception
from bncourse.tasks.inference.apart import clashes

LETTERS = "ABC"
# Wrong in one way each. {G} and {K} are the number of groups and of channels in one.
LINES = {
    "dealt": (
        "t = x.reshape(N, {K}, {G}, H, W)",
        "mean, var = t.mean((1, 3, 4), keepdims=True), t.var((1, 3, 4), keepdims=True)",
        "x_hat = ((t - mean) / np.sqrt(var + eps)).reshape(x.shape)",
        "y = gamma[:, None, None] * x_hat + beta[:, None, None]",
    ),
    "per group": (
        "t = x.reshape(N, {G}, {K}, H, W)",
        "mean, var = t.mean((2, 3, 4), keepdims=True), t.var((2, 3, 4), keepdims=True)",
        "x_hat = ((t - mean) / np.sqrt(var + eps)).reshape(x.shape)",
        "g, b = (np.repeat(v[::{K}], {K}) for v in (gamma, beta))",
        "y = g[:, None, None] * x_hat + b[:, None, None]",
    ),
    "samples too": (
        "t = x.reshape(N, {G}, {K}, H, W)",
        "mean, var = t.mean((0, 2, 3, 4), keepdims=True), t.var((0, 2, 3, 4), keepdims=True)",
        "x_hat = ((t - mean) / np.sqrt(var + eps)).reshape(x.shape)",
        "y = gamma[:, None, None] * x_hat + beta[:, None, None]",
    ),
}
AGREES = (
    "no number but 1 and C",
    "1 alone",
    "every number, since only the names of the groups differ",
    "no number at all",
)
FAILS = {"inside": "dealt", "alone": "samples too", "own": "per group"}


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw a layer, a channel of it and an order in which no two mistakes give the same number."""
    while True:
        groups, each = (int(k) for k in rng.choice([2, 3, 4, 5, 6, 8], 2, replace=False))
        p = {
            "G": groups,
            "K": each,
            "N": int(rng.integers(7, 33)),
            "channel": int(rng.integers(1, groups * each)),
            "order": [str(kind) for kind in rng.permutation(list(LINES))],
        }
        if not clashes(p, answers, MISCONCEPTIONS, lambda *_: 0.5):
            return [Case("your three layers", (p,))]


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return which layer fails which property, and what the wrong ones do."""
    return _told(
        **{name: p["order"].index(kind) for name, kind in FAILS.items()},
        mate=_mate(p, lambda c: c % p["G"]),
        means=p["G"],
        agrees=0,
    )


def _mate(p: Mapping, group) -> int:
    """Return the smallest other channel of the same group."""
    own, channels = p["channel"], range(p["G"] * p["K"])
    return next((c for c in channels if c != own and group(c) == group(own)), own)


def _told(**values: float) -> dict[str, np.ndarray]:
    return {name: np.asarray(float(value)) for name, value in values.items()}


def _mistaken(name: str, kind: str, says: str, asks: str) -> Misconception:
    return Misconception(
        f"{name}: {kind}",
        says,
        asks,
        "M19" if kind == "per group" else "M3",
        lambda p: _told(**{name: p["order"].index(kind)}),
    )


MISCONCEPTIONS = (
    _mistaken(
        "inside",
        "per group",
        "With all gammas 1 that layer is right: its groups are those of group norm.",
        "Write the channels of one group down for each layer: 0 1 …?",
    ),
    _mistaken(
        "inside",
        "samples too",
        "That layer's groups hold the right channels, of too many samples. Their order inside a "
        "group changes no mean.",
        "Write the channels of one group down for each layer: 0 1 …?",
    ),
    _mistaken(
        "alone",
        "dealt",
        "That layer has a mean for each sample, and other samples are not in it.",
        "Over which axis of t does the mean run that numbers the samples?",
    ),
    _mistaken(
        "alone",
        "per group",
        "That layer has a mean for each sample, and other samples are not in it.",
        "Over which axis of t does the mean run that numbers the samples?",
    ),
    _mistaken(
        "own",
        "dealt",
        "That layer's groups are wrong, but each channel has the gamma of its own.",
        "Where do gamma and beta meet the channels, and how many different ones are used?",
    ),
    _mistaken(
        "own",
        "samples too",
        "That layer's statistics are wrong, but each channel has the gamma of its own.",
        "Where do gamma and beta meet the channels, and how many different ones are used?",
    ),
    Misconception(
        "neighbours share",
        "That channel is in the same group of a right group norm. The layer that was asked about "
        "has other groups.",
        "np.arange(6).reshape(3, 2): which numbers stand in its first column?",
        "M3",
        lambda p: _told(mate=_mate(p, lambda c: c // p["K"])),
    ),
    Misconception(
        "groups of another size",
        "That channel shares if a group has as many channels as there should be groups.",
        "Which axes does the mean of that layer run over, and how long are they?",
        "M3",
        lambda p: _told(mate=_mate(p, lambda c: c // p["G"])),
    ),
    Misconception(
        "dealt to the wrong number",
        "Dealt out, yes, but to as many groups as a group should have channels.",
        "Channel 0 is the first one of its group: which is the next channel along the same axis?",
        "M3",
        lambda p: _told(mate=_mate(p, lambda c: c % p["K"])),
    ),
    Misconception(
        "its own mate",
        "That is the channel itself; another one was asked for.",
        "Which numbers does the mean run over that this channel is part of?",
        "",
        lambda p: _told(mate=p["channel"]),
    ),
    Misconception(
        "a mean for each sample",
        "So many means would have a right group norm: one for each group of each sample.",
        "Which shape has the mean of that layer, with its keepdims?",
        "M3",
        lambda p: _told(means=p["N"] * p["G"]),
    ),
    Misconception(
        "a mean for each channel",
        "So many gammas there are. The mean runs over several channels.",
        "Which shape has the mean of that layer, with its keepdims?",
        "M3",
        lambda p: _told(means=p["G"] * p["K"]),
    ),
    Misconception(
        "one mean",
        "The groups still have a mean each.",
        "Which shape has the mean of that layer, with its keepdims?",
        "M3",
        lambda p: _told(means=1),
    ),
    Misconception(
        "the size for the number",
        "That is how many channels a group has.",
        "Which shape has the mean of that layer, with its keepdims?",
        "M3",
        lambda p: _told(means=p["K"]),
    ),
    Misconception(
        "a mean for each image",
        "That is how many images there are.",
        "Which shape has the mean of that layer, with its keepdims?",
        "M3",
        lambda p: _told(means=p["N"]),
    ),
    Misconception(
        "instance norm forgotten",
        "With as many groups as channels each channel is alone, in whatever order they are dealt.",
        "C channels, dealt to C groups: who is together?",
        "M3",
        lambda p: _told(agrees=1),
    ),
    Misconception(
        "only the names differ",
        "The groups hold other channels, not only other names: with 6 channels in 2 groups 0 2 4 "
        "share instead of 0 1 2.",
        "6 channels in 2 groups: write down both groups, dealt and as neighbours.",
        "M3",
        lambda p: _told(agrees=2),
    ),
    Misconception(
        "never agrees",
        "With one group all channels are in it, in whatever order they are dealt.",
        "C channels, dealt to one group: who is together?",
        "M3",
        lambda p: _told(agrees=3),
    ),
)


def _question(p: Mapping) -> str:
    layers = "\n\n".join(
        f"**{letter}**\n\n```python\n" + "\n".join(LINES[kind]).format(**p) + "\n```"
        for letter, kind in zip(LETTERS, p["order"], strict=True)
    )
    return (
        f"Three layers say that they are group norm, of **{p['G'] * p['K']} channels in {p['G']} "
        f"groups**, x of shape (N, {p['G'] * p['K']}, H, W). With gamma = 1 and beta = 0, each "
        "one's output has mean 0 and standard deviation 1. Each is wrong in one way.\n\n"
        f"{layers}\n\n"
        "Three properties of group norm; each layer lacks one of them:\n\n"
        "- *inside*: with gamma = 1 and beta = 0, exchanging two channels of one group exchanges "
        "their outputs, and changes no other;\n"
        "- *alone*: an image by itself comes out as it does in a batch;\n"
        "- *own*: doubling gamma[c] doubles channel c of y, for beta = 0, and no other.\n\n"
        f"**mate**: in the layer that lacks *inside*, channel **{p['channel']}** shares its mean "
        f"with others. **means**: the layer that lacks *alone* gets **{p['N']}** images."
    )


FORM = Form(
    question=_question,
    fields=(
        Choice("inside", "Which layer lacks inside?", tuple(LETTERS)),
        Choice("alone", "Which layer lacks alone?", tuple(LETTERS)),
        Choice("own", "Which layer lacks own?", tuple(LETTERS)),
        Number("mate", "mate: the smallest other channel that shares its mean", 0, low=0),
        Number("means", "means: how many means it takes of them all", 0, low=0),
        Choice("agrees", "The layer that lacks inside is right for which G?", AGREES),
    ),
)

TASK = form_task(
    FORM,
    id="10.4",
    title="three that almost work",
    entry="almost_group_norm",
    objective="Say which property of group norm a wrong layer lacks, where its mean looks right",
    minutes=6,
    params="layers",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Read two things in each layer: the axes that its mean runs over, and which gamma a "
        "channel gets. One layer differs from group norm in the second.",
        "t has five axes, of which axis 0 numbers the samples. For the channels write "
        "np.arange(C).reshape(…) with axes 1 and 2 of t: the mean runs along one of the two.",
        "For 6 channels np.arange(6).reshape(3, 2) has the rows 0 1, 2 3, 4 5. A mean along axis 0 "
        "of it takes 0 2 4 together, and a group of neighbours would be 0 1 2. A mean of shape "
        "(1, 2, 1, 1, 1) is two means, whatever N is.",
    ),
)
