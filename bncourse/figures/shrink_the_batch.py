"""Shrink the batch: one sample among fewer and fewer mates, and what that costs a net."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import svg
from ipywidgets import Widget

from bncourse.experiments.batch_mates import BATCH_SIZES, DRAWS, among_mates, pre_activation
from bncourse.figures.choices import Choices
from bncourse.figures.dial import Stops
from bncourse.figures.gate import Choice
from bncourse.figures.interactive import Record, Schematic, note
from bncourse.figures.shrink_the_batch_drawing import Curves, Strip, picture
from bncourse.figures.style import number

if TYPE_CHECKING:
    from bncourse.experiments.small_batches import SmallBatches

SMALLEST = 2
RECOMPUTED = "BN recomputed"
GUESSED = (16, 8, 4, 2)  # batch sizes at which the learner says BN's error; more lie between
ERRORS = (1, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90)  # percent
BAND = (5, 95)  # percentiles


class ShrinkTheBatch(Schematic):
    """One sample's x_hat in 200 batches of a size, and test errors of nets over the batch size.

    The state is ``batch_size``, one of BATCH_SIZES; ``by_class``, 1 if the mates come from a
    training set sorted by class; and ``drawn``, the learner's errors of BN at GUESSED, in percent.
    The line can be drawn until the prediction is locked in; the rest works after that.

    Args:
        nets: the measured errors.
        record: as in ``Interactive``.
    """

    name = "shrink_the_batch"
    title = "One sample among fewer and fewer batch-mates"
    opening: ClassVar = {"batch_size": 64, "by_class": 0, "drawn": [2.0, 2.0, 2.0, 2.0]}
    frames = (
        ("32 in a batch", {"batch_size": 32}),
        ("Two in a batch", {"batch_size": 2}),
        ("32 in a batch, sorted by class", {"batch_size": 32, "by_class": 1}),
    )
    questions = (
        Choice(
            "own_class",
            "The picture shows one sample's x_hat among mates drawn at random from all classes. "
            "Now its batch is filled with other images of its own class. Where will its x_hat lie?",
            (
                "about where it was",
                "close to 0, as it is like its mates",
                "elsewhere, away from 0, perhaps with the other sign",
                "far out, beyond -2 or 2",
            ),
        ),
        Choice(
            "crossing",
            "Draw with the four controls below the test error of a net with batch norm when it "
            "is trained with smaller batches, each size at its own best learning rate. The line "
            "starts at the measured error for batches of 64. Coming from 64, where does batch "
            "norm begin to do worse than layer norm in the same net?",
            (
                "already at 64",
                "between 64 and 16",
                "between 16 and 8",
                "between 8 and 4",
                "between 4 and 2",
                "nowhere down to 2",
            ),
        ),
    )
    gap = (
        "At which size does your line part from the measured one? Sorted by class, what is the "
        "sample measured against, and what was it measured against before?"
    )
    claim = (
        "x̂: one unit with random weights on 1297 training digits, seeded batches. Errors: MLPs "
        "64-64-64-10 on the same digits, means over seeds, every size at its own best rate. In a "
        "convolutional net a mean runs over more numbers than the images in a batch."
    )

    def __init__(self, nets: SmallBatches, record: Record = note) -> None:
        kept = nets.batch_sizes >= SMALLEST
        self.sizes = tuple(int(size) for size in nets.batch_sizes[kept])
        self.epochs = nets.epochs
        # After equal epochs, the first budget of the record.
        self.errors = {
            arm: errors[kept].mean(axis=-1)
            for arm, errors in zip(nets.arms, nets.test_error[0], strict=True)
            if arm != RECOMPUTED  # the lesson asks for it afterwards
        }
        self.anchor = float(self.errors["BN"][0])
        super().__init__(record)

    def make_controls(self) -> dict[str, Widget]:
        """Return the four points of the line, the batch size and the order of the images."""
        drawn = {f"BN at {n}": Stops(f"BN at {n}, %", ERRORS, 2.0) for n in GUESSED}
        return {
            **drawn,
            "batch_size": Stops("batch size", BATCH_SIZES, self.state["batch_size"]),
            "by_class": Choices([("shuffled", 0), ("sorted by class", 1)], 0),
        }

    def steer(self, name: str, value: Any) -> dict[str, Any]:
        """A point of the line is one entry of ``drawn``."""
        if name.startswith("BN at "):
            drawn = list(self.state["drawn"])
            drawn[GUESSED.index(int(name.removeprefix("BN at ")))] = float(value)
            return {"drawn": drawn}
        return {name: int(value)}

    def show_state(self, state: dict[str, Any]) -> None:
        """Set the controls to what the state says."""
        for size, value in zip(GUESSED, state["drawn"], strict=True):
            self.controls[f"BN at {size}"].value = value
        for name in ("batch_size", "by_class"):
            self.controls[name].value = state[name]

    def draw(self, state: dict[str, Any]) -> svg.SVG:
        """Draw batches and the learner's line; the measured errors only when revealed."""
        x_hat = _x_hat(state)
        low, high = np.percentile(x_hat, BAND)
        order = "sorted by class" if state["by_class"] else "shuffled"
        strip = Strip(
            x_hat,
            float(low),
            float(high),
            pre_activation().x_hat,
            f"x̂ of one sample, training set {order}",
        )
        curves = Curves(
            self.sizes,
            self.errors if self.revealed else {},
            self.anchor,
            self._line(state) if self.prediction or not self.revealed else None,
            state["batch_size"] if self.revealed else None,
            f"test error in % after {self.epochs} epochs, shuffled",
        )
        size = state["batch_size"]
        heading = f"The sample and {'one mate' if size == 2 else f'{size - 1} mates'}"
        return picture(strip, curves, heading, self.title, self.describe(state))

    def _line(self, state: dict[str, Any]) -> np.ndarray:
        """Return the learner's line at all sizes, straight on logarithmic axes between points."""
        points = {self.sizes[0]: self.anchor, **dict(zip(GUESSED, state["drawn"], strict=True))}
        known = sorted(points)
        errors = np.log([points[size] for size in known])
        return np.exp(np.interp(np.log(self.sizes), np.log(known), errors))

    def describe(self, state: dict[str, Any]) -> str:
        """Say where x_hat lies; the errors at that batch size only when revealed."""
        x_hat, size = _x_hat(state), state["batch_size"]
        low, high = np.percentile(x_hat, BAND)
        mates = "its own class first" if state["by_class"] else "drawn at random"
        text = (
            f"One sample in {DRAWS} batches of {size}, mates {mates}: x̂ from {number(low, 2)} to "
            f"{number(high, 2)} in 90 % of them, mean {number(x_hat.mean(), 2)}, sd "
            f"{number(x_hat.std(), 2)}; by mean and variance of all images it is "
            f"{number(pre_activation().x_hat, 2)}."
        )
        if not self.revealed:
            return f"{text} Test error of BN with batches of 64: {number(self.anchor, 1)} %."
        if size == SMALLEST:
            text += f" Further than 0.99 from 0: {(np.abs(x_hat) > 0.99).mean():.0%}."
        if size not in self.sizes:
            return f"{text} Errors were not measured at this size."
        at = self.sizes.index(size)
        errors = ", ".join(f"{arm} {number(row[at], 1)} %" for arm, row in self.errors.items())
        text += f" Test errors of nets trained with shuffled batches of {size}: {errors}."
        if self.prediction and size in GUESSED:
            text += f" Your line for BN: {number(state['drawn'][GUESSED.index(size)], 1)} %."
        return text

    def _enable(self, on: bool) -> None:
        super()._enable(on)
        for name, control in self.controls.items():  # the line is part of the prediction
            if name.startswith("BN at "):
                control.disabled = on
                control.layout.display = "none" if on else None

    def _predicted(self, answers: dict[str, Any]) -> None:
        super()._predicted({**answers, "drawn": list(self.state["drawn"])})

    def _opening(self) -> dict[str, Any]:
        # A line that was locked in stays.
        kept = {"drawn": list(self.prediction["drawn"])} if self.prediction else {}
        return {**super()._opening(), **kept}


def _x_hat(state: dict[str, Any]) -> np.ndarray:
    return among_mates(int(state["batch_size"]), bool(state["by_class"]))
