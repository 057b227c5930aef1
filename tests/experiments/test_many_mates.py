"""Many mates: what evaluation costs a net that was trained in groups of two."""

import numpy as np
import pytest

from bncourse.experiments.ghost_batches import load_ghost_batches
from bncourse.experiments.many_mates import measure_many_mates

SEEDS = (0, 1)


@pytest.fixture(scope="module")
def pairs():
    ghosts = load_ghost_batches()
    rate = ghosts.rates[0, list(ghosts.group_sizes).index(2)]
    return measure_many_mates(2, float(rate), 200, SEEDS, groupings=60)


def test_evaluation_is_that_of_the_stored_run(pairs):
    ghosts = load_ghost_batches()
    stored = ghosts.test_error[0, list(ghosts.group_sizes).index(2), : len(SEEDS)]
    np.testing.assert_allclose(pairs.evaluation, stored, atol=4)


def test_many_mates_beat_evaluation_and_that_beats_one_grouping(pairs):
    assert (pairs.averaged < pairs.evaluation).all()
    assert (pairs.evaluation < pairs.one_grouping - 10).all()
    assert pairs.averaged.mean() > 5  # most of the harm is not evaluation's


def test_in_groups_of_four_evaluation_costs_less(pairs):
    found = measure_many_mates(4, 0.5, 200, SEEDS, groupings=60)
    cost = (found.evaluation - found.averaged).mean()
    assert cost < 0.5 * (pairs.evaluation - pairs.averaged).mean()


def test_a_size_that_does_not_divide_the_test_images_is_refused():
    with pytest.raises(ValueError, match="groups of 3"):
        measure_many_mates(3, 0.5)
