"""Exercises 1.1 to 1.4 with answers as learners write them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bncourse.authoring.proof import typed_form
from bncourse.check import judge_answer
from bncourse.grading.answers import AnswerError
from bncourse.grading.batches import DEALT
from bncourse.grading.verdict import Status
from bncourse.registry import find


def cut(perm, n, size, start=0, stop=None):
    return [perm[i : i + size] for i in range(start, n if stop is None else stop, size)]


def checked(deal):
    def minibatch_indices(n, batch_size, rng, drop_last=False):
        if batch_size < 1:
            raise ValueError("batch_size")
        batches = deal(n, batch_size, rng)
        return [b for b in batches if len(b) == batch_size] if drop_last else batches

    return minibatch_indices


@pytest.mark.parametrize(
    ("deal", "key"),
    [
        (lambda n, b, rng: cut(rng.permutation(n), n, b, stop=n - b), "stops early"),
        (lambda n, b, rng: cut(rng.permutation(n), n, b, stop=n - b + 1), "rest lost"),
        (lambda n, b, rng: cut(rng.choice(n, n) if n else np.arange(0), n, b),
         "drawn with replacement"),
        (lambda n, b, rng: cut(np.random.permutation(n), n, b), "rng not used"),
        (lambda n, b, rng: cut(np.random.default_rng(42).permutation(n), n, b),
         "same order every epoch"),
        (lambda n, b, rng: cut(np.arange(n), n, b), "not shuffled"),
        (lambda n, b, rng: cut(1 + rng.permutation(n), n, b), "counted from one"),
        (lambda n, b, rng: np.array_split(rng.permutation(n), -(-n // b)) if n else [],
         "batches evened out"),
    ],
)  # fmt: skip
def test_a_slip_in_dealing_is_named(deal, key):
    verdict = judge_answer(find("1.2"), checked(deal))
    assert verdict.misconceptions == (key,)


@pytest.mark.parametrize("short_last", [True, False])
def test_a_shuffle_of_whole_batches_is_told_from_a_shuffle_of_images(short_last):
    def deal(n, b, rng):
        runs = cut(np.arange(n), n, b)
        last = [runs.pop()] if short_last and runs and len(runs[-1]) < b else []
        return [runs[k] for k in rng.permutation(len(runs))] + last

    for _ in range(5):
        found = judge_answer(find("1.2"), checked(deal))
        assert found.misconceptions == ("neighbours kept together",)


def test_each_batch_drawn_from_the_full_deck_is_named():
    def deal(n, b, rng):
        return [rng.choice(n, min(b, n - i), replace=False) for i in range(0, n, b)]

    found = judge_answer(find("1.2"), checked(deal))
    assert found.misconceptions == ("each batch from the full deck",)


def test_a_forgotten_return_is_told():
    found = judge_answer(find("1.2"), lambda n, b, rng, drop_last=False: None)
    assert found.status is Status.NOT_STARTED and found.notes == ("So far it returns None.",)
    found = judge_answer(find("1.3"), lambda X, y, w, batches: None)
    assert found.status is Status.UNREADABLE and "without a return" in found.seen[0]

    def sometimes(n, batch_size, rng, drop_last=False):
        if batch_size < 1:
            raise ValueError
        return cut(rng.permutation(n), n, batch_size) if n else None

    assert judge_answer(find("1.2"), sometimes).status is Status.UNREADABLE


def test_images_that_meet_in_every_epoch_are_noticed():
    def deal(n, b, rng):
        runs = cut(np.arange(n), n, b)
        for run in runs:
            rng.shuffle(run)
        return runs

    assert judge_answer(find("1.2"), checked(deal)).misconceptions == (
        "shuffled inside the batches",
    )


def test_images_that_are_never_dealt_are_noticed():
    def minibatch_indices(n, batch_size, rng, drop_last=False):
        if batch_size < 1:
            raise ValueError("batch_size")
        used = n - n % batch_size if drop_last else n
        return cut(rng.permutation(used), used, batch_size)

    assert judge_answer(find("1.2"), minibatch_indices).misconceptions == (
        "always the same dropped",
    )


def test_a_rest_cut_off_by_minus_zero_is_named():
    def minibatch_indices(n, batch_size, rng, drop_last=False):
        if batch_size < 1:
            raise ValueError("batch_size")
        perm = rng.permutation(n)
        if drop_last:
            perm = perm[: -(n % batch_size)]
        return cut(perm, len(perm), batch_size)

    assert judge_answer(find("1.2"), minibatch_indices).misconceptions == ("cut off by minus 0",)


def test_batches_that_are_sorted_inside_are_right():
    deal = checked(lambda n, b, rng: [np.sort(b) for b in cut(rng.permutation(n), n, b)])
    assert all(judge_answer(find("1.2"), deal).ok for _ in range(5))


def test_an_exception_on_another_input_is_told_beside_the_case_shown():
    def minibatch_indices(n, batch_size, rng, drop_last=False):
        perm = rng.permutation(n)
        batches = cut(perm, n, batch_size) if n else [perm[5]]
        return batches[:2]

    verdict = judge_answer(find("1.2"), minibatch_indices)
    assert verdict.status is Status.UNRECOGNISED
    assert any("With no images it raised IndexError" in note for note in verdict.notes)


def test_the_smallest_case_shows_both_lists_of_sizes():
    verdict = judge_answer(
        find("1.2"), checked(lambda n, b, rng: cut(rng.permutation(n), n, b)[:2])
    )
    assert verdict.status is Status.UNRECOGNISED
    assert any("sizes came out as [4, 4]; expected [4, 4, 4]" in line for line in verdict.seen)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        arrays.arrays(
            st.sampled_from([np.int64, np.float64, np.complex128, np.bool_, np.uint8]),
            arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
        ),
        min_size=4,
        max_size=4,
    ),
    st.integers(0, 9),
)
def test_whatever_a_process_sends_is_measured_or_refused(sent, k):
    task = find("1.2")
    case = task.draw(3)[k]
    try:
        measured = task.measure(dict(zip(DEALT, sent, strict=True)), *case.args)
    except AnswerError:
        return
    assert set(measured) == set(task.measure(
        dict(zip(DEALT, task.reference(*task.draw(3)[0].args), strict=True)),
        *task.draw(3)[0].args,
    ))  # fmt: skip


def test_a_plain_mean_of_rows_passes_where_batches_are_equal_and_is_named_elsewhere():
    def batch_gradients(X, y, w, batches):
        G = np.array([X[b].T @ (X[b] @ w - y[b]) / len(b) for b in batches])
        return G, G.mean(axis=0)

    verdict = judge_answer(find("1.3"), batch_gradients)
    assert verdict.misconceptions == ("mean of batch means",)
    assert "12 images as 4 + 4 + 4" in verdict.passed


def test_training_on_the_way_is_caught():
    def batch_gradients(X, y, w, batches):
        G = []
        for b in batches:
            G.append(X[b].T @ (X[b] @ w - y[b]) / len(b))
            w -= 0.1 * G[-1]
        return np.array(G), np.average(G, axis=0, weights=[len(b) for b in batches])

    verdict = judge_answer(find("1.3"), batch_gradients)
    assert not verdict.ok
    assert verdict.notes == ("It also changes the arrays that it was given.",)


@pytest.mark.parametrize("seed", range(20))
def test_the_noise_curve_is_told_apart_from_the_rule_without_replacement(seed):
    task = find("1.4")
    case = task.draw(seed)[0]
    right = typed_form(task, task.reference(*case.args))
    assert judge_answer(task, right, seed).ok
    slip = judge_answer(task, right | {"typical": right["squared"]}, seed)
    assert slip.misconceptions == ("noise as 1/B",)
    p = case.args[0]
    assert right["largest"] > 1.2 * p["sizes"][-1] and p["sizes"][-1] < p["n"]
