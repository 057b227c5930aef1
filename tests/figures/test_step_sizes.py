import itertools

import numpy as np
import pytest

from bncourse.experiments.gradient_check import KINDS, StepSizes, step_size_curve
from bncourse.figures.step_sizes import step_sizes
from tests.figures.checks import png_of


@pytest.fixture(scope="module")
def record():
    return step_size_curve(count=10)


@pytest.fixture(scope="module")
def figure(record):
    return step_sizes(record)


def test_the_curves_are_the_medians(figure, record):
    (axes,) = figure.picture.axes
    drawn = {line.get_label(): line for line in axes.lines}
    for kind, median in zip(KINDS, record.median, strict=True):
        np.testing.assert_array_equal(drawn[kind].get_ydata(), median)
        np.testing.assert_array_equal(drawn[kind].get_xdata(), record.steps)
    assert len({drawn[kind].get_linestyle() for kind in KINDS}) == 3
    low, high = axes.get_ylim()
    assert low < record.median.min() and record.median.max() < high


def test_each_ring_is_round_a_lowest_point(figure, record):
    (axes,) = figure.picture.axes
    rings = [line for line in axes.lines if line.get_label() not in KINDS]
    for ring, kind in zip(rings, KINDS, strict=True):
        assert (ring.get_xdata()[0], ring.get_ydata()[0]) == record.best(kind)


def test_the_numbers_come_from_the_record():
    steps = np.array([1e-2, 1e-4, 1e-6])
    errors = np.array([[[2e-2, 3e-4, 1.0]], [[1e-3, 7e-9, 1.0]], [[5e-3, 6e-2, 0.5]]])
    figure = step_sizes(StepSizes(steps, KINDS, errors))
    assert "one-sided, float64, h = 1e-4 with error 3e-4;" in figure.caption
    assert "central, float64, h = 1e-4 with error 7e-9;" in figure.caption
    assert "central, float32, h = 1e-2 with error 5e-3." in figure.caption
    words = [text.get_text() for text in figure.picture.axes[0].texts]
    assert "h = 1e-4\nerror 7e-9" in words
    assert "1 random" in figure.caption and "steps from h = 1e-6 down are lost" in figure.caption


def test_text_is_large_enough_inside_and_apart(figure):
    figure.picture.draw_without_rendering()
    (axes,) = figure.picture.axes
    texts = [*axes.texts, axes.xaxis.label, axes.yaxis.label, *figure.picture.legends[0].texts]
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        texts += [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    assert len(texts) > 20
    inside = figure.picture.bbox
    boxes = [text.get_window_extent() for text in texts]
    for text, box in zip(texts, boxes, strict=True):
        assert text.get_fontsize() * figure.picture.dpi / 72 >= 13.99
        assert box.x0 >= 0 and box.x1 <= inside.x1 and box.y0 >= 0 and box.y1 <= inside.y1
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_it_is_small(figure):
    bundle = figure._repr_mimebundle_()
    png_of(bundle)
    assert len(bundle["image/png"]) * 3 / 4 < 20_000
