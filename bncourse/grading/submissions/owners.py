"""Whose notebooks lie loose in one folder: the learners' names in the files' names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile

_EXERCISE = r"\d\d_[a-z_]*[a-z]"
_BETWEEN = r"[\s_.-]+"
# Marks of a copy: JupyterLab's, browsers', file managers', and the -1 of resubmissions.
_COPY = re.compile(r"(?:[\s_]*-[Cc]opy\d*|\s*\(\d{1,2}\)|\s+-\s+[Cc]opy|(?<!\d)-\d{1,2})$")


def owners(stems: Sequence[str], exercises: Collection[str] = ()) -> list[str]:
    """Return the learner's name for each file name without its ending, or "" for none.

    ``exercises`` are the known exercise names, ``03_batch_norm``. Where none are known, any two
    digits followed by small words pass for one. Names of exercises and copy marks are taken off,
    so that ``ada``, ``ada_03_batch_norm-1`` and ``04_backprop_ada (2)`` all belong to ``ada``.
    A mark after a name counts only where it cannot take two learners for one: ``group-1`` and
    ``group-2`` stay apart unless there is a ``group``.
    """
    forms = [_forms(stem) for stem in stems]
    names = _Names(exercises, _shared([some[-1] for some in forms]))
    times = Counter(form for some in forms for form in set(some))
    given = set(stems)

    def owner(some: list[str]) -> str:
        sure = [f for f in some if f == some[0] or f in given or times[f] == 1]
        for form in some:
            if (name := names.before(form)) or (name == "" and form in sure):
                return name
        name = names.after(sure[-1])
        return sure[-1] if name is None else name

    return [owner(some) for some in forms]


def _forms(stem: str) -> list[str]:
    """Return the name as it is, then with one copy mark after the other taken off."""
    forms = [stem]
    while (shorter := _COPY.sub("", forms[-1])) and shorter != forms[-1]:
        forms.append(shorter)
    return forms


def _shared(stems: Iterable[str]) -> set[str]:
    """Return what looks like an exercise and belongs to several files."""
    ends = Counter(m[1] for s in stems if (m := re.search(rf"{_BETWEEN}({_EXERCISE})$", s)))
    shared = {name for name, times in ends.items() if times > 1}
    starts: dict[str, list[list[str]]] = {}
    for stem in stems:
        if re.match(r"\d\d_", stem):
            starts.setdefault(stem[:2], []).append(stem.split("_"))
    for group in starts.values():
        same = list(takewhile(lambda words: len(set(words)) == 1, zip(*group, strict=False)))
        if len(same) > 1 and len(group) > 1:
            shared.add("_".join(words[0] for words in same))
    return shared


class _Names:
    """The names of exercises, known or supposed, and how to take them off."""

    def __init__(self, known: Collection[str], shared: set[str]):
        self.certain = set(known) | shared
        names = sorted(self.certain, key=lambda name: (-len(name), name))
        listed = "|".join(map(re.escape, names)) or r"(?!)"
        guess = r"(?!)" if known else _EXERCISE
        self.first = re.compile(rf"(?:{listed}){_BETWEEN}(.+)", re.S)
        self.last = re.compile(rf"(.+?){_BETWEEN}(?:{listed}|{guess})", re.S)
        self.guess = re.compile(guess)

    def before(self, form: str) -> str | None:
        """Return what stands before an exercise's name at the end; None where there is none."""
        if form in self.certain:
            return ""
        if self.first.fullmatch(form):
            return None
        if found := self.last.fullmatch(form):
            return found[1]
        return "" if self.guess.fullmatch(form) else None

    def after(self, form: str) -> str | None:
        """Return what stands after an exercise's name at the beginning."""
        found = self.first.fullmatch(form)
        return found[1] if found else None
