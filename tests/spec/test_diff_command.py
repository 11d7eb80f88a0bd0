"""``python -m brex_accounting.spec diff``: what it prints, how it ends, and that it writes nothing."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

import brex_accounting
from brex_accounting.spec import __main__ as command

from . import changes
from .changes import Change
from .documents import ACCOUNTING, FROZEN, PROJECT, TEAM, Tree, copy_project, published, reported, snapshot, write

REPORTS = Path(__file__).parent / "reports"


@frozen
class Ran:
    """A run of the command: its exit status and what it wrote."""

    status: int
    out: str
    err: str


def run(*arguments: str | Path) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = command.main(["diff", *map(str, arguments)])
    return Ran(status, out.getvalue(), err.getvalue())


def document_in(
    folder: Path, name: str, change: Change, suffix: str = ".yaml", of: Callable[[str], Tree] = published
) -> Path:
    """A changed copy of a document, in a file with a space in its name."""
    tree: Tree = copy.deepcopy(of(name))
    change(tree)
    path = folder / f"new one{suffix}"
    if suffix == ".json":
        path.write_text(json.dumps(tree), encoding="utf-8")
    else:
        write(path, tree)
    return path


class TestHowItEnds:
    def test_no_differences(self, tmp_path: Path) -> None:
        """0 where nothing differs."""
        new = document_in(tmp_path, TEAM, lambda _: None)
        ran = run(new, "--api", "team", "--root", PROJECT)
        assert Ran(0, "team_api.yaml: no differences.\n", "") == ran

    def test_safe_differences(self, tmp_path: Path) -> None:
        """2 where all that differs is safe; the document may be JSON."""

        def change(tree: Tree) -> None:
            changes.schemas(tree)["Company"]["properties"]["nickname"] = {"type": "string"}

        ran = run(document_in(tmp_path, TEAM, change, ".json"), "--api", "team", "--root", PROJECT)
        assert (2, "") == (ran.status, ran.err)
        assert ran.out.startswith("team_api.yaml: 1 difference: 0 breaking for callers, 0 need a person, 1 safe.\n")

    def test_a_document_of_another_api(self, tmp_path: Path) -> None:
        """1 where the document has no operation of ours: it was given for the wrong one, and the right one is named."""
        ran = run(document_in(tmp_path, TEAM, lambda _: None), "--root", PROJECT)
        assert (1, "") == (ran.status, ran.out)
        assert ran.err == (
            "error: the new accounting_api.yaml: calls itself 'Team API', and has none of the operations of "
            "accounting_api.yaml; it may be meant for --api team\n"
        )
        strange = document_in(tmp_path, TEAM, lambda tree: tree.update(paths={}))
        assert run(strange, "--api", "team", "--root", PROJECT).err.endswith("it may be of another API of Brex's\n")

    def test_operations_that_have_moved(self, tmp_path: Path) -> None:
        """An operation that has another path and its operationId is still ours."""

        def change(tree: Tree) -> None:
            tree["paths"] = {"/v3/company": tree["paths"]["/v2/company"]}

        ran = run(document_in(tmp_path, TEAM, change), "--api", "team", "--root", PROJECT)
        assert (3, "") == (ran.status, ran.err)
        assert "moved: GET /v2/company → GET /v3/company" in ran.out

    def test_after_an_update_that_was_killed(self, tmp_path: Path) -> None:
        """What ``kill -9`` left of an update half moved in is put back before anything is compared."""
        root = copy_project(tmp_path / "the project")
        name = f"openapi/{TEAM}"

        def change(tree: Tree) -> None:
            changes.schemas(tree)["Company"]["properties"]["nickname"] = {"type": "string"}

        new = document_in(tmp_path, TEAM, change)
        aside = root / ".generate-moving" / "before" / name
        aside.parent.mkdir(parents=True)
        (root / name).rename(aside)
        new.rename(root / name)
        moves = [{"name": name, "replaces": True}, {"name": "openapi/bundle.yaml", "replaces": True}]
        (root / ".generate-moving" / "moves.json").write_text(json.dumps(moves), encoding="utf-8")
        ran = run(document_in(tmp_path, TEAM, change), "--api", "team", "--root", root)
        assert (2, "") == (ran.status, ran.err)
        assert [] == list(root.glob(".generate-*"))

    def test_other_differences(self, tmp_path: Path) -> None:
        """3 where something is not safe; it is the Accounting API unless another is named, and nothing is written."""
        root = copy_project(tmp_path / "the project")
        shutil.copytree(FROZEN, root / "openapi", dirs_exist_ok=True)
        before = snapshot(root)
        ran = run(document_in(tmp_path, ACCOUNTING, changes.sent_fields, ".json", reported), "--root", root)
        assert Ran(3, (REPORTS / "sent_fields.txt").read_text(encoding="utf-8"), "") == ran
        assert before == snapshot(root)

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            (None, "error: new.yaml: cannot be read (No such file or directory)"),
            ("[]", "error: new.yaml: holds no object at the top"),
            ("openapi: 3.2.0", "error: new.yaml: is OpenAPI 3.2.0; what can be read is 3.0 and 3.1"),
            ("swagger: '2.0'", "error: new.yaml: is Swagger 2.0; convert it"),
        ],
        ids=["no file", "a list", "OpenAPI 3.2", "Swagger"],
    )
    def test_what_is_no_document(self, tmp_path: Path, text: str | None, error: str) -> None:
        """1 where there is nothing to compare, with the reason and no report."""
        new = tmp_path / "new.yaml"
        if text is not None:
            new.write_text(text, encoding="utf-8")
        ran = run(new, "--root", PROJECT)
        assert (1, "") == (ran.status, ran.out)
        assert ran.err.startswith(error)

    @pytest.mark.parametrize("arguments", [[], ["a", "b"], ["a", "--api", "cards"], ["a", "--nonsense"]])
    def test_wrong_use(self, arguments: list[str]) -> None:
        """1 for wrong use as well: 2 would say that there are differences, and that all of them are safe."""
        with pytest.raises(SystemExit) as caught, contextlib.redirect_stderr(io.StringIO()) as err:
            command.main(["diff", *arguments])
        assert 1 == caught.value.code
        assert "usage: python -m brex_accounting.spec diff" in err.getvalue()

    def test_help(self) -> None:
        """The help names every exit status."""
        with pytest.raises(SystemExit) as caught, contextlib.redirect_stdout(io.StringIO()) as out:
            command.main(["diff", "--help"])
        assert not caught.value.code
        text = " ".join(out.getvalue().split())
        assert "exit status: 0 no differences, 1 an error, 2 differences that are all safe, 3 some that are not" in text


def test_a_vendored_copy(tmp_path: Path) -> None:
    """A copy of the package under another name compares on its own ground: its methods and its emulator."""
    package = tmp_path / "acme" / "sync" / "brex"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(brex_accounting.__file__).parent, package, ignore=ignore)
    for folder in (package.parent, package.parent.parent):
        (folder / "__init__.py").touch()
    company = package / "resources" / "company.py"
    company.write_text(
        company.read_text(encoding="utf-8").replace("async def get(", "async def read("), encoding="utf-8"
    )

    def change(tree: Tree) -> None:
        changes.schemas(tree)["Company"]["properties"]["nickname"] = {"type": "string"}

    new = document_in(tmp_path, TEAM, change)
    code = """
import sys
sys.modules["brex_accounting"] = None
from acme.sync.brex.spec.__main__ import main
sys.exit(main())
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, "diff", str(new), "--api", "team", "--root", str(PROJECT)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (2, "") == (done.returncode, done.stderr)
    assert (
        "    used by    brex.company.read\n    emulator   not covered: its code does not name nickname\n" in done.stdout
    )
