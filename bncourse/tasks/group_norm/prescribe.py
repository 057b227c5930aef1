"""10.5: choose a norm, and the reason that decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.form import Choice, Form
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception
from bncourse.tasks.group_norm.prescribe_bank import (
    MEANINGS,
    NORMS,
    NOT_THE_REASON,
    REASONS,
    SITUATIONS,
)

ASKED = 6
KEYS = tuple(REASONS)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw six kinds of case, and one case of each."""
    kinds = [str(kind) for kind in rng.permutation(list(SITUATIONS))[:ASKED]]
    names = [str(rng.choice(list(SITUATIONS[kind].told))) for kind in kinds]
    return [Case("your six cases", ({"kinds": kinds, "names": names},))]


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return each case's norm and reason."""
    found = {}
    for k, kind in enumerate(p["kinds"], 1):
        found |= _norm(k, SITUATIONS[kind].norm) | _reason(k, kind)
    return found


def _norm(k: int, norm: str) -> dict[str, np.ndarray]:
    return {f"norm_{k}": np.asarray(float(NORMS.index(norm)))}


def _reason(k: int, reason: str) -> dict[str, np.ndarray]:
    return {f"reason_{k}": np.asarray(float(KEYS.index(reason)))}


def _slip(name: str, kind: str, key: str, says: str, field: Callable) -> Misconception:
    """Return what somebody gets wrong about one case of the bank, wherever it was drawn."""

    def wrong(p: Mapping) -> dict[str, np.ndarray]:
        return field(p["names"].index(name) + 1) if name in p["names"] else {}

    return Misconception(
        f"{key}: {name.lower()}", f"{name}: {says}", SITUATIONS[kind].asks, "", wrong
    )


def _wrong_norms(name: str, kind: str) -> Iterator[Misconception]:
    for norm, why_not in SITUATIONS[kind].why_not.items():
        yield _slip(name, kind, norm, f"not {norm}. {why_not}", partial(_norm, norm=norm))


def _wrong_reasons(name: str, kind: str) -> Iterator[Misconception]:
    for reason in (r for r in REASONS if r != kind):
        usually, elsewhere = NOT_THE_REASON[reason]
        says = f"“{REASONS[reason]}” does not decide. {elsewhere.get(kind, usually)}"
        yield _slip(name, kind, REASONS[reason], says, partial(_reason, reason=reason))


MISCONCEPTIONS = tuple(
    slip
    for kind, situation in SITUATIONS.items()
    for name in situation.told
    for slip in (*_wrong_norms(name, kind), *_wrong_reasons(name, kind))
)


def credit(evidence: Evidence) -> float:
    """Return the share of the cases whose norm and reason are both right."""
    wrong = evidence.cases[0].wrong
    right = [not {f"norm_{k}", f"reason_{k}"} & set(wrong) for k in range(1, ASKED + 1)]
    return sum(right) / ASKED


def _question(p: Mapping) -> str:
    told = "\n".join(
        f"{k}. *{name}.* {SITUATIONS[kind].told[name]}"
        for k, (kind, name) in enumerate(zip(p["kinds"], p["names"], strict=True), 1)
    )
    reasons = "\n".join(f"- *{REASONS[key]}*: {text}" for key, text in MEANINGS.items())
    return (
        "Choose for each case a norm and the reason that decides: of the listed ones, the best by "
        "the reported results on large nets. Small nets may do as well with another. The "
        "reason that decides is the one without which another norm would do. A case counts when "
        "both are right. If nothing else is said, a net starts from scratch and its data are "
        "shuffled. If two norms would do, take the one with the smaller error in the tables of "
        "10.3.\n\n"
        f"{told}\n\n"
        "The norms: **BN** (each device's own samples), **SyncBN** (the samples of all devices), "
        "**frozen BN** (the stored statistics, which stay as they are), **GN** (32 groups; over "
        "all places or steps), **LN** (all channels of an image; in sequences the features of one "
        "step), **IN** (each channel, over all places or steps).\n\n"
        f"The reasons:\n\n{reasons}"
    )


FORM = Form(
    question=_question,
    fields=tuple(
        field
        for k in range(1, ASKED + 1)
        for field in (
            Choice(f"norm_{k}", f"Case {k}: the norm", NORMS),
            Choice(f"reason_{k}", f"Case {k}: the reason", tuple(REASONS.values())),
        )
    ),
)

TASK = form_task(
    FORM,
    id="10.5",
    title="prescribe",
    entry="prescribe",
    objective="Choose a norm for a case, for the reason that decides",
    minutes=10,
    params="cases",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    credit=credit,
    hints=(
        "Ask of each case in turn: how many samples at a time, and are they a fair sample? Is "
        "anything stored? May samples know of each other? Is it a sequence? Is something to be "
        "thrown away?",
        "A reason decides if the answer would be another without it. What does not fit a norm "
        "rules it out: no other device, nothing stored, a net that must end with batch norm, a "
        "step that would need later ones.",
        "Another case: a net for photos was trained with batch norm at 256 a device, and goes on "
        "with 256 a device on the same photos. Enough samples, well mixed: BN, “large and mixed”. "
        "The same with 2 at a time, its layers to stay: two images would make a worse mean than "
        "the one it has.",
    ),
)
