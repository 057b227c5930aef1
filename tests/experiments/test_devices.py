"""Batch norm over two devices: the right way on two processes, and what the wrong ways lose."""

import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from bncourse.experiments import devices
from bncourse.experiments.devices import DevicesError, big_batch, draw_batch, measure_two_devices


@pytest.fixture(scope="module")
def measured():
    return {found.dtype: found for found in measure_two_devices()}


@pytest.mark.parametrize(("dtype", "rounding"), [("float64", 1e-14), ("float32", 5e-6)])
def test_two_processes_give_what_one_big_batch_gives(measured, dtype, rounding):
    found = measured[dtype]
    assert found.sizes == (8, 16) and found.count == 24
    for gap in (found.mean_gap, found.variance_gap, found.forward_gap):
        assert gap < rounding
    assert set(found.gradient_gaps) == {"dx", "dW", "dgamma", "dbeta"}
    assert max(found.gradient_gaps.values()) < rounding
    assert found.mean.dtype == dtype


def test_the_statistics_are_those_of_the_shards_together(measured):
    found, z = measured["float64"], draw_batch(0)
    z = z["x"] @ z["W"]
    np.testing.assert_allclose(found.means, [z[:8].mean(0), z[8:].mean(0)])
    np.testing.assert_allclose(found.variances, [z[:8].var(0), z[8:].var(0)])
    share = np.array([[8], [16]]) / 24
    between = (share * (found.means - found.mean) ** 2).sum(0)
    np.testing.assert_allclose(found.variance, (share * found.variances).sum(0) + between)
    assert (between > 0.1 * found.variance).sum() >= 2  # the devices' means do differ


def test_without_the_way_back_the_output_is_right_and_the_gradient_is_not(measured):
    found = measured["float64"]
    assert found.one_way_gaps["dW"] > 0.1 and found.one_way_gaps["dx"] > 0.05
    # gamma and beta come after the statistics: their gradients do not pass through them.
    assert max(found.one_way_gaps[name] for name in ("dgamma", "dbeta")) < 1e-14
    assert found.alone_forward_gap > 0.1
    assert min(found.alone_gaps.values()) > 0.05


def test_the_big_batch_is_torchs_own_layer():
    batch = draw_batch(3)
    found = big_batch(batch, "float64")
    layer = torch.nn.BatchNorm1d(4, dtype=torch.float64)
    with torch.no_grad():
        layer.weight[:], layer.bias[:] = (torch.from_numpy(batch[n]) for n in ("gamma", "beta"))
    y = layer(torch.from_numpy(batch["x"] @ batch["W"]))
    np.testing.assert_allclose(found["y"], y.detach().numpy())


def test_a_torch_without_gloo_is_told_before_anything_is_started(monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_gloo_available", lambda: False)
    monkeypatch.setattr(devices, "_run_workers", lambda *a: pytest.fail("started"))
    with pytest.raises(DevicesError, match="gloo"):
        measure_two_devices()


@pytest.fixture
def a_stand_in(monkeypatch):
    """Let both processes run some code instead, and say which were started."""
    real, started = subprocess.Popen, []

    def stand_in(code):
        def popen(command, **rest):
            started.append(real([sys.executable, "-c", code, *command[3:]], **rest))
            return started[-1]

        monkeypatch.setattr(devices.subprocess, "Popen", popen)
        return started

    return stand_in


def test_a_device_that_fails_is_told_and_the_other_is_not_left_running(a_stand_in):
    code = "import sys, time\nif sys.argv[2] == '1': raise ValueError('no room')\ntime.sleep(60)"
    started = a_stand_in(code)
    with pytest.raises(DevicesError, match="device 1 failed: ValueError: no room"):
        measure_two_devices()
    assert len(started) == 2 and all(p.poll() is not None for p in started)


def test_nobody_waits_for_ever(a_stand_in):
    started = a_stand_in("import time; time.sleep(60)")
    before = time.monotonic()
    with pytest.raises(DevicesError, match=r"within 0\.2 s"):
        measure_two_devices(patience=0.2)
    assert all(p.poll() is not None for p in started) and time.monotonic() - before < 30
