import itertools
import re

import numpy as np
import pytest
import torch

from bncourse.figures.push_one_output import (
    ONE,
    OPTIONS,
    PATHS,
    SAMPLES,
    X_HAT,
    PushOneOutput,
    backward,
)
from bncourse.figures.push_one_output_drawing import BOTTOM, TOP
from bncourse.figures.style import GUESS
from bncourse.layers.batch_norm import batchnorm_backward, batchnorm_forward
from tests.figures.checks import SVG, check_svg, words_of


@pytest.fixture
def figure(keep):
    return PushOneOutput(record=keep)


def predict(figure, kept="0.28", others=OPTIONS[1]):
    figure.gate.fields["kept"].value = kept
    figure.gate.fields["others"].value = others
    return figure.gate.lock()


def said(figure):
    return figure.describe(figure.state)


def dx_of(text):
    found = re.search(r"dx = \(([^)]*)\)", text)
    return [float(part) for part in found[1].split(",")]


def shown(figure):
    return [word.replace("−", "-") for word in words_of(figure.picture.value)]


def by_torch(dy, x=SAMPLES):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    ((x - x.mean()) / x.std(correction=0)).backward(torch.tensor(dy, dtype=torch.float64))
    return x.grad.numpy()


def test_the_three_paths_add_up_to_the_gradient():
    rng = np.random.default_rng(0)
    for _ in range(20):
        dy, x = rng.normal(size=5), rng.normal(size=5) * 3 + 1
        now = backward(dy, x)
        np.testing.assert_allclose(now.dx(3), by_torch(dy, x), atol=1e-12)
        _, cache = batchnorm_forward(x[:, None], [1], [0], eps=0)
        dx, _, _ = batchnorm_backward(dy[:, None], cache)
        np.testing.assert_allclose(now.dx(3), dx[:, 0], atol=1e-12)


def test_each_path_is_what_the_others_cut_off_leave():
    dy = np.array([0.3, -1.0, 2.0, 0.5, 0.1])
    x = torch.tensor(SAMPLES, dtype=torch.float64, requires_grad=True)
    mean, sd = x.mean(), x.std(correction=0)
    for k, x_hat in enumerate(
        [
            (x - mean.detach()) / sd.detach(),
            (x.detach() - mean) / sd.detach(),
            (x - mean).detach() / sd,
        ]
    ):
        (alone,) = torch.autograd.grad(x_hat, x, torch.tensor(dy), retain_graph=True)
        np.testing.assert_allclose(backward(dy).paths[k], alone.numpy(), atol=1e-12)


def test_nothing_is_given_away_before_the_prediction(figure):
    check_svg(figure.picture.value)
    before = figure.picture.value
    for path in PATHS:
        figure.go(path=path)
        assert figure.picture.value == before
        assert dx_of(said(figure)) == [0.354, 0, 0, 0, 0] and "frozen" in said(figure)
    assert "0.141" not in shown(figure) and "-0.071" not in shown(figure)
    assert all(part.disabled for part in (*figure.controls.values(), *figure.buttons.values()))
    assert figure.claim_text.layout.display == "none"


def test_the_questions_have_one_right_answer(figure):
    assert f"{backward(ONE).dx(1)[0]:.3f}" == "0.354" and "dx = 0.354" in figure.questions[0].asks
    others = backward(ONE).dx(3)[1:].round(12)
    assert sorted(np.sign(others)) == [-1, -1, 0, 1]
    assert OPTIONS[3] == "two negative, one 0, one positive"


def test_one_path_after_the_other(figure, kept):
    assert predict(figure)
    assert kept == [("prediction", "push_one_output", {"kept": 0.28, "others": OPTIONS[1]})]
    for path, dx, total, product in (
        ("direct", [0.354, 0, 0, 0, 0], "0.354", "-0.5"),
        ("mean", [0.283, -0.071, -0.071, -0.071, -0.071], "0", "-0.5"),
        ("all", [0.141, -0.141, -0.071, 0, 0.071], "0", "0"),
    ):
        figure.controls["path"].value = path
        assert dx_of(said(figure)) == dx
        assert said(figure).endswith(f"with sum {total} and dx · x_hat = {product}.")
        check_svg(figure.picture.value)
    words = shown(figure)
    assert "dx, their sum" in words
    at = words.index("dx, their sum")
    assert [float(word) for word in words[at + 1 : at + 6]] == dx


@pytest.mark.parametrize("label", ["All equal", "dy = x_hat"])
def test_two_pushes_that_move_nothing(figure, label):
    predict(figure)
    figure.buttons[label].click()
    assert figure.state["path"] == "all"
    assert dx_of(said(figure)) == [0] * 5
    check_svg(figure.picture.value)
    figure.controls["path"].value = "direct"
    assert max(abs(value) for value in dx_of(said(figure))) > 0.3


def test_the_slider_pushes_the_chosen_sample(figure):
    predict(figure)
    figure.controls["change"].value = "S4"
    dial = figure.controls["value"]
    assert dial.value == 0 and dial.slider.description == "dy of S4"
    dial.slider.value = -1.5
    assert figure.state["dy"] == [1, 0, 0, -1.5, 0]
    figure.buttons["This sample only"].click()
    assert figure.state["dy"] == [0, 0, 0, 1, 0] and dial.value == 1
    figure.buttons["dy = x_hat"].click()
    assert figure.state["dy"] == X_HAT
    figure.buttons["Reset"].click()
    assert figure.state == PushOneOutput.opening


def test_the_prediction_is_drawn_where_it_was_asked_for(figure):
    assert not any("you" in word for word in shown(figure))
    predict(figure)
    assert "you: 0.28" in shown(figure) and f"S1: 0.28;  S2 to S5: {OPTIONS[1]}" in shown(figure)
    figure.go(path="all", dy=[0.0, 1.0, 0.0, 0.0, 0.0])
    assert not any("you" in word for word in shown(figure))


@pytest.mark.parametrize(
    ("guess", "inside"),
    [
        *(("-0.354", True), ("0", True), ("0.354", True), ("0.1414", True)),
        *(("-40", False), ("1", False), ("1e9", False), ("inf", False)),
    ],
)
def test_any_ghost_can_be_drawn(figure, guess, inside):
    predict(figure, guess, OPTIONS[2])  # the longest
    for path in PATHS:
        figure.go(path=path)
        root = check_svg(figure.picture.value)
        dashed = [line for line in root.iter(f"{SVG}line") if line.get("stroke") == GUESS]
        assert sum(line.get("stroke-dasharray") is not None for line in dashed) == 1 + inside
        assert len(dashed) == 2  # off the scale an arrow stands for the line


def test_every_state_can_be_drawn(figure):
    predict(figure)
    rng = np.random.default_rng(3)
    corners = [list(dy) for dy in itertools.product((-2.0, 2.0), repeat=5)][::5]
    for dy in [*corners, *rng.uniform(-2, 2, (15, 5)).round(1).tolist(), [0.0] * 5]:
        figure.go(dy=dy, path=str(rng.choice(list(PATHS))))
        root = check_svg(figure.picture.value)
        assert said(figure) in figure.sentence.value
        for bar in root.iter(f"{SVG}rect"):
            top, tall = float(bar.get("y")), float(bar.get("height"))
            if bar.get("stroke") and top < BOTTOM:
                assert top >= TOP and top + tall <= BOTTOM


def test_bars_are_as_tall_as_their_numbers(figure):
    predict(figure)
    figure.go(path="all")
    root = check_svg(figure.picture.value)
    bars = [bar for bar in root.iter(f"{SVG}rect") if bar.get("stroke")]
    tall = np.array([float(b.get("height")) for b in bars if float(b.get("y")) < BOTTOM])
    numbers = abs(backward(ONE).paths.T).ravel()  # sample by sample
    numbers = numbers[numbers > 1e-9]
    # The first bar is dy; on the right a height stands for 1 / sd times as much.
    np.testing.assert_allclose(tall[1:] / tall[0], numbers / backward(ONE).inv_std, atol=2e-3)


def test_frames_stand_for_the_figure_where_no_kernel_runs(figure):
    bundle = figure._repr_mimebundle_()
    check_svg(bundle["image/svg+xml"])
    assert len(bundle["image/svg+xml"].encode()) < 30_000
    first, equal, x_hat = bundle["text/plain"].split("\n")
    assert dx_of(first) == [0.141, -0.141, -0.071, 0, 0.071]
    assert dx_of(equal) == dx_of(x_hat) == [0] * 5
    assert not figure.revealed
