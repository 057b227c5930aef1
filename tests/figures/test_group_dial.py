import itertools
import re

import numpy as np
import pytest
import torch

from bncourse.figures.group_dial import (
    EPS,
    GROUPS,
    KINDS,
    SHAPE,
    GroupDial,
    mate_matters,
    members,
    normalised,
    sets_of,
)
from bncourse.figures.published_tables import LOOKS
from bncourse.figures.style import GUESS
from bncourse.figures.tensor_drawing import TINT
from bncourse.layers.group_norm import groupnorm_forward, instancenorm_forward
from bncourse.results.published import WU_HE
from tests.figures.checks import SVG, check_svg, words_of

MARKED = (1, 5, 0, 2)
# Every norm of the figure, with G where it has one.
NORMS = [*(("GN", groups) for groups in GROUPS), ("BN", 2), ("LN", 2), ("IN", 2)]
LAYERS = {
    "BN": lambda groups: torch.nn.BatchNorm2d(8),
    "LN": lambda groups: torch.nn.LayerNorm([8, 3, 3]),
    "IN": lambda groups: torch.nn.InstanceNorm2d(8, affine=True),
    "GN": lambda groups: torch.nn.GroupNorm(groups, 8),
}


@pytest.fixture
def figure(keep):
    return GroupDial(record=keep)


def state_of(kind, groups, marked=MARKED, images=8):
    return {"kind": kind, "groups": groups, "marked": list(marked), "images": images}


def predict(figure, limits=0, overtakes="between 8 and 4"):
    figure.gate.fields["limits"].value = figure.questions[0].options[limits]
    figure.gate.fields["overtakes"].value = overtakes
    return figure.gate.lock()


def shaded_area(figure):
    root = check_svg(figure.picture.value)
    tinted = [box for box in root.iter(f"{SVG}rect") if box.get("fill") == TINT]
    return sum(float(box.get("width")) * float(box.get("height")) for box in tinted)


@pytest.mark.parametrize(("kind", "groups"), NORMS)
def test_sets_are_those_of_the_library(kind, groups):
    """Exactly the numbers that move the marked x_hat, times a power, share its mean."""
    x = torch.from_numpy(np.random.default_rng(0).normal(size=SHAPE)).requires_grad_()
    layer = LAYERS[kind](groups).double()
    (grad,) = torch.autograd.grad(layer(x)[MARKED], x)
    np.testing.assert_array_equal(grad.numpy() != 0, members(kind, groups, MARKED))
    np.testing.assert_allclose(
        normalised(x.detach().numpy(), kind, groups), layer(x).detach(), atol=1e-12
    )
    now = sets_of(state_of(kind, groups))
    assert now.size == (grad != 0).sum() and now.size * now.count == x.numel()
    assert now.learned == sum(parameter.numel() for parameter in layer.parameters())


@pytest.mark.parametrize(("kind", "groups"), NORMS)
def test_a_batch_mate_matters_to_batch_norm_alone(kind, groups):
    assert (mate_matters(kind, groups, 0) > 0.1) == (kind == "BN")
    assert (mate_matters(kind, groups, 1) > 0.1) == (kind == "BN")


def test_the_right_answers_of_the_prediction():
    limits, overtakes = GroupDial.questions
    assert limits.options[0] == "layer norm: G = 1, instance norm: G = 8"
    x = np.random.default_rng(1).normal(size=SHAPE)
    one, zero = np.ones(8), np.zeros(8)
    y, _ = groupnorm_forward(x, 1, one, zero, EPS)
    np.testing.assert_allclose(y, normalised(x, "LN", 2))
    y, _ = instancenorm_forward(x, one, zero, EPS)
    np.testing.assert_allclose(y, normalised(x, "GN", 8))
    assert sets_of(state_of("GN", 1)).learned != sets_of(state_of("LN", 1)).learned
    assert "between {} and {}".format(*WU_HE.overtaken()) in overtakes.options


def test_nothing_is_given_away_before_the_prediction(figure):
    assert all(control.disabled for control in figure.controls.values())
    pictures = set()
    for (kind, groups), images in itertools.product(NORMS, WU_HE.images_per_gpu):
        figure.go(kind=kind, groups=groups, images=images)
        check_svg(figure.picture.value)
        assert shaded_area(figure) == 0
        told = [*words_of(figure.picture.value), figure.describe(figure.state)]
        for line in told:
            assert not re.search(r"[BLIG]N\b|norm|per GPU|\d\d\.\d|sets? of|shares", line), line
        pictures.add(figure.picture.value)
    assert len(pictures) == 1
    assert predict(figure)
    assert not any(control.disabled for control in figure.controls.values())


@pytest.mark.parametrize(("kind", "groups"), NORMS)
def test_picture_and_sentence_tell_the_counts(figure, kind, groups):
    predict(figure)
    figure.go(**state_of(kind, groups))
    now = sets_of(figure.state)
    assert shaded_area(figure) == now.size * 26**2
    words = words_of(figure.picture.value)
    assert str(now.size) in words and str(now.count) in words and f"{now.learned} numbers" in words
    assert (f"yes: x̂ by up to {now.mate:.2f}" in words) == (kind == "BN")
    assert ("no" in words) == (kind != "BN")
    said = figure.describe(figure.state)
    assert f"{now.count} sets of {now.size}, {now.learned} numbers" in said
    assert ("batch-mate changes nothing" in said) == (kind != "BN")
    root = check_svg(figure.picture.value)
    frames = [p for p in root.iter(f"{SVG}path") if p.get("stroke-width") == "1.6"]
    assert sum(p.get("d").upper().count("Z") for p in frames) == now.count


def test_the_limits_are_named_in_words(figure):
    predict(figure)
    for groups, other in ((1, "layer norm over (C, H, W)"), (8, "instance norm"), (4, None)):
        figure.go(kind="GN", groups=groups)
        head = words_of(figure.picture.value)[0]
        assert head == f"GN, G = {groups}" + (f": the sets of {other}" if other else "")


@pytest.mark.parametrize("images", WU_HE.images_per_gpu)
def test_the_cursor_reads_the_reported_errors(figure, images):
    predict(figure)
    figure.go(images=images, kind="GN", groups=4)
    at = WU_HE.images_per_gpu.index(images)
    batch, group = WU_HE.batch_norm[at], WU_HE.group_norm[at]
    words = words_of(figure.picture.value)
    assert f"at {images}: BN {batch}, GN {group}" in words
    assert f"at G = 4: {WU_HE.by_groups[WU_HE.groups.index(4)]}" in words
    said = figure.describe(figure.state)
    assert f"{images} images per GPU: BN {batch} %, GN with 32 groups {group} %" in said
    assert "not measured" in " ".join(words) and "not measured here" in figure.claim
    assert LOOKS["BN"][0] in figure.picture.value


def test_controls_steer_the_state(figure):
    predict(figure)
    for kind in KINDS:
        figure.controls["kind"].value = kind
        assert figure.state["kind"] == kind
    figure.controls["kind"].value = "BN"
    figure.controls["groups"].box.value = 8
    assert (figure.state["kind"], figure.state["groups"]) == ("GN", 8)
    assert figure.controls["kind"].value == "GN"
    figure.controls["images"].box.value = 2
    assert figure.state["images"] == 2


@pytest.mark.parametrize("overtakes", GroupDial.questions[1].options)
def test_the_prediction_stays_drawn(figure, kept, overtakes):
    assert predict(figure, 1, overtakes)
    limits = figure.questions[0].options[1]
    assert kept == [("prediction", "group_dial", {"limits": limits, "overtakes": overtakes})]
    root = check_svg(figure.picture.value)
    assert f"you: {overtakes}" in words_of(figure.picture.value)
    ghosts = [each for each in root.iter(f"{SVG}line") if each.get("stroke") == GUESS]
    assert len(ghosts) == (overtakes != "nowhere down to 2")


def test_every_number_gets_marked_once(figure):
    predict(figure)
    step, state, seen = figure.make_actions()["Mark another number"], figure.state, set()
    for _ in range(144):
        state = {**state, **step(state)}
        seen.add(tuple(state["marked"]))
    assert len(seen) == 144
    figure.press("Mark another number")
    check_svg(figure.picture.value)


def test_frames_stand_for_the_figure_where_no_kernel_runs(figure):
    bundle = figure._repr_mimebundle_()
    check_svg(bundle["image/svg+xml"])
    assert len(bundle["image/svg+xml"].encode()) < 30_000
    two, eight, batch = bundle["text/plain"].split("\n")
    assert "BN 23.7 %" in two and "24.0 %" in eight and "BN 34.7 %" in batch
    assert not figure.revealed
