"""Sentences to be completed: a form of choices, one of whose endings is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bncourse.grading.form import Choice, Form
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception, Task


@dataclass(frozen=True)
class Sentence:
    """A beginning and its endings, the right one first; ``turn`` is how many go to the end.

    The endings are shown turned, so that the right one does not always lead.
    """

    begins: str
    endings: tuple[str, ...]
    turn: int = 0

    @property
    def shown(self) -> tuple[str, ...]:
        """The endings as they are shown."""
        return self.endings[self.turn :] + self.endings[: self.turn]

    def place(self, ending: int) -> float:
        """Return where an ending is shown."""
        return float(self.shown.index(self.endings[ending]))


class Sentences:
    """Some sentences by name, from which a task and its misconceptions are made."""

    def __init__(self, **sentences: Sentence) -> None:
        self.sentences = sentences

    def chosen(self, **endings: int) -> dict[str, np.ndarray]:
        """Return a form's answer with these endings: 0 is right."""
        return {name: np.asarray(self.sentences[name].place(k)) for name, k in endings.items()}

    def slip(self, key: str, says: str, asks: str, code: str = "", **endings: int) -> Misconception:
        """Return the misconception that chooses these wrong endings."""
        return Misconception(key, says, asks, code, lambda p: self.chosen(**endings))

    def task(self, **rest: Any) -> Task:
        """Return the task of completing them all; the same for every learner, and not marked."""
        return form_task(
            Form(
                question=lambda p: "Complete each sentence so that it is true.",
                fields=tuple(Choice(n, s.begins, s.shown) for n, s in self.sentences.items()),
                confidence=True,
            ),
            params="sentences",
            personal=False,
            cases=lambda rng: [Case("the sentences", ({"names": tuple(self.sentences)},))],
            reference=lambda p: self.chosen(**dict.fromkeys(self.sentences, 0)),
            graded=False,
            **rest,
        )
