import numpy as np
import pytest

from bncourse.experiments.twelve_images import twelve_images
from bncourse.figures.gradient_dots import WIDE, beside, gradient_dots
from tests.figures.checks import png_of


@pytest.fixture(scope="module")
def images():
    return twelve_images()


@pytest.fixture(scope="module")
def figure(images):
    return gradient_dots(images)


def dots_of(axes):
    (dots,) = [line for line in axes.lines if line.get_marker() == "o"]
    return dots


def test_every_panel_draws_the_estimates_on_one_scale(figure, images):
    assert [axes.get_title() for axes in figure.picture.axes] == [
        "B = 1",
        "B = 2",
        "B = 4",
        "B = 12",
    ]
    assert len({axes.get_ylim() for axes in figure.picture.axes}) == 1
    for axes, size in zip(figure.picture.axes, (1, 2, 4, 12), strict=True):
        drawn = dots_of(axes).get_ydata()
        np.testing.assert_array_equal(drawn, images.estimates(size, 60))
        assert axes.get_ylim()[0] < drawn.min() and drawn.max() < axes.get_ylim()[1]
        assert np.abs(dots_of(axes).get_xdata()).max() < WIDE


def test_dots_close_in_on_the_full_gradient(figure, images):
    spreads = [np.ptp(dots_of(axes).get_ydata()) for axes in figure.picture.axes]
    assert spreads == sorted(spreads, reverse=True) and spreads[-1] == 0
    assert set(dots_of(figure.picture.axes[-1]).get_ydata()) == {images.full}


def test_the_numbers_under_a_panel_are_those_of_its_dots(figure, images):
    for axes, size in zip(figure.picture.axes, (1, 2, 4, 12), strict=True):
        off = dots_of(axes).get_ydata() - images.full
        measured, predicted = (off**2).mean() ** 0.5, images.predicted_sd(size)
        words = axes.get_xlabel().split()
        assert [float(words[1]), float(words[3])] == pytest.approx([measured, predicted], abs=0.005)
        assert f"B = {size}: {words[1]} ({words[3]})" in figure.caption
    assert "full gradient 5.37" in figure.caption


def test_it_is_seeded_and_small(figure, images):
    assert gradient_dots(images).caption == figure.caption
    assert gradient_dots(images, seed=1).caption != figure.caption
    png_of(figure._repr_mimebundle_())
    assert len(figure._repr_mimebundle_()["image/png"]) * 3 / 4 < 20_000


def test_dots_of_one_height_stand_side_by_side():
    values = np.array([0.0, 0.1, -0.1, 9.0])
    np.testing.assert_array_equal(beside(values, 1.0), [-1, 0, 1, 0])
    many = beside(np.zeros(60), 1.0)
    assert len(set(many)) == 60 and np.abs(many).max() < WIDE
