"""Parsons problems: lines to put in order, judged by running what was assembled."""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted


@dataclass(frozen=True)
class Line:
    """A line of code under its name; lines that share ``pair`` are alternatives."""

    name: str
    code: str
    pair: str = ""


@dataclass(frozen=True)
class Assembly:
    """The lines on offer, the function head above them and what stands below."""

    question: str
    head: str
    lines: tuple[Line, ...]
    tail: str

    def names(self, order: Any) -> list[str]:
        """Read an order such as "B A D" or ["B", "A", "D"]. Raises AnswerError."""
        if isinstance(order, str):
            order = [word for word in re.split(r"[\s,;>-]+", order) if word]
        if not isinstance(order, (list, tuple)) or not all(isinstance(w, str) for w in order):
            raise AnswerError('write the lines\' names in order, such as "B A D".')
        known = {line.name for line in self.lines}
        names = [word.strip().upper() for word in order]
        # "BAD" is "B A D": every line is named by a single letter.
        names = [n for word in names for n in (word if word.isalpha() else [word])]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise AnswerError(
                f"there is no line {', '.join(unknown)}; the lines are {', '.join(sorted(known))}."
            )
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise AnswerError(f"line {', '.join(twice)} stands there more than once.")
        return names

    def source(self, names: list[str]) -> str:
        """The function that these lines make, in this order."""
        code = {line.name: line.code for line in self.lines}
        return "\n".join([self.head, *(code[name] for name in names), self.tail]) + "\n"

    def build(self, order: Any) -> Callable[..., Any]:
        """Make the assembled function. Raises AnswerError where the lines make none."""
        names = self.names(order)
        both = [
            (a.name, b.name)
            for a in self.lines
            for b in self.lines
            if a.name < b.name and a.pair and a.pair == b.pair and {a.name, b.name} <= set(names)
        ]
        if both:
            a, b = both[0]
            raise AnswerError(f"lines {a} and {b} are alternatives: take one of them.")
        self._check_indents(names)
        source, filename = self.source(names), "<your lines>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        scope: dict[str, Any] = {"np": np}
        try:
            exec(compile(source, filename, "exec"), scope)
        except SyntaxError as error:
            place = (error.text or "").strip()
            raise AnswerError(
                f"in this order the lines make no valid function: {error.msg}"
                + (f", at “{place}”." if place else ".")
            ) from None
        return next(v for k, v in scope.items() if callable(v) and k not in ("np", "__builtins__"))

    def _check_indents(self, names: list[str]) -> None:
        """Raise AnswerError naming the first line that stands where its indentation cannot."""
        code = {line.name: line.code for line in self.lines}
        depth, opened, last = 4, False, ""
        for name in names:
            indent = len(code[name]) - len(code[name].lstrip())
            if opened and indent <= depth:
                raise AnswerError(f"line {last} opens a block; an indented line must follow it.")
            if indent > depth and not opened:
                raise AnswerError(
                    f"line {name} is indented further than the line above it: it belongs under a "
                    "line that ends with a colon."
                )
            depth, opened, last = indent, code[name].endswith(":"), name
        if opened:
            raise AnswerError(f"line {last} opens a block; an indented line must follow it.")


def assemble(task: Any, value: Any) -> Callable[..., Any]:
    """Drive a Parsons answer: build the function from the order."""
    if value is None or value is Ellipsis or value == "" or value == []:
        raise NotStarted
    return task.form.build(value)
