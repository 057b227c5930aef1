"""The capstone: patients, and parts C.1 to C.10 with answers as learners write them."""

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.grading.judge import judge
from bncourse.grading.run_local import run_cases
from bncourse.grading.verdict import Status
from bncourse.registry import find
from bncourse.tasks.capstone import PARTS, TASKS, inference, layers_tried, own_tests, shift
from bncourse.tasks.capstone.anchored import Scale
from bncourse.tasks.capstone.mutants import MUTANTS
from bncourse.tasks.capstone.patient import (
    APART,
    FAULTS,
    ILL,
    SLIPS,
    built,
    faults_of,
    healthy,
    patients_of,
    source,
)
from bncourse.tasks.capstone.patient import PARTS as CELLS

NAMES = [f"learner {k}" for k in range(40)]


def judged(key, answer, seed=0):
    task = find(key)
    cases = task.draw(seed)
    return judge(task, cases, run_cases(task, answer, cases), seed)


# the patients


def test_the_weights_are_a_hundred_points_in_seven_parts():
    worth = {part[0]: sum(find(i).points for i in ids) for part, ids in PARTS.items()}
    assert worth == {"P": 25, "K": 15, "A": 25, "R": 10, "Q": 10, "F": 10, "D": 5}
    assert sorted(i for ids in PARTS.values() for i in ids) == sorted(t.id for t in TASKS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_changes_its_own_part_and_nothing_else(fault):
    for part in CELLS:
        assert (source(part, {fault}) != healthy(part)) == (part == FAULTS[fault].part)
    assert built(FAULTS[fault].part, frozenset({fault}))


def test_a_patient_has_eight_faults_that_its_name_decides():
    patients = {name: faults_of(name) for name in NAMES}
    for name, faults in patients.items():
        assert len(set(faults)) == sum(ILL.values()) == 8
        assert faults == faults_of(f" {name.upper()} ")
        assert not any(pair <= set(faults) for pair in APART)
        parts = [FAULTS[fault].part for fault in faults]
        assert {part: parts.count(part) for part in ILL} == ILL
    assert len(set(patients.values())) > 0.8 * len(NAMES)
    assert set().union(*patients.values()) == set(FAULTS)


ILL_PARTS = {
    "batch_norm": ("C.1", "BatchNorm"),
    "group_norm": ("C.2", "GroupNorm"),
    "layer_norm": ("C.3", "LayerNorm"),
    "data": ("C.4", "prepare"),
}


@pytest.mark.parametrize("name", NAMES[:8])
def test_every_fault_of_a_patient_is_named_and_costs_points(name):
    faults = faults_of(name)
    for part, (key, entry) in ILL_PARTS.items():
        ill = {f for f in faults if FAULTS[f].part == part}
        verdict = judged(key, built(part, frozenset(faults))[entry])
        assert set(verdict.misconceptions) == ill
        assert verdict.credit < 1


@pytest.mark.parametrize("name", NAMES[:4])
def test_a_patient_that_is_put_to_use_as_it_came_is_found_ill(name):
    faults = frozenset(faults_of(name))
    pair = built("batch_norm", faults)["BatchNorm"], built("inference", faults)["fold"]
    verdict = judged("C.9", pair)
    ill = {f for f in faults if FAULTS[f].part == "inference"} | (faults & set(inference.TOLD))
    if inference.REMEMBERS in faults:  # nothing else can be seen before that is mended
        ill = {inference.REMEMBERS}
    assert verdict.credit == 0 and set(verdict.misconceptions) == ill
    of_the_layer = {f for f in ill if FAULTS[f].part == "batch_norm"}
    assert ("BatchNorm itself" in verdict.seen[0]) == bool(of_the_layer)


# the healthy package, beside PyTorch


def test_the_healthy_batch_norm_is_pytorchs():
    rng = np.random.default_rng(0)
    for shape in ((6, 3), (2, 3, 4, 5)):
        ours = layers_tried.BatchNorm(3, 0.1, 0.3)
        kind = nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d
        theirs = kind(3, 0.1, 0.3, dtype=torch.float64)
        for step in range(4):
            if step == 3:
                ours.eval(), theirs.eval()
            x, dy = rng.normal(2, 3, shape), rng.normal(size=shape)
            given = torch.tensor(x, requires_grad=True)
            y = theirs(given)
            theirs.zero_grad()
            y.backward(torch.tensor(dy))
            assert np.allclose(ours.forward(x), y.detach())
            came = ours.backward(dy)
            for mine, wanted in zip(
                came, (given.grad, theirs.weight.grad, theirs.bias.grad), strict=True
            ):
                assert np.allclose(mine, wanted)
            assert np.allclose(ours.running_mean, theirs.running_mean)
            assert np.allclose(ours.running_var, theirs.running_var)


def test_the_healthy_group_and_layer_norm_are_pytorchs():
    rng = np.random.default_rng(1)
    x, dy = rng.normal(2, 3, (2, 6, 2, 3)), rng.normal(size=(2, 6, 2, 3))
    given = torch.tensor(x, requires_grad=True)
    y = nn.GroupNorm(3, 6, 0.1, dtype=torch.float64)(given)
    y.backward(torch.tensor(dy))
    ours = layers_tried.GroupNorm(3, 6, 0.1)
    assert np.allclose(ours.forward(x), y.detach()) and np.allclose(
        ours.backward(dy)[0], given.grad
    )
    given = torch.tensor(x, requires_grad=True)
    y = nn.LayerNorm(3, 0.1, dtype=torch.float64)(given)
    y.backward(torch.tensor(dy))
    ours = layers_tried.LayerNorm(3, 0.1)
    assert np.allclose(ours.forward(x), y.detach()) and np.allclose(
        ours.backward(dy)[0], given.grad
    )


# C.1 to C.4


def test_part_of_a_batch_norm_earns_part_of_the_points():
    verdict = judged("C.1", built("batch_norm", frozenset({"momentum reversed"}))["BatchNorm"])
    assert verdict.status is Status.NAMED and verdict.credit == 0.5
    assert "what is remembered of three batches" in verdict.failed
    assert verdict.seen[0].startswith("layer = BatchNorm(3") and "expected" in verdict.seen[-1]


@pytest.mark.parametrize("part", list(ILL_PARTS))
def test_doing_nothing_earns_nothing_whatever_the_name(part):
    key, entry = ILL_PARTS[part]
    for ill in patients_of(part):
        assert judged(key, built(part, frozenset(ill))[entry]).credit == 0


@pytest.mark.parametrize("key", ["C.1", "C.2", "C.3"])
def test_refusing_everything_earns_nothing(key):
    class Refuses:
        def __init__(self, *settings):
            raise ValueError("no")

    assert judged(key, Refuses).credit == 0


def test_what_no_patient_does_costs_what_it_is():
    class Straight(layers_tried.GroupNorm):
        def backward(self, dy):
            return dy, dy.sum((0, *range(2, dy.ndim))), dy.sum((0, *range(2, dy.ndim)))

    assert judged("C.2", Straight).credit == pytest.approx(3 / 5)


def test_a_layer_that_takes_one_row_in_training_is_told_so():
    class Takes(layers_tried.BatchNorm):
        def forward(self, x):
            return x * 0 if self.training and len(x) == 1 else super().forward(x)

    verdict = judged("C.1", Takes)
    assert verdict.failed == ("one row in training",)
    assert "ValueError" in verdict.seen[-1]


def test_half_of_the_data_is_half_of_the_points():
    for fault in ("batches of one class", "standardised by the test images too"):
        verdict = judged("C.4", built("data", frozenset({fault}))["prepare"])
        assert verdict.credit == 0.5 and verdict.misconceptions == (fault,)


def test_dealing_other_images_earns_nothing_of_the_data():
    def cheap(x_train, y_train, x_test, batch_size, rng):
        y = rng.permutation(y_train)
        x = rng.normal(size=x_train.shape)
        parts = range(0, len(x), batch_size)
        return [(x[k : k + batch_size], y[k : k + batch_size]) for k in parts], 0 * x_test

    assert judged("C.4", cheap).credit == 0


def test_a_mode_chosen_after_the_forward_pass_is_not_that_of_the_way_back():
    wrong = built("batch_norm", frozenset({"mode of the moment on the way back"}))["BatchNorm"]
    verdict = judged("C.1", wrong)
    assert verdict.misconceptions == ("mode of the moment on the way back",)
    assert verdict.failed == (
        "the way back after eval() was called", "the way back after train() was called",
    )  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_mending_is_named_and_no_patient_has_it(slip):
    part = SLIPS[slip].part
    key, entry = ILL_PARTS.get(part, ("C.9", "fold"))
    answer = built(part, frozenset({slip}))[entry]
    if key == "C.9":
        answer = (built("batch_norm")["BatchNorm"], answer)
    assert judged(key, answer).misconceptions == (slip,)
    assert not any(slip in faults_of(name) for name in NAMES)


def test_what_was_seen_says_of_which_call_a_number_is():
    class Drifts(layers_tried.BatchNorm):
        def forward(self, x):
            y = super().forward(x)
            return y if self.training or len(x) == 1 else y + 7

    found = judged("C.1", Drifts).seen
    assert any(line.startswith("y2 = layer.forward(") for line in found)
    assert found[-1].startswith("then y2 is [")
    found = judged(
        "C.1", built("batch_norm", frozenset({"images counted instead of values"}))["BatchNorm"]
    )
    assert found.seen[-1].startswith("then running_var after y1 is [")
    assert found.seen[-1].count(",") == 4  # three channels, twice


def test_the_numbers_shown_are_those_that_differ():
    class LastIsOff(layers_tried.GroupNorm):
        def forward(self, x):
            y = super().forward(x)
            y.reshape(-1)[-1] += 100
            return y

    seen = judged("C.2", LastIsOff).seen[-1]
    got, wanted = (np.array(eval(part.split("is ")[-1].split("expected ")[-1].split(" (")[0]))
                   for part in seen.split(";"))  # fmt: skip
    assert (np.round(got - wanted) == 100).sum() == 1


# C.5


def test_there_are_thirty_mutants_and_mean_and_sd_kill_few():
    assert len(MUTANTS) == 30
    verdict = judged("C.5", own_tests.mean_and_sd)
    assert verdict.misconceptions == ("mean and sd only",) and verdict.credit < 0.3
    assert not any(name in line for name in MUTANTS for line in verdict.seen)


def test_a_false_alarm_costs_a_fifth_of_the_marks():
    def strict(make):
        layer = make(3)
        x = np.random.default_rng(0).normal(2, 3, (50, 3))
        exact = bool(
            (layer.forward(x).mean(0) == layers_tried.BatchNorm(3).forward(x).mean(0)).all()
        )
        return exact and own_tests.my_tests(make)

    def torn(make):
        return True if np.random.default_rng().random() < 0 else own_tests.my_tests(make)

    assert judged("C.5", torn).ok
    verdict = judged("C.5", strict)
    killed, accepted = verdict.seen[0], verdict.seen[1]
    right = int(accepted.split()[2])
    assert "30 of 30" in killed and right < 6
    assert verdict.credit == pytest.approx(max(1 - 0.2 * (6 - right), 0))


def test_the_tag_of_a_layer_does_not_tell_whether_it_is_right():
    tags = [case.args[0] for case in find("C.5").draw(0)]
    assert len(set(tags)) == 36 and min(tags) > 36
    assert tags != [case.args[0] for case in find("C.5").draw(1)]


def test_asserts_alone_need_a_return():
    def asserts_only(make):
        assert own_tests.my_tests(make)

    verdict = judged("C.5", asserts_only)
    assert verdict.status is Status.UNREADABLE and "return True" in verdict.seen[0]
    assert judged("C.5", lambda make: None).status is Status.NOT_STARTED


def test_success_tells_its_numbers():
    assert judged("C.5", own_tests.my_tests).seen[0] == "your tests reject 30 of 30 wrong layers"
    verdict = judged("C.8", layers_tried.LayerStep)
    assert verdict.ok and "gradient at step 16" in verdict.seen[0]


# C.6 to C.8 and C.10: whole nets, so each is tried once


def test_marks_go_from_chance_to_the_top():
    scale = Scale(("a", "b", "c", "d", "e"), 0.72, (1, 1, 1, 1, 1))
    shares = scale.shares(np.array([0.05, 0.1, 0.41, 0.72, 0.9]))
    assert shares == pytest.approx([0, 0, 0.5, 1, 1])


def test_the_hard_conditions_weigh_most():
    scale = find("C.6").measure.__self__
    assert scale.points[-2:] == (10, 10) and sum(scale.points) == find("C.6").points
    assert shift.SCALE.shares(np.array([0.5, 0.69])) == pytest.approx([0, 0.5])


def test_plain_batch_norm_fails_at_two_and_one():
    verdict = judged("C.6", layers_tried.BatchNorm)
    assert verdict.misconceptions == ("statistics of the batch",)
    assert 0.3 < verdict.credit < 0.55
    assert verdict.passed == ()
    assert any(line.startswith("batches of 1: your layer refused") for line in verdict.seen)


def test_a_net_that_sees_nothing_is_told_so():
    for layer in (layers_tried.Nothing, layers_tried.each_by_itself):
        verdict = judged("C.7", layer)
        assert verdict.misconceptions == ("nothing is normalised",) and verdict.credit < 0.1


def test_another_light_needs_fresh_statistics():
    verdict = judged("C.7", layers_tried.BatchNorm)
    assert verdict.misconceptions == ("statistics of the old images",)
    assert 0.2 < verdict.credit < 0.9


def test_what_is_left_of_the_old_light_is_told_apart_from_all_of_it():
    for change in ({}, {"momentum": 0.5}):

        class Half(layers_tried.BatchNorm):
            def recalibrate(self, change=change):
                self.train()
                vars(self).update(change)

        assert judged("C.7", Half).misconceptions == ("some of the old memory stays",)


def test_batch_norm_with_gamma_one_lets_gradients_grow():
    verdict = judged("C.8", layers_tried.StepNorm)
    assert verdict.misconceptions == ("gradient grows",) and verdict.credit == 0


@pytest.mark.parametrize("fault", ["one statistic for all steps", "no step beyond the last"])
def test_both_faults_of_a_patients_sequence_show_beside_the_growing_gradient(fault):
    verdict = judged("C.8", built("sequence", frozenset({fault}))["StepNorm"])
    assert set(verdict.misconceptions) == {fault, "gradient grows"}


def test_a_layer_must_be_new_each_time_and_say_something_on_the_way_back():
    one = layers_tried.LayerNorm(64)
    verdict = judged("C.6", lambda num_features: one)
    assert verdict.status is Status.UNREADABLE and "a new layer each time" in verdict.seen[0]
    verdict = judged("C.6", lambda num_features: layers_tried.LayerNorm)
    assert verdict.status is Status.UNREADABLE and "LayerNorm(num_features)" in verdict.seen[0]

    class Silent(layers_tried.Nothing):
        def backward(self, dy):
            return None

    assert "backward returned nothing" in judged("C.7", Silent).seen[0]


def test_a_layer_that_only_enlarges_is_not_told_that_it_learns_nowhere():
    verdict = judged("C.6", layers_tried.NotInLargeBatches, seed=1)
    assert verdict.misconceptions == ("something else than a norm",)


class Squashed(layers_tried.Nothing):
    """A gain that saturates: it fits one size of weights."""

    def __init__(self, gain):
        self.gain = gain

    def forward(self, x, t=0):
        self.y = np.tanh(self.gain * x)
        return self.y

    def backward(self, dy):
        return self.gain * (1 - self.y**2) * dy


def test_a_gain_fits_one_size_of_weights_only():
    assert judged("C.6", lambda num_features: Squashed(10.0)).credit < 0.5
    verdict = judged("C.8", lambda num_features: Squashed(3.0))
    assert verdict.misconceptions == ("something else than a norm",)


class Slipped(layers_tried.StepNorm):
    def __init__(self, num_features, **settings):
        super().__init__(num_features, gamma=0.5, **settings)


class Round(Slipped):
    def row(self, t):
        return t % self.longest


class OneBefore(Slipped):
    def row(self, t):
        return min(t, self.longest) - 1


@pytest.mark.parametrize("slip", [Round, OneBefore])
def test_longer_sequences_want_the_last_steps_statistics(slip):
    assert judged("C.8", slip).misconceptions == ("another step's statistics",)


def test_evaluation_is_of_one_row_at_a_time():
    verdict = judged("C.8", layers_tried.NeverLeavesTraining)
    assert verdict.misconceptions == ("looks at the batch in evaluation",)


def test_outputs_that_are_no_numbers_are_mentioned():
    class Odd(layers_tried.Nothing):
        def forward(self, x):
            return x * np.nan

    verdict = judged("C.7", Odd)
    assert verdict.credit == 0 and "not-a-number" in verdict.seen[0]


def test_statistics_for_each_step_are_not_taken_for_one_mixture():
    verdict = judged("C.8", lambda num_features: layers_tried.StepNorm(num_features, gamma=0.1))
    assert set(verdict.misconceptions) == {"gradient vanishes", "rough statistics"}


def test_a_claim_about_another_layer_does_not_hold():
    answer = {
        "norm": layers_tried.Nothing, "batch_size": 32, "seeds": [1, 2, 3],
        "accuracies": [0.9, 0.9, 0.9], "tolerance": 0.02,
    }  # fmt: skip
    verdict = judged("C.10", answer)
    assert verdict.misconceptions == ("other numbers",)
    assert verdict.seen == (
        "off by more than the tolerance: accuracy number 1 and 2 and 3 of 3",
    )  # and never what they should have been
    told = judged("C.10", answer | {"accuracies": [89, 89, 89], "tolerance": 2})
    assert told.misconceptions == ("per cent",)
    told = judged("C.10", answer | {"norm": "LayerNorm"})
    assert told.status is Status.UNREADABLE and "without quotes" in told.seen[0]
    assert judged("C.10", answer | {"batch_size": 5}).status is Status.ERROR
    assert judged("C.10", answer | {"seeds": [1, 1, 2]}).status is Status.ERROR
    assert judged("C.10", answer | {"seeds": 1}).status is Status.UNREADABLE
    assert judged("C.10", dict.fromkeys(answer)).status is Status.NOT_STARTED
