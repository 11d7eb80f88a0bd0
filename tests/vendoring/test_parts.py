"""What each part of a copy needs is what it imports."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from brex_accounting import exports
from brex_accounting.errors import VendorError
from brex_accounting.vendoring.imports import imported
from brex_accounting.vendoring.parts import PARTS, is_module, part_of, select
from brex_accounting.vendoring.source import Source

from . import sources

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]

# What a name that is imported is called where it is installed from.
DISTRIBUTIONS = {
    "attr": "attrs",
    "dateutil": "python-dateutil",
    "httpcore": "httpx",
    "jsonpath_rfc9535": "jsonpath-rfc9535",
    "jsonschema_rs": "jsonschema-rs",
    "openapi_spec_validator": "openapi-spec-validator",
    "ruamel": "ruamel.yaml",
}


@pytest.fixture(scope="module")
def imports(running: Source) -> dict[str, set[str]]:
    """What each module of the packages imports when it runs, by its place in a copy."""
    return {path: imported(path, text) for path, text in running.files.items() if is_module(path)}


def parts_in(names: set[str]) -> set[str]:
    return {part_of(name.replace(".", "/") + "/") for name in names}


def distribution(requirement: str) -> str:
    return re.split(r"[<>=\[]", requirement)[0]


def extra(name: str) -> set[str]:
    """The requirements of an extra, with those of other extras that it names."""
    found: set[str] = set()
    for line in PROJECT["optional-dependencies"][name]:
        inner = re.fullmatch(r"brex-accounting-client\[(.*)\]", line)
        found |= set().union(*(extra(one) for one in inner[1].split(","))) if inner else {line}
    return found


class TestClosure:
    @pytest.mark.parametrize(
        ("part", "needs"),
        [
            ("core", set()),
            ("export", {"core"}),
            ("emulator", {"core"}),
            ("testing", {"core", "export"}),
            ("cli", {"core", "export", "vendoring"}),
            ("spec", {"core", "vendoring"}),
            ("vendoring", {"core"}),
        ],
    )
    def test_what_parts_import(self, imports: dict[str, set[str]], part: str, needs: set[str]) -> None:
        """Each part imports these others, and none but these."""
        found = set().union(*(parts_in(names) for path, names in imports.items() if part_of(path) == part))
        assert needs == found - {part}

    def test_what_is_imported_comes_along(self) -> None:
        """What a part imports is added, and what that imports; what nothing imports is not."""
        assert ("core",) == select(sources.FILES, ()).parts
        assert ("core", "export") == select(sources.FILES, ["export"]).parts
        assert ("core", "export", "cli") == select(sources.FILES, ["cli"]).parts

    def test_vendoring_comes_with_what_imports_it(self) -> None:
        """What makes copies comes along only where something imports it."""
        files = {**sources.FILES, "brex_accounting/vendoring/__init__.py": b""}
        assert not select(files, ["cli"]).shared
        files["brex_accounting/cli/vendor.py"] = b"def f():\n    from ..vendoring import update\n"
        assert select(files, ["cli"]).shared
        assert not select(files, ["export"]).shared

    def test_the_reason_is_shown(self) -> None:
        """A part that nobody asked for comes with the module that imports it."""
        selection = select(sources.FILES, ["cli"])
        assert {"export": "cli needs it: brex_accounting/cli/__init__.py imports it"} == selection.added

    def test_type_checkers_find_it_all(self, running: Source) -> None:
        """What modules import for type checkers alone is of the parts that they import when they run."""
        for path, text in running.files.items():
            if is_module(path) and b"if TYPE_CHECKING:" in text:
                needs = {"cli": {"export", "vendoring"}, "spec": {"vendoring"}, "testing": {"export"}}
                everything = imported(path, text.replace(b"if TYPE_CHECKING:", b"if True:"))
                assert parts_in(everything) <= {"core", part_of(path), *needs.get(part_of(path), ())}, path

    def test_names_of_parts(self) -> None:
        """The parts that can be left out are the same everywhere."""
        assert set(PARTS) - {"core"} == set(exports.PARTS)

    @pytest.mark.parametrize(
        ("path", "part"),
        [
            ("brex_accounting/client.py", "core"),
            ("brex_accounting/exports.py", "core"),
            ("brex_accounting/__main__.py", "cli"),
            ("brex_accounting/export/__init__.py", "export"),
            ("brex_accounting/emulator/documents/team_api.json", "emulator"),
            ("brex_accounting/spec/inputs/openapi/bundle.yaml", "spec"),
            ("brex_accounting/vendoring/parts.py", "vendoring"),
            ("brex_accounting_client/export/x.py", "core"),
        ],
    )
    def test_part_of(self, path: str, part: str) -> None:
        """A file belongs to the part whose folder it is in."""
        assert part == part_of(path)

    def test_unknown_part(self) -> None:
        """A name that is no part is refused, with those that are."""
        with pytest.raises(
            VendorError, match=r"^parts: there is no part 'exports'; the parts are core, export, emulator"
        ):
            select(sources.FILES, ["exports"])

    def test_part_that_is_not_there(self) -> None:
        """A copy without a part cannot give it to another copy."""
        with pytest.raises(VendorError, match=r"has no 'emulator' itself; run it from a whole installation"):
            select(sources.FILES, ["emulator"])


class TestRequirements:
    def test_bounds(self) -> None:
        """The requirements of each part are those of the wheel and its extra, bounds included."""
        assert set(PROJECT["dependencies"]) == set(PARTS["core"].requirements)
        for name in ("cli", "emulator", "testing", "spec"):
            assert extra(name) == set(PARTS[name].requirements), name
        assert () == PARTS["export"].requirements

    @pytest.mark.parametrize("part", [*PARTS, "vendoring"])
    def test_cover_what_is_imported(self, imports: dict[str, set[str]], part: str) -> None:
        """What a part imports is of Python, of the copy, or among what it or the core takes to run."""
        lines = {*PARTS["core"].requirements, *(PARTS[part].requirements if part in PARTS else ())}
        allowed = {distribution(line) for line in lines} | {"brex_accounting", "brex_accounting_client"}
        for path, names in imports.items():
            if part_of(path) == part:
                outside = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
                assert {DISTRIBUTIONS.get(name, name) for name in outside} <= allowed, path


class TestImports:
    @pytest.mark.parametrize(
        ("source", "names"),
        [
            ("import a.b, c as d", {"a.b", "c"}),
            ("from a import b", {"a", "a.b"}),
            ("from . import b", {"p.q", "p.q.b"}),
            ("from ..r import b", {"p.r", "p.r.b"}),
            ("def f():\n    import a", {"a"}),
            ("try:\n    import a\nexcept E:\n    import b", {"a", "b"}),
            ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", {"b"}),
            ("if not TYPE_CHECKING:\n    import a", {"a"}),
            ("x = 'import a'", set()),
        ],
    )
    def test_forms(self, source: str, names: set[str]) -> None:
        """What runs is listed by its full name; what is for type checkers is not."""
        assert names == imported("p/q/m.py", source.encode())
