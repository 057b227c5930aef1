"""One JupyterLab on a copy of the course, one browser, a page for each test."""

import os
import shutil

import pytest

from bncourse.authoring.build import ROOT
from tests.browser.lab import FLAGS, Notebook, find_browser, jupyter_lab


@pytest.fixture(scope="session")
def browser():
    path = find_browser()
    if path is None:
        reason = "no Chromium on PATH: the browser tests need one (Debian: apt install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A copy of the notebooks, so that nothing that a test saves changes the repository."""
    root = tmp_path_factory.mktemp("course")
    for folder in ("notebooks", "exercises"):
        shutil.copytree(ROOT / folder, root / folder)
    return root


@pytest.fixture(scope="session")
def address(course, tmp_path_factory, browser):
    with jupyter_lab(course, tmp_path_factory.mktemp("profile")) as url:
        yield url


@pytest.fixture
def open_notebook(browser, address):
    pages = []

    def open_one(path):
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        pages.append(page)
        return Notebook(page, address, path)

    yield open_one
    for page in pages:
        page.close()
