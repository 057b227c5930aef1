"""Grading a class on any ``concurrent.futures.Executor``: nothing lost, nothing graded twice."""

from __future__ import annotations

import itertools
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import replace

from bncourse.grade.notebook import Submitted, blank
from bncourse.grade.settings import Settings, versions
from bncourse.grade.worker import grade_chunk
from bncourse.grading.record import Result
from bncourse.grading.sandbox.tiers import IsolationError

LARGEST_CHUNK = 25
CHUNKS_PER_WORKER = 4  # so that a chunk with endless loops does not leave the others idle
WAITING_PER_WORKER = 2

Done = Callable[[list[Result]], None]


def grade_all(
    submitted: Iterable[Submitted],
    count: int,
    executor: Executor,
    workers: int,
    settings: Settings,
    done: Done,
) -> None:
    """Grade everything that was ``submitted`` (``count`` notebooks) and hand results to ``done``.

    Notebooks are read only as workers become free. A chunk whose worker is lost is graded here,
    one by one. Raises IsolationError where the isolation asked for cannot be had.
    """
    size = max(1, min(LARGEST_CHUNK, count // (workers * CHUNKS_PER_WORKER)))
    chunks = _chunks(submitted, size)
    waiting: dict[Future[list[Result]], list[Submitted]] = {}
    broken = False
    while True:
        for chunk in itertools.islice(chunks, workers * WAITING_PER_WORKER - len(waiting)):
            try:
                if broken:
                    raise RuntimeError
                waiting[executor.submit(grade_chunk, settings, chunk)] = chunk
            except RuntimeError:  # the pool is broken, as a killed worker leaves it
                broken = True
                _one_by_one(settings, chunk, done)
        if not waiting:
            if broken and (chunk := next(chunks, None)):
                _one_by_one(settings, chunk, done)
                continue
            return
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            chunk = waiting.pop(future)
            _collect(settings, future, chunk, done)


def _collect(
    settings: Settings, future: Future[list[Result]], chunk: list[Submitted], done: Done
) -> None:
    try:
        results = future.result()
    except IsolationError:
        raise
    except Exception:
        _one_by_one(settings, chunk, done)
    else:
        done(results)


def _one_by_one(settings: Settings, chunk: list[Submitted], done: Done) -> None:
    for submitted in chunk:
        try:
            done(grade_chunk(settings, [submitted]))
        except IsolationError:
            raise
        except Exception as error:  # a fault of ours must not cost the class its grades
            why = f"it could not be graded: {type(error).__name__}: {error}"
            lost = replace(blank(submitted, versions()), failure=why, flags=(why,), fingerprint="")
            done([lost])  # without a fingerprint it is tried again the next time


def _chunks(submitted: Iterable[Submitted], size: int) -> Iterator[list[Submitted]]:
    rest = iter(submitted)
    while chunk := list(itertools.islice(rest, size)):
        yield chunk


@contextmanager
def local_executor(workers: int) -> Iterator[Executor]:
    """Yield an executor of as many processes on this machine; an error ends them at once."""
    # Forked workers have the tasks loaded already; where forking is unsafe they load them anew.
    how = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(workers, mp_context=how, initializer=_only_the_parent) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            ended = multiprocessing.active_children()
            for process in ended:
                process.terminate()
            for process in ended:
                process.join(5)  # what they inherited, such as the journal's lock, goes with them
            raise


def _only_the_parent() -> None:
    """Leave Ctrl-C to the parent, which ends its workers itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def cluster_executor(address: str) -> Iterator[tuple[Executor, int]]:
    """Yield an executor on a Dask cluster and its number of threads.

    Raises OSError where there is no scheduler at that address, ImportError without Dask.
    """
    from distributed import Client

    with Client(address, timeout="10s") as client:
        threads = sum(client.nthreads().values())
        with client.get_executor(pure=False) as executor:
            yield executor, max(threads, 1)
