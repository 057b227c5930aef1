import itertools
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text

from bncourse.figures.sigmoid_arms import look, without_and_with
from bncourse.figures.sigmoid_run import ScrubRun, accuracy_and_percentiles
from tests.figures.checks import LARGEST, check_redraw, png_of


@pytest.fixture
def figure(nets, keep):
    return ScrubRun(nets, record=keep)


def predict(figure, percent):
    figure.gate.fields["accuracy"].value = percent
    return figure.gate.lock()


def test_arms_are_compared_at_the_same_learning_rate(nets):
    without, normalised = without_and_with(nets)
    assert (without.name, normalised.name) == ("without BN", "with BN")
    assert without.learning_rate == normalised.learning_rate == 0.5
    other = replace(nets, runs=(nets.runs[3], nets.runs[2]))
    assert without_and_with(other) == (nets.runs[2], nets.runs[3])
    with pytest.raises(ValueError, match="'with BN'"):
        without_and_with(replace(nets, runs=nets.runs[:1]))


def test_every_run_looks_different(nets):
    drawn = [look(nets, run) for run in nets.runs]
    assert len({str(one["ls"]) for one in drawn}) == len({one["marker"] for one in drawn}) == 5


def test_the_static_figure_draws_every_seed_and_names_the_ends(nets):
    figure = accuracy_and_percentiles(nets)
    left, without, normalised = figure.picture.axes
    assert len(left.lines) == len(nets.runs) * (len(nets.seeds) + 1)
    medians = {line.get_label(): line for line in left.lines if "learning rate" in line.get_label()}
    for run in nets.runs:
        line = medians[f"{run.name}, learning rate {run.learning_rate:g}"]
        np.testing.assert_allclose(line.get_ydata(), 100 * np.median(run.accuracy, axis=0))
        assert f"{100 * run.accuracy[1, -1]:.1f}".rstrip("0").rstrip(".") in figure.caption
    np.testing.assert_array_equal(without.lines[2].get_ydata(), nets.runs[0].percentiles[0, :, 1])
    np.testing.assert_array_equal(
        normalised.lines[0].get_ydata(), nets.runs[1].percentiles[0, :, 0]
    )
    assert "without BN, learning rate 0.5, never and 63.7 %" in figure.caption
    assert "with BN, learning rate 2, 100 and 95 %" in figure.caption
    assert "without BN, -3.1 / -3 / -2.9" in figure.caption
    png_of(figure._repr_mimebundle_())


def test_nothing_is_given_away_before_the_prediction(figure):
    assert figure.controls["update"].disabled
    for arm in figure.arms:
        assert list(arm.median.get_xdata()) == [0]
    assert "After 0 updates" in figure.sentence.value


def test_scrubbing_draws_what_was_measured(figure, nets):
    assert predict(figure, "80 %")
    for at, step in enumerate(nets.runs[0].steps):
        figure.controls["update"].slider.value = float(step)
        assert figure.state == {"update": step}
        assert list(figure.cursor.get_xdata()) == [step, step]
        for arm, run in zip(figure.arms, nets.runs[:2], strict=True):
            assert list(arm.median.get_xdata()) == list(run.steps[: at + 1])
            low, middle, high = run.percentiles[0, at]
            assert (arm.band.get_x(), arm.band.get_width()) == pytest.approx((low, high - low))
            assert arm.used.get_xdata()[[0, -1]] == pytest.approx([low, high])
            assert arm.middle.get_ydata()[0] == pytest.approx(1 / (1 + np.exp(-middle)))
            low_axis, high_axis = arm.middle.axes.get_xlim()
            assert low_axis <= low and high <= high_axis


def test_the_sentence_has_the_numbers_of_its_update(figure, nets):
    sentence = figure.describe({"update": 100})
    share = [100 * run.accuracy[:, 4] for run in nets.runs[:2]]
    assert sentence.startswith("After 100 updates: without BN the test accuracy is ")
    for one in (*share[0], *share[1]):
        assert f"{one:.1f}".rstrip("0").rstrip(".") + " %" in sentence
    assert "15 / 50 / 85 of -0.4 / -0.3 / -0.2; with BN" in sentence
    assert sentence.endswith("15 / 50 / 85 of -0.98 / 0.02 / 1.02.")


def test_an_update_that_was_not_measured_is_taken_for_the_nearest(figure):
    figure.go(update=180)
    assert "After 200 updates" in figure.sentence.value
    assert list(figure.cursor.get_xdata()) == [200, 200]


@pytest.mark.parametrize(("typed", "height"), [("80", 80), ("100 %", 100), ("0", 0)])
def test_the_ghost_is_a_line_at_the_prediction(figure, kept, typed, height):
    assert not figure.guess.get_visible()
    assert predict(figure, typed)
    assert figure.guess.get_visible() and figure.guess_text.get_visible()
    assert list(figure.guess.get_ydata()) == [height, height]
    assert kept[0][:2] == ("prediction", "scrub_run")
    assert f"you: {kept[0][2]['accuracy']:g} %" == figure.guess_text.get_text()
    top = figure.guess_text.get_window_extent().y1
    assert top <= figure.guess.axes.get_window_extent().y1


@pytest.mark.parametrize("typed", ["700", "-5"])
def test_an_accuracy_that_cannot_be_is_asked_for_again(figure, kept, typed):
    assert not predict(figure, typed)
    assert kept == [] and not figure.guess.get_visible()
    assert "between 0 and 100" in figure.gate.message.value


def test_redraws_update_artists(figure):
    predict(figure, "50")
    before = [list(axes.get_children()) for axes in figure.figure.axes]
    check_redraw(figure, [{"update": update} for update in figure.steps])
    assert [list(axes.get_children()) for axes in figure.figure.axes] == before


def test_buttons_jump_and_reset(figure, nets):
    predict(figure, "50")
    for name, update in (("100 updates", 100), ("The end", 1000), ("Reset", 0)):
        figure.buttons[name].click()
        assert figure.state["update"] == update == figure.controls["update"].value


def test_text_is_large_enough_and_does_not_touch(figure):
    figure.figure.canvas.draw()
    texts = [text for text in figure.figure.findobj(match=Text) if text.get_text()]
    assert len(texts) > 20
    for text in texts:
        assert text.get_fontsize() * figure.figure.dpi / 72 >= 13.99, text.get_text()
    titles = [axes.title.get_window_extent() for axes in figure.figure.axes[1:]]
    titles += [figure.figure.axes[0].get_legend().get_window_extent()]
    titles += [figure.heading.get_window_extent()]
    for a, b in itertools.combinations(titles, 2):
        assert not a.overlaps(b)


def test_the_frames_are_stored(figure):
    bundle = figure._repr_mimebundle_()
    height, width = png_of(bundle).shape[:2]
    assert (width, height) == (850, 3 * 340)
    sentences = bundle["text/plain"].split("\n")
    assert [s.split(":")[0] for s in sentences] == ["The start", "100 updates", "The end"]
    assert "After 1,000 updates" in sentences[2]
    assert len(bytes(figure.picture.value)) < LARGEST
