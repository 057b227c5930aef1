"""Whose average: which numbers of an (N, C, H, W) tensor share one mean and one variance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import svg
from ipywidgets import Widget

from bncourse.figures.choices import Choices
from bncourse.figures.gate import Choice, Number
from bncourse.figures.interactive import Schematic
from bncourse.figures.style import number
from bncourse.figures.whose_average_drawing import Sharing, Shift, picture

SHAPE = (3, 4, 4, 4)  # N, C, H, W
EPS = 1e-5
# The axes of the tensor that one switch joins.
JOINED = {"images": (0,), "channels": (1,), "pixels": (2, 3)}
BATCH_NORM = {"images": "all", "channels": "same", "pixels": "all"}
PER_ACTIVATION = {"images": "all", "channels": "same", "pixels": "same"}
INSTANCE_NORM = {"images": "same", "channels": "same", "pixels": "all"}
LAYER_NORM = {"images": "same", "channels": "all", "pixels": "all"}
# Name, and the formula of the learned numbers with its factors: axes of the tensor.
KINDS = (
    (BATCH_NORM, "per channel (batch norm)", "2 · C", (1,)),
    (PER_ACTIVATION, "per activation", "2 · C · H · W", (1, 2, 3)),
    (INSTANCE_NORM, "per image (instance norm)", "2 · C", (1,)),
    (LAYER_NORM, "all channels of an image (layer norm)", "2 · C · H · W", (1, 2, 3)),
)
# What each answer would shade.
ANSWERS = {
    "its channel at its own pixel, in all images": PER_ACTIVATION,
    "its channel in its own image": INSTANCE_NORM,
    "its channel in all images": BATCH_NORM,
    "all channels of its own image": LAYER_NORM,
}


class WhoseAverage(Schematic):
    """Three images of four channels, one number marked, and the numbers that share its mean.

    The state is ``pixel`` [n, c, h, w], the marked number; ``images``, ``channels`` and
    ``pixels``, "same" or "all": what the mean runs over; and ``shift``, 1 to move the marked image
    by one pixel. The switches work before the prediction too; counts and names come after it.
    """

    name = "whose_average"
    title = "Which numbers of a tensor share one mean"
    opening: ClassVar = {
        "pixel": [1, 1, 1, 2],
        "images": "same",
        "channels": "same",
        "pixels": "same",
        "shift": 0,
    }
    frames = tuple((name, {**sets, "shift": 1}) for sets, name, *_ in KINDS[:3])
    questions = (
        Number(
            "means",
            "Three images, four channels, 4 × 4 pixels: how many means does batch norm take of "
            "this tensor?",
            rtol=0,
            low=0,
        ),
        Choice(
            "shared",
            "Shade with the switches below the numbers that you think share the mean of the "
            "marked one in batch norm. Which are they?",
            tuple(ANSWERS),
        ),
    )
    gap = (
        "A convolution slides one kernel over all pixels. What would be lost if batch norm took "
        "one mean for each activation, and why is nothing lost with one for each channel?"
    )
    claim = (
        "Counting, exact for any tensor of this shape. The gap is computed on one random tensor; "
        "0 stands for rounding errors only."
    )

    def make_controls(self) -> dict[str, Widget]:
        """Return the three switches."""
        return {
            axis: Choices([(f"its own {axis[:-1]}", "same"), (f"all {axis}", "all")], "same")
            for axis in JOINED
        }

    def make_actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return the three kinds of batch statistics, the move by one pixel, another number."""
        kinds = {
            name: lambda state, sets=sets: dict(sets)  # bound now, not when pressed
            for sets, name, *_ in KINDS[:3]
        }
        return {
            **kinds,
            "Move its image by a pixel": lambda state: {"shift": 1 - state["shift"]},
            "Mark another": lambda state: {"pixel": _another(state["pixel"])},
        }

    def draw(self, state: dict[str, Any]) -> svg.SVG:
        """Draw the tensor with the shaded set; counts and the move only when revealed."""
        told, guess = self.describe(state), None
        if self.prediction:
            chosen = members(state["pixel"], ANSWERS[self.prediction["shared"]])
            guess = (chosen, self.prediction["means"])
        moved = self.revealed and state["shift"]
        return picture(
            sharing(state),
            shifted(state) if moved else None,
            guess,
            self.revealed,
            self.title,
            told,
        )

    def describe(self, state: dict[str, Any]) -> str:
        """Say the marked number and what its mean runs over; the counts only when revealed."""
        now = sharing(state)
        n, c, h, w = now.pixel
        over = ", ".join(
            f"{'all' if now.sets[axis] == 'all' else 'only its own'} "
            f"{axis if now.sets[axis] == 'all' else axis[:-1]}"
            for axis in JOINED
        )
        text = f"Marked: x[{n}, {c}, {h}, {w}]. Shaded: {over}"
        if not self.revealed:
            return f"{text}."
        text += (
            f"; {now.name}. {_count(now.per_mean, 'number')} per mean, "
            f"{_count(now.means, 'mean')} for the tensor's {math.prod(now.shape)} numbers, "
            f"{f'{now.learned} learned numbers' if now.learned else 'no usual layer'}."
        )
        if state["shift"]:
            text += (
                f" Image {n} moved by one pixel, cyclically, the others left in place: moving "
                "before or after normalising differs by at most "
                f"{number(shifted(state).gap, 2)} in channel {c}."
            )
        return text

    def _enable(self, on: bool) -> None:
        super()._enable(on)
        for switch in self.controls.values():  # the shading is part of the prediction
            switch.disabled = False
        for _, label, *_ in KINDS[:3]:  # "per channel (batch norm)" would answer the questions
            self.buttons[label].layout.display = None if on else "none"


def sharing(state: dict[str, Any]) -> Sharing:
    """Return who shares the marked number's mean, with all counts."""
    sets = {axis: state[axis] for axis in JOINED}
    over = math.prod(SHAPE[axis] for axis in _axes(sets))
    name, formula, learned = next(
        (
            (name, formula, 2 * math.prod(SHAPE[axis] for axis in factors))
            for kind, name, formula, factors in KINDS
            if kind == sets
        ),
        ("each number alone: x - mean = 0" if over == 1 else "a set without a usual layer", "", 0),
    )
    return Sharing(
        shape=SHAPE,
        pixel=tuple(state["pixel"]),
        sets=sets,
        members=members(state["pixel"], sets),
        means=math.prod(SHAPE) // over,
        per_mean=over,
        name=name,
        formula=formula,
        learned=learned,
    )


def members(pixel: list[int], sets: dict[str, str]) -> np.ndarray:
    """Return which numbers share the mean of ``pixel``, a boolean array of SHAPE."""
    axes = _axes(sets)
    chosen = np.zeros(SHAPE, dtype=bool)
    chosen[tuple(slice(None) if axis in axes else at for axis, at in enumerate(pixel))] = True
    return chosen


def shifted(state: dict[str, Any]) -> Shift:
    """Move the marked image by one pixel before and after normalising a seeded random tensor.

    Only that image moves: with the whole batch, statistics of each pixel would move along. The
    move is cyclic (the last column becomes the first), so that it keeps the image's numbers.
    """
    n, c = state["pixel"][:2]
    axes = _axes(state)
    x = np.random.default_rng(6).normal(size=SHAPE)
    first, after = _move(x, n), _move(_normalised(x, axes), n)
    before = _normalised(first, axes)
    return Shift(
        image=n,
        channel=c,
        plain=x[n, c],
        moved=first[n, c],
        moved_first=before[n, c],
        normalised=_normalised(x, axes)[n, c],
        moved_last=after[n, c],
    )


def _axes(sets: dict[str, Any]) -> tuple[int, ...]:
    return tuple(axis for name, joined in JOINED.items() if sets[name] == "all" for axis in joined)


def _normalised(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(var + EPS)


def _move(x: np.ndarray, image: int) -> np.ndarray:
    x = x.copy()
    x[image] = np.roll(x[image], 1, axis=-1)
    return x


def _another(pixel: list[int]) -> list[int]:
    # A step without a common factor with the number of cells: it comes to every one of them.
    flat = np.ravel_multi_index(pixel, SHAPE) + 85
    return [int(at) for at in np.unravel_index(flat % math.prod(SHAPE), SHAPE)]


def _count(many: int, what: str) -> str:
    return f"{many} {what}" if many == 1 else f"{many} {what}s"
