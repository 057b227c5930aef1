"""Exercises 5.1, 5.2 and 5.5 to 5.9 with answers as learners write them."""

import math
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.check import judge_answer
from bncourse.grading.verdict import Status
from bncourse.registry import find
from bncourse.tasks.inference.recalibrate_runs import AFTER, BEFORE, TRAINING


@cache
def drawn(key, seed):
    return find(key).draw(seed)[0].args[0]


@pytest.mark.parametrize("seed", range(5))
def test_one_batch_later_is_what_pytorch_does(seed):
    p = drawn("5.1", seed)
    layer = nn.BatchNorm1d(1, eps=1e-12, dtype=torch.float64)
    layer(torch.tensor(p["x"])[:, None])
    out = layer.eval()(torch.tensor([[p["value"]]], dtype=torch.float64)).item()
    wanted = find("5.1").reference(p)
    assert wanted["torch_mean"] == pytest.approx(layer.running_mean.item())
    assert wanted["torch_var"] == pytest.approx(layer.running_var.item())
    assert wanted["eval_output"] == pytest.approx(out)
    k, old = int(wanted["batches"]), 1 - p["momentum"]
    assert old**k < 0.01 <= old ** (k - 1)


def test_the_worked_example_of_one_batch_later_is_right():
    p = {"x": np.array([1.0, 3, 5, 7, 9]), "value": 12.0, "momentum": 0.1}
    wanted = {n: round(float(v), 3) for n, v in find("5.1").reference(p).items()}
    assert wanted == {
        "torch_mean": 0.5, "torch_var": 1.9, "eval_output": 8.343,
        "keras_mean": 0.05, "keras_var": 1.07, "batches": 44,
    }  # fmt: skip


def test_two_slips_in_two_layers_are_both_named():
    # The judge's own cases come from the learner's name, so the answer is made from them.
    task = find("5.1")
    verdicts = []
    for seed in range(3):
        p = drawn("5.1", seed)
        answer = {n: float(v) for n, v in task.reference(p).items()}
        for key in ("biased stored", "Keras reversed"):
            answer |= {n: float(v) for n, v in task.misconception(key).wrong(p).items()
                       if not np.isclose(v, task.reference(p)[n])}  # fmt: skip
        verdicts.append(judged(task, answer, seed))
    assert all(set(v.misconceptions) == {"biased stored", "Keras reversed"} for v in verdicts)
    assert all(v.credit == pytest.approx(2 / 6) for v in verdicts)


def judged(task, answer, seed):
    from bncourse.grading.judge import judge
    from bncourse.grading.run_local import run_cases

    cases = task.draw(seed)
    return judge(task, cases, run_cases(task, answer, cases), seed)


RULES = {
    "torch": lambda r, b, m, n: (1 - m) * r + m * b,
    "keras": lambda r, b, m, n: m * r + (1 - m) * b,
    "cumulative": lambda r, b, m, n: r + (b - r) / n,
}


def by(rules, otherwise=None):
    def update_running(running, batch_stat, momentum, convention, n=None):
        if convention not in rules:
            if otherwise is None:
                raise ValueError(convention)
            return otherwise(running, batch_stat, momentum, n)
        return rules[convention](running, batch_stat, momentum, n)

    return update_running


@pytest.mark.parametrize(
    ("update", "keys"),
    [
        (by(RULES), set()),
        (by({**RULES, "torch": RULES["keras"]}), {"all by Keras"}),
        (by({**RULES, "keras": RULES["torch"]}), {"all by PyTorch"}),
        (by({**RULES, "torch": RULES["keras"], "keras": RULES["torch"]}), {"exchanged"}),
        (by({**RULES, "cumulative": lambda r, b, m, n: r + (b - r) / (n + 1)}),
         {"n without this batch"}),
        (by({**RULES, "cumulative": lambda r, b, m, n: (r + b) / 2}), {"plain average of two"}),
        (by(RULES, lambda r, b, m, n: b), {"unknown accepted"}),
        (lambda r, b, m, c, n=None: RULES[c](r, b, m, n), {"refused by chance"}),
        (by({**RULES, "torch": RULES["keras"], "cumulative": RULES["torch"]}),
         {"all by Keras", "plain average by PyTorch's rule"}),
    ],
)  # fmt: skip
def test_a_slip_in_a_running_average_is_named(update, keys):
    assert set(judge_answer(find("5.2"), update).misconceptions) == keys


def test_an_average_written_into_its_input_is_told():
    def update(running, batch_stat, momentum, convention, n=None):
        weight = {"torch": momentum, "keras": 1 - momentum}.get(convention, 1 / (n or 1))
        if convention not in RULES:
            raise ValueError
        running += weight * (batch_stat - running)
        return running

    assert judge_answer(find("5.2"), update).misconceptions == ("changes its input",)


def test_the_plain_average_is_the_mean_and_the_library_agrees():
    reference = find("5.2").reference
    batches = np.random.default_rng(0).normal(0, 1, (9, 3))
    average = np.zeros(3)
    for n, batch in enumerate(batches, 1):
        average = reference(average, batch, None, "cumulative", n)
    np.testing.assert_allclose(average, batches.mean(axis=0))
    layer = nn.BatchNorm1d(3, momentum=0.3, dtype=torch.float64)
    layer(torch.tensor(batches))
    mean = reference(np.zeros(3), batches.mean(axis=0), 0.3, "torch")
    np.testing.assert_allclose(layer.running_mean.numpy(), mean)


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 3, 2)])
def test_a_folded_layer_does_what_pytorchs_two_layers_do(shape):
    rng = np.random.default_rng(1)
    units = shape[0]
    W, b = rng.normal(0, 1, shape), rng.normal(0, 1, units)
    gamma, beta, mean = rng.normal(0, 1, (3, units))
    var = rng.uniform(0.1, 2, units)
    W2, b2 = (torch.tensor(a) for a in find("5.5").reference(W, b, gamma, beta, mean, var, 1e-3))
    x = torch.tensor(rng.normal(0, 1, (5, 3) if len(shape) == 2 else (5, 3, 6, 6)))
    apply = nn.functional.linear if len(shape) == 2 else nn.functional.conv2d
    two = nn.functional.batch_norm(
        apply(x, torch.tensor(W), torch.tensor(b)),
        *(torch.tensor(a) for a in (mean, var, gamma, beta)),
        eps=1e-3,
    )
    np.testing.assert_allclose(apply(x, W2, b2).numpy(), two.numpy(), atol=1e-10)


def folded(scale="column", shift=lambda s, b, beta, mean: s * (b - mean) + beta, none=True):
    def fold_bn(W, b, gamma, beta, mean, var, eps):
        s = gamma / np.sqrt(var + eps)
        W2 = {"column": lambda: (W.T * s).T, "plain": lambda: W * s,
              "row": lambda: s[:, None] * W}[scale]()  # fmt: skip
        b = 0 if b is None and none else b
        return W2, shift(s, b, beta, mean)

    return fold_bn


@pytest.mark.parametrize(
    ("fold", "keys"),
    [
        (folded(), set()),
        (folded("plain"), {"scaled along the last axis"}),
        (folded("row"), {"tables only"}),
        (folded(none=False), {"None in the sum"}),
        (folded(shift=lambda s, b, beta, mean: b - s * mean + beta), {"bias not scaled"}),
        (folded(shift=lambda s, b, beta, mean: beta - s * mean), {"bias dropped"}),
        (folded("row", lambda s, b, beta, mean: s * (b - mean)),
         {"tables only", "beta forgotten"}),
    ],
)  # fmt: skip
def test_a_slip_in_folding_is_named(fold, keys):
    assert set(judge_answer(find("5.5"), fold).misconceptions) == keys


def test_a_square_table_shows_the_wrong_axis_as_numbers_not_as_an_error():
    task = find("5.5")
    square = next(c for c in task.draw(0) if c.label == "as many inputs as units")
    W2, _ = folded("plain")(*square.args)
    assert W2.shape == (3, 3) and not np.allclose(W2, task.reference(*square.args)[0])


def test_folding_in_place_is_told():
    def fold(W, b, gamma, beta, mean, var, eps):
        s = gamma / np.sqrt(var + eps)
        b2 = s * ((0 if b is None else b) - mean) + beta
        for o in range(len(W)):
            W[o] *= s[o]
        return W, b2

    assert judge_answer(find("5.5"), fold).misconceptions == ("changes its input",)


@pytest.mark.parametrize("seed", range(6))
def test_the_two_logs_show_what_the_question_says(seed):
    p = drawn("5.6", seed)
    stale, overfit = p["stale"], p["overfit"]
    assert stale[-1, AFTER] - stale[-1, BEFORE] > 15 and stale[-1, TRAINING] > 90
    assert abs(overfit[-1, AFTER] - overfit[-1, BEFORE]) < 1
    assert overfit[-1, TRAINING] - overfit[-1, BEFORE] > 10
    assert overfit[:, BEFORE].max() - overfit[-1, BEFORE] > 2
    wanted = find("5.6").reference(p)
    weights = np.cumprod(np.full(2000, p["momentum"]))
    assert wanted["weight"] == pytest.approx(100 * weights[p["updates"] - 1])
    assert wanted["batches"] == int((weights >= 0.01).sum()) + 1


def test_the_logs_are_in_the_order_that_the_answer_says():
    task = find("5.6")
    for seed in range(6):
        p = drawn("5.6", seed)
        row = next(r for r in task.form.question(p).splitlines() if r.startswith("| 6 |"))
        numbers = [float(v) for v in row.strip("| ").split("|")][1:]
        first, second = numbers[:3], numbers[3:]
        stale = second if p["stale_is"] else first
        assert stale == list(p["stale"][-1])
    assert {drawn("5.6", seed)["stale_is"] for seed in range(6)} == {0, 1}


def test_pooled_statistics_are_those_of_all_samples():
    rng = np.random.default_rng(2)
    batches = [rng.normal(rng.normal(0, 3), 1, (n, 2)) for n in (7, 7, 3)]
    means = np.array([b.mean(axis=0) for b in batches])
    variances = np.array([b.var(axis=0) for b in batches])
    mean, var = find("5.7").reference(means, variances, np.array([7, 7, 3]))
    everything = np.concatenate(batches)
    np.testing.assert_allclose(mean, everything.mean(axis=0))
    np.testing.assert_allclose(var, everything.var(axis=0))


@pytest.mark.parametrize(
    ("pool", "key"),
    [
        (lambda m, v, n: (m.mean(0), v.mean(0)), "plain averages"),
        (lambda m, v, n: (m.mean(0), v.mean(0) + m.var(0)), "sizes not used"),
        (lambda m, v, n: (np.average(m, 0, n), np.average(v, 0, n)),
         "nothing between the batches"),
        (lambda m, v, n: (np.average(m, 0, n), np.average(v, 0, n) + m.var(0)),
         "spread of means unweighted"),
    ],
)  # fmt: skip
def test_a_slip_in_pooling_is_named(pool, key):
    def typed(means, variances, sizes):
        return tuple(a.astype(means.dtype) for a in pool(means, variances, sizes))

    assert judge_answer(find("5.7"), typed).misconceptions == (key,)


def test_what_the_sentences_say_about_pytorch_is_so():
    x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0)) + 5
    watched = nn.BatchNorm1d(3)
    with torch.no_grad():
        watched(x)
    assert watched.running_mean.abs().min() > 0.4
    frozen = nn.BatchNorm1d(3).requires_grad_(False)
    frozen(x)
    assert torch.equal(frozen.running_mean, watched.running_mean)
    still = nn.BatchNorm1d(3, momentum=0.0)
    still(x)
    assert still.running_mean.tolist() == [0, 0, 0] and still.running_var.tolist() == [1, 1, 1]
    row = watched.eval()(x[:1])
    assert torch.allclose(row, watched(x)[:1])
    net = nn.Sequential(nn.BatchNorm1d(3)).eval()
    net.train()(x)
    assert torch.equal(net[0].running_mean, watched.running_mean)
    bad = nn.BatchNorm1d(3)
    bad(torch.full((2, 3), math.nan))
    for _ in range(5):
        assert bad.train()(x).isfinite().all()
    assert bad.running_mean.isnan().all()
    again = nn.BatchNorm1d(3)
    wanted = x.clone().requires_grad_()
    torch.utils.checkpoint.checkpoint(again, wanted, use_reentrant=False).sum().backward()
    assert torch.allclose(again.running_mean, 0.19 * x.mean(0))


def test_an_untouched_form_is_not_started():
    for key in ("5.1", "5.6", "5.8", "5.9"):
        assert judge_answer(find(key), find(key).stub).status is Status.NOT_STARTED
