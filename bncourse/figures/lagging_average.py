"""Running averages of 500 batches: how far they lag, and what three rules make of one momentum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import svg
from ipywidgets import Widget

from bncourse.figures.choices import Choices
from bncourse.figures.dial import Dial, Stops
from bncourse.figures.gate import Choice, Number
from bncourse.figures.interactive import Schematic
from bncourse.figures.lagging_average_drawing import Panel, picture
from bncourse.figures.style import number
from bncourse.layers.batch_norm import update_running

BATCHES, JUMP = 500, 250
BEFORE, AFTER = (5.0, 10.0), (8.0, 4.0)  # mean and variance of the data, and after the jump
SAME = (1.0, 3.0, 5.0, 7.0, 9.0)  # with mean 5; its squares around that, divided by N - 1, give 10
START = (0.0, 1.0)  # mean and variance before the first batch
EVALUATED, EPS = 5.0, 1e-5
NEAR = 4.95
MEANS, VARIANCES = range(0, 13, 2), range(0, 41, 10)  # ticks
STREAMS = {"4": "batches of 4", "32": "batches of 32", "same": "every batch 1, 3, 5, 7, 9"}
RULES = {
    "PyTorch": "PyTorch: (1 - m) · old + m · new",
    "Keras": "Keras: m · old + (1 - m) · new",
    "text 5": "text 5: as Keras, of the sd",
}
MOMENTA = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5),
    *(0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0),
)
VARIANCE_IS = {
    "PyTorch": "variance (in a batch: divided by N - 1)",
    "Keras": "variance (in a batch: divided by N)",
    "text 5": "squared average sd (in a batch: divided by N)",
}
SQUARED = {"PyTorch": "variance", "Keras": "variance", "text 5": "squared running sd"}


@dataclass(frozen=True)
class Stream:
    """Statistics of 500 batches of one feature, each (500,).

    Attributes:
        mean: of each batch.
        var: of each batch, divided by N.
        size: N, samples in each batch.
        true_mean, true_var: of the data that each batch is drawn from.
    """

    mean: np.ndarray
    var: np.ndarray
    size: int
    true_mean: np.ndarray
    true_var: np.ndarray

    @property
    def unbiased(self) -> np.ndarray:
        """The variances divided by N - 1."""
        return self.var * self.size / (self.size - 1)


@lru_cache
def stream(batches: str, jump: bool) -> Stream:
    """Return a stream, one of STREAMS; with ``jump`` the data change after 250 batches."""
    if batches == "same":
        mean, var = BEFORE
        z = np.tile((np.array(SAME) - mean) / np.sqrt(var), (BATCHES, 1))
    else:
        z = np.random.default_rng(int(batches)).normal(size=(BATCHES, int(batches)))
    late = np.arange(BATCHES) >= JUMP if jump else np.zeros(BATCHES, dtype=bool)
    mean, var = np.where(late[:, None], AFTER, BEFORE).T
    x = mean[:, None] + np.sqrt(var)[:, None] * z
    return Stream(x.mean(axis=1), x.var(axis=1), x.shape[1], mean, var)


def batch_variances(rule: str, now: Stream) -> np.ndarray:
    """Return what the rule takes from each batch for its variance, (500,)."""
    return now.unbiased if rule == "PyTorch" else now.var


@lru_cache(maxsize=512)
def averages(batches: str, jump: bool, rule: str, momentum: float) -> np.ndarray:
    """Return the running mean and variance before the first and after each batch, (501, 2).

    PyTorch averages the variances divided by N - 1, Keras those divided by N. Text 5 averages the
    standard deviations (divided by N), and its average is squared here. In PyTorch the momentum is
    the weight of the new batch, in the other two that of the old value.
    """
    now = stream(batches, jump)
    spread, power = batch_variances(rule, now), 1
    if rule == "text 5":
        spread, power = np.sqrt(spread), 2
    running = [np.array(START)]
    for batch in np.column_stack([now.mean, spread]):
        running.append(update_running(running[-1], batch, new_weight(rule, momentum)))
    return np.array(running) ** [1, power]


def new_weight(rule: str, momentum: float) -> float:
    """Return the weight of a new batch."""
    return momentum if rule == "PyTorch" else 1 - momentum


def evaluated(mean: float, var: float) -> float:
    """Return what evaluation makes of x = 5 by these statistics, with gamma 1 and beta 0."""
    return (EVALUATED - mean) / float(np.sqrt(var + EPS))


class LaggingAverage(Schematic):
    """The running mean and variance of one feature on their way through 500 batches.

    The state is ``momentum``, ``rule`` (one of RULES), ``step``, the number of batches seen,
    ``batches`` (one of STREAMS) and ``jump``, whether the data change after 250 batches.
    """

    name = "lagging_average"
    title = "Running averages of 500 batches"
    opening: ClassVar = {
        "momentum": 0.1,
        "rule": "PyTorch",
        "step": BATCHES,
        "batches": "4",
        "jump": False,
    }
    frames = (
        ("PyTorch, momentum 0.01: a jump is followed slowly", {"momentum": 0.01, "jump": True}),
        ("PyTorch, 0.99: Keras's number typed into PyTorch", {"momentum": 0.99, "step": 60}),
        ("Text 5, 0.99: the sd of batches of 4", {"momentum": 0.99, "rule": "text 5"}),
    )
    questions = (
        Number(
            "batches",
            "A running mean starts at 0. Every batch has mean 5, and the momentum is 0.1 in "
            f"PyTorch. After how many batches is the running mean above {NEAR} for the first time?",
            low=0,
        ),
        Choice(
            "sd",
            "The feature has variance 10. Text 5 averages the standard deviations of batches of 4 "
            "(squares divided by N = 4). Squared, this average settles",
            ("well below 10", "at about 10", "well above 10"),
        ),
    )
    gap = (
        "Two things make text 5's number differ from 10: dividing by N and averaging the sd. Keras "
        "does only the first. How much is due to each, and does a larger batch cure both?"
    )
    claim = (
        "With every batch alike, after k batches an average is (1 - w)^k as far from where it goes "
        "as at the start, w being the weight of a new batch: arithmetic. The other streams are one "
        "random draw each, from normal distributions."
    )

    def make_controls(self) -> dict[str, Widget]:
        """Return the momentum, the rule and the number of batches seen."""
        return {
            "momentum": Stops("momentum", MOMENTA, self.state["momentum"]),
            "rule": Choices([(label, rule) for rule, label in RULES.items()], "PyTorch"),
            "step": Dial("batches seen", 0, BATCHES, 1, BATCHES),
        }

    def make_actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return one button for each stream, and one that lets the data jump or not."""
        return {
            "Batches of 4": lambda state: {"batches": "4"},
            "Batches of 32": lambda state: {"batches": "32"},
            "Every batch 1, 3, 5, 7, 9": lambda state: {"batches": "same", "jump": False},
            f"Jump at {JUMP}, on or off": lambda state: {"jump": not state["jump"]},
        }

    def steer(self, name: str, value: Any) -> dict[str, Any]:
        """Batches are counted in whole numbers."""
        return {name: int(value) if name == "step" else value}

    def draw(self, state: dict[str, Any]) -> svg.SVG:
        """Draw what has been seen so far, and the predictions where they were asked for."""
        now, seen = _stream(state), int(state["step"])
        mean, var = _averages(state)[: seen + 1].T
        spread = batch_variances(state["rule"], now)
        said, at = self._guessed_batches(state)
        weight = number(new_weight(state["rule"], state["momentum"]))
        hidden = not self.revealed
        panels = (
            Panel(
                f"mean; a new batch has weight {weight}",
                MEANS,
                now.mean[:seen],
                now.true_mean,
                None if hidden else mean,
                said,
                at,
            ),
            Panel(
                VARIANCE_IS[state["rule"]],
                VARIANCES,
                spread[:seen],
                now.true_var,
                None if hidden else var,
                self._guessed_sd(state),
            ),
        )
        told = () if hidden else _evaluation(state)
        heading = f"{_stream_name(state)}, {seen} seen".capitalize()
        return picture(panels, heading, told, self.title, self.describe(state))

    def _guessed_batches(self, state: dict[str, Any]) -> tuple[str, float | None]:
        asked = state["batches"] == "same" and not state["jump"]
        asked = asked and (state["rule"], state["momentum"]) == ("PyTorch", 0.1)
        if not self.prediction or not asked:
            return "", None
        guess = self.prediction["batches"]
        return f"{NEAR} passed at {_first_near(state)}, you: {number(guess, 1)}", guess

    def _guessed_sd(self, state: dict[str, Any]) -> str:
        asked = (state["rule"], state["batches"], state["jump"]) == ("text 5", "4", False)
        if not self.prediction or not asked:
            return ""
        settled = np.sqrt(_stream(state).var).mean() ** 2
        return f"(mean sd)² = {number(settled, 1)}, you: {self.prediction['sd']}"

    def describe(self, state: dict[str, Any]) -> str:
        """Say the running averages, how far they are off, and what evaluation makes of x = 5."""
        seen, true = int(state["step"]), _true(state)
        text = f"{_stream_name(state)}, {seen} seen".capitalize()
        data = f"the data have mean {number(true[0])} and variance {number(true[1])}"
        if not self.revealed:
            return f"{text}: {data}."
        mean, var = _averages(state)[seen]
        rule, momentum = state["rule"], state["momentum"]
        weight = number(new_weight(rule, momentum))
        text += (
            f"; {rule}'s rule with momentum {number(momentum)}, a new batch weighing {weight}: "
            f"running mean {number(mean)} (off by {number(mean - true[0])}), {SQUARED[rule]} "
            f"{number(var)} (off by {number(var - true[1])}); {data}. Evaluation makes "
            f"{number(evaluated(mean, var))} of x = {number(EVALUATED)}, where the data's own "
            f"statistics give {number(evaluated(*true))}."
        )
        if state["batches"] == "same" and not state["jump"]:
            first = _first_near(state)
            text += f" The running mean is above {NEAR} " + (
                f"from batch {first} on." if first else f"after none of the {BATCHES}."
            )
        return text


def _evaluation(state: dict[str, Any]) -> tuple[str, str]:
    """Return what evaluation makes of x = 5, and what it should."""
    x, (mean, var) = number(EVALUATED), _averages(state)[int(state["step"])]
    y = number(evaluated(mean, var))
    sign = f"- {number(mean)}" if mean >= 0 else f"+ {number(-mean)}"
    own = number(evaluated(*_true(state)))
    return (
        f"evaluation of x = {x}: ({x} {sign}) / √({number(var)} + ε) = {y}",
        f"by mean and variance of the data: {own}",
    )


def _true(state: dict[str, Any]) -> tuple[float, float]:
    """Return mean and variance of the data that the last batch was drawn from."""
    now, last = _stream(state), max(int(state["step"]) - 1, 0)
    return float(now.true_mean[last]), float(now.true_var[last])


def _stream(state: dict[str, Any]) -> Stream:
    return stream(state["batches"], bool(state["jump"]))


def _averages(state: dict[str, Any]) -> np.ndarray:
    return averages(state["batches"], bool(state["jump"]), state["rule"], state["momentum"])


def _stream_name(state: dict[str, Any]) -> str:
    name = STREAMS[state["batches"]]
    if not state["jump"]:
        return name
    return f"{'every batch alike' if state['batches'] == 'same' else name}, jump at {JUMP}"


def _first_near(state: dict[str, Any]) -> int:
    """Return after how many batches the running mean is above 4.95 for the first time, or 0."""
    above = _averages(state)[:, 0] > NEAR
    return int(above.argmax())
