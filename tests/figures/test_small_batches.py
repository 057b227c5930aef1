from dataclasses import replace

import numpy as np
import pytest

from bncourse.experiments.ghost_batches import GhostBatches
from bncourse.experiments.small_batches import ARMS, SmallBatches
from bncourse.figures.ghost_batches import ghost_batches
from bncourse.figures.small_batches import LOOKS, small_batches
from tests.figures.checks import png_of

SIZES = np.array([64, 8, 2, 1])
MEANS = np.array(
    [[2, 3, 30, np.nan], [2, 2.5, 20, np.nan], [4, 3, 3.1, 5], [5, 4, 4, 6], [9, 7, 6, 7]]
)
OFF = np.array([0.9, 1.0, 1.1])


@pytest.fixture
def record():
    errors = np.stack([MEANS, 1.5 * MEANS])[..., None] * OFF
    return SmallBatches(ARMS, SIZES, 6, 800, errors, errors, errors[..., 0], (0, 1, 2))


@pytest.fixture
def ghost():
    means = np.array([[2, 2.2, 18], [1.5, 1.6, 15]])
    return GhostBatches(
        96,
        np.array([96, 8, 2]),
        (200, 600),
        means[..., None] * OFF,
        2 * means[..., None] * OFF,
        means,
        (0, 1, 2),
    )


def curves(axes):
    return [line for line in axes.lines if line.get_linewidth() == 2]


def bars(axes):
    """Return (low, high) of every error bar, one array for each arm that has bars."""
    return [np.array(box.lines[2][0].get_segments())[..., 1] for box in axes.containers]


def test_means_are_drawn_for_every_arm_and_bars_for_two(record):
    for axes, errors in zip(small_batches(record).picture.axes, record.test_error, strict=True):
        lines = curves(axes)
        for line, arm, error in zip(lines, ARMS, errors, strict=True):
            np.testing.assert_allclose(line.get_ydata(), error.mean(-1))
            np.testing.assert_allclose(line.get_xdata(), SIZES)
            assert line.get_color() == LOOKS[arm][0]
        looks = {(line.get_marker(), str(line._dash_pattern)) for line in lines}
        assert len(looks) == len(ARMS)
        sd = errors.std(-1, ddof=1)
        for drawn, arm in zip(bars(axes), ("BN", "LN"), strict=True):
            k = ARMS.index(arm)
            known = np.isfinite(sd[k])
            np.testing.assert_allclose(drawn[:, 1], (errors[k].mean(-1) + sd[k])[known])


def test_both_panels_share_one_axis_that_holds_everything(record):
    panels = small_batches(record).picture.axes
    limits = {axes.get_ylim() for axes in panels}
    assert len(limits) == 1
    low, high = limits.pop()
    means, sds = record.test_error.mean(-1), record.test_error.std(-1, ddof=1)
    assert 0 < low < np.nanmin(means - sds) and high > np.nanmax(means + sds)
    for axes in panels:
        assert [label.get_text() for label in axes.get_xticklabels()] == ["64", "8", "2", "1"]
        assert axes.get_xlim()[0] > axes.get_xlim()[1]  # the batch shrinks to the right


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.4])
def test_any_spread_can_be_drawn(record, spread):
    errors = np.stack([MEANS, MEANS])[..., None] * [1 - spread / 2, 1, 1 + spread]
    image = png_of(small_batches(replace(record, test_error=errors))._repr_mimebundle_())
    assert image.shape == (400, 890, 3)


def test_the_caption_tells_the_record(record):
    caption = small_batches(record).caption
    assert "6 epochs each: BN 2, 3, 30 (sd 0.2 to 3)" in caption
    assert "800 updates each: BN 3, 4.5, 45" in caption
    assert "LN 4, 3, 3.1, 5" in caption and "64, 8, 2, 1" in caption
    assert "nan" not in caption and "3 seeds" in caption and "one sd" in caption


def test_ghost_batches_show_both_modes_for_both_budgets(ghost):
    drawn = ghost_batches(ghost)
    pairs = zip(ghost.test_error, ghost.group_error, strict=True)
    for axes, errors in zip(drawn.picture.axes, pairs, strict=True):
        assert len(curves(axes)) == 2
        for line, error, bar in zip(curves(axes), errors, bars(axes), strict=True):
            np.testing.assert_allclose(line.get_ydata(), error.mean(-1))
            sd = error.std(-1, ddof=1)
            np.testing.assert_allclose(bar[:, 0], error.mean(-1) - sd)
            np.testing.assert_allclose(bar[:, 1], error.mean(-1) + sd)
        low, high = axes.get_ylim()
        assert low < min(b.min() for b in bars(axes)) and high > max(b.max() for b in bars(axes))
    assert "After 200 updates, test images normalised by running averages 2, 2.2, 18" in (
        drawn.caption
    )
    assert "in groups, as in training 3, 3.2, 30" in drawn.caption
    assert "96 images" in drawn.caption
    png_of(drawn._repr_mimebundle_())
