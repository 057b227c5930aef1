"""What must hold for every picture of the course; tests of later figures use these too."""

import base64
import io
import re
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
from matplotlib.font_manager import FontProperties, findfont, get_font
from PIL import Image

SVG = "{http://www.w3.org/2000/svg}"
LARGEST = 40_000  # bytes of one picture: a lesson holds several and stays under 150 kB
# What hosts that clean SVG take out.
UNSAFE = re.compile(r"<(style|pattern|script|filter|image|foreignObject)\b|\s(style|on\w+)=")
# DejaVu Sans, which Matplotlib ships, is this much wider than the Arial that pictures ask for.
NARROWER = 0.88


def check_svg(text):
    """Check an SVG picture: named, white, safe to clean, readable. Returns its root."""
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label").strip()
    assert root.find(f"{SVG}desc").text.strip()
    paper = root.find(f"{SVG}rect")
    assert (paper.get("fill"), paper.get("width")) == ("#FFFFFF", root.get("width"))
    assert not UNSAFE.search(text)
    assert len(text.encode()) < LARGEST
    check_texts(root)
    return root


def check_texts(root):
    """Check that all text is large enough, inside the picture, and covers no other text."""
    boxes = list(_texts(root, (0, 0), {"size": float(root.get("font-size")), "anchor": "start"}))
    assert boxes, "a picture without a word"
    width, height = float(root.get("width")), float(root.get("height"))
    for words, size, (left, top, right, bottom) in boxes:
        assert size >= 14, f"{words!r} is {size} px high"
        assert left >= 0 and top >= 0, f"{words!r} starts outside"
        assert right <= width and bottom <= height, f"{words!r} ends outside"
    for (one, _, a), (two, _, b) in combinations(boxes, 2):
        across = min(a[2], b[2]) - max(a[0], b[0])
        down = min(a[3], b[3]) - max(a[1], b[1])
        assert across <= 2 or down <= 2, f"{one!r} lies on {two!r}"


def words_of(text):
    """Return all the words of an SVG picture, one string for each line of text."""
    return ["".join(node.itertext()) for node in ElementTree.fromstring(text).iter(f"{SVG}text")]


def png_of(bundle):
    """Return the PNG picture of a display bundle as pixels, (height, width, 3)."""
    data = base64.b64decode(bundle["image/png"])
    assert len(data) < LARGEST
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def check_redraw(chart, states):
    """Check that nothing but what is redrawn changes: painting all anew gives the same picture."""
    pictures = []
    for state in states:
        chart.go(**state)
        quick = bytes(chart.picture.value)
        chart.repaint()
        chart.redraw()
        assert bytes(chart.picture.value) == quick, f"{state} needs repaint()"
        pictures.append(quick)
    assert len(set(pictures)) == len(states)


def _texts(node, shift, look):
    """Yield (words, size, (left, top, right, bottom)) of every text below a node."""
    moved = re.search(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)", node.get("transform", ""))
    if moved:
        shift = (shift[0] + float(moved[1]), shift[1] + float(moved[2]))
    look = {
        "size": float(node.get("font-size", look["size"])),
        "anchor": node.get("text-anchor", look["anchor"]),
    }
    if node.tag == f"{SVG}text":
        words, size = "".join(node.itertext()), look["size"]
        wide = _width(words, size)
        left = shift[0] + float(node.get("x"))
        left -= {"start": 0, "middle": wide / 2, "end": wide}[look["anchor"]]
        base = shift[1] + float(node.get("y"))
        yield words, size, (left, base - 0.72 * size, left + wide, base + 0.1 * size)
    for child in node:
        yield from _texts(child, shift, look)


def _width(words, size):
    font = get_font(findfont(FontProperties(family="DejaVu Sans")))
    font.set_size(size, 72)
    font.set_text(words)
    return font.get_width_height()[0] / 64 * NARROWER
