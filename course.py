"""Set up and start the course.

    python3 course.py lab      set up what is missing, then open JupyterLab on the course
    python3 course.py test     set up what is missing, then run the tests
    python3 course.py setup    set up everything, for tests and instructors too, and stop

On Windows write  py  in place of  python3.  Further words are handed on, for example
"course.py lab --no-browser" to JupyterLab or "course.py test -k layers" to pytest.

Everything goes into the folder .venv beside this file; to start afresh, delete .venv.
On Linux the small build of PyTorch for ordinary processors is used:
    BNCOURSE_TORCH_INDEX=...   address of a package index that holds it, if pip knows none
    --large-torch              take the build with graphics-card software (several GB)
"""

# Any Python since 2.7 must be able to read this file far enough to say that it is too old:
# no f-strings, annotations, keyword-only arguments or starred items.
# ruff: noqa: UP031, RUF005, B904
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time

OLDEST, NEWEST = (3, 11), (3, 14)  # NEWEST: the last Python that the pinned torch has wheels for
ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python.exe" if os.name == "nt" else "python")
STAMP = os.path.join(VENV, "course-setup.json")  # what a finished set-up put into .venv
SETTINGS = os.path.join(VENV, "share", "jupyter", "lab", "settings", "overrides.json")
NO_NEWS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}  # do not even ask
NOTES = os.path.join(ROOT, ".setup")
MARKER = os.path.join(NOTES, "unfinished")  # exists while a set-up works, or after it was killed
LOG = os.path.join(NOTES, "pip.log")
TORCH_INDEX = os.path.join(NOTES, "torch-index.txt")
EXTRAS = {"lab": [], "test": ["test"], "setup": ["instructor", "test"]}

PROBE = """import sys, pip, importlib.metadata as m
assert sys.version_info >= %r
print('%%d.%%d' %% sys.version_info[:2], *[d.version for d in m.distributions(name='torch')])
""" % (OLDEST,)

# How a set-up can end. HARMED: .venv may be half-written. WHOLE: nothing was written yet.
# NO_CPU_TORCH: nothing was written, and only other builds of torch are on offer.
HARMED, WHOLE, NO_CPU_TORCH = "harmed", "whole", "no CPU torch"
AGAIN = "Then run the same command again."
FULL = "The disk is full. Make room on it."
DENIED = "A file may not be written. Close JupyterLab if it is open; look who owns the folder."
MISSING = "A package of the course is not on offer for this Python and this system."
NETWORK = "The package index cannot be reached. Check the network (a proxy, a certificate?)."
BUILDS = """PyTorch %s, which the course needs, has no build for Python %s on this system
(%s). It has builds for Python %d.%d to %d.%d on Linux (x86-64, ARM64; with
glibc), Windows (x86-64) and macOS 14 or newer (Apple silicon); none for Macs with Intel processors
or for Windows on ARM."""
TWO_BUILDS = """PyTorch comes in two builds for Linux. The ordinary one brings several gigabytes of
software for graphics cards, which this course does not use. The small one, for ordinary processors
(%s+cpu, about 200 MB), is not where pip looked%s."""
CHOICES = """  1  Use the small build: open the install page of the PyTorch site, choose Stable,
     Linux, Pip, Python, CPU, copy the command that it shows and paste it here.
  2  Take the large build.
  3  Stop."""
NOT_ASKED = """Nothing large is taken without asking. Run this again with BNCOURSE_TORCH_INDEX set
to the address of PyTorch's CPU index (the last word of the command that PyTorch's install page
shows for Linux, Pip, CPU), or with the word --large-torch to take the large build."""
CAUSES = [  # searched for in pip's log, in this order
    (r"No space left|Errno 28|WinError 112|quota exceeded", FULL, HARMED),
    (r"Errno 13|Errno 30|Permission denied|WinError (5|32)\b", DENIED, HARMED),
    (r"the requirement torch==\S+cpu \(from versions: \d", MISSING, NO_CPU_TORCH),
    (r"the requirement .*\(from versions: \d", MISSING, WHOLE),
    (r"connection (error|broken|aborted|reset)|ConnectionError|Max retries", NETWORK, WHOLE),
    (r"ConnectTimeout|Read timed out|ProxyError|SSLError|CERTIFICATE_VERIFY", NETWORK, WHOLE),
    (r"No matching distribution found for torch==\S+cpu", MISSING, NO_CPU_TORCH),
    (r"No matching distribution|ERROR: Resolution|resolution-too-deep", MISSING, WHOLE),
]


class Stop(Exception):
    """The set-up cannot go on; the text tells the reader why and what to do."""

    def __init__(self, text, ending=WHOLE):
        Exception.__init__(self, text)
        self.ending = ending


def read(path):
    """The text of a file, or nothing where there is none."""
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def write(path, text):
    """Write a small text file, its folder included."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def explain():
    """Turn pip's log and the state of the disks into the one Stop that says what to do."""
    log = read(LOG)
    cause, ending = "pip failed; its log ends so:\n" + log[-2000:], HARMED
    for pattern, text, then in reversed(CAUSES):
        if re.search(pattern, log, re.IGNORECASE):
            cause, ending = text, then
    for folder in (ROOT, tempfile.gettempdir()):  # a full disk may keep pip from logging it
        if shutil.disk_usage(folder).free < 5e7:
            cause, ending = FULL.replace("disk", "disk of " + folder), HARMED
    said = ["pip said: " + error for error in re.findall(r" ERROR: (.{1,200})", log)[:1]]
    return Stop("\n".join([cause, AGAIN] + said + ["pip's log: " + LOG]), ending)


def pip(words, program=None):
    """Run ``pip install``; raises Stop with the cause where it fails."""
    write(LOG, "")
    options = ["--disable-pip-version-check", "--no-input", "--log", LOG]
    if os.environ.get("CI") or not sys.stdout.isatty():
        options += ["-q", "--progress-bar", "off"]
    # close_fds=False: pip holds the marker's lock too, should only this process be killed.
    if subprocess.call(
        (program or [PYTHON, "-m", "pip"]) + ["install"] + options + words,
        cwd=ROOT,
        env=dict(os.environ, PIP_USER="0"),
        stderr=subprocess.DEVNULL,  # what went wrong is told by explain()
        close_fds=False,
    ):
        raise explain()
    os.remove(LOG)  # it lists every file of every index: tens of megabytes


def make_environment():
    """Make .venv anew, with a pip in it, also where Debian's ensurepip is not installed."""
    # Started from an activated .venv, sys.executable is in what is to be removed.
    base = getattr(sys, "_base_executable", None) or sys.executable

    def has(module):
        return not subprocess.call([base, "-c", "import " + module], stderr=subprocess.DEVNULL)

    own_pip = has("ensurepip.__main__")
    if not own_pip and not has("pip.__main__"):
        raise Stop(
            "This Python (%s) has neither pip nor ensurepip.\n"
            "Install pip; on Debian and Ubuntu: sudo apt install python3-pip\n%s" % (base, AGAIN),
            HARMED,
        )
    if os.path.exists(VENV):
        shutil.rmtree(VENV)
    failed = subprocess.call([base, "-m", "venv", "--without-pip", VENV])
    if own_pip and not failed:
        words = [PYTHON, "-m", "ensurepip", "--default-pip"]
        failed = subprocess.call(words, stdout=subprocess.DEVNULL)
    if failed:
        raise Stop("Python could not make the environment; its message is above.", HARMED)
    if not own_pip:
        pip(["pip"], program=[base, "-m", "pip", "--python", PYTHON])


def check_platform(version):
    """Raise Stop where torch has no wheel at all."""
    machine = platform.machine().lower()
    fits = {
        "linux": machine in ("x86_64", "aarch64") and platform.libc_ver()[0] == "glibc",
        "darwin": machine == "arm64",
        "win32": sysconfig.get_platform() == "win-amd64",
    }
    if not fits.get(sys.platform) or sys.version_info[:2] > NEWEST:
        here = (platform.python_version(), platform.platform())
        raise Stop(BUILDS % ((version,) + here + OLDEST + NEWEST))


def check_disk(large_torch):
    """Raise Stop where a download would fill the disk."""
    free = shutil.disk_usage(ROOT).free / 1e9
    wanted = float(os.environ.get("BNCOURSE_DISK_GB") or (10 if large_torch else 3))
    if free < wanted:
        text = "There is too little room on the disk of %s:\n%.1f GB free, about %.1f GB wanted. "
        raise Stop(text % (ROOT, free, wanted) + "Make room.\n" + AGAIN)


def install_torch(version, large_torch):
    """Install torch by itself, so that only this step asks an extra index."""
    # Without constraints: their torch==2.13.0 keeps pip from saying that ...+cpu is not there.
    # No retries: an index that is down would cost seconds for each package.
    large, small = ["torch==" + version], ["torch==%s+cpu" % version, "--retries", "0"]
    if sys.platform != "linux":
        return pip(large)
    address = os.environ.get("BNCOURSE_TORCH_INDEX") or read(TORCH_INDEX).strip()
    while not large_torch:
        try:
            pip(small + ["--extra-index-url", address] * bool(address))
            return write(TORCH_INDEX, address) if address else None
        except Stop as stop:
            if stop.ending != NO_CPU_TORCH:
                raise
        address = ask_for_torch(version, address)
        large_torch = not address
    check_disk(True)
    return pip(large)


def ask_for_torch(version, tried):
    """Explain the two builds; return the address of an index, or '' for the large build."""
    print("\n" + TWO_BUILDS % (version, ", nor at\n" + tried if tried else ""))
    if not sys.stdin.isatty():
        raise Stop(NOT_ASKED)
    print(CHOICES)
    while True:
        answer = input("The command or the address in it, or 2, or 3: ").strip()
        addresses = re.findall(r"\S+://\S+", answer)
        if addresses or answer == "2":
            return (addresses or [""])[-1]
        if answer == "3":
            raise Stop("PyTorch is not installed. To go on, run the same command again.")


def project():
    """The pinned torch version, and a digest of all that decides what is installed."""
    import tomllib  # here, because older Pythons have none

    data = tomllib.loads(read(os.path.join(ROOT, "pyproject.toml")))
    parts = [data["build-system"], data["project"], data["tool"]["setuptools"]]
    parts.append(read(os.path.join(ROOT, "constraints.txt")))
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return re.search(r"torch==([0-9.]+)", str(data["project"]["dependencies"])).group(1), digest


def look():
    """What .venv holds: what its Python answers (its version, torch's version), and the stamp."""
    try:
        answer = subprocess.check_output([PYTHON, "-c", PROBE], stderr=subprocess.DEVNULL)
        return answer.decode().split(), json.loads(read(STAMP) or "{}")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return [], {}


def claim(marker):
    """Lock the open marker, so that two set-ups never write into one .venv."""
    os.set_inheritable(marker.fileno(), True)
    system = __import__("msvcrt" if os.name == "nt" else "fcntl")
    try:
        if os.name == "nt":
            system.locking(marker.fileno(), system.LK_NBLCK, 1)
        else:
            system.flock(marker, system.LOCK_EX | system.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise Stop("Another set-up of this folder is still at work; wait until it ends.")


def set_up(extras, large_torch):
    """Bring .venv to what ``extras`` need; returns quickly where nothing is missing."""
    version, digest = project()
    (found, stamp), killed = look(), os.path.exists(MARKER)
    moved = stamp and (stamp.get("python"), stamp.get("root")) != (found[0], ROOT)
    rebuild = killed or moved or not found
    torch = rebuild or [word.split("+")[0] for word in found[1:]] != [version]
    extras = sorted(set(extras) | set(stamp.get("extras", [])))
    if not torch and (stamp.get("project"), stamp.get("extras")) == (digest, extras):
        return
    if torch:
        check_platform(version)
        check_disk(large_torch)
    course = "." + ("[%s]" % ",".join(extras) if extras else "")
    steps = [
        (rebuild, "a Python environment of its own, in .venv", make_environment, []),
        (torch, "PyTorch " + version, install_torch, [version, large_torch]),
        (True, "the course and its packages", pip, [["-c", "constraints.txt", "-e", course]]),
    ]
    os.makedirs(NOTES, exist_ok=True)
    ending = HARMED
    with open(MARKER, "a") as marker:
        claim(marker)
        if rebuild and os.path.exists(VENV):
            why = "was left unfinished" if killed else "does not run in this folder"
            print("The environment in .venv %s: making a new one." % why)
        try:
            carry_out([step[1:] for step in steps if step[0]])
            stamp = {"python": look()[0][0], "root": ROOT, "project": digest, "extras": extras}
            write(SETTINGS, json.dumps(NO_NEWS))
            write(STAMP, json.dumps(stamp))
            ending = WHOLE
        except Stop as stop:
            ending = stop.ending
            raise
        finally:
            marker.close()  # Windows removes no open file
            if ending != HARMED:
                os.remove(MARKER)


def carry_out(steps):
    """Do the steps (title, function, arguments), saying which one it is and how long it took."""
    for number, (title, action, words) in enumerate(steps, 1):
        print("%d/%d  %s" % (number, len(steps), title))
        began = time.time()
        action(*words)
        print("     done in %.0f s" % (time.time() - began))


def start(words):
    """Hand over to the environment's Python, as if the environment had been activated."""
    os.environ["VIRTUAL_ENV"] = VENV
    os.environ["PATH"] = BIN + os.pathsep + os.environ.get("PATH", "")
    os.chdir(ROOT)
    if os.name != "nt":
        os.execv(PYTHON, [PYTHON] + words)
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for the program, which asks back
    return subprocess.call([PYTHON] + words)


def main(words):
    """Run one command; returns the exit code."""
    if sys.version_info < OLDEST:
        print("Python %d.%d or newer is needed; this is %s." % (OLDEST + (sys.version.split()[0],)))
        print("Install a newer Python and name it, for example: python%d.%d course.py lab" % NEWEST)
        return 2
    if not words or words[0] not in EXTRAS:
        print(__doc__.strip())
        return 0 if words in (["-h"], ["--help"]) else 2
    sys.stdout.reconfigure(line_buffering=True)  # in order with what pip prints
    command, rest = words[0], [word for word in words[1:] if word != "--large-torch"]
    try:
        set_up(EXTRAS[command], "--large-torch" in words)
    except (KeyboardInterrupt, EOFError):
        print("\nStopped half-way. Run the same command again: it repairs what was left.")
        return 130
    except (Stop, OSError) as error:
        print("\nThe set-up stopped.\n%s" % error)
        return 1
    if command == "setup":
        print("Everything is set up. Next: python3 course.py lab")
        return 0
    if command == "test":
        return start(["-m", "pytest", "-n", "auto", "--maxprocesses", "4"] + rest)
    options, first = ["--ServerApp.root_dir=" + ROOT], "notebooks/00_start_here.ipynb"
    if os.path.exists(os.path.join(ROOT, first)):
        options.append("--LabApp.default_url=/lab/tree/" + first)
    return start(["-m", "jupyterlab"] + options + rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
