"""Exercises 10.1 to 10.8 (without 10.6) with answers as learners write them."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import group_norm as torch_group_norm

from bncourse.check import judge_answer
from bncourse.grading.judge import judge
from bncourse.grading.run_local import run_cases
from bncourse.grading.verdict import Status
from bncourse.layers.group_norm import groupnorm_forward
from bncourse.layers.shared_mean import normalise_over
from bncourse.registry import find
from bncourse.tasks.group_norm.almost_form import FAILS, LINES
from bncourse.tasks.group_norm.prescribe_bank import NORMS, NOT_THE_REASON, REASONS, SITUATIONS
from bncourse.tasks.group_norm.stat_mask_switches import stat_mask
from bncourse.tasks.group_norm.tables import BY_BATCH, of_channels, of_groups


def judged(key, answer, seed=0):
    task = find(key)
    cases = task.draw(seed)
    return judge(task, cases, run_cases(task, answer, cases), seed)


def named(key, answer):
    return set(judge_answer(find(key), answer).misconceptions)


def right_form(key, seed=0):
    task = find(key)
    values = task.reference(*task.draw(seed)[0].args).items()
    choices = {f.name for f in task.form.fields if hasattr(f, "options")}
    return {n: chr(97 + int(v)) if n in choices else float(v) for n, v in values}


# 10.1

AXES = {"batch": (0, 2, 3), "layer": (1, 2, 3), "layer last": (1,), "instance": (2, 3)}


@pytest.mark.parametrize("kind", [*AXES, "group"])
def test_the_mask_is_what_a_change_of_one_entry_reaches(kind):
    x = np.random.default_rng(1).normal(size=(3, 6, 2, 4))

    def norm(x):
        if kind == "group":
            return groupnorm_forward(x, 2, np.ones(6), np.zeros(6))[0]
        return normalise_over(x, AXES[kind], 1e-5)[0]

    index, moved = (1, 4, 0, 2), x.copy()
    moved[index] += 1
    np.testing.assert_array_equal(stat_mask(kind, index, x.shape, 2), norm(moved) != norm(x))


@pytest.mark.parametrize("kind", [*AXES, "group"])
def test_the_masks_of_all_entries_cut_the_array_into_sets(kind):
    shape = (2, 6, 2, 3)
    masks = np.array([stat_mask(kind, i, shape, 3).ravel() for i in np.ndindex(*shape)])
    assert masks.diagonal().all()
    sets = np.unique(masks, axis=0)
    np.testing.assert_array_equal(sets.sum(axis=0), 1)


def masked(batch=lambda n, c: np.s_[:, c], start=lambda c, size, groups: c // size * size,
           size=lambda channels, groups: channels // groups, guard=True,
           last=lambda n, h, w: np.s_[n, :, h, w], instance=lambda n, c: (n, c),
           layer=lambda n: n):  # fmt: skip
    def stat_mask(kind, index, shape, groups):
        n, c, h, w = index
        mask = np.zeros(shape, dtype=bool)
        if kind == "group":
            if guard and shape[1] % groups:
                raise ValueError("groups must divide the channels")
            k = size(shape[1], groups)
            first = start(c, k, groups)
            mask[n, first : first + k] = True
        else:
            own = {"batch": batch(n, c), "layer": layer(n), "instance": instance(n, c)}
            mask[own.get(kind, last(n, h, w))] = True
        return mask

    return stat_mask


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (masked(), set()),
        (masked(batch=lambda n, c: np.s_[n, c]), {"batch without the other samples"}),
        (masked(size=lambda channels, groups: groups), {"number for size"}),
        (masked(start=lambda c, size, groups: c), {"group starts at the channel"}),
        (masked(start=lambda c, size, groups: c // size), {"group's number as its start"}),
        (masked(guard=False), {"uneven groups accepted"}),
        (masked(last=lambda n, h, w: np.s_[n, :, w, h]), {"h and w exchanged"}),
        (masked(layer=lambda n: 0), {"always sample 0"}),
        (masked(instance=lambda n, c: (0, c)), {"always sample 0"}),
        (masked(instance=lambda n, c: (c, n)), {"n and c exchanged"}),
        (masked(start=lambda c, size, groups: c - c % groups), {"group's start by G"}),
        (
            masked(batch=lambda n, c: np.s_[n, c], guard=False),
            {"batch without the other samples", "uneven groups accepted"},
        ),
    ],
)
def test_a_wrong_mask_is_named(answer, keys):
    assert named("10.1", answer) == keys


@pytest.mark.parametrize("words", [(), ("these groups do not come out even",)])
def test_a_refusal_of_every_kind_is_named_whatever_its_words(words):
    def stat_mask(kind, index, shape, groups):
        if shape[1] % groups:
            raise ValueError(*words)
        return masked()(kind, index, shape, groups)

    assert named("10.1", stat_mask) == {"every kind refused"}


def test_no_entry_of_an_index_can_be_taken_for_another():
    for seed in range(300):
        for case in find("10.1").draw(seed):
            kind, (n, c, h, w), shape, _ = case.args
            assert n >= 1 or shape[0] == 1
            if kind != "group":
                assert len({c, h, w}) == 3 and n != c
                assert max(n, c, h, w) < min(shape) and shape[2] != shape[3]


# 10.2


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_the_reference_is_what_pytorch_and_the_course_compute(groups):
    rng = np.random.default_rng(2)
    x, gamma, beta = rng.normal(2, 3, (4, 6, 3, 2)), rng.normal(size=6), rng.normal(size=6)
    y = find("10.2").reference(x, groups, gamma, beta, 1e-3)
    theirs = torch_group_norm(*map(torch.tensor, (x,)), groups, *map(torch.tensor, (gamma, beta)),
                              eps=1e-3)  # fmt: skip
    np.testing.assert_allclose(y, theirs.numpy(), atol=1e-12)
    np.testing.assert_allclose(y, groupnorm_forward(x, groups, gamma, beta, 1e-3)[0], atol=1e-12)


def grouped(shape=lambda n, g, k: (n, g, k), axes=(2, 3, 4), ddof=0, outside=False):
    def group_norm(x, groups, gamma, beta, eps=1e-5):
        n, c, h, w = x.shape
        t = x.reshape(*shape(n, groups, c // groups), h, w)
        mean, var = t.mean(axes, keepdims=True), t.var(axes, keepdims=True, ddof=ddof)
        x_hat = (t - mean) / (np.sqrt(var) + eps if outside else np.sqrt(var + eps))
        return x_hat.reshape(x.shape) * gamma.reshape(c, 1, 1) + beta.reshape(c, 1, 1)

    return group_norm


def cut_anywhere(x, groups, gamma, beta, eps=1e-5):
    t = x.reshape(len(x), groups, -1)  # 6 channels of 2 × 2 in 4 groups: six numbers each
    x_hat = (t - t.mean(2, keepdims=True)) / np.sqrt(t.var(2, keepdims=True) + eps)
    return x_hat.reshape(x.shape) * gamma[:, None, None] + beta[:, None, None]


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (grouped(), set()),
        (grouped(lambda n, g, k: (n, k, g), (1, 3, 4)), {"dealt in turn"}),
        (grouped(lambda n, g, k: (n, k, g)), {"number for size"}),
        (grouped(axes=(0, 2, 3, 4)), {"over the samples too"}),
        (grouped(axes=(3, 4)), {"space alone"}),
        (
            grouped(lambda n, g, k: (n, k, g), (1, 3, 4), outside=True),
            {"dealt in turn", "eps outside the root"},
        ),
        (grouped(axes=(1, 2, 3)), {"over the groups"}),
        (cut_anywhere, {"uneven groups accepted"}),
    ],
)
def test_a_wrong_group_norm_is_named(answer, keys):
    assert named("10.2", answer) == keys


def test_the_gamma_of_a_group_is_named_however_it_is_made():
    def with_gamma(made):
        return lambda x, groups, gamma, beta, eps=1e-5: grouped()(
            x, groups, *(np.repeat(made(v, groups), len(v) // groups) for v in (gamma, beta)), eps
        )

    for made in (lambda v, g: v[:g], lambda v, g: v.reshape(g, -1).mean(1)):
        answer = with_gamma(made)

        def group_norm(x, groups, gamma, beta, eps=1e-5, answer=answer):
            if x.shape[1] % groups:
                raise ValueError
            return answer(x, groups, gamma, beta, eps)

        assert named("10.2", group_norm) == {"gamma per group"}


# 10.3


def test_the_tables_are_those_of_the_paper():
    gaps = np.subtract(BY_BATCH["GN"], BY_BATCH["BN"]).round(1)
    assert gaps.tolist() == [0.5, 0.5, -0.8, -3.1, -10.6]
    assert (of_groups(32), of_groups(1), of_channels(16), of_channels(1)) == (
        24.1,
        25.3,
        24.2,
        28.4,
    )


@pytest.mark.parametrize("seed", range(4))
def test_misread_columns_are_named_each_for_itself(seed):
    answer = right_form("10.3", seed)
    assert judged("10.3", answer, seed).ok and answer["crossing"] == 8
    wrong = answer | {"crossing": 16, "gap": -answer["gap"], "widest": 0.5, "shown": "a"}
    verdict = judged("10.3", wrong, seed)
    assert set(verdict.misconceptions) == {
        "one column too early", "gap with the wrong sign", "the gap at 32", "GN is always better",
    }  # fmt: skip
    assert verdict.credit == pytest.approx(4 / 8)


# 10.4


def layer(kind, groups, each):
    code = "\n".join(LINES[kind]).format(G=groups, K=each)

    def norm(x, gamma, beta):
        N, _, H, W = x.shape
        names = {"np": np, "x": x, "gamma": gamma, "beta": beta, "eps": 1e-5}
        exec(code, names | {"N": N, "H": H, "W": W}, found := {})
        return found["y"]

    return norm


@pytest.mark.parametrize("kind", LINES)
def test_each_of_the_three_lacks_its_property_and_no_other(kind):
    rng = np.random.default_rng(4)
    G, K = 2, 3
    norm, one, no = layer(kind, G, K), np.ones(6), np.zeros(6)
    x, gamma = rng.normal(1, 2, (5, 6, 3, 4)), rng.uniform(1, 2, 6)
    y = norm(x, one, no)
    assert abs(y.mean()) < 1e-9 and y.std() == pytest.approx(1, abs=1e-4)
    swap = [1, 0, 2, 3, 4, 5]
    inside = np.allclose(norm(x[:, swap], one, no), y[:, swap])
    alone = np.allclose(norm(x[:1], one, no), y[:1])
    own = True
    for c in range(6):
        twice = np.where(np.arange(6) == c, 2.0, 1.0)
        expected = norm(x, gamma, no) * twice[:, None, None]
        own &= np.allclose(norm(x, gamma * twice, no), expected)
    held = {"inside": inside, "alone": alone, "own": own}
    assert held == {name: kind != failing for name, failing in FAILS.items()}


def test_the_dealt_layer_agrees_only_at_both_ends():
    x = np.random.default_rng(5).normal(1, 2, (3, 12, 2, 2))
    one, no = np.ones(12), np.zeros(12)
    agrees = [
        groups
        for groups in (1, 2, 3, 4, 6, 12)
        if np.allclose(layer("dealt", groups, 12 // groups)(x, one, no),
                       groupnorm_forward(x, groups, one, no)[0], atol=1e-4)
    ]  # fmt: skip
    assert agrees == [1, 12]


def test_layers_taken_for_each_other_are_named():
    answer = right_form("10.4", 3)
    wrong = answer | {"inside": answer["own"], "own": answer["inside"]}
    assert set(judged("10.4", wrong, 3).misconceptions) == {"inside: per group", "own: dealt"}


# 10.4b


def mended(shape="gk", axes=(1, 3), back=False, var_axes=None, deal=False):
    def group_norm_last(x, groups, gamma, beta, eps=1e-5):
        n, h, w, c = x.shape
        sizes = {"g": groups, "k": c // groups}
        t = x.reshape(n, h * w, *(sizes[s] for s in shape))
        if back:
            t = t.swapaxes(2, 3)
        mean, var = t.mean(axes, keepdims=True), t.var(var_axes or axes, keepdims=True)
        t = (t - mean) / np.sqrt(var + eps)
        if deal:
            gamma, beta = (v.reshape(groups, -1).T.ravel() for v in (gamma, beta))
        return gamma * t.reshape(x.shape) + beta

    return group_norm_last


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (mended(), set()),
        (mended(axes=(1, 2)), {"the reshape alone"}),
        (mended("kg"), {"the axes alone"}),
        (mended(axes=(1, 2), back=True), {"channels not put back"}),
        (mended(axes=(3,)), {"each place by itself"}),
        (mended(var_axes=(1, 2)), {"only the mean mended"}),
        (mended(axes=(1, 2), var_axes=(1, 3)), {"only the variance mended"}),
        (mended(deal=True), {"gamma reordered"}),
        (mended("kg", (1, 2), deal=True), {"gamma dealt out"}),
    ],
)
def test_a_mend_that_misses_is_named(answer, keys):
    assert named("10.4b", answer) == keys


def test_the_layer_as_it_was_found_is_not_started():
    assert judge_answer(find("10.4b"), mended("kg", (1, 2))).status is Status.NOT_STARTED
    assert judge_answer(find("10.4b"), mended()).ok


# 10.5


def test_the_bank_says_of_every_wrong_norm_and_reason_why_not():
    assert set(SITUATIONS) == set(REASONS) == set(NOT_THE_REASON)
    for situation in SITUATIONS.values():
        assert set(situation.why_not) == set(NORMS) - {situation.norm}
        assert len(situation.told) >= 2


def test_a_case_counts_when_both_norm_and_reason_are_right():
    answer = right_form("10.5", 2)
    verdict = judged("10.5", answer, 2)
    assert verdict.ok and verdict.credit == 1

    def another(letter):
        return "a" if letter != "a" else "b"

    wrong = answer | {n: another(answer[n]) for n in ("norm_1", "reason_1", "reason_4")}
    verdict = judged("10.5", wrong, 2)
    assert verdict.credit == pytest.approx(4 / 6) and len(verdict.misconceptions) == 3
    only_norms = {n: v if n[0] == "n" else None for n, v in answer.items()}
    assert judged("10.5", only_norms, 2).credit == 0


def test_no_two_cases_are_of_one_kind():
    for seed in range(30):
        kinds = find("10.5").draw(seed)[0].args[0]["kinds"]
        assert len(set(kinds)) == len(kinds) == 6


# 10.7


def test_dynamic_tanh_is_bounded_measures_nothing_and_starts_with_alpha_gamma():
    dyt, rng = find("10.7").reference, np.random.default_rng(7)
    gamma, beta, x = rng.normal(size=4), rng.normal(size=4), rng.normal(size=(3, 4))
    y = dyt(x, 0.5, gamma, beta)
    far = dyt(1e6 * x, 0.5, gamma, beta)
    np.testing.assert_allclose(far - beta, np.sign(x) * gamma)
    x[0, 0] += 1
    changed = dyt(x, 0.5, gamma, beta) != y
    assert changed[0, 0] and changed.sum() == 1
    slope = (dyt(np.full((1, 4), 1e-6), 0.5, gamma, beta) - beta) / 1e-6
    np.testing.assert_allclose(slope[0], 0.5 * gamma, rtol=1e-6)


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (lambda x, a, g, b: np.tanh(a * x) * g + b, set()),
        (lambda x, a, g, b: g * a * np.tanh(x) + b, {"alpha outside"}),
        (lambda x, a, g, b: np.tanh(a * g * x + b), {"gamma and beta inside"}),
        (lambda x, a, g, b: g * np.tanh(a * (x - x.mean(-1, keepdims=True))) + b,
         {"centred first"}),
        (lambda x, a, g, b: a * np.tanh(x) + b, {"alpha outside", "gamma forgotten"}),
    ],
)  # fmt: skip
def test_another_layer_than_dynamic_tanh_is_named(answer, keys):
    assert named("10.7", answer) == keys


# 10.8


def test_what_the_sentences_say_is_so_in_pytorch():
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(2, 8, 3, 5, generator=rng)
    with pytest.raises(RuntimeError):
        nn.LayerNorm(8)(x)
    square = torch.randn(2, 8, 3, 8, generator=rng)
    rows = nn.LayerNorm(8)(square).mean(dim=3)
    assert rows.abs().max() < 1e-6
    group, layer_norm = nn.GroupNorm(1, 8), nn.LayerNorm((8, 3, 5))
    torch.testing.assert_close(group(x), layer_norm(x))
    assert group.weight.numel() == 8 and layer_norm.weight.numel() == 120
    with pytest.raises(ValueError, match="divisible"):
        nn.GroupNorm(3, 8)
    assert sum(p.numel() for p in nn.GroupNorm(4, 32).parameters()) == 64
    assert not list(group.buffers())
    assert torch.equal(group(x), group.eval()(x))
    assert torch.allclose(group(x[:1]), group(x)[:1], atol=1e-6)
