"""What a learner does in a page, by keyboard; each act ends when the page shows what it did."""

from tests.browser.lab import SEEN, settle, wait_until_changed


def press(page, target, key="Enter"):
    """Put the focus on a control and press a key there."""
    target.scroll_into_view_if_needed()
    target.focus()
    page.keyboard.press(key)
    settle(page)


def type_into(page, box, text):
    box.scroll_into_view_if_needed()
    box.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    page.keyboard.press("Tab")
    settle(page)


def changes(page, cell, act):
    """Do something and wait until the picture in the cell has changed."""
    before = cell.evaluate(SEEN)
    act()
    wait_until_changed(page, cell, before)


def predict(page, cell, number, choice=None):
    assert cell.locator("[disabled]").count() > 0, "the figure is not locked"
    box = cell.get_by_placeholder("a number").first
    type_into(page, box, number)
    if choice:
        press(page, cell.get_by_role("button", name=choice), "Space")
    press(page, cell.get_by_role("button", name="Lock in my prediction"))
    cell.get_by_text("Locked in").wait_for()


def explain(page, cell):
    area = cell.locator("textarea")
    area.focus()
    page.keyboard.type("because the mean and the spread follow")
    press(page, cell.get_by_role("button", name="Keep my explanation"))
    cell.get_by_text("Kept.").wait_for()


def says(cell, words):
    """Wait until the sentence under a figure holds these words; it may follow the picture."""
    cell.locator('[role="status"]', has_text=words).first.wait_for()
