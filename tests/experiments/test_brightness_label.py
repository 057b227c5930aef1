"""A label carried by contrast or brightness alone: kept or deleted, as the invariances say."""

import numpy as np
import pytest
import torch

from bncourse.experiments.brightness_label import (
    LABELS,
    NETS,
    build,
    change,
    measure_brightness_label,
    relabelled,
)


@pytest.fixture(scope="module")
def record():
    return measure_brightness_label((5, 6, 7))


def of(record, arm, label):
    return record.accuracy[record.arms.index(arm), record.labels.index(label)]


def test_what_is_deleted_can_only_be_guessed(record):
    for label in LABELS:
        assert np.abs(of(record, "LN of the image", label) - 0.5).max() < 0.08
    assert np.abs(of(record, "LN behind a layer, no bias", "dimmed") - 0.5).max() < 0.08


def test_everything_else_is_learned(record):
    assert (of(record, "LN behind a layer, no bias", "brightened") > 0.98).all()
    for arm in ("none", "BN of the image", "LN behind a layer"):
        for label in LABELS:
            assert (of(record, arm, label) > 0.97).all()


def test_only_eps_is_left_between_an_image_and_its_copy(record):
    dimmed, brightened = record.apart
    assert 1e-5 < dimmed < 2e-3 and brightened < 1e-5


def test_a_net_answers_an_image_and_its_deleted_change_alike():
    x = torch.from_numpy(np.random.default_rng(0).uniform(size=(1, 20, 64))).float()
    for arm, label in (
        ("LN of the image", "dimmed"),
        ("LN of the image", "brightened"),
        ("LN behind a layer, no bias", "dimmed"),
    ):
        net = build(arm, (0,))
        torch.testing.assert_close(net(change(x, label)), net(x), atol=1e-3, rtol=0)
    net = build("LN behind a layer", (0,))
    assert (net(change(x, "dimmed")) - net(x)).abs().max() > 0.01


def test_half_of_the_images_are_changed_and_labelled():
    x = torch.ones(2, 100, 64)
    for label, value in (("dimmed", 0.5), ("brightened", 1.5)):
        images, y = relabelled(x, label, (0, 1))
        assert y.sum(1).tolist() == [50, 50]
        assert (images[y == 1] == value).all() and (images[y == 0] == 1).all()
    assert not torch.equal(y[0], y[1])


def test_the_table_has_a_line_for_each_arm(record):
    lines = str(record).splitlines()
    assert [line[:28].strip() for line in lines[1:]] == list(NETS)
    assert f"{100 * of(record, 'none', 'dimmed').mean():.1f} ±" in lines[1]
