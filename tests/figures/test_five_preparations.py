import itertools

import numpy as np
import pytest

from bncourse.experiments.rulers import PREPARATIONS, bowl, people, prepare
from bncourse.figures.five_preparations import five_preparations
from tests.figures.checks import png_of


def cloud_and_star(axes):
    """The two lines with markers; the others are those at 0."""
    cloud, star = (line for line in axes.lines if line.get_marker() != "None")
    return cloud.get_xydata(), star.get_xydata()


@pytest.fixture(scope="module")
def figure():
    return five_preparations()


def test_every_panel_shows_the_same_people_prepared(figure):
    x, _ = people(0.8)
    for axes, how in zip(figure.picture.axes, PREPARATIONS, strict=True):
        cloud, _ = cloud_and_star(axes)
        np.testing.assert_array_equal(cloud, prepare(x, how))
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        assert left < cloud[:, 0].min() and cloud[:, 0].max() < right
        assert low < cloud[:, 1].min() and cloud[:, 1].max() < high
    assert {axes.get_xlabel() for axes in figure.picture.axes} == {"age"}


def test_the_star_is_one_person(figure):
    who = []
    for axes in figure.picture.axes:
        cloud, star = cloud_and_star(axes)
        who.append(np.flatnonzero((cloud == star).all(axis=1)).tolist())
    assert len(who[0]) == 1 and all(each == who[0] for each in who)
    age, kilometres = people(0.8)[0][who[0][0]]
    assert f"{age:.0f} years and {kilometres:,.0f} km" in figure.caption


@pytest.mark.parametrize("how", ["standardised", "whitened"])
def test_a_tilt_is_a_correlation(figure, how):
    axes = figure.picture.axes[PREPARATIONS.index(how)]
    assert axes.get_xlim() == axes.get_ylim() and axes.get_box_aspect() == 1
    tilt = np.corrcoef(cloud_and_star(axes)[0].T)[0, 1]
    assert tilt == pytest.approx(0.8 if how == "standardised" else 0)


@pytest.mark.parametrize("rho", [0.8, 0.5])
def test_the_caption_and_the_titles_have_the_five_conditions(rho):
    figure = five_preparations(rho)
    x, y = people(rho)
    for axes, how in zip(figure.picture.axes, PREPARATIONS, strict=True):
        b = bowl(prepare(x, how), y)
        name, condition, rate = axes.get_title().split("\n")
        assert name.lower().startswith(how)
        assert float(condition.removeprefix("κ = ")) == pytest.approx(b.condition, rel=5e-3)
        assert float(rate.removeprefix("rate < ")) == pytest.approx(b.largest_rate, rel=5e-3)
        told = condition.replace("= ", "")
        correlation = 0 if how == "whitened" else rho
        assert f"{how} {told}, rates below {rate.removeprefix('rate < ')}" in figure.caption
        assert f"{rate.removeprefix('rate < ')}, correlation {correlation:g}" in figure.caption


def test_text_is_large_enough_and_apart(figure):
    assert png_of(figure._repr_mimebundle_()).shape[1] == 900
    texts = []
    for axes in figure.picture.axes:
        texts += [axes.title, axes.xaxis.label, *axes.get_xticklabels(), *axes.get_yticklabels()]
    texts.append(figure.picture.axes[0].yaxis.label)
    for text in texts:
        box = text.get_window_extent()
        assert text.get_fontsize() * 100 / 72 >= 13.99
        assert box.x0 >= 0 and box.x1 <= 901 and box.y0 >= 0
    for a, b in itertools.combinations(texts, 2):
        assert not a.get_window_extent().overlaps(b.get_window_extent()), (a, b)
