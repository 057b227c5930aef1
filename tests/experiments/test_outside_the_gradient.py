"""Statistics outside the gradient: the runaway bias, and what becomes of a whole net."""

import dataclasses

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.data import load_breast_cancer
from bncourse.experiments.outside_the_gradient import (
    ARMS,
    COMMON_RATE,
    DetachedBatchNorm,
    bias_runs,
    load,
    net_runs,
)
from bncourse.experiments.training import StackedBatchNorm


@pytest.fixture(scope="module")
def bias():
    return bias_runs()


@pytest.fixture(scope="module")
def stored():
    return results.load("outside_the_gradient")


@pytest.fixture(scope="module")
def runs():
    return {(arm, run.learning_rate): run for arm, found in load().items() for run in found}


def test_outside_the_gradient_the_bias_runs_away_and_the_loss_stands_still(bias):
    assert len(bias.steps) == 1001
    per_step = bias.learning_rate * bias.target_mean
    assert per_step > 1
    np.testing.assert_allclose(bias.b_outside, per_step * bias.steps, rtol=1e-9)
    np.testing.assert_allclose(bias.loss_outside, bias.loss_outside[0], rtol=1e-12)
    with pytest.raises(dataclasses.FrozenInstanceError):
        bias.steps = 0


def test_through_the_mean_the_bias_never_moves(bias):
    np.testing.assert_allclose(bias.b_inside, 0, atol=1e-12)
    np.testing.assert_allclose(bias.loss_inside, bias.loss_outside[0], rtol=1e-12)


@pytest.mark.parametrize("detach", [False, True])
def test_the_biases_are_those_that_autograd_finds(bias, detach):
    table = load_breast_cancer()
    columns = [table.names.index(name) for name in ("mean radius", "worst radius")]
    u, target = torch.from_numpy(table.x[:, columns].T.copy())
    b = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([b], lr=bias.learning_rate)
    path, losses = [], []
    for _ in range(4):
        x = u + b
        mean = x.mean().detach() if detach else x.mean()
        loss = ((x - mean - target) ** 2).mean() / 2
        path.append(b.item())
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    expected = (bias.b_outside, bias.loss_outside) if detach else (bias.b_inside, bias.loss_inside)
    np.testing.assert_allclose(path, expected[0][:4], atol=1e-12)
    np.testing.assert_allclose(losses, expected[1][:4], rtol=1e-12)


def test_detaching_changes_the_backward_pass_and_nothing_else():
    x = torch.from_numpy(np.random.default_rng(0).normal(2, 3, size=(2, 9, 4)))
    detached, whole = DetachedBatchNorm(2, 4), StackedBatchNorm(2, 4)
    gradients = []
    for layer in (detached, whole):
        with torch.no_grad():
            layer.weight.copy_(torch.arange(1.0, 9))
        inputs = x.clone().requires_grad_()
        layer.y = layer(inputs)
        (gradient,) = torch.autograd.grad((layer.y**3).sum(), inputs)
        gradients.append(gradient)
    torch.testing.assert_close(detached.y, whole.y, rtol=0, atol=1e-12)
    for name, buffer in whole.named_buffers():
        torch.testing.assert_close(detached.get_buffer(name), buffer, rtol=0, atol=1e-12)
    torch.testing.assert_close(detached.eval()(x), whole.eval()(x))
    # Through the statistics the gradient of every channel adds up to 0, and has no part along x.
    assert gradients[1].sum(dim=1).abs().max() < 1e-9 < 1 < gradients[0].sum(dim=1).abs().min()
    straight = 3 * detached.y.detach() ** 2 * torch.arange(1.0, 9).view(2, 1, 4)
    straight = straight / torch.sqrt(x.var(dim=1, correction=0, keepdim=True) + detached.eps)
    torch.testing.assert_close(gradients[0], straight, rtol=1e-9, atol=1e-9)


def test_both_arms_ran_at_both_best_rates_and_at_a_common_one(stored, runs):
    rates = {COMMON_RATE, *stored["best_rate"].values()}
    assert len(rates) == 3
    assert set(runs) == {(arm, rate) for arm in ARMS for rate in rates}
    assert len(set(stored["seeds"])) == 5
    for run in runs.values():
        for name in ("weight_norm", "bias", "accuracy", "batch_accuracy"):
            assert getattr(run, name).shape == (5, len(stored["updates"]))


def test_the_best_rates_are_those_of_a_search_on_other_seeds(stored):
    search = stored["search"]
    assert not set(search["seeds"]) & set(stored["seeds"])
    rates = search["learning_rates"]
    for arm, means in search["mean_accuracy"].items():
        assert stored["best_rate"][arm] == rates[int(np.argmax(means))]
        assert min(rates) < stored["best_rate"][arm] < max(rates)


def test_weights_and_biases_grow_only_outside_the_gradient(runs):
    for (arm, rate), run in runs.items():
        if arm == "through":
            np.testing.assert_allclose(np.ptp(run.bias, axis=1), 0, atol=2e-4)
            continue
        through = runs["through", rate]
        assert np.all(run.weight_norm[:, -1] > 1.4 * through.weight_norm[:, -1])
        assert np.all(run.weight_norm[:, -1] > 2.5 * run.weight_norm[:, 0])
        assert np.all(run.bias[:, -1] > 3 * through.bias[:, -1])


def test_it_costs_much_accuracy_at_the_usual_rates_and_little_at_its_own_best(stored, runs):
    best = stored["best_rate"]
    reference = runs["through", best["through"]]
    for rate, accuracy, batch_accuracy in (
        (COMMON_RATE, 0.15, 0.15),
        (best["through"], 0.03, 0.02),
    ):
        gap = reference.accuracy[:, -1] - runs["outside", rate].accuracy[:, -1]
        assert gap.mean() > accuracy
        gap = reference.batch_accuracy[:, -1] - runs["outside", rate].batch_accuracy[:, -1]
        assert gap.mean() > batch_accuracy
    own = reference.batch_accuracy[:, -1] - runs["outside", best["outside"]].batch_accuracy[:, -1]
    assert abs(own.mean()) < 0.02


@pytest.mark.parametrize("arm", ARMS)
def test_a_slice_of_the_stored_runs_can_be_measured_again(stored, runs, arm):
    updates = [update for update in stored["updates"] if update <= 100]
    run = runs[arm, COMMON_RATE]
    again = net_runs(arm, COMMON_RATE, updates, stored["seeds"][:2])
    columns = slice(len(updates))
    np.testing.assert_allclose(again.weight_norm, run.weight_norm[:2, columns], atol=0.002)
    np.testing.assert_allclose(again.bias, run.bias[:2, columns], atol=2e-4)
    # Another machine's sums differ in the last digits: a few images of 500 may change sides.
    np.testing.assert_allclose(again.accuracy, run.accuracy[:2, columns], atol=0.0081)
    np.testing.assert_allclose(again.batch_accuracy, run.batch_accuracy[:2, columns], atol=0.0081)


def test_a_third_arm_is_refused():
    with pytest.raises(ValueError, match="through, outside"):
        net_runs("beside", 0.1)
