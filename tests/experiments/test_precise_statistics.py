"""Precise statistics: those of the whole data set, whatever the batches; and averaged weights."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from bncourse.data import load_digits
from bncourse.experiments.precise_statistics import averaged_weights, pool, precise_bn

EXACT = {"rtol": 0, "atol": 1e-10}


@pytest.fixture(scope="module")
def x():
    return torch.from_numpy(load_digits().x_train)


@pytest.fixture
def deep():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.Sequential(
            nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(),
            nn.Linear(32, 32), nn.BatchNorm1d(32), nn.ReLU(),
        )  # fmt: skip
    return net.double()


def buffers(net):
    return {name: value.numpy().copy() for name, value in net.named_buffers()}


@pytest.mark.parametrize("sizes", [[1297], [649, 648], [1000, 200, 97], [1200, 95, 2]])
@pytest.mark.parametrize("layer_by_layer", [False, True])
def test_a_single_layer_gets_the_statistics_of_the_whole_data_set(x, sizes, layer_by_layer):
    net = nn.Sequential(nn.BatchNorm1d(64)).double()
    found = precise_bn(net, x.split(sizes), layer_by_layer=layer_by_layer)["0"]
    np.testing.assert_allclose(found.mean, x.mean(dim=0), **EXACT)
    np.testing.assert_allclose(found.var, x.var(dim=0, correction=0), **EXACT)
    np.testing.assert_allclose(net[0].running_mean, x.mean(dim=0), **EXACT)
    np.testing.assert_allclose(net[0].running_var, x.var(dim=0), **EXACT)
    assert found.count == 1297


def test_images_have_a_value_per_place(x):
    images = x[:500].view(-1, 4, 4, 4)
    net = nn.Sequential(nn.BatchNorm2d(4)).double()
    found = precise_bn(net, images.split([300, 200]))["0"]
    assert found.count == 500 * 16
    np.testing.assert_allclose(found.mean, images.mean(dim=(0, 2, 3)), **EXACT)
    np.testing.assert_allclose(found.var, images.var(dim=(0, 2, 3), correction=0), **EXACT)


def test_a_plain_mean_of_variances_misses_the_variance_of_the_means(x):
    """With the digits in order, most of what differs lies between the batches, not inside them."""
    batches = x[load_digits().y_train.argsort(kind="stable")].split(130)
    net, plain = (nn.Sequential(nn.BatchNorm1d(64)).double() for _ in range(2))
    found = precise_bn(net, batches)["0"]
    np.testing.assert_allclose(found.within + found.between, x.var(dim=0, correction=0), **EXACT)
    # torch's own function averages means and variances alike.
    update_bn(batches, plain)
    short = found.unbiased_var - plain[0].running_var.numpy()
    np.testing.assert_allclose(short, found.between, atol=2e-3)
    share = short.max() / found.var[short.argmax()]
    assert share > 0.5


def test_unequal_batches_are_weighted_by_their_sizes():
    values = np.random.default_rng(3).normal(1e6, 1, size=(50, 3))
    parts = np.split(values, [2, 9])
    means, variances, sizes = zip(*((p.mean(0), p.var(0), len(p)) for p in parts), strict=True)
    pooled = pool(means, variances, sizes)
    np.testing.assert_allclose(pooled.mean, values.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(pooled.var, values.var(axis=0), rtol=1e-8)
    np.testing.assert_allclose(pooled.unbiased_var, values.var(axis=0, ddof=1), rtol=1e-8)
    assert np.abs(np.mean(variances, axis=0) - pooled.var).max() > 0.01


def off(net, x):
    """How far each layer's averages are from what it meets in evaluation mode, relative to that."""
    errors = {}

    def compare(name):
        def hook(layer, inputs, output):
            mean, var = inputs[0].mean(dim=0), inputs[0].var(dim=0)
            in_mean = (layer.running_mean - mean).abs() / var.sqrt()
            errors[name] = float(torch.maximum(in_mean, (layer.running_var / var - 1).abs()).max())

        return hook

    hooks = [net.get_submodule(name).register_forward_hook(compare(name)) for name in ("1", "5")]
    with torch.no_grad():
        net.eval()(x)
    for hook in hooks:
        hook.remove()
    return errors


@pytest.mark.parametrize("batch_size", [8, 100, 1297])
def test_layer_by_layer_the_statistics_are_those_of_evaluation_mode(x, deep, batch_size):
    # 8 leaves a last batch of a single image, which cannot be normalised.
    x = x[:1296] if batch_size == 8 else x
    found = precise_bn(deep, x.split(batch_size), layer_by_layer=True)
    assert list(found) == ["1", "5"]
    assert max(off(deep, x).values()) < 1e-10


def test_in_one_pass_only_the_first_layer_is_exact_and_small_batches_are_worse(x, deep):
    x = x[:1296]
    errors = []
    for size in (8, 72):
        precise_bn(deep, x.split(size))
        errors.append(off(deep, x))
    assert max(error["1"] for error in errors) < 1e-10
    small, large = (error["5"] for error in errors)
    assert small > 3 * large > 0.01


def test_nothing_but_the_statistics_changes(x, deep):
    deep[0].eval()
    deep[1].momentum = None
    modes = [module.training for module in deep.modules()]
    weights = [parameter.detach().clone() for parameter in deep.parameters()]
    precise_bn(deep, x.split(200))
    assert [module.training for module in deep.modules()] == modes
    assert (deep[1].momentum, deep[5].momentum) == (None, 0.1)
    assert int(deep[1].num_batches_tracked) == 0
    assert all(torch.equal(*pair) for pair in zip(weights, deep.parameters(), strict=True))
    assert not deep[1]._forward_hooks
    before = buffers(deep)
    precise_bn(deep, x.split(200))
    for name, value in buffers(deep).items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("layer_by_layer", [False, True])
def test_an_error_leaves_the_model_as_it_was(x, deep, layer_by_layer):
    before = buffers(deep)
    with pytest.raises(ValueError, match="more than 1 value"):
        precise_bn(deep, [x[:9], x[:1]], layer_by_layer=layer_by_layer)
    with pytest.raises(ValueError, match="no batch"):
        precise_bn(deep, [], layer_by_layer=layer_by_layer)
    for name, value in buffers(deep).items():
        np.testing.assert_array_equal(value, before[name])
    assert deep.training and deep[1].momentum == 0.1


def test_a_model_without_running_averages_is_refused(x):
    net = nn.Sequential(nn.BatchNorm1d(64, track_running_stats=False)).double()
    with pytest.raises(ValueError, match="no BN layer"):
        precise_bn(net, [x])


@pytest.fixture(scope="module")
def averaged():
    return averaged_weights((0.25, 4.0))


def test_at_a_usual_rate_it_does_not_matter_which_statistics_go_with_averaged_weights(averaged):
    assert averaged.accuracy.shape == averaged.loss.shape == (2, 4, 5)
    assert averaged.checkpoints == 19
    means = averaged.accuracy[0, 1:].mean(axis=1)
    assert np.ptp(means) < 0.01


def test_at_a_far_too_high_rate_the_last_running_averages_are_the_wrong_ones(averaged):
    _, last, mean, recomputed = averaged.accuracy[1]
    assert last.mean() < recomputed.mean() - 0.02
    assert last.mean() < mean.mean() - 0.02
    # Recomputing is no better than averaging the running averages as well.
    assert recomputed.mean() < mean.mean() + 0.005


def test_the_same_seeds_give_the_same_nets_in_any_company():
    settings = {"first": 2, "every": 4, "updates": 10}
    both = averaged_weights([0.5], seeds=[3, 8], **settings)
    np.testing.assert_array_equal(both.loss, averaged_weights([0.5], seeds=[3, 8], **settings).loss)
    alone = averaged_weights([0.5], seeds=[8], **settings)
    np.testing.assert_allclose(alone.loss[..., 0], both.loss[..., 1], atol=1e-9)
