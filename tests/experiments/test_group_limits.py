"""The ends of group norm against torch."""

import numpy as np
import pytest

from bncourse.experiments.group_limits import (
    GROUPS,
    SHAPE,
    measure_limits,
    measure_lonely,
    measure_permuted,
    refusal,
)
from bncourse.layers.group_norm import groupnorm_forward

ROUNDING = 1e-13


@pytest.mark.parametrize("seed", [0, 1])
def test_the_ends_are_layer_norm_and_instance_norm(seed):
    limits = measure_limits(seed=seed)
    assert limits.shape == SHAPE and limits.groups == GROUPS
    assert limits.against_torch.shape == (len(GROUPS),) and limits.against_torch.max() < ROUNDING
    assert limits.one_group_layer_norm < ROUNDING
    assert limits.all_groups_instance_norm < ROUNDING
    assert limits.modes == 0


def test_one_group_is_no_layer_norm_with_other_gammas_or_per_place():
    limits = measure_limits()
    assert limits.one_group_own_gammas > 0.5 and limits.one_group_last_axis > 0.5


def test_the_counts_of_parameters():
    limits = measure_limits((2, 16, 3, 4))
    assert limits.group_parameters == 2 * 16
    assert limits.layer_parameters == 2 * 16 * 3 * 4
    assert limits.instance_parameters == 0


def test_torch_refuses_groups_that_do_not_divide():
    assert "(8) must be divisible by num_groups (3)" in refusal(3, 8)
    assert [g for g in range(1, 9) if not refusal(g, 8)] == [1, 2, 4, 8]


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_groups_of_one_number_give_magnified_rounding(offset):
    lonely = measure_lonely(offset=offset)
    size = np.abs(lonely.y).max()
    # Rounding of x, and of a difference, times 1 / sqrt(eps).
    assert 0 < size < 8 * np.finfo(np.float32).eps * np.abs(lonely.x).max() * lonely.gain
    assert np.abs(lonely.in_float64).max() < 1e-6 * size
    assert lonely.gain == pytest.approx(316.2, abs=0.1)
    assert "more than 1 value per channel" in lonely.one_sample
    ours, _ = groupnorm_forward(lonely.x, 4, np.ones(4), np.zeros(4))
    assert ours.dtype == np.float32 and not ours.any()


def test_larger_numbers_leave_more_of_it():
    sizes = [np.abs(measure_lonely(offset=offset).y).max() for offset in (0, 1e3, 1e6)]
    assert sizes[0] < 0.05 * sizes[1] and sizes[1] < 0.05 * sizes[2]


@pytest.mark.parametrize("groups", GROUPS)
def test_permuting_inside_a_group_commutes_and_across_groups_does_not(groups):
    found = measure_permuted(groups)
    assert found.groups == groups
    assert max(found.inside, found.whole) < ROUNDING
    if groups == 1:
        assert np.isnan(found.across)
    elif groups == SHAPE[1]:  # a channel is a whole group
        assert found.across < ROUNDING
    else:
        assert found.across > 0.05


def test_uneven_groups_raise():
    with pytest.raises(ValueError, match="do not divide"):
        measure_permuted(3)


def test_twice_the_same():
    np.testing.assert_array_equal(measure_lonely().y, measure_lonely().y)
    assert measure_permuted(2) == measure_permuted(2) != measure_permuted(2, seed=1)
