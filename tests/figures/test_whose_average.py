import itertools
import re

import numpy as np
import pytest
import torch

from bncourse.figures.tensor_drawing import TINT, Plan
from bncourse.figures.whose_average import (
    ANSWERS,
    BATCH_NORM,
    INSTANCE_NORM,
    JOINED,
    LAYER_NORM,
    PER_ACTIVATION,
    SHAPE,
    WhoseAverage,
    _normalised,
    members,
    sharing,
    shifted,
)
from tests.figures.checks import SVG, check_svg, words_of

RIGHT = "its channel in all images"
SETS = [
    dict(zip(JOINED, reach, strict=True)) for reach in itertools.product(("same", "all"), repeat=3)
]
BUTTONS = {
    "per channel (batch norm)": (BATCH_NORM, 48, 4, 8),
    "per activation": (PER_ACTIVATION, 3, 64, 128),
    "per image (instance norm)": (INSTANCE_NORM, 16, 12, 8),
}


@pytest.fixture
def figure(keep):
    return WhoseAverage(record=keep)


def predict(figure, means="16", shared=RIGHT):
    figure.gate.fields["means"].value = means
    figure.gate.fields["shared"].value = shared
    return figure.gate.lock()


def state_of(sets, pixel=(1, 2, 3, 0), shift=0):
    return {"pixel": list(pixel), **sets, "shift": shift}


def axes_of(sets):
    return [axis for name, axes in JOINED.items() if sets[name] == "all" for axis in axes]


def shaded_area(figure):
    root = check_svg(figure.picture.value)
    tinted = [box for box in root.iter(f"{SVG}rect") if box.get("fill") == TINT]
    return sum(float(box.get("width")) * float(box.get("height")) for box in tinted)


@pytest.mark.parametrize("sets", SETS)
def test_members_are_the_numbers_that_move_the_mean(sets):
    """A number shares a mean if changing it changes that mean."""
    pixel = (1, 2, 3, 0)
    chosen = members(list(pixel), sets)
    axes = tuple(axes_of(sets))
    for place in np.ndindex(SHAPE):
        x = np.zeros(SHAPE)
        x[place] = 1.0
        means = np.broadcast_to(x.mean(axes, keepdims=True), SHAPE)
        assert (means[pixel] != 0) == chosen[place]
    now = sharing(state_of(sets))
    assert now.per_mean == chosen.sum()
    assert now.means == np.zeros(SHAPE).mean(axes).size


@pytest.mark.parametrize(
    ("sets", "layer"),
    [
        (BATCH_NORM, torch.nn.BatchNorm2d(4)),
        (PER_ACTIVATION, torch.nn.BatchNorm1d(64)),
        (INSTANCE_NORM, torch.nn.InstanceNorm2d(4, affine=True)),
        (LAYER_NORM, torch.nn.LayerNorm([4, 4, 4])),
    ],
)
def test_the_named_kinds_are_the_layers_of_torch(sets, layer):
    x = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    given = torch.from_numpy(x.reshape(3, -1) if sets is PER_ACTIVATION else x)
    wanted = layer(given).detach().numpy().reshape(SHAPE)
    np.testing.assert_allclose(_normalised(x, tuple(axes_of(sets))), wanted, atol=1e-4)
    now = sharing(state_of(sets))
    assert now.learned == sum(parameter.numel() for parameter in layer.parameters())


def test_the_right_answer_is_batch_norm():
    assert ANSWERS[RIGHT] == BATCH_NORM and sharing(state_of(BATCH_NORM)).means == 4
    assert len({members([1, 1, 1, 2], sets).tobytes() for sets in ANSWERS.values()}) == 4


def test_before_the_prediction_one_can_shade_but_is_told_nothing(figure):
    assert all(button.disabled for button in figure.buttons.values())
    assert {figure.buttons[label].layout.display for label in BUTTONS} == {"none"}
    empty = figure.picture.value
    for sets in SETS:
        for name, value in sets.items():
            assert not figure.controls[name].disabled
            figure.controls[name].value = value
        assert figure.state == state_of(sets, (1, 1, 1, 2))
        figure.go(shift=1)
        chosen = members([1, 1, 1, 2], sets).sum()
        assert shaded_area(figure) == chosen * Plan(SHAPE, 0, 0).cell ** 2
        told = [*words_of(figure.picture.value), figure.describe(figure.state)]
        for line in told:
            assert not re.search(r"norm\b|per mean|learned|gap|/|layer", line), line
        figure.go(shift=0)
    assert figure.picture.value != empty
    assert predict(figure)
    for button in figure.buttons.values():
        assert not button.disabled and button.layout.display != "none"


@pytest.mark.parametrize("label", BUTTONS)
def test_buttons_set_the_switches_and_all_is_counted(figure, label):
    sets, per_mean, means, learned = BUTTONS[label]
    predict(figure)
    figure.buttons[label].click()
    assert {name: control.value for name, control in figure.controls.items()} == sets
    words = words_of(figure.picture.value)
    assert label in words and str(per_mean) in words and f"192 / {per_mean} = {means}" in words
    assert any(line.endswith(f" = {learned}") for line in words)
    sentence = figure.describe(figure.state)
    assert f"{label}. {per_mean} numbers per mean, {means} means" in sentence
    assert f"{learned} learned numbers" in sentence


@pytest.mark.parametrize("sets", SETS)
def test_the_order_matters_only_where_one_pixel_is_tied_to_other_images(sets):
    """With one image moved; all other sets move along or hold the same numbers as before."""
    gap = shifted(state_of(sets)).gap
    tied = sets["images"] == "all" and sets["pixels"] == "same"
    assert gap > 0.1 if tied else gap == 0


def test_only_the_marked_image_moves_and_loses_no_number():
    now = shifted(state_of(PER_ACTIVATION))
    np.testing.assert_array_equal(now.moved[:, 1:], now.plain[:, :-1])
    np.testing.assert_array_equal(now.moved[:, 0], now.plain[:, -1])
    np.testing.assert_array_equal(now.moved_last, np.roll(now.normalised, 1, axis=1))
    # The other two images stay where they are: the statistics of a pixel change.
    x = np.random.default_rng(6).normal(size=SHAPE)
    x[1] = np.roll(x[1], 1, axis=-1)
    mean, sd = x[:, 2].mean(0), np.sqrt(x[:, 2].var(0) + 1e-5)
    np.testing.assert_allclose(now.moved_first, (x[1, 2] - mean) / sd)


@pytest.mark.parametrize("sets", SETS)
def test_every_set_can_be_drawn_with_the_move(figure, sets):
    predict(figure)
    for pixel in ([0, 0, 0, 0], [2, 3, 3, 3]):
        figure.go(pixel=pixel, **sets, shift=1)
        check_svg(figure.picture.value)
        words = words_of(figure.picture.value)
        gap = shifted(figure.state).gap
        assert ("≠" in words, "=" in words) == (gap > 0, gap == 0)
        assert f"Only image {pixel[0]} moves, by one pixel (c = {pixel[1]})" in words
        said = re.search(r"differs by at most ([\d.]+) in", figure.describe(figure.state))
        assert float(said[1]) == pytest.approx(gap, abs=0.006)
    figure.buttons["Move its image by a pixel"].click()
    assert figure.state["shift"] == 0
    assert not any("moves" in line for line in words_of(figure.picture.value))


def test_every_number_of_the_tensor_gets_marked_once(figure):
    predict(figure)
    step = figure.make_actions()["Mark another"]
    seen, state = set(), figure.state
    for _ in range(192):
        state = {**state, **step(state)}
        seen.add(tuple(state["pixel"]))
    assert len(seen) == 192 and state["pixel"] == figure.state["pixel"]
    figure.buttons["Mark another"].click()
    assert figure.describe(figure.state).startswith("Marked: x[2, 2, 2, 3].")


@pytest.mark.parametrize("means", ["0", "1", "4", "64", "1e9"])
@pytest.mark.parametrize("shared", ANSWERS)
def test_the_prediction_stays_drawn_as_a_ghost(figure, kept, means, shared):
    assert predict(figure, means, shared)
    assert kept == [
        ("prediction", "whose_average", {"means": float(means), "shared": shared}),
    ]
    figure.go(**BATCH_NORM)
    root = check_svg(figure.picture.value)
    (ghost,) = [
        group
        for group in root.iter(f"{SVG}g")
        if group.get("stroke") == "#CC79A7" and group.get("stroke-dasharray")
    ]
    frames = {"its channel at its own pixel, in all images": 3, "its channel in its own image": 1}
    frames |= {RIGHT: 3, "all channels of its own image": 4}
    assert len(ghost) == frames[shared]
    (line,) = [line for line in words_of(figure.picture.value) if line.startswith("you,")]
    assert float(re.search(r": (\S+) means?$", line)[1]) == float(means)


def test_the_question_takes_counts_only():
    (question, choice) = WhoseAverage.questions
    assert question.exact and len(choice.options) == 4


def test_frames_stand_for_the_figure_where_no_kernel_runs(figure):
    bundle = figure._repr_mimebundle_()
    text = bundle["image/svg+xml"]
    check_svg(text)
    assert len(text.encode()) < 30_000
    words = words_of(text)
    names = [f"{k + 1}. {name}" for k, name in enumerate(BUTTONS)]
    assert [word for word in words if word in names] == names
    assert "4 means" in bundle["text/plain"] and "64 means" in bundle["text/plain"]
    assert words.count("gap 0") == 2
    assert not figure.revealed
