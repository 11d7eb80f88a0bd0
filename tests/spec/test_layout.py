"""Where the parts of a project are: in a checkout, and in a copy of the packages under another name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from brex_accounting.errors import SpecError
from brex_accounting.spec.layout import Layout, Tools

from .documents import ACCOUNTING, PACKAGE, PROJECT, TOOLS, published, snapshot


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The two packages below a parent of another name, in a folder with blanks, with what they are made from."""
    parent = tmp_path / "an erp" / "acme_erp" / "_vendor"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "custom" / "brex_accounting", parent / "brex_accounting", ignore=ignore)
    shutil.copytree(PROJECT / PACKAGE, parent / PACKAGE, ignore=ignore)
    inputs = parent / "brex_accounting" / "spec" / "inputs"
    shutil.copytree(PROJECT / "openapi", inputs / "openapi", ignore=ignore)
    shutil.copy(PROJECT / "generator-config.yaml", inputs)
    for package in (parent, parent.parent):
        (package / "__init__.py").touch()
    for module in (parent / "brex_accounting").rglob("*.py"):
        dots = "." * len(module.relative_to(parent).parts)
        text = module.read_text(encoding="utf-8")
        module.write_text(re.sub(rf"from {PACKAGE}\b", f"from {dots}{PACKAGE}", text), encoding="utf-8")
    return parent


def run(copy: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the spec tools of a copy from the folder that its parent package is in."""
    command = [sys.executable, "-m", "acme_erp._vendor.brex_accounting.spec", *map(str, arguments)]
    folder = copy.parents[1]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False, timeout=300
    )


class TestLayout:
    def test_a_checkout(self, tmp_path: Path) -> None:
        """The parts of the project are where they are."""
        layout = Layout.find(PROJECT)
        assert layout.is_checkout
        for name in (layout.openapi, layout.settings, layout.package, layout.emulated, layout.facts):
            assert name is not None
            assert layout.path(name).exists()
        assert tmp_path / "openapi" == layout.at(tmp_path).documents

    def test_the_folder_that_one_is_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a root, and without inputs of its own, it is the checkout in the current folder."""
        monkeypatch.chdir(tmp_path)
        assert Layout.checkout(tmp_path) == Layout.find()

    def test_a_copy(self, copy: Path) -> None:
        """A copy's folder is told by the inputs in its package; it has no facts, since it has no tests."""
        layout = Layout.find(copy)
        assert not layout.is_checkout
        assert copy.resolve() == layout.root
        assert layout.facts is None
        for name in (layout.openapi, layout.settings, layout.package, layout.emulated):
            assert name is not None
            assert layout.path(name).exists()

    def test_a_copy_without_the_emulator(self, copy: Path) -> None:
        """Where that part is left out, no documents are made for it."""
        shutil.rmtree(copy / "brex_accounting" / "emulator")
        layout = Layout.find(copy)
        assert (None, {}) == (layout.emulated, layout.emulator_copies((ACCOUNTING,)))


class TestTools:
    def test_a_folder_that_is_given(self, tmp_path: Path) -> None:
        """A folder is taken at its word."""
        tools = Tools.find(Layout.checkout(tmp_path), Path("some/bin"))
        assert str(Path.cwd() / "some" / "bin" / "ruff") == tools.program("ruff")

    def test_of_a_checkout(self, tmp_path: Path) -> None:
        """The project's own are in its tool environment, wherever one calls from."""
        tools = Tools.find(Layout.checkout(tmp_path))
        assert str(tmp_path / ".tools" / "bin" / "ruff") == tools.program("ruff")

    def test_of_a_copy(self, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A copy's are beside its Python, or in PATH."""
        tools = Tools.find(Layout.find(copy))
        assert str(Path(sys.executable).parent / "ruff") == tools.program("ruff")
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
        monkeypatch.setenv("PATH", str(TOOLS))
        assert str(TOOLS / "openapi-python-client") == tools.program("openapi-python-client")

    def test_nowhere(self, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where there is none, the error says what to install."""
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(SpecError) as caught:
            Tools.find(Layout.find(copy)).program("openapi-python-client")
        message = str(caught.value)
        assert message.startswith("openapi-python-client is neither beside ")
        assert re.search(
            r" nor in PATH; install what .*generator-requirements\.txt lists, .* name its bin by --tools$", message
        )


class TestCopy:
    @pytest.mark.soak
    def test_it_is_current(self, copy: Path) -> None:
        """A copy checks itself with the generator, to the same bytes as the project."""
        ran = run(copy, "check", "--tools", TOOLS)
        assert (0, "") == (ran.returncode, ran.stderr)

    @pytest.mark.soak
    def test_it_updates_itself(self, copy: Path, tmp_path: Path) -> None:
        """A copy takes over a new document by itself: its inputs, its client and its emulator; nothing else."""
        tree = json.loads(json.dumps(published(ACCOUNTING)))
        tree["components"]["schemas"]["Vendor"]["properties"]["tax_code"] = {"type": "string"}
        (tmp_path / "new document.json").write_text(json.dumps(tree), encoding="utf-8")
        before = snapshot(copy)
        ran = run(copy, "update", tmp_path / "new document.json", "--tools", TOOLS)
        assert (0, "") == (ran.returncode, ran.stderr)
        assert "tests: none here; a copy of the packages has none of its own" in ran.stdout
        after = snapshot(copy)
        inputs = "brex_accounting/spec/inputs/openapi"
        assert {
            f"{inputs}/accounting_api.yaml",
            f"{inputs}/bundle.yaml",
            f"{inputs}/CHANGES.md",
            "brex_accounting/emulator/documents/accounting_api.json",
            f"{PACKAGE}/models/vendor.py",
        } == {name for name in {*before, *after} if before.get(name) != after.get(name)}
        assert b"tax_code: " in after[f"{PACKAGE}/models/vendor.py"]
        assert 0 == run(copy, "check", "--tools", TOOLS).returncode

    def test_it_says_what_is_wrong(self, copy: Path, tmp_path: Path) -> None:
        """An error in a copy is a line and a status, and changes nothing."""
        before = snapshot(copy)
        (tmp_path / "new.yaml").write_text("<html>", encoding="utf-8")
        ran = run(copy, "update", tmp_path / "new.yaml")
        assert (1, "") == (ran.returncode, ran.stdout)
        assert ran.stderr.startswith("error: new.yaml: is a web page")
        assert before == snapshot(copy)
