"""Forgeries: look into other processes, and into memory that others have used before."""

from tests.hostile.attack import EVERYWHERE
from tests.hostile.forgeries_by_looking import LEDGER, peek

HEAP = (
    LEDGER
    + """
import gc
if hasattr(gc, "looked"):
    return None
gc.looked = True
libc.sbrk.restype = ctypes.c_void_p
top = libc.sbrk(0) >> 20
places = {id(o) >> 20 for o in gc.get_objects()} | set(range(top - 40, top + 1))
places |= {id(np) >> 20, id(None) >> 20} | {p + 1 for p in places}
reader, writer = os.pipe()
for place in sorted(places):
    for at in range(place << 20, (place + 1) << 20, 1 << 15):
        # The kernel copies what can be read and refuses the rest: no list of mappings needed.
        if libc.write(writer, ctypes.c_void_p(at), ctypes.c_size_t(1 << 15)) > 0:
            found = pattern.search(os.read(reader, 1 << 15))
            if found:
                return found[0]
"""
)
RELATIVES = """
pids = [os.getppid(), 1, *(os.getpid() + n for n in range(-40, 3)), *FAMILY]
pids = [p for p in dict.fromkeys(pids) if p > 0 and p != os.getpid()]
""".replace("FAMILY", "(int(p) for p in os.listdir('/proc') if p.isdigit())")
PARENTS_MEMORY = (
    RELATIVES
    + """
for pid in pids:
    try:
        spans = [line.split()[0] for line in open(f"/proc/{pid}/maps") if " rw" in line]
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            memory.seek(int(spans[0].split("-")[0], 16))
            return pid, memory.read(16)
    except OSError:
        pass
"""
)
PROCESS_VM = (
    RELATIVES
    + """
class Span(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
room = ctypes.create_string_buffer(64)
here, there = Span(ctypes.addressof(room), 64), Span(id(None), 64)
for pid in pids:
    for call in (libc.process_vm_readv, libc.process_vm_writev):
        if call(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
            return call.__name__, pid
        if ctypes.get_errno() == errno.EFAULT:
            return "allowed, at a wrong address", pid
"""
)
PTRACE = (
    RELATIVES
    + """
for pid in pids:
    for request in (16, 0x4206):
        if libc.ptrace(request, pid, 0, 0) == 0:
            libc.ptrace(17, pid, 0, 0)
            return "ptrace", pid
"""
)
PIDFD = (
    RELATIVES
    + """
for pid in pids:
    handle = libc.syscall(434, pid, 0)
    if handle >= 0:
        for fd in range(12):
            copy = libc.syscall(438, handle, fd, 0)
            if copy >= 0:
                return "pidfd_getfd", pid, fd
"""
)
THEIR_FILES = (
    RELATIVES
    + """
for pid in pids:
    for name in ("environ", "fd/3", "fd/4", "cwd", "root/etc/passwd", "stack", "auxv", "exe"):
        try:
            with open(f"/proc/{pid}/{name}", "rb", 0) as file:
                got = file.read(64) if "fd" not in name else b"opened"
                if got:
                    return pid, name
        except OSError:
            pass
"""
)

ATTACKS = (
    peek("heap", "the own memory searched for earlier learners' work", HEAP, EVERYWHERE),
    peek("parents-memory", "/proc/PID/mem of the runner and its parent", PARENTS_MEMORY),
    peek("process-vm", "process_vm_readv and _writev on other processes", PROCESS_VM),
    peek("ptrace", "ptrace on other processes", PTRACE),
    peek("pidfd-getfd", "file descriptors taken out of other processes", PIDFD),
    peek("their-files", "/proc/PID of other processes: environ, descriptors, root", THEIR_FILES),
)  # fmt: skip
