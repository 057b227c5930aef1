"""Memory of a forward pass: counted by hand for a small net, and linear in the batch."""

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.experiments.saved_memory import build_net, measure_memory, saved_bytes


@pytest.fixture(scope="module")
def memory():
    return measure_memory()


def test_what_is_kept_is_linear_in_the_batch(memory):
    np.testing.assert_array_equal(
        memory.saved, memory.constant + memory.per_image * memory.batch_sizes
    )
    assert memory.constant < 100
    between = measure_memory((3, 10, 100))
    np.testing.assert_array_equal(
        between.saved, memory.constant + memory.per_image * between.batch_sizes
    )


def test_one_batch_can_take_more_than_the_whole_data_set(memory):
    assert memory.data_set == 1297 * (64 * 4 + 8)
    assert memory.saved[0] < memory.weights
    assert memory.saved[-1] > 10 * memory.data_set


def test_weights_and_gradients_do_not_depend_on_the_batch(memory):
    numbers = (9 * 16 + 16) + (9 * 16 * 32 + 32) + (128 * 10 + 10)
    assert memory.weights == memory.gradients == 4 * numbers


def test_a_small_net_can_be_counted_by_hand():
    net = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))
    images, classes = torch.zeros(11, 5), torch.zeros(11, dtype=torch.int64)
    # Inputs of both layers (the ReLU keeps its output, which is the second layer's input), the
    # log-probabilities, the classes, and the number of images they count for.
    by_hand = 4 * 11 * (5 + 7 + 3) + 8 * 11 + 4
    assert saved_bytes(net, images, classes) == by_hand


def test_frozen_first_layers_keep_less():
    net, images = build_net(), torch.zeros(4, 1, 8, 8)
    classes = torch.zeros(4, dtype=torch.int64)
    all_of_it = saved_bytes(net, images, classes)
    for parameter in net[:-1].parameters():
        parameter.requires_grad_(False)
    assert saved_bytes(net, images, classes) < 0.1 * all_of_it


@pytest.mark.parametrize("sizes", [(0, 4), (4, 1298), (4, 4), (4,)])
def test_impossible_batch_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="batch"):
        measure_memory(sizes)
