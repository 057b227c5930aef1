"""The pages in headless Chromium: nothing runs, nothing is fetched, nothing overlaps."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from bncourse.grading.report.class_page import class_page
from bncourse.grading.report.feedback import feedback_page
from bncourse.grading.report.files import write_text
from tests.browser.lab import FLAGS, find_browser
from tests.grading.report.made_up import EXERCISE, HOSTILE, class_of, hostile_result

pytestmark = pytest.mark.browser
WIDTHS = (1280, 390, 320)
# Pairs of texts in a picture that lie on each other, or leave the page.
OVERLAPS = """() => {
  const found = [];
  for (const picture of document.querySelectorAll("svg[role=img]")) {
    const boxes = [...picture.querySelectorAll("text")].map(t => [t, t.getBoundingClientRect()]);
    boxes.forEach(([a, one], k) => {
      for (const [b, other] of boxes.slice(k + 1)) {
        const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        if (across > 1 && down > 4) found.push(`${a.textContent} | ${b.textContent}`);
      }
    });
  }
  return found;
}"""


@pytest.fixture(scope="module")
def look(tmp_path_factory):
    """Open a page at some width and say what happened."""
    path = find_browser()
    if path is None:
        reason = "no Chromium on PATH: the browser tests need one (Debian: apt install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    folder = tmp_path_factory.mktemp("pages")
    kept = {}

    def start():
        kept["playwright"] = sync_playwright().start()
        kept["browser"] = kept["playwright"].chromium.launch(executable_path=path, args=FLAGS)

    def stop():
        kept["browser"].close()
        kept["playwright"].stop()

    def open_page(text, width):
        write_text(folder / "page.html", text)
        page = kept["browser"].new_page(viewport={"width": width, "height": 900})
        said, fetched = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: fetched.append(request.url))
        page.goto((folder / "page.html").as_uri())
        seen = {
            "wide": page.evaluate("document.documentElement.scrollWidth"),
            "scripts": page.evaluate("document.scripts.length + document.images.length"),
            "overlaps": page.evaluate(OVERLAPS),
            "said": said,
            "fetched": len(fetched),
        }
        page.close()
        return seen

    # Another Playwright may be at work in the main thread; one thread has only one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(start).result()
        yield lambda text, width: thread.submit(open_page, text, width).result()
        thread.submit(stop).result()


def quiet(width):
    return {"wide": width, "scripts": 0, "overlaps": [], "said": [], "fetched": 1}


@pytest.mark.parametrize("width", WIDTHS)
def test_a_class_page_fits_its_screen(look, width):
    assert look(class_page(class_of(30)), width) == quiet(width)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_class_with_hostile_names_fits_too(look, width):
    whole = class_of(40, exercises=("00_start_here", EXERCISE), hostile=True)
    whole += [hostile_result(text) for text in HOSTILE]
    assert look(class_page(whole), width) == quiet(width)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_feedback_page_fits_its_screen(look, width):
    worst = min(class_of(30), key=lambda one: one.score)
    assert look(feedback_page([worst]), width) == quiet(width)


@pytest.mark.parametrize("text", [t for t in HOSTILE if "<" in t or not t.isascii()])
def test_hostile_texts_run_nothing_and_fetch_nothing(look, text):
    assert look(feedback_page([hostile_result(text)]), 320) == quiet(320)
