"""The whole suite of the client passes on a copy under another name, in a folder with blanks, without the original."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from brex_accounting.vendoring.parts import PARTS

from .suite import ROOT, Suite

LEFT_OUT = {
    "tests/vendoring": "makes copies itself, of a checkout",
    "tests/spec": "tests the documents and the generator in the places of a checkout",
    "tests/test_readme.py": "runs the README's code, which names the package as it is installed",
    "tests/docs": "runs the code of docs/, which does the same",
    "tests/tools": "tests the tools of a checkout, which a copy does not have",
}
"""What cannot be tested on a copy, and why."""


def collected(selection: tuple[str, ...]) -> Counter[str]:
    """How many tests of each file there are of the original, by what pytest collects."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider", *selection]
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "quick"}  # as the tests of the copy are run
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=True)
    lines = (re.fullmatch(r"(tests/\S+\.py): (\d+)", line) for line in done.stdout.splitlines())
    return Counter({match[1]: int(match[2]) for match in lines if match})


def ran(outcomes: dict[str, str]) -> Counter[str]:
    """How many tests of each file were run."""
    found: Counter[str] = Counter()
    for name in outcomes:
        module = name.partition("::")[0].split(".")
        path = Path(*[part for part in module if not part.startswith("Test")]).with_suffix(".py")
        found[path.as_posix()] += 1
    return found


@pytest.fixture
def root(made: Callable[..., Path], memory: Path) -> Iterator[Path]:
    """A folder with blanks that has a copy of all parts, for one test."""
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield shutil.copytree(made(*PARTS), Path(folder) / "a folder with blanks")


class TestSuite:
    def test_left_out(self) -> None:
        """What is left out is there, so that nothing else has taken its place unseen."""
        assert [] == [path for path in LEFT_OUT if not (ROOT / path).exists()]

    @pytest.mark.soak
    def test_whole(self, root: Path) -> None:
        """It has as many tests on the copy as on the original, file by file, and none fails."""
        selection = ("tests", *(f"--ignore={path}" for path in LEFT_OUT))
        outcomes = Suite(root).run(selection, numprocesses=2, timeout=1800)
        bad = {name: end for name, end in outcomes.items() if not end.startswith(("passed", "skipped"))}
        assert {} == bad
        assert collected(selection) == ran(outcomes)
        assert sum(collected(selection).values()) > 10_000
