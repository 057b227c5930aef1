"""What the other tools have in common: an environment, a course template, throw-away runs."""

import contextlib
import hashlib
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from benchmarks.grading.environments import NoPeer, cache_folder, environment, quiet_env
from benchmarks.grading.exercise import NAME, ROOT, fill
from benchmarks.grading.supervise import USUAL, Limits, Run, run

Marks = dict[str, float]
WARM_UP = "import matplotlib.pyplot, scipy.stats, IPython; IPython.start_ipython(['-c', '1'])"


class Peer(ABC):
    """Another grader with the same exercise.

    ``released`` is the learners' notebook. A learner's marks are a dict of points by the name
    that each task asks for, None where the tool gave the submission no score.
    """

    name: str
    requirement: str
    modes: tuple[str, str]

    @abstractmethod
    def make_template(self, folder: Path) -> None:
        """Fill an empty folder with the exercise in this tool's form."""

    @property
    @abstractmethod
    def released(self) -> dict:
        """The notebook that learners get."""

    @abstractmethod
    def hand_in(self, folder: Path, notebooks: Mapping[str, bytes]) -> None:
        """Put submissions into a copy of the template."""

    @abstractmethod
    def commands(self, mode: str, learners: Iterable[str]) -> list[list]:
        """Return the commands that grade these learners' submissions in this mode."""

    @abstractmethod
    def scores(self, folder: Path) -> dict[str, Marks]:
        """Read what the tool has given."""

    @cached_property
    def bin(self) -> Path:
        """The environment's programs; raises NoPeer when the tool cannot be installed."""
        return environment(self.requirement)

    @cached_property
    def template(self) -> Path:
        """The course folder that every run starts from a copy of; made anew when it must be."""
        own = ("peer.py", "exercise.py", "questions.py", f"{self.name}.py")
        sources = [
            ROOT / "solutions" / f"{NAME}.ipynb",
            *(Path(__file__).with_name(n) for n in own),
        ]
        mark = hashlib.sha256(b"".join(p.read_bytes() for p in sources)).hexdigest()[:12]
        folder = cache_folder() / f"{self.name}-course-{mark}"
        if not folder.exists():
            for old in cache_folder().glob(f"{self.name}-course-*"):
                shutil.rmtree(old)
            with tempfile.TemporaryDirectory(dir=cache_folder()) as made:
                course = Path(made, "course")
                course.mkdir()
                (course / "home").mkdir()
                (course / "tmp").mkdir()
                # The first start writes caches that a user has written long ago.
                self.must([self.bin / "python", "-c", WARM_UP], course)
                self.make_template(course)
                with contextlib.suppress(OSError):  # somebody else has just made it
                    course.rename(folder)
        return folder

    def write(self, answers: Mapping[str, str]) -> bytes:
        """Return a submission with these answer cells; the rest stays as released."""
        return fill(self.released, answers)

    @contextlib.contextmanager
    def course(self, notebooks: Mapping[str, bytes]) -> Iterator[Path]:
        """Yield a throw-away copy of the course with these submissions handed in."""
        with tempfile.TemporaryDirectory(prefix=f"{self.name}-") as made:
            folder = Path(made, "course")
            shutil.copytree(self.template, folder)
            self.hand_in(folder, notebooks)
            yield folder

    def run(self, command: list, folder: Path, limits: Limits = USUAL) -> Run:
        """Run one command in a course folder."""
        return run(command, folder, quiet_env(folder, self.bin), limits)

    def must(self, command: list, folder: Path) -> str:
        """Run a command that has to work; returns its output. Raises NoPeer when it fails."""
        done = self.run(command, folder, USUAL)
        if done.code:
            raise NoPeer(f"{self.name}: {command[0]} failed: {done.output[-2000:]}")
        return done.output
