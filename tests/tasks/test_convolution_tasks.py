"""Exercises 6.1 to 6.5 with answers as learners write them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bncourse.check import judge_answer
from bncourse.grading import asked
from bncourse.grading.answers import AnswerError
from bncourse.grading.judge import judge
from bncourse.grading.norms import by_labels, hand_in_norm
from bncourse.grading.run_local import run_cases
from bncourse.grading.verdict import Status
from bncourse.layers import oracles
from bncourse.registry import find
from bncourse.tasks.convolution.equivariance import labels


@pytest.fixture(autouse=True)
def driver(monkeypatch):
    monkeypatch.setitem(asked.DRIVERS, "hand_in_norm", hand_in_norm)


def typed(key, seed=3, **wrong):
    """Judge a form whose fields are right but for these."""
    task = find(key)
    cases = task.draw(seed)
    right = {name: float(v) for name, v in task.reference(*cases[0].args).items()}
    right["why"] = "abcd"[int(right["why"])]
    given = {k: v(cases[0].args[0]) if callable(v) else v for k, v in wrong.items()}
    answer = right | given
    return judge(task, cases, run_cases(task, answer, cases), seed)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"learned": lambda p: 4 * p["C"]}, "4C learned"),
        ({"per_mean": lambda p: p["N"]}, "only the batch averaged"),
        ({"per_mean": lambda p: p["H"] * p["W"]}, "only the places averaged"),
        ({"other_means": lambda p: p["C"]}, "places forgotten"),
        ({"why": "a"}, "less noise as the reason"),
        ({"why": "c"}, "fewer parameters as the reason"),
        (
            {
                "means": lambda p: p["C"] * p["H"] * p["W"],
                "per_mean": lambda p: p["N"],
                "learned": lambda p: 2 * p["C"] * p["H"] * p["W"],
            },
            "one mean per activation",
        ),
        (
            {"means": lambda p: p["N"] * p["C"], "per_mean": lambda p: p["H"] * p["W"]},
            "one mean per image and channel",
        ),
    ],
)
def test_a_slip_in_counting_is_named(wrong, key):
    assert typed("6.1", **wrong).misconceptions == (key,)


def test_the_lessons_own_shape_would_be_right():
    shape = {"N": 32, "C": 64, "H": 28, "W": 28}
    got = {k: int(v) for k, v in find("6.1").reference(shape).items()}
    assert [got[k] for k in ("means", "per_mean", "learned")] == [64, 25088, 128]
    assert [got[k] for k in ("other_means", "other_per_mean")] == [50176, 32]


def by_letters(own, refuse=ValueError):
    def stat_axes(layout, kind):
        if layout not in ("NC", "NCL", "NCHW", "NHWC", "NCDHW") or kind not in own:
            raise refuse(layout)
        return tuple(k for k, letter in enumerate(layout) if letter not in own[kind])

    return stat_axes


def no_letters(layout, kind):
    if layout in ("CHW", "NTC") or kind == "group":
        raise ValueError
    space = tuple(range(2, len(layout)))
    return {"batch": (0, *space), "layer": (1, *space), "instance": space}[kind]


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (by_letters({"batch": "C", "layer": "N", "instance": "NC"}), ()),
        (lambda layout, kind: tuple(
            k for k, letter in enumerate(layout)
            if letter not in {"batch": "C", "layer": "N", "instance": "NC"}[kind]),
         ("a dict's own error",)),
        (lambda layout, kind: tuple(
            k for k, letter in enumerate(layout)
            if letter not in ("C" if kind == "batch" else "N" if kind == "layer" else "NC")),
         ("nothing refused",)),
        (by_letters({"batch": "CLDHW", "layer": "N", "instance": "NC"}),
         ("batch over the samples alone",)),
        (by_letters({"batch": "C", "layer": "NLDHW", "instance": "NC"}),
         ("layer over the channels alone",)),
        (by_letters({"batch": "C", "layer": "N", "instance": "N"}),
         ("instance with the channels",)),
        (no_letters, ("channels always second",)),
    ],
)  # fmt: skip
def test_axes_are_compared_by_what_they_share(answer, keys):
    verdict = judge_answer(find("6.2"), answer)
    assert verdict.misconceptions == keys and verdict.ok == (not keys)


def test_batch_and_layer_swapped_are_both_told():
    swapped = by_letters({"batch": "N", "layer": "C", "instance": "NC"})
    assert set(judge_answer(find("6.2"), swapped).misconceptions) == {
        "batch over channels and places",
        "layer over the batch",
    }


@pytest.mark.parametrize(
    ("axes", "part"),
    [((0, 2, 3), "axis 2 came for NC"), ((0, 0), "came twice"), ((0.0, 1.0), "whole numbers")],
)
def test_axes_that_cannot_be_read_are_refused_in_words(axes, part):
    verdict = judge_answer(find("6.2"), lambda layout, kind: axes)
    assert verdict.status is Status.UNREADABLE and part in verdict.seen[0]


def test_the_axes_reduce_real_tensors_as_torch_does():
    axes = find("6.2").reference
    x = torch.tensor(np.random.default_rng(0).normal(size=(3, 4, 5, 6)))
    plain = x.numpy()
    for kind, layer in (
        ("batch", torch.nn.BatchNorm2d(4, dtype=torch.float64)),
        ("layer", torch.nn.GroupNorm(1, 4, dtype=torch.float64)),
        ("instance", torch.nn.InstanceNorm2d(4, dtype=torch.float64)),
    ):
        over = tuple(axes("NCHW", kind))
        wanted = plain - plain.mean(over, keepdims=True)
        wanted /= np.sqrt(plain.var(over, keepdims=True) + 1e-5)
        np.testing.assert_allclose(layer(x).detach().numpy(), wanted, atol=1e-10)


def forward(axes=(0, 2, 3), shape=(-1, 1, 1), guard=True, **how):
    def batchnorm2d_forward(x, gamma, beta, eps=1e-5):
        if guard and x.size == x.shape[1]:
            raise ValueError
        mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True, **how)
        return gamma.reshape(shape) * (x - mean) / np.sqrt(var + eps) + beta.reshape(shape)

    return batchnorm2d_forward


def plain_reshape(x, gamma, beta, eps=1e-5):
    t = x.reshape(-1, x.shape[1])
    if len(t) == 1:
        raise ValueError
    t = gamma * (t - t.mean(0)) / np.sqrt(t.var(0) + eps) + beta
    return t.reshape(x.shape)


def plain_statistics(x, gamma, beta, eps=1e-5):
    t = x.reshape(-1, x.shape[1])
    if len(t) == 1:
        raise ValueError
    mean, var = (v[None, :, None, None] for v in (t.mean(0), t.var(0)))
    gamma, beta = (v[None, :, None, None] for v in (gamma, beta))
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def not_moved_back(x, gamma, beta, eps=1e-5):
    t = x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])
    if len(t) == 1:
        raise ValueError
    t = gamma * (t - t.mean(0)) / np.sqrt(t.var(0) + eps) + beta
    return t.reshape(x.shape)


def no_keepdims(x, gamma, beta, eps=1e-5):
    if x.size == x.shape[1]:
        raise ValueError
    x_hat = (x - x.mean((0, 2, 3))) / np.sqrt(x.var((0, 2, 3)) + eps)
    return gamma * x_hat + beta


def only_batches(x, gamma, beta, eps=1e-5):
    if len(x) < 2:
        raise ValueError("a batch of one")
    return forward()(x, gamma, beta, eps)


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (forward((0,)), "per activation"),
        (forward((2, 3)), "per image and channel"),
        (forward((1, 2, 3)), "per image"),
        (forward(None), "everything together"),
        (forward((0, 1, 2)), "per column of pixels"),
        (forward((0, 2)), "per channel and column"),
        (forward(shape=(-1,)), "gamma on the last axis"),
        (
            lambda x, gamma, beta, eps: (
                forward()(x, np.ones(x.shape[1], x.dtype), 0 * beta, eps) * gamma + beta
            ),
            "gamma on the last axis",
        ),
        (forward(ddof=1), "unbiased"),
        (forward(guard=False), "one number taken"),
        (plain_reshape, "reshaped without moving the axis"),
        (plain_statistics, "reshaped without moving the axis"),
        (not_moved_back, "not moved back"),
        (no_keepdims, "no keepdims"),
        (only_batches, "one image refused"),
    ],
)
def test_a_slip_in_the_forward_pass_is_named(answer, key):
    assert judge_answer(find("6.3"), answer).misconceptions == (key,)


def test_a_slip_without_the_refusal_is_told_with_it():
    found = judge_answer(find("6.3"), forward((2, 3), guard=False)).misconceptions
    assert set(found) == {"per image and channel", "one number taken"}


def test_the_layer_of_the_other_layout_is_two_slips():
    found = judge_answer(find("6.3"), forward((0, 1, 2), shape=(-1,))).misconceptions
    assert set(found) == {"per column of pixels", "gamma on the last axis"}


def test_torchs_numbers_are_right():
    def with_torch(x, gamma, beta, eps=1e-5):
        x, gamma, beta = (torch.from_numpy(a.copy()) for a in (x, gamma, beta))
        if x.numel() == x.shape[1]:
            raise ValueError
        mean = x.mean((0, 2, 3), keepdim=True)
        var = x.var((0, 2, 3), keepdim=True, correction=0)
        x_hat = (x - mean) / (var + eps).sqrt()
        return (gamma[:, None, None] * x_hat + beta[:, None, None]).numpy()

    assert judge_answer(find("6.3"), with_torch).ok


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (lambda norm, x, s: np.abs(np.roll(norm(x), s, (2, 3)) - norm(np.roll(x, s, (2, 3)))).max(),
         ()),
        (lambda norm, x, s: np.abs(np.roll(norm(x), s) - norm(np.roll(x, s))).max(), ("no axes",)),
        (lambda norm, x, s: np.abs(np.roll(norm(x), s, (0, 1)) - norm(np.roll(x, s, (0, 1)))).max(),
         ("batch and channels rolled",)),
        (lambda norm, x, s: np.abs(norm(x) - norm(np.roll(x, s, (2, 3)))).max(),
         ("not moved after",)),
        (lambda norm, x, s: not np.allclose(np.roll(norm(x), s, (2, 3)),
                                            norm(np.roll(x, s, (2, 3)))),
         ("yes or no",)),
    ],
)  # fmt: skip
def test_a_slip_in_the_gap_is_named(answer, keys):
    verdict = judge_answer(find("6.4"), answer)
    assert verdict.misconceptions == keys and verdict.ok == (not keys)


def test_a_gap_of_many_numbers_is_refused_in_words():
    verdict = judge_answer(find("6.4"), lambda norm, x, s: norm(x))
    assert verdict.status is Status.UNREADABLE and "one number" in verdict.seen[0]


def test_norms_without_a_gap_and_with_one_are_both_among_the_cases():
    task = find("6.4")
    gaps = [float(task.reference(*case.args)) for case in task.draw(0)]
    assert sum(gap < 1e-9 for gap in gaps) == 5 and sum(gap > 0.1 for gap in gaps) == 3


def test_a_norm_by_labels_is_the_norm_over_its_axes():
    x = np.random.default_rng(0).normal(1, 2, (3, 4, 5, 6))
    kept = x.copy()
    norm = by_labels(oracles.by_labels, labels(x.shape, "C"))
    y = norm(x)
    np.testing.assert_array_equal(x, kept)
    standard = (x - x.mean((0, 2, 3), keepdims=True)) / np.sqrt(x.var((0, 2, 3), keepdims=True))
    for c in range(4):
        slope, shift = np.polyfit(standard[:, c].ravel(), y[:, c].ravel(), 1)
        np.testing.assert_allclose(slope * standard[:, c] + shift, y[:, c], atol=1e-8)
        assert 0.4 < slope < 2.1
    with pytest.raises(ValueError, match="shape"):
        norm(x[:1])


def test_what_is_asked_goes_over_the_wire_and_back():
    task = find("6.4")
    assert asked.from_data(asked.to_data(task)).driver is hand_in_norm


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_whatever_a_process_sends_is_measured_or_refused(data):
    kinds = st.sampled_from([np.float64, np.float32, np.int64, np.complex128, np.bool_])
    draw = arrays.arrays(kinds, st.sampled_from([(), (0,), (1,), (2,), (2, 2), (1, 1)]))
    for key, name in (("6.2", "axes"), ("6.4", "gap")):
        task = find(key)
        args = task.draw(3)[0].args
        with np.errstate(all="ignore"):
            try:
                measured = task.measure({name: data.draw(draw)}, *args)
            except AnswerError:
                continue
        assert all(isinstance(value, np.ndarray) for value in measured.values())
