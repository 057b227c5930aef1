"""Thirty layers deep: activations on the way forward, gradients on the way back, at the start."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import svg
from ipywidgets import Widget

from bncourse.experiments.gradient_growth import Pass, run, theory, theory_per_layer
from bncourse.figures.choices import Choices
from bncourse.figures.dial import Stops
from bncourse.figures.gate import Choice, Number
from bncourse.figures.interactive import Schematic
from bncourse.figures.thirty_layers_drawing import Panel, picture
from bncourse.figures.two_rulers_drawing import big

LAYERS, UNITS = 30, 96
BATCHES = (4, 5, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
SCALES = (0.1, 0.2, 0.5, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0)
NORMS = {"none": "no norm", "batch": "batch norm", "layer": "layer norm"}
ACTIVATIONS = {"linear": "linear", "tanh": "tanh", "relu": "ReLU"}
SKIPS = ("no skips", "skips")
NET = ("norm", "activation", "skips", "batch_size", "scale", "net")  # what decides a net
ASKED = {"norm": "batch", "activation": "relu", "skips": "no skips", "batch_size": 64, "scale": 1.0}
WAYS = ("shrink", "stay about as large", "grow")


class ThirtyLayers(Schematic):
    """Spread of activations and size of gradients in a random net, layer by layer.

    The state is ``norm``, ``activation``, ``skips`` (keys of NORMS and ACTIVATIONS, one of SKIPS),
    ``batch_size``, ``scale`` (factor of the starting weights), ``net`` (the seed that draws all
    that is random) and ``held``: these entries of another net that stays in the picture, or {}.
    """

    name = "thirty_layers"
    title = "Thirty layers deep: activations forward, gradients backward"
    opening: ClassVar = {**ASKED, "net": 0, "held": {}}
    frames = (
        (
            "Batch norm with skips; dotted, without: every sd is 1, and gradients explode",
            {"skips": "skips", "held": {**ASKED, "net": 0}},
        ),
        (
            "Weights 0.8 times as large: no norm, and batch norm",
            {"norm": "none", "scale": 0.8, "held": {**ASKED, "scale": 0.8, "net": 0}},
        ),
    )
    questions = (
        Choice(
            "way",
            "Batch norm, ReLU, no skips, batches of 64, He's weights. On the way back from layer "
            f"{LAYERS} to the input, the gradients",
            WAYS,
        ),
        Number(
            "times",
            "The squared norm of the gradient at the input is how many times that at layer "
            f"{LAYERS}? (1: no change; 1e-3 and 1e6 can be typed.)",
            low=1e-30,
            high=1e30,
        ),
    )
    gap = (
        "Every sd is 1 on the way forward, whatever the scale of the weights. Hold this net, then "
        "take away the norm, add skips, make the batch small: what makes gradients grow, and what "
        "calms them?"
    )
    claim = (
        f"One random net of {UNITS} units in each of {LAYERS} layers, random input and a random "
        "gradient at the end, before any training; scale 1 is He's rule for ReLU and variance "
        "1 / units for the others. What theory says holds for wide nets, and with batch norm and "
        "ReLU for large batches: Yang et al. (2019); with skips after De & Smith (2020). What "
        "growth at the start means for training is another question."
    )

    def make_controls(self) -> dict[str, Widget]:
        """Return three rows of buttons and two sliders."""
        return {
            "norm": _choices(NORMS, self.state["norm"]),
            "skips": _choices({each: each for each in SKIPS}, self.state["skips"]),
            "activation": _choices(ACTIVATIONS, self.state["activation"]),
            "batch_size": Stops("batch size", BATCHES, self.state["batch_size"]),
            "scale": Stops("initial scale", SCALES, self.state["scale"]),
        }

    def make_actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return the buttons that hold a net for comparison and that draw another one."""
        return {
            "Hold this net": lambda state: {"held": {key: state[key] for key in NET}},
            "Let it go": lambda state: {"held": {}},
            "Another random net": lambda state: {"net": state["net"] + 1},
        }

    def steer(self, name: str, value: Any) -> dict[str, Any]:
        """Samples are counted in whole numbers."""
        return {name: int(value) if name == "batch_size" else value}

    def draw(self, state: dict[str, Any]) -> svg.SVG:
        """Draw both quantities; the gradients only after the prediction."""
        now, held, shown = net_of(state), state["held"], self.revealed
        then = net_of(held) if held else None
        steps, guess = _theory(state), None
        if self.prediction and all(state[key] == value for key, value in ASKED.items()):
            guess = math.log10(self.prediction["times"])
        panels = (
            Panel(
                "sd of what enters an activation",
                True,
                (-2, 2),
                np.log10(now.sd),
                np.log10(then.sd) if then else None,
                told=f"{big(now.sd[-1])} at layer {LAYERS}",
            ),
            Panel(
                f"squared gradient norm, layer {LAYERS} = 1",
                False,
                (-2, 6),
                np.log10(now.squared_gradient) if shown else None,
                np.log10(then.squared_gradient) if then and shown else None,
                _cumulated(steps) if shown else None,
                guess,
                _told(state, now) if shown else "",
                _holds_for(state),
            ),
        )
        norms = (state["norm"], held["norm"] if held else state["norm"])
        said = ""
        if guess is not None:
            said = f"you: {self.prediction['way']}, × {big(self.prediction['times'])}"
        names = (_name(state), _name(held) if held else "", said)
        return picture(panels, LAYERS, norms, names, self.title, self.describe(state))

    def describe(self, state: dict[str, Any]) -> str:
        """Say how activations and gradients change with depth, and what theory says to that."""
        now = net_of(state)
        text = (
            f"{_name(state)}: what enters an activation has sd {big(now.sd[0])} at the input and "
            f"{big(now.sd[-1])} at layer {LAYERS}."
        )
        text = text[0].upper() + text[1:]
        if not self.revealed:
            return text
        wide = theory_per_layer(_theory(state))
        text += (
            f" Towards the input the squared gradient norm is multiplied by {big(now.growth)} per "
            f"layer, in the middle of the net ({_by_theory(state, wide)}), and by "
            f"{big(now.squared_gradient[0])} over all {LAYERS} layers."
        )
        if state["skips"] == "skips":
            share = f"{100 * now.branch_share[-1]:.2g}"
            text += (
                f" Layer {LAYERS} adds {share} % of the variance that leaves it; the rest skips."
            )
        return text


@lru_cache(maxsize=256)
def _computed(*settings: Any) -> Pass:
    norm, activation, skips, batch_size, scale, net = settings
    return run(
        norm,
        activation,
        skips == "skips",
        batch_size,
        scale,
        depth=LAYERS,
        width=UNITS,
        seed=net,
    )


def net_of(state: dict[str, Any]) -> Pass:
    """Return what the figure draws of the net that a state names."""
    return _computed(*(state[key] for key in NET))


def _theory(state: dict[str, Any]) -> np.ndarray | None:
    return theory(
        state["norm"],
        state["activation"],
        state["skips"] == "skips",
        state["batch_size"],
        state["scale"],
        LAYERS,
    )


def _cumulated(steps: np.ndarray | None) -> np.ndarray | None:
    """Return powers of ten at h_0 … h_L, 0 at the last, for growths per layer (L,)."""
    if steps is None:
        return None
    return np.concatenate([np.log10(steps)[::-1].cumsum()[::-1], [0.0]])


def _told(state: dict[str, Any], now: Pass) -> str:
    wide = theory_per_layer(_theory(state))
    by = f" (theory {big(wide)})" if wide else ""
    return f"× {big(now.growth)} per layer{by}"


def _by_theory(state: dict[str, Any], wide: float | None) -> str:
    if wide is None:
        return "no simple formula"
    return f"theory for {_holds_for(state)}: {big(wide)}"


def _holds_for(state: dict[str, Any]) -> str:
    large = state["norm"] == "batch" and state["activation"] == "relu"
    return "wide nets, large batches" if large else "wide nets"


def _name(state: dict[str, Any]) -> str:
    return (
        f"{NORMS[state['norm']]}, {ACTIVATIONS[state['activation']]}, {state['skips']}, "
        f"batches of {state['batch_size']}, scale {big(state['scale'])}"
    )


def _choices(options: dict[str, str], value: str) -> Choices:
    return Choices([(label, key) for key, label in options.items()], value)
