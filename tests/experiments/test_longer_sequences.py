"""Longer sequences: how they are made, and what the stored record says of them."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.longer_sequences import (
    ARMS,
    BLANKS,
    LENGTHS,
    LONGEST,
    RATES,
    SEEDS,
    STEPS,
    as_record,
    changed_by_mates,
    draw_lengths,
    evaluate,
    load_longer_sequences,
    measure_all,
    slowed,
    train_net,
    with_blanks,
)
from bncourse.experiments.recurrent import sequences


@pytest.fixture(scope="module")
def record():
    return load_longer_sequences()


def arm(record, name):
    return record.accuracy[record.arms.index(name)]


def test_a_slower_digit_shows_every_step_in_order_and_then_nothing():
    x = torch.arange(1.0, STEPS + 1).reshape(1, 1, STEPS, 1).repeat(1, 3, 1, 2)
    lengths = torch.tensor([[16, 24, 40]])
    read = slowed(x, lengths, 40)
    assert read.shape == (1, 3, 40, 2)
    assert torch.equal(read[0, 0, :16], x[0, 0]) and (read[0, 0, 16:] == 0).all()
    for k, length in enumerate((16, 24, 40)):
        seen = read[0, k, :length, 0]
        assert (seen.diff() >= 0).all() and set(seen.tolist()) == set(range(1, 17))
        assert (read[0, k, length:] == 0).all()
    assert read[0, 1, :6, 0].tolist() == [1, 1, 2, 3, 3, 4]


def test_lengths_are_drawn_from_16_to_24():
    lengths = draw_lengths((0, 1), 500, 5)
    assert set(lengths.flatten().tolist()) == set(range(STEPS, LONGEST + 1))
    assert torch.equal(lengths, draw_lengths((0, 1), 500, 5))
    assert not torch.equal(lengths[0], lengths[1])


def test_blanks_come_before_or_after():
    x = torch.ones(1, 2, 3, 4)
    assert with_blanks(x, 2, 0)[0, 0, :, 0].tolist() == [0, 0, 1, 1, 1]
    assert with_blanks(x, 0, 1)[0, 0, :, 0].tolist() == [1, 1, 1, 0]


def test_everything_was_measured_with_every_seed(record):
    assert record.arms == tuple(ARMS) and record.seeds == SEEDS and record.rates == RATES
    assert record.lengths.tolist() == list(LENGTHS) and record.blanks.tolist() == list(BLANKS)
    assert record.accuracy.shape == (len(ARMS), len(LENGTHS), len(SEEDS))
    assert record.before.shape == record.after.shape == (len(ARMS), len(BLANKS), len(SEEDS))
    assert record.mixed.shape == (len(ARMS), len(SEEDS)) and record.changed.shape == (2, 3, 5)
    # No blank steps are the digit as it is.
    np.testing.assert_array_equal(record.before[:, 0], record.accuracy[:, 0])
    np.testing.assert_array_equal(record.after[:, 0], record.accuracy[:, 0])


def test_pooled_statistics_matter_only_beyond_training(record):
    seen = record.lengths <= LONGEST
    last, pooled = arm(record, "per step, last reused"), arm(record, "per step, pooled")
    np.testing.assert_array_equal(last[seen], pooled[seen])
    assert (last[~seen] != pooled[~seen]).any()


def test_mates_change_nothing_for_nets_without_batch_norm():
    x = torch.from_numpy(np.random.default_rng(0).uniform(0, 1, (1, 100, STEPS, 4))).float()
    assert (changed_by_mates(train_net("none", (0,), 1), x) == 0).all()
    assert (changed_by_mates(train_net("layer", (0,), 1), x) == 0).all()
    assert (changed_by_mates(train_net("masked", (0,), 1), x) > 0).any()


def test_the_whole_measurement_runs_and_fits_its_record():
    small = as_record(measure_all((0,), 1))
    assert small.accuracy.shape == (len(ARMS), len(LENGTHS), 1)
    assert ((small.accuracy >= 0) & (small.accuracy <= 1)).all()
    assert results.load("longer_sequences")["updates"] > 100


def test_every_net_fails_where_it_has_to_remember_longer(record):
    """So the slow digits cannot tell the norms apart."""
    means = record.accuracy.mean(axis=2)
    assert (means[:, record.lengths <= 20] > 0.6).all()
    assert (means[:, record.lengths >= 40] < 0.3).all()


def test_blank_steps_after_the_digit_ruin_every_net(record):
    assert (record.after.mean(axis=2)[:, record.blanks >= 8] < 0.2).all()


def test_steps_without_statistics_are_no_failure_of_their_own(record):
    """With 32 blank steps before it, no step of the digit was in training."""
    lost = (record.before[:, 0] - record.before[:, -1]).mean(axis=1)
    assert (lost < 0.13).all()
    last, pooled = (lost[record.arms.index(f"per step, {k}")] for k in ("last reused", "pooled"))
    assert last < 0.08 and pooled < 0.08
    assert lost[record.arms.index("layer norm")] < 0.04


def test_mixed_lengths_leave_little_between_shared_and_per_step(record):
    """No step means one place of the digit any more; compare `recurrent_arms`."""
    shared, own = (record.mixed[record.arms.index(k)] for k in ("shared", "per step, last reused"))
    assert abs((shared - own).mean()) < 0.08
    assert record.mixed.argmax(axis=0).tolist() == [0] * len(SEEDS)  # no norm is best here


def test_batch_mates_change_predictions_their_length_more_than_their_images(record):
    masked, counted = record.changed
    assert record.changed.min() > 0.05
    assert masked[0].mean() < masked[1].mean() and counted[0].mean() < counted[1].mean()
    # With short mates the padding is what the last steps' statistics are made of.
    assert counted[2].mean() > masked[2].mean() + 0.05


def test_a_slice_of_the_stored_runs_can_be_measured_again(record):
    models = {"none": train_net("none", SEEDS[:1])}
    *_, x, y = sequences(SEEDS[:1], STEPS)
    lengths = draw_lengths(SEEDS[:1], x.shape[1], 6)
    again = evaluate(models, "none", slowed(x, lengths, LONGEST), y, lengths)
    assert abs(again[0] - record.mixed[0, 0]) < 0.05
