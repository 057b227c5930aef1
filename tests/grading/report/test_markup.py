"""What is not markup by its type is escaped, wherever it stands."""

from bncourse.grading.report.markup import POLICY, Html, el, join, page
from tests.grading.report.made_up import HOSTILE
from tests.grading.report.reading import Page


def test_texts_and_attributes_are_escaped_and_markup_is_not():
    made = el("p", "<b>&\"'", [el("em", "x"), None, ("y", Html("<br>"))], class_="a\"><i'", id=None)
    assert made == (
        '<p class="a&quot;&gt;&lt;i&#x27;">&lt;b&gt;&amp;&quot;&#x27;<em>x</em>y<br></p>'
    )
    assert isinstance(made, Html)


def test_an_element_of_plain_text_is_no_markup():
    assert join([str(el("b", "x"))[:3] + "y"]) == "&lt;b&gt;y"


def test_hostile_texts_change_no_page():
    plain = [tag for tag, _ in Page(page("t", "p{}", el("p", "x", title="x"))).elements]
    for text in HOSTILE:
        read = Page(page(text, "p{}", el("p", text, title=text)))
        assert not read.foreign and [tag for tag, _ in read.elements] == plain


def test_the_policy_stands_before_all_that_it_governs():
    whole = page("t", "p{}", el("p", "x"))
    assert POLICY == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert whole.index("Content-Security-Policy") < whole.index("<title>") < whole.index("<style>")
    read = Page(whole)
    assert read.all("meta", **{"http-equiv": "Content-Security-Policy", "content": POLICY})
    assert read.all("html", lang="en")
    assert read.all("meta", name="viewport")
