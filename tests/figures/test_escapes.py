import numpy as np
import pytest

from bncourse.experiments.escape import BARRIER, GOOD, POOR, Escape, landscape
from bncourse.figures.escapes import escapes
from tests.figures.checks import png_of


@pytest.fixture(scope="module")
def record():
    left_poor = np.array([[1.0, 0.9, 0.2], [1.0, 0.7, 0.0]])
    return Escape(
        batch_sizes=np.array([1, 4, 16]),
        learning_rate=0.1,
        steps=1000,
        runs=50,
        left_poor=left_poor,
        ended_good=left_poor / 2,
        left_good=np.array([[0.9, 0.1, 0.0], [0.7, 0.3, 0.0]]),
    )


@pytest.fixture(scope="module")
def figure(record):
    return escapes(record)


def test_the_landscape_has_its_valleys_named_where_they_are(figure):
    left = figure.picture.axes[0]
    w, height = left.lines[0].get_data()
    np.testing.assert_array_equal(height, landscape(w))
    named = {text.get_text(): text.get_position()[0] for text in left.texts}
    assert named == {"good valley": GOOD, "poor valley": POOR, "barrier": BARRIER}
    assert w.min() < GOOD < BARRIER < POOR < w.max()


def test_shares_are_drawn_as_means_with_every_seed(figure, record):
    right = figure.picture.axes[1]
    named = {line.get_label(): line for line in right.lines if line.get_label()[0] != "_"}
    expected = {
        "left the poor valley": record.left_poor,
        "left the good valley": record.left_good,
        "poor at the start, good at the end": record.ended_good,
    }
    assert set(named) == set(expected)
    for name, shares in expected.items():
        line = named[name]
        np.testing.assert_allclose(line.get_ydata(), 100 * shares.mean(axis=0))
        seeds = [
            other
            for other in right.lines
            if other.get_linestyle() == "None" and other.get_marker() == line.get_marker()
        ]
        np.testing.assert_allclose([seed.get_ydata() for seed in seeds], 100 * shares)
    looks = {(line.get_linestyle(), line.get_marker()) for line in named.values()}
    assert len(looks) == 3


def test_the_caption_tells_the_shares(figure):
    assert "left the poor valley: 100, 80, 10" in figure.caption
    assert "left the good valley: 80, 20, 0" in figure.caption
    assert "good at the end: 50, 40, 5" in figure.caption
    assert "2 seeds with 50 runs of 1,000 steps" in figure.caption


def test_it_is_small(figure):
    bundle = figure._repr_mimebundle_()
    png_of(bundle)
    assert len(bundle["image/png"]) * 3 / 4 < 20_000
