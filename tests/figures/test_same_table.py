import numpy as np
import torch

from bncourse.figures import same_table as module
from bncourse.figures.number_tables import LOOKS
from bncourse.figures.same_table import FOLLOWED, same_table
from bncourse.figures.style import number, numbers
from bncourse.figures.table_actions import Layer
from tests.figures.checks import SVG, check_svg, words_of

ROWS = [[6, 7, 3, -4], [4, 10, 6, -4], [-2, 5, 12, -5], [-1, 11, 3, 1], [-2, 10, 12, -4]]
Z = torch.tensor(ROWS, dtype=torch.float64)


def becomes(z):
    outputs = (
        torch.nn.functional.batch_norm(z, None, None, training=True),
        torch.nn.functional.layer_norm(z, (4,)),
        torch.nn.functional.rms_norm(z, (4,)),
    )
    return [number(float(y[FOLLOWED]), 2) for y in outputs]


def test_the_statistics_are_those_of_torch():
    figure = same_table()
    check_svg(str(figure.picture))
    for axis in (0, 1):
        sd, mean = torch.std_mean(Z, axis, correction=0)
        assert f"mean {numbers(mean.tolist(), 1)}, sd {numbers(sd.tolist(), 1)};" in figure.caption
    rms = Z.square().mean(1).sqrt()
    assert f"rms {numbers(rms.tolist(), 1)};" in figure.caption
    words = words_of(str(figure.picture))
    assert [word for word in words if "becomes" in word] == [
        f"the marked 10 becomes {value}" for value in becomes(Z)
    ]
    assert words.count("mean") == 2 and words.count("sd") == 2 and words.count("rms") == 1
    assert len(str(figure.picture).encode()) < 12_000


def test_frames_hold_columns_or_rows():
    root = check_svg(str(same_table().picture))
    frames = [path for path in root.iter(f"{SVG}path") if path.get("stroke-width") == "2"]
    assert [path.get("d").count("Z") for path in frames] == [4, 5, 5]
    colours = [colour for _, colour, _ in LOOKS.values()]
    assert [path.get("stroke") for path in frames] == colours
    assert [path.get("stroke-dasharray") is None for path in frames] == [True, True, False]


def test_nothing_is_typed_in(monkeypatch):
    rng = np.random.default_rng(0)
    z = rng.integers(-9, 9, (5, 4)).astype(float)
    other = Layer(z, np.eye(4), np.zeros((5, 4)), tuple(range(5)))
    monkeypatch.setattr(module, "ORIGINAL", other)
    figure = same_table()
    check_svg(str(figure.picture))
    for value in becomes(torch.tensor(z)):
        assert f"the marked number becomes {value}" in figure.caption
    assert f"mean {numbers(z.mean(0), 1)}, sd {numbers(z.std(0), 1)};" in figure.caption
