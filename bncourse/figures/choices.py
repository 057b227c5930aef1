"""One of several, as a row or column of buttons.

JupyterLab takes the arrow keys for itself where a list or a radio button has the focus, and moves
to another cell. Buttons are reached by Tab and pressed by Space or Enter, so they can be used
without a mouse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets
from ipywidgets import HTML, Box, Button, Layout

# Statements read from the left; a button centres its text.
STYLE = "<style>.bncourse-choice { text-align: left; }</style>"


class Choices(Box):
    """Buttons of which one is chosen; the chosen one has a tick.

    ``options`` are pairs of a label and a value; ``value`` is None until one is chosen. ``width``
    is the CSS width of each button.
    """

    value = traitlets.Any(None, allow_none=True)
    disabled = traitlets.Bool(False)

    def __init__(
        self,
        options: Sequence[tuple[str, Any]],
        value: Any = None,
        *,
        column: bool = False,
        width: str = "auto",
    ) -> None:
        self.options = list(options)
        self.buttons = [Button(description=label, tooltip=label) for label, _ in self.options]
        for button, (_, each) in zip(self.buttons, self.options, strict=True):
            button.layout = Layout(width=width, max_width="100%")
            button.add_class("bncourse-choice")
            button.on_click(lambda _, each=each: self.set_trait("value", each))
        flow = Layout(flex_flow="column" if column else "row wrap", align_items="flex-start")
        style = HTML(STYLE, layout=Layout(width="0", height="0", margin="0"))
        super().__init__([*self.buttons, style], layout=flow)
        self.value = value

    @traitlets.observe("value")
    def _tick(self, _: Any) -> None:
        for button, (_, each) in zip(self.buttons, self.options, strict=True):
            chosen = each == self.value and self.value is not None
            button.icon = "check" if chosen else ""
            button.button_style = "info" if chosen else ""

    @traitlets.observe("disabled")
    def _lock(self, change: dict) -> None:
        for button in self.buttons:
            button.disabled = change["new"]
