from dataclasses import replace

import numpy as np
import pytest

from bncourse.experiments.gradient_noise import GradientNoise
from bncourse.figures.noise_ruler import break_even, noise_ruler
from tests.figures.checks import png_of


@pytest.fixture(scope="module")
def record():
    """1000 images; the measured errors are the predicted ones times 0.9, 1 and 1.1."""
    sizes = np.array([1, 4, 16, 64, 256, 1000])
    spread = np.array([[8.0, 10.0, 12.0], [3.0, 4.0, 5.0]])
    full = np.array([[0.1, 0.1, 0.1], [0.02, 0.02, 0.02]])
    share = (1000 - sizes) / (sizes * 999)
    measured = spread[..., None] * share * np.array([0.9, 1.0, 1.1])[:, None]
    stages = ("at the start", "after 100 updates")
    return GradientNoise(1000, sizes, stages, (0, 1, 2), measured, spread, full)


@pytest.fixture(scope="module")
def figure(record):
    return noise_ruler(record)


def measured_lines(axes):
    return [
        line for line in axes.lines if line.get_linestyle() == "None" and len(line.get_xdata()) > 3
    ]


def test_break_even_is_where_the_prediction_is_the_squared_gradient(record):
    for k, stage in enumerate(record.stages):
        for s, size in enumerate(break_even(record, k)):
            there = replace(record, batch_sizes=np.array([size]))
            assert there.predicted(stage, s)[0] == pytest.approx(record.full[k, s])


def test_every_seed_is_drawn_except_the_batch_of_all(figure, record):
    for k, axes in enumerate(figure.picture.axes):
        assert axes.get_title() == record.stages[k]
        lines = measured_lines(axes)
        assert len(lines) == 3 and len({line.get_marker() for line in lines}) == 3
        for s, line in enumerate(lines):
            np.testing.assert_array_equal(line.get_xdata(), [1, 4, 16, 64, 256])
            np.testing.assert_allclose(
                line.get_ydata(), record.measured[k, s, :-1] / record.full[k, s]
            )
            low, high = axes.get_ylim()
            assert low < line.get_ydata().min() and line.get_ydata().max() < high
        assert any("exactly 0" in text.get_text() for text in axes.texts)


def test_predictions_fall_like_one_over_b_and_bend_to_zero(figure, record):
    for k, axes in enumerate(figure.picture.axes):
        (dashed,) = [line for line in axes.lines if line.get_linestyle() == "--"]
        x, y = dashed.get_data()
        np.testing.assert_allclose(x * y, np.median(record.spread[k] / record.full[k]))
        solid = [line for line in axes.lines if line.get_linestyle() == "-"]
        assert len(solid) == 3
        for s, line in enumerate(solid):
            x, y = line.get_data()
            there = replace(record, batch_sizes=x)
            expected = there.predicted(record.stages[k], s) / record.full[k, s]
            np.testing.assert_allclose(y, expected)
            assert y[-1] < axes.get_ylim()[0], "the line leaves the picture at the bottom"


def test_the_caption_tells_the_numbers(figure, record):
    assert "3 seeds, n = 1,000 images" in figure.caption
    assert ": 0.9 to 1.1." in figure.caption
    start = break_even(record, 0)
    assert f"at the start, {start[1]:.0f} ({start[0]:.0f} to {start[2]:.0f})" in figure.caption


def test_it_is_small(figure):
    png_of(figure._repr_mimebundle_())
    assert len(figure._repr_mimebundle_()["image/png"]) * 3 / 4 < 20_000
