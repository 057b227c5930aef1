import numpy as np
import pytest
import torch

from bncourse.experiments.fine_tuning import (
    ARMS,
    BATCH_SIZES,
    IMAGES,
    SEEDS,
    FrozenBatchNorms,
    build,
    errors,
    few_images,
    load_fine_tuning,
    moved,
    restored,
    train_first,
    tune,
)
from bncourse.experiments.small_batches import train_stack

FEW = SEEDS[:2]


@pytest.fixture(scope="module")
def record():
    return load_fine_tuning()


@pytest.fixture(scope="module")
def state():
    return train_first(FEW)


def mean(record, arm, size):
    return record.test_error[ARMS.index(arm), BATCH_SIZES.index(size)].mean()


def test_a_slice_measured_again_agrees_with_the_record(record, state):
    net = restored(state, FEW)
    np.testing.assert_allclose(errors(net, FEW, move=False)[0], record.before[:2], atol=0.21)
    np.testing.assert_allclose(errors(net, FEW)[0], record.untuned[:2], atol=1)
    at = ARMS.index("frozen"), BATCH_SIZES.index(2)
    found = tune(state, "frozen", 2, FEW, [record.rates[at]])["frozen"][0]
    np.testing.assert_allclose(found, record.test_error[at][:2], atol=1.5)


def test_rates_do_not_disturb_each_other(state):
    alone = tune(state, "frozen", 8, FEW, [0.01])["frozen"]
    among = tune(state, "frozen", 8, FEW, [0.1, 0.01])["frozen"]
    np.testing.assert_allclose(among[1], alone[0], atol=0.5)
    assert np.abs(among[0] - among[1]).max() > 0.5


def test_moving_is_one_pixel_to_the_right():
    image = torch.zeros(64)
    image[3 * 8 + 7], image[2 * 8 + 1] = 1, 2
    after = moved(image).view(8, 8)
    assert after[3, 0] == 1 and after[2, 2] == 2 and after.abs().sum() == 3


def test_images_are_drawn_anew_for_each_seed():
    x, y = few_images((0, 1))
    assert x.shape == (2, IMAGES, 64) and y.shape == (2, IMAGES)
    assert not torch.equal(x[0], x[1])
    again, _ = few_images((1,))
    torch.testing.assert_close(again[0], x[1])


def test_frozen_means_averages_stay_and_everything_else_learns():
    seeds = (0, 1)
    net = build(seeds)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    x, y = few_images(seeds)
    first = IMAGES * torch.arange(2)[:, None]
    batches = (first + torch.arange(k, k + 2) for k in range(10))
    frozen = FrozenBatchNorms(net)
    train_stack(frozen, x.flatten(0, 1), y.flatten(), batches, [0.1, 0.1], 10)
    for name, value in net.state_dict().items():
        still = torch.equal(value, before[name])
        assert still == ("running" in name or "batches" in name), name
    modes = {type(m).__name__: m.training for m in frozen.train().modules()}
    assert modes["FrozenBatchNorms"] and not modes["StackedBatchNorm"]


def test_batches_of_two_need_frozen_statistics(record):
    assert mean(record, "frozen", 2) < mean(record, "train mode", 2) - 15
    assert mean(record, "train mode", 2) > record.recomputed.mean() - 2  # as good as no tuning
    # Better averages afterwards do not mend it: it was lost in training.
    assert mean(record, "recomputed after", 2) > mean(record, "frozen", 2) + 15


def test_with_more_images_train_mode_does_better(record):
    for size in (8, 40):
        rows = (record.test_error[ARMS.index(arm), BATCH_SIZES.index(size)] for arm in ARMS[::2])
        gain = -np.subtract(*rows)
        assert gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(len(gain))


def test_frozen_averages_of_new_images_are_no_better(record):
    for size in BATCH_SIZES:
        gain = mean(record, "frozen", size) - mean(record, "recomputed, frozen", size)
        assert abs(gain) < 3
    assert abs(record.untuned.mean() - record.recomputed.mean()) < 5
    assert record.before.mean() < 3 < 40 < record.untuned.mean()
    assert record.test_error.shape == (len(ARMS), len(BATCH_SIZES), len(SEEDS))
