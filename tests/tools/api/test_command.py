"""``python -m tools.api``, and the project's own record."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools import files
from tools.api.__main__ import ROOTS, main
from tools.api.changelog import tell
from tools.api.changes import parent
from tools.api.surface import Surface, read

from .made_up import PACKAGE, write

ROOT = Path(__file__).parents[3]
OLD = '__all__ = ["f"]\ndef f(a: int = 1) -> None: ...\n'
NEW = '__all__ = ["f", "g"]\ndef f(a: int = 2) -> None: ...\ndef g() -> None: ...\n'
REMEDY = "run `make accept-api`, and review what it writes"
HEADING = "# Changelog\n\n## [Unreleased]\n"
TOLD = """\
# Changelog

## [Unreleased]

### Added

- `made_up.g` is new: `function -> None`

### Changed

- **Breaking:** `made_up.f(a)`: `int = 1, argument 1` → `int = 2, argument 1`
"""


class Project:
    """A project in a folder with a space in its name."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a project"
        self.record, self.changelog = self.root / "api" / "public.json", self.root / "CHANGELOG.md"
        self.set(OLD)
        self.changelog.write_text(HEADING)

    def set(self, source: str) -> None:
        write(self.root, {"__init__": source})

    def run(self, command: str) -> int:
        return main([command, "--root", str(self.root), "--module", PACKAGE])

    def state(self) -> tuple[str, str]:
        return self.record.read_text(), self.changelog.read_text()

    def accepted(self) -> Project:
        assert 0 == self.run("accept")
        return self


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


class TestAccept:
    def test_the_first_record(self, project: Project) -> None:
        """It writes one element a line, sorted, and announces nothing."""
        project.accepted()
        kind = '"kind": "parameter", "type": "int", "default": "1", "argument": "positional or keyword", "position": 0'
        expected = (
            '{\n  "made_up.f": {"kind": "function", "returns": "None"},\n  "made_up.f(a)": {' + kind + "}\n}\n",
            HEADING,
        )
        assert expected == project.state()

    def test_tells_changes(self, project: Project) -> None:
        """A change is in the record and the changelog, and a second run adds nothing."""
        project.accepted().set(NEW)
        assert TOLD == project.accepted().changelog.read_text()
        state = project.state()
        assert state == project.accepted().state()

    def test_taken_back(self, project: Project) -> None:
        """What is taken back before a release leaves no trace."""
        state = project.accepted().state()
        project.set(NEW)
        project.accepted().set(OLD)
        assert state == project.accepted().state()

    @pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
    @pytest.mark.parametrize("fails_at", [1, 2])
    def test_all_or_nothing(
        self, project: Project, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], fails_at: int
    ) -> None:
        """A failure or Ctrl-C at either file leaves both as they were, and no draft."""
        state = project.accepted().state()
        project.set(NEW)
        calls = iter(range(1, 9))
        replace = os.replace

        def replaced(*places: Any) -> None:
            if next(calls) == fails_at:
                raise error
            replace(*places)

        monkeypatch.setattr(files.os, "replace", replaced)
        try:
            assert 1 == project.run("accept")
        except KeyboardInterrupt:
            assert error is KeyboardInterrupt
        assert state == project.state()
        assert ["public.json"] == [path.name for path in project.record.parent.iterdir()]

    def test_no_changelog(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        """Without a changelog nothing is recorded."""
        before = project.accepted().record.read_text()
        project.set(NEW)
        project.changelog.unlink()
        assert 1 == project.run("accept")
        assert "CHANGELOG.md" in capsys.readouterr().err
        assert before == project.record.read_text()


class TestCheck:
    def test_current(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        """A record that fits ends with 0, and nothing is written."""
        state = project.accepted().state()
        capsys.readouterr()
        assert 0 == project.run("check")
        assert "public API: 2 elements, as api/public.json records it\n" == capsys.readouterr().out
        assert state == project.state()

    def test_changed(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        """Each change is told with severity, old and new form; the remedy follows, and the exit status is 1."""
        state = project.accepted().state()
        project.set(NEW)
        capsys.readouterr()
        assert 1 == project.run("check")
        assert [
            "breaking: made_up.f(a): int = 1, argument 1 → int = 2, argument 1",
            "addition: made_up.g: nothing → function -> None",
            f"public API: 3 elements, which api/public.json does not record; {REMEDY}",
        ] == capsys.readouterr().out.splitlines()
        assert state == project.state()

    def test_a_record_that_was_edited(self, project: Project) -> None:
        """A record that says the same in other words is not the record."""
        project.accepted()
        project.record.write_text(project.record.read_text().replace("  ", " "))
        assert 1 == project.run("check")

    def test_no_record(self, project: Project) -> None:
        """Nothing recorded is not as recorded."""
        assert 1 == project.run("check")

    @pytest.mark.parametrize("text", ["{", "[]", '{"f": 1}', '{"f": {}}'])
    def test_a_broken_record(self, project: Project, capsys: pytest.CaptureFixture[str], text: str) -> None:
        """A record that is none is told by its path, with the remedy, and stays as it is."""
        project.accepted().record.write_text(text)
        for command in ("check", "accept"):
            assert 1 == project.run(command)
            told = capsys.readouterr().err
            assert told.startswith(f"error: {project.record}: ")
            assert "restore it, or delete it and run `make accept-api`" in told
        assert text == project.record.read_text()


def exported() -> Iterator[tuple[str, Any]]:
    """The path and the value of each name that the project exports."""
    for root in ROOTS:
        module = importlib.import_module(root)
        for name in module.__all__:
            yield f"{root}.{name}", getattr(module, name)


def arguments(path: str, recorded: Surface) -> dict[str, tuple[str, bool]]:
    """How each argument of a class's constructor is given, and whether it may be left out, by the record."""
    while "constructor" in recorded[path]:
        path = recorded[path]["constructor"]
    found: dict[str, tuple[str, bool]] = {}
    if not any(other.startswith(f"{path}(") for other in recorded):
        for base in recorded[path].get("bases", []):
            if base in recorded:
                found |= arguments(base, recorded)
    for other, fact in recorded.items():
        if parent(other) == path and "argument" in fact:
            found[fact.get("alias", other[len(path) + 1 :].rstrip(")"))] = (fact["argument"], "default" in fact)
    return found


@pytest.fixture(scope="module")
def own() -> Surface:
    """What is public of the project itself, read anew."""
    return read(ROOTS, [ROOT / "custom", ROOT])


class TestOwnRecord:
    def test_the_changelog_is_in_form(self) -> None:
        """Telling nothing leaves every letter of the project's changelog, so a change adds its line and no more."""
        changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        assert changelog == tell(changelog, [])

    def test_every_export_is_read(self, own: Surface) -> None:
        """Each name that a public module exports at run time is found."""
        paths = [path for path, _ in exported()]
        assert len(paths) > 200
        assert [] == [path for path in paths if path not in own]

    def test_what_clients_hand_out_is_read(self, own: Surface) -> None:
        """The operations are found, whose classes no module exports."""
        for path in (
            "brex_accounting:RecordsResource.iter#1(resume)",
            "brex_accounting:ReceiptsResource.download(to)",
            "brex_accounting_client.models.AccountingRecord.review_status",
            "brex_accounting_client:OpenEnum",
        ):
            assert path in own

    def test_constructors_are_those_of_python(self, own: Surface) -> None:
        """What is read statically of each exported class is the signature that Python has, attrs classes included."""
        classes = [
            (path, value)
            for path, value in exported()
            if inspect.isclass(value) and own[path]["kind"] in ("class", "exception")
        ]
        compared = 0
        for path, value in classes:
            try:
                signature = inspect.signature(value)
            except ValueError:  # an exception that adds nothing to those of Python, written in C
                continue
            compared += 1
            assert arguments(path, own) == {
                each.name: (
                    each.kind.description.replace("-", " ").replace("variadic", "any"),
                    each.default is not inspect.Parameter.empty,
                )
                for each in signature.parameters.values()
            }, path
        assert compared > 150
