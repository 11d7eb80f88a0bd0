"""``python -m tools.release``: build, check, test as installed, and only then put the archives into ``dist/``."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import ToolError
from .archives import Archives, build, check_description
from .installed import LEFT_OUT, check_origin, copy_tests, install, run_suite
from .project import Project
from .rules import faults_of_sdist, faults_of_wheel


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a release and give the exit status: 0 done, 1 it is not fit, and ``dist/`` is as it was."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="the project's folder (default: this one)")
    options = parser.parse_args(arguments)
    try:
        with TemporaryDirectory(prefix="release ") as scratch:  # a path with a space is as good as any
            _release(Project.at(options.root.resolve()), Path(scratch))
    except (ToolError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _release(project: Project, scratch: Path) -> None:
    (scratch / "archives").mkdir()
    archives = build(project.root, scratch / "archives")
    faults = [*faults_of_sdist(archives.sdist, project), *faults_of_wheel(archives.wheel, project)]
    if faults:
        message = "\n".join([f"{len(faults)} faults of content", *faults])
        raise ToolError(message)
    check_description(archives, scratch)
    print(
        f"{archives.wheel.name}: {len(project.wheel_files())} files as in the checkout, metadata as in pyproject.toml",
        flush=True,
    )
    python = install(archives.wheel, project, scratch / "environment")
    tests = scratch / "without sources"
    copy_tests(project, tests)
    check_origin(python, tests)
    for name, reason in LEFT_OUT.items():
        print(f"left out: {name}: {reason}", flush=True)
    tally = run_suite(python, tests)
    print(f"{tally.passed} tests passed against the installed wheel")
    _put(archives, project.root / "dist")


def _put(archives: Archives, dist: Path) -> None:
    dist.mkdir(exist_ok=True)
    for archive in (archives.sdist, archives.wheel):
        draft = dist / f".{archive.name}.new"
        try:
            shutil.copyfile(archive, draft)
            draft.replace(dist / archive.name)
        finally:
            draft.unlink(missing_ok=True)
        print(dist / archive.name)


if __name__ == "__main__":
    sys.exit(main())
