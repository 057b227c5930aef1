"""What every interactive figure shares: controls, a sentence, and a prediction that comes first.

A figure is one class. It keeps its ``state`` in a small dict, draws it with ``draw(state)`` and
says it in one sentence with ``describe(state)``. Two kinds exist: a ``Schematic`` is an SVG
picture, a ``Chart`` is a Matplotlib figure whose artists are made once and then updated.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ipywidgets import HTML, Button, HBox, Image, Layout, VBox, Widget

from bncourse.figures.frames import WIDEST, side_by_side, stacked
from bncourse.figures.gate import Choice, Explanation, Number, Prediction, say
from bncourse.figures.keys import keep_keys
from bncourse.figures.style import HEAD, TEXT, drawn_png, points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Record = Callable[[str, str, Any], Any]
STYLE = f"""<style>
.bncourse-figure {{ --jp-widgets-font-size: {TEXT}px; --jp-widgets-inline-height: 32px; }}
.bncourse-figure .widget-html-content {{ line-height: 1.4; }}
.bncourse-figure svg {{ max-width: 100%; height: auto; display: block; }}
</style>"""


def note(kind: str, name: str, payload: Any) -> None:
    """Keep a prediction or an explanation in the learner's progress file."""
    from bncourse.grading import progress

    progress.note(kind, name, payload)


class Interactive(VBox):
    """A picture, at most three live controls, and a sentence that tells the numbers drawn.

    A subclass sets the class attributes below and writes ``make_controls``, ``draw`` and
    ``describe``; ``steer``, ``show_state`` and ``make_actions`` only where a control does more
    than set the entry of ``state`` that has its name.

    ``revealed`` is False until a prediction was made: what answers the questions is not to be drawn
    or said before. The frames show everything.

    Args:
        record: called with ("prediction" or "explanation", the figure's name, what was said).
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""  # names the picture for screen readers
    opening: ClassVar[dict[str, Any]] = {}  # the state before anything was touched
    questions: ClassVar[tuple[Number | Choice, ...]] = ()
    gap: ClassVar[str] = ""  # asked after the prediction
    claim: ClassVar[str] = ""  # one line under the figure: what it shows and on what ground
    # Three telling states, named: they stand for the figure where no kernel runs.
    frames: ClassVar[tuple[tuple[str, dict[str, Any]], ...]] = ()

    def __init__(self, record: Record = note) -> None:
        self.record = record
        self.prediction: dict[str, Any] | None = None
        self.state = self._opening()
        self._quiet = False
        self.controls: dict[str, Widget] = self.make_controls()
        self.buttons = {label: Button(description=label) for label in self.make_actions()}
        self.buttons["Reset"] = Button(description="Reset")
        self.state_button = Button(description="Show the state")
        self.picture = self._new_picture()
        self.sentence = HTML(layout=Layout(min_height="46px"))
        self.state_text = HTML(layout=Layout(display="none"))
        self.gate = Prediction(self.questions, self._predicted) if self.questions else None
        self.claim_text = HTML(self.claim)
        self.explanation = Explanation(self.gap, self._explained)
        self.explanation.layout.display = "none"
        self._reveal(self.gate is None)
        super().__init__(self._parts(), layout=Layout(max_width=f"{WIDEST}px"))
        self.add_class("bncourse-figure")
        self.children = [*self.children, keep_keys(self)]
        for name, control in self.controls.items():
            control.observe(lambda change, name=name: self._turned(name, change["new"]), "value")
        for label, button in self.buttons.items():
            button.layout.width = "auto"
            button.on_click(lambda _, label=label: self.press(label))
        self.state_button.on_click(lambda _: self._toggle_state())
        self._enable(self.revealed)
        self.go()

    # What a subclass writes ------------------------------------------------------------------

    def make_controls(self) -> dict[str, Widget]:
        """Return the live controls, at most three, each with a ``value``."""
        raise NotImplementedError

    def draw(self, state: dict[str, Any]) -> Any:
        """Draw the state, and the ghost of ``self.prediction`` if there is one."""
        raise NotImplementedError

    def describe(self, state: dict[str, Any]) -> str:
        """Return one sentence with the numbers drawn."""
        raise NotImplementedError

    def make_actions(self) -> Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return further buttons: for each label, what it changes in the state it is given."""
        return {}

    def steer(self, name: str, value: Any) -> dict[str, Any]:
        """Return what turning a control changes in the state."""
        return {name: value}

    def show_state(self, state: dict[str, Any]) -> None:
        """Set the controls to what the state says."""
        for name, control in self.controls.items():
            control.value = state[name]

    # What is the same everywhere -------------------------------------------------------------

    def go(self, **changes: Any) -> None:
        """Change entries of the state and redraw. Raises ValueError for entries it has not."""
        unknown = sorted(set(changes) - set(self.state))
        if unknown:
            raise ValueError(f"no {', '.join(unknown)} here; the state has {', '.join(self.state)}")
        self.state = {**self.state, **changes}
        self._quiet = True
        try:
            self.show_state(self.state)
        finally:
            self._quiet = False
        self.redraw()

    def press(self, label: str) -> None:
        """Do what the button of that label does."""
        if label == "Reset":
            self.go(**self._opening())
        else:
            self.go(**self.make_actions()[label](self.state))

    def redraw(self) -> None:
        """Draw the present state and say it."""
        self.picture.value = self._drawn(self.state)
        self.sentence.value = say(self.describe(self.state))
        call = ", ".join(f"{key}={json.dumps(value)}" for key, value in self.state.items())
        self.state_text.value = f"<code>figure.go({call})</code>"

    def frame_states(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the named frames as full states."""
        return [(name, {**self._opening(), **changes}) for name, changes in self.frames]

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        before, self.revealed = self.revealed, True
        try:
            told = [f"{name}: {self.describe(state)}" for name, state in self.frame_states()]
            return {**bundle, **self._fallback(), "text/plain": "\n".join(told)}
        finally:
            self.revealed = before

    def _parts(self) -> list[Widget]:
        row = Layout(flex_flow="row wrap", align_items="center", grid_gap="2px 12px")
        parts: list[Widget] = [HTML(STYLE, layout=Layout(height="0", margin="0"))]
        parts += [self.gate] if self.gate else []
        parts.append(HBox(list(self.controls.values()), layout=row))
        parts.append(HBox([*self.buttons.values(), self.state_button], layout=row))
        parts += [self.picture, self.sentence, self.state_text]
        return [*parts, self.claim_text, self.explanation]

    def _opening(self) -> dict[str, Any]:
        return json.loads(json.dumps(self.opening))

    def _turned(self, name: str, value: Any) -> None:
        if not self._quiet:
            self.go(**self.steer(name, value))

    def _enable(self, on: bool) -> None:
        for part in (*self.controls.values(), *self.buttons.values()):
            part.disabled = not on

    def _predicted(self, answers: dict[str, Any]) -> None:
        self.prediction = answers
        self.record("prediction", self.name, answers)
        self._reveal(True)
        self._enable(True)
        self.explanation.layout.display = None if self.gap else "none"
        self.redraw()

    def _reveal(self, on: bool) -> None:
        self.revealed = on
        self.claim_text.layout.display = None if on and self.claim else "none"

    def _explained(self, text: str) -> None:
        self.record("explanation", self.name, {"text": text})

    def _toggle_state(self) -> None:
        hidden = self.state_text.layout.display == "none"
        self.state_text.layout.display = None if hidden else "none"
        self.state_button.description = "Hide the state" if hidden else "Show the state"


class Schematic(Interactive):
    """An interactive figure drawn as SVG: ``draw`` returns an svg.py document."""

    def _new_picture(self) -> HTML:
        return HTML()

    def _drawn(self, state: dict[str, Any]) -> str:
        return str(self.draw(state))

    def _fallback(self) -> dict[str, str]:
        frames = [(name, self.draw(state)) for name, state in self.frame_states()]
        return {"image/svg+xml": str(side_by_side(frames, self.title))}


class Chart(Interactive):
    """An interactive figure drawn by Matplotlib: ``draw`` updates artists that exist already.

    A subclass writes ``build``, which returns the figure with all its artists. Axes, ticks, titles
    and legends take most of the time, so they are painted once and only lines, patches, images and
    texts are drawn over them for each state; a ``draw`` that changes limits, ticks, titles or a
    legend calls ``repaint`` at its end.
    """

    def build(self) -> Figure:
        """Return the figure with every artist that ``draw`` will update."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Paint everything anew on which the states are drawn."""
        moving = [
            artist
            for axes in self.figure.axes
            for kind in (axes.images, axes.collections, axes.patches, axes.lines, axes.texts)
            for artist in kind
        ]
        self._moving = sorted(moving, key=lambda artist: artist.get_zorder())
        for artist in self._moving:
            artist.set_animated(True)  # left out when the whole figure is drawn
        self.figure.canvas.draw()
        self._still = self.figure.canvas.copy_from_bbox(self.figure.bbox)

    def _new_picture(self) -> Image:
        self.figure = self.build()
        self.heading = self.figure.suptitle(self.title, fontsize=points(HEAD))
        # The layout is found once; finding it anew for every redraw would make the axes jump.
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")
        self.repaint()
        width, height = (int(side * self.figure.dpi) for side in self.figure.get_size_inches())
        return Image(format="png", layout=Layout(width=f"{width}px", height=f"{height}px"))

    def _drawn(self, state: dict[str, Any]) -> bytes:
        self.draw(state)
        self.figure.canvas.restore_region(self._still)
        for artist in self._moving:
            artist.axes.draw_artist(artist)
        return drawn_png(self.figure)

    def _headed(self, heading: str, state: dict[str, Any]) -> bytes:
        self.heading.set_text(heading)
        self.repaint()
        return self._drawn(state)

    def _fallback(self) -> dict[str, str]:
        pictures = [self._headed(name, state) for name, state in self.frame_states()]
        self._headed(self.title, self.state)
        return {"image/png": base64.b64encode(stacked(pictures)).decode("ascii")}
