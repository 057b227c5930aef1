import itertools

import numpy as np
import torch

from bncourse.figures.seven_nodes import BACK, FORWARD, LEAVES, NODES, ONE, TALL, WIDE, seven_nodes
from tests.figures.checks import SVG, check_svg, words_of

STEPS = {
    "mean": lambda x: x.mean(),
    "centred": lambda x, mean: x - mean,
    "var": lambda centred: (centred**2).mean(),
    "inv_std": lambda var: 1 / (var + 1e-5).sqrt(),
    "x_hat": lambda centred, inv_std: centred * inv_std,
    "scaled": lambda x_hat, gamma: gamma * x_hat,
    "y": lambda scaled, beta: scaled + beta,
}
X = [1.0, 3.0, 5.0, 7.0, 9.0]


def graph(stop=()):
    """Run the nodes in torch; ``stop`` holds edges (from, to) that no gradient passes."""
    values = {"x": torch.tensor(X, dtype=torch.float64, requires_grad=True)}
    values |= {"gamma": torch.tensor(2.0), "beta": torch.tensor(1.0)}
    for node in NODES:
        got = [
            values[name].detach() if (name, node.name) in stop else values[name]
            for name in node.inputs
        ]
        values[node.name] = STEPS[node.name](*got)
    return values


def gradient(stop=()):
    values = graph(stop)
    values["x_hat"].backward(torch.eye(5, dtype=torch.float64)[0])
    return values["x"].grad.numpy()


def edges():
    return {(name, node.name) for node in NODES for name in node.inputs}


def ways_back(start="x_hat"):
    if start == "x":
        return [("x",)]
    inputs = next(node.inputs for node in NODES if node.name == start)
    return [(start, *rest) for name in inputs for rest in ways_back(name)]


def along(way):
    kept = set(itertools.pairwise(reversed(way)))
    return gradient(edges() - kept)


def test_the_nodes_are_batch_normalisation_with_these_shapes():
    values = graph()
    layer = torch.nn.functional.batch_norm
    x = torch.tensor(X)[:, None]
    y = layer(x, None, None, torch.tensor([2.0]), torch.tensor([1.0]), True)
    np.testing.assert_allclose(values["y"].detach(), y[:, 0], rtol=1e-5)
    for node in NODES:
        assert (values[node.name].ndim == 0) == (node.shape == ONE)


def test_the_three_ways_are_all_but_one_that_adds_nothing():
    drawn = {passed for _, passed, _, _ in BACK}
    (left_out,) = set(ways_back()) - drawn
    assert left_out == ("x_hat", "inv_std", "var", "centred", "mean", "x")
    assert len(drawn) == 3 and drawn < set(ways_back())
    np.testing.assert_allclose(sum(along(way) for way in drawn), gradient(), atol=1e-12)
    np.testing.assert_allclose(along(left_out), 0, atol=1e-12)
    assert all(abs(along(way)).max() > 0.01 for way in drawn)


def test_every_edge_has_its_arrow_from_box_to_box():
    boxes = {node.name: (node.x, node.y, WIDE, TALL) for node in NODES}
    boxes |= {name: (x, y, wide, TALL if name == "x" else 54) for name, _, x, y, wide in LEAVES}

    def touched(point):
        (name,) = [
            name
            for name, (x, y, wide, tall) in boxes.items()
            if x <= point[0] <= x + wide and y <= point[1] <= y + tall
        ]
        return name

    ends = [(touched(corners[0]), touched(corners[-1])) for corners in FORWARD]
    assert len(ends) == len(set(ends)) and set(ends) == edges()
    for _, passed, _, arrows in BACK:
        ends = [(touched(corners[0]), touched(corners[-1])) for corners in arrows]
        assert ends == list(itertools.pairwise(passed))


def test_the_picture_names_nodes_shapes_and_ways():
    figure = seven_nodes()
    root = check_svg(str(figure.picture))
    words = words_of(str(figure.picture))
    for k, node in enumerate(NODES, start=1):
        assert words[words.index(node.name) - 1] == str(k)
        assert f"{k} {node.name} = " in figure.caption
    assert words.count("one number") == 5 and words.count("(m,)") == 5
    assert "5 → 4 → 3 → 2 → x" in words and "through the mean, 5 → 2 → 1 → x" in figure.caption
    dashes = {path.get("stroke-dasharray") for path in root.iter(f"{SVG}path")}
    assert len(dashes) == 3
    assert len(str(figure.picture).encode()) < 15_000
