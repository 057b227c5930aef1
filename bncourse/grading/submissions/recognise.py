"""The rules by which submissions are told apart, for folders and for zips alike.

A folder is looked at as a whole; the first rule that fits decides.

0. A folder that is itself named by Moodle or Gradescope: one learner.
1. ``submission`` beside ``submission_metadata.json``, as in Gradescope's containers: one learner.
2. ``submitted``, or a folder that holds one (nbgrader's course): a folder per learner in it.
3. ``submission_metadata.yml``, or nothing but ``submission_123`` (a Gradescope export): a folder
   per submission; the description names its people.
4. Names with ``_assignsubmission_file`` (Moodle), as folders or as files.
5. Loose files that are mostly called ``name_LATE_user_file_rest`` (a Canvas download).
6. Loose files that carry learners' names (``owners``), and folders beside them.
7. Loose files that carry none, no learners' folders beside: all of it is one learner's. So are
   folders that are named by something else only (``week 3``, ``src``, an exercise), unless
   whole classes lie in them.
8. Nothing but one folder or one zip: the class is in it if it holds several learners.
9. A folder per learner, and a zip per learner, whatever is in it.

Folders given one by one (``class/*``) are learners' as in 9, where no class lies in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from bncourse.grading.submissions import identity
from bncourse.grading.submissions.archives import Archives
from bncourse.grading.submissions.described import container, export
from bncourse.grading.submissions.errors import Unreadable
from bncourse.grading.submissions.files import ARCHIVE, NOTEBOOK, File
from bncourse.grading.submissions.found import ANYBODY, Found, merged, own, whole
from bncourse.grading.submissions.identity import Identity
from bncourse.grading.submissions.owners import owners
from bncourse.grading.submissions.tree import IGNORED, Folder, Listing

_DEEP = 8


class Recogniser:
    """Tells learners apart; ``exercises`` are the known exercise names, if they are known."""

    def __init__(self, archives: Archives, exercises: Collection[str] = ()):
        self.archives, self.exercises = archives, frozenset(exercises)

    def learners(self, root: Folder, depth: int = 0) -> list[Found]:
        """Return the learners in a folder, each once, in the order of their names."""
        inside = root.listing
        below = {folder.name: folder for folder in inside.folders}
        if identity.moodle(root.name) or identity.GRADESCOPE.fullmatch(root.name):
            return [whole(root, self.exercises)]
        if "submission_metadata.json" in inside.descriptions and "submission" in below:
            return [container(root, below["submission"])]
        if "submitted" in below and below["submitted"].listing.folders:
            return self._each(below["submitted"], below["submitted"].listing.folders)
        if root.name == "submitted" and inside.folders:
            return self._each(root, inside.folders)
        if "submission_metadata.yml" in inside.descriptions or (
            below and not inside.files and all(map(identity.GRADESCOPE.fullmatch, below))
        ):
            return export(root)
        names = [file.stem for file in inside.files]
        if any(map(identity.moodle, [*below, *names])):
            return self._each(root, inside.folders)
        if identity.from_canvas(names):
            return self._each(root, _full(root))
        if depth > _DEEP:
            return [whole(root, self.exercises)]
        return self._by_name(root, depth)

    def side_by_side(self, roots: list[Folder]) -> list[tuple[Folder, list[Found]]]:
        """Return the learners in folders of one place that were given one by one.

        ``class/*`` means the same as ``class``: each is its learner's, unless a class lies in it.
        """
        roots = [root for root in roots if not (IGNORED.match(root.name) or _is_report(root))]
        inner = [self.learners(root) for root in roots]
        times = Counter(one.who.learner for found in inner for one in found)
        result = []
        for root, found in zip(roots, inner, strict=True):
            if any(isinstance(source, Folder) for one in found for source in one.sources):
                several = len(found) > 1
            else:
                # Loose notebooks: three or more that lie nowhere else may be three learners'.
                several = len(found) > 2 and all(times[one.who.learner] == 1 for one in found)
            platform = any(one.who.key[0] != "name" for one in found)
            keep = several or platform or (found and self._says_nothing(root))
            result.append((root, found if keep else [whole(root, self.exercises)]))
        return result

    def one_by_one(self, root: Folder) -> list[Found]:
        """Return the learners in files that were given one by one and lie in one folder."""
        loose = root.listing.files
        alone = len(loose) == 1
        classes = {file: self._class_in(file, alone=alone, given=alone) for file in loose}
        rest = Listing(files=[file for file in loose if not classes[file]])
        found = [one for inner in classes.values() for one in inner]
        if rest.files:
            found += self.learners(Folder(root.name, root.place, lambda: rest, root.above))
        return merged(found)

    def _by_name(self, root: Folder, depth: int) -> list[Found]:
        loose, folders, full = root.listing.files, root.listing.folders, _full(root)
        whose = self._owners([file.stem for file in loose])
        if len(loose) == 1 and not full and (inner := self._class_in(loose[0], alone=True)):
            return inner
        if any(whose):
            return self._each(root, full)
        if full and all(map(self._says_nothing, full)):
            several = [self.learners(folder, depth + 1) for folder in full]
            if not loose and any(map(_is_class, several)):
                return merged(found for inner in several for found in inner)
            return [whole(root, self.exercises)]
        if loose and not full:
            return [whole(root, self.exercises)]
        lone = len(folders) == len(full) == 1 and not loose
        if lone and _is_class(inner := self.learners(full[0], depth + 1)):
            return inner
        return self._each(root, full if loose else folders)

    def _class_in(self, file: File, alone: bool, given: bool = False) -> list[Found]:
        """Return the learners in a zip that holds a class; none for a learner's own zip.

        A learner could make a zip that looks like a class with other learners in it. So only
        a zip that lies ``alone`` or was ``given`` by name is asked.
        """
        if not ARCHIVE.search(file.name):
            return []
        try:
            inner = self.learners(self.archives.folder(file, of_a_class=True))
        except Unreadable:
            return []
        nobody = ANYBODY.fullmatch(file.stem)
        platform = any(one.who.key[0] != "name" for one in inner)
        if platform and (alone or len(inner) > 1):
            return inner
        named = self._owners([file.stem]) != [""]
        return inner if nobody or (len(inner) > 1 and (given or not named)) else []

    def _owners(self, stems: list[str]) -> list[str]:
        """Return whose loose files are; a word like "homework 3" is nobody's name."""
        return ["" if ANYBODY.fullmatch(o) else o for o in owners(stems, self.exercises)]

    def _says_nothing(self, folder: Folder) -> bool:
        """Whether the folder's name is nobody's: a word like "week 3", or an exercise."""
        if ANYBODY.fullmatch(folder.name) or folder.name in self.exercises:
            return True
        # 03_batch_norm/03_batch_norm.ipynb is an exercise's folder, 03_ada/03_batch_norm.ipynb
        # may well be the third in a list of learners.
        same = any(file.stem == folder.name for file in folder.listing.files)
        return same and self._owners([folder.name]) == [""]

    def _each(self, root: Folder, folders: Iterable[Folder]) -> list[Found]:
        """Return a learner per folder, per loose file's owner, and per thing left out."""
        inside = root.listing
        found = []
        for folder in folders:
            if not _is_report(folder):
                who = identity.moodle(folder.name) or identity.plain(folder.name)
                found.append(Found(who, [folder], places=[folder.place]))
        for file, who in zip(inside.files, self._who([f.stem for f in inside.files]), strict=True):
            found.append(own(file, who))
        stems = [ARCHIVE.sub("", NOTEBOOK.sub("", name)) for name, _ in inside.skipped]
        for skipped, who in zip(inside.skipped, self._who(stems), strict=True):
            found.append(Found(who, skipped=[skipped]))
        return merged(found)

    def _who(self, stems: list[str]) -> Iterator[Identity]:
        """Yield whose each loose file is, by its name among the others."""
        canvas = identity.from_canvas(stems)
        for stem, owner in zip(stems, self._owners(stems), strict=True):
            who = identity.moodle(stem) or (identity.canvas(stem) if canvas else None)
            if not who:
                who = identity.plain(owner or stem)
                if not owner:
                    who = replace(who, notes=("The file's name does not say whose it is.",))
            yield who


def _is_report(folder: Folder) -> bool:
    """Whether a folder holds the results of an earlier run."""
    return {"grades.csv", "grades.json"} <= set(folder.listing.others)


def _full(root: Folder) -> list[Folder]:
    return [folder for folder in root.listing.folders if folder.holds_work]


def _is_class(found: list[Found]) -> bool:
    """Whether these are several learners, or one in a learning platform's own layout."""
    return len(found) > 1 or any(one.who.key[0] != "name" for one in found)
