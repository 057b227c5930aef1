import itertools

import numpy as np
import pytest

from bncourse.experiments.regularisation import DESIGNS, Trained, load_regularisation
from bncourse.figures.regularisation import best_decay_only, group_label, regularisation
from tests.figures.checks import png_of


@pytest.fixture(scope="module")
def designs():
    """Every arm beats nothing by as many points as its place says, give or take one of five."""
    off = np.array([-1.0, 0, 1, 0, 0])

    def trained(arm, place):
        base = 90 + np.arange(5.0)
        return Trained(arm, 1.0, base + place + off * (place > 0), base, base, {1.0: 90.0 - place})

    return {
        design: tuple(
            trained(arm, 0 if arm.name == "none" else 1 + k / 10) for k, arm in enumerate(arms)
        )
        for design, arms in DESIGNS.items()
    }


def marks(axes):
    """Return row name -> gains drawn in that row."""
    names = [text.get_text() for text in axes.get_yticklabels()]
    found = {}
    for box in axes.containers:
        x, y = box.lines[0].get_data()
        for gain, row in zip(x, y, strict=True):
            found.setdefault(names[round(row)], []).append(gain)
    return found


def test_gains_and_their_errors_are_drawn(designs):
    left, right = regularisation(designs).picture.axes
    drawn = marks(left)
    bn = [found for found in designs["methods"] if found.arm.name == "BN"]
    assert drawn["BN"] == pytest.approx([found.test.mean() - 92 for found in bn])
    error = np.sqrt(2 / 4) / np.sqrt(5)
    for axes in (left, right):
        for box in axes.containers:
            for (low, _), (high, _) in box.lines[2][0].get_segments():
                assert high - low == pytest.approx(2 * error)
                assert axes.get_xlim()[0] < low and high < axes.get_xlim()[1]
    assert list(marks(right)) == [
        "dropout 0.5",
        "BN over 5",
        "BN over 10",
        "BN over 25",
        "BN over all 200",
    ]
    assert left.get_xlim() == right.get_xlim()
    assert "none" not in drawn


def test_of_the_weight_decays_the_best_of_the_search_is_left(designs):
    kept = [found.arm.decay for found in best_decay_only(designs["methods"]) if found.arm.decay]
    assert kept == [0.001]  # the fixture's search gets worse from arm to arm
    assert len(best_decay_only(designs["noise"])) == len(designs["noise"])


def test_the_caption_has_every_gain(designs):
    figure = regularisation(designs)
    assert "means of 5 paired splits ± one standard error of the paired differences" in (
        figure.caption
    )
    error = "0.32"
    for design, label in (("methods", lambda f: f.arm.name), ("noise", group_label)):
        for found in best_decay_only(designs[design]):
            if found.arm.name != "none":
                gain = f"{found.test.mean() - 92:.2f}".rstrip("0").rstrip(".")
                assert f"{label(found)} {gain} ± {error}" in figure.caption
    assert figure.caption.count("none 92 %") == 4


def check_layout(figure):
    png = png_of(figure._repr_mimebundle_())
    assert png.shape[1] <= 900
    texts = []
    for axes in figure.picture.axes:
        texts += [*axes.get_yticklabels(), axes.title, axes.xaxis.label]
    texts += figure.picture.legends[0].get_texts()
    for text in texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= png.shape[1]
        assert text.get_fontsize() * 100 / 72 >= 13.99
    for a, b in itertools.combinations(texts, 2):
        assert not a.get_window_extent().overlaps(b.get_window_extent())


def test_nothing_overlaps(designs):
    check_layout(regularisation(designs))


def test_the_stored_comparison_fits_its_picture():
    check_layout(regularisation(load_regularisation()))
