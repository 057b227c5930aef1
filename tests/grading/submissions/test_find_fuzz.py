"""However a class is packed: no notebook is lost in silence, and every name is safe."""

import io
import re
import warnings
import zipfile

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bncourse.grading.submissions import SubmissionsError, find_submissions
from tests.grading.submissions.test_names import check_safe

WORDS = st.sampled_from(
    [
        *("ada", "Ada", "bob", "lovelaceada_LATE_12_34_x", "smith_1_2_03_batch_norm", "anon_a_7_x"),
        *("Ada L_5_assignsubmission_file_", "Ada L_5_assignsubmission_file_x", "CON", "-1", "(1)"),
        *("03_batch_norm", "03_batch_norm_ada", "ada_03_batch_norm-1", "ada (1)", "04_backprop"),
        *(
            "submission_1",
            "submission",
            "assignment_1_export",
            "week 3",
            "old",
            "src",
            "submissions",
        ),
        *("A\u030a", "a\nb", "\u202eb", "n" * 120, "é", "=1", "aa:b"),
    ]
)
PATHS = st.lists(
    st.tuples(st.lists(WORDS, max_size=3).map(tuple), WORDS), min_size=1, max_size=7, unique=True
)


def zipped(paths):
    """Return a zip of notebooks whose contents are their own numbers; every third is in a zip."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")
        for number, (folders, name) in enumerate(paths):
            way = "/".join([*folders, name])
            text = str(number)
            if number % 3 == 2:
                inner = io.BytesIO()
                with zipfile.ZipFile(inner, "w") as second:
                    second.writestr("x.ipynb", text)
                archive.writestr(f"{way}.zip", inner.getvalue())
            else:
                archive.writestr(f"{way}.ipynb", text)
    return buffer.getvalue()


@settings(max_examples=200, deadline=None)
@given(PATHS, st.sampled_from([(), ("03_batch_norm", "04_backprop")]))
@example([((), "ada"), (("ada",), "ada"), (("week 3",), "eve")], ())
def test_nothing_is_lost_in_silence(tmp_path_factory, paths, exercises):
    path = tmp_path_factory.mktemp("fuzz") / "class.zip"
    path.write_bytes(zipped(paths))
    try:
        found = find_submissions([path], exercises)
    except SubmissionsError:
        raise AssertionError("there were notebooks") from None
    for submission in found:
        check_safe(submission.learner)
        for text in (submission.name, *submission.notes, *submission.ids.values()):
            assert text.isprintable()
        assert submission.files or submission.notes
    assert len({s.learner.casefold() for s in found}) == len(found)
    read = [int(file.read()) for s in found for file in s.files]
    assert len(set(read)) == len(read), "a notebook was found twice"
    told = " ".join(note for s in found for note in s.notes)
    skipped = sum(int(n) for n in re.findall(r"(\d+) files were skipped", told))
    skipped += len(re.findall(r" was skipped: |in a zip is not opened", told))
    assert len(read) + skipped >= len(paths)
