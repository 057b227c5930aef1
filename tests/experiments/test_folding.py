"""Folding: the copy computes the same, with nothing left of BN; and the places where it does not.

Times depend on the machine: what is tested of them is their form.
"""

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.experiments.folding import (
    NETS,
    after_nonlinearity,
    before_convolution,
    folded,
    in_train_mode,
    measure_folding,
    time_folding,
    trained,
)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize(("precision", "share"), [("float32", 1e-5), ("float64", 1e-13)])
def test_only_rounding_is_left_of_the_difference(net, precision, share):
    found = measure_folding(net, precision)
    assert 0 < found.largest_difference < share * found.largest_logit
    assert found.same_labels


@pytest.mark.parametrize("net", NETS)
def test_the_layers_are_gone_and_so_are_their_numbers(net):
    found, model = measure_folding(net, "float32"), trained(net, "float32")
    channels = [m.num_features for m in model if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    assert found.layers == (len(model), len(model) - len(channels))
    # gamma and beta go, and a bias comes; two running statistics and a count go.
    assert found.parameters[0] - found.parameters[1] == sum(channels)
    assert found.buffers == (2 * sum(channels) + len(channels), 0)


def test_the_model_itself_is_not_changed():
    model = trained("mlp", "float64")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    copy = folded(model)
    with torch.no_grad():
        for parameter in copy.parameters():
            parameter.zero_()
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_bias_in_front_of_the_bn_is_scaled_too():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2, eps=0.1)).double()
    model(3 * torch.randn(20, 3, dtype=torch.float64))
    nn.init.uniform_(model[1].weight, 0.5, 2)
    x = torch.randn(5, 3, dtype=torch.float64)
    model.eval()
    torch.testing.assert_close(folded(model)(x), model(x))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), "train mode"),
        (nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2)).eval(), "right after.*nothing"),
        (nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.BatchNorm1d(2)).eval(), "right after.*ReLU"),
        (
            nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2, track_running_stats=False)).eval(),
            "no running statistics",
        ),
    ],
)
def test_what_cannot_be_folded_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        folded(model)


def test_a_bn_in_train_mode_alone_is_refused_too():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).eval()
    model[1].train()
    with pytest.raises(ValueError, match="train mode"):
        folded(model)


@pytest.mark.parametrize("seed", range(5))
def test_before_a_padded_convolution_the_border_goes_wrong_and_nothing_else(seed):
    found = before_convolution(seed)
    assert max(found.unpadded, found.interior) < 1e-12 * found.largest_output
    assert found.border > 0.1 * found.largest_output
    assert found.border_of_means < 1e-12 * found.largest_output


@pytest.mark.parametrize("net", NETS)
def test_in_train_mode_an_answer_depends_on_the_company(net):
    found = in_train_mode(net)
    assert found.difference > 0.1
    assert found.other_companions > 0.01
    # Zero, but for how a matrix product may order its sums.
    assert found.folded_other_companions < 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_after_a_nonlinearity_it_folds_forwards_only(seed):
    found = after_nonlinearity(seed)
    assert found.into_next < 1e-12 * found.largest_output
    assert found.into_previous > 0.1 * found.largest_output


def test_times_are_ratios_with_quartiles():
    found = time_folding("mlp", (1, 8), seconds=0.1)
    assert found.batch_sizes.tolist() == [1, 8]
    assert found.quartiles.shape == (3, 2)
    assert found.milliseconds.shape == (2, 2)
    assert np.all(found.milliseconds > 0)
    assert np.all(found.quartiles > 0)
    assert np.all(np.diff(found.quartiles, axis=0) >= 0)


def test_twice_gives_the_same_and_leaves_torch_as_it_was():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    assert measure_folding("mlp", "float64") == measure_folding("mlp", "float64")
    assert before_convolution() == before_convolution()
    assert after_nonlinearity() == after_nonlinearity()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
