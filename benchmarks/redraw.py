"""From a key press to the changed picture: the interactive figures in a real browser.

Run from the repository's root: python benchmarks/redraw.py [presses]. It needs Chromium.
"""

import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.acts import press
from tests.browser.lab import FLAGS, SEEN, Notebook, find_browser, jupyter_lab

# Of each figure: how it is made, an answer to its questions, and which slider is moved.
FIGURES = {
    "DealTheDeck (schematic)": (
        "from bncourse.experiments.twelve_images import twelve_images\n"
        "from bncourse.figures.deal_the_deck import DealTheDeck\n"
        "figure = DealTheDeck(twelve_images())",
        (3, 11),
        0,
    ),
    "TwoRulers (chart)": (
        "from bncourse.figures.two_rulers import TwoRulers\nfigure = TwoRulers()",
        ("about half of it", 9),
        0,
    ),
    "FiveSamples (schematic)": (
        "from bncourse.figures.five_samples import FiveSamples\nfigure = FiveSamples()",
        (3, "they crowd together"),
        0,
    ),
    "PushOneOutput (schematic)": (
        "from bncourse.figures.push_one_output import PushOneOutput\nfigure = PushOneOutput()",
        (0.2, "0 for all four"),
        0,
    ),
    "LaggingAverage (schematic)": (
        "from bncourse.figures.lagging_average import LaggingAverage\nfigure = LaggingAverage()",
        (44, "at about 10"),
        0,
    ),
    "ThirtyLayers (chart)": (
        "from bncourse.figures.thirty_layers import ThirtyLayers\nfigure = ThirtyLayers()",
        ("stay about as large", 1),
        0,
    ),
    "ShrinkTheBatch (schematic)": (
        "from bncourse.experiments.small_batches import load_small_batches\n"
        "from bncourse.figures.shrink_the_batch import ShrinkTheBatch\n"
        "figure = ShrinkTheBatch(load_small_batches())",
        ("any value", "already at 64"),
        -1,
    ),
    "GroupDial (schematic)": (
        "from bncourse.figures.group_dial import GroupDial\nfigure = GroupDial()",
        ("layer norm: G = 8, instance norm: G = 1", "between 8 and 4"),
        0,
    ),
    "ScrubRun (chart)": (
        "from bncourse.experiments.sigmoid_nets import train_sigmoid_nets\n"
        "from bncourse.figures.sigmoid_run import ScrubRun\n"
        "figure = ScrubRun(train_sigmoid_nets(seeds=(0, 1), steps=range(0, 400, 10)))",
        (40,),
        0,
    ),
}
LOCK = """
for field, answer in zip(figure.gate.fields.values(), {answers}, strict=True):
    field.value = str(answer)
assert figure.gate.lock()
figure"""
KEYS = ("ArrowRight",) * 4 + ("ArrowLeft",) * 4  # to and fro, or a short slider comes to its end
# The time is taken in the page, from the key event to the next frame after the picture changed.
WATCH = f"""cell => {{
    const seen = {SEEN};
    window.times = [];
    let pressed = 0, last = seen(cell);
    document.addEventListener('keydown', () => {{ pressed = performance.now(); }}, true);
    new MutationObserver(() => {{
        const now = seen(cell);
        if (!pressed || now === last) return;
        const start = pressed;
        pressed = 0;
        last = now;
        requestAnimationFrame(() => window.times.push(performance.now() - start));
    }}).observe(cell.querySelector('.bncourse-figure'),
        {{subtree: true, childList: true, attributes: true, attributeFilter: ['src']}});
}}"""


def notebook(source):
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [],
            "execution_count": None, "source": source}  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})


def measure(page, address, name, presses):
    opened = Notebook(page, address, f"{name.split()[0]}.ipynb")
    assert opened.run_all() == []
    cell = opened.cell("figure = ")
    cell.evaluate(WATCH)
    for k in range(presses):
        press(page, cell.locator(".noUi-handle").nth(FIGURES[name][-1]), KEYS[k % len(KEYS)])
        time.sleep(0.4)
    return page.evaluate("window.times")


def main(presses):
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    root, home = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    for name, (source, answers, _) in FIGURES.items():
        whole = source + LOCK.format(answers=answers)
        (root / f"{name.split()[0]}.ipynb").write_text(notebook(whole))
    with jupyter_lab(root, home) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        for name in FIGURES:
            times = sorted(measure(page, address, name, presses))
            print(
                f"{name:26} {len(times):3} presses: median {median(times):.0f} ms, "
                f"90 % {times[int(0.9 * len(times))]:.0f} ms, max {times[-1]:.0f} ms"
            )
        browser.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
