"""Shared by all tests: a progress folder of its own, who runs with whom, the table of proofs."""

import os
import shutil
import tempfile
from dataclasses import asdict

import pytest

# Together in one process: they share a JupyterLab, or look at the processes of the machine.
TOGETHER = ("browser", "hostile", "grade", "grading/sandbox")

PROOFS = []


def pytest_configure(config):
    # The kernels of notebooks under test know no fixtures, but they inherit this.
    os.environ["BNCOURSE_HOME"] = home = tempfile.mkdtemp(prefix="bncourse-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep a file's tests in one process where several run: notebooks need their cells in order.

    The proofs of the tasks take longest and need nobody, so each goes where there is room.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            path = nodeid.split("::")[0]
            if path.endswith("test_proof.py"):
                return nodeid
            return next((name for name in TOGETHER if path.startswith(f"tests/{name}/")), path)

    return ByFile(config, log)


@pytest.fixture(autouse=True)
def own_progress(tmp_path_factory, monkeypatch):
    """No test reads or writes the progress of whoever runs it."""
    monkeypatch.setenv("BNCOURSE_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def proofs():
    """The proofs made in this run; they are printed at its end."""
    return PROOFS


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # one of several processes: hand them over
        session.config.workeroutput["proofs"] = [asdict(proof) for proof in PROOFS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    from bncourse.authoring.proof import Proof

    PROOFS.extend(Proof(**proof) for proof in getattr(node, "workeroutput", {}).get("proofs", ()))


def pytest_terminal_summary(terminalreporter):
    if PROOFS:
        from bncourse.authoring.proof import table

        terminalreporter.section("tasks: wrong answers caught and named, right ones passed")
        terminalreporter.write_line(table(sorted(PROOFS, key=lambda proof: proof.task)))
