"""Mistakes as learners write them, not as the bank does; and what no bank knows."""

import numpy as np
import pytest

from bncourse.authoring.build import ROOT
from bncourse.check import judge_answer
from bncourse.grading import progress
from bncourse.grading.answers import AnswerError
from bncourse.grading.form import Number
from bncourse.grading.verdict import Status
from bncourse.registry import find


def verdict_of(function):
    return judge_answer(find("batchnorm_forward"), function)


def forward_with(
    line_var, line_hat="x_hat = (x - mean) * inv_std", line_y="y = gamma * x_hat + beta"
):
    code = f"""
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=0)
    {line_var}
    {line_hat}
    {line_y}
    return y, {{"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}}
"""
    scope = {"np": np}
    exec(compile(code, "<cell>", "exec"), scope)
    return scope["batchnorm_forward"]


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        (["inv_std = 1 / (x.std(axis=0) + eps)"], "eps outside the root"),
        (["inv_std = 1 / np.sqrt(x.var(axis=0, ddof=1) + eps)"], "unbiased"),
        (["inv_std = 1 / (x.var(axis=0) + eps)"], "variance for sd"),
        (["inv_std = 1 / np.sqrt(x.var(axis=0) + eps)", "x_hat = x * inv_std"], "not centred"),
        (["inv_std = 1 / np.sqrt(x.var() + eps)"], "one spread for all"),
        (["inv_std = 1 / np.sqrt(((x - mean) ** 2).sum(axis=0) + eps)"], "sum for average"),
        (["inv_std = np.sqrt(x.var(axis=0) + eps)", "x_hat = (x - mean) / inv_std"], "std kept"),
    ],
)
def test_a_slip_in_a_learners_own_words_is_named(lines, key):
    assert verdict_of(forward_with(*lines)).misconceptions == (key,)


@pytest.mark.parametrize("spread", ["x.var(axis=1)", "((x - mean) ** 2).mean(axis=1)"])
def test_a_mean_over_the_features_without_keepdims_is_named(spread):
    code = f"""
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=1)
    inv_std = 1 / np.sqrt({spread} + eps)
    x_hat = (x - mean) * inv_std
    return gamma * x_hat + beta, {{"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma}}
"""
    scope = {"np": np}
    exec(compile(code, "<cell>", "exec"), scope)
    found = verdict_of(scope["batchnorm_forward"])
    assert found.misconceptions == ("rows without keepdims",)


def test_changing_the_input_is_told_beside_another_mistake():
    wrong = forward_with(
        "inv_std = 1 / np.sqrt(x.var(axis=0, ddof=1) + eps)",
        line_y="x += 1; y = gamma * x_hat + beta",
    )
    verdict = verdict_of(wrong)
    assert verdict.misconceptions == ("unbiased",)
    assert verdict.notes == ("It also changes the arrays that it was given.",)


def test_two_slips_are_both_told():
    wrong = forward_with(
        "inv_std = 1 / np.sqrt(x.var(axis=0, ddof=1) + eps)", line_y="y = beta * x_hat + gamma"
    )
    verdict = verdict_of(wrong)
    assert set(verdict.misconceptions) == {"unbiased", "gamma and beta swapped"}


def test_an_unknown_mistake_is_honestly_not_recognised():
    verdict = verdict_of(forward_with("inv_std = 1 / (x.max(axis=0) ** 2 + 0.37)"))
    assert verdict.status is Status.UNRECOGNISED
    assert verdict.misconceptions == () and verdict.looks_like == ()
    assert any("expected" in line for line in verdict.seen)


def test_the_smallest_case_is_shown_with_both_numbers():
    verdict = verdict_of(forward_with("inv_std = 1 / np.sqrt(x.var(axis=0, ddof=1) + eps)"))
    text = repr(verdict)
    assert "1 3 5 7 9" in text and "-1.2649" in text and "-1.4142" in text


def test_an_exception_shows_the_learners_line():
    verdict = verdict_of(forward_with("inv_std = 1 / np.sqrt(variance + eps)"))
    assert verdict.status is Status.ERROR
    assert "your line 4" in verdict.seen[0]
    assert "NameError" in verdict.seen[1]


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (3.0, "should be a function"),
        (lambda x, gamma, beta, eps: x, "2 things should come back"),
        (lambda x, gamma, beta, eps: ("y", {}), "should hold numbers"),
        (lambda x, gamma, beta, eps: (x, {"x_hat": x}), None),
    ],
)
def test_an_answer_of_the_wrong_form_says_what_is_wanted(answer, word):
    verdict = judge_answer(find("3.3"), answer)
    assert verdict.credit == 0 and not verdict.ok
    assert word is None or any(word in line for line in verdict.seen)


def test_a_form_never_shows_the_answer():
    task = find("3.1")
    seed = 11
    right = task.reference(*task.draw(seed)[0].args)
    verdict = judge_answer(task, {"mean": 1e6, "variance": 1e6}, seed)
    for value in right.values():
        assert f"{float(value):.4g}" not in repr(verdict).replace(f"{1e6:.6g}", "")
    assert not verdict.ok


def test_a_form_gives_credit_for_what_is_right_and_notices_what_is_empty():
    task = find("3.1")
    seed = 11
    right = {k: float(v) for k, v in task.reference(*task.draw(seed)[0].args).items()}
    half = judge_answer(task, {"mean": right["mean"], "variance": right["variance"]}, seed)
    assert half.status is Status.UNFINISHED and half.credit == 0.5
    assert judge_answer(task, right, seed).credit == 1.0


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"mean": "many"}, "should be a number"),
        ({"men": 3}, "has no field men"),
        ([1, 2], "should be a dict"),
    ],
)
def test_a_form_says_how_it_wants_to_be_filled(value, word):
    assert word in judge_answer(find("3.1"), value).seen[0]


def test_fractions_and_minus_signs_can_be_typed():
    task = find("3.1")
    seed = 11
    right = {k: float(v) for k, v in task.reference(*task.draw(seed)[0].args).items()}
    typed = {"mean": f"{5 * right['mean']:g}/5", **{k: str(right[k]).replace("-", "−")
             for k in ("variance", "x_hat_1", "y_1")}}  # fmt: skip
    assert judge_answer(task, typed, seed).ok


@pytest.mark.parametrize(
    ("typed", "number"),
    [("27,6", 27.6), ("-0,952", -0.952), ("203,786.5", 203786.5), ("1e-5", 1e-5), ("−3/4", -0.75)],
)
def test_a_comma_is_never_dropped_silently(typed, number):
    assert Number("n", "?").read(typed) == number


def test_a_comma_that_could_be_either_is_asked_about_unless_the_number_is_a_count():
    with pytest.raises(AnswerError, match=r"write 1\.414 or 1414"):
        Number("x_hat", "?").read("1,414")
    assert Number("count", "?", rtol=0).read("1,297") == 1297


def test_a_count_that_meets_another_mistake_by_chance_is_not_called_by_its_name():
    task = find("3.4")
    seed = 3
    right = task.reference(*task.draw(seed)[0].args)
    hidden = int(right["trainable"] - right["without_bias"])
    # Two hidden layers' worth too many in the second field only is what counting the running
    # statistics would give there, but the first field shows that they were not counted.
    answer = {name: int(right[name]) for name in ("trainable", "without_bias", "buffers")}
    answer |= {"idle": "b", "without_bias": answer["without_bias"] + 2 * hidden}
    assert judge_answer(task, answer, seed).misconceptions == ("bias added",)
    answer["without_bias"] = int(right["without_bias"]) - 2 * hidden
    assert judge_answer(task, answer, seed).misconceptions == ()


def test_each_learner_has_numbers_of_their_own_and_keeps_them():
    from bncourse.grading.learner import personal_seed

    task = find("3.1")
    drawn = {
        name: tuple(task.draw(personal_seed(name, task.id))[0].args[0]["x"])
        for name in ("ada", "emmy", "sofja")
    }
    assert len(set(drawn.values())) == 3
    assert drawn["ada"] == tuple(task.draw(personal_seed(" Ada ", task.id))[0].args[0]["x"])


@pytest.mark.parametrize(
    ("order", "word"),
    [
        ("K D H E B C A", "alternatives"),
        ("K D H E C A Z", "no line Z"),
        ("D E C A K H", "line D is indented further"),
        ("K E C A D H", "line K opens a block"),
        ("K", "line K opens a block"),
        ("E K D H C A", "batch is used there, but no line above it has made batch"),
        ("K K", "more than once"),
        ("D K H E C A", "line D is indented further"),
        ("K E C A", "line K opens a block"),
        ("K D H E A C", "x_hat"),
        (7, "in order"),
    ],
)
def test_lines_in_a_wrong_order_say_what_went_wrong(order, word):
    verdict = judge_answer(find("3.2"), order)
    assert not verdict.ok and word in " ".join(verdict.seen)


def test_any_order_that_works_is_right():
    assert judge_answer(find("3.2"), "k, d, h, e, c, a").ok
    assert judge_answer(find("3.2"), "KDHECA").ok


def test_confidence_is_kept_and_answered():
    progress.use_learner("ada")
    verdict = judge_answer(find("3.5b"), {"what": "a", "confidence": 3})
    assert any("I am sure" in note for note in verdict.notes)
    assert progress.latest("check", "3.5b")["payload"]["confidence"] == 3
    assert (
        "confidence should be one of"
        in judge_answer(find("3.5b"), {"what": "a", "confidence": 9}).seen[0]
    )


def test_the_pre_test_is_kept_and_not_judged():
    progress.use_learner("ada")
    task = find("before_the_course")
    answers = dict.fromkeys(task.form.names, "a")
    verdict = judge_answer(task, answers)
    assert verdict.status is Status.RECORDED and verdict.credit == 0
    assert verdict.passed == verdict.failed == verdict.looks_like == ()
    assert progress.latest("check", "0.1")["payload"]["given"] == answers
    partly = judge_answer(task, {"axis": "b"})
    assert partly.status is Status.RECORDED and "Still empty: divisor" in partly.notes[1]


def test_the_readme_shows_what_a_check_really_says():
    wrong = forward_with("inv_std = 1 / np.sqrt(x.var(axis=0, ddof=1) + eps)")
    said = repr(verdict_of(wrong))
    assert said in (ROOT / "README.md").read_text(encoding="utf-8")
