"""7.2: fourteen times what? A paper's table and one of your own, read critically."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case
from bncourse.tasks.inference.apart import clashes
from bncourse.tasks.why_it_works.fourteen_times_slips import (
    FOLLOWS,
    MISCONCEPTIONS,
    PAPER,
    RATES,
    STEPS,
    answers,
)

APART = 0.025  # the fields' tolerance is a hundredth
FAIR = (2.0, 8.0)  # the lesson's own fair comparisons lie there, and no headline does
UNFAIR = 1.7  # so many times more, or fewer, both nets save at the common rate
FASTER = 1.15  # at the common rate, too, batch norm saves so many times at least
NEAR = 0.12  # no ratio of the learner's own table lies so near to one of the paper's


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw two nets' updates at four rates, on which no two mistakes agree by chance."""
    while True:
        best_plain, best_batch, common = (int(k) for k in rng.permutation(len(RATES))[:3])
        batch = int(rng.integers(40, 90))
        p = {
            "plain": _updates(rng, best_plain, int(batch * rng.uniform(*FAIR))),
            "batch": _updates(rng, best_batch, batch),
            "common": RATES[common],
            "rates": list(RATES),
        }
        if _teaches(p) and _alike(p) <= SHARED:
            return [Case("your nets", (p,))]


def _teaches(p: Mapping) -> bool:
    """Say whether the two ratios of a table differ plainly, and from the paper's."""
    told = answers(p)
    fair, same = float(told["own_best"]), float(told["same_rate"])
    apart = all(abs(one / paper - 1) > NEAR for one in (fair, same) for paper in PAPER)
    # Were the net with batch norm the slower one at the common rate, "slow divided by fast" would
    # be another quotient there.
    faster = same > FASTER
    return FAIR[0] < fair < FAIR[1] and faster and apart and not 1 / UNFAIR < same / fair < UNFAIR


def _updates(rng: np.random.Generator, best: int, fewest: int) -> list[int]:
    """Draw a net's updates at each rate: more and more on both sides of the best one."""
    updates = [fewest] * len(RATES)
    for side in (range(best - 1, -1, -1), range(best + 1, len(RATES))):
        now = fewest
        for place in side:
            now = int(now * rng.uniform(1.3, 2.4))
            updates[place] = now
    return updates


def _alike(p: Mapping) -> set[tuple[str, str, str]]:
    return clashes(p, answers, MISCONCEPTIONS, _needed)


def _needed(name: str, a: float, b: float) -> float:
    return 0.1 if name == "follows" else APART * max(abs(a), abs(b))


# Some mistakes share a number by their nature: on every table, so also on these odd ones.
_ODD = (
    {"plain": [1931, 967, 411, 729], "batch": [157, 83, 29, 47], "common": 0.5, "rates": RATES},
    {"plain": [1513, 701, 353, 503], "batch": [131, 61, 37, 23], "common": 0.125, "rates": RATES},
)
SHARED = _alike(_ODD[0]) & _alike(_ODD[1])


def _question(p: Mapping) -> str:
    rows = "\n".join(
        f"| {rate:g} | {a} | {b} |"
        for rate, a, b in zip(p["rates"], p["plain"], p["batch"], strict=True)
    )
    paper = "\n".join(
        f"| {name} | {rate} | {steps} million |" for name, rate, steps in STEPS.values()
    )
    return (
        "From the paper's third figure (Ioffe & Szegedy 2015): steps to 72.2 % on ImageNet. "
        "*BN-Baseline* is Inception with batch norm and nothing else changed. *BN-x5* also has "
        "five times the learning rate, and six more changes of the recipe.\n\n"
        f"| net | learning rate | steps |\n|---|---|---|\n{paper}\n\n"
        "And a table of your own, with invented numbers: updates of two nets to 90 %, at four "
        "learning rates.\n\n"
        f"| learning rate | without BN | with BN |\n|---|---|---|\n{rows}\n\n"
        f"The common rate is **{p['common']:g}**. Give at least three digits. *Times fewer* means "
        "slow divided by fast."
    )


FORM = Form(
    question=_question,
    fields=(
        Number("paper_all", "Paper: times fewer steps, BN-x5 against Inception", 0.015),
        Number("paper_alone", "Paper: times fewer steps by batch norm alone", 0.015),
        Number("paper_rest", "Paper: times fewer steps by what else was changed", 0.015),
        Number("same_rate", "Yours: times fewer updates, both nets at the common rate", 0.01),
        Number("own_best", "Yours: times fewer updates, each net at its own best rate", 0.01),
        Choice("follows", "Which sentence do these two tables support?", FOLLOWS),
    ),
)

TASK = form_task(
    FORM,
    id="7.2",
    title="fourteen times what?",
    entry="fourteen_times",
    objective="Read a speed-up critically: what was changed, and at whose learning rate",
    minutes=10,
    params="tables",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "For each number ask two things: which two nets, and at which rate each?",
        "Batch norm alone is the step from Inception to BN-Baseline; what else was changed is the "
        "step from there to BN-x5. The two factors multiply to the whole. In your own table each "
        "net's best rate is the one with the fewest updates.",
        "A net that needs 900, 400, 600 updates and one that needs 90, 60, 20, at the same three "
        "rates: at the first rate 900/90 = 10 times fewer, each at its own best 400/20 = 20.",
    ),
)
