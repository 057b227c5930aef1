"""What has been graded so far, one line each: an interrupted run goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bncourse.grading.record import Result, from_json, to_json


class Journal:
    """The results in OUT, by learner and exercise; a later line for the same replaces an earlier.

    A context manager. A line that was cut off by a crash is ignored, and that one graded again.
    Raises BlockingIOError while another run writes to the same folder.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "journal.jsonl"
        self.results: dict[tuple[str, str], Result] = dict(self._read())
        self._file = self._path.open("ab")
        try:
            _lock(self._file)
        except OSError:
            self._file.close()
            raise BlockingIOError(
                f"another run is writing to {folder}: wait for it, or give another -o"
            ) from None
        if self._path.stat().st_size and not self._path.read_bytes().endswith(b"\n"):
            self._file.write(b"\n")

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def known(self, learner: str, exercise: str, fingerprint: str) -> bool:
        """Say whether this very notebook was graded already."""
        result = self.results.get((learner, exercise))
        return bool(fingerprint) and result is not None and result.fingerprint == fingerprint

    def add(self, results: list[Result]) -> None:
        """Keep results, at once and for good."""
        for result in results:
            self.results[result.learner, result.exercise] = result
            line = json.dumps(to_json(result), ensure_ascii=False, separators=(",", ":"))
            self._file.write(line.encode("utf-8", "replace") + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def keep_only(self, wanted: set[tuple[str, str]]) -> int:
        """Leave out those who are not among the submissions; returns how many those are.

        Their lines stay in the file, so that they are back when their submissions are.
        """
        before = len(self.results)
        self.results = {k: r for k, r in self.results.items() if k in wanted}
        return before - len(self.results)

    def _read(self) -> Iterator[tuple[tuple[str, str], Result]]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for line in file:
                result = _result(line)
                if result is not None:
                    yield (result.learner, result.exercise), result


def _result(line: bytes) -> Result | None:
    try:
        data: Any = json.loads(line)
        return from_json(data)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _lock(file: Any) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
