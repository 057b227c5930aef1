import itertools
import re

import numpy as np
import pytest
import torch

from bncourse.figures.norms import IMAGES, NORMS, VECTORS
from bncourse.figures.summary_layout import A4, FOOT, Fill, Lines, Text, marks
from bncourse.figures.summary_sheet import page, save_summary_sheet, summary_sheet
from tests.figures.checks import check_svg, words_of

NAMES = (
    "Batch norm",
    "Layer norm",
    "RMSNorm",
    "Instance norm",
    "Group norm",
    "Weight standardisation",
    "Dynamic tanh (DyT)",
)
LAYERS = {
    "Batch norm": torch.nn.BatchNorm2d(6),
    "Layer norm": torch.nn.LayerNorm(6),
    "RMSNorm": torch.nn.RMSNorm(6),
    "Instance norm": torch.nn.InstanceNorm2d(6),
    "Group norm": torch.nn.GroupNorm(3, 6),
}


@pytest.fixture(scope="module")
def static():
    return summary_sheet()


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    return save_summary_sheet(tmp_path_factory.mktemp("sheet") / "norms.pdf")


def test_the_file_is_one_page_of_a4(printed):
    data = printed.read_bytes()
    assert data.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 1
    assert re.search(rb"/Type\s*/Pages\b[^>]*?/Count 1\b|/Count 1\b[^>]*?/Type\s*/Pages\b", data)
    (box,) = re.findall(rb"/MediaBox\s*\[([^\]]*)\]", data)
    sides = [float(side) for side in box.split()]
    assert sides == pytest.approx([0, 0, 210 / 25.4 * 72, 297 / 25.4 * 72], abs=0.01)


def test_the_same_sheet_gives_the_same_file(printed, tmp_path):
    assert save_summary_sheet(tmp_path / "again.pdf").read_bytes() == printed.read_bytes()
    with pytest.raises(OSError):
        save_summary_sheet(tmp_path / "nowhere" / "norms.pdf")


def test_on_paper_all_text_is_large_enough_apart_and_inside():
    figure = page()
    figure.draw_without_rendering()
    texts = figure.axes[0].texts
    assert min(text.get_fontsize() for text in texts) >= 9
    boxes = [text.get_window_extent() for text in texts]
    margin = 0.3 * figure.dpi  # printers leave a border white
    width, height = figure.get_size_inches() * figure.dpi
    for text, each in zip(texts, boxes, strict=True):
        assert margin < each.x0 and each.x1 < width - margin, text.get_text()
        assert margin < each.y0 and each.y1 < height - margin, text.get_text()
    for (one, a), (two, b) in itertools.combinations(zip(texts, boxes, strict=True), 2):
        across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 0 or down <= 1, f"{one.get_text()} lies on {two.get_text()}"


def test_the_picture_is_the_same_sheet_and_small(static):
    check_svg(str(static.picture))
    assert len(str(static.picture).encode()) < 30_000
    plain = [mark.text for mark in marks() if isinstance(mark, Text) and mark.text[0] != "$"]
    shown = words_of(str(static.picture))
    assert len(shown) == len(plain)
    assert set(NAMES) <= set(shown)
    for norm in NORMS:
        assert f"{norm.name}: {norm.axes}; learned {norm.learned}" in static.caption
        assert norm.source in static.caption and norm.source in shown


def test_every_norm_has_a_row_with_a_formula():
    assert tuple(norm.name for norm in NORMS) == NAMES
    formulas = [mark for mark in marks() if isinstance(mark, Text) and mark.text[0] == "$"]
    assert [mark.text for mark in formulas] == [norm.formula for norm in NORMS]
    heights = [mark.y for mark in formulas]
    assert np.allclose(np.diff(heights), np.diff(heights)[0])


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_learned_and_kept_is_what_the_library_has(name):
    norm = NORMS[NAMES.index(name)]
    layer = LAYERS[name]
    learned = [parameter for parameter in layer.parameters()]
    assert all(tuple(each.shape) == (6,) for each in learned)
    assert len(learned) == {"RMSNorm": 1, "Instance norm": 0}.get(name, 2)
    assert ("none" in norm.learned or "no beta" in norm.learned) == (len(learned) < 2)
    running = [key for key, _ in layer.named_buffers() if key.startswith("running")]
    assert norm.state.startswith("none") == (not running)


@pytest.mark.parametrize("name", LAYERS)
def test_train_and_eval_are_the_same_where_the_sheet_says_so(name):
    norm, layer = NORMS[NAMES.index(name)], LAYERS[name]
    shape = (4, 6, 3, 3) if norm.shape == IMAGES else (4, 6)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)) + 1
    same = torch.equal(layer.train()(x), layer.eval()(x))
    assert norm.same.startswith("yes" if same else "no")


def test_shaded_sets_are_those_of_the_axes():
    """A picture has 2 images of 4 channels; the set spans whatever the mean runs over."""
    spans = {norm.name: (norm.shaded, norm.along) for norm in NORMS}
    for norm in NORMS:
        rows, grids, _ = norm.shaded
        if norm.shape == IMAGES:
            assert (rows == 2) == ("batch" in norm.along)
            assert (grids > 1) == ("channel" in norm.along)
            assert "space" in norm.along
        if norm.shape == VECTORS and norm.along:
            assert (rows, grids, norm.along) == (1, 6, ("channel",))
    assert spans["Group norm"][0][1] == 2 and spans["Dynamic tanh (DyT)"] == ((1, 1, 1), ())


def test_marks_lie_on_the_paper():
    for mark in marks():
        if isinstance(mark, Lines):
            for x1, y1, x2, y2 in mark.lines:
                assert min(x1, x2) > 0 and max(x1, x2) < A4[0]
                assert min(y1, y2) > 0 and max(y1, y2) < A4[1]
        elif isinstance(mark, Fill):
            assert mark.x > 0 and mark.x + mark.width < A4[0] and mark.y + mark.height < A4[1]


def test_the_title_does_not_claim_that_all_share_a_mean():
    title = next(mark.text for mark in marks() if isinstance(mark, Text))
    assert "share a mean" not in title and "norms" in title
    assert "contrast" not in " ".join(norm.use for norm in NORMS)


def test_the_foot_tells_the_ends_of_group_norm_as_the_library_has_them():
    """With C groups the layers are the same; with one only the sets are."""
    foot = " ".join(FOOT)
    assert "with C groups is instance norm" in foot and "per channel" in foot
    one, layer = torch.nn.GroupNorm(1, 6), torch.nn.LayerNorm((6, 3, 3))
    assert one.weight.shape == (6,) != layer.weight.shape
    every, instance = torch.nn.GroupNorm(6, 6), torch.nn.InstanceNorm2d(6, affine=True)
    assert every.weight.shape == instance.weight.shape
    with torch.no_grad():
        x = torch.randn((2, 6, 3, 3), generator=torch.Generator().manual_seed(0))
        weight = torch.arange(6.0)
        every.weight.copy_(weight), instance.weight.copy_(weight)
        torch.testing.assert_close(every(x), instance(x))
    for other in ("SyncBN", "Weight norm"):  # of the course, without a row
        assert other in foot
