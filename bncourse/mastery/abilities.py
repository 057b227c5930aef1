"""The abilities that the course promises, each proved twice."""

from __future__ import annotations

from dataclasses import dataclass

from bncourse.grading.objectives import NOT_STARTED, ORDER, TRIED, task_state

# One exercise where it is new, and another in which it is needed again, mostly lessons later.
ABILITIES = {
    "count and split batches": ("1.2", "8.2"),
    "standardise without leakage": ("2.3", "C.4"),
    "the forward pass: axes, eps, scale and shift": ("3.3", "6.3"),
    "the three paths of the gradient": ("4.4", "9.3"),
    "two modes and the running averages": ("5.3", "8.4"),
    "what is known about why it works": ("7.5", "10.9"),
    "the conditions under which it fails": ("8.3", "C.6"),
    "the choice of a normaliser": ("10.5", "C.7"),
}


@dataclass(frozen=True)
class Ability:
    """An ability, how far its weaker proof is, and the exercises that prove it."""

    text: str
    state: str
    tasks: tuple[str, ...]


def abilities() -> list[Ability]:
    """Return the current learner's abilities.

    One is independent where both exercises were solved before their last hint was seen.
    """
    out = []
    for text, ids in ABILITIES.items():
        states = [task_state(i) for i in ids]
        state = min(states, key=ORDER.index)
        if state == NOT_STARTED and any(s != NOT_STARTED for s in states):
            state = TRIED
        out.append(Ability(text, state, ids))
    return out
