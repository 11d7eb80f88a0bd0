"""Where the parts of a project are: in a checkout, or in a copy of the packages that brings its inputs along."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from attrs import evolve, frozen

from ..errors import SpecError

PACKAGE = "brex_accounting_client"

_HERE = Path(__file__).resolve().parent
_INPUTS = "spec/inputs"


@frozen(kw_only=True)
class Layout:
    """The parts of a project, as paths below its root with ``/`` between their parts.

    Attributes:
        root: The folder that all of them are in.
        openapi: The published documents, overlays, templates and what is made of them.
        settings: The generator's settings.
        package: The generated package.
        emulated: The emulator's documents, None where the emulator is left out.
        facts: What the tests hold the documents to, None where there are no tests.
        is_checkout: Whether this is the project itself, with its tests, and not a copy of its packages.
    """

    root: Path
    openapi: str
    settings: str
    package: str
    emulated: str | None
    facts: str | None
    is_checkout: bool

    @classmethod
    def checkout(cls, root: Path) -> Layout:
        """The project itself."""
        return cls(
            root=root,
            openapi="openapi",
            settings="generator-config.yaml",
            package=PACKAGE,
            emulated="custom/brex_accounting/emulator/documents",
            facts="tests/spec/facts",
            is_checkout=True,
        )

    @classmethod
    def copy(cls, package: Path) -> Layout:
        """A copy of the packages, vendored or installed, under whatever parent.

        Args:
            package: The folder of the copy's ``brex_accounting``; the generated package is beside it.
        """
        name = package.name
        return cls(
            root=package.parent,
            openapi=f"{name}/{_INPUTS}/openapi",
            settings=f"{name}/{_INPUTS}/generator-config.yaml",
            package=PACKAGE,
            emulated=f"{name}/emulator/documents" if (package / "emulator").is_dir() else None,
            facts=None,
            is_checkout=False,
        )

    @classmethod
    def find(cls, root: Path | None = None) -> Layout:
        """The project to work on.

        Args:
            root: A checkout's folder, or the folder of a copy's two packages. Without one: the copy that this module is
                part of, if it brings its inputs along, and else the checkout in the current folder.
        """
        if root is None:
            mine = _HERE.parent
            return cls.copy(mine) if (mine / _INPUTS).is_dir() else cls.checkout(Path.cwd())
        root = root.resolve()
        for package in sorted(root.glob("*")) if not (root / "openapi").is_dir() else []:
            if (package / _INPUTS).is_dir():
                return cls.copy(package)
        return cls.checkout(root)

    def at(self, root: Path) -> Layout:
        """The same parts below another root."""
        return evolve(self, root=root)

    def path(self, name: str) -> Path:
        """Where a part is, by its path below the root."""
        return self.root / name

    @property
    def documents(self) -> Path:
        """The folder of the published documents."""
        return self.root / self.openapi

    @property
    def papers(self) -> tuple[str, ...]:
        """What is generated beside the package and the emulator's documents."""
        return (f"{self.openapi}/bundle.yaml", f"{self.openapi}/DEVIATIONS.md")

    def emulator_copies(self, documents: tuple[str, ...]) -> dict[str, str]:
        """Published document to the emulator's copy of it; empty where the emulator is left out."""
        if self.emulated is None:
            return {}
        return {name: f"{self.emulated}/{Path(name).with_suffix('.json').name}" for name in documents}


@frozen(kw_only=True)
class Tools:
    """Where the generator and its ruff are looked for."""

    folder: Path | None
    is_checkout: bool

    @classmethod
    def find(cls, layout: Layout, folder: Path | None = None) -> Tools:
        """The programs of a folder; without one, those of the project's tool environment, or of this Python or PATH."""
        if folder is None and layout.is_checkout:
            folder = layout.root / ".tools" / "bin"
        return cls(folder=None if folder is None else folder.absolute(), is_checkout=layout.is_checkout)

    def program(self, name: str) -> str:
        """A program to run.

        Raises:
            SpecError: It is nowhere; the text says what to install.
        """
        if self.folder is not None:
            return str(self.folder / name)
        found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
        if found is None:
            message = f"{name} is neither beside {sys.executable} nor in PATH; {self.remedy}"
            raise SpecError(message)
        return found

    @property
    def remedy(self) -> str:
        """What to do where a program cannot be run."""
        if self.is_checkout:
            return "`make install` puts it into the tool environment"
        requirements = _HERE / "inputs" / "openapi" / "generator-requirements.txt"
        return f"install what {requirements} lists, best into an environment of its own, and name its bin by --tools"


__all__ = ["PACKAGE", "Layout", "Tools"]
