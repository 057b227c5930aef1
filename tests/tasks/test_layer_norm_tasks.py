"""Exercises 9.1 to 9.7 with answers as learners write them."""

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.check import judge_answer
from bncourse.grading.asked import from_data, to_data
from bncourse.grading.judge import judge
from bncourse.grading.run_local import run_cases
from bncourse.grading.verdict import Status
from bncourse.layers.layer_norm import layernorm_forward, rmsnorm_forward
from bncourse.registry import find
from bncourse.tasks.layer_norm.who_cares_table import NORMS, changed_tables


def judged(key, answer, seed=0):
    task = find(key)
    cases = task.draw(seed)
    return judge(task, cases, run_cases(task, answer, cases), seed)


def named(key, answer):
    return set(judge_answer(find(key), answer).misconceptions)


# 9.1


def table(seed):
    return find("9.1").draw(seed)[0].args[0]


def counts(seed):
    return {name: float(v) for name, v in find("9.1").reference(table(seed)).items()}


@pytest.mark.parametrize("seed", range(4))
def test_the_counts_are_those_of_pytorch(seed):
    p = table(seed)
    n, d = p["table"].shape
    layers = {
        "bn": nn.BatchNorm1d(d, eps=1e-12, dtype=torch.float64),
        "ln": nn.LayerNorm(d, eps=1e-12, dtype=torch.float64),
        "rms": nn.RMSNorm(d, eps=1e-12, dtype=torch.float64),
    }
    assert layers.keys() == NORMS.keys()
    for norm, layer in layers.items():
        before = layer(torch.tensor(p["table"]))
        for deed, changed in changed_tables(p).items():
            stays = [k for k in range(n) if not np.isnan(changed[k]).any()]
            after = layer(torch.tensor(changed[stays]))
            moved = (after - before[stays]).abs().amax(dim=1) > 1e-4
            assert counts(seed)[f"{deed}_{norm}"] == moved.sum().item(), (norm, deed)


def test_two_beliefs_in_one_form_are_both_named():
    wrong = {"shifted_rms": 0, "bright_rms": 0, "scaled_bn": 1, "shifted_bn": 1}
    verdict = judged("9.1", counts(1) | wrong | {"minus_bn": 1, "out_bn": 0}, 1)
    assert set(verdict.misconceptions) == {"RMSNorm removes the mean", "mates untouched"}
    assert verdict.credit == pytest.approx(12 / 18)


def test_a_belief_in_one_place_alone_is_named_too():
    verdict = judged("9.1", counts(2) | {"unit_ln": 0}, 2)
    assert verdict.misconceptions == ("transposed in every way: unit_ln",)


def test_who_exchanges_the_two_norms_is_told_once():
    p = counts(3)
    turned = {k: p[k.replace("_bn", "_ln")] for k in p if k.endswith("_bn")}
    turned |= {k: p[k.replace("_ln", "_bn")] for k in p if k.endswith("_ln")}
    assert judged("9.1", p | turned, 3).misconceptions == (
        "batch norm and layer norm exchanged",
    )  # fmt: skip


def test_the_same_number_everywhere_is_told_as_a_belief():
    p = counts(4)
    assert judged("9.1", dict.fromkeys(p, 0), 4).misconceptions == ("nothing ever changes",)
    told = {f"{deed}_bn": 0 for deed in ("scaled", "shifted", "minus", "out")}
    assert judged("9.1", p | told, 4).misconceptions


# 9.2


def test_layer_norm_is_pytorchs_and_the_courses():
    rng = np.random.default_rng(0)
    x, gamma, beta = rng.normal(3, 2, (2, 3, 5)), rng.normal(size=5), rng.normal(size=5)
    y = find("9.2").reference(x, gamma, beta, 1e-2)
    np.testing.assert_allclose(y, layernorm_forward(x, gamma, beta, 1e-2)[0])
    told = (torch.tensor(a) for a in (gamma, beta))
    theirs = nn.functional.layer_norm(torch.tensor(x), (5,), *told, 1e-2)
    np.testing.assert_allclose(y, theirs.numpy())


LAST = {"axis": -1, "keepdims": True}


def normed(axis=-1, keepdims=True, ddof=0, affine=lambda z, g, b: g * z + b, outside=False):
    def layer_norm(x, gamma, beta, eps):
        over = axis(x) if callable(axis) else axis
        mean = x.mean(over, keepdims=keepdims)
        var = x.var(over, ddof=ddof, keepdims=keepdims)
        sd = np.sqrt(var) + eps if outside else np.sqrt(var + eps)
        return affine((x - mean) / sd, gamma, beta)

    return layer_norm


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (normed(), set()),
        (normed(axis=0), {"over the batch"}),
        (normed(axis=1), {"the second axis"}),
        (normed(axis=None), {"one mean for everything"}),
        (normed(axis=lambda x: tuple(range(x.ndim - 1))), {"batch norm"}),
        (normed(axis=lambda x: tuple(range(1, x.ndim))), {"the whole sample"}),
        (normed(keepdims=False), {"without keepdims"}),
        (normed(axis=1, keepdims=False), {"the second axis without keepdims"}),
        (normed(ddof=1), {"unbiased"}),
        (normed(ddof=1, outside=True), {"unbiased", "eps outside the root"}),
        (normed(affine=lambda z, g, b: g[0] * z + b[0]), {"one gamma for all"}),
        (normed(affine=lambda z, g, b: z), {"affine forgotten"}),
        (lambda x, g, b, eps: g * (x - x.mean(**LAST)) / np.maximum(x.std(**LAST), eps) + b,
         {"eps as a floor"}),
        (lambda x, g, b, eps: g * (x - x.mean(**LAST)) / (x.std(**LAST) + np.sqrt(eps)) + b,
         {"roots added"}),
        (lambda x, g, b, eps: g * (c := x - x.mean(**LAST)) / np.sqrt(c**2 + eps) + b,
         {"deviations not averaged"}),
        (lambda x, g, b, eps: g * x - x.mean(**LAST) / np.sqrt(x.var(**LAST) + eps) + b,
         {"brackets missing around x − mean"}),
        (normed(affine=lambda z, g, b: (g * z + b).reshape(-1, len(g))), {"left flat"}),
        (lambda x, g, b, eps: normed()(x, g, b, 1e-5), {"eps fixed"}),
        (lambda x, g, b, eps: g * rmsnorm_forward(x, np.ones_like(g), eps)[0] + b,
         {"no mean at all"}),
        (lambda x, g, b, eps: normed(affine=lambda z, g, b: z)(g * x + b, g, b, eps),
         {"affine before normalising"}),
    ],
)  # fmt: skip
def test_a_slip_in_layer_norm_is_named(answer, keys):
    assert named("9.2", answer) == keys


def test_a_table_alone_does_not_pass_where_vectors_and_sequences_are_asked():
    def layer_norm(x, gamma, beta, eps):
        n, _ = x.shape
        mean, var = x.mean(axis=1).reshape(n, 1), x.var(axis=1).reshape(n, 1)
        return gamma * (x - mean) / np.sqrt(var + eps) + beta

    verdict = judge_answer(find("9.2"), layer_norm)
    assert verdict.status is Status.ERROR and not verdict.credit
    assert "not enough values to unpack" in " ".join(verdict.seen)
    assert "three samples, five units" in verdict.passed


def test_float32_in_one_pass_and_a_changed_input_are_noticed():
    def one_pass(x, gamma, beta, eps):
        mean = np.mean(x, -1, keepdims=True)
        var = np.mean(x**2, -1, keepdims=True) - mean**2
        return gamma * (x - mean) / np.sqrt(var + eps) + beta

    def in_place(x, gamma, beta, eps):
        x -= x.mean(-1, keepdims=True)
        x /= np.sqrt((x**2).mean(-1, keepdims=True) + eps)
        return gamma * x + beta

    def in_float32(x, *rest):
        return normed()(np.float32(x), *rest)

    assert named("9.2", one_pass) == {"one-pass variance"}
    assert named("9.2", in_float32) == {"float32 inside"}
    assert named("9.2", in_place) == {"changes its input"}


# 9.3


def test_the_backward_pass_is_autograds():
    rng = np.random.default_rng(1)
    given = rng.normal(1, 2, (2, 3, 4)), rng.normal(size=4), rng.normal(size=4)
    _, cache = layernorm_forward(*given, 0.1)
    dy = rng.normal(0.5, 1, (2, 3, 4))
    x, gamma, beta = (torch.tensor(a, requires_grad=True) for a in given)
    y = nn.functional.layer_norm(x, (4,), gamma, beta, 0.1)
    y.backward(torch.tensor(dy))
    for ours, theirs in zip(find("9.3").reference(dy, cache), (x, gamma, beta), strict=True):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), atol=1e-12)


def turned(gamma="before", sums=lambda a: a.sum(axis=tuple(range(a.ndim - 1))), count=None):
    """The closed form of 4.4, turned to the other axis."""

    def layer_norm_backward(dy, cache):
        x_hat, g, inv_std = cache["x_hat"], cache["gamma"], cache["inv_std"]
        n = count(dy) if count else dy.shape[-1]
        d = dy * g if gamma == "before" else dy
        dx = n * d - d.sum(-1, keepdims=True) - x_hat * (d * x_hat).sum(-1, keepdims=True)
        dx = inv_std / n * dx * (g if gamma == "after" else 1)
        return dx, sums(dy * x_hat), sums(dy)

    return layer_norm_backward


def of_4_4(dy, cache):
    x_hat, m = cache["x_hat"], len(dy)
    dx = cache["gamma"] * cache["inv_std"] * (
        dy - dy.mean(axis=0) - x_hat * (dy * x_hat).mean(axis=0)
    )  # fmt: skip
    return dx, m * (dy * x_hat).mean(axis=0), m * dy.mean(axis=0)


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (turned(), set()),
        (turned(gamma="after"), {"gamma after projecting"}),
        (turned(gamma="missing"), {"gamma missing"}),
        (turned(sums=lambda a: a), {"parameters kept per row"}),
        (turned(sums=lambda a: a.sum(axis=0)), {"parameters summed over axis 0 only"}),
        (turned(sums=lambda a: a.sum(axis=-1)), {"parameters summed along the row"}),
        (turned(count=len), {"divided by N"}),
        (turned(gamma="after", sums=lambda a: a.sum(axis=-1)),
         {"gamma after projecting", "parameters summed along the row"}),
        (of_4_4, {"batch norm's backward pass"}),
    ],
)  # fmt: skip
def test_a_slip_in_the_backward_pass_is_named(answer, keys):
    assert named("9.3", answer) == keys


def test_a_slip_in_one_of_the_two_parameters_does_not_accuse_the_other():
    def changed(gamma_sum, beta_sum):
        def layer_norm_backward(dy, cache):
            return turned()(dy, cache)[0], gamma_sum(dy, cache["x_hat"]), beta_sum(dy)

        return layer_norm_backward

    def rows(a):
        return a.sum(axis=tuple(range(a.ndim - 1)))

    def first(a):
        return a.sum(axis=0)

    answers = {
        "x_hat missing in dgamma": changed(lambda dy, x_hat: rows(dy), rows),
        "dgamma summed over axis 0 only": changed(lambda dy, x_hat: first(dy * x_hat), rows),
        "dbeta summed over axis 0 only": changed(lambda dy, x_hat: rows(dy * x_hat), first),
    }
    for key, answer in answers.items():
        assert named("9.3", answer) == {key}


def dx_by(formula):
    def layer_norm_backward(dy, cache):
        x_hat, d = cache["x_hat"], dy * cache["gamma"]
        _, dgamma, dbeta = turned()(dy, cache)
        return cache["inv_std"] * formula(dy, d, x_hat, dgamma, dbeta), dgamma, dbeta

    return layer_norm_backward


@pytest.mark.parametrize(
    ("formula", "key"),
    [
        (lambda dy, d, z, dg, db: d - d.mean(**LAST) - z * (dy * z).mean(**LAST),
         "gamma not in the second mean"),
        (lambda dy, d, z, dg, db: d - dy.mean(**LAST) - z * (d * z).mean(**LAST),
         "gamma not in the first mean"),
        (lambda dy, d, z, dg, db: d - db / len(dy) - z * dg / len(dy), "dgamma and dbeta in dx"),
        (lambda dy, d, z, dg, db: d - db / dy.shape[-1] - z * dg / dy.shape[-1],
         "dgamma and dbeta in dx"),
        (lambda dy, d, z, dg, db: d - d.mean(axis=-1) - z * (d * z).mean(axis=-1),
         "without keepdims"),
    ],
)  # fmt: skip
def test_a_slip_in_dx_alone_is_named(formula, key):
    assert named("9.3", dx_by(formula)) == {key}


def test_rows_sum_to_zero_although_gamma_differs():
    for case in find("9.3").draw(0):
        dx, *_ = find("9.3").reference(*case.args)
        np.testing.assert_allclose(dx.sum(-1), 0, atol=1e-5)


# 9.4


def stepping(inner=lambda a, norm: norm(a), outer=np.tanh, axis=-1):
    def ln_rnn_step(h, x, Wh, Wx, gamma, beta, eps):
        def norm(a):
            z = (a - a.mean(axis, keepdims=True)) / np.sqrt(a.var(axis, keepdims=True) + eps)
            return gamma * z + beta

        return outer(inner(h @ Wh + x @ Wx, norm))

    return ln_rnn_step


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (stepping(), set()),
        (stepping(axis=0), {"over the batch"}),
        (stepping(inner=lambda a, norm: norm(np.tanh(a)), outer=lambda a: a),
         {"tanh before the norm"}),
        (stepping(outer=lambda a: a), {"no tanh"}),
        (stepping(inner=lambda a, norm: a), {"no norm", "gamma and beta forgotten"}),
        (lambda h, *rest: h + stepping()(h, *rest), {"old state added"}),
        (lambda h, x, Wh, *rest: stepping()(h, x, Wh.T, *rest), {"Wh transposed"}),
        (lambda h, x, Wh, Wx, *rest: stepping()(h, x, Wh.T, Wx.T, *rest), {"both transposed"}),
    ],
)  # fmt: skip
def test_a_slip_in_the_step_is_named(answer, keys):
    assert named("9.4", answer) == keys


def test_gamma_and_beta_stand_inside_tanh():
    def shifted_last(h, x, Wh, Wx, gamma, beta, eps):
        return stepping()(h, x, Wh, Wx, gamma, 0 * beta, eps) + beta

    def scaled_last(h, x, Wh, Wx, gamma, beta, eps):
        return gamma * stepping()(h, x, Wh, Wx, np.ones_like(gamma), beta, eps)

    assert named("9.4", shifted_last) == {"beta after tanh"}
    assert named("9.4", scaled_last) == {"gamma after tanh"}


def test_columns_for_rows_are_noticed():
    def columns(h, x, Wh, Wx, *rest):
        a = Wh @ h + Wx @ x
        return stepping()(a, 0 * a, np.eye(len(Wh)), np.eye(len(Wh)), *rest)

    assert named("9.4", columns) == {"matrices from the left"}


def test_parts_that_are_normalised_separately_are_noticed():
    def ln_rnn_step(h, x, Wh, Wx, gamma, beta, eps):
        def norm(a):
            return layernorm_forward(a, np.ones(a.shape[-1]), np.zeros(a.shape[-1]), eps)[0]

        return np.tanh(gamma * (norm(h @ Wh) + norm(x @ Wx)) + beta)

    assert named("9.4", ln_rnn_step) == {"parts normalised separately"}


def test_states_stay_bounded_alone_as_in_company_and_whatever_the_weights():
    rng = np.random.default_rng(4)
    step = find("9.4").reference
    Wh, Wx = rng.normal(size=(5, 5)), rng.normal(size=(2, 5))
    gamma, beta = np.ones(5), np.zeros(5)
    h = {1: np.zeros((3, 5)), 20: np.zeros((3, 5))}
    for _ in range(500):
        x = rng.normal(size=(3, 2))
        alone = step(h[1][:1], x[:1], Wh, Wx, gamma, beta, 1e-12)
        h = {k: step(h[1], x, k * Wh, k * Wx, gamma, beta, 1e-12) for k in h}
        np.testing.assert_allclose(h[1][:1], alone)
        np.testing.assert_allclose(h[20], h[1], atol=1e-7)
    assert 0.1 < np.abs(h[1]).max() <= np.tanh(2)  # five numbers with sd 1: none is above 2


# 9.5


@pytest.mark.parametrize(
    ("order", "keys"),
    [
        ("D M K G B A", set()),
        ("F C L H", {"post-LN"}),
        ("E F K G B A", {"the stream normalised"}),
        ("N M K G B A", {"batch norm"}),
        ("D M G B A", {"attention not added"}),
        ("D M P G B A", {"no residual"}),
        ("D M G K B A", {"side by side"}),
        ("D M K L A G", {"feed-forward without a norm"}),
        ("D M P L H", {"first half no residual, second half post"}),
        ("E F K L A", {"first half stream, second half bare"}),
    ],
)
def test_an_order_of_lines_is_judged_by_what_it_does(order, keys):
    assert named("9.5", order) == keys
    assert judge_answer(find("9.5"), order).ok == (not keys)


def test_with_sub_layers_that_give_nothing_a_pre_ln_block_passes_x_on():
    case = find("9.5").draw(0)[0]
    np.testing.assert_array_equal(find("9.5").reference(*case.args), case.args[0])
    verdict = judge_answer(find("9.5"), "D M K L H")
    assert verdict.misconceptions == ("post-LN in the second half",)
    assert "sub-layers that give 0" in verdict.failed


def test_a_line_that_needs_what_is_not_made_is_told():
    verdict = judge_answer(find("9.5"), "M D K G B A")
    assert verdict.status is Status.ERROR
    assert "no line above it has made n" in " ".join(verdict.seen)


def test_the_driver_is_known_where_answers_run():
    task = find("9.5")
    assert from_data(to_data(task)).driver is task.driver


# 9.6


def test_rms_norm_is_pytorchs_and_on_level_rows_layer_norm():
    rng = np.random.default_rng(6)
    x, gamma = rng.normal(1, 2, (4, 3, 5)), rng.normal(size=5)
    y = find("9.6").reference(x, gamma, 1e-3)
    theirs = nn.functional.rms_norm(torch.tensor(x), (5,), torch.tensor(gamma), 1e-3)
    np.testing.assert_allclose(y, theirs.numpy())
    level = x - x.mean(-1, keepdims=True)
    np.testing.assert_allclose(
        find("9.6").reference(level, gamma, 1e-3), layernorm_forward(x, gamma, 0 * gamma, 1e-3)[0]
    )


def sized(size, gain=lambda z, g: g * z):
    return lambda x, gamma, eps: gain(x / size(x, eps), gamma)


def _rms(x, eps):
    return np.sqrt((x**2).mean(-1, keepdims=True) + eps)


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (sized(_rms), set()),
        (sized(lambda x, eps: np.sqrt(x.var(-1, keepdims=True) + eps)), {"divided by the sd"}),
        (sized(lambda x, eps: np.abs(x).mean(-1, keepdims=True) + eps),
         {"mean of absolute values"}),
        (sized(lambda x, eps: np.linalg.norm(x, axis=-1, keepdims=True) + eps),
         {"sum for mean", "eps outside the root"}),
        (sized(lambda x, eps: np.sqrt((x**2).mean() + eps)), {"one for everything"}),
        (sized(lambda x, eps: np.sqrt((x**2).mean(-1) + eps)), {"without keepdims"}),
        (sized(lambda x, eps: (x**2).mean(-1, keepdims=True) + eps), {"no root"}),
        (sized(_rms, lambda z, g: (1 + g) * z), {"one plus gamma"}),
        (lambda x, g, eps: layernorm_forward(x, g, 0 * g, eps)[0], {"the mean subtracted"}),
    ],
)  # fmt: skip
def test_a_slip_in_rms_norm_is_named(answer, keys):
    assert named("9.6", answer) == keys


# 9.7 and all


def test_what_the_sentences_say_of_pytorchs_layer_norm_is_so():
    x = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    layer = nn.LayerNorm(5)
    assert set(layer.state_dict()) == {"weight", "bias"} and layer.weight.shape == (5,)
    other = x.clone()
    other[3] = 100.0
    assert torch.equal(layer(x)[0], layer(other)[0])
    assert torch.equal(layer(x), layer.eval()(x))
    assert torch.allclose(layer(-2 * x), -layer(x), atol=1e-4)
    pairs = nn.LayerNorm(2)(torch.tensor([[3.0, 11.0], [100.0, 101.0]]))
    assert torch.allclose(pairs, torch.tensor([[-1.0, 1.0], [-1.0, 1.0]]), atol=1e-3)
    fog = 0.5 * x + 0.5
    assert torch.allclose(layer(fog), layer(x), atol=1e-3)


def test_what_the_sentences_say_of_rms_norm_and_transformers_is_so():
    layer, rms = nn.LayerNorm(4), nn.RMSNorm(4, eps=1e-5)
    level = torch.tensor([[-2.0, -1.0, 0.0, 3.0]])
    assert torch.allclose(layer(level), rms(level), atol=1e-5)
    equal = torch.full((1, 4), 3.0)
    assert not layer(equal).any() and torch.allclose(rms(equal), torch.ones(1, 4), atol=1e-5)
    block = nn.TransformerEncoderLayer(4, 1)
    assert isinstance(block.norm1, nn.LayerNorm) and block.norm1.normalized_shape == (4,)
    assert not list(block.buffers())


@pytest.mark.parametrize("key", [f"9.{k}" for k in range(1, 8)])
def test_an_untouched_answer_is_not_started(key):
    verdict = judge_answer(find(key), find(key).stub)
    assert verdict.status is Status.NOT_STARTED and verdict.credit == 0


def test_only_the_sentences_are_not_marked():
    assert [k for k in range(1, 8) if not find(f"9.{k}").graded] == [7]
