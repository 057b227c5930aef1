"""Exercises 8.1 to 8.9 with answers as learners write them."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.check import judge_answer
from bncourse.grading.answers import AnswerError, NotStarted
from bncourse.grading.judge import judge
from bncourse.grading.run_local import run_cases
from bncourse.grading.sweeps import Recorder
from bncourse.grading.verdict import Status
from bncourse.registry import find
from bncourse.tasks.where_it_breaks.which_way_runs import ARMS, gradient_norms, mean_slope


@cache
def drawn(key, seed):
    return find(key).draw(seed)[0].args[0]


def judged(key, answer, seed=0):
    task = find(key)
    cases = task.draw(seed)
    return judge(task, cases, run_cases(task, answer, cases), seed)


def named(key, answer):
    return set(judge_answer(find(key), answer).misconceptions)


# 8.1


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_of_two_is_what_pytorch_makes_of_it(seed):
    p = drawn("8.1", seed)
    wanted = find("8.1").reference(p)
    layer = nn.BatchNorm1d(1, eps=p["eps"], dtype=torch.float64)
    for name in ("wide", "near", "tiny"):
        x = torch.tensor(p[name].copy())[:, None].requires_grad_()
        y = layer(x)
        assert float(wanted[name]) == pytest.approx(y[0].item())
        (gradient,) = torch.autograd.grad(y[0].sum(), x)
        assert (abs(gradient[0].item()) < 1e-5) == (name == "wide") or name == "near"
    apart = float(wanted["half"])
    y = layer(torch.tensor([[5.0], [5.0 + apart]], dtype=torch.float64))
    assert y.flatten().tolist() == pytest.approx([-0.5, 0.5])


def test_two_slips_in_one_form_are_both_named():
    p = drawn("8.1", 3)
    answer = {n: float(v) for n, v in find("8.1").reference(p).items()} | {"gradient": "b"}
    plain = np.sign(answer["tiny"])
    verdict = judged("8.1", answer | {"tiny": plain, "single": p["single"]}, 3)
    assert set(verdict.misconceptions) == {"eps left out", "one stays itself"}
    assert verdict.credit == pytest.approx(4 / 6)


# 8.2


def sweeping(rate=lambda b: 0.3 * b / 32, updates=lambda b: 7680 // b, told=None, mean=np.mean,
             use=lambda seeds: seeds):  # fmt: skip
    told = {"mode": "eval"} if told is None else told

    def sweep(norm, sizes, seeds, train_and_test):
        errors = {}
        for b in sizes:
            runs = [
                train_and_test(norm, b, learning_rate=rate(b), updates=updates(b), seed=s, **told)
                for s in use(seeds)
            ]
            errors[b] = mean(runs)
        return errors

    return sweep


@pytest.mark.parametrize(
    ("sweep", "keys"),
    [
        (sweeping(), set()),
        (sweeping(updates=lambda b: 6 * (1280 / b)), set()),
        (sweeping(rate=lambda b: 0.3), {"one rate for all"}),
        (sweeping(rate=lambda b: 0.3 * 32 / b), {"rate reversed"}),
        (sweeping(updates=lambda b: 6), {"epochs for updates"}),
        (sweeping(updates=lambda b: 240), {"equal updates"}),
        (sweeping(updates=lambda b: 240 * b // 32), {"more updates for larger batches"}),
        (sweeping(rate=lambda b: 0.3 / b), {"rate over the size"}),
        (sweeping(told={}), {"tested in training mode"}),
        (sweeping(mean=min), {"best seed"}),
        (sweeping(mean=lambda runs: runs[-1]), {"one run told"}),
        (sweeping(use=lambda seeds: seeds[:1]), {"one seed only"}),
        (sweeping(use=lambda seeds: range(len(seeds))), {"seeds counted"}),
        (sweeping(rate=lambda b: 0.3, told={}), {"one rate for all", "tested in training mode"}),
        (sweeping(use=lambda seeds: seeds[:1], mean=max), {"one seed only"}),
    ],
)
def test_an_unfair_sweep_is_named(sweep, keys):
    assert named("8.2", sweep) == keys


def test_a_sweep_that_is_no_dict_or_lacks_a_size_is_told():
    def as_list(norm, sizes, seeds, train_and_test):
        return list(sweeping()(norm, sizes, seeds, train_and_test).values())

    def first_only(norm, sizes, seeds, train_and_test):
        return sweeping()(norm, sizes[:1], seeds, train_and_test)

    for sweep, word in ((as_list, "dict"), (first_only, "keys")):
        verdict = judge_answer(find("8.2"), sweep)
        assert verdict.status is Status.UNREADABLE and word in verdict.seen[0]


def test_a_list_that_is_not_emptied_between_the_sizes_is_named():
    def sweep(norm, sizes, seeds, train_and_test):
        runs, errors = [], {}
        for b in sizes:
            for seed in seeds:
                runs.append(
                    train_and_test(
                        norm, b, learning_rate=0.3 * b / 32, updates=7680 // b, seed=seed,
                        mode="eval",
                    )
                )  # fmt: skip
            errors[b] = sum(runs) / len(runs)
        return errors

    assert named("8.2", sweep) == {"errors of earlier sizes kept"}


def test_an_unknown_mode_is_told_the_known_ones():
    def sweep(norm, sizes, seeds, train_and_test):
        return sweeping(told={"mode": "test"})(norm, sizes, seeds, train_and_test)

    seen = " ".join(judge_answer(find("8.2"), sweep).seen)
    assert '"train", "eval"' in seen


def test_what_an_unfair_sweep_asked_for_is_shown():
    verdict = judge_answer(find("8.2"), sweeping(told={}))
    assert 'was run with mode "train"; not "eval"' in verdict.seen[-1]


def test_the_recorder_refuses_what_the_real_trainer_refuses():
    from bncourse.experiments.fair_runs import train_and_test

    for norm, mode in (("bn", "eval"), ("batch", "test")):
        for trainer in (Recorder(), train_and_test):
            with pytest.raises(ValueError, match="not both known"):
                trainer(norm, 32, learning_rate=0.3, updates=1, seed=0, mode=mode)


def test_the_real_trainer_fails_at_batch_size_two():
    from bncourse.experiments.fair_runs import train_and_test

    small, large = (
        train_and_test("batch", b, learning_rate=0.3 * b / 32, updates=n, seed=0, mode="eval")
        for b, n in ((2, 300), (32, 240))
    )
    assert small > 15 > 5 > large


# 8.3


def loader(deal, entropy=None):
    class Loader:
        def __init__(self, labels, batch_size, rng):
            self.labels, self.batch_size, self.rng = labels, batch_size, rng
            self.order = np.argsort(labels)
            if deal in ("once", "rolled"):
                rng.shuffle(self.order)
            if deal == "labels":
                self.labels = labels.copy()

        def batches(self):
            order = self.order
            count = -(-len(order) // self.batch_size)
            if deal in ("right", "evened"):
                order = self.rng.permutation(order)
            if deal == "evened":
                return np.array_split(order, count)
            if deal == "interleaved":
                return [order[k::count] for k in range(count)]
            if deal == "rolled":
                order = self.order = np.roll(order, 1)
            if deal == "labels":
                self.rng.shuffle(self.labels)
            if deal == "global":
                np.random.shuffle(order)
            cut = [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]
            if deal == "batches":
                self.rng.shuffle(cut) if len({len(b) for b in cut}) == 1 else self._swap(cut)
            if deal == "within":
                cut = [self.rng.permutation(b) for b in cut]
            return cut

        def _swap(self, cut):
            cut[:] = [cut[k] for k in self.rng.permutation(len(cut))]

        def label_entropy(self, batches):
            if entropy:
                return entropy(self.labels, batches)
            total = []
            for batch in batches:
                p = np.bincount(self.labels[batch]) / len(batch)
                p = p[p > 0]
                total.append(-(p * np.log2(p)).sum())
            return sum(total) / len(total)

    return Loader


def nothing(labels, batches):
    return None


def nats(labels, batches):
    p = [np.unique(labels[b], return_counts=True)[1] / len(b) for b in batches]
    return np.mean([-(q * np.log(q)).sum() for q in p])


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (loader("right"), set()),
        (loader("no"), {"still sorted"}),
        (loader("batches"), {"the batches themselves shuffled"}),
        (loader("within"), {"the batches themselves shuffled"}),
        (loader("once"), {"shuffled once"}),
        (loader("global"), {"another generator"}),
        (loader("evened"), {"batches evened out"}),
        (loader("interleaved"), {"the same order in each epoch"}),
        (loader("rolled"), {"shifted along"}),
        (loader("labels"), {"labels without their samples"}),
        (loader("right", nats), {"nats"}),
        (loader("right", nothing), {"entropy not written"}),
        (loader("once", nats), {"shuffled once", "nats"}),
    ],
)
def test_a_slip_in_the_loader_is_named(answer, keys):
    verdict = judge_answer(find("8.3"), answer)
    assert set(verdict.misconceptions) == keys
    assert verdict.ok == (not keys)


@pytest.mark.parametrize("seed", range(4))
def test_evened_out_and_shifted_batches_never_pass(seed):
    for deal in ("evened", "rolled"):
        assert not judged("8.3", loader(deal), seed).ok
    assert judged("8.3", loader("right"), seed).ok


def test_the_loader_as_it_was_found_is_not_started():
    assert judge_answer(find("8.3"), loader("no", nothing)).status is Status.NOT_STARTED


def test_indices_that_do_not_exist_are_told():
    class Loader(loader("right")):
        def batches(self):
            return [batch + 1 for batch in super().batches()]

    verdict = judge_answer(find("8.3"), Loader)
    assert verdict.status is Status.UNREADABLE and "an index of" in verdict.seen[0]


# 8.4


def stats(past="last", count="own", unseen=True, copies=True):
    class PerStepStats:
        def __init__(self, T_max, d):
            self.T_max = T_max
            self.sums = [[np.zeros(d), np.zeros(d), 0] for _ in range(T_max)]
            self.updates = 0

        def _place(self, t):
            if count == "pooled":
                return 0
            return min(t, self.T_max - (past != "one past"))

        def update(self, t, mean, var):
            self.updates += 1
            if past == "ignored" and t >= self.T_max:
                return
            entry = self.sums[t if past == "not in update" else self._place(t)]
            entry[0] = entry[0] + mean
            entry[1] = entry[1] + var
            entry[2] += 1

        def get(self, t):
            mean, var, n = self.sums[t if past == "none" else self._place(t)]
            if n == 0 and unseen:
                raise ValueError("unseen")
            n = {"own": max(n, 1), "pooled": n, "all": self.updates, "first": self.sums[0][2]}[
                count
            ]
            return mean / n, var / n

    return PerStepStats


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (stats(), set()),
        (stats(past="none"), {"no step beyond T_max"}),
        (stats(past="ignored"), {"late updates lost"}),
        (stats(past="not in update"), {"no late update"}),
        (stats(count="pooled"), {"pooled over time"}),
        (stats(count="all"), {"one count for all steps"}),
        (stats(count="first"), {"counted in sequences"}),
        (stats(unseen=False), {"unseen as seen"}),
    ],
)
def test_a_slip_in_the_steps_is_named(answer, keys):
    assert named("8.4", answer) == keys


def test_what_happened_to_the_steps_is_told():
    verdict = judge_answer(find("8.4"), stats(count="all"))
    assert "PerStepStats(2, 1)" in verdict.seen[0] and "update(0" in verdict.seen[1]
    assert "then mean of stats.get(" in verdict.seen[2]


def test_a_plain_average_of_each_step_is_what_comes_back():
    record = find("8.4").driver(find("8.4"), stats())
    events = [("update", t, np.array([v]), np.array([2 * v])) for t, v in ((0, 1.0), (1, 5.0),
              (0, 3.0), (2, 7.0), (3, 9.0))]  # fmt: skip
    refused, mean, var = record(3, 1, [*events, ("get", 0), ("get", 1), ("get", 8)])
    assert mean.ravel().tolist() == [2, 5, 8] and var.ravel().tolist() == [4, 10, 16]
    assert refused.size == 0


# 8.5


def test_the_four_nets_go_the_ways_that_the_question_says():
    ends = np.array([gradient_norms(np.random.default_rng(seed))[:, -1] for seed in range(8)])
    arms = {arm: ends[:, k] for k, arm in enumerate(ARMS)}
    assert arms["identity", 1.0].max() < 0.1 and np.median(arms["identity", 1.0]) < 1e-4
    assert arms["orthogonal", 1.0].min() > 30
    for kind in ("identity", "orthogonal"):
        assert arms[kind, 0.1].min() > 0.3 and arms[kind, 0.1].max() < 6


def test_a_curve_is_the_gradient_that_autograd_gives():
    rng = np.random.default_rng(5)
    ours = gradient_norms(np.random.default_rng(5))
    orthogonal = np.linalg.qr(rng.normal(size=(32, 32)))[0]
    W_x = rng.normal(0, 0.03, (1, 32))
    x = rng.random((64, 64, 1)) * (rng.random((64, 64, 1)) < 0.5)
    last = torch.tensor(rng.normal(size=(64, 32)))
    h, states = torch.zeros(64, 32, dtype=torch.float64, requires_grad=True), []
    for given in torch.tensor(x @ W_x):
        a = h @ torch.tensor(orthogonal) + given
        h = torch.tanh(nn.functional.batch_norm(a, None, None, training=True, eps=1e-5))
        h.retain_grad()
        states.append(h)
    (h * last).sum().backward()
    norms = [state.grad.norm().item() for state in states]
    np.testing.assert_allclose(ours[1], [norms[k - 1] / norms[-1] for k in (64, 56, 48, 40, 32,
                               24, 16)])  # fmt: skip


def test_the_mean_slope_at_sd_one_is_the_known_one():
    z = np.random.default_rng(0).normal(size=1_000_000)
    assert mean_slope(1.0) == pytest.approx(0.606, abs=5e-4)
    assert mean_slope(0.5) == pytest.approx(np.mean(1 - np.tanh(0.5 * z) ** 2), abs=2e-3)


def test_exchanged_curves_are_named():
    p = drawn("8.5", 1)
    answer = {n: float(v) for n, v in find("8.5").reference(p).items()}
    answer |= {n: "abcd"[int(answer[n])] for n in ("identity", "orthogonal", "follows", "why")}
    assert judged("8.5", answer, 1).ok
    turned = answer | {"identity": answer["orthogonal"], "orthogonal": answer["identity"]}
    assert judged("8.5", turned | {"follows": "a"}, 1).misconceptions == (
        "the two exchanged", "gamma = 1 always shrinks it",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("power", "key"),
    [(1, "the whole growth"), (1 / 6, "growth per column"), (1 / 64, "the root of all steps")],
)
def test_a_growth_over_too_many_or_too_few_steps_is_named(power, key):
    p = drawn("8.5", 2)
    answer = {n: float(v) for n, v in find("8.5").reference(p).items()}
    answer |= {n: "abcd"[int(answer[n])] for n in ("identity", "orthogonal", "follows", "why")}
    answer["growth"] = answer["growth"] ** (48 * power)
    assert judged("8.5", answer, 2).misconceptions == (key,)


# 8.6


@pytest.mark.parametrize("seed", range(4))
def test_a_black_pixel_is_what_pytorch_makes_of_it(seed):
    p = drawn("8.6", seed)
    wanted = {n: float(v) for n, v in find("8.6").reference(p).items()}
    layer = nn.BatchNorm1d(1, eps=p["eps"], dtype=torch.float64)
    nn.init.constant_(layer.bias, p["beta"])
    x = torch.zeros(2000, 1, dtype=torch.float64, requires_grad=True)
    y = layer(x)
    assert y[0].item() == pytest.approx(wanted["output"])
    (gradient,) = torch.autograd.grad(y[0].sum(), x)
    assert gradient[0].item() == pytest.approx(wanted["gain"], rel=1e-3)
    layer.running_var.zero_()
    new = layer.eval()(torch.tensor([[p["noise"]]], dtype=torch.float64))
    assert new.item() == pytest.approx(wanted["new"])
    assert wanted["gains"] == pytest.approx(wanted["gain"] ** p["layers"])


# 8.7


def test_a_ghost_is_a_batch_of_its_own_and_the_memory_is_that_of_the_whole():
    x = np.random.default_rng(0).normal(3, 2, (12, 3))
    layer = nn.BatchNorm1d(3, affine=False, dtype=torch.float64)
    parts = [nn.BatchNorm1d(3, affine=False, dtype=torch.float64)(p)
             for p in torch.tensor(x).split(4)]  # fmt: skip
    layer(torch.tensor(x))
    x_hat, mean, var = find("8.7").reference(x, 4, np.zeros(3), np.ones(3), 0.1, 1e-5)
    np.testing.assert_allclose(x_hat, torch.cat(parts).numpy())
    np.testing.assert_allclose(mean, layer.running_mean.numpy())
    np.testing.assert_allclose(var, layer.running_var.numpy())


def ghosts(size=lambda x, v: v, ddof=0, update="whole", uneven=True):
    def ghost_bn(x, virtual, running_mean, running_var, momentum, eps):
        if virtual < 2 or (uneven and len(x) % virtual):
            raise ValueError
        step = size(x, virtual)
        mean, var, out = running_mean, running_var, []
        for k in range(0, len(x), step):
            g = x[k : k + step]
            out.append((g - g.mean(0)) / np.sqrt(g.var(0, ddof=ddof) + eps))
            if update == "each":
                mean = (1 - momentum) * mean + momentum * g.mean(0)
                var = (1 - momentum) * var + momentum * g.var(0, ddof=1)
        if update == "whole":
            mean = (1 - momentum) * mean + momentum * x.mean(0)
            var = (1 - momentum) * var + momentum * x.var(0, ddof=1)
        return np.concatenate(out), mean, var

    return ghost_bn


def across(x, virtual, running_mean, running_var, momentum, eps):
    _, mean, var = ghosts()(x, virtual, running_mean, running_var, momentum, eps)
    g = x.reshape(-1, virtual, x.shape[1])
    return ((g - g.mean(0)) / np.sqrt(g.var(0) + eps)).reshape(x.shape), mean, var


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (ghosts(), set()),
        (ghosts(size=lambda x, v: len(x)), {"the whole batch"}),
        (ghosts(size=lambda x, v: len(x) // v), {"virtual ghosts"}),
        (ghosts(ddof=1), {"unbiased in the ghosts"}),
        (across, {"mean across the ghosts"}),
        (ghosts(update="each"), {"a step for each ghost"}),
        (ghosts(uneven=False), {"an uneven batch accepted"}),
    ],
)
def test_a_slip_in_ghost_batches_is_named(answer, keys):
    assert named("8.7", answer) == keys


# 8.8


def test_combined_statistics_are_those_of_all_samples():
    rng = np.random.default_rng(2)
    shards = [rng.normal(rng.normal(0, 3), 1, (n, 2)) for n in (7, 1, 12)]
    means, variances = (np.array([f(s, axis=0) for s in shards]) for f in (np.mean, np.var))
    mean, var = find("8.8").reference(np.array([7, 1, 12]), means, variances)
    everything = np.concatenate(shards)
    np.testing.assert_allclose(mean, everything.mean(axis=0))
    np.testing.assert_allclose(var, everything.var(axis=0))


def combined(rule):
    def combine(counts, means, variances):
        seen = counts > 0
        n, m, v = counts[seen], means[seen], variances[seen]
        return tuple(a.astype(means.dtype) for a in rule(n, m, v))

    return combine


def _right(n, m, v):
    mean = np.average(m, 0, n)
    return mean, np.average(v + (m - mean) ** 2, 0, n)


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (combined(_right), set()),
        (combined(lambda n, m, v: (np.average(m, 0, n), np.average(v, 0, n))),
         {"nothing between the devices"}),
        (combined(lambda n, m, v: (m.mean(0), v.mean(0))), {"means averaged, variances averaged"}),
        (combined(lambda n, m, v: (m.mean(0), v.mean(0) + m.var(0))), {"counts not used"}),
        (combined(lambda n, m, v: (m.mean(0), _right(n, m, v)[1])), {"mean of means"}),
        (combined(lambda n, m, v: (_right(n, m, v)[0], _right(n, m, v)[1] * n.sum())),
         {"not divided by the number of samples"}),
        (combined(lambda n, m, v: (_right(n, m, v)[0],
                                   np.average(v + (m - m.mean(0)) ** 2, 0, n))),
         {"distances from the plain mean"}),
        (combined(lambda n, m, v: (_right(n, m, v)[0], _right(n, m, v)[1] * n.sum()
                                   / (n.sum() - 1))), {"unbiased"}),
        (combined(lambda n, m, v: (np.average(m, 0, n), np.average(v + m**2, 0, n)
                                   - np.average(m, 0, n) ** 2)), {"one pass"}),
    ],
)  # fmt: skip
def test_a_slip_in_combining_is_named(answer, keys):
    assert named("8.8", answer) == keys


def test_the_mean_of_an_empty_device_is_noticed():
    def combine(counts, means, variances):
        w = (counts / counts.sum())[:, None].astype(means.dtype)
        mean = (w * means).sum(0)
        return mean, (w * (variances + (means - mean) ** 2)).sum(0)

    assert named("8.8", combine) == {"nan of an empty device"}


# 8.9 and all


def test_what_the_sentences_say_about_layer_norm_and_pieces_is_so():
    x = torch.randn(64, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for layer, same in ((nn.LayerNorm(5), True), (nn.BatchNorm1d(5), False)):
        layer.double()
        pieces = torch.cat([layer(part) for part in x.chunk(4)])
        assert torch.allclose(layer(x), pieces) == same


@pytest.mark.parametrize("key", [f"8.{k}" for k in range(1, 10)])
def test_an_untouched_answer_is_not_started(key):
    verdict = judge_answer(find(key), find(key).stub)
    assert verdict.status is Status.NOT_STARTED and verdict.credit == 0


def test_the_marks_are_as_the_notebook_says():
    marked = {k: find(f"8.{k}").graded for k in range(1, 10)}
    assert [k for k, graded in marked.items() if graded] == [1, 2, 3, 4, 5, 8]


@pytest.mark.parametrize("value", [3, "x", [1, 2]])
def test_what_is_no_class_is_told(value):
    for key in ("8.3", "8.4"):
        with pytest.raises((AnswerError, NotStarted)):
            find(key).driver(find(key), value)
