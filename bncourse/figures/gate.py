"""What a learner says before and after a figure: a prediction first, the gap explained after."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from ipywidgets import HTML, Button, HBox, Layout, Text, Textarea, VBox

from bncourse.figures.choices import Choices
from bncourse.grading.answers import AnswerError
from bncourse.grading.form import Choice, Number

WIDE = Layout(width="auto", max_width="860px")


class Prediction(VBox):
    """Questions that are answered before a figure unlocks.

    ``questions`` are numbers to type and choices. ``locked_in`` is called once, with the answers
    by name (numbers as floats, choices as their text), when all of them can be read.
    """

    def __init__(
        self,
        questions: tuple[Number | Choice, ...],
        locked_in: Callable[[dict[str, Any]], None],
    ) -> None:
        self.questions = questions
        self.locked_in = locked_in
        self.fields = {question.name: _field(question) for question in questions}
        self.button = Button(description="Lock in my prediction", button_style="primary")
        self.button.layout = Layout(width="220px")
        self.message = HTML(say("The figure unlocks when you have predicted."))
        rows = [HTML("<b>Predict first</b>")]
        for question in questions:
            rows += [HTML(escape(question.asks), layout=WIDE), self.fields[question.name]]
        rows.append(HBox([self.button, self.message]))
        super().__init__(rows, layout=Layout(border="1px solid #8c8c8c", padding="6px 12px"))
        self.button.on_click(lambda _: self.lock())
        for field in self.fields.values():
            if isinstance(field, Text):
                field.on_msg(self._enter)

    def lock(self) -> bool:
        """Lock in what is filled in; returns False, and says what is missing, if something is."""
        try:
            answers = {question.name: self._read(question) for question in self.questions}
        except AnswerError as gap:
            self.message.value = say(str(gap))
            return False
        for part in (*self.fields.values(), self.button):
            part.disabled = True
        self.message.value = say("Locked in. Now try it in the figure.")
        self.locked_in(answers)
        return True

    def _read(self, question: Number | Choice) -> float | str:
        value = self.fields[question.name].value
        if value is None or not value.strip():
            raise AnswerError(
                "Not everything is answered yet. A guess is enough: a wrong one helps too."
            )
        if isinstance(question, Choice):
            return value
        return question.read(value.strip().removesuffix("%"))

    def _enter(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("event") == "submit" and not self.button.disabled:
            self.lock()


class Explanation(VBox):
    """One question about the gap between the prediction and what the figure showed."""

    def __init__(self, question: str, keep: Callable[[str], None]) -> None:
        self.keep = keep
        self.text = Textarea(placeholder="Your explanation", tooltip=question, rows=3, layout=WIDE)
        self.button = Button(description="Keep my explanation", layout=Layout(width="220px"))
        self.message = HTML(say(""))
        title = HTML(f"<b>Explain the gap</b><br>{escape(question)}", layout=WIDE)
        super().__init__(
            [title, self.text, HBox([self.button, self.message])],
            layout=Layout(border="1px solid #8c8c8c", padding="6px 12px", margin="6px 0 0 0"),
        )
        self.button.on_click(lambda _: self.store())

    def store(self) -> bool:
        """Keep what is written; returns False if nothing is."""
        written = self.text.value.strip()
        if not written:
            self.message.value = say("Nothing is written yet; one sentence is enough.")
            return False
        self.keep(written)
        self.message.value = say("Kept. You may change it and keep it again.")
        return True


def say(text: str) -> str:
    """Return text as a message that screen readers announce politely."""
    return f'<div role="status" aria-live="polite">{escape(text)}</div>'


def _field(question: Number | Choice) -> Text | Choices:
    if isinstance(question, Choice):
        return Choices([(option, option) for option in question.options], column=True)
    return Text(placeholder="a number", tooltip=question.asks, layout=Layout(width="160px"))
