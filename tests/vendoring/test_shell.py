"""What people are told to type: what is there in a copy is something else than in an installation."""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from brex_accounting import shell
from brex_accounting.cli import export_mapping
from brex_accounting.vendoring.update import create
from tests.vendoring import sources


@pytest.fixture
def copied(tmp_path: Path) -> ModuleType:
    """The module, as it would be in a copy."""
    place = tmp_path / "acme erp" / "_vendor"
    create(place, source=sources.source())
    file = place / "brex_accounting" / "shell.py"
    file.write_bytes(Path(shell.__file__).read_bytes())
    spec = importlib.util.spec_from_file_location("acme_erp._vendor.brex_accounting.shell", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestCommand:
    def test_installed(self) -> None:
        """An installation has a script."""
        assert "brex-accounting" == shell.COMMAND

    def test_copy(self, copied: ModuleType) -> None:
        """A copy has a module."""
        assert "python -m acme_erp._vendor.brex_accounting" == copied.COMMAND


class TestInstall:
    def test_installed(self) -> None:
        """An installation has extras."""
        assert "pip install 'brex-accounting-client[cli]'" == shell.install("cli")

    def test_copy(self, copied: ModuleType, tmp_path: Path) -> None:
        """A copy has a file, which is there, and is named so that a shell takes it."""
        *command, file = shlex.split(copied.install("cli"))
        assert ["pip", "install", "--requirement"] == command
        assert tmp_path / "acme erp/_vendor/brex_accounting/vendored/requirements.txt" == Path(file)
        assert "httpx" in Path(file).read_text()


class TestMapping:
    def test_copy(self, tmp_path: Path) -> None:
        """The mapping to begin with names the command line of the copy."""
        place = tmp_path / "acme_erp" / "_vendor"
        create(place, source=sources.source(), parts=["cli"])
        for module in (shell, export_mapping):
            name = module.__name__.replace(".", "/")
            (place / f"{name}.py").write_bytes(Path(module.__file__ or "").read_bytes())
        code = "from acme_erp._vendor.brex_accounting.cli import export_mapping; print(export_mapping.EXAMPLE)"
        ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "`python -m acme_erp._vendor.brex_accounting export plan` shows" in ran.stdout
        assert "brex-accounting " not in ran.stdout
