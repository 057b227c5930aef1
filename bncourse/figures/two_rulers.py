"""Age in years and distance in kilometres: how the rulers of the input decide the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from ipywidgets import Widget

from bncourse.experiments.rulers import PREPARATIONS, Bowl, bowl, people, prepare
from bncourse.figures.choices import Choices
from bncourse.figures.dial import Dial
from bncourse.figures.gate import Choice, Number
from bncourse.figures.interactive import Chart
from bncourse.figures.style import new_figure, number
from bncourse.figures.two_rulers_drawing import GOAL, BowlFromAbove, ExcessOverSteps, big, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = 200
ASKED_RHO = 0.8
# How far the weight of age gets: the least share of its way that each guess covers.
WAYS = {
    "nearly all of it": 0.9,
    "about half of it": 0.1,
    "a few per cent": 0.001,
    "hardly moved": 0,
}


class TwoRulers(Chart):
    """Gradient descent on a linear model of two features, prepared in one of five ways.

    The state is ``preparation`` (one of PREPARATIONS), ``log10_rate`` and ``rho``, the correlation
    of the features. Left, the loss over both weights (with the intercept that is best for them)
    and 200 steps that start where weights and intercept are 0; right, the loss above the lowest
    one. A new bowl, by another preparation or correlation, begins at half its largest rate.
    """

    name = "two_rulers"
    title = "200 steps of gradient descent, by how the input was prepared"
    opening: ClassVar = {"preparation": "raw", "log10_rate": None, "rho": ASKED_RHO}
    questions = (
        Choice(
            "way",
            f"Raw data, half the largest stable rate: after {STEPS} steps, how much of its way to "
            "the optimum has the weight of age gone?",
            tuple(WAYS),
        ),
        Number(
            "condition",
            f"Standardised, correlation {ASKED_RHO}: what is the condition number, the largest "
            "curvature over the smallest?",
            low=1,
        ),
    )
    gap = (
        "Why does standardising leave a condition number of 9 and not 1? Which property of the two "
        "features did it not touch, and what does whitening add?"
    )
    claim = (
        "Square: the start; star: the lowest loss; diamond: after 200 steps; dashed: the loss of "
        "the start. It is a theorem that descent on a linear model converges for learning rates "
        "below 2 / (largest curvature) and only for those; a deep net is no single bowl."
    )

    def __init__(self, *args: Any) -> None:
        self.frames = tuple(
            (f"{title(name)}, half the largest rate", _at_half({"preparation": name}))
            for name in ("raw", "standardised", "whitened")
        )
        super().__init__(*args)

    def _opening(self) -> dict[str, Any]:
        return {**super()._opening(), **_at_half({})}

    def steer(self, name: str, value: Any) -> dict[str, Any]:
        """A new bowl needs a new rate: that of the last one would often be far off."""
        if name == "log10_rate":
            return {name: value}
        return {**_at_half({**self.state, name: value}), name: value}

    def make_controls(self) -> dict[str, Widget]:
        """Return the choice of the preparation, the learning rate and the correlation."""
        return {
            "preparation": Choices([(name, name) for name in PREPARATIONS], "raw"),
            "log10_rate": Dial("log10 rate", -12.0, 1.0, 0.05, self.state["log10_rate"]),
            "rho": Dial("correlation", 0.0, 0.95, 0.05, ASKED_RHO),
        }

    def make_actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return two learning rates on either side of the largest one."""
        return {
            "Half the largest rate": lambda state: {"log10_rate": _log10(_limit(state) / 2)},
            "Just too large": lambda state: {"log10_rate": _log10(_limit(state) * 1.02)},
        }

    def build(self) -> Figure:
        """Make the bowl seen from above and the axes of the excess loss."""
        figure, (left, right) = new_figure(800, 330, widths=(1, 1.2))
        self.bowl, self.excess = BowlFromAbove(left), ExcessOverSteps(right, STEPS)
        self.aimed_at: tuple[str, float] | None = None
        self._aim(self.opening)
        return figure

    def draw(self, state: dict[str, Any]) -> None:
        """Draw the descent, and what the predictions say where they were asked for."""
        if self._aim(state):
            self.repaint()
        now, rate = _bowl(state), 10.0 ** state["log10_rate"]
        steps = np.arange(STEPS + 1)
        share = now.excess(rate, steps) / now.excess(rate, [0])
        if self.revealed:
            self.bowl.go(now.descend(rate, STEPS)[:, 1:])
            self.excess.go(share, _verdict(now, rate), rate >= now.largest_rate)
        else:
            self.bowl.go(None)
            self.excess.go(None, "", False)
        self.excess.ghost(self._guess(state, now))

    def _guess(self, state: dict[str, Any], now: Bowl) -> str:
        """Return the prediction beside what is so, where it was asked for."""
        if not self.prediction or state["rho"] != ASKED_RHO:
            return ""
        if state["preparation"] == "raw":
            gone = now.at(now.largest_rate / 2, [STEPS])[0, 1] / now.optimum[1]
            return f"age: {100 * gone:.1g} %, you: {self.prediction['way']}"
        if state["preparation"] == "standardised":
            guess = big(self.prediction["condition"])
            return f"condition number: {big(now.condition)}, you: {guess}"
        return ""

    def describe(self, state: dict[str, Any]) -> str:
        """Say the condition, the largest rate, and how far descent gets at this one."""
        now, rate = _bowl(state), 10.0 ** state["log10_rate"]
        text = f"{title(state['preparation'])}, correlation {number(state['rho'])}"
        if not self.revealed:
            return f"{text}: descent will start at the square and look for the star."
        text += (
            f": condition number {big(now.condition)}; learning rates below "
            f"{big(now.largest_rate)} converge. At {big(rate)} "
        )
        if rate >= now.largest_rate:
            times = now.excess(rate, [STEPS])[0] / now.excess(rate, [0])[0]
            grown = f"{big(times)} times" if math.isfinite(times) else "more than 1e300 times"
            return f"{text}it diverges: after {STEPS} steps the excess loss is {grown} the start's."
        way = now.at(rate, [STEPS])[0] / now.optimum
        text += (
            f"{_arrival(now, rate)}; after {STEPS} steps the weight of age has gone "
            f"{_percent(way[1])} of its way, that of kilometres {_percent(way[2])}"
        )
        # Only features with a mean of their own give the intercept anything to learn.
        if state["preparation"] in ("raw", "min-max"):
            text += f", the intercept {_percent(way[0])}"
        return f"{text}."

    def _aim(self, state: dict[str, Any]) -> bool:
        """Turn the left panel to the state's bowl; returns whether that changed its axes."""
        wanted = (state["preparation"], state["rho"])
        if wanted == self.aimed_at:
            return False
        self.bowl.aim(state["preparation"], _bowl(state))
        self.aimed_at = wanted
        return True


@lru_cache(maxsize=256)
def bowl_of(preparation: str, rho: float) -> Bowl:
    """Return the bowl of 200 people prepared in this way."""
    x, y = people(rho)
    return bowl(prepare(x, preparation), y)


def _bowl(state: dict[str, Any]) -> Bowl:
    return bowl_of(state["preparation"], state["rho"])


def _limit(state: dict[str, Any]) -> float:
    return _bowl(state).largest_rate


def _at_half(changes: dict[str, Any]) -> dict[str, Any]:
    """Return a preparation, with half the largest rate of its bowl."""
    state = {"preparation": "raw", "rho": ASKED_RHO, **changes}
    return {
        "preparation": state["preparation"],
        "log10_rate": _log10(bowl_of(state["preparation"], state["rho"]).largest_rate / 2),
    }


def _log10(rate: float) -> float:
    return round(math.log10(rate), 6) + 0.0  # 0, never -0


def _percent(share: float) -> str:
    return f"{number(100 * share, 1)} %"


def _arrival(now: Bowl, rate: float) -> str:
    steps = now.steps_to(GOAL, rate)
    if not math.isfinite(steps):
        return "the excess loss never falls to 1 % of the start's"
    unit = "step" if steps == 1 else "steps"
    count = f"{steps:,}" if steps < 1e6 else big(steps)
    return f"the excess loss is down to 1 % of the start's after {count} {unit}"


def _verdict(now: Bowl, rate: float) -> str:
    if rate >= now.largest_rate:
        return "diverges"
    steps = now.steps_to(GOAL, rate)
    if not math.isfinite(steps):
        return "never down to 1 %"
    unit = "step" if steps == 1 else "steps"
    return f"1 % after {f'{steps:,}' if steps < 1e6 else big(steps)} {unit}"
