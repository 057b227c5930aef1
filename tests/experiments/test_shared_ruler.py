"""Three ways to share a ruler: the stored comparison is complete, honest and reproducible."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.shared_ruler import (
    BATCH_SIZES,
    CHANNELS,
    KINDS,
    SEARCH_SEEDS,
    SEEDS,
    SIDE,
    StackedConvNet,
    StackedNorm,
    count_parameters,
    load_shared_ruler,
    measure,
    moved,
)


@pytest.fixture(scope="module")
def record():
    return load_shared_ruler()


def errors_of_means(differences):
    return differences.std(axis=-1, ddof=1) / np.sqrt(differences.shape[-1])


def test_everything_was_measured_with_every_seed(record):
    assert record.kinds == KINDS and record.seeds == SEEDS
    shape = len(KINDS), len(BATCH_SIZES), len(SEEDS)
    assert record.test_error.shape == record.shifted_error.shape == shape
    assert record.rates.shape == shape[:2]
    assert ((record.test_error >= 0) & (record.shifted_error <= 100)).all()


def test_each_runs_at_the_best_rate_of_a_search_on_other_seeds():
    stored = results.load("shared_ruler")
    assert tuple(stored["search_seeds"]) == SEARCH_SEEDS
    assert not set(SEARCH_SEEDS) & set(SEEDS)
    for arm in stored["arms"]:
        rates, errors = arm["learning_rates"], arm["mean_errors"]
        assert arm["learning_rate"] == rates[int(np.argmin(errors))]
        below = [rate for rate in rates if rate < arm["learning_rate"]]
        above = [rate for rate in rates if rate > arm["learning_rate"]]
        assert len(below) >= 2 and len(above) >= 2


def test_small_batches_hurt_per_activation_and_large_ones_do_not(record):
    gap = record.test_error[1] - record.test_error[0]
    mean, error = gap.mean(axis=1), errors_of_means(gap)
    assert mean[0] > 15 and mean[1] > 1
    assert (mean[:2] > 5 * error[:2]).all()
    large = BATCH_SIZES.index(16)
    assert (np.abs(mean[large:]) < 2 * error[large:]).all()


def test_per_activation_loses_on_moved_images_at_every_batch_size_and_seed(record):
    gap = record.shifted_error[1] - record.shifted_error[0]
    assert gap.min() > 10
    assert 18 < gap.mean(axis=1).min() < gap.mean(axis=1).max() < 56
    assert (record.shifted_error[0] > record.test_error[0]).all()  # everybody loses something


def test_per_image_is_behind_at_the_largest_batches_only(record):
    gap = record.test_error[2] - record.test_error[0]
    mean, error = gap.mean(axis=1), errors_of_means(gap)
    assert (mean[-2:] > 3 * error[-2:]).all()
    assert (np.abs(mean[:3]) < 2 * error[:3]).all()


def test_the_norms_learn_what_their_kind_says(record):
    channels = sum(CHANNELS[1:])
    assert record.parameters.tolist() == [2 * channels, 2 * channels * SIDE**2, 2 * channels]
    assert [count_parameters(kind) for kind in KINDS] == record.parameters.tolist()


@pytest.mark.parametrize(
    ("kind", "axes"),
    [("per channel", (0, 2, 3)), ("per activation", (0,)), ("per image", (2, 3))],
)
def test_a_stacked_norm_normalises_over_its_axes(kind, axes):
    x = torch.from_numpy(np.random.default_rng(0).normal(2, 3, (5, 6, SIDE, SIDE)))
    norm = StackedNorm(kind, 3, 2)
    for name, buffer in norm.named_buffers():
        setattr(norm, name, buffer.double())
    y = norm(x).detach().numpy()
    plain = x.numpy()
    wanted = plain - plain.mean(axes, keepdims=True)
    wanted = wanted / np.sqrt(plain.var(axes, keepdims=True) + 1e-5)
    np.testing.assert_allclose(y, wanted, atol=1e-10)


def test_a_moved_image_loses_an_edge_and_gets_paper():
    image = torch.arange(1.0, 65.0).reshape(1, 64)
    right = moved(image, 0, 1).reshape(8, 8)
    assert (right[:, 0] == 0).all()
    assert (right[:, 1:] == image.reshape(8, 8)[:, :-1]).all()
    up = moved(image, -1, 0).reshape(8, 8)
    assert (up[-1] == 0).all() and (up[:-1] == image.reshape(8, 8)[1:]).all()


def test_networks_of_other_seeds_do_not_matter():
    x = torch.from_numpy(np.random.default_rng(0).uniform(0, 1, (2, 7, 64))).float()
    both, alone = StackedConvNet("per channel", (3, 4)), StackedConvNet("per channel", (4,))
    torch.testing.assert_close(both(x)[1:], alone(x[1:]))


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    for kind in (0, 1):
        k = BATCH_SIZES.index(64)
        test, shifted = measure(KINDS[kind], 64, record.rates[kind, k], SEEDS[:1])
        # Another machine's sums may differ, and training in float32 makes that grow.
        assert abs(test[0] - record.test_error[kind, k, 0]) < 2.5
        assert abs(shifted[0] - record.shifted_error[kind, k, 0]) < 8
