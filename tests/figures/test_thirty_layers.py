import itertools
import re

import numpy as np
import pytest

from bncourse.experiments.gradient_growth import RELU_GROWTH, run
from bncourse.figures.thirty_layers import (
    ACTIVATIONS,
    ASKED,
    BATCHES,
    LAYERS,
    NET,
    NORMS,
    SCALES,
    SKIPS,
    ThirtyLayers,
    _cumulated,
    net_of,
)
from bncourse.figures.thirty_layers_drawing import INTERVALS, Panel, _axis, _power
from tests.figures.checks import SVG, check_svg, words_of


@pytest.fixture
def figure(keep):
    return ThirtyLayers(keep)


@pytest.fixture
def open_figure(figure):
    assert predict(figure)
    return figure


def predict(figure, way="shrink", times="0.1"):
    figure.gate.fields["way"].value = way
    figure.gate.fields["times"].value = times
    return figure.gate.lock()


def said(figure, **state):
    return figure.describe({**figure.opening, **state})


def curves(figure):
    """Return the lines over the layers, each (31, 2) in px."""
    root = check_svg(figure.picture.value)
    found = [re.findall(r"[\d.-]+", path.get("d")) for path in root.iter(f"{SVG}path")]
    return [np.array(c, float).reshape(-1, 2) for c in found if len(c) == 2 * (LAYERS + 1)]


def test_it_draws_the_net_of_the_experiment(open_figure):
    forward, backward, theory = curves(open_figure)
    found = run("batch", "relu", batch_size=64, depth=30, width=96, seed=0)
    assert found.sd is not net_of(open_figure.state).sd
    np.testing.assert_array_equal(
        found.squared_gradient, net_of(open_figure.state).squared_gradient
    )
    # Eight powers of ten from 10^-2 on are 212 px, four of them beside it.
    np.testing.assert_allclose(forward[:, 1], 286 - 212 * (np.log10(found.sd) + 2) / 4, atol=0.06)
    power = np.log10(found.squared_gradient)
    np.testing.assert_allclose(backward[:, 1], 286 - 212 * (power + 2) / 8, atol=0.06)
    steps = np.arange(LAYERS, -1, -1) * np.log10(RELU_GROWTH)
    np.testing.assert_allclose(theory[:, 1], 286 - 212 * (steps + 2) / 8, atol=0.06)


def test_gradients_are_neither_drawn_nor_said_before_the_prediction(figure):
    for norm, skips in itertools.product(NORMS, SKIPS):
        figure.go(norm=norm, skips=skips, held={**ASKED, "net": 0})
        assert len(curves(figure)) == 2  # the sd of the net and of the one held
        words = " ".join(words_of(figure.picture.value)) + figure.describe(figure.state)
        assert not re.search("per layer|theory|multiplied", words)
    assert all(part.disabled for part in (*figure.controls.values(), *figure.buttons.values()))


def test_the_prediction_has_an_answer_and_is_kept_and_drawn(open_figure, kept):
    assert kept == [("prediction", "thirty_layers", {"way": "shrink", "times": 0.1})]
    times = net_of({**ASKED, "net": 0}).squared_gradient[0]
    assert 1e4 < times < 1e6
    assert "× 1.49 per layer (theory 1.47)" in words_of(open_figure.picture.value)
    assert "you: shrink, × 0.1" in words_of(open_figure.picture.value)
    (ghost,) = ghosts(open_figure)
    assert (float(ghost.get("y1")), float(ghost.get("x1"))) == (259.5, 502)
    open_figure.go(batch_size=4)
    assert not ghosts(open_figure)


def ghosts(figure):
    root = check_svg(figure.picture.value)
    lines = [each for each in root.iter(f"{SVG}line") if each.get("stroke") == "#CC79A7"]
    return [each for each in lines if each.get("x2") == "862"]


@pytest.mark.parametrize("guess", ["1e-30", "1", "1e5", "1e30"])
def test_any_guess_can_be_drawn(figure, guess):
    assert predict(figure, "stay about as large", guess)
    (ghost,) = ghosts(figure)
    assert 74 <= float(ghost.get("y1")) <= 286 and 502 <= float(ghost.get("x1")) <= 862


@pytest.mark.parametrize("guess", ["0", "-3", "", "many"])
def test_a_guess_that_has_no_place_is_asked_for_again(figure, guess):
    assert not predict(figure, times=guess)
    assert not figure.revealed


def test_the_sentence_tells_growth_and_theory(open_figure):
    asked = said(open_figure)
    assert "sd 1.01 at the input and 1 at layer 30" in asked
    assert "multiplied by 1.49 per layer" in asked
    assert "(theory for wide nets, large batches: 1.47)" in asked
    assert "theory for wide nets: 2)" in said(open_figure, activation="linear", batch_size=4)
    assert "no simple formula" in said(open_figure, activation="tanh")
    skips = said(open_figure, skips="skips")
    assert "multiplied by 1.11 per layer" in skips and "3.4 % of the variance" in skips
    assert "theory for wide nets: 0.25)" in said(open_figure, norm="none", scale=0.5)


def test_with_a_norm_the_scale_moves_nothing_in_the_picture(open_figure):
    def drawn(**state):
        open_figure.go(**{**open_figure.opening, **state})
        return np.concatenate(curves(open_figure))

    for norm in ("batch", "layer"):
        np.testing.assert_allclose(
            drawn(norm=norm, scale=0.1), drawn(norm=norm, scale=5.0), atol=0.11
        )
    assert np.abs(drawn(norm="none", scale=0.8) - drawn(norm="none")).max() > 20


def test_a_net_can_be_held_and_another_be_drawn(open_figure):
    open_figure.press("Hold this net")
    assert open_figure.state["held"] == {**ASKED, "net": 0} and set(ASKED) | {"net"} == set(NET)
    open_figure.go(norm="layer")
    assert len(curves(open_figure)) == 5
    words = words_of(open_figure.picture.value)
    assert "held: batch norm, ReLU, no skips, batches of 64, scale 1" in words
    assert "layer norm, ReLU, no skips, batches of 64, scale 1" in words
    before = net_of(open_figure.state).growth
    open_figure.press("Another random net")
    assert open_figure.state["net"] == 1
    assert net_of(open_figure.state).growth != before
    open_figure.press("Let it go")
    assert len(curves(open_figure)) == 3
    open_figure.press("Reset")
    assert open_figure.state == ThirtyLayers.opening


def test_controls_steer_the_state(open_figure):
    open_figure.controls["norm"].value = "layer"
    open_figure.controls["skips"].buttons[1].click()
    open_figure.controls["activation"].value = "tanh"
    open_figure.controls["batch_size"].slider.value = 16
    open_figure.controls["scale"].box.value = 1.9  # the nearest stop
    state = {**open_figure.opening, "norm": "layer", "skips": "skips", "activation": "tanh"}
    assert open_figure.state == {**state, "batch_size": 16, "scale": 2.0}
    assert isinstance(open_figure.state["batch_size"], int)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_state_can_be_drawn(open_figure, activation):
    cases = itertools.product(NORMS, SKIPS, BATCHES[::5], (SCALES[0], SCALES[-1]))
    for norm, skips, batch_size, scale in cases:
        open_figure.go(
            activation=activation, norm=norm, skips=skips, batch_size=batch_size, scale=scale
        )
        check_svg(open_figure.picture.value)


@pytest.mark.parametrize("ends", [(-61.2, 0), (-0.1, 0.1), (0, 42.6), (-3, 7.5), (-31, 24)])
def test_the_axis_holds_everything_and_1_is_a_tick(ends):
    low, high, step = _axis(Panel("", True, (-2, 2), np.array(ends)))
    assert low <= min(-2, ends[0]) and max(2, ends[1]) <= high
    assert (high - low) // step <= INTERVALS
    assert 0 in range(low, high + 1, step)


def test_powers_of_ten_are_written_short():
    assert [_power(k) for k in (0, 1, 2, -1, -12)] == ["1", "10", "10²", "10⁻¹", "10⁻¹²"]


def test_growths_add_up_from_the_output_to_the_input():
    np.testing.assert_allclose(_cumulated(np.array([10.0, 100.0, 1000.0])), [6, 5, 3, 0])
    assert _cumulated(None) is None


def test_the_frames_are_stored(figure):
    bundle = figure._repr_mimebundle_()
    assert len(bundle["image/svg+xml"]) < 20_000
    check_svg(bundle["image/svg+xml"])
    skips, small = bundle["text/plain"].split("\n")
    assert "1.11 per layer" in skips
    assert "held: batch norm, ReLU, no skips" in bundle["image/svg+xml"]
    assert "scale 0.8" in small and "theory for wide nets: 0.64" in small
    assert not figure.revealed
