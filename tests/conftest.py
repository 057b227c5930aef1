"""Shared by all tests: a progress folder of its own, and the table of proofs at the end."""

import os
import tempfile

import pytest

PROOFS = []


def pytest_configure(config):
    # The kernels of notebooks under test know no fixtures, but they inherit this.
    home = tempfile.TemporaryDirectory(prefix="bncourse-")
    os.environ["BNCOURSE_HOME"] = home.name
    config.add_cleanup(home.cleanup)


@pytest.fixture(autouse=True)
def own_progress(tmp_path_factory, monkeypatch):
    """No test reads or writes the progress of whoever runs it."""
    monkeypatch.setenv("BNCOURSE_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def proofs():
    """The proofs made in this run; they are printed at its end."""
    return PROOFS


def pytest_terminal_summary(terminalreporter):
    if PROOFS:
        from bncourse.authoring.proof import table

        terminalreporter.section("tasks: wrong answers caught and named, right ones passed")
        terminalreporter.write_line(table(sorted(PROOFS, key=lambda proof: proof.task)))
