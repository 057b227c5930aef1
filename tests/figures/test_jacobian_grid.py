import numpy as np
import torch

from bncourse.figures import jacobian_grid as module
from bncourse.figures.jacobian_grid import SAMPLES, jacobian, jacobian_grid
from bncourse.figures.style import number, numbers
from tests.figures.checks import SVG, check_svg, words_of


def by_torch(x):
    def normalised(x):
        return (x - x.mean()) / x.std(correction=0)

    x = torch.tensor(x, dtype=torch.float64)
    return (torch.autograd.functional.jacobian(normalised, x) * x.std(correction=0)).numpy()


def test_the_matrix_is_the_derivative_of_x_hat():
    for x in (SAMPLES, (2.0, -1.0, 7.5, 0.0)):
        np.testing.assert_allclose(jacobian(x), by_torch(x), atol=1e-12)
    expected = [
        [0.4, -0.4, -0.2, 0, 0.2],
        [-0.4, 0.7, -0.2, -0.1, 0],
        [-0.2, -0.2, 0.8, -0.2, -0.2],
        [0, -0.1, -0.2, 0.7, -0.4],
        [0.2, 0, -0.2, -0.4, 0.4],
    ]
    np.testing.assert_allclose(jacobian(SAMPLES), expected, atol=1e-12)


def test_it_projects_off_two_directions():
    values = np.linalg.eigvalsh(jacobian(SAMPLES))
    np.testing.assert_allclose(values, [0, 0, 1, 1, 1], atol=1e-12)


def test_every_cell_shows_its_number_and_its_sign():
    figure = jacobian_grid()
    root = check_svg(str(figure.picture))
    words = words_of(str(figure.picture))
    for k, row in enumerate(jacobian(SAMPLES), start=1):
        cells = [number(value).replace("-", "−") for value in row]
        # The sample's name over its column, beside its row, the row's sum, its cells.
        wanted = [f"S{k}", f"S{k}", "0", *cells]
        at = words.index(f"S{k}")
        assert words[at : at + 8] == wanted
        assert f"({numbers(row)})" in figure.caption
    # A hatch is one path: one for each negative number, one in the key.
    assert len(root.findall(f".//{SVG}path")) == (jacobian(SAMPLES) < -1e-9).sum() + 1
    assert "Rank 3 of 5." in figure.caption and "so S1 keeps 40 %." in figure.caption
    assert "rank 3 = m − 2" in words and "applied twice as once: J J = J" in words
    assert len(str(figure.picture).encode()) < 15_000


def test_nothing_is_typed_in(monkeypatch):
    monkeypatch.setattr(module, "SAMPLES", (2.0, 4.0, 6.0, 8.0, 110.0))
    monkeypatch.setattr(module, "PUSHED", 4)
    figure = jacobian_grid()
    check_svg(str(figure.picture))
    kept = number(100 * by_torch(module.SAMPLES)[4, 4])
    assert f"so S5 keeps {kept} %." in figure.caption
    words = words_of(str(figure.picture))
    assert f"dy = (0, 0, 0, 0, 1) reads this column: S5 keeps {kept} %" in words
