from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from bncourse.figures.recurrent_arms import recurrent_arms
from tests.figures.checks import png_of

ARMS = ("none", "layer 0.1", "layer 1", "shared 0.1", "shared 1", "per step 0.1", "per step 1")
OFF = np.array([-0.01, 0.0, 0.02])


def record():
    means = np.linspace(0.3, 0.9, 7) + np.array([0.0, 0.05])[:, None]  # (cases, arms)
    evaluated = means[:, :, None, None] + np.array([0.0, 0.01])[:, None] + OFF
    batch = evaluated.copy()
    batch[:, :3] = np.nan
    return SimpleNamespace(
        arms=ARMS,
        steps=(64, 16, 16),
        starts=("orthogonal", "orthogonal", "torch"),
        budgets=np.array([[100, 200], [150, 300], [1, 2]]),
        seeds=(0, 1, 2),
        rates=np.arange(1, 43).reshape(3, 7, 2) / 10,
        evaluated=evaluated,
        re_estimated=batch - 0.02,
        by_batch=batch + 0.02,
    )


def marks(axes, marker):
    return sorted(
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in axes.lines
        if line.get_marker() == marker
    )


@pytest.mark.parametrize("budget", [0, 1])
def test_means_and_seeds_of_both_lengths_are_drawn(budget):
    runs = record()
    panels = recurrent_arms(runs, budget).picture.axes
    for axes, case in zip(panels, (1, 0), strict=True):
        values = 100 * runs.evaluated[case, [0, 2, 3, 5], budget]
        np.testing.assert_allclose([y for _, y in marks(axes, "o")], values.mean(1))
        seeds = [np.asarray(li.get_ydata()) for li in axes.lines if li.get_marker() == "."]
        assert len(seeds) == 8  # two arms once, two arms three times
        np.testing.assert_allclose(seeds[0], values[0])
        for marker, attribute in (("s", "re_estimated"), ("^", "by_batch")):
            others = 100 * getattr(runs, attribute)[case, [3, 5], budget].mean(1)
            np.testing.assert_allclose([y for _, y in marks(axes, marker)], others)
        rates = [f"rate {rate:g}" for rate in runs.rates[case, [0, 2, 3, 5], budget]]
        names = [text.get_text() for text in axes.get_xticklabels()]
        assert names == [
            f"no norm,\n{rates[0]}",
            f"layer\nnorm,\ngamma 1,\n{rates[1]}",
            f"BN,\nshared,\ngamma 0.1,\n{rates[2]}",
            f"BN,\nper step,\ngamma 0.1,\n{rates[3]}",
        ]


def test_the_caption_has_means_and_spreads():
    caption = recurrent_arms(record()).caption
    assert "mean (sd over 3 seeds)" in caption
    assert "T = 16, 300 updates: no norm, rate 1.6: evaluation mode 36.3 (1.5);" in caption
    assert "T = 64, 200 updates" in caption
    assert "each has the learning rate that is best for its own evaluation" in caption
    told = (
        "BN, per step, gamma 0.1, rate 2.6: evaluation mode 86.3 (1.5), running statistics "
        "re-estimated 84.3"
    )
    assert told in caption


def test_text_is_large_and_apart():
    figure = recurrent_arms(record())
    png = png_of(figure._repr_mimebundle_())
    assert png.shape[1] <= 900
    (legend,) = figure.picture.legends
    assert len(legend.get_texts()) == 3
    for axes in figure.picture.axes:
        low, high = axes.get_ylim()
        for line in axes.lines:
            assert low <= np.min(line.get_ydata()) and np.max(line.get_ydata()) <= high
        labels = [text.get_window_extent() for text in axes.get_xticklabels()]
        assert not any(a.overlaps(b) for a, b in pairwise(labels))
        texts = [*axes.get_xticklabels(), axes.title, *legend.get_texts()]
        assert all(text.get_fontsize() * 100 / 72 >= 13.99 for text in texts)
