"""Whether the wrong answers to a form can be told apart on the numbers that were drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

from bncourse.grading.task import Misconception


def clashes(
    p: Mapping,
    answers: Callable[[Mapping], Mapping],
    bank: Sequence[Misconception],
    needed: Callable[[str, float, float], float],
) -> set[tuple[str, str, str]]:
    """Return (field, key, key) of answers too close to be told apart; "" is the right answer.

    ``needed`` gives the smallest distance between two answers of a field. Mistakes that share a
    number by their nature do so on every draw: the caller allows those that clash on odd numbers.
    """
    every = {"": answers(p), **{m.key: m.wrong(p) for m in bank}}
    found = set()
    for name in every[""]:
        told = {key: float(values[name]) for key, values in every.items() if name in values}
        found |= {
            (name, a, b)
            for a, b in combinations(told, 2)
            if abs(told[a] - told[b]) <= needed(name, told[a], told[b])
        }
    return found
