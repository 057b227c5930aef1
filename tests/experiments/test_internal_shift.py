"""Both definitions do what they say, and the stored measurements tell where BN changes them."""

import numpy as np
import pytest
import torch

from bncourse import results
from bncourse.experiments.internal_shift import (
    CHECKPOINTS,
    COMMON_RATES,
    frozen_shifts,
    gradient_shift,
    layer_inputs,
    load_internal_shift,
    mean_shift,
    measure_run,
    reshaping,
)
from bncourse.experiments.probing import NETS, SEEDS, UPDATES, Probes, build, gradients, own_rate
from bncourse.experiments.training import StackedLinear


@pytest.fixture(scope="module")
def record():
    return load_internal_shift()


def standard(*shape):
    return torch.from_numpy(np.random.default_rng(0).normal(5, 2, shape))


def test_drift_and_reshaping_of_known_changes():
    before = standard(2, 400, 3)
    sd = before.std(dim=1, correction=0, keepdim=True)
    middle = before.mean(dim=1, keepdim=True)
    np.testing.assert_allclose(mean_shift([before], [before + 0.3 * sd]), 0.3)
    np.testing.assert_allclose(reshaping([before], [before + 0.3 * sd]), 0.3)
    # Stretched about its mean by a tenth: no drift, but values move by a tenth of |z| on average.
    stretched = middle + 1.1 * (before - middle)
    np.testing.assert_allclose(mean_shift([before], [stretched]), 0, atol=1e-12)
    np.testing.assert_allclose(reshaping([before], [stretched]), 0.1 * np.sqrt(2 / np.pi), rtol=0.1)
    # The same values in another order are the same distribution.
    assert (reshaping([before], [before.flip(1)]) == 0).all()


def test_a_hidden_unit_is_seen_before_and_behind_its_bn():
    x = Probes((0, 1)).batch()[0]
    for with_bn in (False, True):
        into_bn, out = layer_inputs(build("ReLU", with_bn, (0, 1)), x)
        assert len(into_bn) == len(out) == 5
        assert all(torch.equal(a, b) for a, b in zip(into_bn, out, strict=True)) != with_bn
        if with_bn:
            assert max(float(layer.mean(dim=1).abs().max()) for layer in out) < 1e-12


def test_gradient_shift_against_the_definition_written_out():
    x, y = Probes((0,)).batch()
    rate = 0.3
    apart, size, cosine = gradient_shift(build("sigmoid", True, (0,)), x, y, rate)
    model = build("sigmoid", True, (0,))
    _, grads = gradients(model, x, y)
    linears = [m for m in model if isinstance(m, StackedLinear)]
    names = [name for name, _ in model.named_parameters()]
    modules = [int(name.split(".")[0]) for name in names]
    for layer in range(1, len(linears)):
        moved = build("sigmoid", True, (0,))
        place = next(k for k, m in enumerate(model) if m is linears[layer])
        with torch.no_grad():
            for module, parameter, gradient in zip(modules, moved.parameters(), grads, strict=True):
                if module < place:
                    parameter.sub_(rate * gradient)
        k = modules.index(place)
        g, g_after = grads[k], gradients(moved, x, y)[1][k]
        assert apart[layer - 1, 0] == pytest.approx(float((g - g_after).norm()))
        assert size[layer - 1, 0] == pytest.approx(float(g.norm()))
        product = float((g * g_after).sum() / g.norm() / g_after.norm())
        assert cosine[layer - 1, 0] == pytest.approx(product)


def test_everything_was_measured(record):
    assert record.seeds == SEEDS and set(record.best) == {
        (net, with_bn, own_rate(net, with_bn)) for net in NETS for with_bn in (False, True)
    }
    keys = {(run.net, run.with_bn, run.rate) for run in record.runs}
    common = {(n, b, rate) for n in NETS for b in (False, True) for rate in COMMON_RATES[n]}
    assert keys == common | set(record.best)
    for run in record.runs:
        assert run.updates[-1] == UPDATES[run.net] and len(run.updates) == CHECKPOINTS
        assert run.accuracy.shape == (CHECKPOINTS, len(SEEDS))
        assert run.drift_out.shape == run.cosine.shape == (len(SEEDS),)
        assert run.relative_by_layer.shape == (len(NETS[run.net]["sizes"]) - 2,)
    assert len((results.files("bncourse.results") / "internal_shift.json").read_text()) < 60_000


def test_by_the_first_definition_bn_lowers_the_shift_in_every_net(record):
    for net, rates in COMMON_RATES.items():
        for rate in (*rates, None):
            without, with_bn = record.run(net, False, rate), record.run(net, True, rate)
            assert with_bn.drift_in.max() < 0.2 * without.drift_in.min()
            assert with_bn.drift_out.max() < with_bn.drift_in.min()
            assert with_bn.reshaping_out.max() < 0.3 * without.reshaping_out.min()
            # Behind BN the mean is fixed but for beta; the shape is not.
            assert (with_bn.reshaping_out > 5 * with_bn.drift_out).all()


def test_without_bn_there_is_one_place_to_look_at(record):
    for run in record.runs:
        if not run.with_bn:
            np.testing.assert_array_equal(run.drift_in, run.drift_out)


def test_by_the_second_definition_it_depends(record):
    # ReLUs at a common rate: lower with BN. At own best rates: no clear difference.
    without, with_bn = record.run("ReLU", False, 0.1), record.run("ReLU", True, 0.1)
    assert with_bn.relative.max() < 0.7 * without.relative.min()
    own = record.run("ReLU", True).relative - record.run("ReLU", False).relative
    assert abs(own.mean()) < 0.2
    # Sigmoids at a common rate, while the net without BN is stuck: far higher with BN.
    without, with_bn = record.run("sigmoid", False, 0.5), record.run("sigmoid", True, 0.5)
    early = slice(1, 6)
    stuck = without.accuracy[early].mean()
    assert stuck < 0.3 and with_bn.accuracy[early].mean() > 0.85
    assert (with_bn.relative_course[early] > 10 * without.relative_course[early]).all()


def test_within_an_arm_the_second_shift_grows_with_the_rate_and_so_does_accuracy(record):
    for with_bn in (False, True):
        runs = [record.run("ReLU", with_bn, rate) for rate in COMMON_RATES["ReLU"]]
        shifts = [run.relative.mean() for run in runs]
        assert shifts == sorted(shifts)
        assert runs[0].accuracy[-1].mean() < runs[1].accuracy[-1].mean()


def test_frozen_weights_have_no_shift_though_data_and_initialisation_are_random(record):
    assert len(record.frozen) == 4
    for shifts in record.frozen:
        assert (shifts.update == 0).all() and (shifts.gradient == 0).all()
        assert shifts.batch.min() > 0.02
        assert shifts.initialisation.min() > 0.5
        assert shifts.test.min() > 0.2


def test_what_happens_at_test_time_is_another_shift_and_bn_does_not_cure_it(record):
    lost = {s.with_bn: s.accuracy - s.accuracy_dark for s in record.frozen if s.net == "ReLU"}
    assert lost[True].min() > 0.05  # judged by the running statistics of bright images
    assert np.abs(lost[False]).max() < 0.03


def test_frozen_shifts_can_be_measured_again(record):
    again = frozen_shifts("ReLU", True, SEEDS[:1])
    stored = next(s for s in record.frozen if (s.net, s.with_bn) == ("ReLU", True))
    assert again.update == again.gradient == 0
    for name in ("batch", "initialisation", "test"):
        np.testing.assert_allclose(getattr(again, name), getattr(stored, name)[:1], rtol=0.02)
    np.testing.assert_allclose(again.accuracy_dark, stored.accuracy_dark[:1], atol=0.03)


@pytest.mark.parametrize("with_bn", [False, True])
def test_a_slice_of_the_stored_runs_can_be_measured_again(record, with_bn):
    stored = record.run("ReLU", with_bn, 0.1)
    again = measure_run("ReLU", with_bn, 0.1, SEEDS, stored.updates[:2])
    # Both are medians over all seeds, of the first checkpoints only; stored to four digits.
    np.testing.assert_allclose(again.accuracy, stored.accuracy[:2], atol=0.011)
    np.testing.assert_allclose(again.relative_course, stored.relative_course[:2], rtol=0.01)
    np.testing.assert_allclose(again.drift_course, stored.drift_course[:2], rtol=0.01)
