"""The transformer figures draw what their records hold, and say it."""

from itertools import combinations

import numpy as np
import pytest

from bncourse.experiments.transformer_start import Start
from bncourse.experiments.transformer_training import (
    ARMS,
    TransformerTraining,
    load_transformer_training,
)
from bncourse.figures.transformer import PANELS, transformer_rates, transformer_start
from tests.figures.checks import png_of

RATES = np.array([0.00025, 0.001, 0.004, 0.016])


def start(placement, depth, first, last):
    """Gradients that change evenly over the blocks, twice and half as large for two of 3 seeds."""
    sizes = np.geomspace(first, last, depth)[:, None] * np.array([0.5, 1, 2])
    stream = np.ones((depth + 1, 3))
    return Start(placement, depth, sizes, sizes, stream, stream)


def starts():
    return [start("post", 4, 3.0, 3.0), start("pre", 4, 2.0, 1.0), start(None, 4, 90.0, 40.0)]


def deeper():
    post = [start("post", depth, 1.0, 2.0) for depth in (2, 4, 8)]
    return post + [start("pre", depth, 1.0, 2 / depth) for depth in (2, 4, 8)]


def record():
    accuracy = np.full((len(ARMS), 4, 2, 3), 0.9)
    accuracy += 0.01 * np.arange(len(ARMS))[:, None, None, None]
    accuracy[:, :, 0] -= 0.2
    accuracy[0, 3] = 0.1
    accuracy += np.array([-0.02, 0, 0.03])
    best = np.tile([2, 1], (len(ARMS), 1))
    return TransformerTraining(
        tuple(ARMS), RATES, (100, 300), 50, (0, 1, 2), accuracy, accuracy, best, (), np.zeros(0)
    )


def curves(axes):
    return {
        line.get_label(): line for line in axes.lines if not line.get_label().startswith("_child")
    }


def test_gradients_are_drawn_block_by_block_and_by_depth():
    left, right = transformer_start(starts(), deeper()).picture.axes
    lines = curves(left)
    for name, net in zip(("post-LN", "pre-LN", "no norm"), starts(), strict=True):
        np.testing.assert_allclose(lines[name].get_xdata(), [1, 2, 3, 4])
        np.testing.assert_allclose(lines[name].get_ydata(), net.last_weights[:, 1])
    dots = [line for line in left.lines if line.get_marker() == "."]
    np.testing.assert_allclose(dots[0].get_ydata(), starts()[0].last_weights.ravel())
    lines = curves(right)
    np.testing.assert_allclose(lines["post-LN"].get_ydata(), [2, 2, 2])
    np.testing.assert_allclose(lines["pre-LN"].get_ydata(), [1, 0.5, 0.25])
    np.testing.assert_allclose(lines["pre-LN"].get_xdata(), [2, 4, 8])


def test_dotted_lines_are_the_theory():
    left, right = transformer_start(starts(), deeper()).picture.axes
    (decay,) = (np.asarray(li.get_ydata()) for li in left.lines if _dotted(li))
    np.testing.assert_allclose(decay, 3 * (2 / 3) ** (np.array([3, 2, 1, 0]) / 2))
    flat, falling = (np.asarray(li.get_ydata()) for li in right.lines if _dotted(li))
    np.testing.assert_allclose(flat, 2)
    np.testing.assert_allclose(falling[0] / falling, np.sqrt([1, 2, 4]))
    assert falling[0] < 1 < falling[0] * 2  # through the middle of what was measured


def test_the_caption_tells_sizes_and_powers():
    caption = transformer_start(starts(), deeper()).caption
    assert "post-LN 3 in the first block, 3 in the last (the dotted line would have 1.63" in caption
    assert "no norm 90 in the first block, 40 in the last" in caption
    assert "post-LN goes like L to the power 0 ± 0 (theory 0); pre-LN goes" in caption
    assert "pre-LN goes like L to the power -1 ± 0 (theory -0.5); ± is the" in caption
    assert "small dots are seeds, 3 left and 3 right" in caption


def test_the_right_panel_tells_the_powers_it_was_drawn_from():
    rng = np.random.default_rng(0)
    nets = [
        start(place, depth, 1, depth**power)
        for place, power in (("post", 0.2), ("pre", -0.4))
        for depth in (2, 4, 8)
    ]
    noisy = []
    for net in nets:
        sizes = net.last_weights * np.exp(rng.normal(0, 0.1, 3))
        noisy.append(Start(net.placement, net.depth, sizes, sizes, net.stream, net.stream))
    figure = transformer_start(starts(), noisy)
    (told,) = (text.get_text() for text in figure.picture.axes[1].texts)
    for line, place, name in zip(
        told.splitlines(), ("post", "pre"), ("post-LN", "pre-LN"), strict=True
    ):
        own = [net for net in noisy if net.placement == place]
        sizes = np.log([net.last_weights[-1] for net in own])
        fitted = np.polyfit(np.log([2, 4, 8]), sizes, 1)[0]
        error = fitted.std(ddof=1) / np.sqrt(3)
        assert line == f"{name}: power of L {fitted.mean():.2f} ± {error:.2f}".replace("-0", "−0")


@pytest.mark.parametrize("budget", [0, 1])
def test_medians_and_ranges_of_every_arm_are_drawn(budget):
    runs = record()
    for axes, (_, arms) in zip(transformer_rates(runs, budget).picture.axes, PANELS, strict=True):
        lines = curves(axes)
        assert len(lines) == len(arms)
        bars = axes.collections
        for bar, (arm, (name, *_)) in zip(bars, arms.items(), strict=True):
            percent = 100 * runs.accuracy[ARMS_AT[arm], :, budget]
            np.testing.assert_allclose(lines[name].get_ydata(), percent[:, 1])
            assert (np.abs(np.log10(lines[name].get_xdata() / RATES)) < 0.1).all()
            ends = np.array([path.vertices[:, 1] for path in bar.get_paths()])
            np.testing.assert_allclose(ends, np.stack([percent[:, 0], percent[:, 2]], axis=1))


def test_colour_marker_and_dash_tell_the_arms_apart():
    for axes in transformer_rates(record()).picture.axes:
        looks = [
            (li.get_marker(), li.get_markerfacecolor(), li.get_linestyle())
            for li in curves(axes).values()
        ]
        assert len(set(looks)) == len(looks)
        assert [text.get_text() for text in axes.get_xticklabels()] == ["1/4", "1", "4", "16"]


def test_a_panel_of_nets_that_all_learn_has_a_scale_of_its_own():
    figure = transformer_rates(record())
    assert [axes.get_ylim()[0] for axes in figure.picture.axes] == [0, 90]
    assert "the right scale begins at 90." in figure.caption


def test_the_caption_has_all_arms_and_their_own_best_rates():
    caption = transformer_rates(record()).caption
    assert "after 300 updates by Adam; warm-up takes 50" in caption
    assert "post-LN: 90, 90, 90, 10; at its own best rate, 1, 90.3 (2.5). " in caption
    assert "batch norm: 95, 95, 95, 95; at its own best rate, 1, 95.3 (2.5)." in caption
    assert "at its own best rate, 4, 70.3 (2.5)" in transformer_rates(record(), 0).caption


def test_the_stored_runs_fit_the_picture():
    for figure in (transformer_rates(load_transformer_training()), _start_figure()):
        png = png_of(figure._repr_mimebundle_())
        assert png.shape[1] <= 900
        for axes in figure.picture.axes:
            for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
                shown = [text for text in labels if text.get_visible() and text.get_text()]
                assert all(text.get_fontsize() * 100 / 72 >= 13.99 for text in shown)
                boxes = [text.get_window_extent() for text in shown]
                assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_a_legend_covers_no_marker_of_the_stored_runs():
    for axes in transformer_rates(load_transformer_training()).picture.axes:
        axes.figure.canvas.draw()
        box = axes.get_legend().get_window_extent()
        for line in curves(axes).values():
            places = axes.transData.transform(np.column_stack(line.get_data()))
            assert not any(box.contains(*place) for place in places)


ARMS_AT = {arm: place for place, arm in enumerate(ARMS)}


def _dotted(line):
    return line.get_linestyle() == ":" and len(line.get_xdata()) > 0


def _start_figure():
    return transformer_start(starts(), deeper())
