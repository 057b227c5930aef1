"""Weight decay in front of BN: the stored runs obey the theory, and the controls are the same."""

from itertools import islice

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.decay_controls import COMPARED, CONTROLS, control
from bncourse.experiments.decayed_nets import CONTROLLED, RATE, SEEDS, UPDATES, WINDOW, train_nets
from bncourse.experiments.scale_invariance import (
    BATCH_SIZE,
    NO_EPS,
    build_net,
    hidden_weights,
    summed_loss,
)
from bncourse.experiments.training import mini_batches
from bncourse.experiments.weight_decay import DECAYS, SEARCH_SEEDS, load_weight_decay


@pytest.fixture(scope="module")
def record():
    return load_weight_decay()


@pytest.fixture(scope="module")
def runs(record):
    return {run.decay: run for run in record.runs}


def test_everything_was_measured(record):
    assert tuple(run.decay for run in record.runs) == DECAYS
    windows = UPDATES // WINDOW
    for run in record.runs:
        assert run.rate == RATE and run.seeds == SEEDS
        assert run.length.shape == run.log_length.shape == (len(SEEDS), windows + 1)
        assert run.rotation.shape == (len(SEEDS), windows)
        assert run.loss.shape == (windows,) and run.accuracy.shape == (len(SEEDS),)
        assert run.updates[0] == 0 and run.updates[-1] == UPDATES
        np.testing.assert_allclose(run.length[:, 0], record.runs[0].length[:, 0])


def test_without_decay_weights_only_grow_and_with_it_they_shrink(runs):
    assert np.diff(runs[0.0].length, axis=1).min() >= 0
    shares = [(runs[decay].length[:, -1] / runs[decay].length[:, 0]).mean() for decay in DECAYS]
    assert shares[0] > 1
    assert shares[2] < 0.7 and max(shares[3:]) < 0.6
    rates = [runs[decay].effective_rate[:, -1].mean() for decay in DECAYS]
    assert rates[0] < RATE
    assert rates[2] > 2 * RATE


def test_large_decays_turn_the_weights_as_fast_as_the_theory_says(runs):
    for decay in DECAYS[2:]:
        run = runs[decay]
        assert run.balance == pytest.approx(np.sqrt(2 * RATE * decay))
        np.testing.assert_allclose(run.late_rotation(), run.balance, rtol=0.1)


def test_a_small_decay_is_not_in_balance_yet(runs):
    run = runs[1e-3]
    assert (run.late_rotation() < 0.9 * run.balance).all()


def test_rotation_and_change_of_length_belong_together_in_every_window(runs):
    for run in runs.values():
        if run.decay > 0:
            predicted, rotation = run.predicted_rotation, run.rotation
            moving = predicted > 1e-3
            assert moving.mean() > 0.5
            np.testing.assert_allclose(predicted[moving], rotation[moving], rtol=0.1)


def test_two_runs_without_decay_compute_the_same_and_a_third_does_not(record):
    assert tuple(found.rule for found in record.controls) == CONTROLS
    rising, scheduled, held, _ = record.controls
    early = COMPARED.index(300)
    for same in (rising, scheduled):
        assert same.updates == COMPARED
        assert (same.apart[: early + 1] < 1e-9 * same.logits[: early + 1]).all()
    assert (held.apart > 1e-3 * held.logits).all()
    assert (held.apart[early:] > 0.02 * held.logits[early:]).all()


def test_where_they_come_apart_so_does_a_run_whose_start_differs_in_the_last_place(record):
    rising, scheduled, _, nudged = record.controls
    last = COMPARED.index(UPDATES)
    assert nudged.apart[0].max() < 1e-12
    assert np.median(nudged.apart[last]) > 0.3 * np.median(rising.apart[last])
    for same in (rising, scheduled, nudged):
        assert (same.apart[last] > 1e-6).any()


def test_own_rates_come_from_a_search_on_other_seeds(record):
    assert not set(SEARCH_SEEDS) & set(SEEDS)
    assert [found.decay for found in record.own_rates] == [0.0, CONTROLLED]
    for found in record.own_rates:
        assert found.rate == max(found.searched, key=found.searched.get)
        assert min(found.searched) < found.rate < max(found.searched)


def test_decay_wants_a_smaller_rate_and_then_gains_nothing(record):
    none, decayed = record.own_rates
    assert decayed.rate <= none.rate
    assert abs((decayed.accuracy - none.accuracy).mean()) < 0.01


def test_the_steps_are_those_of_torchs_sgd():
    seen = {}

    def watch(update, net):
        seen[update] = [weight.detach().clone() for weight in hidden_weights(net)]

    train_nets(0.3, 0.02, WINDOW, (3,), watch=watch)
    net = build_net((3,), "batch", NO_EPS, 1.0)
    hidden = hidden_weights(net)
    others = [p for p in net.parameters() if not any(p is weight for weight in hidden)]
    optimiser = torch.optim.SGD([{"params": hidden, "weight_decay": 0.02}, {"params": others}], 0.3)
    x, y, _, _ = load_stack((3,))
    for batch in islice(mini_batches(x.shape[1], BATCH_SIZE, (3,)), 3):
        optimiser.zero_grad()
        summed_loss(net, x[:, batch[0]], y[:, batch[0]]).backward()
        optimiser.step()
    for ours, theirs in zip(seen[3], hidden, strict=True):
        torch.testing.assert_close(ours, theirs.detach())
    assert (seen[3][0] - seen[0][0]).abs().max() > 0.01


def test_a_slice_of_the_stored_runs_can_be_measured_again(runs):
    threads = torch.get_num_threads()
    stored = runs[0.1]
    again = train_nets(RATE, 0.1, 2 * WINDOW, SEEDS[:2])
    np.testing.assert_allclose(again.length, stored.length[:2, :3], rtol=1e-3)
    np.testing.assert_allclose(again.log_length, stored.log_length[:2, :3], atol=1e-3)
    np.testing.assert_allclose(again.rotation, stored.rotation[:2, :2], rtol=5e-3)
    assert torch.get_num_threads() == threads


def test_the_controls_can_be_measured_again():
    rising, scheduled, held, nudged = control((20, WINDOW), SEEDS[:1])
    assert max(rising.apart.max(), scheduled.apart.max(), nudged.apart.max()) < 1e-10
    assert held.apart[-1, 0] > 1e-3


def test_the_stored_command_is_this_module():
    assert results.load("weight_decay")["command"].endswith("experiments.weight_decay")
