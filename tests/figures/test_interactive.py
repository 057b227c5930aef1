"""The base class, on two figures as small as can be."""

import json
from typing import ClassVar

import pytest
from ipywidgets import IntSlider

from bncourse.figures.drawing import document, line, words
from bncourse.figures.frames import side_by_side
from bncourse.figures.gate import Number
from bncourse.figures.interactive import Chart, Schematic
from bncourse.figures.style import new_figure
from bncourse.grading import progress
from tests.figures.checks import check_redraw, check_svg, png_of, words_of

FRAMES = (("zero", {"n": 0}), ("one", {"n": 1}), ("two", {"n": 2}))


class Small:
    name = "small"
    title = "A small figure"
    opening: ClassVar = {"n": 1}
    frames = FRAMES
    questions = (Number("n", "Which n?"),)
    gap = "Why that n?"
    claim = "n is n: by definition."

    def make_controls(self):
        return {"n": IntSlider(description="n", max=5)}

    def make_actions(self):
        return {"One more": lambda state: {"n": state["n"] + 1}}

    def describe(self, state):
        return f"n is {state['n']}."


class Tile(Small, Schematic):
    def draw(self, state):
        ghost = [line(0, 50, 90, 50)] if self.prediction else []
        parts = [words(5, 20, f"n = {state['n']}"), *ghost]
        return document(200, 60, parts, self.title, self.describe(state))


class Bars(Small, Chart):
    def build(self):
        figure, (axes,) = new_figure(300, 150)
        (self.bar,) = axes.bar([0], [1])
        axes.set_ylim(0, 5)
        return figure

    def draw(self, state):
        self.bar.set_height(state["n"])


@pytest.fixture(params=[Tile, Bars])
def figure(request, keep):
    return request.param(record=keep)


def predict(figure, number="3"):
    figure.gate.fields["n"].value = number
    figure.gate.button.click()


def pixels(figure):
    return bytes(figure.picture.value) if isinstance(figure, Chart) else figure.picture.value


def test_a_figure_opens_locked_in_its_opening_state(figure):
    assert figure.state == {"n": 1}
    assert figure.controls["n"].value == 1
    assert figure.controls["n"].disabled
    assert all(button.disabled for button in figure.buttons.values())
    assert figure.explanation.layout.display == "none"
    assert "n is 1." in figure.sentence.value


def test_a_prediction_unlocks_the_figure_and_is_recorded(figure, kept):
    predict(figure)
    assert kept == [("prediction", "small", {"n": 3.0})]
    assert not figure.controls["n"].disabled
    assert not any(button.disabled for button in figure.buttons.values())
    assert figure.explanation.layout.display is None


def test_a_blank_prediction_leaves_it_locked(figure, kept):
    predict(figure, "")
    assert kept == []
    assert figure.controls["n"].disabled


def test_the_explanation_is_recorded(figure, kept):
    predict(figure)
    figure.explanation.text.value = "so it is"
    figure.explanation.button.click()
    assert kept[1:] == [("explanation", "small", {"text": "so it is"})]


def test_a_control_changes_the_picture_and_the_sentence(figure):
    before = pixels(figure)
    figure.controls["n"].value = 4
    assert figure.state == {"n": 4}
    assert pixels(figure) != before
    assert "n is 4." in figure.sentence.value
    assert 'role="status" aria-live="polite"' in figure.sentence.value


def test_buttons_change_the_state_and_reset_goes_back(figure):
    opening = pixels(figure)
    figure.buttons["One more"].click()
    figure.buttons["One more"].click()
    assert figure.state == {"n": 3} and figure.controls["n"].value == 3
    figure.buttons["Reset"].click()
    assert figure.state == {"n": 1} and pixels(figure) == opening


def test_the_shown_state_is_a_call_that_brings_it_back(figure):
    figure.go(n=5)
    assert figure.state_text.layout.display == "none"
    figure.state_button.click()
    assert figure.state_text.layout.display is None
    assert "figure.go(n=5)" in figure.state_text.value
    figure.state_button.click()
    assert figure.state_text.layout.display == "none"


def test_a_wrong_entry_of_the_state_is_named(figure):
    with pytest.raises(ValueError, match="no m here; the state has n"):
        figure.go(m=1)


def test_an_error_while_drawing_is_raised(figure, monkeypatch):
    def broken(state):
        raise ZeroDivisionError("drawing")

    monkeypatch.setattr(figure, "draw", broken)
    with pytest.raises(ZeroDivisionError):
        figure.controls["n"].value = 2


def test_the_opening_state_belongs_to_the_class(keep):
    class Listed(Tile):
        opening: ClassVar = {"n": [1]}

        def show_state(self, state):
            pass

        def make_actions(self):
            return {}

    figure = Listed(record=keep)
    figure.state["n"].append(2)
    assert Listed(record=keep).state == {"n": [1]}


def test_a_figure_without_questions_is_open(keep):
    class Open(Tile):
        questions = ()

    figure = Open(record=keep)
    assert figure.gate is None
    assert not figure.controls["n"].disabled


def test_the_bundle_carries_the_widget_and_three_named_frames(figure):
    before = pixels(figure)
    bundle = figure._repr_mimebundle_()
    assert bundle["text/plain"].split("\n") == ["zero: n is 0.", "one: n is 1.", "two: n is 2."]
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == figure.model_id
    assert json.dumps(bundle)
    assert pixels(figure) == before
    if isinstance(figure, Schematic):
        check_svg(bundle["image/svg+xml"])
        wanted = [w for k, (name, _) in enumerate(FRAMES) for w in (f"{k + 1}. {name}", f"n = {k}")]
        assert words_of(bundle["image/svg+xml"]) == wanted
    else:
        assert png_of(bundle).shape == (3 * 150, 300, 3)


def test_after_the_bundle_a_chart_still_shows_its_state(keep):
    figure = Bars(record=keep)
    figure.go(n=4)
    shown = pixels(figure)
    figure._repr_mimebundle_()
    figure.redraw()
    assert pixels(figure) == shown


def test_a_chart_updates_its_artists(keep):
    figure = Bars(record=keep)
    axes, artists = figure.figure.axes[0], list(figure.figure.axes[0].get_children())
    for n in range(6):
        figure.controls["n"].value = n
        assert figure.bar.get_height() == n
    assert figure.figure.axes == [axes]
    assert list(axes.get_children()) == artists


def test_a_change_of_the_axes_without_repaint_is_noticed(keep):
    class Stretching(Bars):
        def draw(self, state):
            super().draw(state)
            self.figure.axes[0].set_ylim(0, 5 + state["n"])

    class Repainting(Stretching):
        def draw(self, state):
            super().draw(state)
            self.repaint()

    states = [{"n": n} for n in (1, 3, 5)]
    check_redraw(Bars(record=keep), states)
    check_redraw(Repainting(record=keep), states)
    with pytest.raises(AssertionError, match="needs repaint"):
        check_redraw(Stretching(record=keep), states)


def test_a_chart_keeps_its_size_and_its_layout(keep):
    figure = Bars(record=keep)
    assert (figure.picture.layout.width, figure.picture.layout.height) == ("300px", "150px")
    place = figure.figure.axes[0].get_position().bounds
    figure.figure.axes[0].set_ylabel("a label that would need room")
    figure.redraw()
    assert figure.figure.axes[0].get_position().bounds == place


def test_frames_too_wide_for_a_row_are_put_below_each_other():
    wide = document(880, 100, [words(5, 20, "wide")], "n", "d")
    root = check_svg(str(side_by_side([("a", wide), ("b", wide)], "Two")))
    assert (root.get("width"), int(root.get("height")) > 200) == ("880", True)
    narrow = document(200, 100, [words(5, 20, "narrow")], "n", "d")
    root = check_svg(str(side_by_side([("a", narrow), ("b", narrow), ("c", narrow)], "Three")))
    assert int(root.get("width")) > 600 and int(root.get("height")) < 200


def test_without_a_recorder_the_progress_file_is_used():
    figure = Tile()
    predict(figure, "2")
    assert progress.latest("prediction", "small")["payload"] == {"n": 2.0}
