"""Which system calls a learner's process may make: a list of what is allowed, built by libseccomp.

What is not on the list does not exist for it: no processes or threads, no signals to others, no
network, no changed modes or owners, no mounts. Which files may be opened is Landlock's business.
The filter is made where pyseccomp can look for its library and installed where it cannot.
"""

from __future__ import annotations

import ctypes
import errno
import os
import tempfile
from functools import cache

ALLOWED = """
read write readv writev pread64 pwrite64 preadv pwritev close close_range fstat stat lstat
newfstatat statx access faccessat faccessat2 readlink readlinkat getdents getdents64 getcwd chdir
fchdir lseek dup dup2 dup3 pipe pipe2 poll ppoll select pselect6 fsync fdatasync ftruncate
umask fadvise64 statfs fstatfs copy_file_range sendfile
mmap munmap mremap mprotect madvise brk mincore membarrier
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending sigaltstack restart_syscall pause
exit exit_group futex set_robust_list get_robust_list set_tid_address rseq arch_prctl
gettid getpid getppid getuid geteuid getgid getegid getresuid getresgid getpgrp getpgid getsid
getgroups sched_yield sched_getaffinity sched_getparam sched_getscheduler getcpu
clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getrusage sysinfo
uname getrandom setitimer getitimer alarm getrlimit getpriority capget
"""
# Asked for by ordinary code, so they are refused with a word rather than as unknown.
REFUSED = """
fork vfork clone execve execveat socket socketpair connect bind kill tkill tgkill
rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal pidfd_open ptrace process_vm_readv
process_vm_writev chmod fchmod fchmodat chown fchown lchown fchownat setxattr lsetxattr fsetxattr
utime utimes utimensat futimesat mkdir mkdirat mknod mknodat symlink symlinkat link linkat fallocate
truncate unlink unlinkat rename renameat renameat2 rmdir
setuid setgid setpgid setsid unshare setns mount umount2 chroot shmget msgget semget
memfd_create mlock setpriority prctl
"""
# fcntl that only looks at or copies a descriptor: the others can make the kernel send signals.
DUPFD, GETFD, SETFD, GETFL, SETFL, GETLK, SETLK, SETLKW = range(8)
FCNTL = (DUPFD, GETFD, SETFD, GETFL, SETFL, GETLK, SETLK, SETLKW, 1030)
TCGETS, FIOCLEX, FIONCLEX, FIONREAD = 0x5401, 0x5451, 0x5450, 0x541B

SET_NO_NEW_PRIVS, SET_SECCOMP, MODE_FILTER = 38, 22, 2
INSTRUCTION = 8  # bytes


@cache
def program() -> bytes:
    """Return the filter as the kernel wants it.

    Raises OSError or RuntimeError where pyseccomp or libseccomp is missing.
    """
    try:
        import pyseccomp as seccomp
    except ImportError as error:
        raise RuntimeError(f"pyseccomp cannot be used: {error}") from None
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.ENOSYS))
    for name in REFUSED.split():
        _add(rules, seccomp.ERRNO(errno.EPERM), name)
    for name in ALLOWED.split():
        _add(rules, seccomp.ALLOW, name)
    # Older Landlocks let a file be emptied by opening it "for reading"; and a file without a name
    # (O_TMPFILE) could not be counted.
    unnamed = os.O_TMPFILE & ~os.O_DIRECTORY
    looked_at = os.O_ACCMODE | os.O_TRUNC | unnamed
    modes = (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)
    for name, place in (("open", 1), ("openat", 2)):
        for mode in (*modes, *(m | os.O_TRUNC for m in modes[1:])):
            fits = seccomp.Arg(place, seccomp.MASKED_EQ, looked_at, mode)
            _add(rules, seccomp.ALLOW, name, fits)
    for command in FCNTL:
        _add(rules, seccomp.ALLOW, "fcntl", seccomp.Arg(1, seccomp.EQ, command))
    for request in (TCGETS, FIOCLEX, FIONCLEX, FIONREAD):
        _add(rules, seccomp.ALLOW, "ioctl", seccomp.Arg(1, seccomp.EQ, request))
    # Its own limits may be read and lowered, nobody else's touched.
    _add(rules, seccomp.ALLOW, "prlimit64", seccomp.Arg(0, seccomp.EQ, 0))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _add(rules, action: int, name: str, *args) -> None:
    try:
        rules.add_rule(action, name, *args)
    except (OSError, ValueError):
        if name in ("clone", "socket", "kill", "ptrace", "openat"):
            raise  # every architecture has these


_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def no_new_privileges() -> None:
    """Let this process gain nothing from set-uid files. Raises OSError."""
    if _libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")


def install(made: bytes) -> None:
    """Put this process under the filter, for good. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    wanted = _Program(len(made) // INSTRUCTION, made)
    if libc.prctl(SET_SECCOMP, MODE_FILTER, ctypes.byref(wanted), 0, 0):
        raise OSError(ctypes.get_errno(), "the seccomp filter was refused")
