"""Abuse: start processes, end others', leave some behind."""

from tests.hostile.attack import EVERYWHERE, SHORT, abuse, but, probe
from tests.hostile.making import forward, submission, trying

# Bounded, and everything started ends by itself: a test must not harm who runs it.
ATTACKS = (
    probe(
        "fork-bomb",
        "processes that start processes",
        trying("""
        n = 0
        for _ in range(200):
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
            n += 1
        return n
        """),
    ),
    abuse(
        "thread-bomb",
        "threads without number",
        submission(
            batchnorm_forward=forward(
                "for _ in range(500):\n"
                "    threading.Thread(target=time.sleep, args=(30,), daemon=False).start()\n"
                "return x, {}",
                "import threading, time",
            )
        ),
    ),
    probe(
        "daemon",
        "a process that leaves its session and goes on",
        trying("""
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(30)
            os._exit(0)
        return "daemon"
        """),
    ),
    abuse(
        "fork-and-leave",
        "a fork goes on while its parent leaves",
        submission(
            batchnorm_forward=forward(
                "if os.fork():\n    os._exit(0)\ntime.sleep(30)\nreturn x, {}", "import os, time"
            )
        ),
        row="t16",
        seconds=SHORT,
        tiers=EVERYWHERE,
    ),
    probe(
        "stray-commands",
        "five commands left running",
        trying('return [subprocess.Popen(["sleep", "30"]).pid for _ in range(5)]'),
    ),
    probe(
        "another-program",
        "the process becomes another program",
        trying("""
        if os.path.exists("/bin/sleep"):
            os.execv("/bin/sleep", ["sleep", "30"])
        """),
    ),
    probe("shell", "a shell command", trying('return os.system("true") == 0')),
    probe(
        "raw-clone",
        "clone, vfork and clone3 as bare system calls",
        trying("""
        for number, args in ((56, (17, 0, 0, 0, 0)), (57, ()), (435, (0, 0))):
            got = libc.syscall(number, *args)
            if got == 0:
                os._exit(0)
            if got > 0:
                return number
        """),
    ),
    probe(
        "another-calling-convention",
        "system calls by the 32-bit gate, which a filter may overlook",
        submission(
            batchnorm_forward=forward(
                """
                libc = ctypes.CDLL(None)
                for number, args in ((57, ()), (41, (1, 1, 0))):
                    got = libc.syscall(number + (1 << 30), *args)
                    if got == 0:
                        os._exit(0)
                    if got > 0:
                        raise AssertionError("broke" + "-out by the other 32-bit gate")
                code = mmap.mmap(-1, 4096, prot=7)
                code.write(b"\\xb8\\x02\\x00\\x00\\x00\\xcd\\x80\\xc3")  # fork, the old way
                at = ctypes.addressof(ctypes.c_char.from_buffer(code))
                got = ctypes.CFUNCTYPE(ctypes.c_long)(at)()
                if got == 0:
                    os._exit(0)
                if got > 0:
                    raise AssertionError("broke" + "-out by the 32-bit gate")
                return x, {}
                """,
                "import ctypes, mmap, os, platform\nassert platform.machine() == 'x86_64'",
            )
        ),
        honest=but("3.3"),
    ),
    abuse(
        "kill-group",
        "SIGKILL to the own process group",
        submission(
            batchnorm_forward=forward("os.kill(0, 9)\nos.killpg(0, 9)\nreturn x, {}", "import os")
        ),
        tiers=EVERYWHERE,
    ),
    abuse(
        "kill-parents",
        "SIGKILL to the parent, to its group and to process 1",
        submission(
            before="import os, signal\nparent = os.getppid()",
            batchnorm_forward=forward(
                """
                for pid in (parent, -parent, os.getsid(0)):
                    try:
                        if abs(pid) > 1 and pid != os.getpid():
                            os.kill(pid, signal.SIGKILL)
                    except OSError:
                        pass
                return x, {}
                """
            ),
        ),
        tiers=("namespaces", "landlock"),
    ),
    probe(
        "anybody-to-signal",
        "a process that a signal would reach",
        trying("""
        for pid in [os.getppid(), *range(1, os.getpid() + 500), -1]:
            try:
                # To all at once only what nobody minds; its handler is a canary's.
                os.kill(pid, signal.SIGURG if pid == -1 else 0)
            except OSError:
                continue
            if pid not in (os.getpid(), -1):
                return pid
        """),
    ),
    probe(
        "limits-of-others",
        "resource limits and priorities of the parent lowered",
        trying("""
        pid = os.getppid()
        def limits(): resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, 3))
        def priority(): os.setpriority(os.PRIO_PROCESS, pid, 19)
        def processors(): os.sched_setaffinity(pid, {0})
        def scheduling(): os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
        def input_output():
            if libc.syscall(251, 1, pid, 3 << 13) < 0:
                raise OSError
        done = []
        for change in (limits, priority, processors, scheduling, input_output):
            try:
                change()
                done.append(change.__name__)
            except OSError:
                pass
        return done
        """),
    ),
    probe(
        "signals-by-descriptor",
        "the kernel made to signal others: owners of descriptors, timers",
        trying("""
        done = []
        for fd in range(0, 20):
            for command, value in ((8, os.getppid()), (10, 9), (4, os.O_ASYNC), (15, b"\\1" * 8)):
                try:
                    fcntl.fcntl(fd, command, value)
                    if command != 4:
                        done.append((fd, command))
                except OSError:
                    pass
        return done
        """),
    ),
)
