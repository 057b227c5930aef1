"""Figure 1 in small: what the record holds, and what it shows for every seed."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments import sigmoid_nets
from bncourse.experiments.sigmoid_nets import ARMS, SAME_RATE, STEPS, Run, train_sigmoid_nets

EARLY = range(0, 61, 5)


@pytest.fixture(scope="module")
def nets():
    return train_sigmoid_nets()


@pytest.fixture(scope="module")
def stored():
    return results.load("sigmoid_rates")


def test_the_record_holds_five_arms_of_numbers(nets):
    assert nets.seeds == (0, 1, 2, 3, 4)
    assert [run.name for run in nets.runs] == ["without BN", "with BN", *ARMS]
    assert [run.learning_rate for run in nets.runs[:2]] == [SAME_RATE, SAME_RATE]
    for run in nets.runs:
        np.testing.assert_array_equal(run.steps, STEPS)
        assert run.accuracy.shape == (5, len(STEPS))
        assert run.percentiles.shape == (5, len(STEPS), 3)
        assert np.all(np.diff(run.percentiles, axis=2) > 0)
        assert np.all((run.accuracy >= 0) & (run.accuracy <= 1))
    with pytest.raises(FrozenInstanceError):
        nets.seeds = ()


def test_bn_needs_fewer_updates_with_every_seed_and_every_comparison(nets):
    plain, normalised, plain_best, normalised_best, good_start = (
        nets.updates_to(run, 0.9) for run in nets.runs
    )
    assert np.all(np.isfinite(plain))
    # Far apart: even the worst seed of one arm against the best seed of the other.
    assert plain.min() > 10 * normalised.max()
    assert plain_best.min() > 10 * normalised_best.max()
    # The good initialisation closes most of that gap, and not all of it.
    assert plain_best.min() > 4 * good_start.max()
    assert good_start.min() > normalised_best.max()


def test_without_bn_the_unit_hardly_tells_images_apart_at_first(nets):
    plain, normalised = nets.runs[:2]
    at = STEPS.index(100)

    def width(run):
        return run.percentiles[:, at, 2] - run.percentiles[:, at, 0]

    assert np.all(width(plain) < 0.1)
    assert np.all(width(normalised) > 1)


def test_arms_with_the_same_initialisation_start_from_the_same_weights(nets):
    # Before the first update the running statistics are (0, 1): BN passes everything through.
    plain, normalised, *_, good_start = nets.runs
    np.testing.assert_allclose(normalised.percentiles[:, 0], plain.percentiles[:, 0], atol=1e-4)
    assert np.abs(good_start.percentiles[:, 0] - plain.percentiles[:, 0]).max() > 0.5


def test_the_same_seeds_give_the_same_record_and_leave_torch_as_it_was(nets):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    once, again = (train_sigmoid_nets((1, 2), EARLY) for _ in range(2))
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    for run, same, longer in zip(once.runs, again.runs, nets.runs, strict=True):
        np.testing.assert_array_equal(run.accuracy, same.accuracy)
        np.testing.assert_array_equal(run.percentiles, same.percentiles)
        # The company of other seeds changes the order of float32 sums at most.
        np.testing.assert_allclose(
            run.percentiles, longer.percentiles[1:3, : len(EARLY)], rtol=0, atol=0.02
        )


def test_updates_to_is_the_first_time_or_infinity():
    accuracy = np.array([[0.1, 0.92, 0.89, 0.95], [0.1, 0.2, 0.3, 0.4]])
    run = Run("with BN", 1.0, np.array([0, 10, 20, 40]), accuracy, np.zeros((2, 4, 3)))
    record = sigmoid_nets.SigmoidNets((0, 1), (run,))
    np.testing.assert_array_equal(record.updates_to(run, 0.9), [10, np.inf])
    np.testing.assert_array_equal(record.updates_to(run, 0.95), [40, np.inf])


@pytest.mark.parametrize("name", ARMS)
def test_the_best_rate_is_the_fastest_of_the_search_and_inside_its_range(stored, name):
    arm = stored["arms"][name]
    means = [
        np.mean([np.inf if u is None else u for u in entry["updates_to_target"]])
        for entry in arm["search"]
    ]
    rates = [entry["learning_rate"] for entry in arm["search"]]
    assert sigmoid_nets.best_rate(name) == rates[int(np.argmin(means))]
    assert min(rates) < sigmoid_nets.best_rate(name) < max(rates)


@pytest.mark.parametrize(("name", "updates"), [("with BN", 60), (list(ARMS)[2], 125)])
def test_the_stored_search_can_be_measured_again(stored, name, updates):
    seeds = stored["seeds"][:2]
    steps = [step for step in STEPS if step <= updates]
    nets = sigmoid_nets._train_all([(name, sigmoid_nets.best_rate(name))], seeds, steps)
    (entry,) = (
        entry
        for entry in stored["arms"][name]["search"]
        if entry["learning_rate"] == nets.runs[0].learning_rate
    )
    # Weights changed by one part in 100 000 moved none of these numbers: one step of 5 is ample.
    again = nets.updates_to(nets.runs[0], stored["target_accuracy"])
    np.testing.assert_allclose(again, entry["updates_to_target"][:2], rtol=0, atol=5)
