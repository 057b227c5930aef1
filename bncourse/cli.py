"""The shell's side of the course: for learners, for instructors, for authors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bncourse.authoring.cut import AuthoringError
from bncourse.grade import command as grading


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bncourse", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    doctor = commands.add_parser("doctor", help="say whether everything is here that it needs")
    doctor.set_defaults(run=_doctor)
    grading.add_to(commands)
    build = commands.add_parser("build", help="build exercises/ from solutions/")
    build.add_argument("--check", action="store_true", help="write nothing; fail if it would")
    build.set_defaults(run=_build)
    run = commands.add_parser("run", help="execute lessons and save them with their outputs")
    run.add_argument("notebooks", nargs="*", type=Path, help="default: all in notebooks/")
    run.set_defaults(run=_run)
    proof = commands.add_parser("proof", help="prove the tasks: caught, named, false alarms")
    proof.add_argument("--seeds", type=int, default=20, metavar="N")
    proof.add_argument("tasks", nargs="*", help="task ids; default: all")
    proof.set_defaults(run=_proof)
    args = parser.parse_args(argv)
    try:
        return args.run(args)
    except (AuthoringError, KeyError) as error:
        print(f"bncourse {args.command}: {error.args[0]}", file=sys.stderr)
        return 2


def _doctor(_args: argparse.Namespace) -> int:
    from bncourse.doctor import doctor

    table = doctor()
    print(table)
    return int(any(row[1] != "ok" for row in table.rows))


def _build(args: argparse.Namespace) -> int:
    from bncourse.authoring.build import ROOT, build

    changed = build(write=not args.check)
    for path in changed:
        print("would change" if args.check else "written", path.relative_to(ROOT))
    return int(args.check and bool(changed))


def _run(args: argparse.Namespace) -> int:
    from bncourse.authoring.build import ROOT, run_lessons

    paths = args.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb"))
    for path in run_lessons(paths):
        print("written", path)
    return 0


def _proof(args: argparse.Namespace) -> int:
    from bncourse.authoring.proof import prove, table
    from bncourse.registry import all_tasks, find

    tasks = [find(key) for key in args.tasks] or [t for t in all_tasks().values() if not t.recorded]
    proofs = [prove(task, range(args.seeds)) for task in tasks]
    print(table(proofs))
    for proof in proofs:
        for fault in proof.faults[:5]:
            print(f"{proof.task}: {fault}")
    return int(any(not proof.holds for proof in proofs))
