"""Taking rights away from a process, in the order in which they can be taken."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
from dataclasses import dataclass

from bncourse.grading.sandbox import landlock, syscalls

CAPABILITY_VERSION = 0x20080522
SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)
_HEAD = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
_NONE = (ctypes.c_uint32 * 6)()


@dataclass(frozen=True)
class Limits:
    """What one learner's process may use: CPU seconds, bytes of memory, bytes per file, files."""

    cpu: int
    memory: int
    file_size: int = 16 << 20
    open_files: int = 128


def limit(limits: Limits) -> None:
    """Set the resource limits of this process, soft and hard alike."""
    for what, most in (
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        # A lower limit may be in force already, or the system (macOS) know none of this kind.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def address_space() -> int:
    """Return how much memory this process has mapped, in bytes; 1 GiB where nothing tells."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 30


def drop_capabilities() -> None:
    """Give up every capability: root keeps its name and its own files, no power over others'.

    Raises OSError where that is refused.
    """
    if _libc.capset(ctypes.byref(_HEAD), ctypes.byref(_NONE)):
        raise OSError(ctypes.get_errno(), "capabilities could not be dropped")


def die_with_parent() -> None:
    """Ask to be killed when the process that forked this one ends."""
    _libc.prctl(SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def leave_everything(*keep: int | None) -> None:
    """Become a session of one's own without terminal, with no open files but those to ``keep``."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    last = 2
    for fd in sorted(fd for fd in keep if fd is not None):
        os.closerange(last + 1, fd)
        last = fd
    os.closerange(last + 1, 1 << 16)


def confine(limits: Limits, rules: int | None, filter_program: bytes | None) -> None:
    """Put this process under limits, Landlock rules and seccomp filter, where given.

    Raises OSError when one of them is refused: then nothing of a learner's may run.
    """
    limit(limits)
    if rules is None and filter_program is None:
        return
    drop_capabilities()
    syscalls.no_new_privileges()
    if rules is not None:
        landlock.restrict(rules)
        os.close(rules)
    if filter_program is not None:
        syscalls.install(filter_program)
