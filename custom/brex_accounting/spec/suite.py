"""The project's own tests: run on a tree that is not yet in its place, and told what a new document says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from attrs import frozen

from ..errors import SpecError
from .layout import Layout

_WHOLE = ("--numprocesses", "2", "--dist", "loadfile")
_ENVIRONMENTS = (".venv", ".tools", ".books")
_PASSED_OVER = ("__pycache__", ".*_cache", ".git", ".demo", ".generate-*", ".hypothesis", "dist", *_ENVIRONMENTS)


@frozen(kw_only=True)
class Suite:
    """What to run.

    Attributes:
        arguments: Arguments of pytest, None for the whole suite.
    """

    arguments: tuple[str, ...] | None = None

    def run(self, layout: Layout, made: Path, folder: Path) -> None:
        """Run the tests on a copy of the project in which some files and folders are new.

        Args:
            layout: The project.
            made: The new files and folders, each where the layout says; a folder takes the place of the whole old one.
            folder: Where the copy is made; nothing is there yet.

        Raises:
            SpecError: A test fails, or there is none to run.
        """
        ignored = shutil.ignore_patterns(*_PASSED_OVER)
        shutil.copytree(layout.root, folder, ignore=ignored, symlinks=True)
        shutil.rmtree(folder / layout.package, ignore_errors=True)
        shutil.copytree(made, folder, dirs_exist_ok=True)
        for name in _ENVIRONMENTS:
            if (layout.root / name).exists():
                (folder / name).symlink_to(layout.root / name, target_is_directory=True)
        paths = os.pathsep.join([str(folder / "custom"), str(folder)])
        arguments = _WHOLE if self.arguments is None else self.arguments
        command = [sys.executable, "-m", "pytest", *arguments]
        done = subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": paths}, check=False)
        if done.returncode != 0:
            message = (
                f"the tests do not pass on the new tree (pytest ended with {done.returncode}); nothing has changed. "
                "Put right what they name and run this again; --tests chooses what is run, --no-tests leaves them"
            )
            raise SpecError(message)


NOT_EMULATED = "tests/emulator/not_emulated.txt"
"""Where the tests list what documents have and the emulator has not yet."""


def facts_of(layout: Layout, document: Path) -> str:
    """What a document says, as the tests' own reader writes it down; they hold every later state of it to that.

    Raises:
        SpecError: The reader cannot read it.
    """
    return _written_by(layout, "tests.spec.published_facts", document)


def deviations_of(layout: Layout, documents: Path, bundle: Path) -> str:
    """In what a bundle differs from the documents of a folder, as the tests' own reader writes it down.

    Raises:
        SpecError: The reader cannot read them.
    """
    return _written_by(layout, "tests.spec.deviation_facts", documents, bundle)


def _written_by(layout: Layout, reader: str, *arguments: Path) -> str:
    command = [sys.executable, "-m", reader, *map(str, arguments)]
    done = subprocess.run(command, cwd=layout.root, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        message = f"{reader} cannot read the new documents:\n{done.stderr.strip()}"
        raise SpecError(message)
    return done.stdout


__all__ = ["NOT_EMULATED", "Suite", "deviations_of", "facts_of"]
