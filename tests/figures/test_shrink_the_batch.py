import itertools
import re

import numpy as np
import pytest

from bncourse.experiments.batch_mates import BATCH_SIZES, among_mates, pre_activation
from bncourse.experiments.small_batches import ARMS, SmallBatches, load_small_batches
from bncourse.figures.shrink_the_batch import ERRORS, GUESSED, ShrinkTheBatch
from bncourse.figures.shrink_the_batch_drawing import (
    BOTTOM,
    LOOKS,
    PERCENT,
    TALL,
    TOP,
    _apart,
    across_sizes,
    up_percent,
    up_x_hat,
)
from bncourse.figures.style import BATCH, GUESS, number
from tests.figures.checks import SVG, check_svg, words_of

SIZES = (64, 32, 16, 8, 4, 3, 2, 1)
MEANS = {
    "BN": (1.8, 1.9, 2.1, 2.6, 4.4, 7.7, 33.3, np.nan),
    "BN recomputed": (1.7, 1.8, 2.2, 2.5, 3.9, 6.6, 22.2, np.nan),
    "LN": (2.9, 2.8, 2.7, 3.1, 2.3, 2.4, 3.2, 9.9),
    "GN": (3.4, 3.6, 3.7, 3.8, 3.9, 4.1, 4.2, 9.9),
    "none": (5.1, 5.2, 5.3, 5.4, 5.6, 5.7, 5.8, 9.9),
}


@pytest.fixture
def record():
    after_epochs = np.array([MEANS[arm] for arm in ARMS])
    errors = np.stack([after_epochs, 99 - after_epochs])[..., None] * [0.9, 1.0, 1.1]
    rates = np.ones(errors.shape[:-1])
    return SmallBatches(ARMS, np.array(SIZES), 6, 800, errors, errors, rates, (0, 1, 2))


@pytest.fixture
def figure(record, keep):
    return ShrinkTheBatch(record, keep)


@pytest.fixture
def open_figure(figure):
    assert predict(figure)
    return figure


def predict(figure, own_class="about where it was", crossing="between 16 and 8"):
    figure.gate.fields["own_class"].value = own_class
    figure.gate.fields["crossing"].value = crossing
    return figure.gate.lock()


def lines(figure, colour):
    """Return the points of every line of that colour, (n, 2) each."""
    root = check_svg(figure.picture.value)
    found = [
        path.get("d")
        for path in root.iter(f"{SVG}path")
        if path.get("stroke") == colour and "h0" not in path.get("d")
    ]
    return [np.array(re.findall(r"[\d.]+", d), float).reshape(-1, 2) for d in found]


def dots(figure):
    """Return the places of the strip's dots, (200, 2)."""
    root = check_svg(figure.picture.value)
    (d,) = [path.get("d") for path in root.iter(f"{SVG}path") if "h0" in path.get("d")]
    return np.array(re.findall(r"-?\d+", d.replace("h0", "")), float).reshape(-1, 2).cumsum(0)


def test_nothing_is_given_away_before_the_prediction(figure):
    for size, by_class in itertools.product(BATCH_SIZES, (0, 1)):
        figure.go(batch_size=size, by_class=by_class)
        assert not lines(figure, BATCH)
        words = " ".join(words_of(figure.picture.value))
        assert not any(arm in words for arm in MEANS)
        assert "0.99" not in words
        told = figure.describe(figure.state)
        assert told.count("Test error") == 1 and "1.8 %" in told
        assert not any(name in told for name in ("LN", "GN", "none", "recomputed"))


def test_only_the_line_can_be_drawn_before_and_everything_else_after(figure):
    before = {name: control.disabled for name, control in figure.controls.items()}
    assert [name for name, off in before.items() if not off] == [f"BN at {n}" for n in GUESSED]
    assert figure.state["batch_size"] == 64
    assert predict(figure)
    after = {name: control.disabled for name, control in figure.controls.items()}
    assert [name for name, off in after.items() if not off] == ["batch_size", "by_class"]
    hidden = [c.layout.display == "none" for n, c in figure.controls.items() if n[:2] == "BN"]
    assert all(hidden)


def test_the_learner_draws_through_the_four_points(figure, kept):
    wanted = dict(zip(GUESSED, (2.5, 4, 10, 60), strict=True))
    for size, error in wanted.items():
        figure.controls[f"BN at {size}"].box.value = error
    assert figure.state["drawn"] == [2.5, 4, 10, 60]
    (line,) = lines(figure, GUESS)
    sizes = SIZES[:-1]
    np.testing.assert_allclose(line[:, 0], [across_sizes(sizes, s) for s in sizes], atol=0.1)
    for size, (_, y) in zip(sizes, line, strict=True):
        if size in wanted:
            assert y == pytest.approx(float(up_percent(wanted[size])), abs=0.1)
    assert line[0, 1] == pytest.approx(float(up_percent(MEANS["BN"][0])), abs=0.1)
    assert (np.diff(line[:, 1]) < 0).all()
    assert predict(figure)
    answers = {
        "own_class": "about where it was",
        "crossing": "between 16 and 8",
        "drawn": [2.5, 4.0, 10.0, 60.0],
    }
    assert kept == [("prediction", "shrink_the_batch", answers)]
    np.testing.assert_allclose(lines(figure, GUESS)[0], line)
    figure.go(batch_size=4)
    assert "Your line for BN: 10 %" in figure.describe(figure.state)
    figure.press("Reset")
    assert figure.state == {**ShrinkTheBatch.opening, "drawn": [2.5, 4.0, 10.0, 60.0]}


def test_the_measured_errors_are_those_after_equal_epochs(open_figure):
    sizes = SIZES[:-1]
    for arm, (colour, *_) in LOOKS.items():
        heights = [np.round(line[:, 1], 1).tolist() for line in lines(open_figure, colour)]
        assert np.round(up_percent(MEANS[arm][:-1]), 1).tolist() in heights
        assert arm in words_of(open_figure.picture.value)
    assert len({(look[1], str(look[2])) for look in LOOKS.values()}) == len(LOOKS)
    for size in sizes:
        open_figure.go(batch_size=size)
        told = ", ".join(f"{arm} {number(MEANS[arm][SIZES.index(size)], 1)} %" for arm in LOOKS)
        assert f"shuffled batches of {size}: {told}." in open_figure.describe(open_figure.state)
    assert "recomputed" not in open_figure.describe(open_figure.state)  # the lesson asks for it
    open_figure.go(batch_size=256)
    assert "not measured" in open_figure.describe(open_figure.state)


@pytest.mark.parametrize(("size", "by_class"), [*itertools.product((2, 8, 256), (0, 1))])
def test_the_strip_shows_what_was_drawn_and_says_its_band(open_figure, size, by_class):
    open_figure.go(batch_size=size, by_class=by_class)
    x_hat = among_mates(size, bool(by_class))
    np.testing.assert_allclose(dots(open_figure)[:, 1], np.rint(up_x_hat(x_hat)))
    low, high = np.percentile(x_hat, (5, 95))
    told = open_figure.describe(open_figure.state)
    assert f"x̂ from {number(low, 2)} to {number(high, 2)} in 90 % of them" in told
    assert f"by mean and variance of all images it is {number(pre_activation().x_hat, 2)}." in told
    band = [r for r in check_svg(open_figure.picture.value).iter(f"{SVG}rect")][1]
    top, tall = float(band.get("y")), float(band.get("height"))
    assert (top, top + tall) == pytest.approx((up_x_hat(high), up_x_hat(low)), abs=1)


def test_at_two_almost_everything_is_plus_or_minus_one(open_figure):
    open_figure.go(batch_size=2)
    share = (np.abs(among_mates(2)) > 0.99).mean()
    assert share > 0.85
    assert f"Further than 0.99 from 0: {share:.0%}." in open_figure.describe(open_figure.state)


def test_the_right_answers_are_those_of_the_stored_record(figure):
    own_class, crossing = figure.questions
    assert own_class.options[2].startswith("elsewhere, away from 0")
    for size in (32, 64, 256):  # as the figure can show; by all images it is positive
        low, high = np.percentile(among_mates(size, True), (5, 95))
        assert -2 < low < high < -0.5 and pre_activation().x_hat > 0.4
    errors = dict(zip(ARMS, load_small_batches().test_error[0].mean(-1), strict=True))
    worse = errors["BN"] > errors["LN"]
    assert worse.tolist() == [False] * 4 + [True] * 3 + [False]  # at 1 BN is nan
    assert "between 8 and 4" in crossing.options


def test_controls_steer_the_state(open_figure):
    open_figure.controls["batch_size"].box.value = 5
    assert open_figure.state["batch_size"] == 4
    open_figure.controls["by_class"].value = 1
    assert open_figure.state["by_class"] == 1
    assert "sorted by class" in " ".join(words_of(open_figure.picture.value))
    for error in ERRORS:
        assert PERCENT[0] <= error <= PERCENT[-1]


def test_every_state_can_be_drawn(open_figure):
    for size, by_class in itertools.product(BATCH_SIZES, (0, 1)):
        open_figure.go(batch_size=size, by_class=by_class)
        check_svg(open_figure.picture.value)


def test_names_keep_apart_and_stay_inside():
    for heights in ([100, 101, 102, 103, 104, 105], [BOTTOM] * 6, [TOP, BOTTOM, TOP + 3]):
        placed = sorted(_apart(heights))
        assert (np.diff(placed) >= 18 - 1e-9).all()
        assert placed[0] >= TOP - TALL and placed[-1] <= BOTTOM


def test_the_frames_are_stored(figure):
    bundle = figure._repr_mimebundle_()
    check_svg(bundle["image/svg+xml"])
    assert len(bundle["image/svg+xml"]) < 30_000
    many, two, sort = bundle["text/plain"].split("\n")
    assert "batches of 32" in many and "33.3 %" in two and "its own class first" in sort
    assert not figure.revealed
