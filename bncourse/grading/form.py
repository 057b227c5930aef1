"""Answers that are typed: numbers and choices, with the learner's own numbers in the question."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted

CONFIDENCE = {1: "a guess", 2: "I think so", 3: "I am sure"}


@dataclass(frozen=True)
class Number:
    """A number to type, from ``low`` to ``high``.

    Accepted within ``rtol`` of the answer or ``atol``; counts are exact.
    """

    name: str
    asks: str
    rtol: float = 5e-3
    atol: float = 0.0
    low: float = -math.inf
    high: float = math.inf

    @property
    def exact(self) -> bool:
        """Whether this is a count: two mistakes may well lead to the same one."""
        return self.rtol == 0 and self.atol == 0

    def read(self, value: Any) -> float:
        """Read a typed number within its limits; "2/3", "1e-5" and "27,6" are numbers too.

        Raises AnswerError for anything else.
        """
        number = self._number(value)
        if math.isnan(number):
            raise AnswerError(f"{self.name} should be a number; {value!r} is none.")
        if not self.low <= number <= self.high:
            within = f"lie between {self.low:g} and {self.high:g}"
            if math.isinf(self.high):
                within = f"be at least {self.low:g}"
            raise AnswerError(f"{self.name} should {within}; {number:g} is not there.")
        return number

    def _number(self, value: Any) -> float:
        if isinstance(value, bool):
            raise AnswerError(f"{self.name} should be a number, not {value}.")
        try:
            if isinstance(value, str):
                value = _plain(value, self.exact)
                return float(Fraction(value)) if "/" in value else float(value)
            return float(value)
        except (TypeError, ValueError, ArithmeticError, AttributeError):
            raise AnswerError(f"{self.name} should be a number; {value!r} is none.") from None

    def close(self, got: np.ndarray, wanted: np.ndarray) -> bool:
        """Say whether a typed number is the wanted one."""
        allowed = max(self.atol, self.rtol * float(np.abs(wanted)))
        return bool(np.abs(got - wanted) <= allowed)

    def show(self, number: np.ndarray) -> str:
        """Write a typed number back as the learner would."""
        return f"{float(number):.6g}"


@dataclass(frozen=True)
class Choice:
    """One of several statements, named by letters from "a"."""

    name: str
    asks: str
    options: tuple[str, ...]

    exact = True

    def read(self, value: Any) -> float:
        """Read a letter as its position. Raises AnswerError for any other."""
        letters = [chr(ord("a") + k) for k in range(len(self.options))]
        letter = value.strip().lower().removesuffix(")") if isinstance(value, str) else ""
        if letter not in letters:
            meant = ", ".join(f"{k} ({t})" for k, t in zip(letters, self.options, strict=True))
            raise AnswerError(f"{self.name} should be one letter of {meant}; {value!r} is none.")
        return float(letters.index(letter))

    def close(self, got: np.ndarray, wanted: np.ndarray) -> bool:
        """Say whether the choice is the wanted one."""
        return bool(got == wanted)

    def show(self, number: np.ndarray) -> str:
        """Write a choice back as its letter and text."""
        place = int(number)
        return f"{chr(ord('a') + place)} ({self.options[place]})"


@dataclass(frozen=True)
class Form:
    """A few fields and the text that asks, written from the case's numbers.

    ``confidence``: how sure the learner is may be said, too. ``whole``: nothing is judged before
    every field is filled. ``lenient``: what cannot be read costs its own field alone, as when it
    is marked and nobody is there to mend it.
    """

    question: Callable[[Mapping[str, Any]], str]
    fields: tuple[Number | Choice, ...]
    confidence: bool = False
    whole: bool = False
    lenient: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The fields' names, in order."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Number | Choice:
        """Return the field of that name."""
        return next(field for field in self.fields if field.name == name)

    def sample(self, name: str) -> Any:
        """What a right kind of answer looks like, for messages."""
        return '"a"' if isinstance(self.field(name), Choice) else "1.5"


def _plain(text: str, count: bool) -> str:
    """Write a typed number the way Python reads it; a comma may group thousands or be a point.

    Raises AnswerError where it could be either.
    """
    text = text.strip().replace("−", "-")
    if re.fullmatch(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", text):
        if not count and text.count(",") == 1 and "." not in text:
            raise AnswerError(
                f"{text} can be read in two ways: write {text.replace(',', '.')} or "
                f"{text.replace(',', '')}."
            )
        return text.replace(",", "")
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def _empty(value: Any) -> bool:
    return value is None or value is Ellipsis or (isinstance(value, str) and not value)


def fill_form(task: Any, value: Any) -> Callable[..., Any]:
    """Drive a form: read the learner's dict; an empty field comes back as not-a-number.

    In a lenient form an entry that cannot be read comes back as infinity. Raises AnswerError.
    """
    form: Form = task.form
    if value is None or value is Ellipsis:
        raise NotStarted
    if not isinstance(value, Mapping):
        example = ", ".join(f'"{n}": {form.sample(n)}' for n in form.names)
        raise AnswerError(f"{task.entry} should be a dict such as {{{example}}}.")
    extra = [str(k) for k in value if k not in form.names and k != "confidence"]
    if extra and not form.lenient:
        known = ", ".join((*form.names, *(("confidence",) if form.confidence else ())))
        raise AnswerError(f"{task.entry} has no field {', '.join(extra)}; its fields are {known}.")
    typed = {n: value.get(n) for n in form.names}
    filled = {n: v for n, v in typed.items() if not _empty(v)}
    if not filled:
        raise NotStarted
    read = {n: np.array(_read(form, n, v)) for n, v in filled.items()}
    if form.confidence and not form.lenient:
        read_confidence(value)
    empty = [name for name in form.names if name not in filled]
    if form.whole and empty:
        raise AnswerError(f"still empty: {', '.join(empty)}. All are judged at once; guess.")
    answers = {n: read.get(n, np.array(np.nan)) for n in form.names}
    return lambda *args: answers


def _read(form: Form, name: str, value: Any) -> float:
    try:
        number = form.field(name).read(value)
        if math.isinf(number):  # a prediction may be; no answer is
            raise AnswerError(f"{name} should be a finite number; {value!r} is none.")
    except AnswerError:
        if not form.lenient:
            raise
        return math.inf
    return number


def readable(form: Form, values: Mapping[str, np.ndarray]) -> bool:
    """Say whether arrays that came from another process are what ``fill_form`` makes.

    One real number for each field, not-a-number where it is empty and infinite where it could
    not be read; a choice names one of its options.
    """
    if set(values) != set(form.names):
        return False
    for name, value in values.items():
        if value.shape != () or value.dtype != np.float64:
            return False
        field, number = form.field(name), float(value)
        if number == -math.inf:
            return False
        if not math.isfinite(number) or isinstance(field, Number):
            continue
        if number not in range(len(field.options)):
            return False
    return True


def read_confidence(value: Mapping[str, Any]) -> int | None:
    """Return the confidence 1 … 3 of a form's answer, or None; raises AnswerError."""
    said = value.get("confidence")
    if said is None or said is Ellipsis:
        return None
    if isinstance(said, str) and said.strip().isdecimal():
        said = int(said)
    if isinstance(said, bool) or not isinstance(said, int) or said not in CONFIDENCE:
        steps = ", ".join(f"{k} ({words})" for k, words in CONFIDENCE.items())
        raise AnswerError(f"confidence should be one of {steps}, for all together; not {said!r}.")
    return int(said)
