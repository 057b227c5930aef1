"""Abuse: the network, the kernel, what processes share."""

from tests.hostile.attack import EVERYWHERE, probe
from tests.hostile.making import trying

ATTACKS = (
    probe(
        "network",
        "a connection to a server on this very machine",
        trying("""
        done = []
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                with socket.socket(socket.AF_INET, kind) as s:
                    s.settimeout(0.2)
                    s.connect(("127.0.0.1", @PORT@))
                    s.send(b"secrets")
                    done.append(kind.name)
            except OSError:
                pass
        return done
        """),
    ),
    probe(
        "a-server",
        "a port opened for others",
        trying("""
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            return "listening"
        """),
    ),
    probe(
        "local-sockets",
        "sockets in the file system and those without a file",
        trying("""
        done = []
        for name in ("\\0bncourse-canary-@PORT@", "@PLACE@/canary.socket"):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                try:
                    with socket.socket(socket.AF_UNIX, kind) as s:
                        s.connect(name)
                        done.append((name, kind.name))
                except OSError:
                    pass
        return done
        """),
    ),
    probe(
        "odd-sockets",
        "sockets of rare families: the kernel's own, raw, virtual machines'",
        trying("""
        done = []
        for family, kind in ((16, 3), (17, 3), (38, 5), (40, 1), (2, 3), (31, 3), (29, 3), (44, 3)):
            try:
                socket.socket(family, kind).close()
                done.append(family)
            except OSError:
                pass
        return done
        """),
    ),
    probe(
        "shared-memory",
        "System V memory, queues and semaphores, POSIX queues",
        trying("""
        done = []
        for number, args in ((29, (0, 4096, 0o1600)), (68, (0, 0o1600)), (64, (0, 1, 0o1600))):
            got = libc.syscall(number, *args)
            if got >= 0:
                libc.syscall({29: 31, 68: 71, 64: 66}[number], got, 0, 0)
                done.append(number)
        if libc.syscall(240, b"bncourse-canary", 0o102, 0o600, None) >= 0:
            libc.syscall(241, b"bncourse-canary")
            done.append("queue")
        return done
        """),
    ),
    probe(
        "keyrings",
        "the kernel's keyrings, which outlive a process",
        trying("""
        done = []
        for ring in (-1, -2, -3, -4, -5):
            if libc.syscall(248, b"user", b"bncourse-canary", b"x", 1, ring) >= 0:
                done.append(ring)
        if libc.syscall(250, 0, -3, 1) >= 0:
            done.append("keyctl")
        return done
        """),
    ),
    probe(
        "kernel-interfaces",
        "io_uring, bpf, perf, userfaultfd, the kernel's log, handles, modules",
        trying("""
        room = ctypes.create_string_buffer(256)
        calls = {"io_uring": (425, 4, room), "bpf": (321, 0, room, 48), "userfaultfd": (323, 0),
                 "perf": (298, room, 0, -1, -1, 0), "log": (103, 3, room, 200),
                 "kcmp": (312, 1, 1, 0), "pidfd": (434, os.getppid(), 0), "fanotify": (300, 0, 0),
                 "name_to_handle": (303, -100, b"/", room, room, 0), "memfd_secret": (447, 0)}
        return [name for name, call in calls.items() if libc.syscall(*call) >= 0]
        """),
    ),
    probe(
        "mounts",
        "namespaces, mounts, other roots",
        trying("""
        done = []
        for flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000, 0x08000000):
            if libc.unshare(flag) == 0:
                done.append(hex(flag))
        if libc.mount(b"none", b".", b"tmpfs", 0, None) == 0:
            done.append("mount")
        if libc.chroot(b".") == 0:
            done.append("chroot")
        for name in ("user", "mnt", "pid", "net"):
            for pid in (1, os.getppid()):
                try:
                    fd = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
                    done += [name] if libc.setns(fd, 0) == 0 else []
                except OSError:
                    pass
        return done
        """),
    ),
    probe(
        "another-user",
        "other users and groups, capabilities, no_new_privs taken back",
        trying("""
        done = []
        for change in (lambda: os.setuid(1), lambda: os.setgid(1), lambda: os.setgroups([0]),
                       lambda: os.setresuid(1, 1, 1)):
            try:
                change()
                done.append("user")
            except OSError:
                pass
        head, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
        if libc.capset(head, sets) == 0:
            done.append("capabilities")
        return done
        """),
    ),
    probe(
        "terminal",
        "keys pushed into the terminal of whoever grades",
        trying("""
        done = []
        for path in ("/dev/tty", "/dev/console", "/dev/pts/0", 0, 1, 2):
            try:
                fd = os.open(path, os.O_RDWR | os.O_NOCTTY) if isinstance(path, str) else path
                fcntl.ioctl(fd, 0x5412, b"#")
                done.append(path)
            except OSError:
                pass
        return done
        """),
    ),
    probe(
        "system-settings",
        "the kernel's settings and devices opened for writing",
        trying("""
        done = []
        for path in ("/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/sys/power/state",
                     "/dev/mem", "/proc/self/oom_score_adj", "/proc/self/coredump_filter",
                     "/dev/kmsg", "/dev/fuse",
                     "/proc/self/loginuid", f"/proc/{os.getppid()}/oom_score_adj", "/dev/sda",
                     "/dev/ptmx", "/sys/fs/cgroup/cgroup.procs"):
            try:
                os.close(os.open(path, os.O_WRONLY))
                done.append(path)
            except OSError:
                pass
        return done
        """),
    ),
    probe(
        "limits-lifted",
        "the own limits raised again",
        trying("""
        done = []
        for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
            soft, hard = resource.getrlimit(what)
            if hard == resource.RLIM_INFINITY:
                done.append(what)
                continue
            try:
                resource.setrlimit(what, (hard * 2, hard * 2))
                done.append(what)
            except (OSError, ValueError):
                pass
        return done
        """),
        tiers=EVERYWHERE,
    ),
)
