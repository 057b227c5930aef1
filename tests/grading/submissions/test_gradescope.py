"""The few fields that are needed from Gradescope's description, without a YAML library."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bncourse.grading.submissions import find_submissions
from bncourse.grading.submissions.gradescope import autograder, submitters

METADATA = """\
---
submission_456:
  :submitters:
  - :name: Ada Lovelace
    :sid: '00123'
    :email: ada@example.org
  :created_at: 2026-03-01 10:00:00.000000000 Z
  :score: 3.0
  :results:
    output: |-
      submission_457:
        :submitters:
        - :name: Forged
    tests:
    - name: '1.1'
  :history: []
submission_457:
  :submitters:
  - :name: "O'Hara: \\"Sc\\u00E4rlett\\" \\xE9"
    :email: scarlett@example.org
  - :sid: 77
    :name: 'Rhett ''R.'' Butler'
  :score:
submission_458:
  :submitters: []
  :results:
    name: Forged
    :submitters:
    :name: Forged
"""


def test_a_realistic_description_is_read():
    assert submitters(METADATA) == {
        "submission_456": [{"name": "Ada Lovelace", "sid": "00123", "email": "ada@example.org"}],
        "submission_457": [
            {"name": 'O\'Hara: "Scärlett" é', "email": "scarlett@example.org"},
            {"sid": "77", "name": "Rhett 'R.' Butler"},
        ],
        "submission_458": [],
    }
    assert submitters(METADATA.replace("\n", "\r\n")) == submitters(METADATA)


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=30).map(
    lambda text: " ".join(text.split())
)


@given(st.lists(st.lists(st.tuples(NAMES, NAMES), max_size=3), max_size=4))
def test_what_a_yaml_library_writes_is_read_back(groups):
    described = {
        f"submission_{number}": {
            ":submitters": [{":name": name, ":email": email} for name, email in people],
            ":score": 1.0,
            ":results": {"output": "submission_0:\n  :submitters:\n  - :name: Forged\n"},
        }
        for number, people in enumerate(groups)
    }
    text = yaml.safe_dump(described, allow_unicode=True, width=1000, sort_keys=False)
    known = submitters(text)
    assert set(known) == set(described)
    for number, people in enumerate(groups):
        seen = [(p.get("name", ""), p.get("email", "")) for p in known[f"submission_{number}"]]
        composed = [tuple(map(composed_form, person)) for person in people]
        assert seen == composed


def composed_form(text):
    from bncourse.grading.submissions.names import tidy

    return tidy(text)


@given(st.text(max_size=200), st.binary(max_size=200))
def test_any_description_is_read_without_harm(text, data):
    submitters(METADATA[:150] + text)
    submitters(text)
    assert autograder(data)[1] == [] or data.strip().startswith(b"{")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"id": 1}', b'{"id": 1, "users": 3}', b"[" * 100_000, b"\xff"]
)
def test_a_damaged_description_names_nobody(data):
    assert autograder(data) == ("", [])


def test_an_export_names_its_people(plant, pack):
    names = {
        "assignment_1_export/submission_456/03_batch_norm.ipynb": b"{}",
        "assignment_1_export/submission_457/03_batch_norm.ipynb": b"{}",
        "assignment_1_export/submission_metadata.yml": METADATA.encode(),
    }
    for where in (plant(names), plant(names) / "assignment_1_export", pack(names)):
        ada, group, empty = find_submissions([where])
        assert (ada.learner, ada.name) == ("submission_456", "Ada Lovelace")
        assert ada.ids == {"gradescope": "456", "email": "ada@example.org", "sid": "00123"}
        assert group.name.endswith("é, Rhett 'R.' Butler")
        assert (empty.learner, empty.files) == ("submission_458", ())
