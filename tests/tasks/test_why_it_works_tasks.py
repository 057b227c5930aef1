"""Exercises 7.1 to 7.6 with answers as learners write them."""

import numpy as np
import pytest

from bncourse.check import judge_answer
from bncourse.grading import asked
from bncourse.grading.handed import call_many_times, hand_in_functions, made, norm_layer, sideways
from bncourse.grading.judge import judge
from bncourse.grading.run_local import run_cases
from bncourse.grading.verdict import Status
from bncourse.layers.oracles import along_axis
from bncourse.registry import find


def judged(key, answer, seed=5):
    task = find(key)
    cases = task.draw(seed)
    return judge(task, cases, run_cases(task, answer, cases), seed)


def typed(key, seed=3, **wrong):
    """Judge a form whose fields are right but for these."""
    task = find(key)
    cases = task.draw(seed)
    right = {name: float(v) for name, v in task.reference(*cases[0].args).items()}
    right["follows"] = "abcd"[int(right["follows"])]
    given = {k: v(cases[0].args[0]) if callable(v) else v for k, v in wrong.items()}
    answer = right | given
    return judge(task, cases, run_cases(task, answer, cases), seed)


def test_the_process_that_runs_answers_knows_these_drivers():
    for key, driver in (("7.1", hand_in_functions), ("7.3", call_many_times)):
        assert asked.from_data(asked.to_data(find(key))).driver is driver


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_a_handed_layer_goes_back_as_finite_differences_do(axis):
    rng = np.random.default_rng(0)
    a, dz = rng.normal(size=(2, 5, 4))
    _, back = norm_layer(along_axis, axis, 1e-3)(a)
    da = back(dz)
    for place in np.ndindex(a.shape):
        up, down = a.copy(), a.copy()
        up[place] += 1e-6
        down[place] -= 1e-6
        slope = (
            (
                norm_layer(along_axis, axis, 1e-3)(up)[0]
                - norm_layer(along_axis, axis, 1e-3)(down)[0]
            )
            * dz
        ).sum()
        assert slope / 2e-6 == pytest.approx(da[place], abs=1e-6)


def test_a_handed_gradient_is_sideways_and_shrinks_with_length():
    gradient = sideways(np.random.default_rng(0).normal(size=(3, 6)))
    w = np.arange(1.0, 7.0)
    assert gradient(w, 1) @ w == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(gradient(10 * w, 1), gradient(w, 1) / 10)
    assert not np.allclose(gradient(w, 0), gradient(w, 1))
    assert made([1, 2]) == [1, 2] and made({"not": "handed"}) == {"not": "handed"}


def scale_by_norms(net, W, a):
    y, g = net(W)
    z, h = net(W * a)
    return abs(z - y).max(), np.sqrt(np.vdot(h, h) / np.vdot(g, g))


def test_scale_test_right_and_with_the_output_alone_compared():
    assert judged("7.1", scale_by_norms).ok
    verdict = judged("7.1", lambda net, W, a: scale_by_norms(net, W, abs(a)))
    assert verdict.misconceptions == ("sign lost",)
    verdict = judged("7.1", lambda net, W, a: scale_by_norms(net, W, a)[::-1])
    assert verdict.misconceptions == ("answers exchanged",)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"paper_alone": 31.0 / 2.1}, "all of it by batch norm"),
        ({"paper_rest": 31.0 / 2.1 - 31.0 / 13.3}, "the rest by subtraction"),
        ({"own_best": lambda p: min(p["plain"]) / p["batch"][p["plain"].index(min(p["plain"]))]},
         "best of one net"),
        ({"same_rate": lambda p: min(p["plain"]) / min(p["batch"])}, "own best for the same rate"),
        ({"paper_rest": 31.0 / 13.3}, "batch norm for the rest"),
        ({"paper_alone": 13.3 / 2.1}, "the rest for batch norm"),
        ({"paper_rest": 31.0 / 13.3, "paper_alone": 13.3 / 2.1}, "alone and rest exchanged"),
        ({"follows": "a"}, "fourteen times by batch norm"),
        ({"follows": "d"}, "the rate alone"),
    ],
)  # fmt: skip
def test_a_slip_in_reading_the_tables_is_named(wrong, key):
    verdict = typed("7.2", **wrong)
    assert verdict.misconceptions == (key,)
    assert 0 < verdict.credit < 1


def test_the_tables_are_the_learners_own_and_each_net_has_another_best_rate():
    task = find("7.2")
    for seed in range(40):
        p = task.draw(seed)[0].args[0]
        best = {int(np.argmin(p["plain"])), int(np.argmin(p["batch"]))}
        assert len(best | {p["rates"].index(p["common"])}) == 3
        told = {name: float(v) for name, v in task.reference(p).items()}
        own, same = told["own_best"], told["same_rate"]
        assert 2 < own < 8 and same > 1.1 and max(own / same, same / own) >= 1.7
        for paper in (14, 31 / 2.1, 31 / 13.3, 13.3 / 2.1):
            assert min(abs(own / paper - 1), abs(same / paper - 1)) > 0.1


def test_noise_in_other_styles_and_wrong():
    def by_hand(x_hat, shift, spread, rng, training=True):
        y = np.array(x_hat)
        for j in range(y.shape[1] if training else 0):
            y[:, j] *= 1 - spread + 2 * spread * rng.random()
            y[:, j] += shift * (1 - 2 * rng.random())
        return y

    assert judged("7.3", by_hand).ok

    def dropout_like(x_hat, shift, spread, rng, training=True):
        return x_hat + training * rng.uniform(-shift, shift, x_hat.shape)

    assert judged("7.3", dropout_like).misconceptions == ("each sample by itself", "shift only")

    def global_generator(x_hat, shift, spread, rng, training=True):
        return by_hand(x_hat, shift, spread, np.random.default_rng(), training)

    assert judged("7.3", global_generator).misconceptions == ("a generator of its own",)
    assert judged("7.3", lambda *args: np.zeros(3)).status is Status.UNREADABLE


def test_gradient_norms_tell_the_theory_of_deep_nets():
    walk = find("7.4").accepted[1]
    rng = np.random.default_rng(0)
    weights = [rng.normal(0, np.sqrt(2 / 128), (128, 128)) for _ in range(24)]
    x, dy = rng.normal(size=(2, 128, 128))
    squares = walk(norm_layer(along_axis, 0), x, weights, dy)
    assert (squares[5] / squares[20]) ** (1 / 15) == pytest.approx(np.pi / (np.pi - 1), rel=0.04)


def test_gradient_norms_that_keep_the_last_layer_only_are_told():
    def closures(norm, x, weights, dy):
        h, steps = x, []
        for W in weights:
            z, back = norm(h @ W)
            h = np.maximum(z, 0)
            steps.append(lambda dh: back(dh * (z > 0)) @ W.T)  # noqa: B023 (that is the mistake)
        squares = [(dy**2).sum()]
        for step in reversed(steps):
            dy = step(dy)
            squares.insert(0, (dy**2).sum())
        return squares

    assert not judged("7.4", closures).ok


def test_rotations_settle_where_theory_says():
    rate, decay, steps = 0.1, 0.05, 3000
    pushes = np.random.default_rng(1).normal(size=(steps, 50))
    angles = find("7.6").accepted[0](sideways(pushes), np.ones(50), rate, decay, steps)
    assert np.mean(angles[-800:]) == pytest.approx(np.sqrt(2 * rate * decay), rel=0.03)


@pytest.mark.parametrize("key", ["7.1", "7.2", "7.4", "7.6"])
def test_feedback_from_a_notebook_reads_well(key):
    task = find(key)
    assert judge_answer(task, task.stub).status is Status.NOT_STARTED
    verdict = (
        judged(key, task.misconceptions[0].wrong, 1) if key != "7.2" else typed("7.2", follows="a")
    )
    assert task.misconception(verdict.misconceptions[0]).says in " ".join(str(verdict).split())
