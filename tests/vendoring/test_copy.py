"""A copy as users have it: without what it was made of and what was left out, moved, and beside another version."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.vendoring.parts import PARTS, is_module
from brex_accounting.vendoring.source import Source
from brex_accounting.vendoring.update import check

from .conftest import block
from .sources import tree
from .suite import Suite

SLICE = (
    "tests/client/test_numbers.py",
    "tests/export/test_policy.py",
    "tests/resources/test_company.py",
    "tests/transport/test_refusals.py",
)

# Imports every module, and uses every name that the packages hand out.
EVERYTHING = """
import importlib, pkgutil, sys
package = sys.argv[1]
for name in ("brex_accounting", "brex_accounting_client"):
    root = importlib.import_module(f"{package}.{name}")
    for module in pkgutil.walk_packages(root.__path__, f"{package}.{name}."):
        if not module.name.endswith("__main__") and ".spec.inputs" not in module.name:
            importlib.import_module(module.name)
for name, module in list(sys.modules.items()):
    if name.startswith(package) and hasattr(module, "__all__"):
        for exported in module.__all__:
            getattr(module, exported)
ours = [name for name in sys.modules if "brex_accounting" in name]
assert ours and all(name.startswith(package + ".") for name in ours), ours
print(len(ours))
"""


def python(root: Path, *arguments: str) -> str:
    """What a Python prints that finds the copy, and not the original."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


def strings(tree: ast.Module) -> Iterator[str]:
    """The texts of a module that are no docstrings."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


class TestParts:
    @pytest.mark.parametrize(
        "parts",
        [
            tuple(PARTS),
            *(pytest.param((part,), marks=pytest.mark.soak) for part in PARTS),
        ],
        ids=",".join,
    )
    def test_work_alone(self, made: Callable[..., Path], parts: tuple[str, ...]) -> None:
        """Every module of a copy can be imported, every name used, without the original and the other parts."""
        root = made(*parts)
        assert int(python(root, "-c", EVERYTHING, "acme_erp._vendor")) > 150
        assert check(root / "acme_erp" / "_vendor", source=Source.running()).is_clean

    def test_left_out(self, made: Callable[..., Path]) -> None:
        """A part that was left out is not there, and whoever asks the package for it is told so."""
        root = made()
        inner = root / "acme_erp" / "_vendor" / "brex_accounting"
        assert [] == [name for name in (*PARTS, "vendoring", "__main__.py") if (inner / name).exists()]
        code = """
try:
    from acme_erp._vendor.brex_accounting import emulator
except ModuleNotFoundError as error:
    print(error)
try:
    from acme_erp._vendor.brex_accounting import emulators
except ImportError as error:
    print(type(error).__name__)
"""
        assert (
            "acme_erp._vendor.brex_accounting.emulator: this copy was made without the part 'emulator'; make it again "
            "with --parts that name it too\nImportError\n"
        ) == python(root, "-c", code)

    def test_command_of_a_part_that_was_left_out(self, made: Callable[..., Path], memory: Path) -> None:
        """The command line of a copy has the commands of its parts, and says of others what they take."""
        root = shutil.copytree(made(*PARTS), memory / "without the emulator")  # so that Python need not compile it
        shutil.rmtree(root / "acme_erp" / "_vendor" / "brex_accounting" / "emulator")
        code = """
import contextlib, io, sys
from acme_erp._vendor.brex_accounting.cli import main
print([line.split()[0] for line in (main(["--help"]), "")[1:] if line])
sys.stderr = sys.stdout
print(main(["emulator", "--print-env"]))
"""
        out = python(root, "-c", code).splitlines()
        commands = [line.split()[0] for line in out[out.index("Commands:") + 1 :] if line.startswith("  ")]
        assert ["auth", "export", "integrations", "records", "vendor", "version"] == commands
        line = "this copy was made without the part 'emulator'; make it again with --parts that name it too"
        assert [
            "unset BREX_ACCESS_TOKEN BREX_BASE_URL BREX_ISSUER; false",
            f"error: acme_erp._vendor.brex_accounting.emulator: {line}",
            "2",
        ] == out[-3:]


class TestPlaces:
    def test_can_be_moved(self, made: Callable[..., Path], memory: Path) -> None:
        """A copy works under another parent than the one it was made for, its commands included."""
        root = memory / "moved"
        (root / "globex").mkdir(parents=True)
        shutil.copytree(made(*PARTS) / "acme_erp" / "_vendor", root / "globex" / "third_party")
        block(root)
        assert "brex-accounting-client 0.1.0\n" == python(root, "-m", "globex.third_party.brex_accounting", "version")
        assert "--ready-file" in python(root, "-m", "globex.third_party.brex_accounting.emulator", "--help")

    @pytest.mark.soak
    def test_vendors_itself(self, made: Callable[..., Path]) -> None:
        """The command in a copy makes another copy, the same byte for byte, and compares it."""
        root = made("cli")
        command = ("-m", "acme_erp._vendor.brex_accounting", "vendor")
        python(root, *command, "other/_vendor", "--parts", "cli", "--package", "other._vendor")
        first, second = tree(root / "acme_erp" / "_vendor"), tree(root / "other" / "_vendor")
        assert {path for path in first if "__pycache__" not in path} == set(second)
        assert ["manifest.json"] == [Path(path).name for path in second if first[path] != second[path]]  # the package
        assert "own manifest only" in python(root, *command, "acme_erp/_vendor", "--check")


class TestTexts:
    def test_that_name_modules(self, running: Source) -> None:
        """Texts that hold the name of a package are these, and none of them is imported or run."""
        found = {
            (path.removeprefix("brex_accounting/"), text if len(text) < 60 else text[:25])
            for path, source in running.files.items()
            if is_module(path) and b"brex_accounting" in source
            for text in strings(ast.parse(source))
            if re.search(r"\bbrex_accounting", text)
        }
        assert {
            ("emulator/wire.py", "brex_accounting.wire"),  # the key of an ASGI extension: server and app of one copy
            ("transport/http.py", "brex_accounting.head"),  # the key of an httpx extension: set and read by one copy
            ("spec/layout.py", "brex_accounting_client"),  # the folder that is generated
            ("spec/layout.py", "custom/brex_accounting/emulator/documents"),  # a checkout's
            ("vendoring/manifest.py", "brex_accounting/vendored/manifest.json"),  # places in a copy
            ("vendoring/parts.py", "brex_accounting"),
            ("vendoring/parts.py", "brex_accounting_client"),
        } == found

    def test_nothing_reads_metadata(self, running: Source) -> None:
        """No module asks for what is installed: a copy is not."""
        for path, source in running.files.items():
            if is_module(path):
                assert not re.search(rb"importlib[._]metadata|pkg_resources", source), path

    def test_manifest_says_what_it_is(self, made: Callable[..., Path]) -> None:
        """The manifest of a real copy names package, version, generator, documents, parts, and each file."""
        place = made() / "acme_erp" / "_vendor"
        data = json.loads((place / "brex_accounting" / "vendored" / "manifest.json").read_text())
        assert ("acme_erp._vendor", "0.1.0", "openapi-python-client==0.29.1", ["core"]) == (
            data["package"],
            data["version"],
            data["generator"],
            data["parts"],
        )
        assert re.fullmatch(r"[0-9a-f]{64}", data["spec_revision"])
        files = {path for path in tree(place) if "__pycache__" not in path}
        assert files - {"brex_accounting/vendored/manifest.json"} == set(data["files"])
        assert (Path(__file__).parents[2] / "LICENSE").read_bytes() == (
            place / "brex_accounting" / "vendored" / "LICENSE"
        ).read_bytes()


@pytest.fixture(scope="module")
def found(made: Callable[..., Path], memory: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process found that imports two versions."""
    root = memory / "two"
    for name, version in (("acme_erp/_vendor", "0.1.0"), ("globex_erp/third_party", "0.2.0")):
        shutil.copytree(made(*PARTS) / "acme_erp" / "_vendor", root / name)
        (root / name / "brex_accounting" / "version.py").write_text(f'__version__ = "{version}"\n')
    block(root)
    script = Path(__file__).with_name("two_copies.py")
    return json.loads(python(root, str(script), str(tmp_path_factory.mktemp("files"))))


class TestTwoCopies:
    def test_are_two(self, found: dict[str, Any]) -> None:
        """Both versions are loaded, and the original is not."""
        assert ["0.1.0", "0.2.0"] == found["versions"]
        assert ["acme_erp._vendor", "globex_erp.third_party"] == found["ours"]

    def test_errors(self, found: dict[str, Any]) -> None:
        """``except BrexError`` of one catches its own errors and not those of the other."""
        assert {"0 by 0": True, "1 by 1": True, "0 by 1": False, "1 by 0": False} == found["errors"]

    def test_pickles(self, found: dict[str, Any]) -> None:
        """Errors, models, enum values that nobody knows and settings come back as what they were of their own copy."""
        assert [True] * 10 == found["pickles"]

    def test_loggers(self, found: dict[str, Any]) -> None:
        """Each logs under its own name, and a handler of one hears nothing of the other."""
        assert {
            "names": ["acme_erp._vendor.brex_accounting", "globex_erp.third_party.brex_accounting"],
            "heard": ["acme_erp._vendor.brex_accounting"],
        } == found["loggers"]

    def test_limiters(self, found: dict[str, Any]) -> None:
        """A limit that one has used up is all there for the other, for the same account too."""
        assert {
            "same runtime": False,
            "calls of acme_erp._vendor": "answered at once",
            "calls of globex_erp.third_party": "answered at once",
            "second call": "DeadlineExceeded",
        } == found["limiters"]

    def test_contexts(self, found: dict[str, Any]) -> None:
        """What one notes and marks for its task, the other does not see; requests of neither are logged whole."""
        assert {
            "unknown values noted": [1, 0],
            "ours": [True, False],
            "shown": [
                "HTTP Request: GET https://api.brex.com/v3/accounting/records 200",
                "HTTP Request: GET https://api.brex.com/v3/accounting/records 200",
                "HTTP Request: GET https://example.com/?theirs=1 200",
            ],
        } == found["contexts"]

    def test_files(self, found: dict[str, Any]) -> None:
        """What is on the disk is one: a token file is locked for both, with rising fences, a row claimed by one."""
        assert {
            "token store": "locked once",
            "fences": True,
            "stored": "{}",
            "claims": [["accr_1"], []],
        } == found["files"]

    def test_together(self, found: dict[str, Any]) -> None:
        """In one event loop the client of each reads all records from the emulator of the other."""
        assert [20, 20] == found["together"]


class TestSlice:
    def test_of_the_suite(self, made: Callable[..., Path], memory: Path) -> None:
        """Tests of the client pass on the copy; the whole suite does in test_suite_on_copy.py, in the large budget."""
        root = shutil.copytree(made(*PARTS), memory / "slice" / "a folder with blanks")
        outcomes = Suite(root, SLICE).run(SLICE, timeout=120)
        assert {"passed"} == set(outcomes.values()), [name for name, end in outcomes.items() if end != "passed"]
        assert {name.removesuffix(".py").replace("/", ".") for name in SLICE} == {
            name.partition(".Test")[0].partition("::")[0] for name in outcomes
        }
        assert len(outcomes) > 90
