"""What learners get wrong about ghost batches."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bncourse.grading.kinds import slips
from bncourse.tasks.where_it_breaks.ghost_ways import ghost_bn

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
        "mean over the features, too",
        "The mean of a ghost ran over its samples and its features, axis (1, 2). Each feature has "
        "a mean and a variance of its own.",
        "x has D features: how many means should a ghost have?",
        "M3",
        cut="features too",
    ),
    _also(
        _slip(
            "normalised by the running statistics",
            "x_hat was made with running statistics. That is evaluation mode; in training mode "
            "each ghost is normalised by its own mean and variance.",
            "Samples 1 and 3 are a ghost in training mode: which x_hat have they, whatever the "
            "running mean is?",
            "M5",
            by="running",
        ),
        {"by": "new"},
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
    _slip(
        "corrected with the ghost's size",
        "The variance of the whole batch was multiplied by n / (n − 1) with the size of a ghost. "
        "It runs over N samples, so N / (N − 1) belongs to it.",
        "Over how many samples does x.var(axis=0) run?",
        "M2",
        batch="corrected by ghosts",
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
        "no momentum",
        "What came back is this batch's own mean and variance: of what was remembered nothing is "
        "left.",
        "momentum is 0.1: which share of the old running mean should be in the new one?",
        "M6",
        weight="all",
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
