"""Abuse: change others' files, and leave files for others."""

from tests.hostile.attack import probe
from tests.hostile.making import trying

EVERY = """
found = []
for top, folders, names in os.walk("@PLACE@"):
    found += [os.path.join(top, n) for n in (*folders, *names)]
found = found or ["@PLACE@/out/grades.csv", "@PLACE@/submissions/other/03_batch_norm.ipynb",
                  "@PLACE@/home/notes.txt", "@PLACE@/out"]
done = []
def try_on(change, *args):
    for path in found:
        try:
            change(path, *args)
            done.append((change.__name__, path))
        except OSError:
            pass
"""
WRITABLE = """
import site, sysconfig
places = [*sys.path, os.path.dirname(np.__file__), os.path.dirname(os.__file__), "/tmp", "/var/tmp",
          "/dev/shm", "/run", os.path.expanduser("~"), "@ROOT@", "@PLACE@", "/usr/local/lib",
          sysconfig.get_path("purelib"), sysconfig.get_path("data"), "..", "/"]
"""
MAILBOX = """
import ctypes, os
libc, letters = ctypes.CDLL(None), []
for place in (".", "/tmp", "/var/tmp", "/dev/shm", "/run/lock", "@PLACE@", os.path.expanduser("~")):
    path = os.path.join(place, "bncourse-mailbox")
    if os.path.exists(path):
        letters.append(path)
    try:
        open(path, "x").close()
    except OSError:
        pass
for number, more in ((29, (4096,)), (68, ()), (64, (1,))):
    if libc.syscall(number, 0x0B5C0DE, *more, 0o600) >= 0:
        letters.append(f"system call {number}")
    libc.syscall(number, 0x0B5C0DE, *more, 0o1600)
for ring in (-3, -4):
    if libc.syscall(250, 10, ring, b"user", b"bncourse-mailbox", 0) >= 0:
        letters.append(f"keyring {ring}")
    libc.syscall(248, b"user", b"bncourse-mailbox", b"x", 1, ring)
if hasattr(np, "bncourse_mailbox"):
    letters.append("numpy")
np.bncourse_mailbox = True
"""

ATTACKS = (
    probe(
        "delete",
        "files of others deleted and renamed",
        trying(EVERY + """
found = [p for p in found if os.path.basename(p) == "notes.txt"] + ["@PLACE@/home/notes.txt"]
try_on(lambda p: os.rename(p, p + ".bak"))
try_on(os.remove)
return done
"""),
    ),
    probe(
        "overwrite",
        "files of others opened for writing and emptied",
        trying(EVERY + """
def append(path): open(path, "ab").close()
def update(path): os.close(os.open(path, os.O_RDWR))
def empty(path): os.truncate(path, 0)
def empty_by_opening(path): os.close(os.open(path, os.O_RDONLY | os.O_TRUNC))
for change in (append, update, empty, empty_by_opening):
    try_on(change)
return done
"""),
    ),
    probe(
        "modes-and-times",
        "modes, owners, times and attributes of others' files changed",
        trying(EVERY + """
def mode(path): os.chmod(path, 0)
def owner(path): os.chown(path, os.getuid(), os.getgid(), follow_symlinks=False)
def times(path): os.utime(path, (0, 0))
def attribute(path): os.setxattr(path, "user.owned", b"1")
def flags(path):
    if libc.syscall(452, -100, path.encode(), 0, 0) < 0:
        raise OSError
for change in (times, attribute, owner, flags, mode):
    try_on(change)
return done
"""),
    ),
    probe(
        "links",
        "links laid in and out of others' folders",
        trying(EVERY + """
def symbolic(path): os.symlink("/etc/passwd", path + ".link")
def hard(path): os.link(path, path + ".hard")
def here(path): os.symlink(path, "here"); open("here").close()
def hard_here(path): os.link(path, "hard-here")
def pipe(path): os.mkfifo(path + ".fifo")
for change in (symbolic, hard, here, hard_here, pipe):
    try_on(change)
return done
"""),
    ),
    probe(
        "poisoned-library",
        "modules and start-up files laid where Python will look next time",
        trying(WRITABLE + """
done = []
for place in places:
    for name in ("bncourse-canary.pth", "bncourse_canary.py"):
        path = os.path.join(place, name)
        try:
            fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except OSError:
            continue
        os.write(fd, b"# a harmless canary of bncourse's tests\\n")
        os.close(fd)
        done.append(path)
return [p for p in done if not os.path.samefile(os.path.dirname(p), ".")]
"""),
    ),
    probe(
        "mailbox",
        "messages to the next submission: files, shared memory, queues, keys, locks",
        trying("return letters", before=MAILBOX),
        twice=True,
    ),
    probe(
        "watching",
        "others' files watched for changes",
        trying("""
        fd = libc.inotify_init()
        return fd >= 0 and libc.inotify_add_watch(fd, b"@PLACE@/out", 0xFFF) >= 0
        """),
    ),
)  # fmt: skip
