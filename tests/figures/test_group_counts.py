from dataclasses import replace

import numpy as np
import pytest

from bncourse.experiments.group_counts import (
    BATCH_SIZES,
    EPOCHS,
    GROUPS,
    HEADS,
    MLP_GROUPS,
    PAIR_EPS,
    GroupCounts,
)
from bncourse.figures.group_counts import group_counts
from tests.figures.checks import png_of

OFF = np.array([0.9, 1.0, 1.1])


def around(*means):
    return np.array(means)[..., None] * OFF


@pytest.fixture
def record():
    conv = np.stack([around(4, 4, 4, 3, 3, 2), around(20, 12, 9, 7, 6, 5)])
    mlp = around(3, 3, 3, 3, 4, 80, 90)
    return GroupCounts(
        np.array(GROUPS),
        HEADS,
        BATCH_SIZES,
        np.stack([conv, 0.5 * conv], axis=1),
        np.array([[[2.0], [1.5]], [[1.9], [1.4]]]) * OFF,
        (1, None),
        around(5, 2),
        around(9, 8, 7, 6, 5, 90),
        np.array(MLP_GROUPS),
        np.stack([mlp, 1.1 * mlp]),
        around(6, 6, 7, 8, 12, 45, 90),
        PAIR_EPS,
        around(80, 20, 5, 3.5, 50),
        (0, 1, 2),
    )


def drawn(axes):
    """Return (x, y) of every curve or point that has bars."""
    return [container.lines[0].get_xydata().T for container in axes.containers]


def test_means_are_drawn_over_the_groups_with_bn_apart(record):
    left, right = group_counts(record).picture.axes
    *curves, bn_flatten, bn_mean = drawn(left)
    wanted = (record.test_error[0, 0], record.test_error[1, 0], record.last_error)
    for (x, y), errors in zip(curves, wanted, strict=True):
        np.testing.assert_array_equal(x, GROUPS)
        np.testing.assert_allclose(y, errors.mean(-1))
    for (x, y), errors in zip((bn_flatten, bn_mean), record.bn_error[:, 0], strict=True):
        assert x[0] > 2 * GROUPS[-1]
        np.testing.assert_allclose(y, errors.mean())
    trained, frozen, star = drawn(right)
    np.testing.assert_allclose(trained[1], record.mlp_error[0].mean(-1))
    np.testing.assert_allclose(frozen[1], record.frozen_error.mean(-1))
    assert star[0][0] == MLP_GROUPS[-2]
    np.testing.assert_allclose(star[1], 3.5)


def test_both_panels_have_one_axis_that_holds_everything(record):
    panels = group_counts(record).picture.axes
    assert len({axes.get_ylim() for axes in panels}) == 1
    low, high = panels[0].get_ylim()
    for axes in panels:
        assert axes.get_legend() is not None
        for container in axes.containers:
            ends = np.array(container.lines[2][0].get_segments())[..., 1]
            assert (ends > 0).all() and ends.max() < high
        for _, y in drawn(axes):
            assert low < y.min() and y.max() < high
    assert "1\nLN" in [label.get_text() for label in panels[0].get_xticklabels()]
    assert "32\nIN" in [label.get_text() for label in panels[0].get_xticklabels()]


def test_the_caption_tells_the_record(record):
    caption = group_counts(record).caption
    assert "flatten 4 ± 0.4" in caption and "mean 20 ± 2" in caption
    assert "90 ± 9" in caption and "eps = 1 in place of 1e-5: 3.5 ± 0.4" in caption
    assert "flatten and mean: 2 ± 0.2 and 1.9 ± 0.2" in caption and "verage" not in caption
    assert "three times as long: G = 1 5 ± 0.5, BN 2 ± 0.2." in caption
    assert EPOCHS["long"][0] == 3 * EPOCHS["mean"][0]
    assert "3 seeds" in caption and "sd over the seeds" in caption


def test_any_spread_can_be_drawn(record):
    wide = replace(record, test_error=record.test_error * [0.01, 1, 1.9] / OFF)
    assert png_of(group_counts(wide)._repr_mimebundle_()).shape == (430, 890, 3)
