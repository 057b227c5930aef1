"""What attackers would like to find or change: files of others, secrets, a home."""

from __future__ import annotations

import contextlib
import hashlib
import os
import selectors
import shutil
import socket
import stat
import tempfile
import threading
from pathlib import Path

# Not below /tmp, which a sandbox may hide as a whole.
_BASE = "/var/tmp" if os.path.isdir("/var/tmp") else tempfile.gettempdir()
PLACE = Path(os.environ.setdefault("BNCOURSE_CANARIES", f"{_BASE}/bncourse-canaries-{os.getpid()}"))
LITTERED = (_BASE, tempfile.gettempdir(), "/tmp", "/dev/shm", "/run/lock")
LITTER = ("bncourse-mailbox", "bncourse-canary.pth", "bncourse_canary.py")


def lay(secret: str, owner: int | None = None) -> None:
    """Lay out the canaries, readable and writable for everybody: the sandbox must hold alone."""
    for name, text in {
        "submissions/other/03_batch_norm.ipynb": f'{{"cells": [], "secret": "{secret}"}}',
        "submissions/other/answers.py": f"# {secret}\n",
        "home/.ssh/id_canary": f"{secret}\n",
        "home/.config/token.json": f'{{"token": "{secret}"}}\n',
        "home/notes.txt": f"notes {secret}\n",
        "solutions/03_batch_norm.ipynb": f"{secret}\n",
        "out/grades.csv": f"learner,score\nother,{secret}\n",
        "out/grades.json": f'{{"other": "{secret}"}}\n',
        "out/journal.jsonl": f'{{"other": "{secret}"}}\n',
        "out/gradebook.db": f"SQLite format 3\0 {secret}\n",
    }.items():
        path = PLACE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in [PLACE, *sorted(PLACE.rglob("*"))]:
        path.chmod(0o777 if path.is_dir() else 0o666)
        if owner is not None:
            os.chown(path, owner, owner)


def clear() -> None:
    """Take the canaries away, and what attackers may have left where they can write."""
    shutil.rmtree(PLACE, ignore_errors=True)
    for place in LITTERED:
        for name in LITTER:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(place, name))


def port() -> str:
    """The port that the canaries listen on; nobody's while they do not."""
    return os.environ.get("BNCOURSE_CANARY_PORT", "9")


class Ears:
    """Servers that attackers would like to reach; ``heard`` says who did. A context manager."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._open = selectors.DefaultSelector()
        tcp = self._listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0), "TCP")
        number = tcp.getsockname()[1]
        os.environ["BNCOURSE_CANARY_PORT"] = str(number)
        self._listen(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", number), "UDP")
        if hasattr(socket, "AF_UNIX"):
            place = str(PLACE / "canary.socket")
            self._listen(socket.AF_UNIX, socket.SOCK_STREAM, place, "a socket in the file system")
            os.chmod(place, 0o777)
            if os.path.isdir("/proc/net"):
                name = f"\0bncourse-canary-{number}"
                self._listen(socket.AF_UNIX, socket.SOCK_STREAM, name, "an abstract socket")
        self._wake, stop = socket.socketpair()
        self._open.register(stop, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._hear, daemon=True)

    def _listen(self, family: int, kind: int, address: object, name: str) -> socket.socket:
        ear = socket.socket(family, kind)
        ear.bind(address)
        if kind == socket.SOCK_STREAM:
            ear.listen(16)
        self._open.register(ear, selectors.EVENT_READ, name)
        return ear

    def _hear(self) -> None:
        while True:
            for key, _ in self._open.select():
                if key.data is None:
                    return
                self.heard.append(key.data)
                if key.fileobj.type == socket.SOCK_STREAM:
                    key.fileobj.accept()[0].close()
                else:
                    key.fileobj.recv(9)

    def __enter__(self) -> Ears:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._wake.close()
        self._thread.join()
        for key in list(self._open.get_map().values()):
            key.fileobj.close()
        self._open.close()


def look() -> dict[str, tuple]:
    """Every canary as it is now: content, mode, owner, time of change, attributes."""
    found = {}
    for path in [PLACE, *sorted(PLACE.rglob("*"))]:
        s = path.lstat()
        regular = stat.S_ISREG(s.st_mode) and os.access(path, os.R_OK)
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if regular else ""
        extra = tuple(os.listxattr(path)) if hasattr(os, "listxattr") else ()
        key = str(path.relative_to(PLACE))
        found[key] = (digest, s.st_mode, s.st_uid, s.st_mtime_ns, s.st_ctime_ns, extra)
    return found
