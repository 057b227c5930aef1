"""Turn the table: which changes of data, weights or batch BN, LN and RMSNorm do not notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import svg
from ipywidgets import Widget

from bncourse.figures.choices import Choices
from bncourse.figures.interactive import Schematic
from bncourse.figures.style import number
from bncourse.figures.table_actions import (
    ACTIONS,
    EPS,
    NORMS,
    NOTICED,
    ORIGINAL,
    Effect,
    S,
    W,
    X,
    effect,
)
from bncourse.figures.turn_the_table_drawing import Cell, Output, Table, picture

GUESSES = ("changes", "stays")
SHOWN = "shown"  # in place of a prediction: the result without one
TRY = "Try it"


def _tried(actions: tuple[str, ...]) -> dict[str, str]:
    return dict.fromkeys(actions, SHOWN)


class TurnTheTable(Schematic):
    """A linear layer in numbers, and what BN, LN and RMSNorm make of it before and after a change.

    Each action starts from the original numbers. Its result is shown when it was predicted for all
    three norms. The state is ``action``, a key of ACTIONS; ``BN``, ``LN`` and ``RMS``, what is
    predicted for it, "changes", "stays" or ""; and ``tried``: for each action tried, the norms that
    were predicted to change, e.g. "BN RMS", or "shown" for the result without a prediction.
    """

    name = "turn_the_table"
    title = "Which changes do BN, LN and RMSNorm notice?"
    opening: ClassVar = {"action": "sample", "BN": "", "LN": "", "RMS": "", "tried": {}}
    frames = (
        ("One sample × 10: every row of BN changes, none of LN", {"tried": _tried(("sample",))}),
        (
            "All weights + 1: LN stays, RMS changes; and all ten actions",
            {"action": "weights_shift", "tried": _tried(tuple(ACTIONS))},
        ),
    )
    gap = (
        f"{S} × 10 changed rows that nobody touched, in one of the norms. Through which numbers? "
        "And find an action that tells LN from RMS: what does LN take away that RMS keeps?"
    )
    claim = (
        f"Computed from the numbers shown, with gamma = 1, beta = 0, eps = {number(EPS)}; BN in "
        f"training mode. Differences below {NOTICED} count as none: eps makes some. Each action "
        "starts from the original numbers."
    )

    def make_controls(self) -> dict[str, Widget]:
        """Return the actions, and for each norm what it is expected to do."""
        actions = Choices([(action.name, key) for key, action in ACTIONS.items()], "sample")
        guesses = {
            norm: Choices([(f"{norm} {guess}", guess) for guess in GUESSES]) for norm in NORMS
        }
        return {"action": actions, **guesses}

    def make_actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return the button that carries the action out, once all three norms are predicted."""
        return {TRY: _carried_out}

    def press(self, label: str) -> None:
        """Do what the button does; what was predicted for an action is recorded."""
        before = self.state["tried"]
        super().press(label)
        action = self.state["action"]
        if label == TRY and self.state["tried"] != before:
            guesses = {norm: self.state[norm] for norm in NORMS}
            self.record("prediction", self.name, {"action": action, **guesses})
            if "sample" in self.state["tried"]:  # the question tells its result
                self.explanation.layout.display = None

    def steer(self, name: str, value: Any) -> dict[str, Any]:
        """Clear the three predictions for another action, or bring back those made for it."""
        if name != "action":
            return {name: value}
        return {"action": value, **_guesses(value, self.state["tried"])}

    def show_state(self, state: dict[str, Any]) -> None:
        """Set the controls; what was predicted for an action that was tried stays."""
        super().show_state(state)
        for norm in NORMS:
            self.controls[norm].disabled = state["action"] in state["tried"]

    def draw(self, state: dict[str, Any]) -> svg.SVG:
        """Draw x, W and z after the action, the norms before or after it, and the grid."""
        key = state["action"]
        layer, done = ACTIONS[key].layer, key in state["tried"]
        kept = list(layer.kept)
        tables = (
            Table("x: 5 samples, 3 inputs", *_rows(layer.x[kept], X, kept)),
            Table("W: weights of 4 units", layer.weights, layer.weights != W),
            Table(_z_is(key), *_rows(layer.z, ORIGINAL.z, kept)),
        )
        outputs = []
        for norm in NORMS:
            now = effect(key, norm)
            values = np.full_like(now.before, np.nan)
            values[kept] = now.after if done else now.before[kept]
            changed = np.zeros(values.shape, dtype=bool)
            changed[kept] = now.changed & done
            outputs.append(
                Output(norm, values, changed, _note(now) if done else "still of the original z")
            )
        grid = {
            norm: [_cell(state["tried"].get(each), each, norm) for each in ACTIONS]
            for norm in NORMS
        }
        return picture(
            tables,
            outputs,
            [action.lines for action in ACTIONS.values()],
            list(ACTIONS).index(key),
            grid,
            _score(state["tried"]),
            self.title,
            self.describe(state),
        )

    def describe(self, state: dict[str, Any]) -> str:
        """Say the action, what was predicted, and what each norm does once it was tried."""
        key, tried = state["action"], state["tried"]
        text = f"{ACTIONS[key].name}. {ACTIONS[key].does}."
        if key not in tried:
            said = [f"{norm} {state[norm]}" for norm in NORMS if state[norm]]
            left = [norm for norm in NORMS if not state[norm]]
            text += f" You say: {', '.join(said)}." if said else ""
            if not left:
                return f"{text} Press {TRY}."
            return f"{text} Predict for {_listed(left)}: does the output change or stay?"
        told = [f"{norm}: {_told(effect(key, norm))}" for norm in NORMS]
        text += f" {'; '.join(told)}."
        if len(ACTIONS[key].layer.kept) == 1:
            text += (
                " In BN a single sample is its own mean: nothing is left of it but beta, and "
                "lesson 03's layer refuses it."
            )
        if tried[key] != SHOWN:
            hits = sum(_right(tried[key], key, norm) for norm in NORMS)
            text += f" You predicted {hits} of {len(NORMS)} right"
            text += f", {_score(tried)} in all." if len(tried) > 1 else "."
        return text


def _carried_out(state: dict[str, Any]) -> dict[str, Any]:
    """Return what trying the state's action changes: nothing while a prediction is missing."""
    key = state["action"]
    if key in state["tried"] or not all(state[norm] for norm in NORMS):
        return {}
    said = " ".join(norm for norm in NORMS if state[norm] == "changes")
    return {"tried": {**state["tried"], key: said}}


def _guesses(action: str, tried: dict[str, str]) -> dict[str, str]:
    said = tried.get(action, SHOWN)
    if said == SHOWN:
        return dict.fromkeys(NORMS, "")
    return {norm: GUESSES[0] if norm in said.split() else GUESSES[1] for norm in NORMS}


def _right(said: str, action: str, norm: str) -> bool:
    return (norm in said.split()) == effect(action, norm).changes


def _cell(said: str | None, action: str, norm: str) -> Cell | None:
    """Return what the grid says of an action that was tried."""
    if said is None:
        return None
    told = GUESSES[0] if effect(action, norm).changes else GUESSES[1]
    return Cell(told, None if said == SHOWN else _right(said, action, norm))


def _score(tried: dict[str, str]) -> str:
    marks = [
        _right(said, key, norm) for key, said in tried.items() if said != SHOWN for norm in NORMS
    ]
    return f"{sum(marks)} of {len(marks)}" if marks else ""


def _rows(values: np.ndarray, original: np.ndarray, kept: list[int]) -> tuple:
    """Return all five rows, nan for samples left out, and which numbers are not the original."""
    full = np.full_like(original, np.nan)
    full[kept] = values
    return full, (full != original) & ~np.isnan(full)


def _z_is(action: str) -> str:
    added, where = ACTIONS[action].layer.added, ACTIONS[action].lines[0]
    extra = f" + {number(added.max())} for {where.removeprefix('z of ')}" if added.any() else ""
    return f"z = x W{extra}"


def _note(now: Effect) -> str:
    if not now.changes:
        return "after: all stay"
    return f"after: {now.changed.sum()} of {now.changed.size} change, by up to {_largest(now)}"


def _told(now: Effect) -> str:
    if not now.changes:
        return f"stays (largest difference {_largest(now)})"
    rows = int(now.changed.any(axis=1).sum())
    return (
        f"changes, {now.changed.sum()} of {now.changed.size} numbers in {rows} of "
        f"{len(now.changed)} rows, by up to {_largest(now)}"
    )


def _largest(now: Effect) -> str:
    largest = float(now.difference.max())
    return number(0.0 if largest < 1e-12 else largest, 2)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
