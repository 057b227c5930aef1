import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from bncourse.experiments.recurrent_arms import load_recurrent_arms
from bncourse.experiments.recurrent_gradients import GAMMAS, WEIGHTS, RecurrentGradients
from bncourse.figures.per_step_statistics import per_step_statistics
from tests.figures.checks import png_of

T = 16


def statistics():
    at = np.arange(T)
    units = np.stack([at % 2, at % 2 - 0.5, 0 * at, 0 * at], axis=1).astype(float)
    quartiles = np.stack([0 * at - 1.0, 0.1 * at, 0 * at + 2.0], axis=1)
    return SimpleNamespace(
        steps=(8, T),
        starts=("orthogonal", "orthogonal"),
        budgets=np.array([[1, 2], [3, 400]]),
        unit_mean={T: units},
        unit_var={T: units + 1},
        quartiles_mean={T: quartiles},
        quartiles_var={T: quartiles + 2},
    )


def gradients(seeds=3):
    back = np.arange(64, -1, -1)
    rates = np.array([[1.0, 0.8], [1.02, 1.1]])
    norms = rates[..., None, None] ** back * np.array([0.5, 1, 2])[:seeds, None]
    norms[..., -1] = 1
    sizes = np.ones((3, 2, 2, seeds, 64))
    slopes, flat = np.ones((2, 2, seeds)), np.zeros(64, bool)
    return RecurrentGradients(
        WEIGHTS,
        GAMMAS,
        np.arange(65),
        norms,
        slopes,
        flat,
        (0, 1, 2),
        *sizes,
        near_one=sizes[0],
        unit_norms=norms[..., None],
    )


@pytest.fixture(scope="module")
def figure():
    return per_step_statistics(statistics(), gradients(), T)


def axes_of(figure):
    return [axes for part in figure.picture.subfigs for axes in part.axes]


def test_units_and_quartiles_are_drawn_up_to_the_last_step_of_training(figure):
    record, (_, mean, var, _) = statistics(), axes_of(figure)
    for axes, units in ((mean, record.unit_mean[T]), (var, record.unit_var[T])):
        lines = [line for line in axes.lines if len(line.get_xdata()) == T]
        assert len(lines) == 3 and len({line.get_linestyle() for line in lines}) == 3
        for unit, line in enumerate(lines):
            np.testing.assert_array_equal(line.get_ydata(), units[:, unit])
        assert any(list(line.get_xdata()) == [T - 0.5] * 2 for line in axes.lines)
        assert [text.get_text() for text in axes.texts] == ["?"]
        assert axes.get_xlim()[1] > T + 2.9


def test_median_gradients_are_drawn_going_back(figure):
    record, lines = gradients(), [li for li in axes_of(figure)[3].lines if li.get_linewidth() > 2]
    assert len(lines) == 4
    looks = {(line.get_color(), line.get_linestyle()) for line in lines}
    assert len(looks) == 4
    medians = np.median(record.norms, axis=2).reshape(4, -1)
    for line, values in zip(lines, medians, strict=True):
        back = np.asarray(line.get_xdata())
        np.testing.assert_allclose(line.get_ydata(), values[64 - back])
        assert back.min() == 0
    assert [line.get_label() for line in lines] == [
        f"gamma {gamma}, {kind}" for kind in WEIGHTS for gamma in ("0.1", "1")
    ]


def test_the_caption_has_the_numbers_drawn(figure):
    caption = figure.caption
    assert "reads a digit in 16 steps, after 400 updates" in caption
    assert "variance of the units: 2, 2.1, 2.2 at steps 0 to 2, then 2.8 to 3.5 in" in caption
    assert "those of the three span 1, 1, 0," in caption
    assert "T_max = 16, the steps of training: from step 16 on there are no" in caption
    assert "which ones shall step 22 take?" in caption
    assert "median (range) of 3 seeds: gamma 0.1 with identity weights 1 (0.5 to 2)" in caption
    assert "gamma 1 with orthogonal weights 21 (" in caption


def test_nothing_overlaps_and_text_is_large(figure):
    png = png_of(figure._repr_mimebundle_())
    assert png.shape[1] <= 900
    strip, *_, lines = axes_of(figure)
    legend = lines.get_legend()
    boxes = [text.get_window_extent() for text in [*strip.texts, *legend.get_texts()]]
    for a, b in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)
    for axes in axes_of(figure):
        texts = [*axes.texts, axes.xaxis.label, axes.yaxis.label, axes.title]
        if axes is not strip:  # which has no axis
            texts += [*axes.get_xticklabels(), *axes.get_yticklabels()]
        assert all(t.get_fontsize() * 100 / 72 >= 13.99 for t in texts if t.get_text())


def test_a_length_that_is_not_stored_is_an_error():
    with pytest.raises(KeyError):
        per_step_statistics(statistics(), gradients())


def test_the_stored_net_of_64_steps_fits_its_picture():
    figure = per_step_statistics(load_recurrent_arms(), gradients())
    png_of(figure._repr_mimebundle_())
    strip = axes_of(figure)[0]
    boxes = [text.get_window_extent() for text in strip.texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert len(strip.patches) == 20  # one for four steps each, and four that were never seen
    assert "from step 64 on there are no statistics, and which ones shall step 70 take?" in (
        figure.caption
    )
    assert strip.texts[1].get_text() == "T_max = 64"
