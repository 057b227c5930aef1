"""From what an instructor points at to a list of learners with their notebooks."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bncourse.grading.submissions.archives import Archives
from bncourse.grading.submissions.disk import disk_folder
from bncourse.grading.submissions.errors import SubmissionsError
from bncourse.grading.submissions.files import ARCHIVE, NOTEBOOK, File
from bncourse.grading.submissions.found import Found
from bncourse.grading.submissions.gather import gather
from bncourse.grading.submissions.identity import Identity
from bncourse.grading.submissions.names import distinct, tidy
from bncourse.grading.submissions.recognise import Recogniser
from bncourse.grading.submissions.tree import Folder, Listing

_HELP = (
    "Give a folder with one folder or one notebook per learner, or the zip as it was downloaded "
    "from Canvas, Moodle or Gradescope."
)


@dataclass(frozen=True)
class Submission:
    """All that one learner (or group) handed in.

    ``learner`` identifies them: unique in the run whatever the case of its letters, and safe as
    a file name on every platform. ``name`` is how to address them. ``ids`` is what their
    school's system calls them: ``canvas``, ``moodle``, ``gradescope``, ``email``, ``sid``.
    ``files`` are their notebooks, sorted by name; there may be none, and ``notes`` say why. All
    texts come from learners: they are on one line without invisible characters, and must still
    be escaped where they are shown.
    """

    learner: str
    name: str
    ids: Mapping[str, str]
    files: tuple[File, ...]
    notes: tuple[str, ...]


@dataclass
class _Learner:
    who: Identity
    root: str  # the name of the path that was given
    files: list[File]
    notes: list[str]
    nothing: str  # what to say if there are no files

    @property
    def origin(self) -> str:
        return "\0".join([*self.who.key, self.root])

    @property
    def told(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.notes if self.files else [*self.notes, self.nothing]))


def find_submissions(
    paths: Sequence[Path | str], exercises: Collection[str] = ()
) -> list[Submission]:
    """Return every learner's submission below the paths, sorted by ``learner``.

    A path is a folder, a zip or a notebook; the layout is recognised (see ``recognise``), and
    what is given twice counts once. ``exercises`` are the names of known exercises
    (``03_batch_norm``), which tell in flat layouts what of a file's name is the learner's.
    Raises SubmissionsError, with a sentence on what to do, where there is nothing to grade.
    """
    archives = Archives()
    recogniser = Recogniser(archives, exercises)
    folders, files = _sorted_out(paths)
    found = []
    for roots in folders:
        alone = len(roots) == 1
        some = (
            [(roots[0], recogniser.learners(roots[0]))] if alone else recogniser.side_by_side(roots)
        )
        found += [(root.name, one) for root, learners in some for one in learners]
    found += [(root.name, one) for root in files for one in recogniser.one_by_one(root)]
    learners = _together(_new(found, archives))
    if not any(learner.files for learner in learners):
        raise SubmissionsError(_nothing(paths, learners))
    names = distinct(
        [one.who.learner for one in learners],
        [one.origin for one in learners],
        [one.who.ids.get("canvas", "") for one in learners],
    )
    submissions = [
        Submission(name, one.who.name, dict(one.who.ids), tuple(one.files), one.told)
        for name, one in zip(names, learners, strict=True)
    ]
    return sorted(submissions, key=lambda submission: submission.learner)


def _sorted_out(paths: Iterable[Path | str]) -> tuple[list[list[Folder]], list[Folder]]:
    """Return the folders that were given and the files, each by the folders that they lie in."""
    folders, files, others = {}, {}, []
    for path in paths:
        real = os.path.realpath(path)
        where, name = os.path.split(real)
        if os.path.isdir(real):
            _check_folder(path, real)
            container = os.path.isfile(os.path.join(where, "submission_metadata.json"))
            if name == "submission" and container:
                real, where = where, os.path.dirname(where)
            folders.setdefault(where, set()).add(real)
        elif not os.path.exists(real):
            raise SubmissionsError(f"There is no {tidy(str(path))}. {_HELP}")
        elif os.path.isfile(real) and (NOTEBOOK.search(name) or ARCHIVE.search(name)):
            files.setdefault(where, set()).add(name)
        else:
            others.append(tidy(str(path)))  # class/* brings the readme as well
    if others and not (folders or files):
        raise SubmissionsError(
            f"{others[0]} is neither a folder nor a notebook (.ipynb) nor a zip. {_HELP}"
        )
    # Outer folders come first: what lies in them is then known when it comes again.
    ordered = sorted(folders, key=lambda where: (where.count(os.sep), where))
    return (
        [[disk_folder(real) for real in sorted(folders[where])] for where in ordered],
        [_given(where, files[where]) for where in sorted(files)],
    )


def _check_folder(path: Path | str, real: str) -> None:
    try:
        os.scandir(real).close()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise SubmissionsError(
            f"{tidy(str(path))} cannot be opened: {reason}. Check who may read it."
        ) from error


def _given(where: str, names: set[str]) -> Folder:
    """Return a folder that holds nothing but the files that were given."""
    listing = Listing()
    for name in names:
        known = os.stat(os.path.join(where, name))
        listing.keep(File(tidy(name), where, (name,), (), known.st_size, known.st_mtime))
    real = disk_folder(where)
    return Folder(real.name, f"{where}\0given", lambda: listing, real.above)


def _new(found: list[tuple[str, Found]], archives: Archives) -> list[_Learner]:
    """Look through what was found; what an earlier path already brought is left out."""
    files_seen, places_seen = set(), set()
    learners = []
    for root, one in found:
        files, notes, nothing = gather(one, archives)
        new = [file for file in files if file.place not in files_seen]
        known = bool(one.places) and all(_lies_in(place, places_seen) for place in one.places)
        files_seen.update(file.place for file in files)
        places_seen.update(one.places)
        if new or not (files or known):
            learners.append(_Learner(one.who, root, new, notes, nothing))
    return learners


def _lies_in(place: str, seen: set[str]) -> bool:
    while place not in seen and place != os.path.dirname(place):
        place = os.path.dirname(place)
    return place in seen


def _together(learners: list[_Learner]) -> list[_Learner]:
    """Bring one learner's notebooks from several paths together, unless they clash.

    Where two notebooks have one name, it may be two people of one name; both are kept apart.
    """
    result: list[_Learner] = []
    known: dict[tuple[str, ...], _Learner] = {}
    for one in learners:
        other = known.setdefault(one.who.key, one)
        names = {file.stem for file in other.files}
        if other is one or any(file.stem in names for file in one.files):
            result.append(one)
        else:
            other.files = sorted([*other.files, *one.files], key=lambda file: file.name)
            other.notes += one.notes
    return result


def _nothing(paths: Sequence[Path | str], learners: list[_Learner]) -> str:
    if not paths:
        return f"No submissions were given. {_HELP}"
    where = ", ".join(tidy(str(path)) for path in paths[:3])
    notes = [f"{tidy(one.who.name)}: {note}" for one in learners for note in one.told]
    seen = f" {' '.join(notes[:3])}" if notes else ""
    return f"There is no notebook (.ipynb) to grade in {where}.{seen} {_HELP}"
