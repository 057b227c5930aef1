"""Twelve images dealt into batches: how many updates, what is left over, what the gradients say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import svg
from ipywidgets import Widget

from bncourse.experiments.twelve_images import TwelveImages, deal
from bncourse.figures.choices import Choices
from bncourse.figures.deal_the_deck_drawing import Deal, picture
from bncourse.figures.dial import Stops
from bncourse.figures.gate import Choice, Number
from bncourse.figures.interactive import Record, Schematic, note
from bncourse.figures.style import number

ASKED = 5  # the batch size of the prediction


class DealTheDeck(Schematic):
    """Numbered tiles in rows, one row per batch, and the gradient of each batch on a number line.

    The state is ``batch_size`` (1 to 12), ``drop_last`` and ``shuffle``, the number of times the
    deck was shuffled: 0 leaves the images in their own order.
    """

    name = "deal_the_deck"
    title = "Twelve images dealt into batches"
    opening: ClassVar = {"batch_size": 4, "drop_last": False, "shuffle": 0}
    frames = (
        ("4 + 4 + 4", {}),
        ("5 + 5 + 2", {"batch_size": 5}),
        ("11 + 1", {"batch_size": 11}),
    )
    questions = (
        Number(
            "updates",
            f"12 images, batch size {ASKED}, nothing dropped: how many updates in one epoch?",
            low=0,
        ),
        Choice(
            "lonely",
            "Which batch size from 2 to 12 ends with a batch of exactly one image?",
            ("5", "7", "8", "11"),
        ),
    )
    gap = (
        "For 4 + 4 + 4 the plain average of the batches' gradients is the full gradient, for "
        "5 + 5 + 2 it is not. Why, and what repairs it?"
    )
    claim = (
        "Arithmetic, exact for any twelve gradients: equal batches average to the full gradient; "
        "unequal ones do so for sure only when each counts by its size."
    )

    def __init__(self, images: TwelveImages, record: Record = note) -> None:
        self.images = images
        super().__init__(record)

    def make_controls(self) -> dict[str, Widget]:
        """Return the batch size, and whether what is left over is kept."""
        size, drop = self.opening["batch_size"], self.opening["drop_last"]
        options = [("keep what is left over", False), ("drop what is left over", True)]
        return {
            "batch_size": Stops("batch size", range(1, len(self.images.pixels) + 1), size),
            "drop_last": Choices(options, drop),
        }

    def make_actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return the one shuffle."""
        return {"Reshuffle": lambda state: {"shuffle": state["shuffle"] + 1}}

    def steer(self, name: str, value: Any) -> dict[str, Any]:
        """Keep the batch size an integer."""
        return {name: value if name == "drop_last" else int(value)}

    def show_state(self, state: dict[str, Any]) -> None:
        """Set the two controls; the number of shuffles has none."""
        for name, control in self.controls.items():
            control.value = state[name]

    def draw(self, state: dict[str, Any]) -> svg.SVG:
        """Draw the rows of tiles, the counter beside them and the number line below."""
        return picture(self._deal(state), self.prediction, self.title, self.describe(state))

    def describe(self, state: dict[str, Any]) -> str:
        """Say the rows, the number of updates and the three gradients."""
        now = self._deal(state)
        rows = [f"({', '.join(str(image + 1) for image in batch)})" for batch in now.batches]
        means = ", ".join(number(mean, 2) for mean in now.means)
        text = (
            f"Batch size {now.batch_size}, {_times(state['shuffle'])}: {' '.join(rows)}, so "
            f"{_count(len(rows), 'update')} in this epoch. "
        )
        if now.dropped:
            text += f"Dropped: {_count(len(now.dropped), 'image')} "
            text += f"({', '.join(str(image + 1) for image in now.dropped)}). "
        text += "Gradient of each batch" if len(rows) > 1 else "Gradient of the batch"
        text += (
            f": {means}; plain average {number(now.plain, 2)}, size-weighted average "
            f"{number(now.weighted, 2)}, full gradient {number(now.full, 2)}."
        )
        if now.alone:
            text += f" {_flag(now.alone)}"
        return text

    def _deal(self, state: dict[str, Any]) -> Deal:
        count, shuffle = len(self.images.pixels), state["shuffle"]
        order = np.random.default_rng(shuffle).permutation(count) if shuffle else np.arange(count)
        batches = deal(count, state["batch_size"], state["drop_last"], order)
        kept = sum(len(batch) for batch in batches)
        return Deal(
            batch_size=state["batch_size"],
            batches=batches,
            dropped=[int(image) for image in order[kept:]],
            pixels=self.images.pixels,
            gradients=self.images.gradients,
            means=self.images.gradients_of(batches),
            full=self.images.full,
            plain=self.images.plain_average(batches),
            weighted=self.images.weighted_average(batches),
        )


def _times(shuffle: int) -> str:
    return f"shuffle {shuffle}" if shuffle else "not shuffled"


def _count(many: int, what: str) -> str:
    return f"{many} {what}" if many == 1 else f"{many} {what}s"


def _flag(alone: list[int]) -> str:
    which = f"Batch {alone[0] + 1} holds" if len(alone) == 1 else "All batches hold"
    return f"{which} a single image, which the batch-norm layer of lesson 03 refuses in training."
