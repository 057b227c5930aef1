import numpy as np
import pytest
import torch

from bncourse.figures import reshape_picture as module
from bncourse.figures.reshape_picture import FOLLOWED, SHAPE, reshape_picture, two_ways
from bncourse.figures.style import number, numbers
from tests.figures.checks import SVG, check_svg, words_of


def by_torch(x):
    layer = torch.nn.BatchNorm2d(x.shape[1], dtype=torch.float64)
    return layer(torch.from_numpy(x)).detach().numpy()


def test_the_way_through_the_table_is_batch_norm_of_torch_and_the_trap_is_not():
    x, right, trap = two_ways()
    np.testing.assert_allclose(right.back, by_torch(x), atol=1e-12)
    assert np.abs(trap.back - by_torch(x)).max() > 0.5
    assert right.table.shape == trap.table.shape == (8, 3)
    for c in range(3):
        assert sorted(right.table[:, c]) == sorted(x[:, c].ravel())
        assert set(trap.table[:, c]) != set(x[:, c].ravel())


def test_every_cell_keeps_its_name_through_both_ways():
    x, right, trap = two_ways()
    for way in (right, trap):
        assert sorted(way.table.ravel()) == list(range(24))
        # BN keeps the order inside a column, so each x_hat can be led back to its cell.
        for place in np.ndindex(SHAPE):
            row, column = np.argwhere(way.table == x[place])[0]
            assert way.back[place] == way.normed[row, column]


def test_all_numbers_are_drawn_and_the_followed_cell_is_marked_in_all_seven_places():
    text = str(reshape_picture().picture)
    root = check_svg(text)
    assert len(text) < 20_000
    marked = [
        box
        for box in root.iter(f"{SVG}rect")
        if box.get("fill") == "#E69F00" and box.get("width") != "26"
    ]
    assert len(marked) == 7
    words = words_of(text)
    _, right, trap = two_ways()
    for cell in range(24):
        assert words.count(str(cell)) >= 3  # x and both tables
    for way in (right, trap):
        for value in way.normed.ravel():
            assert number(value, 2).replace("-", "−") in words
    assert words.count(str(FOLLOWED)) == 3


def test_the_caption_tells_the_numbers_drawn():
    x, _, trap = two_ways()
    caption = reshape_picture().caption
    assert f"column means {numbers(x.mean((0, 2, 3)))}, those of the channels" in caption
    assert f"column means {numbers(x.reshape(-1, 3).mean(0))};" in caption
    off = np.abs(trap.back - by_torch(x)).max()
    assert f"off by up to {number(off, 2)}." in caption
    assert "Cell 17, x[1, 1, 0, 1], becomes 0.9, in the trap 0.65." in caption
    assert "its column 0 holds channels 0, 1 and 2" in caption


@pytest.mark.parametrize("cell", [0, 4, 23])
def test_any_cell_can_be_followed(monkeypatch, cell):
    monkeypatch.setattr(module, "FOLLOWED", cell)
    figure = reshape_picture()
    check_svg(str(figure.picture))
    _, right, trap = two_ways()
    place = np.unravel_index(cell, SHAPE)
    told = f"becomes {number(right.back[place], 2)}, in the trap {number(trap.back[place], 2)}."
    assert f"Cell {cell}, x{[int(at) for at in place]}, {told}" in figure.caption
    assert f"follow cell {cell}" in words_of(str(figure.picture))
