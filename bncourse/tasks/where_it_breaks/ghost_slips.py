"""What learners get wrong about ghost batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import slips


def _chunks(x, virtual):
    return x.reshape(-1, virtual, x.shape[1])


CUTS: dict[str, Callable] = {  # x (N, D) as (ghosts, samples, D), and how it goes back
    "right": lambda x, v: (_chunks(x, v), lambda g: g.reshape(x.shape)),
    "whole": lambda x, v: (x[None], lambda g: g[0]),
    "number": lambda x, v: (np.array_split(x, v), np.concatenate),
    "in turn": lambda x, v: (
        _chunks(x, len(x) // v).swapaxes(0, 1),
        lambda g: g.swapaxes(0, 1).reshape(x.shape),
    ),
    "across": lambda x, v: (
        _chunks(x, v).swapaxes(0, 1),
        lambda g: g.swapaxes(0, 1).reshape(x.shape),
    ),
    "rows": lambda x, v: (x[:, :, None], lambda g: g[:, :, 0]),
}
DIVISORS: dict[str, Callable] = {
    "right": lambda g, eps: np.sqrt(g.var(0) + eps),
    "unbiased": lambda g, eps: np.sqrt(g.var(0, ddof=1) + eps),
    "outside": lambda g, eps: g.std(0) + eps,
    "no eps": lambda g, eps: g.std(0),
    "variance": lambda g, eps: g.var(0) + eps,
}
BATCH: dict[str, Callable] = {  # what the running mean and variance move towards
    "right": lambda x, c: (x.mean(0), x.var(0, ddof=1)),
    "biased": lambda x, c: (x.mean(0), x.var(0)),
    "within": lambda x, c: (x.mean(0), c.var(1, ddof=1).mean(0)),
    "within, biased": lambda x, c: (x.mean(0), c.var(1).mean(0)),
    "last": lambda x, c: (c[-1].mean(0), c[-1].var(0, ddof=1)),
    "last, biased": lambda x, c: (c[-1].mean(0), c[-1].var(0)),
    "first": lambda x, c: (c[0].mean(0), c[0].var(0, ddof=1)),
    "sd": lambda x, c: (x.mean(0), x.std(0, ddof=1)),
    "between": lambda x, c: (x.mean(0), c.mean(1).var(0)),
}


def ghost_bn(
    x, virtual, running_mean, running_var, momentum, eps, *,
    cut="right", divisor="right", batch="right", weight="right", steps="one", refused="all",
    spread="right",
):  # fmt: skip
    """Return x_hat (N, D) and the running statistics (D,); the keywords switch slips on."""
    wrong = {
        "all": virtual < 2 or len(x) % virtual,
        "not one": len(x) % virtual,
        "one": virtual < 2,
        "one, and larger": virtual < 2 or virtual > len(x),
    }
    if wrong[refused]:
        raise ValueError(f"{len(x)} samples in ghosts of {virtual}")
    if len(x) % virtual:
        return x, running_mean, running_var
    ghosts, back = CUTS[cut](x, virtual)
    x_hat = [(g - g.mean(0)) / DIVISORS[divisor](g, eps) for g in ghosts]
    x_hat = back(np.array(x_hat) if cut != "number" else x_hat)
    w = {"right": momentum, "reversed": 1 - momentum}[weight]
    chunks = _chunks(x, virtual)
    old = running_mean, running_var
    for seen in [x] if steps == "one" else chunks:
        part = chunks if steps == "one" else seen[None]
        old = [(1 - w) * o + w * b for o, b in zip(old, BATCH[batch](seen, part), strict=True)]
    if steps == "none":
        old = running_mean, running_var
    return x_hat, *old


def _by_running(x, virtual, running_mean, running_var, momentum, eps):
    _, mean, var = ghost_bn(x, virtual, running_mean, running_var, momentum, eps)
    return (x - running_mean) / np.sqrt(running_var + eps), mean, var


_slip = slips(ghost_bn)


def _also(entry, *others):
    return replace(entry, variants=tuple(partial(ghost_bn, **o) for o in others))


MISCONCEPTIONS = (
    _slip(
        "the whole batch",
        "The batch was normalised as a whole: there are no ghosts.",
        "Samples 1, 3, 10, 20 in ghosts of two: what should become of 10 and 20?",
        "",
        cut="whole",
    ),
    _slip(
        "virtual ghosts",
        "The batch was cut into `virtual` ghosts; virtual is how many samples one ghost has.",
        "12 samples, virtual = 4: how many ghosts are there?",
        "",
        cut="number",
    ),
    _slip(
        "samples dealt in turn",
        "The samples were dealt to the ghosts in turn. A ghost is made of samples that lie one "
        "behind the other.",
        "Samples 1, 3, 10, 20 in ghosts of two: which two belong together?",
        "",
        cut="in turn",
    ),
    _slip(
        "mean across the ghosts",
        "The mean ran over the ghosts, axis 0 of (ghosts, virtual, D): the first samples of all "
        "ghosts share one, and so do the second ones.",
        "x.reshape(-1, virtual, D): which axis numbers the ghosts, and which their samples?",
        "",
        cut="across",
    ),
    _slip(
        "each sample by itself",
        "Each sample was normalised over its own features. That is layer norm.",
        "Over which axis does a mean of batch norm run?",
        "M3",
        cut="rows",
    ),
    _slip(
        "unbiased in the ghosts",
        "The ghosts were normalised with the variance over n − 1. Batch norm normalises with the "
        "one over n.",
        "What are the two values of a ghost of two, apart from eps?",
        "M2",
        divisor="unbiased",
    ),
    _slip(
        "eps outside the root",
        "eps was added to the standard deviation; batch norm adds it to the variance.",
        "By what does batch norm divide when the variance is 0: eps or its root?",
        "M17",
        divisor="outside",
    ),
    _slip(
        "eps left out",
        "eps is missing under the root.",
        "Where does the argument eps enter your code?",
        "M17",
        divisor="no eps",
    ),
    _slip(
        "variance for sd",
        "The ghosts were divided by their variance.",
        "Which of the two, variance or standard deviation, has the unit of x?",
        "M1",
        divisor="variance",
    ),
    _slip(
        "biased stored",
        "The running variance got the variance over N. What is stored speaks for the population: "
        "over N − 1.",
        "Which of the two variances estimates that of samples which were not in the batch?",
        "M2",
        batch="biased",
    ),
    _also(
        _slip(
            "nothing between the ghosts",
            "The running variance got the average of the ghosts' variances. What the ghosts differ "
            "by in their means is lost.",
            "Ghosts (1, 3) and (10, 20): what is the variance of all four?",
            "",
            batch="within",
        ),
        {"batch": "within, biased"},
    ),
    _slip(
        "nothing within the ghosts",
        "The running variance got the variance of the ghosts' means.",
        "With a single ghost there is one mean. What should the variance be then?",
        "",
        batch="between",
    ),
    _also(
        _slip(
            "one ghost remembered",
            "The running statistics learn from one ghost alone.",
            "Which samples should the running statistics speak for?",
            "",
            batch="last",
        ),
        {"batch": "last, biased"},
        {"batch": "first"},
    ),
    _also(
        _slip(
            "a step for each ghost",
            "The running statistics took a step for each ghost. That is what a loop over ordinary "
            "batch norm does: with many ghosts little is left of the past. One step was asked for.",
            "16 ghosts, momentum 0.1: how much of the old running mean is left?",
            "M6",
            steps="each",
        ),
        {"steps": "each", "batch": "biased"},
    ),
    _slip(
        "never updated",
        "The running statistics came back as they were.",
        "What is a running average for, if no batch ever moves it?",
        "",
        steps="none",
    ),
    _slip(
        "momentum reversed",
        "The new batch got the weight 1 − momentum.",
        "Which of the two does momentum = 0.1 weigh: the old average or the new batch?",
        "M6",
        weight="reversed",
    ),
    _slip(
        "sd stored",
        "The running variance got the standard deviation.",
        "Which quantity does the layer store, and what unit has it?",
        "M1",
        batch="sd",
    ),
    _slip(
        "ghosts of one accepted",
        "A ghost of one sample got an answer: 0, whatever the sample was.",
        "What is the mean of one number?",
        "M12",
        refused="not one",
    ),
    _also(
        _slip(
            "an uneven batch accepted",
            "A batch that virtual does not divide got an answer: one of its ghosts has fewer "
            "samples than the others, or more.",
            "10 samples in ghosts of 4: how many are left over?",
            "",
            refused="one",
        ),
        {"refused": "one, and larger"},
    ),
)
