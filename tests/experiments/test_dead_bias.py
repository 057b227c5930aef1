"""The bias in front of BN: counted, without a gradient, without an effect."""

import dataclasses

import numpy as np
import pytest
import torch

from bncourse.experiments.dead_bias import as_28x28, measure_dead_bias


@pytest.fixture(scope="module")
def record():
    return measure_dead_bias()


def test_the_counts(record):
    assert record.trainable == 204_042
    assert record.trainable_without_bias == 203_786
    assert record.trainable - record.trainable_without_bias == 256
    assert record.buffered == 513


def test_only_the_bias_in_front_of_bn_has_no_gradient(record):
    norms = dict(record.gradient_norms)
    assert norms.pop("fc1.bias") < 1e-13
    assert set(norms) == {"fc1.weight", "bn1.weight", "bn1.bias", "fc2.weight", "fc2.bias"}
    assert min(norms.values()) > 1e-2


def test_training_without_it_gives_the_same_outputs(record):
    assert record.largest_output > 1
    assert record.output_gap < 1e-10
    assert record.bias_moved < 1e-14
    assert record.weight_moved > 1e-3


def test_in_evaluation_mode_the_running_mean_has_to_catch_up_with_the_bias(record):
    assert record.output_gap_eval < 1e-4
    early = measure_dead_bias(updates=10)
    assert early.output_gap < 1e-10
    assert early.output_gap_eval > 1e-3


def test_the_same_seed_gives_the_same_record_and_leaves_torch_as_it_was():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    once, again, other = (measure_dead_bias(seed, updates=3) for seed in (1, 1, 2))
    assert once == again != other
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(dataclasses.FrozenInstanceError):
        once.updates = 0


def test_images_are_blown_up_and_framed_with_paper():
    images = np.arange(1.0, 129).reshape(2, 64)
    large = as_28x28(images).reshape(2, 28, 28)
    np.testing.assert_array_equal(large[:, 3:26:3, 3:26:3].reshape(2, 64), images)
    np.testing.assert_array_equal(large[1, 2:5, 5:8], np.full((3, 3), 66))
    assert large.sum() == 9 * images.sum()
    assert not large[:, :2].any() and not large[:, :, -2:].any()
