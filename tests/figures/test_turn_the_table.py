import itertools
import re

import numpy as np
import pytest
import torch

from bncourse.figures.number_tables import STRIPE, TINT
from bncourse.figures.style import GUESS, number
from bncourse.figures.table_actions import ACTIONS, NORMS, ORIGINAL, W, X, batch_norm, effect
from bncourse.figures.turn_the_table import GUESSES, TRY, TurnTheTable
from bncourse.layers.batch_norm import batchnorm_forward
from tests.figures.checks import SVG, check_svg, words_of

# Which norms do not notice: Ba, Kiros & Hinton 2016, Table 1, with RMSNorm's own table beside it.
INVARIANT = {
    "weights": "BN LN RMS",
    "weights_shift": "LN",
    "unit": "BN",
    "data": "BN LN RMS",
    "data_shift": "BN",
    "sample": "LN RMS",
}
# What is not in these tables follows from who shares a mean.
FURTHER = {"unit_shift": "BN", "sample_shift": "LN", "left_out": "LN RMS", "alone": "LN RMS"}


@pytest.fixture
def figure(keep):
    return TurnTheTable(record=keep)


def try_it(figure, action, **guesses):
    figure.controls["action"].value = action
    for norm, guess in guesses.items():
        figure.controls[norm].value = guess
    figure.buttons[TRY].click()


def truly(action):
    return {norm: GUESSES[0] if effect(action, norm).changes else GUESSES[1] for norm in NORMS}


def wrongly(action):
    return {norm: GUESSES[1 - GUESSES.index(told)] for norm, told in truly(action).items()}


def said(figure):
    return figure.describe(figure.state)


def shown(figure):
    return [word.replace("−", "-") for word in words_of(figure.picture.value)]


def counted(figure, told):
    """Count the entries of the grid that say one thing, whatever the mark behind it."""
    return sum(bool(re.fullmatch(f"{told}( [✓✗])?", word)) for word in shown(figure))


def by_hand():
    """What each action makes of x (5, 3), W (3, 4) and z (5, 4), written out once more."""
    x, w = torch.tensor(X), torch.tensor(W)
    tenfold, bias, row = x.clone(), torch.zeros(4, dtype=x.dtype), torch.zeros(5, 1, dtype=x.dtype)
    tenfold[1] *= 10
    bias[2], row[1] = 5, 5
    column = torch.tensor([1.0, 1, 10, 1], dtype=x.dtype)
    return {
        "sample": tenfold @ w,
        "data": (10 * x) @ w,
        "data_shift": (x + 5) @ w,
        "weights": x @ (10 * w),
        "weights_shift": x @ (w + 1),
        "unit": x @ (w * column),
        "unit_shift": x @ w + bias,
        "sample_shift": x @ w + row,
        "left_out": x[:4] @ w,
        "alone": x[1:2] @ w,
    }


def by_torch(norm, z):
    z, units = torch.as_tensor(z), (z.shape[1],)
    if norm == "BN":
        if len(z) == 1:
            return np.zeros(z.shape)
        return torch.nn.functional.batch_norm(z, None, None, training=True).numpy()
    if norm == "LN":
        return torch.nn.functional.layer_norm(z, units).numpy()
    return torch.nn.functional.rms_norm(z, units, eps=1e-5).numpy()


@pytest.mark.parametrize(("action", "blind"), {**INVARIANT, **FURTHER}.items())
def test_the_truth_is_that_of_the_published_tables(action, blind):
    assert {norm for norm in NORMS if not effect(action, norm).changes} == set(blind.split())


def test_every_action_is_in_a_table():
    assert set(ACTIONS) == set(INVARIANT) | set(FURTHER)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("norm", NORMS)
def test_each_action_and_norm_is_what_torch_makes_of_it(action, norm):
    z, kept = by_hand()[action], list(ACTIONS[action].layer.kept)
    np.testing.assert_array_equal(ACTIONS[action].layer.z, z.numpy())
    now = effect(action, norm)
    before, after = by_torch(norm, ORIGINAL.z), by_torch(norm, z)
    np.testing.assert_allclose(now.before, before, atol=1e-12)
    np.testing.assert_allclose(now.after, after, atol=1e-12)
    np.testing.assert_allclose(now.difference, abs(after - before[kept]), atol=1e-12)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("norm", NORMS)
def test_no_difference_is_a_matter_of_taste(action, norm):
    """What counts as unchanged is far below two decimals, and what changes is well above."""
    now = effect(action, norm)
    assert now.difference.max() > 0.3 if now.changes else now.difference.max() < 1e-5


def test_one_sample_changes_the_rows_of_all_in_batch_norm_and_its_own_in_rms():
    for action in ("sample", "sample_shift"):
        assert effect(action, "BN").changed.any(axis=1).tolist() == [True] * 5
    assert effect("sample_shift", "RMS").changed.any(axis=1).tolist() == [0, 1, 0, 0, 0]
    assert not effect("sample_shift", "LN").changes


def test_the_lessons_layer_agrees_and_refuses_a_single_sample():
    z = ORIGINAL.z
    wanted, _ = batchnorm_forward(z, np.ones(4), np.zeros(4))
    np.testing.assert_allclose(batch_norm(z), wanted, atol=1e-12)
    with pytest.raises(ValueError, match="at least two"):
        batchnorm_forward(z[:1], np.ones(4), np.zeros(4))
    np.testing.assert_array_equal(batch_norm(z[:1]), 0)


def test_rms_is_layer_norm_without_its_mean():
    """LN and RMS agree where a row's mean is 0: here no row's is, so that they can differ."""
    assert (abs(ORIGINAL.z.mean(1)) > 1).all()
    np.testing.assert_allclose(
        NORMS["LN"](ORIGINAL.z),
        NORMS["RMS"](ORIGINAL.z - ORIGINAL.z.mean(1, keepdims=True)),
        atol=1e-12,
    )


def test_nothing_is_given_away_before_the_prediction(figure):
    for action in ACTIONS:
        figure.controls["action"].value = action
        check_svg(figure.picture.value)
        assert counted(figure, "changes") == counted(figure, "stays") == 0
        assert shown(figure).count("still of the original z") == 3
        assert not any("after" in word for word in shown(figure))
        kept = list(ACTIONS[action].layer.kept)
        for norm in NORMS:
            before = effect(action, norm).before[kept].ravel()
            assert set(map(lambda v: number(float(v), 2), before)) <= set(shown(figure))
        text = said(figure)
        assert "Predict for BN, LN and RMS" in text and not re.search(r"largest|by up to", text)
        figure.buttons[TRY].click()  # without a prediction nothing happens
        assert said(figure) == text and figure.state["tried"] == {}
    assert figure.explanation.layout.display == "none"


def test_all_three_norms_are_predicted_first(figure, kept):
    figure.controls["BN"].value = "changes"
    assert "You say: BN changes. Predict for LN and RMS:" in said(figure)
    figure.buttons[TRY].click()
    figure.controls["LN"].value = "changes"
    figure.buttons[TRY].click()
    assert "Predict for RMS:" in said(figure) and figure.state["tried"] == {} and kept == []
    figure.controls["LN"].value = figure.controls["RMS"].value = "stays"
    assert said(figure).endswith("You say: BN changes, LN stays, RMS stays. Press Try it.")
    figure.buttons[TRY].click()
    assert figure.state["tried"] == {"sample": "BN"}
    guesses = {"action": "sample", "BN": "changes", "LN": "stays", "RMS": "stays"}
    assert kept == [("prediction", "turn_the_table", guesses)]
    assert figure.explanation.layout.display is None
    assert "BN: changes, 20 of 20 numbers in 5 of 5 rows" in said(figure)
    assert said(figure).endswith("You predicted 3 of 3 right.")


def test_the_question_of_the_explanation_has_the_answer_that_it_asks_for():
    untouched = [0, 2, 3, 4]
    assert effect("sample", "BN").changed[untouched].all()
    assert not effect("sample", "LN").changes and not effect("sample", "RMS").changes
    apart = [a for a in ACTIONS if effect(a, "LN").changes != effect(a, "RMS").changes]
    assert apart == ["weights_shift", "sample_shift"]
    for action in apart:  # both add one number to all entries of a row
        moved = ACTIONS[action].layer.z - ORIGINAL.z
        assert (np.ptp(moved, axis=1) == 0).all()


def test_a_prediction_cannot_be_changed_after_the_fact(figure, kept):
    try_it(figure, "data", **wrongly("data"))
    assert all(figure.controls[norm].disabled for norm in NORMS)
    assert figure.explanation.layout.display == "none"  # it tells what S2 × 10 does
    before = figure.picture.value
    figure.buttons[TRY].click()
    assert figure.picture.value == before and len(kept) == 1
    figure.controls["action"].value = "unit"
    assert [figure.controls[norm].value for norm in NORMS] == [""] * 3
    assert not any(figure.controls[norm].disabled for norm in NORMS)
    figure.controls["action"].value = "data"
    assert {norm: figure.controls[norm].value for norm in NORMS} == wrongly("data")
    assert figure.picture.value == before
    figure.buttons["Reset"].click()
    assert figure.state == TurnTheTable.opening and not figure.controls["BN"].disabled


def test_changed_numbers_are_marked_and_counted(figure):
    try_it(figure, "sample_shift", **truly("sample_shift"))
    root = check_svg(figure.picture.value)
    words = shown(figure)
    for norm, row in (("BN", 20), ("LN", 0), ("RMS", 4)):
        largest = number(float(effect("sample_shift", norm).difference.max()), 2)
        note = f"after: {row} of 20 change, by up to {largest}" if row else "after: all stay"
        assert note in words
    bold = [
        "".join(node.itertext()).replace("−", "-")
        for group in root.iter(f"{SVG}g")
        if group.get("font-weight") == "bold"
        for node in group
    ]
    wanted = [number(float(v)) for v in ACTIONS["sample_shift"].layer.z[1]]
    wanted += [number(float(v), 2) for v in effect("sample_shift", "BN").after.ravel()]
    wanted += [number(float(v), 2) for v in effect("sample_shift", "RMS").after[1]]
    assert bold == wanted
    assert sum(path.get("stroke") == STRIPE for path in root.iter(f"{SVG}path")) == 4  # and a key


@pytest.mark.parametrize("guess", [truly, wrongly])
def test_the_grid_fills_itself(figure, guess):
    for k, action in enumerate(ACTIONS):
        try_it(figure, action, **guess(action))
        told = [truly(each)[norm] for each in list(ACTIONS)[: k + 1] for norm in NORMS]
        for word in GUESSES:
            assert counted(figure, word) == told.count(word)
    root = check_svg(figure.picture.value)
    right = 30 if guess is truly else 0
    assert sum(word.endswith(" ✓") for word in shown(figure)) == right
    dashed = [box for box in root.iter(f"{SVG}rect") if box.get("stroke") == GUESS]
    assert len(dashed) == 30 - right and all(box.get("stroke-dasharray") for box in dashed)
    assert f"{right}/30" in shown(figure)
    assert said(figure).endswith(f"{right // 10} of 3 right, {right} of 30 in all.")


def test_in_the_grid_each_word_stands_in_its_place(figure):
    for action in ACTIONS:
        try_it(figure, action, **truly(action))
    root = check_svg(figure.picture.value)
    places = {}
    for node in root.iter(f"{SVG}text"):
        word = "".join(node.itertext())
        if word.endswith("✓") and word[0] in "cs":
            places[float(node.get("y")), float(node.get("x"))] = word.split()[0]
    told = [places[place] for place in sorted(places)]
    assert told == [truly(action)[norm] for norm in NORMS for action in ACTIONS]


def test_samples_that_left_are_not_drawn(figure):
    try_it(figure, "alone", **truly("alone"))
    check_svg(figure.picture.value)
    numbers = [float(word) for word in shown(figure) if re.fullmatch(r"-?[\d.]+", word)]
    assert len(numbers) == 3 + 12 + 4 + 3 * 4
    assert "nothing is left of it but beta" in said(figure)
    figure.controls["action"].value = "left_out"
    numbers = [word for word in shown(figure) if re.fullmatch(r"-?[\d.]+", word)]
    assert len(numbers) == 12 + 12 + 16 + 3 * 16


def test_every_state_can_be_drawn_and_brought_back(figure):
    every = itertools.cycle(itertools.product(GUESSES, repeat=3))
    for action, guesses in zip(ACTIONS, every, strict=False):
        figure.press("Reset")
        try_it(figure, action, **dict(zip(NORMS, guesses, strict=True)))
        check_svg(figure.picture.value)
        assert said(figure) in figure.sentence.value.replace("&#x27;", "'")
        call = re.search(r"figure\.go\((.*)\)</code>", figure.state_text.value)[1]
        picture = figure.picture.value
        figure.press("Reset")
        eval(f"figure.go({call})")
        assert figure.picture.value == picture


def test_frames_stand_for_the_figure_where_no_kernel_runs(figure):
    bundle = figure._repr_mimebundle_()
    text = bundle["image/svg+xml"]
    check_svg(text)
    assert len(text.encode()) < 26_000
    words = words_of(text)
    told = [truly(action)[norm] for action in ACTIONS for norm in NORMS]
    first = list(truly("sample").values())
    for word in GUESSES:
        assert words.count(word) == told.count(word) + first.count(word)
    assert not any(mark in word for word in words for mark in "✓✗")  # nothing was predicted
    assert "You" not in bundle["text/plain"]


def test_the_names_of_the_frames_hold(figure):
    (first, sample), (second, shifted) = figure.frame_states()
    assert first.endswith("every row of BN changes, none of LN") and sample["action"] == "sample"
    assert effect("sample", "BN").changed.any(1).all() and not effect("sample", "LN").changes
    assert "LN stays, RMS changes; and all ten actions" in second
    assert truly(shifted["action"]) == {"BN": "changes", "LN": "stays", "RMS": "changes"}
    assert len(shifted["tried"]) == len(ACTIONS) == 10


def test_colours_are_not_alone(figure):
    """Changed numbers have stripes and bold type beside their ground."""
    try_it(figure, "data_shift", **truly("data_shift"))
    root = check_svg(figure.picture.value)
    tints = [box for box in root.iter(f"{SVG}rect") if box.get("fill") == TINT]
    stripes = [path for path in root.iter(f"{SVG}path") if path.get("stroke") == STRIPE]
    in_grid = list(truly("data_shift").values()).count("changes")
    # x, z, LN, RMS and the key; one column of z has weights that sum to 0 and stays.
    assert len(stripes) == 5 and len(tints) == 5 + in_grid
