"""The questions as forms in the notebook: a comfortable way to answer, beside the plain cell.

A form checks the answer and shows it as a line of code. That line, in the answer cell, is what
is saved with the notebook and can be marked later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets
from IPython.display import Markdown, display

from bncourse.check import judge_answer
from bncourse.figures.choices import Choices
from bncourse.figures.keys import keep_keys
from bncourse.grading import progress as log
from bncourse.grading.answers import AnswerError
from bncourse.grading.assembly import Assembly
from bncourse.grading.form import CONFIDENCE, Choice, Form
from bncourse.grading.learner import ANYBODY, personal_seed
from bncourse.grading.panel import as_html
from bncourse.grading.task import Task
from bncourse.registry import find

KEEP = (
    '<div style="font-size:14px;margin-top:6px">The form is not saved. To keep this answer, put '
    "this line into the answer cell below and run it (Tab to the line, Ctrl+A, Ctrl+C; Escape "
    "leaves the form, arrow down goes to the next cell, Enter opens it).</div>"
    "<style>.bncourse-code textarea { font-family: var(--jp-code-font-family, monospace); "
    "font-size: 14px; }</style>"
)
SHORT = 24  # letters of an option; if all are as short, they stand in rows
WIDE = widgets.Layout(width="100%", max_width="64em")
CODE = "font-family:var(--jp-code-font-family,monospace);font-size:14px;white-space:pre;"


def ask(what: str) -> None:
    """Show a task's question, with your own numbers, and a form to answer it.

    Raises KeyError for an unknown task and ValueError for one that is code to write.
    """
    log.use_learner(sys._getframe(1).f_globals.get("learner"))
    task = find(what)
    if isinstance(task.form, Form):
        seed = personal_seed(log.current_learner(), task.id)
        display(Markdown(task.form.question(task.draw(seed)[0].args[0])))
        if task.personal and log.current_learner() == ANYBODY:
            display(Markdown("*These are anybody's numbers: put your name into `learner` above.*"))
        display(FormQuestion(task))
    elif isinstance(task.form, Assembly):
        display(Markdown(task.form.question))
        display(LinesQuestion(task))
    else:
        raise ValueError(
            f"{task.id} is a function to write: fill in {task.entry} in its cell, then run "
            f"check({task.entry})."
        )


class _Question(widgets.VBox):
    """What both kinds share: a check button, the verdict, and the line to keep."""

    def __init__(self, task: Task, parts: list[widgets.Widget]):
        self.task = task
        self.button = widgets.Button(description="Check", button_style="primary")
        self.button.on_click(lambda _: self.check())
        self.verdict = widgets.HTML(layout=WIDE)
        self.line = widgets.Textarea(layout=widgets.Layout(width="100%", max_width="56em"))
        self.line.add_class("bncourse-code")
        self.keep = widgets.VBox([widgets.HTML(KEEP, layout=WIDE), self.line])
        self.stale()
        super().__init__([*parts, self.button, self.verdict, self.keep])
        self.children = [*self.children, keep_keys(self)]

    def answer(self) -> Any:
        """Return the answer as the learner would type it."""
        raise NotImplementedError

    def check(self) -> None:
        """Judge what stands in the form; the verdict and the line to keep appear below it."""
        value = self.answer()
        self.verdict.value = as_html(judge_answer(self.task, value))
        self.line.value = f"{self.task.entry} = {value!r}"
        self.line.rows = 1 + len(self.line.value) // 80
        self.keep.layout.display = None

    def stale(self) -> None:
        """Take the verdict away: the answer has changed since."""
        self.verdict.value = ""
        self.keep.layout.display = "none"


class FormQuestion(_Question):
    """A form of numbers and choices; Tab moves on, Space or Enter presses the button."""

    def __init__(self, task: Task):
        self.inputs = {f.name: _field(f) for f in task.form.fields}
        if task.form.confidence:
            options = [(words, k) for k, words in CONFIDENCE.items()]
            self.inputs["confidence"] = _choose("How sure are you?", options, column=False)
        super().__init__(task, [box for box, _ in self.inputs.values()])
        for box, _ in self.inputs.values():
            source = box if isinstance(box, widgets.Text) else box.children[1]
            source.observe(lambda _: self.stale(), "value")

    def answer(self) -> dict[str, Any]:
        """Return the fields' values: numbers as typed, letters for choices, None where empty."""
        return {name: _typed(value()) for name, (_, value) in self.inputs.items()}


class LinesQuestion(_Question):
    """Lines of code to put in order: type their names, or press their buttons."""

    def __init__(self, task: Task):
        self.order = widgets.Text(
            description="Your order",
            placeholder="for example  B A D",
            layout=widgets.Layout(width="26em"),
            style={"description_width": "initial"},
        )
        self.lines = [self._line_button(line) for line in task.form.lines]
        back = widgets.Button(description="Take the last one back", layout={"width": "14em"})
        back.on_click(lambda _: self._take_back())
        self.preview = widgets.HTML(layout=WIDE)
        left = widgets.HTML("<style>.bncourse-line { text-align: left; }</style>")
        left.layout = widgets.Layout(height="0", margin="0")
        self.order.observe(lambda _: self._show(), "value")
        super().__init__(task, [left, *self.lines, widgets.HBox([self.order, back]), self.preview])
        self._show()

    def _line_button(self, line) -> widgets.Button:
        # Buttons fold spaces; unbreakable ones keep the indentation.
        code = f"{line.name} {line.pair or ' '} {line.code}".replace(" ", "\u00a0")
        button = widgets.Button(
            description=code,
            tooltip=f"Add line {line.name}",
            layout=widgets.Layout(width="42em", max_width="100%"),
            style={"font_family": "var(--jp-code-font-family, monospace)", "font_size": "14px"},
        )
        button.add_class("bncourse-line")
        button.on_click(lambda _: self._add(line.name))
        return button

    def _add(self, name: str) -> None:
        self.order.value = f"{self.order.value} {name}".strip()

    def _take_back(self) -> None:
        self.order.value = " ".join(self.order.value.split()[:-1])

    def _show(self) -> None:
        assembly: Assembly = self.task.form
        self.stale()
        try:
            names = assembly.names(self.order.value)
        except AnswerError as gap:
            said = str(gap)
        else:
            said = assembly.source(names)
        self.preview.value = (
            f'<pre role="status" aria-label="The function your lines make" style="{CODE}'
            'padding:6px 12px;background:#f3f3f3;color:#1a1a1a">'
            f"{escape(said)}</pre>"
        )

    def answer(self) -> str:
        """Return the lines' names in order."""
        return " ".join(self.order.value.split()).upper()


def _field(field: Any) -> tuple[widgets.Widget, Callable[[], Any]]:
    if isinstance(field, Choice):
        letters = [(f"{chr(97 + k)})  {text}", chr(97 + k)) for k, text in enumerate(field.options)]
        return _choose(field.asks, letters, column=max(map(len, field.options)) > SHORT)
    box = widgets.Text(
        description=field.asks,
        continuous_update=False,
        layout=widgets.Layout(width="48em", max_width="100%"),
        style={"description_width": "37em"},
    )
    return box, lambda: box.value.strip() or None


def _choose(
    label: str, options: list[tuple[str, Any]], *, column: bool
) -> tuple[widgets.Widget, Callable[[], Any]]:
    buttons = Choices(options, column=column)
    text = widgets.HTML(f'<div style="font-size:14px;margin-top:6px">{escape(label)}</div>')
    return widgets.VBox([text, buttons]), lambda: buttons.value


def _typed(value: Any) -> Any:
    """Turn the text of a number box into a number where it is one, so that it reads well."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
