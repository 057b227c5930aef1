"""A slider with a number box beside it: one control that can be dragged, stepped or typed."""

from __future__ import annotations

import traitlets
from ipywidgets import BoundedFloatText, FloatSlider, HBox, Layout


class Dial(HBox):
    """A number between ``low`` and ``high``.

    Arrow keys on the slider move it by ``step``. The box shows six decimals at most; ``value``
    keeps what was set.
    """

    value = traitlets.Float()
    disabled = traitlets.Bool(False)

    def __init__(self, label: str, low: float, high: float, step: float, value: float) -> None:
        self.slider = FloatSlider(
            readout=False, continuous_update=True, layout=Layout(width="360px")
        )
        self.box = BoundedFloatText(layout=Layout(width="110px"))
        self._quiet = False
        super().__init__(children=[self.slider, self.box])
        self.aim(label, low, high, step, value)
        self.slider.observe(self._moved, "value")
        self.box.observe(self._moved, "value")

    def aim(self, label: str, low: float, high: float, step: float, value: float) -> None:
        """Make this the control of another number; the range grows to hold its value."""
        self._quiet = True
        try:
            low, high = min(low, value), max(high, value)
            for part in (self.slider, self.box):
                # The limits widen before they close in, so that they never cross.
                part.min, part.max = min(low, part.min), max(high, part.max)
                part.value = round(value, 6)
                part.min, part.max, part.step = low, high, step
            self.slider.description = label
            self.box.tooltip = self.slider.tooltip = label
        finally:
            self._quiet = False
        self.value = value

    def _moved(self, change: dict) -> None:
        if not self._quiet:
            self.value = change["new"]

    @traitlets.observe("value")
    def _follow(self, change: dict) -> None:
        self._quiet = True
        try:
            self.slider.value = self.box.value = round(change["new"], 6)
        finally:
            self._quiet = False

    @traitlets.observe("disabled")
    def _lock(self, change: dict) -> None:
        self.slider.disabled = self.box.disabled = change["new"]
