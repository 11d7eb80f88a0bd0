"""The tests of the client, made to test a copy under another name: in a folder with blanks, without the original."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Collection, Iterable
from pathlib import Path
from xml.etree import ElementTree

from brex_accounting.vendoring.rewriting import rewritten

ROOT = Path(__file__).parents[2]
PARENT = "acme_erp._vendor"

# A dotted name, wherever a text has one, but neither a path nor a part of a longer word.
_NAME = re.compile(r"(?<![\w./-])(brex_accounting(?:_client)?)(?![\w/-])")


class Suite:
    """The tests, beside a copy of all parts.

    Args:
        root: A folder that has a copy as ``acme_erp._vendor`` and cannot import the original.
        selection: Names of files with tests, such as ``tests/test_errors.py``; all by default. What is none stays.
    """

    def __init__(self, root: Path, selection: Collection[str] = ()) -> None:
        self.root = root
        for name in ("tests", "examples"):
            for file in sorted((ROOT / name).rglob("*")):
                inner = file.relative_to(ROOT)
                is_test = file.name.startswith("test_") and file.name != "test_readme.py"  # others import from that
                if not file.is_file() or "__pycache__" in file.parts:
                    continue
                if not is_test or not selection or inner.as_posix() in selection:
                    (root / inner).parent.mkdir(parents=True, exist_ok=True)
                    (root / inner).write_bytes(_moved(file) if file.suffix == ".py" else file.read_bytes())
        for name in ("docs", "openapi"):
            shutil.copytree(ROOT / name, root / name)
        for name in ("README.md", "Makefile", "pyproject.toml"):
            shutil.copy(ROOT / name, root)
        (root / ".books").symlink_to(ROOT / ".books")

    def run(self, selection: Iterable[str], *, numprocesses: int = 0, timeout: float) -> dict[str, str]:
        """Run some of the tests and give the outcome of each.

        Args:
            selection: What pytest is told to run.
            numprocesses: How many processes run tests beside the one that is started.
            timeout: Seconds that it may take.
        """
        report = self.root / "report.xml"
        report.unlink(missing_ok=True)
        command = [*_PYTEST, *selection, f"--numprocesses={numprocesses}", "--dist=loadfile", f"--junitxml={report}"]
        ended = subprocess.run(
            command, cwd=self.root, env=self.environment(), capture_output=True, text=True, timeout=timeout, check=False
        )
        if not report.exists():
            raise AssertionError(ended.stdout + ended.stderr)
        return {f"{case.get('classname')}::{case.get('name')}": _outcome(case) for case in _cases(report)}

    def environment(self) -> dict[str, str]:
        """What a process that imports the copy, and not the original, has to have."""
        return {**os.environ, "PYTHONPATH": str(self.root), "HYPOTHESIS_PROFILE": "quick"}


_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def _moved(file: Path) -> bytes:
    """A test module with the copy in the place of the original, in imports and in texts."""
    source = rewritten(file.name, file.read_bytes(), PARENT).decode()
    lines = list(io.StringIO(source, newline=""))
    for token in reversed(list(tokenize.generate_tokens(iter(lines).__next__))):
        if token.type == tokenize.STRING:
            (first, start), (last, end) = token.start, token.end
            text = _NAME.sub(rf"{PARENT}.\1", token.string)
            lines[first - 1 : last] = [lines[first - 1][:start] + text + lines[last - 1][end:]]
            lines[first:first] = [""] * (last - first)
    return "".join(lines).encode()


def _cases(report: Path) -> Iterable[ElementTree.Element]:
    return ElementTree.parse(report).iter("testcase")


def _outcome(case: ElementTree.Element) -> str:
    found = [child for child in case if child.tag in ("failure", "error", "skipped")]
    return f"{found[0].tag}: {found[0].get('message')}" if found else "passed"
