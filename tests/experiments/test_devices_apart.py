"""Gradients of devices that are not synchronised, or by halves."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bncourse.data import load_digits
from bncourse.experiments.devices_apart import (
    SHARDS,
    WAYS,
    _build,
    _deal,
    _outputs,
    _weight_gradient,
    measure_buffers_only,
    measure_gradients_apart,
)


@pytest.fixture(scope="module", params=[False, True], ids=["random", "sorted"])
def found(request):
    return measure_gradients_apart(sorted_by_class=request.param)


def test_only_the_right_way_gives_the_big_batchs_gradient(found):
    assert found.synchronised.max() < 1e-13
    for way in WAYS:
        assert found.difference[way].min() > (0.01 if way == "averaged" else 0.2)
        assert found.cosine[way].max() < (1 if way == "averaged" else 0.99)


def test_averaged_variances_harm_output_and_gradient_most_where_the_devices_differ():
    dealt, by_class = (measure_gradients_apart(sorted_by_class=s) for s in (False, True))
    for part in ("difference", "output_difference"):
        assert (getattr(by_class, part)["averaged"] > getattr(dealt, part)["averaged"]).all()
        # Averages are nearer to the truth than each device's own numbers.
        for found in (dealt, by_class):
            assert (getattr(found, part)["averaged"] < getattr(found, part)["alone"]).all()
    assert (by_class.output_difference["averaged"] > 0.01).all()


def test_outputs_apart_are_torchs():
    x, _ = _deal(load_digits(), 0, sorted_by_class=True)
    net, found = _build(0), _outputs(load_digits(), 0, True)
    with torch.no_grad():
        z = net[0](x)
        assert torch.allclose(found["big"], net[1](z))
        assert torch.allclose(found["alone"], torch.cat([net[1](part) for part in z.split(SHARDS)]))
    n, mean = torch.tensor(SHARDS) / sum(SHARDS), z.mean(0)
    var = sum(k * part.var(0, correction=0) for k, part in zip(n, z.split(SHARDS), strict=True))
    assert torch.allclose(found["averaged"], (z - mean) / torch.sqrt(var + 1e-5))


def test_half_a_synchronisation_is_further_off_than_none(found):
    paired = found.difference["forward only"] - found.difference["alone"]
    assert (paired > 0).sum() >= 9
    assert (found.difference["constants"] > found.difference["forward only"]).all()


def test_different_classes_on_the_devices_make_it_worse():
    dealt, by_class = (measure_gradients_apart(sorted_by_class=s) for s in (False, True))
    assert by_class.difference["alone"].mean() > 1.15 * dealt.difference["alone"].mean()


def test_the_gradient_of_one_device_is_that_of_autograd():
    x, y = _deal(load_digits(), 0, sorted_by_class=False)
    net = _build(0)
    loss = F.cross_entropy(net(x), y)
    (wanted,) = torch.autograd.grad(loss, net[0].weight)
    assert torch.allclose(_weight_gradient([net], [x], [y]), wanted)


def test_sorted_shards_share_at_most_one_class():
    _, y = _deal(load_digits(), 4, sorted_by_class=True)
    first, second = (set(part.tolist()) for part in y.split((8, 16)))
    assert len(first & second) <= 1


def test_averaged_buffers_mend_the_evaluation_and_nothing_else():
    found = measure_buffers_only()
    assert found.eval_gap_before > 0.1 and found.eval_gap_after == 0
    assert found.gradient_change == 0 and found.gradient_difference > 0.3
    assert np.abs(found.variance_ratio - 1).max() > 0.1
