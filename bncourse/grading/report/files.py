"""Writing files whole or not at all, and names for them."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from bncourse.grading.submissions.names import digest, safe


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write the text as UTF-8, line ends as they are; readers see the old file or the new one.

    The file has the permissions that the umask leaves. Raises OSError; then nothing has changed.
    """
    path = Path(path)
    # A name of its own that does not grow with the target's, and cannot be foreseen.
    draft = path.with_name(f".{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(draft, flags, 0o666), "wb") as file:
            file.write(text.encode("utf-8", errors="replace"))
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def page_name(learner: str) -> str:
    """Return the file name of a learner's feedback page, which stays in its folder everywhere.

    An identity that is fit for a file name is kept; any other gets a hash, so that two of them
    never meet.
    """
    name = safe(learner)
    return f"{name}.html" if name == learner else f"{name}-{digest(learner, 8)}.html"
