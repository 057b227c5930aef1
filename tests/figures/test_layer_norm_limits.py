from dataclasses import replace

import numpy as np
import pytest

from bncourse.experiments.few_features import FewFeatures
from bncourse.experiments.layer_norm_limits import DeepArms
from bncourse.figures.layer_norm_limits import DEEP, FEW, LOOKS, layer_norm_limits
from tests.figures.checks import png_of

OFF = np.array([0.9, 1.0, 1.3])


@pytest.fixture
def deep():
    arms = ("none", "none, good weights", "BN", "LN", "LN, gamma 4")
    falls = np.array([1e-2, 0.3, 1.0, 0.1, 0.6])
    apart = 0.7 * falls[:, None, None] ** np.arange(4)[:, None] * OFF
    right = np.array([0.1, 0.8, 0.95, 0.2, 0.9])[:, None, None] + [[-0.01, 0, 0.01]] * 2
    rates = np.ones((5, 2))
    return DeepArms("4 x 64 sigmoid", arms, (30, 200), rates, right, apart, apart, (0, 1, 2))


@pytest.fixture
def few():
    right = np.array([[0.8, 0.9], [0.7, 0.95], [0.1, 0.6]])[..., None] + [-0.01, 0, 0.01]
    angles, labels = np.array([10, 350, 90]), np.array([0, 7, 9])
    rates = np.ones((3, 2))
    return FewFeatures(
        ("none", "BN", "LN"), np.array([1, 3]), 50, right, rates, angles, labels, (0, 1, 2)
    )


def curves(axes):
    return [line for line in axes.lines if line.get_linestyle() != "None"]


def test_the_left_panel_draws_medians_and_accuracies(deep, few):
    axes = layer_norm_limits(deep, few).picture.axes[0]
    for line, (name, arm) in zip(curves(axes), DEEP.items(), strict=True):
        values = deep.apart[deep.arms.index(arm)]
        np.testing.assert_allclose(line.get_ydata(), np.median(values, axis=-1))
        assert line.get_color() == LOOKS[name][0]
    beside = {text.get_text(): text.xy[1] for text in axes.texts}
    assert set(beside) == {"95 %", "20 %", "90 %", "80 %"}
    assert beside["20 %"] == pytest.approx(0.7 * 0.1**3)
    assert "30" in axes.get_title()


def test_the_middle_panel_draws_means_and_every_seed(deep, few):
    axes = layer_norm_limits(deep, few).picture.axes[1]
    dots = [line for line in axes.lines if line.get_linestyle() == "None"]
    for line, seeds, arm in zip(curves(axes), dots, FEW.values(), strict=True):
        rows = 100 * few.accuracy[few.arms.index(arm)]
        np.testing.assert_allclose(line.get_ydata(), rows.mean(axis=1))
        np.testing.assert_allclose(seeds.get_ydata(), rows.ravel())
        assert seeds.get_color() == line.get_color()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "3"]


def test_the_right_panel_has_a_mark_for_each_image(deep, few):
    axes = layer_norm_limits(deep, few).picture.axes[2]
    (marks,) = axes.lines
    np.testing.assert_array_equal(marks.get_xydata(), np.stack([few.angles, few.labels], axis=1))
    assert axes.get_ylim()[0] > 9 and axes.get_ylim()[1] < 0


def test_no_two_arms_look_alike(deep, few):
    lines = curves(layer_norm_limits(deep, few).picture.axes[0])
    assert len({(line.get_marker(), str(line._dash_pattern)) for line in lines}) == len(DEEP)


def test_the_caption_tells_the_records(deep, few):
    caption = layer_norm_limits(deep, few).caption
    assert "4 x 64 sigmoid" in caption and "after 30 and 200 updates" in caption
    assert "layer norm 0.07 % (20.0 ± 1.0, 20.0 ± 1.0)" in caption
    assert "a bottleneck of 1, 3 features, after 50 updates" in caption
    assert "layer norm 10.0 ± 1.0, 60.0 ± 1.0" in caption
    assert "3 test images" in caption and "59.0 %" in caption


def test_the_numbers_beside_the_lines_stay_apart_and_inside(deep, few):
    for factor in (1, 1e-3):
        deep = replace(deep, apart=deep.apart * factor)
        figure = layer_norm_limits(deep, few).picture
        figure.canvas.draw()
        axes = figure.axes[0]
        boxes = [text.get_window_extent() for text in axes.texts]
        assert all(box.x1 <= figure.axes[1].get_tightbbox().x0 + 40 for box in boxes)
        heights = sorted(box.y0 for box in boxes)
        assert min(np.diff(heights)) > 10


def test_it_is_small_enough_to_be_stored(deep, few):
    bundle = layer_norm_limits(deep, few)._repr_mimebundle_()
    assert png_of(bundle).shape == (400, 890, 3)
    assert len(bundle["image/png"]) * 3 / 4 < 20_000
