"""Slips that newcomers made in exercises 7.1, 7.3, 7.4 and 7.6: each is named as what it is."""

import numpy as np
import pytest

from bncourse.grading.judge import judge
from bncourse.grading.run_local import run_cases
from bncourse.grading.verdict import Status
from bncourse.registry import find
from bncourse.tasks.why_it_works.claims import SENTENCES


def judged(key, answer, seed=3):
    task = find(key)
    cases = task.draw(seed)
    return judge(task, cases, run_cases(task, answer, cases), seed)


@pytest.mark.parametrize("key", ["7.1", "7.6", "9.4", "9.6"])
def test_other_ways_of_a_slip_are_called_by_its_name(key):
    task = find(key)
    cases = task.draw(4)
    ways = [(m.key, way) for m in task.misconceptions for way in m.variants]
    assert ways
    for name, way in ways:
        while hasattr(way, "__wrapped__"):
            way = way.__wrapped__
        assert judge(task, cases, run_cases(task, way, cases)).misconceptions == (name,)


# 7.1


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (lambda gap, g, h, a: (gap, a * h / g), "ratio scaled back"),
        (lambda gap, g, h, a: (gap, 1 / a), "theory for a test"),
        (lambda gap, g, h, a: (gap, 1 / abs(a)), "theory for a test"),
    ],
)
def test_a_ratio_that_was_thought_of_and_not_measured_is_named(answer, key):
    def scale_test(net, W, a):
        (y, g), (z, h) = net(W), net(a * W)
        return answer(np.abs(z - y).max(), np.linalg.norm(g), np.linalg.norm(h), a)

    assert judged("7.1", scale_test).misconceptions == (key,)


def test_the_question_about_the_gap_tells_each_wrong_size_from_the_largest():
    gap = np.array([3.0, 4.0])
    sizes = [gap.sum(), gap.mean(), (gap**2).max(), (gap**2).mean(), np.linalg.norm(gap)]
    assert gap.max() not in [*sizes, np.sqrt((gap**2).mean())]
    asked = find("7.1").misconception("length for largest").asks
    assert "3" in asked and "4" in asked


# 7.3


def in_training(noise):
    def noisy(x_hat, shift, spread, rng, training=True):
        def even(low, high):
            return rng.uniform(low, high, x_hat.shape[1])

        return noise(x_hat, shift, spread, even) if training else x_hat

    return noisy


def right(x, shift, spread, even):
    return x * even(1 - spread, 1 + spread) + even(-shift, shift)


def again(y, eps=0.0):
    return (y - y.mean(0)) / np.sqrt(y.var(0) + eps)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("noise", "key"),
    [
        (lambda x, shift, spread, even: x * even(1, 1 + spread) + even(-shift, shift),
         "only larger"),
        (lambda x, shift, spread, even: x * even(1 - shift, 1 + shift) + even(-spread, spread),
         "ranges exchanged"),
        (lambda x, shift, spread, even: x * even(1 - spread, 1 + spread) + 1 + even(-shift, shift),
         "moves around 1"),
        (lambda x, shift, spread, even: x * even(1 - spread / 2, 1 + spread / 2)
         + even(-shift, shift), "half the factors"),
        (lambda x, shift, spread, even: x * even(1 - spread, 1 + spread) + even(0, shift),
         "moves one way only"),
        (lambda *args: again(right(*args)), "no noise at all"),
        (lambda *args: again(right(*args), 1e-5), "normalised again"),
    ],
)  # fmt: skip
def test_noise_of_another_kind_is_called_what_it_is(noise, key, seed):
    assert judged("7.3", in_training(noise), seed).misconceptions == (key,)


def test_an_evaluation_that_returns_nothing_or_zeros_is_told_from_one_with_noise():
    def nothing(x_hat, shift, spread, rng, training=True):
        if training:
            return in_training(right)(x_hat, shift, spread, rng)

    def zeros(x_hat, shift, spread, rng, training=True):
        return in_training(right)(x_hat, shift, spread, rng) if training else 0 * x_hat

    verdict = judged("7.3", nothing)
    assert verdict.status is Status.UNREADABLE and "training=False" in " ".join(verdict.seen)
    assert judged("7.3", zeros).misconceptions == ("evaluation loses x_hat",)


def test_what_was_seen_of_noise_is_one_fact_in_words():
    verdict = judged("7.3", in_training(lambda x, shift, spread, even: x * even(1, 1 + spread)))
    assert verdict.seen[-1].startswith("this is not so: the ")


# 7.4


def walk(order=reversed, above=lambda z: z > 0, down=lambda back, norm, dz: back(dz), last=True):
    def gradient_norms(norm, x, weights, dy):
        h, tape = x, []
        for W in weights:
            z, back = norm(h @ W)
            tape.append((z, back))
            h = np.maximum(z, 0)
        squares = [np.sum(dy**2)]
        for W, (z, back) in zip(order(weights), reversed(tape), strict=True):
            dy = down(back, norm, dy * above(z)) @ W.T
            squares.append(np.sum(dy**2))
        return np.array(squares[::-1]) / (1 if last else squares[0])

    return gradient_norms


def test_no_z_is_exactly_zero_so_both_slopes_there_are_right():
    for seed in range(30):
        assert judged("7.4", walk(above=lambda z: z >= 0), seed).ok


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (walk(order=list), "weights in forward order"),
        (walk(down=lambda back, norm, dz: norm(dz)[0]), "the norm forwards once more"),
        (walk(last=False), "over dy's"),
    ],
)
def test_a_likely_slip_on_the_way_back_is_named(answer, key):
    assert judged("7.4", answer).misconceptions == (key,)


def test_x_in_every_layer_and_squares_of_activations_are_named():
    def always_x(norm, x, weights, dy):
        tape = [(*norm(x @ W), W) for W in weights]
        squares = [np.sum(dy**2)]
        for z, back, W in reversed(tape):
            dy = back(dy * (z > 0)) @ W.T
            squares.insert(0, np.sum(dy**2))
        return squares

    def activations(norm, x, weights, dy):
        squares = [np.sum(x**2)]
        for W in weights:
            x = np.maximum(norm(x @ W)[0], 0)
            squares.append(np.sum(x**2))
        return squares

    assert judged("7.4", always_x).misconceptions == ("always x",)
    assert judged("7.4", activations).misconceptions == ("activations",)


# 7.6


def turning(angle, sign=-1, step_of=lambda step: step, extra=()):
    def rotations(gradient, w, rate, decay, steps):
        angles = list(extra)
        for step in range(steps):
            new = w + sign * rate * (gradient(w, step_of(step)) + decay * w)
            angles.append(angle(w, new, rate, decay))
            w = new
        return np.array(angles)

    return rotations


def arccos(w, new, rate, decay):
    """Without clip: these steps turn far enough."""
    return np.arccos(w @ new / (np.linalg.norm(w) * np.linalg.norm(new)))


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (turning(arccos), None),
        (turning(lambda w, new, rate, decay: np.sqrt(2 * rate * decay)),
         "theory for a measurement"),
        (turning(lambda w, new, *_: np.arctan(np.linalg.norm(new - w) / np.linalg.norm(w))),
         "arctan of the relative step"),
        (turning(arccos, step_of=lambda step: 0), "always the first step's gradient"),
        (turning(arccos, sign=1), "the whole step uphill"),
        (turning(arccos, extra=(0.0,)), "one number too many"),
    ],
)  # fmt: skip
def test_a_slip_in_turning_is_named(answer, key):
    assert judged("7.6", answer).misconceptions == ((key,) if key else ())


# 7.5


def test_the_right_endings_stand_at_several_places_and_none_at_most_of_them():
    places = [sentence.place(0) for sentence in SENTENCES.sentences.values()]
    assert set(places) == {0, 1, 2}
    assert max(places.count(place) for place in set(places)) < len(places) / 2
