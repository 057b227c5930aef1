"""Push one output of batch normalisation: what reaches the five samples, and on which path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import svg
from ipywidgets import ToggleButtons, Widget

from bncourse.figures.choices import Choices
from bncourse.figures.dial import Dial
from bncourse.figures.gate import Choice, Number
from bncourse.figures.interactive import Schematic
from bncourse.figures.push_one_output_drawing import NAMES, picture
from bncourse.figures.style import number, numbers
from bncourse.layers.batch_norm import batchnorm_forward

SAMPLES = (1.0, 3.0, 5.0, 7.0, 9.0)
LOW, HIGH = -2.0, 2.0  # what the slider gives a sample's dy
# The toggle's labels, in the order in which the paths are added.
PATHS = {
    "direct": "direct (statistics frozen)",
    "mean": "+ through the mean",
    "all": "+ through the variance (all)",
}


@dataclass(frozen=True)
class Backward:
    """What of dy (m,) arrives at the samples of one feature, gamma = 1 and eps = 0.

    Attributes:
        dy, x_hat: (m,).
        inv_std: 1 / sd of the samples.
        paths: (3, m), what arrives directly, through the mean, through the variance. Their sum is
            dx of ``batchnorm_backward`` (Ioffe & Szegedy 2015, section 3).
    """

    dy: np.ndarray
    x_hat: np.ndarray
    inv_std: float
    paths: np.ndarray

    def dx(self, count: int) -> np.ndarray:
        """Return the sum of the first ``count`` paths, (m,)."""
        return self.paths[:count].sum(axis=0)


def backward(dy: Sequence[float], x: Sequence[float] = SAMPLES) -> Backward:
    """Send dy (m,) back through the normalisation of x (m,), one path at a time."""
    x_hat, inv_std = _normalised(x)
    dy = np.asarray(dy, dtype=float)
    paths = inv_std * np.stack(
        [dy, np.full_like(dy, -dy.mean()), -x_hat * (dy * x_hat).mean()],
    )
    return Backward(dy, x_hat, inv_std, paths)


def _normalised(x: Sequence[float]) -> tuple[np.ndarray, float]:
    column = np.asarray(x, dtype=float)[:, None]
    _, cache = batchnorm_forward(column, np.ones(1), np.zeros(1), eps=0.0)
    return cache["x_hat"][:, 0], float(cache["inv_std"][0])


X_HAT = _normalised(SAMPLES)[0].tolist()
ONE = [1.0, 0.0, 0.0, 0.0, 0.0]
OPTIONS = (
    "0 for all four",
    "the same negative number for all four",
    "four negative numbers, largest next to S1",
    "two negative, one 0, one positive",
)


class PushOneOutput(Schematic):
    """Five bars dy on the left, the five dx that they cause on the right, path by path.

    The state is ``dy`` (five numbers), ``path`` ("direct", "mean" or "all": the paths up to and
    with that one) and ``change``, the name of the sample whose dy the slider sets.
    """

    name = "push_one_output"
    title = "From dy to dx through batch normalisation, by three paths"
    opening: ClassVar = {"dy": ONE, "path": "direct", "change": "S1"}
    frames = (
        ("dy = (1, 0, 0, 0, 0), all paths", {"path": "all"}),
        ("All dy equal", {"dy": [1.0] * 5, "path": "all"}),
        ("dy = x_hat", {"dy": X_HAT, "path": "all"}),
    )
    questions = (
        Number(
            "kept",
            f"dy = ({numbers(ONE)}). With frozen statistics S1 gets "
            f"dx = {number(backward(ONE).dx(1)[0])}. "
            "What does it get when mean and variance follow?",
        ),
        Choice("others", "What do the other four samples, whose dy is 0, get?", OPTIONS),
    )
    gap = (
        "Add the paths one by one. Which of them take from S1, and why does S5 get a push upwards "
        "while S4 gets none?"
    )
    claim = (
        "Samples 1, 3, 5, 7, 9, gamma = 1, eps = 0. Exact for any dy: a theorem, not a property "
        "of trained nets."
    )

    def make_controls(self) -> dict[str, Widget]:
        """Return the paths, the list of samples, and the slider for the dy of one."""
        paths = ToggleButtons(options=[(label, path) for path, label in PATHS.items()])
        paths.style.button_width = "220px"
        change = Choices([(name, name) for name in NAMES], "S1")
        return {"path": paths, "change": change, "value": Dial("dy of S1", LOW, HIGH, 0.1, 1.0)}

    def make_actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return three telling dy; the last two show what all paths leave of them."""
        return {
            "This sample only": lambda state: {
                "dy": [float(name == state["change"]) for name in NAMES]
            },
            "All equal": lambda state: {"dy": [1.0] * 5, "path": "all"},
            "dy = x_hat": lambda state: {"dy": list(X_HAT), "path": "all"},
        }

    def steer(self, name: str, value: Any) -> dict[str, Any]:
        """Send the slider's value to the sample that was chosen."""
        if name != "value":
            return {name: value}
        dy = list(self.state["dy"])
        dy[NAMES.index(self.state["change"])] = value
        return {"dy": dy}

    def show_state(self, state: dict[str, Any]) -> None:
        """Aim the slider at the chosen sample."""
        change = state["change"]
        self.controls["path"].value = state["path"]
        self.controls["change"].value = change
        dy = state["dy"][NAMES.index(change)]
        self.controls["value"].aim(f"dy of {change}", LOW, HIGH, 0.1, dy)

    def draw(self, state: dict[str, Any]) -> svg.SVG:
        """Draw dy, the paths up to the state's one, their sum, and the table of all numbers."""
        asked = self.prediction if state["dy"] == ONE else None
        return picture(
            backward(state["dy"]),
            self._count(state),
            state["change"],
            asked,
            self.title,
            self.describe(state),
        )

    def describe(self, state: dict[str, Any]) -> str:
        """Say dx, its sum and its product with x_hat."""
        now, count = backward(state["dy"]), self._count(state)
        dx = now.dx(count)
        how = ("statistics frozen", "direct and through the mean", "all three paths")[count - 1]
        return (
            f"dy = ({numbers(now.dy)}), {how}: dx = ({numbers(dx)}), with sum "
            f"{number(float(dx.sum()))} and dx · x_hat = {number(float(dx @ now.x_hat))}."
        )

    def _count(self, state: dict[str, Any]) -> int:
        """Return how many paths are on: before the prediction only the one that it is given."""
        return list(PATHS).index(state["path"]) + 1 if self.revealed else 1
