import itertools
import math
import re

import numpy as np
import pytest
import torch

from bncourse.figures.lagging_average import (
    BATCHES,
    MOMENTA,
    RULES,
    STREAMS,
    LaggingAverage,
    averages,
    stream,
)
from bncourse.figures.lagging_average_drawing import NEAR_ENOUGH, _fewer
from bncourse.figures.style import number
from tests.figures.checks import SVG, check_svg, words_of


@pytest.fixture
def figure(keep):
    return LaggingAverage(keep)


@pytest.fixture
def open_figure(figure):
    assert predict(figure)
    return figure


def predict(figure, batches="30", sd="at about 10"):
    figure.gate.fields["batches"].value = batches
    figure.gate.fields["sd"].value = sd
    return figure.gate.lock()


def said(figure, **state):
    return figure.describe({**figure.opening, **state})


def colours(figure):
    """How many lines of each colour are drawn."""
    root = check_svg(figure.picture.value)
    strokes = [path.get("stroke") for path in root.iter(f"{SVG}path")]
    return {colour: strokes.count(colour) for colour in strokes}


def test_the_batches_of_equal_samples_are_the_five_and_the_draws_are_near_the_truth():
    same = stream("same", False)
    np.testing.assert_allclose(same.mean, 5)
    np.testing.assert_allclose(same.var, 8)
    np.testing.assert_allclose(same.unbiased, same.true_var)
    for batches, jump in itertools.product(("4", "32"), (False, True)):
        now = stream(batches, jump)
        for half in (slice(0, 250), slice(250, 500)):
            mean, var = now.true_mean[half][0], now.true_var[half][0]
            error = math.sqrt(var / now.size / 250)
            assert abs(now.mean[half].mean() - mean) < 3 * error
            assert now.unbiased[half].mean() == pytest.approx(var, rel=0.15)
        assert (len(set(now.true_mean)), len(set(now.true_var))) == (1 + jump, 1 + jump)
        assert now.true_mean[249] == 5


@pytest.mark.parametrize("momentum", [0.01, 0.1, 1.0])
def test_pytorchs_rule_is_that_of_torch(momentum):
    layer = torch.nn.BatchNorm1d(1, momentum=momentum, dtype=torch.float64)
    x = torch.tensor([[1.0], [3.0], [5.0], [7.0], [9.0]], dtype=torch.float64)
    got = averages("same", False, "PyTorch", momentum)
    for k in range(40):
        assert got[k] == pytest.approx((layer.running_mean.item(), layer.running_var.item()))
        layer(x)


def test_keras_and_text_5_mean_the_opposite_and_take_other_variances():
    now = stream("4", False)
    keras, pytorch = (averages("4", False, *rule) for rule in (("Keras", 0.9), ("PyTorch", 0.1)))
    np.testing.assert_allclose(keras[:, 0], pytorch[:, 0])
    mean, var, sd = 0.0, 1.0, 1.0
    text = averages("4", False, "text 5", 0.9)
    for k in range(BATCHES):
        mean = 0.9 * mean + 0.1 * now.mean[k]
        var = 0.9 * var + 0.1 * now.var[k]
        sd = 0.9 * sd + 0.1 * math.sqrt(now.var[k])
        assert keras[k + 1] == pytest.approx((mean, var))
        assert text[k + 1] == pytest.approx((mean, sd**2))
    # 0.99, Keras's default, typed into PyTorch follows the last batch.
    typed = averages("4", False, "PyTorch", 0.99)[1:]
    assert np.abs(typed[1:, 0] - now.mean[1:]).max() < 0.1


def test_each_question_has_one_right_answer(open_figure):
    solved = math.ceil(math.log(0.05 / 5) / math.log(0.9))
    assert solved == 44
    assert f"above 4.95 from batch {solved} on" in said(open_figure, batches="same")
    keras = said(open_figure, batches="same", rule="Keras", momentum=0.99)
    assert "from batch 459 on" in keras
    assert "after none of the 500" in said(open_figure, batches="same", momentum=0.001)
    # For normal samples the mean sd of four is sqrt(2 / pi) of the true one, with the factor 1 / N.
    expected = 10 * 2 / math.pi
    assert np.sqrt(stream("4", False).var).mean() ** 2 == pytest.approx(expected, rel=0.05)
    assert expected < 7.5 < 10
    assert figure_option(open_figure, "sd", 0) == "well below 10"


def figure_option(figure, name, place):
    return next(q for q in figure.questions if q.name == name).options[place]


def test_nothing_is_given_away_before_the_prediction(figure):
    for rule, batches in itertools.product(RULES, STREAMS):
        figure.go(rule=rule, batches=batches)
        assert "#D55E00" not in colours(figure)
        assert not re.search("running|evaluation|4.95", figure.describe(figure.state), re.I)
        words = " ".join(words_of(figure.picture.value))
        assert "evaluation" not in words and "you" not in words and "6.4" not in words
    assert all(part.disabled for part in (*figure.controls.values(), *figure.buttons.values()))


def test_the_sentence_tells_what_the_rule_gives_and_what_evaluation_makes_of_it(open_figure):
    for rule, step, jump in itertools.product(RULES, (0, 1, 250, 251, 500), (False, True)):
        state = {"rule": rule, "step": step, "jump": jump, "momentum": 0.3}
        mean, var = averages("4", jump, rule, 0.3)[step]
        true = (8, 4) if jump and step > 250 else (5, 10)
        own, spread = (5 - true[0]) / math.sqrt(true[1]), "squared running sd"
        wanted = (
            f"running mean {number(mean)} (off by {number(mean - true[0])}), "
            f"{spread if rule == 'text 5' else 'variance'} {number(var)} "
            f"(off by {number(var - true[1])}); the data have mean {true[0]} and variance "
            f"{true[1]}. Evaluation makes {number((5 - mean) / math.sqrt(var + 1e-5))} of x = 5, "
            f"where the data's own statistics give {number(own)}."
        )
        assert wanted in said(open_figure, **state)


def test_the_line_ends_at_the_running_average(open_figure):
    for step in (0, 1, 44, 500):
        open_figure.go(step=step, batches="same")
        root = check_svg(open_figure.picture.value)
        marks = [m for m in root.iter(f"{SVG}polygon") if m.get("fill") == "#D55E00"][1:]
        for mark, value, left, high in zip(
            marks, averages("same", False, "PyTorch", 0.1)[step], (46, 490), (12, 40), strict=True
        ):
            x, y = np.array(mark.get("points").split(), float).reshape(-1, 2).mean(axis=0)
            assert x == pytest.approx(left + 376 * step / 500, abs=0.1)
            assert y == pytest.approx(262 - 200 * value / high, abs=0.1)


def test_predictions_are_drawn_where_they_were_asked_for(open_figure, kept):
    assert kept == [("prediction", "lagging_average", {"batches": 30.0, "sd": "at about 10"})]
    assert not any("you" in words for words in words_of(open_figure.picture.value))
    open_figure.press("Every batch 1, 3, 5, 7, 9")
    assert "4.95 passed at 44, you: 30" in words_of(open_figure.picture.value)
    open_figure.go(batches="4", rule="text 5", momentum=0.99)
    assert "(mean sd)² = 6.4, you: at about 10" in words_of(open_figure.picture.value)


@pytest.mark.parametrize("guess", ["0", "44", "500", "501", "1e9", "12.5"])
def test_any_guess_can_be_drawn(figure, guess):
    predict(figure, guess, "well above 10")
    figure.go(batches="same")
    root = check_svg(figure.picture.value)
    upright = [each for each in root.iter(f"{SVG}line") if each.get("stroke") == "#CC79A7"]
    assert len(upright) == (float(guess) <= 500)


def test_controls_and_buttons_steer_the_state(open_figure):
    open_figure.controls["momentum"].box.value = 0.99
    open_figure.controls["rule"].value = "Keras"
    open_figure.controls["step"].slider.value = 250
    assert open_figure.state == {
        "momentum": 0.99,
        "rule": "Keras",
        "step": 250,
        "batches": "4",
        "jump": False,
    }
    assert isinstance(open_figure.state["step"], int)
    open_figure.press("Jump at 250, on or off")
    assert open_figure.state["jump"]
    open_figure.press("Batches of 32")
    assert (open_figure.state["batches"], open_figure.state["jump"]) == ("32", True)
    open_figure.press("Jump at 250, on or off")
    assert not open_figure.state["jump"]
    open_figure.press("Reset")
    assert open_figure.state == LaggingAverage.opening


@pytest.mark.parametrize("rule", RULES)
def test_every_state_can_be_drawn(open_figure, rule):
    for k, (momentum, batches, jump) in enumerate(
        itertools.product(MOMENTA[::3], STREAMS, (False, True))
    ):
        step = (500, 0, 251, 1, 77)[k % 5]
        open_figure.go(rule=rule, momentum=momentum, batches=batches, jump=jump, step=step)
        check_svg(open_figure.picture.value)


def test_points_are_left_out_only_where_a_line_passes_near():
    x = np.linspace(0, 376, 501)
    for y in (x**2 / 400, np.sin(x), np.random.default_rng(0).normal(size=501).cumsum()):
        few = _fewer(x, y)
        assert np.abs(np.interp(x, *few) - y).max() <= NEAR_ENOUGH + 1e-9
        assert (few[0][0], few[0][-1]) == (x[0], x[-1])
    assert len(_fewer(x, x**2 / 4000)[0]) < 60


def test_the_frames_are_stored(figure):
    bundle = figure._repr_mimebundle_()
    check_svg(bundle["image/svg+xml"])
    assert len(bundle["image/svg+xml"]) < 31_000
    jump, typed, text = bundle["text/plain"].split("\n")
    assert (
        "the data have mean 8" in jump and "weighing 0.99" in typed and "squared running sd" in text
    )
    assert not figure.revealed
