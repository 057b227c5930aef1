"""Sliders with a number box beside them: one control that can be dragged, stepped or typed."""

from __future__ import annotations

from collections.abc import Sequence

import traitlets
from ipywidgets import BoundedFloatText, FloatSlider, HBox, Layout, SelectionSlider


class Dial(HBox):
    """A number between ``low`` and ``high``.

    Arrow keys on the slider move it by ``step``. ``value`` keeps exactly what was set; the box
    shows six decimals of it and the slider stands at the nearest step.
    """

    value = traitlets.Float()
    disabled = traitlets.Bool(False)

    def __init__(self, label: str, low: float, high: float, step: float, value: float) -> None:
        self.slider = FloatSlider(
            readout=False, continuous_update=True, layout=Layout(width="330px")
        )
        self.box = BoundedFloatText(layout=Layout(width="190px"))
        for part in (self.slider, self.box):
            part.style.description_width = "initial"
        self._quiet = False
        super().__init__(children=[self.slider, self.box])
        self.aim(label, low, high, step, value)
        self.slider.observe(self._moved, "value")
        self.box.observe(self._moved, "value")

    def aim(self, label: str, low: float, high: float, step: float, value: float) -> None:
        """Make this the control of another number; the range grows to hold its value."""
        low, high = min(low, value), max(high, value)
        self._quiet = True
        try:
            # A browser gets all of it at once and never meets the new limits with the old value.
            with self.slider.hold_sync(), self.box.hold_sync():
                for part in (self.slider, self.box):
                    # The limits widen before they close in, so that they never cross.
                    part.min, part.max = min(low, part.min), max(high, part.max)
                    part.step = step
                # Both are named: a slider's handle has no name of its own for screen readers.
                self.slider.description, self.box.description = label, f"{label} ="
                self._show(low, high, value)
                for part in (self.slider, self.box):
                    part.min, part.max = low, high
            self.value = value
        finally:
            self._quiet = False

    def _show(self, low: float, high: float, value: float) -> None:
        # A browser moves a slider that stands between two steps, and reports that as a change.
        step = self.slider.step
        self.slider.value = min(round(low + round((value - low) / step) * step, 6), high)
        self.box.value = round(value, 6)

    def _moved(self, change: dict) -> None:
        if not self._quiet:
            self.value = round(change["new"], 6)  # browsers add up steps to 1.0999999999999996

    @traitlets.observe("value")
    def _follow(self, change: dict) -> None:
        if self._quiet:
            return
        self._quiet = True
        try:
            self._show(self.slider.min, self.slider.max, change["new"])
        finally:
            self._quiet = False

    @traitlets.observe("disabled")
    def _lock(self, change: dict) -> None:
        self.slider.disabled = self.box.disabled = change["new"]


class Stops(HBox):
    """A slider that moves from one of the given numbers to the next, with a number box beside it.

    What is typed goes to the nearest of the ``stops``.
    """

    value = traitlets.Float()
    disabled = traitlets.Bool(False)

    def __init__(self, label: str, stops: Sequence[float], value: float) -> None:
        self.stops = [float(stop) for stop in stops]
        self.slider = SelectionSlider(
            options=self.stops,
            value=self._nearest(value),
            description=label,
            readout=False,
            continuous_update=True,
            layout=Layout(width="430px"),
        )
        self.box = BoundedFloatText(
            min=min(self.stops),
            max=max(self.stops),
            description=f"{label} =",
            layout=Layout(width="190px"),
        )
        for part in (self.slider, self.box):
            part.style.description_width = "initial"
        super().__init__(children=[self.slider, self.box])
        self.value = self.box.value = self.slider.value
        self.slider.observe(self._moved, "value")
        self.box.observe(self._moved, "value")

    @traitlets.validate("value")
    def _snap(self, proposal: dict) -> float:
        return self._nearest(proposal["value"])

    def _nearest(self, value: float) -> float:
        return min(self.stops, key=lambda stop: abs(stop - value))

    def _moved(self, change: dict) -> None:
        self.value = change["new"]
        # A number that is no stop goes back to the one it was taken for.
        self.box.value = self.value

    @traitlets.observe("value")
    def _follow(self, change: dict) -> None:
        self.slider.value = self.box.value = change["new"]

    @traitlets.observe("disabled")
    def _lock(self, change: dict) -> None:
        self.slider.disabled = self.box.disabled = change["new"]
