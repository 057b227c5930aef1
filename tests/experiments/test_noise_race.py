"""A learner's noise in a net: it reaches every unit, and a moderate one hardly hurts."""

import numpy as np
import pytest
import torch

from bncourse.experiments.noise_race import ARMS, SEEDS, HandMadeNoise, race
from bncourse.tasks.why_it_works.noisy_slips import noisy


def test_the_noise_is_what_the_function_does_to_a_batch():
    layer = HandMadeNoise(noisy, 1.0, 0.5, 0)
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(len(SEEDS), 7, 3)))
    once, twice = layer(x), layer(x)
    assert not torch.equal(once, twice)
    rng = np.random.default_rng([SEEDS[1], 3, 0])
    np.testing.assert_allclose(once[1].numpy(), noisy(x[1].numpy(), 1.0, 0.5, rng), atol=1e-12)
    layer.eval()
    assert layer(x) is x


def test_a_net_with_noise_learns_and_no_noise_is_no_other_net():
    quiet = race(noisy, 0.0, 0.0).accuracy
    np.testing.assert_array_equal(quiet[1], quiet[2])
    loud = race(noisy, 1.0, 0.25)
    without, plain, noise = loud.accuracy.mean(axis=1)
    assert plain > 0.95 and noise > 0.9 and without < plain
    assert all(name in str(loud) for name in ARMS)


def test_noise_that_drowns_everything_is_seen():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bncourse.experiments.noise_race.UPDATES", 60)
        drowned = race(noisy, 30.0, 0.25).accuracy[2].mean()
    assert drowned < 0.8
