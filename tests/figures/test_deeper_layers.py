import itertools

import numpy as np
import pytest

from bncourse.experiments.deeper_layers import DeeperLayers
from bncourse.figures.deeper_layers import deeper_layers
from tests.figures.checks import png_of

STEPS = np.array([0, 1, 10, 100, 300])


def record(ends=(0.04, 0.4, 0.7, 1.0), seeds=(0, 1, 2)):
    """Layers whose centre and spread grow evenly from 0.04 to their ends."""
    grown = np.array(ends)[:, None] * STEPS / STEPS[-1] + 0.04 * (1 - STEPS / STEPS[-1])
    values = grown * np.array([0.9, 1.0, 1.3])[: len(seeds), None, None]
    nothing = np.zeros_like(values)
    return DeeperLayers(
        arm="standardised",
        learning_rate=0.25,
        seeds=seeds,
        steps=STEPS,
        centre=values,
        spread=2 * values,
        scale=nothing,
        moved=nothing,
        moved_in_all=nothing,
        accuracy=np.zeros((len(seeds), len(STEPS))),
    )


def test_every_seed_is_thin_and_the_median_thick():
    nets = record()
    figure = deeper_layers(nets)
    for axes, values in zip(figure.picture.axes, (nets.centre, nets.spread), strict=True):
        thick = [line for line in axes.lines if line.get_linewidth() > 2]
        thin = [line for line in axes.lines if line.get_linewidth() < 1]
        assert (len(thick), len(thin)) == (4, 12)
        for layer, line in enumerate(thick):
            np.testing.assert_array_equal(line.get_xdata(), STEPS)
            np.testing.assert_allclose(line.get_ydata(), values[1, layer])
        for layer, seed in itertools.product(range(4), range(3)):
            drawn = thin[3 * layer + seed].get_ydata()
            np.testing.assert_array_equal(drawn, values[seed, layer])
        assert len({str(line._dash_pattern) for line in thick}) == 4
        assert axes.get_ylim()[1] > values.max()


def test_the_caption_has_the_medians():
    caption = deeper_layers(record()).caption
    assert "data standardised, learning rate 0.25), medians of 3 seeds" in caption
    assert "to 300 updates: layer 1, the data: centre 0.04 to 0.04, spread 0.08 to 0.08" in caption
    assert "layer 4: centre 0.04 to 1, spread 0.08 to 2." in caption


@pytest.mark.parametrize(
    "ends",
    [
        *((0.04, 0.4, 0.7, 1.0), (1.0, 1.0, 1.0, 1.0), (0.04, 0.05, 0.06, 1.0)),
        *((1.0, 0.99, 0.2, 0.98), (0.04, 0.9, 0.5, 0.51, 0.49)),
    ],
)
def test_names_stand_at_the_ends_and_apart(ends):
    figure = deeper_layers(record(ends))
    png = png_of(figure._repr_mimebundle_())
    for axes in figure.picture.axes:
        names = axes.texts
        assert len(names) == len(ends)
        height = {text.get_text(): text.get_window_extent() for text in names}
        for box in height.values():
            assert box.y0 >= 0 and box.x1 <= png.shape[1] and box.y1 <= png.shape[0]
        for a, b in itertools.combinations(height.values(), 2):
            assert not a.overlaps(b)
        order = sorted(range(len(ends)), key=lambda layer: ends[layer])
        places = [height[f"layer {layer + 1}"].y0 for layer in order]
        assert places == sorted(places)
    for text in (*names, *axes.get_xticklabels(), axes.yaxis.label):
        assert text.get_fontsize() * 100 / 72 >= 13.99
