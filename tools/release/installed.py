"""The test suite against an installed wheel, with the sources of both packages gone."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import attrs
from packaging.requirements import Requirement

from ..errors import ToolError
from ..run import run
from .project import PACKAGES, Project

EXTRAS: Final = ("cli", "emulator", "spec", "testing")
"""What users can install; the rest of ``dev`` is for the checkout, but for what the tests import."""

NOT_FOR_TESTS: Final = frozenset(
    {"build", "griffelib", "import-linter", "mypy", "pyright", "ruff", "twine", "types-python-dateutil"}
)
"""Requirements of ``dev`` that check the sources or build the archives."""

LEFT_OUT: Final[Mapping[str, str]] = {
    "tests/tools": "about tools/, which no archive holds",
    "tests/spec/test_generator.py": "makes the low-level client again, and compares it with the sources",
    "tests/spec/test_layout.py": "about where things are in a checkout, and in a copy made by hand from one",
    "tests/spec/test_mutated_documents.py": "makes low-level clients of other documents with the checkout's generator",
    "tests/spec/test_update.py": "takes new documents over into copies of the checkout",
    "tests/vendoring/test_suite_on_copy.py": "counts the tests of the checkout, also those that are left out here",
    "tests/vendoring/test_source.py": "compares what copies are made of with the sources",
}
"""Tests about the checkout itself, and why; all others run."""

LEAST: Final = 12_500
"""Fewer tests than this are not the suite; raise it as the suite grows."""

_INSTALL, _SUITE = 1200.0, 3600.0
_WHERE = (
    "import brex_accounting, brex_accounting_client as client; print(brex_accounting.__file__); print(client.__file__)"
)


@attrs.frozen
class Tally:
    """How the tests ended.

    Attributes:
        passed: Those that passed.
        failed: Those that failed, or could not be set up.
        skipped: Those that were skipped, or failed as expected.
    """

    passed: int
    failed: int
    skipped: int


def install(wheel: Path, project: Project, folder: Path) -> Path:
    """Install a wheel with its extras and what the tests import, into an environment of its own.

    Args:
        wheel: The wheel.
        project: Says what the tests import.
        folder: Where the environment shall be.

    Returns:
        Its Python.

    Raises:
        ToolError: It cannot be installed.
    """
    run([sys.executable, "-m", "venv", folder], cwd=wheel.parent, seconds=_INSTALL)
    python = folder / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, f"{wheel}[{','.join(EXTRAS)}]", *tools_of_tests(project)], cwd=wheel.parent, seconds=_INSTALL)
    return python


def tools_of_tests(project: Project) -> list[str]:
    """The requirements of ``dev`` that tests import, with their bounds."""
    lines: list[str] = project.table["optional-dependencies"]["dev"]
    apart = {*NOT_FOR_TESTS, project.table["name"]}
    return [line for line in lines if Requirement(line).name not in apart]


def copy_tests(project: Project, folder: Path) -> None:
    """Copy all that git knows, but the packages' sources, and link the programs that check books.

    Raises:
        ToolError: What is left out of the tests is not there, so that the list says something untrue.
    """
    gone = [name for name in LEFT_OUT if not any(_is_in(each, (name,)) for each in project.tracked)]
    if gone:
        message = (
            f"{', '.join(gone)}: is left out of the tests, and is not there; see LEFT_OUT in tools/release/installed.py"
        )
        raise ToolError(message)
    for name in project.tracked:
        if not _is_in(name, (*PACKAGES.values(), "custom", *LEFT_OUT)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project.root / name, folder / name)
    (folder / ".books").symlink_to(project.root / ".books")


def _is_in(name: str, places: Iterable[str]) -> bool:
    """Whether a file is one of some files, or in one of some folders."""
    return any(name == place or name.startswith(f"{place}/") for place in places)


def check_origin(python: Path, folder: Path) -> None:
    """See that tests in a folder import what is installed.

    Raises:
        ToolError: They would import something else.
    """
    for line in run([python, "-c", _WHERE], cwd=folder, seconds=60).splitlines():
        if "site-packages" not in Path(line).parts or not Path(line).is_relative_to(python.parent.parent):
            message = f"{line}: is not what was installed into {python.parent.parent}"
            raise ToolError(message)


def run_suite(python: Path, folder: Path, processes: int = 2) -> Tally:
    """Run the tests in a folder, as ``make test`` does.

    Args:
        python: Of the environment that has the wheel.
        folder: Where the tests are.
        processes: How many run them; 0 for this one alone.

    Raises:
        ToolError: One failed or was skipped, or there were too few.
    """
    report = folder / "report.xml"
    suite = ["--numprocesses", str(processes), "--dist", "loadfile", "--quiet", f"--junit-xml={report}"]
    error: ToolError | None = None
    try:
        run([python, "-m", "pytest", *suite], cwd=folder, seconds=_SUITE, tell=True)
    except ToolError as ended:
        error = ended
    tally = read_report(report)
    if error is not None or tally.failed or tally.skipped:
        message = f"against the installed wheel {tally.failed} tests failed and {tally.skipped} were skipped"
        raise ToolError(message) from error
    if tally.passed < LEAST:
        message = (
            f"only {tally.passed} tests ran against the installed wheel; LEAST in tools/release/installed.py is {LEAST}"
        )
        raise ToolError(message)
    return tally


def read_report(path: Path) -> Tally:
    """How many tests a report tells of.

    Args:
        path: JUnit's XML, as pytest writes it.

    Raises:
        ToolError: It is no report.
    """
    try:
        suites = list(ElementTree.parse(path).getroot().iter("testsuite"))  # noqa: S314 - written a moment ago
    except (OSError, ElementTree.ParseError) as error:
        message = f"{path}: is no report of tests ({error}); they did not come to their end"
        raise ToolError(message) from error
    counts = {
        name: sum(int(suite.get(name, 0)) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    }
    failed = counts["failures"] + counts["errors"]
    return Tally(counts["tests"] - failed - counts["skipped"], failed, counts["skipped"])
