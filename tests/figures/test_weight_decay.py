import itertools

import numpy as np
import pytest

from bncourse.experiments.decayed_nets import WINDOW, Run
from bncourse.experiments.weight_decay import WeightDecay, load_weight_decay
from bncourse.figures.weight_decay import weight_decay
from tests.figures.checks import png_of

DECAYS = (0.0, 1e-3, 1e-2, 3e-2, 1e-1)


def run(decay, seeds=3, windows=40):
    fall = 1 / (1 + 20 * decay * np.linspace(0, 1, windows + 1))
    off = np.linspace(0.9, 1.1, seeds)[:, None]
    rotation = np.full((seeds, windows), np.sqrt(0.5 * decay) + 1e-3) * off
    return Run(
        rate=0.25,
        decay=decay,
        length=7.0 * fall ** np.linspace(0.8, 1.2, seeds)[:, None],
        log_length=np.log(fall) * off,
        rotation=rotation,
        loss=np.ones(windows),
        accuracy=np.ones(seeds),
        seeds=tuple(range(seeds)),
    )


@pytest.fixture(scope="module")
def record():
    return WeightDecay(tuple(run(decay) for decay in DECAYS), (), ())


def thick(axes):
    return [line for line in axes.lines if line.get_linewidth() == 2]


def test_means_of_length_and_rotation_are_drawn(record):
    left, right = weight_decay(record).picture.axes
    assert len(thick(left)) == len(thick(right)) == len(DECAYS)
    for one, other, measured in zip(thick(left), thick(right), record.runs, strict=True):
        lengths = measured.length / measured.length[:, :1]
        np.testing.assert_allclose(one.get_ydata(), lengths.mean(axis=0)[::2])
        np.testing.assert_allclose(one.get_xdata(), measured.updates[::2])
        # The fixture's rotation is the same in every window.
        mean = np.degrees(measured.rotation).mean()
        np.testing.assert_allclose(other.get_ydata(), np.full(5, mean))
        np.testing.assert_allclose(other.get_xdata(), 8 * WINDOW * (np.arange(5) + 0.5))
    looks = {(line.get_color(), str(line._dash_pattern)) for line in thick(left)}
    assert len(looks) == len({colour for colour, _ in looks}) == len(DECAYS)


def test_the_theory_is_a_line_for_every_decay_but_none(record):
    _, right = weight_decay(record).picture.axes
    drawn = [line.get_ydata()[0] for line in right.lines if line.get_linewidth() == 1]
    assert drawn == pytest.approx([np.degrees(np.sqrt(0.5 * decay)) for decay in DECAYS[1:]])


def test_the_caption_has_the_numbers(record):
    caption = weight_decay(record).caption
    assert "at rate 0.25, 3 seeds" in caption and "after 2,000 updates" in caption
    assert "decay 0: length 1, effective rate 0.25, 0.06 degrees per update;" in caption
    assert "decay 0.01: length 0.83" in caption
    assert "(in balance 4.05)" in caption


def check_layout(figure):
    png = png_of(figure._repr_mimebundle_())
    assert png.shape[1] <= 900
    for axes in figure.picture.axes:
        others = [*axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label]
        for text in axes.texts:
            box = text.get_window_extent()
            assert box.y0 >= 0 and box.x1 <= png.shape[1] and box.y1 <= png.shape[0]
            assert text.get_fontsize() * 100 / 72 >= 13.99
            assert not any(box.overlaps(other.get_window_extent()) for other in others)
        for a, b in itertools.combinations(axes.texts, 2):
            assert not a.get_window_extent().overlaps(b.get_window_extent())
        low, high = axes.get_ylim()
        for line in thick(axes):
            assert low <= line.get_ydata().min() and line.get_ydata().max() <= high


def test_nothing_overlaps_and_everything_is_inside(record):
    check_layout(weight_decay(record))


def test_the_stored_runs_fit_their_picture():
    check_layout(weight_decay(load_weight_decay()))
