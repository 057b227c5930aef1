"""Exercises 8.1 to 8.8: slips that newcomers made, as they made them, by the names they get."""

from functools import cache

import numpy as np
import pytest

from bncourse.check import judge_answer
from bncourse.grading.judge import judge
from bncourse.grading.run_local import run_cases
from bncourse.registry import find


@cache
def drawn(key, seed):
    return find(key).draw(seed)


def judged(key, answer, seed=0):
    task, cases = find(key), drawn(key, seed)
    return judge(task, cases, run_cases(task, answer, cases), seed)


def named(key, answer, seeds=range(2)):
    found = {judged(key, answer, seed).misconceptions for seed in seeds}
    assert len(found) == 1
    return set(found.pop())


def filled(key, seed=0, **changes):
    """The right answers to a form, as a learner types them, but for some."""
    p = drawn(key, seed)[0].args[0]
    answer = {}
    for name, value in find(key).reference(p).items():
        choice = hasattr(find(key).form.field(name), "options")
        answer[name] = "abcd"[int(value)] if choice else float(value)
    return p, answer | {name: change(p) for name, change in changes.items()}


# 8.1


@pytest.mark.parametrize(
    ("factor", "inside", "key"),
    [
        (1, 1, "the whole difference for its half"),
        (0.5, 4, "half the difference for the whole"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_the_wrong_half_in_a_formula_is_named(factor, inside, key, seed):
    def tiny(p):
        d = factor * (p["tiny"][0] - p["tiny"][1])
        return d / np.sqrt(d**2 + inside * p["eps"])

    _, answer = filled("8.1", seed, tiny=tiny)
    assert judged("8.1", answer, seed).misconceptions == (key,)


# 8.2


def test_a_rate_of_zero_is_traced_to_the_whole_division():
    def sweep(norm, sizes, seeds, train_and_test):
        errors = {}
        for b in sizes:
            rate, n = 0.3 * (b // 32), 7680 // b
            errors[b] = np.mean([
                train_and_test(norm, b, learning_rate=rate, updates=n, seed=s, mode="eval")
                for s in seeds
            ])  # fmt: skip
        return errors

    assert named("8.2", sweep) == {"rate rounded down"}


# 8.3


def loader(deal=None, order=None, entropy=None):
    class Loader:
        def __init__(self, labels, batch_size, rng):
            self.labels, self.batch_size, self.rng = labels, batch_size, rng
            self.order = np.argsort(labels)

        def batches(self):
            if deal:
                return deal(self)
            dealt = order(self) if order else self.rng.permutation(self.order)
            return [dealt[i : i + self.batch_size] for i in range(0, len(dealt), self.batch_size)]

        def label_entropy(self, batches):
            found = []
            for batch in batches:
                c = np.unique(self.labels[batch], return_counts=True)[1]
                p = c / len(batch)
                found.append(entropy(self, c) if entropy else -(p * np.log2(p)).sum())
            return np.mean(found)

    return Loader


def shuffled_labels(self):
    labels = self.labels.copy()
    self.rng.shuffle(labels)
    return labels


def one_by_one(self):
    n = len(self.labels)
    starts = range(0, n, self.batch_size)
    return [self.rng.choice(n, self.batch_size, replace=False) for _ in starts]


def whole_ones(self):
    n = len(self.labels)
    return [self.rng.choice(n, self.batch_size, replace=False) for _ in range(n // self.batch_size)]


def bits(size):
    return lambda self, c: -(c / size(self, c) * np.log2(c / size(self, c))).sum()


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (loader(order=lambda s: s.rng.permutation(s.labels)), "labels dealt"),
        (loader(order=lambda s: s.labels[s.rng.permutation(s.order)]), "labels dealt"),
        (loader(order=shuffled_labels), "labels dealt"),
        (loader(one_by_one), "drawn with replacement"),
        (loader(whole_ones), "drawn with replacement"),
        (loader(lambda s: np.array_split(s.rng.permutation(s.order), s.batch_size)),
         "as many batches as samples"),
        (loader(entropy=lambda s, c: np.log2(len(c))), "the logarithm of their number"),
        (loader(entropy=lambda s, c: -(c / c.sum() * np.log2(c / c.sum())).mean()),
         "averaged over the classes"),
        (loader(entropy=bits(lambda s, c: s.batch_size)), "divided by another length"),
        (loader(entropy=bits(lambda s, c: 1)), "counts for shares"),
    ],
)  # fmt: skip
def test_a_newcomer_s_loader_is_named(answer, key):
    assert judged("8.3", loader()).ok
    assert named("8.3", answer) == {key}


# 8.4


class Stats:
    """A right answer whose parts are exchanged below."""

    def __init__(self, T_max, d):
        self.T_max, self.n = T_max, np.zeros(T_max)
        self.mean, self.var = np.zeros((T_max, d)), np.zeros((T_max, d))

    def count(self, t):
        self.n[t] += 1

    def update(self, t, mean, var):
        t = min(t, self.T_max - 1)
        self.count(t)
        self.mean[t] += (mean - self.mean[t]) / self.n[t]
        self.var[t] += (var - self.var[t]) / self.n[t]

    def place(self, t):
        return min(t, self.T_max - 1)

    def get(self, t):
        t = self.place(t)
        if t < 0 or self.n[t] == 0:
            raise ValueError("never seen")
        return self.mean[t].copy(), self.var[t].copy()


class AnyStepSeen(Stats):
    def get(self, t):
        if not self.n.any():
            raise ValueError("never seen")
        return self.mean[self.place(t)].copy(), self.var[self.place(t)].copy()


class AllCounted(Stats):
    def count(self, t):
        self.n += 1


class OneCount(Stats):
    def __init__(self, T_max, d):
        super().__init__(T_max, d)
        self.n = 0

    def update(self, t, mean, var):
        self.n += 1
        self.mean[self.place(t)] += mean
        self.var[self.place(t)] += var

    def get(self, t):
        if self.n == 0:
            raise ValueError("never seen")
        return self.mean[self.place(t)] / self.n, self.var[self.place(t)] / self.n


class SequencesCounted(OneCount):
    def update(self, t, mean, var):
        self.n += t == 0
        self.mean[self.place(t)] += mean
        self.var[self.place(t)] += var


class Nearest(Stats):
    def place(self, t):
        seen = np.flatnonzero(self.n)
        return seen[np.abs(seen - t).argmin()] if seen.size else -1


class NotBeyondSeen(Stats):
    def place(self, t):
        return min(t, np.flatnonzero(self.n)[-1]) if self.n.any() else -1


class LastSeenBeyond(Stats):
    def place(self, t):
        return NotBeyondSeen.place(self, t) if t >= self.T_max else t


class Refusing(Stats):
    def update(self, t, mean, var):
        if t >= self.T_max:
            raise ValueError(f"only {self.T_max} steps")
        super().update(t, mean, var)


class Pooling(Stats):
    def get(self, t):
        if t < self.T_max:
            return super().get(t)
        if not self.n.any():
            raise ValueError("never seen")
        return tuple(np.average(a, axis=0, weights=self.n) for a in (self.mean, self.var))


class Between(Stats):
    def __init__(self, T_max, d):
        super().__init__(T_max, d)
        self.squares = np.zeros((T_max, d))

    def update(self, t, mean, var):
        super().update(t, mean, var)
        t = self.place(t)
        self.squares[t] += (mean**2 - self.squares[t]) / self.n[t]

    def get(self, t):
        mean, var = super().get(t)
        return mean, var + self.squares[self.place(t)] - mean**2


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (AnyStepSeen, "any step will do"),
        (Nearest, "any step will do"),
        (AllCounted, "one count for all steps"),
        (OneCount, "one count for all steps"),
        (SequencesCounted, "counted in sequences"),
        (NotBeyondSeen, "an earlier step instead"),
        (LastSeenBeyond, "the last step seen beyond T_max"),
        (Refusing, "refused beyond T_max"),
        (Pooling, "the average of all steps beyond T_max"),
        (Between, "the scatter of the means added"),
    ],
)
def test_a_newcomer_s_record_of_the_steps_is_named(answer, key):
    assert judged("8.4", Stats).ok
    assert named("8.4", answer) == {key}


def test_who_keeps_an_average_for_each_step_is_not_told_that_all_share_one():
    class Odd(Stats):
        """Refuses by a rule that nobody foresaw, and averages rightly."""

        def get(self, t):
            if self.n.sum() == 0 or t == 9:
                raise ValueError("never seen")
            return self.mean[self.place(t)].copy(), self.var[self.place(t)].copy()

    assert "pooled over time" not in judged("8.4", Odd).misconceptions


def test_variances_over_one_less_need_nothing_between():
    batches = np.random.default_rng(0).normal(0, 1, (400, 50, 8))
    plain = batches.var(axis=2, ddof=1).mean()
    assert plain == pytest.approx(1, abs=0.02)
    assert plain + batches.mean(axis=2).var(axis=1).mean() == pytest.approx(1 + 1 / 8, abs=0.02)


# 8.5


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("sd", "key"),
    [
        (lambda s: s**2, "variance for sd"),
        (lambda s: s**0.5, "root of the sd"),
        (lambda s: 1.0, "sd of 1"),
    ],
)
def test_a_slope_at_another_spread_is_named(seed, sd, key):
    z = np.random.default_rng(0).normal(size=1_000_000)
    _, answer = filled(
        "8.5", seed, slope=lambda p: float(np.mean(1 - np.tanh(sd(p["sd"]) * z) ** 2))
    )
    assert judged("8.5", answer, seed).misconceptions == (key,)
    _, right = filled("8.5", seed, slope=lambda p: np.mean(1 - np.tanh(p["sd"] * z) ** 2))
    assert judged("8.5", right, seed).ok


@pytest.mark.parametrize("seed", range(8))
def test_a_growth_over_a_part_of_the_row_is_right_or_named(seed):
    row = next(c for c in filled("8.5", seed)[0]["curves"] if c[-1] > 20)
    for a, b in ((0, 1), (0, 3), (5, 6)):
        factor = float(row[b] / row[a]) ** (1 / (8 * (b - a)))
        verdict = judged("8.5", filled("8.5", seed, growth=lambda p, f=factor: f)[1], seed)
        assert verdict.ok or verdict.misconceptions[0].startswith("a part of the row")


# 8.7


def ghosts(axis=1, hat=None, weight=None, correct=lambda v, n: n / (n - 1)):
    def ghost_bn(x, virtual, running_mean, running_var, momentum, eps):
        if virtual < 2 or len(x) % virtual:
            raise ValueError("these cannot be cut")
        g = x.reshape(-1, virtual, x.shape[1])
        mean, var = g.mean(axis, keepdims=True), g.var(axis, keepdims=True)
        x_hat = ((g - mean) / np.sqrt(var + eps)).reshape(x.shape)
        if hat == "running":
            x_hat = (x - running_mean) / np.sqrt(running_var + eps)
        w = weight or momentum
        var = x.var(0) * correct(virtual, len(x))
        return x_hat, (1 - w) * running_mean + w * x.mean(0), (1 - w) * running_var + w * var

    return ghost_bn


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (ghosts(), None),
        (ghosts(axis=(1, 2)), "mean over the features, too"),
        (ghosts(hat="running"), "normalised by the running statistics"),
        (ghosts(weight=1.0), "no momentum"),
        (ghosts(correct=lambda v, n: v / (v - 1)), "corrected with the ghost's size"),
    ],
)
def test_a_newcomer_s_ghosts_are_named(answer, key):
    assert named("8.7", answer) == ({key} if key else set())


# 8.8


def combined(rule):
    def combine(counts, means, variances):
        seen = counts > 0
        told = rule(counts[seen], means[seen], variances[seen])
        return tuple(a.astype(means.dtype) for a in told)

    return combine


def pooled(c, m, v, less):
    return ((c - 1)[:, None] * v).sum(0) / (c.sum() - less)


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (lambda c, m, v: (np.average(m, 0, c), pooled(c, m, v, 1)), "pooled variance"),
        (lambda c, m, v: (np.average(m, 0, c), pooled(c, m, v, 0)), "pooled variance"),
        (lambda c, m, v: (
            np.average(m, 0, c),
            pooled(c, m, v, 1) + np.average((m - np.average(m, 0, c)) ** 2, 0, c),
         ), "weighted with n − 1"),
        (lambda c, m, v: (
            np.average(m, 0, c), np.average(v + (m - np.average(m, 0, c)), 0, c)
         ), "nothing between the devices"),
        (lambda c, m, v: ((c * m).sum(0) / c.sum(), (c * v).sum(0) / c.sum()),
         "counts along the features"),
        (lambda c, m, v: (
            np.average(m, 0, c),
            (c * (v + (m - np.average(m, 0, c)) ** 2)).sum(0) / c.sum(),
         ), "counts along the features"),
    ],
)  # fmt: skip
def test_a_newcomer_s_combination_is_named(rule, key):
    assert named("8.8", combined(rule)) == {key}


def test_a_cancelled_square_is_in_the_words():
    def cancelled(c, m, v):
        mean = np.average(m, 0, c)
        return mean, np.average(v + (m - mean), 0, c)

    (says,) = judge_answer(find("8.8"), combined(cancelled)).looks_like
    assert "without its square" in says
