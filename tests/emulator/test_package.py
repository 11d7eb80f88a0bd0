"""What users import from the emulator."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from brex_accounting import emulator


class TestPackage:
    def test_exports(self) -> None:
        """__all__ is what is visible, in order, and every name of it resolves."""
        assert sorted(emulator.__all__) == dir(emulator)
        assert [] == [name for name in emulator.__all__ if getattr(emulator, name, None) is None]

    def test_type_checkers_see_the_same(self) -> None:
        """What is imported for type checkers is what is imported when it is used, from the same modules."""
        source = ast.parse(Path(emulator.__file__).read_text())
        block = next(
            node for node in source.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        )
        seen = {
            (node.module, name.name) for node in block.body if isinstance(node, ast.ImportFrom) for name in node.names
        }
        assert seen == {(home, name) for home, names in emulator._HOMES.items() for name in names}
        assert {name for _, name in seen} == set(emulator.__all__)

    def test_unknown_name(self) -> None:
        """A name that is none of its own says so."""
        with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
            _ = emulator.Nothing

    def test_starts_light(self) -> None:
        """The package and its command line come without what only a server needs."""
        code = (
            "import sys, brex_accounting.emulator; print(*{'starlette', 'uvicorn', 'jsonschema_rs'} & set(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert "" == done.stdout.strip()

    def test_stands_alone(self) -> None:
        """Not even at run time does the emulator load the client that it is held against."""
        code = (
            "import sys, brex_accounting.emulator.app; "
            "print(*{'httpx', 'brex_accounting_client', 'brex_accounting.transport'} & set(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert "" == done.stdout.strip()
