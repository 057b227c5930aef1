"""10.6: write the tests that let right batch norm layers through and no wrong one."""

from __future__ import annotations

from dataclasses import replace

from bncourse.grading.evidence import Evidence
from bncourse.grading.hand_in_layers import hand_in_layers
from bncourse.grading.kinds import driven_task
from bncourse.tasks.group_norm.kill_bank import RIGHT, WRONG
from bncourse.tasks.group_norm.kill_checkers import by_differences, is_batch_norm
from bncourse.tasks.group_norm.kill_slips import MISCONCEPTIONS
from bncourse.tasks.group_norm.kill_tags import TAGS, answered_before

FALSE_ALARM = 0.25  # of the marks, for each right layer that is rejected
TORN = "(right layers differ from each other in their last digits only)"

# In which respect a layer is wrong; told where a suite rejects none of them.
THEMES = {
    "which numbers share a mean": (
        "each image by itself",
        "layer norm",
        "each activation by itself",
        "one mean for everything",
        "one mean for each column of pixels",
        "running statistics always",
    ),
    "what x is divided by": (
        "Bessel in the forward pass",
        "mean absolute deviation",
        "divided by the variance",
    ),
    "eps": ("eps outside the root", "eps fixed", "eps outside the root in evaluation"),
    "gamma and beta": (
        "no gamma, no beta",
        "beta before gamma",
        "one gamma for all",
        "absolute gamma",
    ),
    "what is remembered": (
        "running variance never updated",
        "biased running variance",
        "running standard deviation",
        "momentum reversed",
        "momentum fixed",
    ),
    "evaluation mode": ("remembers in evaluation", "batch statistics always"),
    "the backward pass": (
        "statistics frozen in backward",
        "variance path missing",
        "backward without gamma",
    ),
    "rounding": ("single precision inside", "variance in one pass"),
}


def right_and_wrong(evidence: Evidence) -> tuple[int, frozenset[str]]:
    """Return how many right layers were accepted, and the names of the wrong ones rejected."""
    clean = [TAGS.number_of(c.case.args[0]) for c in evidence.cases if c.clean]
    names = list(WRONG)
    rejected = frozenset(names[k - len(RIGHT)] for k in clean if k >= len(RIGHT))
    return len(clean) - len(rejected), rejected


def credit(evidence: Evidence) -> float:
    """Return the share of wrong layers rejected, less a quarter for each false alarm."""
    accepted, rejected = right_and_wrong(evidence)
    return len(rejected) / len(WRONG) - FALSE_ALARM * (len(RIGHT) - accepted)


def tell(evidence: Evidence) -> tuple[str, ...]:
    """Say the two counts and what goes untested altogether; never which layers they are."""
    accepted, rejected = right_and_wrong(evidence)
    untested = [theme for theme, names in THEMES.items() if rejected.isdisjoint(names)]
    lines = [
        f"it rejects {len(rejected)} of {len(WRONG)} wrong layers",
        f"and accepts {accepted} of {len(RIGHT)} right ones",
        f"score: {max(credit(evidence), 0.0):.0%}",
    ]
    if 0 < accepted < len(RIGHT):
        lines.append(TORN)
    if untested and rejected:
        lines.append(f"it rejects nothing that is wrong in: {'; '.join(untested)}")
    return tuple(lines)


def stub(make):
    """The exercise as learners find it."""
    return None


_WITH_MEMORY = TAGS.unforgetting(
    driven_task(
        hand_in_layers,
        id="10.6",
        title="kill my norm",
        entry="is_batch_norm",
        objective="Write tests of a batch norm layer that no wrong layer passes",
        minutes=30,
        params=("layer",),
        outputs=("accepted",),
        cases=TAGS.cases,
        reference=is_batch_norm,
        misconceptions=MISCONCEPTIONS,
        hints=(
            "Mean 0 and standard deviation 1 are not enough: each image by itself has them, too. "
            "What does a layer do besides returning y in training mode? List it: what it "
            "remembers, its other mode, its gradients, its numbers' digits.",
            "Write down what should come out, and compare. Choose the numbers so that every "
            "mistake shows: all of N, C, H and W above 1, gamma of both signs and beta not 0, eps "
            "as large as 0.1, a momentum that is neither 0.1 nor 0.5, float64 to 1e-9. Then one "
            "batch in float32 with a mean of 10000, and a tolerance of some per cent.",
            "For the memory, after one batch of m numbers per channel: running_mean is momentum · "
            "mean, and running_var is (1 − momentum) · 1 + momentum · var · m / (m − 1). For "
            "evaluation: call eval(), keep copies of both, call forward, and compare y with "
            "γ · (x − running_mean) / √(running_var + eps) + β and both with their copies. dx is "
            "your closed form of lesson 04, with means over (0, 2, 3).",
        ),
        stub=stub,
        switchboard=is_batch_norm,
        accepted=(by_differences,),
        oracle=answered_before(),
        credit=credit,
        tell=tell,
    )
)
# The memory is for the suites above; what learners ask is not kept.
TASK = replace(_WITH_MEMORY, oracle=TAGS.oracle)
