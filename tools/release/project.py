"""What the project says of itself: the files that belong into a release, and its metadata."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import attrs

from ..errors import ToolError
from ..run import run

PACKAGES: Final = {"brex_accounting_client": "brex_accounting_client", "brex_accounting": "custom/brex_accounting"}
"""Folders of the wheel, and where they are in the project."""

ADDED: Final[Mapping[str, str]] = {
    "brex_accounting/vendored/LICENSE": "LICENSE",
    "brex_accounting/spec/inputs/openapi": "openapi",
    "brex_accounting/spec/inputs/generator-config.yaml": "generator-config.yaml",
}
"""What the wheel has besides by pyproject's ``force-include``: a file or folder in the wheel, and in the project."""


@attrs.frozen
class Project:
    """The project as a release shall have it.

    Attributes:
        root: Its folder.
        table: ``[project]`` of pyproject.toml.
        version: As ``brex_accounting.__version__`` has it.
        tracked: The files that git knows, relative to the folder.
    """

    root: Path
    table: Mapping[str, Any]
    version: str
    tracked: tuple[str, ...]

    @classmethod
    def at(cls, root: Path) -> Self:
        """The project in a folder.

        Raises:
            ToolError: It has no version, no metadata or no git.
        """
        source = (root / "custom" / "brex_accounting" / "version.py").read_text(encoding="utf-8")
        version = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)
        if version is None:
            message = 'custom/brex_accounting/version.py: has no line __version__ = "..."'
            raise ToolError(message)
        tracked = run(["git", "ls-files", "-z"], cwd=root, seconds=60).split("\0")
        table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return cls(root, table, version[1], tuple(sorted(name for name in tracked if (root / name).is_file())))

    @property
    def stem(self) -> str:
        """How the names of its archives begin."""
        return f"{str(self.table['name']).replace('-', '_')}-{self.version}"

    def wheel_files(self) -> dict[str, Path]:
        """The files of both packages and what is added: place in the wheel, and here."""
        found: dict[str, Path] = {}
        for target, source in {**PACKAGES, **ADDED}.items():
            for name in self.tracked:
                if name == source or name.startswith(f"{source}/"):
                    found[target + name.removeprefix(source)] = self.root / name
        return found
