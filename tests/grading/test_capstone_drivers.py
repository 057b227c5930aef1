"""Drivers that use layers, fold them, and deal data: what they ask for and what they refuse."""

import numpy as np
import pytest

from bncourse.grading.answers import AnswerError, NotStarted
from bncourse.grading.asked import Asked, from_data, to_data
from bncourse.grading.folded import FOLDED, fold_layer
from bncourse.grading.hand_in_layers import hand_in_layers
from bncourse.grading.layer_uses import USED, use_layer
from bncourse.grading.prepared_data import DEALT, prepare_data
from bncourse.registry import find
from bncourse.tasks.group_norm.kill_bank import RIGHT, WRONG, oracle

NAMES = ("settings", "gamma", "beta", "events", "about")


class Line:
    def __init__(self, num_features, eps=0.0):
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean, self.running_var = np.zeros(num_features), np.ones(num_features)

    def train(self):
        pass

    def eval(self):
        self.beta = self.beta + 100

    def forward(self, x):
        self.running_mean = self.running_mean + 1
        return self.gamma * x + self.beta

    def backward(self, dy):
        return self.gamma * dy, dy.sum(0), dy.sum(0)


def use(make, events, about=USED):
    asked = Asked("x", "Line", NAMES, USED, use_layer)
    told = use_layer(asked, make)((2,), np.array([2.0, 3.0]), np.zeros(2), events, about)
    return dict(zip(USED, told, strict=True))


def test_a_use_is_told_event_by_event_and_only_what_it_is_about():
    x = np.array([[1.0, 1.0]])
    events = [("forward", x), ("backward", x), ("eval",), ("forward", x)]
    told = use(Line, events)
    assert told["y"].tolist() == [2, 3, 102, 103] and told["dx"].tolist() == [2, 3]
    assert told["running_mean"].tolist() == [1, 1, 2, 2]
    told = use(Line, events, ("y",))
    assert told["y"].size == 4 and all(told[name].size == 0 for name in USED[1:])


def test_a_layer_that_cannot_be_used_is_told_why():
    class Bare:
        def __init__(self, num_features):
            pass

    class Flat(Line):
        def forward(self, x):
            return x.ravel()

    class Torn(Line):
        def backward(self, dy):
            return dy

    x = np.ones((2, 2))
    with pytest.raises(AnswerError, match="no attribute gamma"):
        use(Bare, [])
    with pytest.raises(AnswerError, match="y should have shape"):
        use(Flat, [("forward", x)])
    with pytest.raises(AnswerError, match="three arrays"):
        use(Torn, [("backward", x)])
    with pytest.raises(NotStarted):
        use(lambda n: None, [])


FOLD = (np.eye(2), np.zeros(2), np.ones(2), np.ones(2), np.zeros(2), np.ones(2), 0.1, np.eye(2))


def test_folding_says_what_happened_to_the_layer():
    asked = Asked("x", "deployed", tuple("abcdefgh"), FOLDED, fold_layer)
    told = fold_layer(asked, (Line, lambda w, b, layer: (w, b)))(*FOLD)
    told = dict(zip(FOLDED, told, strict=True))
    assert told["memory_after"][0].tolist() == [3, 3] and told["memory_before"][0].tolist() == [
        0,
        0,
    ]
    assert np.array_equal(told["unfolded"], told["one_by_one"])
    with pytest.raises(AnswerError, match="pair"):
        fold_layer(asked, Line)
    with pytest.raises(AnswerError, match="fold is 3"):
        fold_layer(asked, (Line, 3))
    with pytest.raises(NotStarted):
        fold_layer(asked, None)
    with pytest.raises(AnswerError, match="two arrays"):
        fold_layer(asked, (Line, lambda w, b, layer: w))(*FOLD)


DATA = (np.arange(12.0).reshape(6, 2), np.arange(6), np.zeros((2, 2)), 4, 7)


def test_dealt_data_are_joined_and_dealt_three_times():
    def prepare(x, y, x_test, batch_size, rng):
        order = rng.permutation(len(x))
        parts = [order[k : k + batch_size] for k in range(0, len(x), batch_size)]
        return [(x[part], y[part]) for part in parts], x_test

    asked = Asked("x", "prepare", tuple("abcde"), DEALT, prepare_data)
    told = dict(zip(DEALT, prepare_data(asked, prepare)(*DATA), strict=True))
    assert told["sizes"].tolist() == [4, 2] and sorted(told["y"]) == list(range(6))
    assert np.array_equal(told["same_seed"], told["x"])
    assert not np.array_equal(told["next_epoch"], told["x"])
    for wrong, words in (
        (lambda *a: 5, "two things"),
        (lambda *a: ([1, 2], a[2]), "pairs"),
        (lambda *a: ([(a[0], a[1][:2])], a[2]), "a batch should be"),
        (lambda *a: ([(a[0], a[1])], a[0]), "test images should have shape"),
    ):
        with pytest.raises(AnswerError, match=words):
            prepare_data(asked, wrong)(*DATA)


def test_remote_layers_answer_as_layers_do():
    asked = Asked("x", "suite", ("layer",), ("accepted",), hand_in_layers, oracle=oracle)

    def suite(make):
        layer = make(3, eps=0.5, momentum=0.25)
        x = np.random.default_rng(0).normal(size=(4, 3))
        with pytest.raises(RuntimeError):
            layer.backward(x)
        y = layer.train().forward(x)
        assert np.allclose(layer.running_mean, 0.25 * x.mean(0))
        assert layer(x).shape == y.shape and len(layer.backward(y)) == 3
        with pytest.raises(ValueError, match="shape"):
            layer.backward(x[:2])
        with pytest.raises(ValueError, match="channels"):
            layer.forward(x[:, :2])
        with pytest.raises(ValueError, match="at least two"):
            layer.forward(x[:1])
        assert layer.eval().forward(x[:1]).shape == (1, 3)
        return True

    assert hand_in_layers(asked, suite)(0)

    def by_assert(make):
        assert make(2).forward(np.ones((3, 2))).sum() == 1
        return True

    assert not hand_in_layers(asked, by_assert)(0)
    with pytest.raises(AnswerError, match="True or False"):
        hand_in_layers(asked, lambda make: 1)(0)
    with pytest.raises(NotStarted):
        hand_in_layers(asked, lambda make: None)(0)
    assert len(RIGHT) == 6 and len(WRONG) == 28


def test_what_a_patient_task_asks_survives_the_way_to_the_process():
    for key in ("C.6", "C.1"):
        asked = from_data(to_data(find(key)))
        assert (asked.patience, asked.driver) == (find(key).patience, find(key).driver)
