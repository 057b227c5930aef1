"""How long importing the course takes against `import numpy`, each time in a fresh interpreter.

Run: python benchmarks/import_time.py
The time is that of the import statement alone, without the interpreter's own start. The two
statements take turns, so that other work on the machine slows both.
"""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
ROUNDS = 15
REFERENCE = "import numpy"
STATEMENTS = ["import bncourse", "import bncourse.layers.batch_norm"]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def machine(*packages):
    """Return one line about the processor, the system and the versions of packages."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = models[0].partition(":")[2].strip() if models else cpu
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"{cpu}, {os.cpu_count()} cores, 1 thread used; {platform.system()} {platform.machine()}; "
        f"Python {platform.python_version()}, {versions}"
    )


def seconds(statement):
    """Return how long a fresh interpreter takes to execute an import statement."""
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def main():
    statements = [REFERENCE, *STATEMENTS]
    for statement in statements:
        seconds(statement)  # compiles what is not compiled yet
    times = {statement: [] for statement in statements}
    for _ in range(ROUNDS):
        for statement in statements:
            times[statement].append(seconds(statement))

    print(machine("numpy"))
    print(f"{ROUNDS} rounds; ratio to `{REFERENCE}`: median (min to max) over rounds")
    for statement, taken in times.items():
        ratios = [t / r for t, r in zip(taken, times[REFERENCE], strict=True)]
        print(
            f"{statement:<36}{1e3 * median(taken):8.2f} ms   "
            f"{median(ratios):6.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        )


if __name__ == "__main__":
    main()
