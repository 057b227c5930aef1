"""The five samples of one feature on their way through STEP 1 to STEP 4 of batch normalisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import svg
from ipywidgets import ToggleButtons, Widget

from bncourse.figures.choices import Choices
from bncourse.figures.dial import Dial
from bncourse.figures.five_samples_drawing import NAMES, picture
from bncourse.figures.gate import Choice, Number
from bncourse.figures.interactive import Schematic
from bncourse.figures.numbers_of_steps import Steps, through_steps
from bncourse.figures.style import number, numbers

# What the one slider may change: limits and step.
DIALS = {
    **{name: (-20.0, 120.0, 1.0) for name in NAMES},
    "gamma": (-5.0, 5.0, 0.1),
    "beta": (-10.0, 10.0, 0.5),
    "log10 eps": (-8.0, 1.0, 0.5),
}
KEYS = {"gamma": "gamma", "beta": "beta", "log10 eps": "log10_eps"}


class FiveSamples(Schematic):
    """Five samples as dots on four rulers: A, A - mean, x_hat and gamma * x_hat + beta.

    The state is ``step`` (1 to 4), ``x`` (five numbers), ``gamma``, ``beta``, ``log10_eps`` and
    ``change``, the name of what the slider changes.
    """

    name = "five_samples"
    title = "Five samples through STEP 1 to STEP 4 of batch normalisation"
    opening: ClassVar = {
        "step": 3,
        "x": [1.0, 3.0, 5.0, 7.0, 9.0],
        "gamma": 1.0,
        "beta": 0.0,
        "log10_eps": -5.0,
        "change": "S5",
    }
    frames = (
        ("The five samples", {}),
        ("S5 = 109", {"step": 4, "x": [1.0, 3.0, 5.0, 7.0, 109.0]}),
        ("Give the input back", {"step": 4, **through_steps([1, 3, 5, 7, 9]).undo}),
    )
    questions = (
        Number("largest", "S5 moves from 9 to 109. How large can x_hat of S5 get?"),
        Choice(
            "others",
            "And what happens to x_hat of S1 to S4?",
            (
                "they crowd together",
                "they stay as they are",
                "they spread out",
                "they become 0",
            ),
        ),
    )
    gap = "Send S5 far away. Why does its x_hat stop where it does, and why do S1 to S4 move?"
    claim = (
        "However far one of N samples runs away, |x_hat| stays at or below √(N - 1): a theorem "
        "about any five numbers, not a property of trained nets."
    )

    def make_controls(self) -> dict[str, Widget]:
        """Return the stepper, the list of what can be changed, and its slider."""
        stepper = ToggleButtons(options=[(f"STEP {k}", k) for k in (1, 2, 3, 4)])
        stepper.style.button_width = "90px"
        change = Choices([(name, name) for name in DIALS], "S5")
        return {"step": stepper, "change": change, "value": Dial("S5", *DIALS["S5"], 9.0)}

    def make_actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return three telling moves."""
        return {
            "S5 = 109": lambda state: {"x": [*state["x"][:4], 109.0], "change": "S5"},
            "All equal": lambda state: {"x": [state["x"][0]] * 5},
            "Give the input back": lambda state: {"step": 4, **_steps(state).undo},
        }

    def steer(self, name: str, value: Any) -> dict[str, Any]:
        """Send the slider's value to whatever it changes at the moment."""
        if name != "value":
            return {name: value}
        change = self.state["change"]
        if change not in NAMES:
            return {KEYS[change]: value}
        x = list(self.state["x"])
        x[NAMES.index(change)] = value
        return {"x": x}

    def show_state(self, state: dict[str, Any]) -> None:
        """Aim the slider at what is to be changed."""
        change = state["change"]
        value = state["x"][NAMES.index(change)] if change in NAMES else state[KEYS[change]]
        self.controls["step"].value = state["step"]
        self.controls["change"].value = change
        self.controls["value"].aim(change, *DIALS[change], value)

    def draw(self, state: dict[str, Any]) -> svg.SVG:
        """Draw the columns up to the state's step, the formula and the table of numbers."""
        told = self.describe(state)
        return picture(state, _steps(state), self.prediction, self.title, told, self.revealed)

    def describe(self, state: dict[str, Any]) -> str:
        """Say the step and its numbers."""
        step, now = state["step"], _steps(state)
        text = f"STEP {step}: A = ({numbers(state['x'])})"
        if step == 1:
            return f"{text}, five samples of one feature."
        text += f" has mean {number(now.mean)} and variance {number(now.var)}"
        if step == 2:
            sd = number(now.var**0.5)
            return f"{text}, so A - mean = ({numbers(now.centred)}) and the sd is {sd}."
        if now.var == 0:
            text += f": only eps = {number(now.eps)} keeps the division from being 0/0"
        text += f", so x_hat = ({numbers(now.x_hat)})"
        if self.revealed:
            text += f", never beyond {number(now.bound)} in size"
        if step == 3:
            return f"{text}."
        return (
            f"{text}; with gamma {number(state['gamma'])} and beta {number(state['beta'])} "
            f"the outputs are ({numbers(now.y)})."
        )


def _steps(state: dict[str, Any]) -> Steps:
    return through_steps(state["x"], state["gamma"], state["beta"], eps=10.0 ** state["log10_eps"])
