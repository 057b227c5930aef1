"""Advice of the map of `decision` against a rival, seed by seed, and how often which did better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bncourse.experiments.decision import LEAVES, walk

# Standard errors that a mean of so many differences must exceed: Student's t, 95 %, two-sided.
STUDENT = {5: 2.776, 6: 2.571, 10: 2.262}
ERROR = "test error in %"
VERDICTS = ("wins", "no difference", "loses")
# What the advice is compared with. To do better than no norm at all says nothing about which.
RIVALS = ("another norm", "no norm", "batch norm used otherwise", "by algebra")
NO_NORM = ("none", "SkipInit")
BATCH_NORM = (
    "BN",
    "SyncBN",
    "recomputed",
    "old averages",
    "frozen",
    "recomputed, frozen",
    "train mode",
)


@dataclass(frozen=True)
class Comparison:
    """What the map advises against what it advises against, on the same S seeds.

    Attributes:
        where: net, budget or test.
        ours, theirs: names of the two.
        with_ours, with_theirs: (S,), less is better.
        unit: of both.
    """

    where: str
    ours: str
    theirs: str
    with_ours: np.ndarray
    with_theirs: np.ndarray
    unit: str = ERROR

    @property
    def gain(self) -> float:
        """Mean of the paired differences, theirs - ours."""
        return float((self.with_theirs - self.with_ours).mean())

    @property
    def standard_error(self) -> float:
        """Standard error of the mean of the paired differences."""
        differences = self.with_theirs - self.with_ours
        return float(differences.std(ddof=1) / np.sqrt(len(differences)))

    @property
    def verdict(self) -> str:
        """Return "wins", "loses", or "no difference" if 0 is in the gain's 95 % interval."""
        if abs(self.gain) <= STUDENT[len(self.with_ours)] * self.standard_error:
            return "no difference"
        return "wins" if self.gain > 0 else "loses"

    @property
    def rival(self) -> str:
        """Return one of `RIVALS`: what kind of rival `theirs` is."""
        if self.unit != ERROR:
            return "by algebra"
        if self.theirs in NO_NORM:
            return "no norm"
        both = self.ours in BATCH_NORM and self.theirs in BATCH_NORM
        return "batch norm used otherwise" if both else "another norm"


@dataclass(frozen=True)
class Case:
    """A situation, the answers to the map's questions, and comparisons of its advice.

    Attributes:
        name: the situation.
        answers: to the questions on the way.
        record: the experiment (or two) that measured it, or "" if none did.
        comparisons: from there.
        reported: what a paper reports instead, if the course did not measure it.
    """

    name: str
    answers: Mapping[str, bool]
    record: str = ""
    comparisons: tuple[Comparison, ...] = ()
    reported: str = ""

    @property
    def leaf(self) -> str:
        """Key of the leaf that the map comes to."""
        return walk(self.answers)


@dataclass(frozen=True)
class Tally:
    """How often the map's advice won, made no difference or lost.

    Attributes:
        total: counts by verdict, all comparisons.
        by_leaf: the same for each leaf.
        by_rival: the same for each of `RIVALS`.
    """

    total: dict[str, int]
    by_leaf: dict[str, dict[str, int]]
    by_rival: dict[str, dict[str, int]]


def tally(cases: Sequence[Case]) -> Tally:
    """Count the verdicts of all comparisons."""
    by_leaf: dict[str, dict[str, int]] = {leaf: dict.fromkeys(VERDICTS, 0) for leaf in LEAVES}
    by_rival: dict[str, dict[str, int]] = {kind: dict.fromkeys(VERDICTS, 0) for kind in RIVALS}
    for case in cases:
        for comparison in case.comparisons:
            by_leaf[case.leaf][comparison.verdict] += 1
            by_rival[comparison.rival][comparison.verdict] += 1
    total = {verdict: sum(row[verdict] for row in by_leaf.values()) for verdict in VERDICTS}
    return Tally(total, by_leaf, by_rival)
