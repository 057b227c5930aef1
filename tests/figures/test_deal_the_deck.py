import itertools
import re

import numpy as np
import pytest

from bncourse.experiments.twelve_images import deal, twelve_images
from bncourse.figures.deal_the_deck import DealTheDeck
from bncourse.figures.deal_the_deck_drawing import _apart
from tests.figures.checks import SVG, check_svg, words_of


@pytest.fixture(scope="module")
def images():
    return twelve_images()


@pytest.fixture
def figure(images, keep):
    return DealTheDeck(images, record=keep)


def predict(figure, updates="3", lonely="11"):
    figure.gate.fields["updates"].value = updates
    figure.gate.fields["lonely"].value = lonely
    return figure.gate.lock()


def said(figure, what):
    return float(re.search(rf"{what} (-?[\d.]+\d)", figure.describe(figure.state))[1])


def filled_slots(figure):
    root = check_svg(figure.picture.value)
    slots = [
        box
        for box in root.iter(f"{SVG}rect")
        if (box.get("width"), box.get("height")) == ("13", "18")
    ]
    return sum(box.get("fill") == "#0072B2" for box in slots)


def test_only_eleven_leaves_one_image_alone():
    lonely = [size for size in range(2, 13) if len(deal(12, size)[-1]) == 1]
    assert [str(size) for size in lonely] == ["11"]
    assert "11" in DealTheDeck.questions[1].options
    assert len(deal(12, 5)) == 3


def test_nothing_is_given_away_before_the_prediction(figure):
    assert all(control.disabled for control in figure.controls.values())
    assert figure.state["batch_size"] not in (5, 11)
    assert not any("one image" in words for words in words_of(figure.picture.value))
    assert predict(figure)
    assert not any(control.disabled for control in figure.controls.values())


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("size", range(1, 13))
def test_every_deal_can_be_drawn_and_is_counted(figure, images, size, drop):
    predict(figure, "2.4")
    figure.controls["batch_size"].slider.value = float(size)
    figure.controls["drop_last"].value = drop
    left = 12 % size
    updates = 12 // size + (left > 0 and not drop)
    for shuffle in range(2):
        assert figure.state == {"batch_size": size, "drop_last": drop, "shuffle": shuffle}
        assert filled_slots(figure) == updates
        words = words_of(figure.picture.value)
        assert words.count("dropped") == (drop and left > 0)
        assert {str(image) for image in range(1, 13)} <= set(words)
        sentence = figure.describe(figure.state)
        assert f"so {updates} update" in sentence
        assert ("Dropped: " in sentence) == (drop and left > 0)
        assert said(figure, "full gradient") == pytest.approx(images.full, abs=0.005)
        if not drop or not left:
            assert said(figure, "size-weighted average") == pytest.approx(images.full, abs=0.005)
        figure.buttons["Reshuffle"].click()


def test_equal_batches_average_to_the_full_gradient_and_unequal_ones_do_not(figure):
    predict(figure)
    assert words_of(figure.picture.value).count("5.37, the full gradient") == 2
    figure.go(batch_size=5)
    words = words_of(figure.picture.value)
    assert "6.19, off by +0.82" in words and words.count("5.37, the full gradient") == 1
    assert said(figure, "plain average") == 6.19
    assert "(1, 2, 3, 4, 5) (6, 7, 8, 9, 10) (11, 12)" in figure.describe(figure.state)


def test_dropped_images_are_listed_and_missed_by_both_averages(figure, images):
    predict(figure)
    figure.go(batch_size=5, drop_last=True)
    sentence = figure.describe(figure.state)
    assert "Dropped: 2 images (11, 12)." in sentence and "so 2 updates" in sentence
    kept = images.gradients[:10].mean()
    assert said(figure, "size-weighted average") == pytest.approx(kept, abs=0.005)
    assert "images seen: 10 of 12" in words_of(figure.picture.value)


@pytest.mark.parametrize(
    ("size", "drop", "flag"),
    [(11, False, "Batch 2 holds one image:"), (1, False, "Each batch holds one image:")],
)
def test_a_batch_of_one_is_flagged(figure, size, drop, flag):
    predict(figure)
    figure.go(batch_size=size, drop_last=drop)
    assert flag in words_of(figure.picture.value)
    assert "lesson 03 refuses" in figure.describe(figure.state)
    figure.go(batch_size=11, drop_last=True)
    assert flag not in words_of(figure.picture.value)


def test_a_batch_of_one_is_refused_indeed():
    from bncourse.layers.batch_norm import BatchNorm

    with pytest.raises(ValueError, match="at least two"):
        BatchNorm(3).forward(np.ones((1, 3)))


def test_shuffles_are_seeded(figure):
    predict(figure)
    decks = []
    for _ in range(2):
        figure.buttons["Reset"].click()
        for _ in range(3):
            figure.buttons["Reshuffle"].click()
            decks.append(figure.describe(figure.state))
    assert decks[:3] == decks[3:] and len(set(decks)) == 3
    figure.buttons["Reset"].click()
    assert figure.state == DealTheDeck.opening


@pytest.mark.parametrize("updates", ["0", "2.4", "3", "12", "60", "1e9", "inf"])
def test_the_prediction_stays_drawn_as_a_ghost(figure, kept, updates):
    assert predict(figure, updates, "7")
    assert kept == [("prediction", "deal_the_deck", {"updates": float(updates), "lonely": "7"})]
    for size, shuffle in itertools.product((1, 5, 11), (0, 1)):
        figure.go(batch_size=size, shuffle=shuffle)
        check_svg(figure.picture.value)
        words = words_of(figure.picture.value)
        ghost = next(line for line in words if line.startswith("you, for size 5: "))
        assert ghost.endswith("▶") == (float(updates) > 12)
        assert "of one at size 7" in words


def test_labels_keep_apart_and_on_the_line():
    rng = np.random.default_rng(0)
    for _ in range(100):
        places = list(rng.uniform(0, 300, 12) if rng.random() < 0.5 else rng.normal(290, 3, 12))
        labels = np.array(_apart(places, 20, 0, 300))
        gaps = np.diff(np.sort(labels))
        assert gaps.min() >= 20 - 1e-9
        assert labels.min() >= -1e-9 and labels.max() <= 300 + 1e-9
        assert list(np.argsort(labels)) == list(np.argsort(places))
    assert _apart([10, 200, 90], 20, 0, 300) == [10, 200, 90]


def test_frames_stand_for_the_figure_where_no_kernel_runs(figure):
    bundle = figure._repr_mimebundle_()
    check_svg(bundle["image/svg+xml"])
    assert len(bundle["image/svg+xml"]) < 30_000
    words = words_of(bundle["image/svg+xml"])
    names = ["1. 4 + 4 + 4", "2. 5 + 5 + 2", "3. 11 + 1"]
    assert [word for word in words if word in names] == names
    assert "plain average 6.19" in bundle["text/plain"]
    assert "lesson 03" in bundle["text/plain"]
