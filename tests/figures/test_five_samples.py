import itertools
import math
import re

import numpy as np
import pytest

from bncourse.figures.five_samples import DIALS, FiveSamples
from bncourse.figures.numbers_of_steps import through_steps
from tests.figures.checks import check_svg, words_of


@pytest.fixture
def figure(keep):
    return FiveSamples(record=keep)


def predict(figure, largest="20", others="they stay as they are"):
    figure.gate.fields["largest"].value = largest
    figure.gate.fields["others"].value = others
    return figure.gate.lock()


def numbers_after(text, word):
    found = re.search(re.escape(word) + r" \(([^)]*)\)", text)
    return [float(part) for part in found[1].split(",")]


def test_steps_are_those_of_the_five_samples():
    now = through_steps([1, 3, 5, 7, 9], gamma=2, beta=1)
    assert (now.mean, now.var) == (5, 8)
    np.testing.assert_allclose(now.x_hat, (np.arange(5) - 2) / math.sqrt(2), atol=1e-5)
    np.testing.assert_allclose(now.y, 2 * now.x_hat + 1)
    np.testing.assert_allclose(through_steps(now.x, **now.undo).y, now.x)


def test_it_opens_with_x_hat_of_the_five_samples(figure):
    check_svg(figure.picture.value)
    assert "has mean 5 and variance 8" in figure.sentence.value
    assert "(-1.414, -0.707, 0, 0.707, 1.414)" in figure.sentence.value
    assert figure.controls["step"].value == 3
    assert figure.controls["change"].value == "S5"


def test_the_sample_that_runs_away_stays_below_two(figure):
    predict(figure)
    figure.buttons["S5 = 109"].click()
    x_hat = numbers_after(figure.describe(figure.state), "x_hat =")
    assert x_hat == [-0.571, -0.523, -0.476, -0.428, 1.998]
    assert "1.998" in words_of(figure.picture.value)
    figure.go(x=[1, 3, 5, 7, 1e9])
    assert numbers_after(figure.describe(figure.state), "x_hat =")[4] == 2


def test_no_x_hat_passes_the_bound():
    rng = np.random.default_rng(1)
    for _ in range(200):
        now = through_steps(rng.standard_cauchy(5) * 50)
        assert np.abs(now.x_hat).max() <= now.bound == 2


@pytest.mark.parametrize(("beta", "step"), [(0.0, 3), (-4.5, 4)])
def test_equal_samples_give_beta(figure, beta, step):
    figure.go(beta=beta, step=step)
    figure.buttons["All equal"].click()
    sentence = figure.describe(figure.state)
    assert "variance 0: only eps = 1e-5" in sentence
    assert numbers_after(sentence, "x_hat =") == [0] * 5
    if step == 4:
        assert numbers_after(sentence, "outputs are") == [beta] * 5
    check_svg(figure.picture.value)


@pytest.mark.parametrize("x", [[1, 3, 5, 7, 9], [1, 3, 5, 7, 109], [-20, 120, 0.5, 3, 3]])
@pytest.mark.parametrize("log10_eps", [-8.0, 1.0])
def test_the_input_can_be_given_back(figure, x, log10_eps):
    figure.go(x=[float(value) for value in x], log10_eps=log10_eps)
    figure.buttons["Give the input back"].click()
    assert figure.state["step"] == 4
    assert numbers_after(figure.describe(figure.state), "outputs are") == x
    check_svg(figure.picture.value)


def test_the_prediction_stays_drawn_as_a_ghost(figure, kept):
    assert not any("you" in words for words in words_of(figure.picture.value))
    assert predict(figure, "1.5")
    assert kept == [
        ("prediction", "five_samples", {"largest": 1.5, "others": "they stay as they are"})
    ]
    words = words_of(figure.picture.value)
    assert "you: 1.5" in words and "you predicted" in words and "they stay as they are" in words
    figure.buttons["S5 = 109"].click()
    assert "you: 1.5" in words_of(figure.picture.value)


@pytest.mark.parametrize(
    "guess", ["-40", "-2.4", "0", "1.4", "1.998", "2", "2.3", "20", "1e9", "inf"]
)
@pytest.mark.parametrize("state", [{}, {"x": [1, 3, 5, 7, 109], "step": 4}, {"x": [5] * 5}])
def test_any_ghost_can_be_drawn(figure, guess, state):
    predict(figure, guess)
    figure.go(**state)
    check_svg(figure.picture.value)


def test_the_slider_turns_what_is_chosen(figure):
    dial = figure.controls["value"]
    dial.slider.value = 10
    assert figure.state["x"] == [1, 3, 5, 7, 10]
    figure.controls["change"].value = "S1"
    assert dial.value == 1 and dial.slider.description == "S1"
    dial.box.value = -20
    assert figure.state["x"] == [-20, 3, 5, 7, 10]
    figure.controls["change"].value = "gamma"
    dial.slider.value = -2.5
    figure.controls["change"].value = "log10 eps"
    dial.slider.value = 0
    assert (figure.state["gamma"], figure.state["log10_eps"]) == (-2.5, 0)
    assert figure.state["x"] == [-20, 3, 5, 7, 10]
    figure.buttons["Reset"].click()
    assert figure.state == FiveSamples.opening


def test_a_large_eps_shrinks_x_hat(figure):
    figure.go(log10_eps=0.0)
    np.testing.assert_allclose(
        numbers_after(figure.describe(figure.state), "x_hat ="),
        np.array([-4, -2, 0, 2, 4]) / 3,
        atol=5e-4,
    )


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_later_steps_stay_empty_until_their_turn(figure, step):
    figure.controls["step"].value = step
    words = words_of(figure.picture.value)
    assert words.count("S3") == step + 1  # a label on every ruler, one in the table
    assert ("mean" in words) == (step > 1)
    assert "lesson 05" in words
    assert f"STEP {step}:" in figure.describe(figure.state)


def test_every_state_can_be_drawn(figure):
    """A grid over what the controls can reach; a picture that does not hold its text fails."""
    predict(figure, "2")
    for change, step in itertools.product(DIALS, (1, 2, 3, 4)):
        low, high, _ = DIALS[change]
        figure.go(**FiveSamples.opening | {"change": change, "step": step})
        for value in np.linspace(low, high, 4):
            figure.controls["value"].slider.value = value
            check_svg(figure.picture.value)
            assert figure.describe(figure.state) in figure.sentence.value.replace("&#x27;", "'")


def test_random_states_can_be_drawn(figure):
    rng = np.random.default_rng(2)
    for _ in range(60):
        figure.go(
            step=int(rng.integers(2, 5)),
            x=rng.uniform(-20, 120, 5).round(1).tolist(),
            gamma=round(rng.uniform(-5, 5), 1),
            beta=round(rng.uniform(-10, 10), 1),
            log10_eps=rng.integers(-16, 3) / 2,
            change=str(rng.choice(list(DIALS))),
        )
        check_svg(figure.picture.value)


def test_frames_stand_for_the_figure_where_no_kernel_runs(figure):
    bundle = figure._repr_mimebundle_()
    check_svg(bundle["image/svg+xml"])
    words = words_of(bundle["image/svg+xml"])
    names = ["1. The five samples", "2. S5 = 109", "3. Give the input back"]
    assert [word for word in words if word in names] == names
    assert "1.998" in bundle["text/plain"]
    assert "with gamma 2.828 and beta 5 the outputs are (1, 3, 5, 7, 9)" in bundle["text/plain"]
