"""Stuck nets: the branches are what they say, and the stored outcome can be measured again."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments import stuck_nets
from bncourse.experiments.stuck_nets import EARLY, HALF, IMAGES, Nets, go_on, paired

ARMS = ("full batch", "mini-batches", "higher rate")


@pytest.fixture(scope="module")
def stored():
    return results.load("stuck_nets")


def net_of(stored, activation):
    return next(net for net in stored["nets"] if net["activation"] == activation)


def weights(nets):
    return [p.detach().clone() for p in nets.net.parameters()]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_every_net_was_measured_with_every_seed(stored):
    assert [net["activation"] for net in stored["nets"]] == ["relu", "sigmoid"]
    assert len(set(stored["seeds"])) == 10
    for net in stored["nets"]:
        for name in ("stuck", *ARMS):
            assert len(net[name]["loss"]) == len(net[name]["accuracy"]) == 10
            assert all(0 <= value <= 1 for value in net[name]["accuracy"])


def test_settings_are_the_best_of_a_search_on_other_seeds(stored):
    assert not set(stored["search_seeds"]) & set(stored["seeds"])
    for net in stored["nets"]:
        search = net["search"]
        for chosen, tried, losses in (
            ("learning_rate", "learning_rates", "loss_by_rate"),
            ("factor", "factors", "loss_by_factor"),
        ):
            values = [np.inf if loss is None else loss for loss in search[losses]]
            assert net[chosen] == search[tried][int(np.argmin(values))]
        table = np.array(search["loss_by_batch_size_and_share"], dtype=float)
        assert table.shape == (len(search["batch_sizes"]), len(search["shares"]))
        shares = [search["shares"][k] for k in np.nanargmin(table, axis=1)]
        assert net["share_by_batch_size"] == shares
        best = int(np.nanmin(table, axis=1).argmin())
        assert (net["batch_size"], net["share"]) == (search["batch_sizes"][best], shares[best])


def test_noise_freed_no_net(stored):
    for net in stored["nets"]:
        full, by_size = np.array(net["full batch"]["loss"]), np.array(net["loss_by_batch_size"])
        assert by_size.shape == (len(net["search"]["batch_sizes"]), 10)
        assert np.all(by_size > full - 0.02)
        assert np.all(by_size[:2] > full)
    # There was something to be freed from: some nets end at three times the loss of others.
    relu = np.array(net_of(stored, "relu")["full batch"]["loss"])
    assert relu.max() > 3 * np.median(relu)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_a_slice_of_the_stored_runs_can_be_measured_again(stored, activation):
    net, seeds = net_of(stored, activation), stored["seeds"][:3]
    for name, batch_size in (("full batch", IMAGES), ("mini-batches", net["batch_size"])):
        nets = Nets(activation, seeds).descend(EARLY, net["learning_rate"], batch_size)
        early = net["early"][name]
        np.testing.assert_allclose(nets.loss(), early["loss"][:3], rtol=1e-3)
        np.testing.assert_allclose(nets.accuracy(), early["accuracy"][:3], atol=0.0041)


def test_branching_leaves_the_stuck_nets_alone_and_differs_in_one_thing(monkeypatch):
    monkeypatch.setattr(stuck_nets, "HALF", 20)
    start = Nets("sigmoid", (0, 1))
    before = weights(start)
    full, small, fast = (
        go_on(start, 0.5),
        go_on(start, 0.5, batch_size=8),
        go_on(start, 0.5, factor=4),
    )
    assert same(before, weights(start))
    assert same(weights(full), weights(start.descend(20, 0.5).descend(20, 0.1)))
    assert same(weights(small), weights(start.descend(20, 0.5, 8).descend(20, 0.1)))
    assert same(weights(fast), weights(start.descend(20, 2.0).descend(20, 0.1)))
    assert not same(weights(full), weights(small))
    assert np.all(full.loss() < start.loss())


def test_the_full_batch_is_the_gradient_of_all_images():
    start = Nets("relu", (4,))
    assert start.x.shape == (1, IMAGES, 64)
    loss = torch.nn.functional.cross_entropy(start.net(start.x)[0], start.y[0])
    gradients = torch.autograd.grad(loss, list(start.net.parameters()))
    after = weights(start.descend(1, 0.3))
    for p, gradient, moved in zip(weights(start), gradients, after, strict=True):
        torch.testing.assert_close(moved, p - 0.3 * gradient)
    assert start.loss()[0] == pytest.approx(float(loss.detach()))


def test_pairs_are_compared_seed_by_seed():
    result = paired([1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 5.0, 5.0])
    assert (result.mean, result.lower, result.seeds) == (-1.0, 3, 4)
    assert result.standard_error == pytest.approx(np.std([-1, 0, -2, -1], ddof=1) / 2)


def test_all_arms_made_equally_many_updates(stored):
    assert (stored["updates"]["half"], stored["updates"]["early"]) == (HALF, EARLY)
