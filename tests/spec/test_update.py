"""A new document taken over: what it makes, what stops it, and that it is whole or not at all."""

from __future__ import annotations

import copy
import difflib
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, field, frozen

from brex_accounting.errors import SpecError
from brex_accounting.spec import __main__ as command
from brex_accounting.spec import update
from brex_accounting.spec.generator import generate
from brex_accounting.spec.staging import staged
from brex_accounting.spec.suite import Suite
from brex_accounting.spec.update import Update
from brex_accounting.version import __version__

from . import documents
from .documents import (
    ACCOUNTING,
    EMULATED,
    PACKAGE,
    PROJECT,
    TEXT,
    TOOLS,
    Tree,
    checkout,
    copy_project,
    published,
    snapshot,
)

TODAY = date(2026, 2, 3)
RECORDS = "/v3/accounting/records"
OVERLAY = "openapi/overlays/accounting.yaml"
FACTS = "tests/spec/facts/accounting_api.txt"
DEVIATIONS = "tests/spec/facts/deviations.txt"
NOT_EMULATED = "tests/emulator/not_emulated.txt"

QUICK = """\
#!/bin/sh
while [ $# -gt 0 ]; do
    case "$1" in --path) bundle=$2;; --output-path) out=$2;; esac
    shift
done
mkdir -p "$out/models"
echo '__all__: list[str] = []' >"$out/models/__init__.py"
grep -v 'description:' "$bundle" | sed 's/^/# /' >"$out/models/seen.py"
"""
"""A generator that takes no time: it makes one module, of all that the bundle says but its prose."""


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tools that take no time."""
    folder = tmp_path_factory.mktemp("quick") / "bin"
    folder.mkdir()
    (folder / "openapi-python-client").write_text(QUICK, encoding="utf-8")
    (folder / "openapi-python-client").chmod(0o755)
    (folder / "ruff").symlink_to(TOOLS / "ruff")
    return folder


@frozen
class Project:
    """A copy of the project, and what an update of it says."""

    root: Path
    tools: Path
    said: list[str] = field(factory=list)

    def update(self, new: Tree, **settings: Any) -> str:
        source = self.root.parent / "new.json"
        source.write_text(json.dumps(new), encoding="utf-8")
        layout, tools = checkout(self.root, self.tools)
        self.said.clear()
        options = {"document": ACCOUNTING, "today": TODAY, "suite": None, "dry_run": False} | settings
        Update(layout=layout, tools=tools, source=source, say=self.said.append, **options).run()
        return "\n".join(self.said)

    def refused(self, new: Tree, **settings: Any) -> str:
        """What an update says that stops, and leaves everything as it was."""
        before = snapshot(self.root)
        with pytest.raises(SpecError) as caught:
            self.update(new, **settings)
        assert before == snapshot(self.root)
        return str(caught.value)

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")


def january(root: Path) -> Path:
    """The project as it was in January 2026, before the filters by time and source."""
    copy_project(root, package=True)
    (root / "openapi" / "CHANGES.md").unlink(missing_ok=True)  # what came later is not told of yet
    shutil.copytree(PROJECT / "tests" / "spec" / "facts", root / "tests" / "spec" / "facts")
    for name in ("__init__.py", "published_facts.py", "deviation_facts.py", "wire_facts.py"):
        shutil.copy(PROJECT / "tests" / "spec" / name, root / "tests" / "spec")
    (root / "tests" / "emulator").mkdir()
    shutil.copy(PROJECT / NOT_EMULATED, root / NOT_EMULATED)
    (root / "tests" / "__init__.py").touch()
    without(root / "openapi" / ACCOUNTING, 15, "        - name: updated_at\n", "      responses:\n")
    place = f"  - target: $.paths['{RECORDS}'].get.parameters[?@.name == '%s']%s\n"
    without(root / OVERLAY, 40, place % ("updated_at", ""), place % ("limit", ".schema.default"))
    without(root / FACTS, 1, "    query updated_at", "    200: AccountingRecordPage\n")
    lines = (root / DEVIATIONS).read_text(encoding="utf-8").splitlines(keepends=True)
    (root / DEVIATIONS).write_text("".join(line for line in lines if " query updated_at" not in line), encoding="utf-8")
    return root


def without(path: Path, least: int, first: str, then: str) -> None:
    """Take the lines of a file out from one to before another."""
    head, _, rest = path.read_text(encoding="utf-8").partition(first)
    gone, _, tail = rest.partition(then)
    assert gone.count("\n") >= least
    path.write_text(head + then + tail, encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path, quick: Path) -> Project:
    """The project in January, with quick tools."""
    return Project(january(tmp_path / "a project"), quick)


def now() -> Tree:
    """The current document as Brex would publish it: with other prose than ours."""
    tree = copy.deepcopy(published(ACCOUNTING))
    for item in tree["paths"].values():
        for operation in item.values():
            operation["description"] = "Theirs."
    return tree


def changed(change: Callable[[Any], object]) -> Tree:
    tree = now()
    change(tree)
    return tree


def bring_overlay(root: Path) -> None:
    """Put the overlay actions of today into a project."""
    shutil.copy(PROJECT / OVERLAY, root / OVERLAY)


TEST = """
import json
from pathlib import Path

import brex_accounting_client

ROOT = Path(__file__).parents[1]


def test_the_tree():
    assert Path(brex_accounting_client.__file__).parents[1] == ROOT
    text = (ROOT / "openapi" / "accounting_api.yaml").read_text(encoding="utf-8")
    assert "name: updated_at" in text
    copies = ROOT / "custom" / "brex_accounting" / "emulator" / "documents"
    assert "updated_at" in (copies / "accounting_api.json").read_text(encoding="utf-8")
    assert not (ROOT / "brex_accounting_client" / "models" / "amount.py").exists()
"""
"""A test of a project: it finds the new document, the emulator's copy, the new package, and nothing of the old one."""


def with_test(root: Path, test: str = TEST) -> Suite:
    (root / "tests" / "test_tree.py").write_text(test, encoding="utf-8")
    return Suite(arguments=("-q", "-p", "no:cacheprovider", "tests/test_tree.py"))


def more(tree: Any) -> None:
    """Do upstream what action 9 of the overlay does, and add a field, a value and a status."""
    schema(tree, "AccountingRecord")["properties"]["version"]["type"] = "integer"
    schema(tree, "Vendor")["properties"]["tax_code"] = {"type": "string", "description": "Theirs"}
    schema(tree, "AccountingRecordType")["enum"].append("BILL_CREDIT")
    answers = tree["paths"][f"{RECORDS}/{{record_id}}"]["get"]["responses"]
    answers["429"] = {**answers["404"], "description": "Theirs"}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory, quick: Path) -> Project:
    """The project after the step from January and a change more, and beside it as it was before."""
    folder = tmp_path_factory.mktemp("taken")
    root = january(folder / "a project")
    bring_overlay(root)
    suite = with_test(root)
    shutil.copytree(root, folder / "before")
    project = Project(root, quick)
    project.update(changed(more), suite=suite)
    return project


class TestJanuary:
    """The real step, from the document of January 2026 to the current one."""

    def test_without_its_overlay(self, project: Project) -> None:
        """The new deepObject filter needs an overlay action: the check says so, and the tree is as it was."""
        message = project.refused(now())
        assert "GET /v3/accounting/records parameter 'updated_at': would not be sent as the document says" in message
        assert "by an overlay" in message

    def test_with_its_overlay(self, tmp_path: Path) -> None:
        """With the action in the tree, whose target the old document lacks, all is made, by the generator itself."""
        root = january(tmp_path / "a project")
        generate(*checkout(root))
        assert snapshot(PROJECT / PACKAGE) != snapshot(root / PACKAGE)
        bring_overlay(root)
        said = Project(root, TOOLS).update(now())
        for name in (OVERLAY, FACTS, DEVIATIONS, NOT_EMULATED):
            assert (PROJECT / name).read_bytes() == (root / name).read_bytes()
        expected = documents.read(PROJECT / "openapi" / ACCOUNTING)
        found = documents.read(root / "openapi" / ACCOUNTING)
        parameters, new = (tree["paths"][RECORDS]["get"]["parameters"] for tree in (expected, found))
        assert parameters[:5] == new[:5]
        assert ["updated_at", "source_type"] == [parameter["name"] for parameter in new[5:]]
        assert ["", ""] == [parameter["description"] for parameter in new[5:]]
        assert snapshot(PROJECT / PACKAGE) == snapshot(root / PACKAGE)
        emulated = json.loads((root / EMULATED / "accounting_api.json").read_text(encoding="utf-8"))
        assert found == emulated
        assert f"version: {__version__} → {next_minor()} (minor: *Brex changed*)" in said
        assert [] == list(root.glob(".generate-*"))

    def test_what_it_says(self, taken: Project) -> None:
        """The differences, the facts, what is to be described, the version and the files: in this order."""
        said = "\n".join(taken.said)
        told = [
            "GET /v3/accounting/records query source_type",
            "+    query updated_at: {gt: string, gte: string, lt: string, lte: string} deepObject explode=true",
            "tests: passed on the new tree",
            "overlay actions that have become needless, and are gone:",
            "to be described, in words of ours:",
            "  paths./v3/accounting/records.get.parameters.query updated_at",
            "  paths./v3/accounting/records.get.parameters.query source_type",
            "version: ",
            "written:",
            "  openapi/accounting_api.yaml",
            "  openapi/CHANGES.md",
            "  brex_accounting_client",
            f"  {FACTS}",
            f"  {DEVIATIONS}",
        ]
        places = [said.find(line) for line in told]
        assert -1 not in places
        assert places == sorted(places)

    def test_the_document(self, taken: Project) -> None:
        """Our document gets what is new where such things stand, and nothing else; their prose is nowhere."""
        before = (taken.root.parent / "before" / "openapi" / ACCOUNTING).read_text(encoding="utf-8").splitlines()
        after = taken.read(f"openapi/{ACCOUNTING}").splitlines()
        lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
        assert ["-          type: number"] == [line for line in lines if line.startswith("-")]
        new = [line[1:].strip() for line in lines if line.startswith("+")]
        assert {'"429":', "- name: updated_at", "- name: source_type", "style: deepObject", "- BILL_CREDIT"} < set(new)
        assert new[-5:] == ["type: integer", "- BILL_CREDIT", "tax_code:", "type: string", 'description: ""']
        assert 8 == new.count('description: ""')
        assert 36 == len(new)
        assert "Theirs" not in "\n".join(after)

    def test_its_entry(self, taken: Project) -> None:
        """CHANGES.md tells the day, the document, where it comes from, what differs and what is to be described."""
        page = taken.read("openapi/CHANGES.md")
        assert page.startswith("# What Brex changed\n")
        (entry,) = page.split("\n## ")[1:]
        assert entry.startswith(
            "2026-02-03: `accounting_api.yaml`, Accounting API 1.0.0-alpha\n\nFrom `new.json` (OpenAPI 3.0.1, sha256 `"
        )
        assert re.search(r"sha256 `[0-9a-f]{64}`\)\.\n", entry)
        assert "query source_type" in entry
        _, _, described = entry.partition("\n### To be described\n\n")
        assert "- `paths./v3/accounting/records.get.parameters.query updated_at`\n" in described

    @pytest.mark.soak
    def test_the_newest_is_on_top(self, project: Project) -> None:
        """A second update puts its entry above the first, and leaves that as it was."""
        bring_overlay(project.root)
        project.update(now())
        first = project.read("openapi/CHANGES.md")
        project.update(changed(add_field), today=date(2026, 3, 4))
        second = project.read("openapi/CHANGES.md")
        head, _, entry = first.partition("\n## ")
        assert second.startswith(f"{head}\n## 2026-03-04: ")
        assert second.endswith(f"\n## {entry}")


def next_minor() -> str:
    major, minor, _ = __version__.split(".")
    return f"{major}.{int(minor) + 1}.0"


def add_field(tree: Any) -> None:
    tree["components"]["schemas"]["Vendor"]["properties"]["tax_code"] = {"type": "string", "description": "Theirs"}


def schema(tree: Any, name: str) -> Any:
    return tree["components"]["schemas"][name]


class TestOverlays:
    def test_a_target_that_is_gone(self, project: Project) -> None:
        """An action whose target the new document has not stops it, with overlay, action and target."""
        bring_overlay(project.root)
        message = project.refused(changed(lambda tree: schema(tree, "AccountingRecord")["properties"].pop("version")))
        expected = (
            "accounting.yaml, action 9 ($.components.schemas.AccountingRecord.properties.version): the target matches"
        )
        assert message.startswith(expected)

    def test_an_action_that_has_become_needless(self, taken: Project) -> None:
        """What upstream does itself now goes from the overlay, and is told; the rest of the file stays."""
        gone = """\
  - target: $.components.schemas.AccountingRecord.properties.version
    description: *count
    update:
      type: integer
"""
        before = (PROJECT / OVERLAY).read_text(encoding="utf-8")
        assert before.count(gone) == 1
        assert before.replace(gone, "") == taken.read(OVERLAY)
        line = "accounting.yaml, action 9: $.components.schemas.AccountingRecord.properties.version"
        said = "\n".join(taken.said)
        assert f"overlay actions that have become needless, and are gone:\n  {line}" in said
        assert f"- {line}\n" in taken.read("openapi/CHANGES.md")
        assert f"  {OVERLAY}" in said

    @pytest.mark.soak
    def test_an_action_that_has_the_anchor(self, project: Project) -> None:
        """Where others refer to the text of the one that goes, the next of them has it."""
        bring_overlay(project.root)

        def change(tree: Any) -> None:
            (limit,) = (each for each in tree["paths"][RECORDS]["get"]["parameters"] if each["name"] == "limit")
            limit["schema"]["type"] = "integer"

        project.update(changed(change))
        before = documents.read(PROJECT / OVERLAY)["actions"]
        assert [*before[:6], *before[7:]] == documents.read(project.root / OVERLAY)["actions"]
        text = project.read(OVERLAY)
        assert "description: &count A count. As a number" in text
        assert 2 == text.count("*count") + text.count("&count")

    @pytest.mark.soak
    def test_all_of_them(self, project: Project) -> None:
        """An overlay without any action is no overlay, and goes."""
        only = {"target": "$.components.schemas.Company", "description": "Why.", "update": {"type": "object", "x-a": 1}}
        other = project.root / "openapi" / "overlays" / "team extra.yaml"
        documents.write(other, documents.overlay("team_api.yaml", only))
        tree = copy.deepcopy(published("team_api.yaml"))
        tree["components"]["schemas"]["Company"]["properties"]["size"] = {"type": "integer"}
        project.update(tree, document="team_api.yaml")
        assert other.exists()  # the extension is no structure, so that the action still has something to do
        only["update"] = {"properties": {"size": {"type": "integer"}}}
        documents.write(
            other, documents.overlay("team_api.yaml", {**only, "target": "$.components.schemas.CompanyAddress"})
        )
        tree["components"]["schemas"]["CompanyAddress"]["properties"]["size"] = {"type": "integer"}
        said = project.update(tree, document="team_api.yaml")
        assert "team extra.yaml, action 1: $.components.schemas.CompanyAddress" in said
        assert not other.exists()


class TestNothingIsHalfDone:
    def test_a_dry_run(self, project: Project, taken: Project) -> None:
        """It does all and says the same, and no file is another one afterwards."""
        bring_overlay(project.root)
        before = snapshot(project.root)
        said = project.update(changed(more), dry_run=True)
        assert before == snapshot(project.root)
        assert {"openapi", "custom", PACKAGE, "tests", "generator-config.yaml"} == {
            path.name for path in project.root.iterdir()
        }
        expected = "\n".join(taken.said).replace("tests: passed on the new tree", "tests: left out")
        assert expected.replace("written:", "dry run: nothing is written; it would be:") == said

    @pytest.mark.soak
    def test_the_same_document(self, project: Project) -> None:
        """A document that differs in its prose only changes nothing, not even CHANGES.md."""
        bring_overlay(project.root)
        project.update(now())
        before = snapshot(project.root)
        assert project.update(now()).endswith(
            "accounting_api.yaml says the same as new.json already; there is nothing to do."
        )
        assert before == snapshot(project.root)

    @pytest.mark.soak
    @pytest.mark.parametrize(
        ("script", "complaint"),
        [
            ("echo 'No such type.'; exit 1", "openapi-python-client failed:\nNo such type."),
            (QUICK + "echo 'def' >\"$out/a.py\"", "ruff failed"),
        ],
    )
    def test_a_generator_that_fails(self, project: Project, tmp_path: Path, script: str, complaint: str) -> None:
        """Neither a generator that fails nor one that makes no Python changes anything."""
        bring_overlay(project.root)
        shutil.copytree(project.tools, tmp_path / "bin", symlinks=True)
        (tmp_path / "bin" / "openapi-python-client").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        assert complaint in Project(project.root, tmp_path / "bin").refused(now())

    def test_a_file_that_is_no_document(self, project: Project) -> None:
        """What is wrong with the new document is told before anything else is done."""
        assert "new.json: is Swagger 2.0" in project.refused({"swagger": "2.0"})
        assert [] == project.said

    @pytest.mark.soak
    @pytest.mark.parametrize("stage", ["merge", "build", "with_entry", "facts_of", "compared", "move_in"])
    def test_an_interrupt(self, project: Project, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
        """Whenever somebody presses Ctrl-C, the tree is as it was."""
        bring_overlay(project.root)
        before = snapshot(project.root)
        genuine = getattr(update, stage)

        def interrupted(*arguments: Any, **options: Any) -> Any:
            genuine(*arguments, **options) if stage != "move_in" else None
            raise KeyboardInterrupt

        monkeypatch.setattr(update, stage, interrupted)
        with pytest.raises(KeyboardInterrupt):
            project.update(now())
        assert before == snapshot(project.root)
        assert [] == list(project.root.glob(".generate-*"))

    @pytest.mark.soak
    @pytest.mark.parametrize("nth", [1, 4, 9, 20])
    def test_a_move_that_fails(self, project: Project, monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
        """When a file cannot be moved, those before it are put back."""
        bring_overlay(project.root)
        before, moves, replace = snapshot(project.root), [], Path.replace

        def failing(self: Path, target: Path) -> Path:
            moves.append(self)
            if len(moves) == nth:
                raise PermissionError(13, "Permission denied", str(self))
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", failing)
        with pytest.raises(PermissionError):
            project.update(now())
        assert before == snapshot(project.root)

    @pytest.mark.soak
    @pytest.mark.parametrize("name", [OVERLAY, "openapi/team_api.yaml", f"{PACKAGE}/client.py", FACTS])
    def test_somebody_who_edits_meanwhile(self, project: Project, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        """A file that was edited while the new tree was made is not overwritten."""
        bring_overlay(project.root)
        genuine = update.build

        def slow(*arguments: Any) -> None:
            genuine(*arguments)
            with (project.root / name).open("a", encoding="utf-8") as file:
                file.write("# edited\n")

        monkeypatch.setattr(update, "build", slow)
        with pytest.raises(
            SpecError, match=rf"^{re.escape(name)}: was changed while the update was being made; run it again"
        ):
            project.update(now())
        assert project.read(name).endswith("# edited\n")

    def test_two_at_once(self, project: Project) -> None:
        """The second update is refused while the first is under way."""
        with staged(project.root):
            before = snapshot(project.root)
            with pytest.raises(SpecError, match="another run is changing this tree"):
                project.update(now())
            assert before == snapshot(project.root)


class TestCommand:
    @pytest.fixture
    def arguments(self, project: Project) -> list[str]:
        source = project.root.parent / "new.json"
        tree = changed(lambda tree: tree["components"]["schemas"]["Vendor"]["properties"].update(tax_code=TEXT))
        source.write_text(json.dumps(tree), encoding="utf-8")
        bring_overlay(project.root)
        return ["update", str(source), "--root", str(project.root), "--tools", str(project.tools), "--no-tests"]

    def test_nobody_reads_what_it_says(
        self, project: Project, arguments: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where the reader of its output is gone, as after ``| head``, it goes on and says that it has succeeded."""
        reading, writing = os.pipe()
        os.close(reading)
        with open(writing, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor has no path
            monkeypatch.setattr(sys, "stdout", stream)
            assert 0 == command.main(arguments)
        assert "tax_code" in project.read(f"openapi/{ACCOUNTING}")

    def test_a_terminal_of_few_letters(
        self, project: Project, arguments: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A letter that the terminal's encoding lacks stops nothing."""
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
        assert 0 == command.main(arguments)
        assert f"\nversion: {__version__} \\u2192 ".encode() in written.getvalue()

    def test_ctrl_c(
        self,
        project: Project,
        arguments: list[str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Ctrl-C is a line and the status that shells have for it, and leaves everything as it was."""

        def interrupted(*_: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(update, "build", interrupted)
        before = snapshot(project.root)
        assert 130 == command.main(arguments)
        assert "error: interrupted\n" == capsys.readouterr().err
        assert before == snapshot(project.root)

    def test_a_folder_that_is_no_project(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A folder without the documents is refused with the remedy, and is not made."""
        root = tmp_path / "none"
        assert 1 == command.main(["update", "new.json", "--root", str(root)])
        assert capsys.readouterr().err.startswith(f"error: {root}: is neither a checkout of this project nor a copy")
        assert not root.exists()


class TestTheTestsOwnFiles:
    def test_what_the_emulator_has_not(self, taken: Project) -> None:
        """New fields, values and statuses are put on the list of what the emulator has not yet."""
        before = (PROJECT / NOT_EMULATED).read_text(encoding="utf-8")
        lines = ["AccountingRecordType.BILL_CREDIT", "Vendor.tax_code", "getAccountingRecord 429"]
        assert before + "".join(f"accounting_api {line}\n" for line in lines) == taken.read(NOT_EMULATED)
        assert "\n+accounting_api Vendor.tax_code\n" in "\n".join(taken.said)

    def test_what_the_emulator_answers_anyway(self, project: Project) -> None:
        """A new status by which the emulator refuses any request that is unfit is none that it has not."""
        bring_overlay(project.root)
        report = f"{RECORDS}/export-results"
        gone = {"description": "Gone."}
        project.update(
            changed(
                lambda tree: tree["paths"][report]["post"]["responses"].update(
                    {"400": gone, "401": gone, "403": gone, "410": gone}
                )
            )
        )
        before = (PROJECT / NOT_EMULATED).read_text(encoding="utf-8")
        assert f"{before}accounting_api reportAccountingExportResults 410\n" == project.read(NOT_EMULATED)

    def test_what_deviates_no_more(self, taken: Project) -> None:
        """The page of deviations loses what upstream does itself, and nothing else."""
        gone = '    schema AccountingRecord properties/version/type: "number" → "integer"\n'
        before = (PROJECT / DEVIATIONS).read_text(encoding="utf-8")
        assert before.count(gone) == 1
        assert before.replace(gone, "") == taken.read(DEVIATIONS)


class TestVersion:
    def test_of_a_copy(self, project: Project) -> None:
        """A copy keeps the version of its release: another one would be an edit of a file of the copy."""
        bring_overlay(project.root)
        source = project.root.parent / "new.json"
        source.write_text(json.dumps(now()), encoding="utf-8")
        layout, tools = checkout(project.root, project.tools)
        Update(
            layout=evolve(layout, is_checkout=False),
            tools=tools,
            source=source,
            document=ACCOUNTING,
            today=TODAY,
            suite=None,
            dry_run=True,
            say=project.said.append,
        ).run()
        (line,) = [line for line in project.said if line.startswith("version: ")]
        assert line.startswith(f"version: {__version__} still, since a copy keeps the one of its release; ")

    @pytest.mark.soak
    def test_what_nothing_in_python_shows(self, project: Project) -> None:
        """A change that leaves the generated client as it is asks for a patch."""
        bring_overlay(project.root)
        project.update(now())
        said = project.update(
            changed(lambda tree: tree["info"].update(title="Other", version="1.0.0-alpha")) | {"openapi": "3.0.3"}
        )
        major, minor, patch = __version__.split(".")
        assert (
            f"version: {__version__} → {major}.{minor}.{int(patch) + 1} (patch: nothing of it shows in Python)" in said
        )
        assert f"\n## 2026-02-03: `{ACCOUNTING}`, Other 1.0.0-alpha\n" in project.read("openapi/CHANGES.md")


@pytest.mark.soak
class TestSuite:
    """The tests that are run see the new tree, as ``taken`` shows; what they say counts."""

    def refused(self, project: Project, test: str) -> str:
        bring_overlay(project.root)
        return project.refused(now(), suite=with_test(project.root, test))

    def test_they_fail(self, project: Project, capfd: pytest.CaptureFixture[str]) -> None:
        """A test that fails on the new tree stops it, and the tree is as it was."""
        message = self.refused(project, TEST.replace('"name: updated_at" in', '"name: updated_at" not in'))
        assert message.startswith("the tests do not pass on the new tree (pytest ended with 1); nothing has changed.")
        assert "1 failed" in capfd.readouterr().out

    def test_there_are_none(self, project: Project, capfd: pytest.CaptureFixture[str]) -> None:
        """To have run no test is no success."""
        assert "pytest ended with 5" in self.refused(project, "")
        capfd.readouterr()
