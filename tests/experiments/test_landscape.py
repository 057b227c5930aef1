"""The measures of smoothness are what they say, and what was stored tells where BN is smoother."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.landscape import (
    CHECKPOINTS,
    COMMON_RATES,
    FACTORS,
    STEPS,
    _curvature,
    load_landscape,
    measure_run,
    probe,
    rescaled,
)
from bncourse.experiments.probing import (
    NETS,
    SEEDS,
    UPDATES,
    Probes,
    build,
    gradients,
    own_rate,
    probing,
)
from bncourse.experiments.training import build_mlp


@pytest.fixture(scope="module")
def record():
    return load_landscape()


def test_the_measures_against_a_walk_written_out():
    x, y = Probes((0,)).batch()
    found = probe(build("ReLU", True, (0,)), x, y, rate=0.3)
    _, grads = gradients(build("ReLU", True, (0,)), x, y)
    flat = np.concatenate([g.flatten().numpy() for g in grads])
    losses, slopes = {}, {}
    for length in (0.0, 0.3, *STEPS):
        model = build("ReLU", True, (0,))
        with torch.no_grad():
            for parameter, gradient in zip(model.parameters(), grads, strict=True):
                parameter -= length * gradient
        loss, there = gradients(model, x, y)
        losses[length] = loss[0]
        slopes[length] = np.concatenate([g.flatten().numpy() for g in there])
    along = [losses[length] for length in (0.0, *STEPS)]
    assert found["loss"] == pytest.approx(losses[0.0])
    assert found["loss_range"] == pytest.approx(max(along) - min(along))
    changes = np.array([np.linalg.norm(slopes[length] - flat) for length in STEPS])
    assert found["gradient_change"] == pytest.approx(changes.max())
    walked = np.array(STEPS) * np.linalg.norm(flat)
    assert found["beta"] == pytest.approx((changes / walked).max())
    product = flat @ slopes[0.3] / np.linalg.norm(flat) / np.linalg.norm(slopes[0.3])
    assert found["cosine"] == pytest.approx(product)
    assert found["kept"] == pytest.approx((losses[0.0] - losses[0.3]) / (0.3 * flat @ flat))


def test_a_tiny_step_keeps_what_the_gradient_promises():
    found = probe(build("sigmoid", True, (0, 1)), *Probes((0, 1)).batch(), rate=1e-6)
    np.testing.assert_allclose(found["kept"], 1, atol=1e-4)
    np.testing.assert_allclose(found["cosine"], 1, atol=1e-6)


def test_a_probe_leaves_the_running_statistics_alone():
    model = build("ReLU", True, (0,))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    probe(model, *Probes((0,)).batch(), rate=0.1)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_everything_was_measured(record):
    assert record.seeds == SEEDS
    best = {(net, with_bn, own_rate(net, with_bn)) for net in NETS for with_bn in (False, True)}
    assert set(record.best) == best
    common = {(n, b, rate) for n in NETS for b in (False, True) for rate in COMMON_RATES[n]}
    assert {(run.net, run.with_bn, run.rate) for run in record.runs} == best | common
    for run in record.runs:
        assert run.updates[-1] == UPDATES[run.net]
        assert run.beta.shape == run.accuracy.shape == (CHECKPOINTS, len(SEEDS))
        assert np.isfinite(run.beta).all()
    assert len((results.files("bncourse.results") / "landscape.json").read_text()) < 60_000


def test_the_relu_net_is_smoother_with_bn_by_every_measure(record):
    for rate in (0.1, None):
        without, with_bn = record.run("ReLU", False, rate), record.run("ReLU", True, rate)
        for name, factor in (("loss_range", 5), ("gradient_change", 5), ("beta", 1.5)):
            ratio = without.typical(name).mean() / with_bn.typical(name).mean()
            assert ratio > factor, (name, ratio)
        assert with_bn.typical("cosine").min() > without.typical("cosine").max()


def test_the_sigmoid_net_is_not_smoother_with_bn_though_it_learns_sooner(record):
    own = [record.run("sigmoid", with_bn) for with_bn in (False, True)]
    assert own[1].typical("beta").min() > 1.5 * own[0].typical("beta").max()
    same = [record.run("sigmoid", with_bn, 0.5) for with_bn in (False, True)]
    assert abs(same[1].typical("beta").mean() - same[0].typical("beta").mean()) < 0.8
    for without, with_bn in (own, same):
        assert with_bn.accuracy.mean() > without.accuracy.mean() + 0.25
        # What does go with it: the gradient still holds after the step really taken.
        assert with_bn.typical("cosine").mean() > without.typical("cosine").mean() + 0.3


def test_a_net_that_does_not_learn_looks_smooth(record):
    stuck = record.run("sigmoid", False)
    early = slice(1, 4)
    assert stuck.accuracy[early].mean() < 0.2
    assert np.median(stuck.beta[early]) < 1
    assert np.median(stuck.cosine[early]) > 0.8


def test_longer_weights_make_the_same_function_with_less_curvature(record):
    scaled = record.rescaled
    np.testing.assert_array_equal(scaled.factors, FACTORS)
    for k, factor in enumerate(scaled.factors):
        np.testing.assert_allclose(scaled.loss[k], scaled.loss[0], rtol=1e-3)
        np.testing.assert_allclose(scaled.largest[k], scaled.largest[0] / factor**2, rtol=1e-3)
    assert (scaled.beta[1] < 0.6 * scaled.beta[0]).all()


def test_the_curvature_falls_by_the_square_of_the_factor_exactly():
    found = rescaled(seeds=(0,), factors=(1.0, 3.0), updates=5, iterations=4)
    np.testing.assert_allclose(found.loss[1], found.loss[0], rtol=1e-10)
    np.testing.assert_allclose(found.largest[0] / found.largest[1], 9, rtol=1e-8)


def test_the_largest_curvature_is_that_of_the_whole_hessian():
    rng = np.random.default_rng(0)
    sizes, seeds = (4, 3, 2), (0, 1)
    model = build_mlp(sizes, seeds, activation="sigmoid", init="he", norm="batch")
    x = torch.from_numpy(rng.normal(size=(2, 30, 4)))
    y = torch.from_numpy(rng.integers(2, size=(2, 30)))
    weight = model[0].weight
    with probing(model):
        _, largest, _ = _curvature(model, [weight], x, y, iterations=500)
    h, columns = 1e-5, []
    for k in range(12):
        ends = []
        for sign in (1, -1):
            with torch.no_grad():
                weight.view(2, 12)[:, k] += sign * h
            ends.append(gradients(model, x, y)[1][0].view(2, 12))
            with torch.no_grad():
                weight.view(2, 12)[:, k] -= sign * h
        columns.append((ends[0] - ends[1]) / (2 * h))
    for seed in range(2):
        eigenvalues = np.linalg.eigvalsh(torch.stack(columns)[:, seed].numpy())
        assert largest[seed] == pytest.approx(eigenvalues[np.abs(eigenvalues).argmax()], rel=1e-3)


@pytest.mark.parametrize(("net", "with_bn"), [("ReLU", False), ("ReLU", True), ("sigmoid", True)])
def test_a_slice_of_the_stored_runs_can_be_measured_again(record, net, with_bn):
    (rate,) = COMMON_RATES[net]
    stored = record.run(net, with_bn, rate)
    count = 2 if net == "ReLU" else 1
    again = measure_run(net, with_bn, rate, SEEDS[:2], stored.updates[:count])
    for name in ("accuracy", "loss", "loss_range", "gradient_change", "beta", "cosine", "kept"):
        np.testing.assert_allclose(
            getattr(again, name), getattr(stored, name)[:count, :2], rtol=0.02, atol=0.005,
            err_msg=name,
        )  # fmt: skip
