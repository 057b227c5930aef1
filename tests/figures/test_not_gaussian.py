import re

import numpy as np
import pytest
from matplotlib.text import Text

from bncourse.data import load_breast_cancer
from bncourse.figures.not_gaussian import BINS, not_gaussian, skewness, standardised
from tests.figures.checks import png_of


@pytest.fixture(scope="module")
def area():
    table = load_breast_cancer()
    return table.x[:, table.names.index("worst area")]


@pytest.mark.parametrize("scale", [1, -3])
def test_skewness_of_a_known_distribution(scale):
    # Values 0 and 1 with p = 0.2 for 1: skewness (1 - 2p) / sqrt(p (1 - p)) = 1.5.
    values = scale * np.array([0, 0, 0, 0, 1.0])
    assert skewness(values) == pytest.approx(np.sign(scale) * 1.5)
    assert skewness(standardised(values)) == pytest.approx(np.sign(scale) * 1.5)


def test_both_skewnesses_are_printed_and_equal(area):
    figure = not_gaussian(area, "worst area")
    before, after = re.search(
        r"skewness is ([\d.]+) before and ([\d.]+) after", figure.caption
    ).groups()
    assert before == after == f"{((area - area.mean()) ** 3).mean() / area.std() ** 3:.6f}"
    assert float(before) > 1
    for axes in figure.picture.axes:
        assert f"skewness {float(before):.3f}" in axes.get_title()


def test_the_histograms_have_the_same_shape(area):
    figure = not_gaussian(area, "worst area")
    for axes, values in zip(figure.picture.axes, (area, standardised(area)), strict=True):
        (outline,) = axes.patches
        counts, edges = np.histogram(values, bins=BINS, density=True)
        drawn = outline.get_xy()
        assert drawn[:, 1].max() == pytest.approx(counts.max())
        assert (drawn[:, 0].min(), drawn[:, 0].max()) == pytest.approx((edges[0], edges[-1]))


def test_the_curve_is_the_normal_one(area):
    curve = not_gaussian(area, "worst area").picture.axes[1].lines[0]
    z, height = curve.get_data()
    area_below = np.sum((height[1:] + height[:-1]) / 2 * np.diff(z))
    assert area_below == pytest.approx(1, abs=1e-3)
    assert height.max() == pytest.approx(1 / np.sqrt(2 * np.pi), rel=1e-3)


def test_the_caption_has_the_moments(area):
    caption = not_gaussian(area, "worst area").caption
    assert f"mean {area.mean():.2f} and standard deviation {area.std():.2f} before" in caption
    share = 100 * (standardised(area) < -1.5).mean()
    assert f"{share:g} % of the values lie below -1.5" in caption
    assert "the normal curve has 6.7 %" in caption


def test_a_constant_feature_has_no_shape():
    with pytest.raises(ValueError, match="constant"):
        not_gaussian(np.ones(5), "ones")


def test_text_is_large_enough(area):
    figure = not_gaussian(area, "worst area")
    png_of(figure._repr_mimebundle_())
    for text in figure.picture.findobj(match=Text):
        assert not text.get_text() or text.get_fontsize() * 100 / 72 >= 13.99
