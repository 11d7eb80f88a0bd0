"""What README says of systems and Pythons is what the build does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
NAMES = {"Windows": "Windows", "Darwin": "macOS"}


class TestSystems:
    def test_what_is_checked_statically(self) -> None:
        """README names, with pyright, the systems and the Python that ``make check`` has it look at, and no others."""
        table = README.partition("# What is tested, and how\n")[2]
        claimed = set(re.findall(r"^\| Python (3\.\d+) on (\w+) \| nothing \| pyright strict \|$", table, re.MULTILINE))
        newest = re.search(r"^NEWEST := (.+)$", MAKEFILE, re.MULTILINE)
        assert newest is not None
        checks = re.findall(r"^\.check/(\w+):\n\t.*/pyright --pythonplatform (\w+) ", MAKEFILE, re.MULTILINE)
        assert {(newest[1], NAMES[system]) for _, system in checks} == claimed
        assert 2 == len(claimed)
        called = re.search(r"^CHECKS := \$\(addprefix \.check/,(.+)\)$", MAKEFILE, re.MULTILINE)
        assert called is not None
        assert set(re.findall(r"^\.check/(\w+):$", MAKEFILE, re.MULTILINE)) == set(called[1].split())

    def test_what_is_run(self) -> None:
        """The classifiers name the one Python and system on which anything is run; later Pythons may install it."""
        table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert ">=3.11" == table["requires-python"]
        assert [
            "Operating System :: POSIX :: Linux",
            "Programming Language :: Python :: 3 :: Only",
            "Programming Language :: Python :: 3.11",
        ] == [name for name in table["classifiers"] if name.startswith(("Operating", "Programming"))]

    def test_licence(self) -> None:
        """The licence is an SPDX expression and a file, and no classifier says it again."""
        table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert ("Apache-2.0", ["LICENSE"]) == (table["license"], table["license-files"])
        assert not [name for name in table["classifiers"] if name.startswith("License ::")]
        assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
