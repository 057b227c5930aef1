"""Abuse: fill the own folder, hide it, leave it in disorder."""

from tests.hostile.attack import abuse, but, probe
from tests.hostile.making import forward, submission, trying

# Where the folder has a size of its own it is just full; elsewhere the process is ended.
THE_OTHERS = {task: credit for task, credit in but("3.3").items() if task != "3.3"}

ATTACKS = (
    abuse(
        "left-in-the-folder",
        "modules left in the own folder for whoever comes next",
        submission(
            before="""
import os
for name in ("numpy.py", "json.py", "struct.py", "bncourse.py", "sitecustomize.py", "torch.py"):
    try:
        with open(name, "x") as file:
            file.write("raise SystemExit('owned')")
    except OSError:
        pass
""",
        ),
        honest=but(),
        twice=True,
    ),
    probe(
        "disk-filling",
        "a disk filled with large files",
        trying("""
        kept = 0
        for n in range(64):
            with open(f"large-{n}", "wb") as file:
                for _ in range(15):
                    kept += file.write(bytes(1 << 20))
                    if kept > 200 << 20:
                        return kept
        """),
        honest=THE_OTHERS,
    ),
    probe(
        "disk-filling-unseen",
        "a disk filled with files that have no name any more",
        trying("""
        kept = 0
        for n in range(100):
            fd = os.open(f"unseen-{n}", os.O_CREAT | os.O_RDWR)
            os.unlink(f"unseen-{n}")
            for k in range(15):
                kept += os.pwrite(fd, bytes(1 << 20), k << 20)
                if kept > 200 << 20:
                    return kept
        """),
    ),
    probe(
        "disk-filling-unnamed",
        "a disk filled with files that never had a name",
        trying("""
        kept = 0
        for n in range(100):
            fd = os.open(".", os.O_TMPFILE | os.O_RDWR)
            for k in range(15):
                kept += os.pwrite(fd, bytes(1 << 20), k << 20)
                if kept > 100 << 20:
                    return kept
        """),
    ),
    probe(
        "disk-filling-while-talking",
        "a disk filled by a process that is never silent",
        trying("""
        head, kept = b'[{"is": "task", "id": "3.3"}, []]', 0
        word = struct.pack("<QQ", len(head), 0) + head
        for n in range(64):
            with open(f"loud-{n}", "wb", 0) as file:
                for _ in range(15):
                    kept += file.write(bytes(1 << 20))
                    for fd in range(3, 9):
                        try:
                            if fd != file.fileno():
                                os.write(fd, word)
                        except OSError:
                            pass
                    if kept > 200 << 20:
                        return kept
        """),
        honest={},
    ),
    probe(
        "many-files",
        "a hundred thousand files",
        trying("""
        n = 0
        for n in range(100_000):
            os.close(os.open(f"file-{n}", os.O_CREAT | os.O_WRONLY))
        return n
        """),
        honest=THE_OTHERS,
    ),
    abuse(
        "odd-file-names",
        "files whose names no tool expects",
        submission(
            before="""
import os
for name in (b"\\xff\\xfe", b"a\\nb", b"-rf", b"\\x1b[2J", b"x" * 255, b"..." , b"~", b"* ?"):
    try:
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0))
    except OSError:
        pass
"""
        ),
        honest=but(),
    ),
    probe(
        "away-with-the-folder",
        "the own folder renamed, replaced by a link, made unreadable",
        trying("""
        here, done = os.getcwd(), []
        for change in (
            lambda: os.chmod(here, 0),
            lambda: os.rename(here, here + "-gone"),
            lambda: os.rmdir(here),
            lambda: os.mkdir("deep"),
            lambda: os.symlink("@PLACE@", "link"),
        ):
            try:
                change()
                done.append(True)
            except OSError:
                pass
        return done
        """),
    ),
    abuse(
        "reads-a-file-it-lacks",
        "an honest cell that reads a file which is not there",
        submission(before="data = np.load('my_data.npy')", batchnorm_forward=forward("1 / 0")),
    ),
)
