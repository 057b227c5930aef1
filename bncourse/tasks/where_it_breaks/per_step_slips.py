"""What learners get wrong when they keep statistics for each step."""

from __future__ import annotations

from itertools import product

from bncourse.grading.task import Misconception
from bncourse.tasks.where_it_breaks.per_step_past_slips import PAST
from bncourse.tasks.where_it_breaks.per_step_stats import (
    ClassLevel,
    HandsOut,
    KeepsTheirs,
    also,
    slip,
)


def _counted(*words, unseen, counted):
    """Return a slip of the count, made while averaging or when a sum is divided at last.

    The wrong count may also be what get asks whether a step was seen.
    """
    ways = product(counted, ("average", "sums"), ("refused", unseen))
    others = ({"counted": c, "by": by, "unseen": how} for c, by, how in ways)
    return also(slip(*words, counted=counted[0]), *others)


MISCONCEPTIONS = (
    also(
        slip(
            "pooled over time",
            "All steps share one average. Each step has a mean of its own, and the average fits "
            "none of them.",
            "After means 5 at step 0 and 1 at step 1: what should get(0) say?",
            "",
            place="pooled",
        ),
        {"place": "pooled, each seen"},
    ),
    _counted(
        "one count for all steps",
        "All updates are counted together. Each step's average has to be divided by how often that "
        "step was seen.",
        "After one sequence of two steps: how many means has step 1 seen?",
        "",
        counted=("all",),
        unseen="any",
    ),
    _counted(
        "counted in sequences",
        "The number of sequences was taken for the count of every step. Short sequences never "
        "reach the late steps.",
        "After lengths 4, 2, 3, 1: how often was step 3 seen?",
        "",
        counted=("first", "begun"),
        unseen="no sequence",
    ),
    slip(
        "counted from 1",
        "Step t went to place t − 1. Step 0 then sits at place −1, which Python takes for the last "
        "one.",
        "At which index of an array of T_max rows does step 0 belong?",
        "",
        place="from 1",
    ),
    slip(
        "newest only",
        "A step's statistics are those of its newest update: nothing is averaged.",
        "After means 2 and 4 at the same step: what should get say?",
        "",
        weight="newest",
    ),
    slip(
        "first only",
        "A step's statistics stay those of its first update.",
        "After means 2 and 4 at the same step: what should get say?",
        "",
        weight="first",
    ),
    slip(
        "not divided",
        "A step's means were added up and not averaged.",
        "After means 2 and 4 at the same step: what should get say?",
        "",
        weight="sum",
    ),
    slip(
        "half and half",
        "Each new value counts as much as all earlier ones together.",
        "After means 2, 4 and 9 at the same step: what is their plain average?",
        "",
        weight="half",
    ),
    slip(
        "divided by one too many",
        "The average was divided by n + 1, as if a step had been seen once before anything came.",
        "After a single update with mean 2: what should get say?",
        "",
        weight="n + 1",
    ),
    slip(
        "a momentum from 0 and 1",
        "That is a running average with momentum 0.1 from a start of 0 and 1. A late step is seen "
        "too seldom to get away from its start; the plain average was asked for.",
        "After a single update with mean 2: what should get say?",
        "M6",
        weight="momentum",
    ),
    slip(
        "a momentum from the first",
        "From the second update on the newest one weighs 0.1, so that the first one keeps most of "
        "the weight; the plain average was asked for.",
        "After means 2 and 4 at the same step: what should get say?",
        "M6",
        weight="momentum, from the first",
    ),
    slip(
        "a momentum, reversed",
        "That is a running average in which the newest value weighs 0.9; the plain average was "
        "asked for.",
        "After a single update with mean 2: what should get say?",
        "M6",
        weight="momentum 0.9",
    ),
    *PAST,
    slip(
        "unseen as seen",
        "A step that was never updated got an answer: what was there at the start, or what belongs "
        "to another step. A net would go on with it, and nobody would notice.",
        "How can get know whether a step was ever updated?",
        "",
        unseen="accepted",
    ),
    slip(
        "any step will do",
        "get answers for every step as soon as one of them was updated. A step that was never "
        "updated itself has nothing to give: neither what stood there at the start nor what "
        "belongs to another step.",
        "After one update, at step 4: which steps were seen, and what should get(0) do?",
        "",
        unseen="any",
    ),
    slip(
        "an earlier step instead",
        "For a step that was never updated, get answers with what an earlier one saw. A net would "
        "go on with another step's ruler, and nobody would notice.",
        "Only the steps 0 and 1 were seen: what should get(3) do?",
        "",
        unseen="before",
    ),
    slip(
        "refused by chance",
        "An unseen step does end in an exception, but a ValueError was asked for: it says that the "
        "value passed in is wrong.",
        "Who raises this exception: you, or an object that was asked for something it lacks?",
        "",
        unseen="other",
    ),
    slip(
        "mean and variance exchanged",
        "Mean and variance came back in the wrong order.",
        "In which order does get return the two?",
        "",
        swap=True,
    ),
    slip(
        "sd averaged",
        "The standard deviations were averaged and the result was squared. The mean of roots is "
        "below the root of the mean.",
        "If a step has seen the variances 1 and 9, what is their average?",
        "M1",
        spread="sd",
    ),
    slip(
        "the scatter of the means added",
        "To the average of the variances you added how the means scatter. For the devices of one "
        "batch that is right. Here the plain average was asked for: with a variance over N − 1 it "
        "is right by itself, as the means of batches that are drawn alike scatter by chance only.",
        "An update with variance 1, then one with another mean and variance 1: what is the plain "
        "average of the two variances?",
        "",
        spread="between",
    ),
)

MISCONCEPTIONS = (
    *MISCONCEPTIONS,
    Misconception(
        "one memory for all objects",
        "Two objects write into the same memory: what the second one saw is in the first one too.",
        "Where are the arrays made: once, in the class, or for each object, in __init__?",
        wrong=ClassLevel,
    ),
    Misconception(
        "hands out its memory",
        "get returned the memory itself. Whoever changes what came back changes the statistics.",
        "What happens to self.mean if the array that get returned is written into?",
        wrong=HandsOut,
    ),
    Misconception(
        "keeps what came in",
        "The arrays that came in were kept as they are. Whoever made them goes on using them, and "
        "your statistics change along.",
        "What happens to your record if the array that was passed in is written into later?",
        wrong=KeepsTheirs,
    ),
)
