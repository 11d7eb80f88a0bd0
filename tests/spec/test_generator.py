"""The generated tree: that it is current, that it comes out the same, and that a failure changes nothing."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from attrs import frozen

from brex_accounting.errors import SpecError
from brex_accounting.spec import __main__ as command
from brex_accounting.spec import generator
from brex_accounting.spec.document import dump_json, load
from brex_accounting.spec.generator import differences, generate, refuse_import_cycles
from brex_accounting.spec.layout import Layout, Tools

from .documents import (
    ACCOUNTING,
    EMULATED,
    PACKAGE,
    PROJECT,
    PUBLISHED,
    TEAM,
    TOOLS,
    checkout,
    copy_project,
    published,
    snapshot,
)

COPIES = [f"{EMULATED}/{name.removesuffix('.yaml')}.json" for name in PUBLISHED]
PAPERS = ["openapi/bundle.yaml", "openapi/DEVIATIONS.md", *COPIES]


@frozen
class Ran:
    """A run of the command: its exit status and what it wrote."""

    status: int
    out: str
    err: str


def run(*arguments: str | Path) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = command.main([str(argument) for argument in arguments])
    return Ran(status, out.getvalue(), err.getvalue())


def run_in(root: Path, name: str) -> Ran:
    return run(name, "--root", root, "--tools", TOOLS)


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """A project that had nothing generated, after ``generate``."""
    root = copy_project(tmp_path_factory.mktemp("first") / "project")
    return root, run_in(root, "generate")


@pytest.fixture
def project(first: tuple[Path, Ran], tmp_path: Path) -> Path:
    """A copy of the project with all that is generated."""
    return shutil.copytree(first[0], tmp_path / "project")


def made_by_hand(models: Path, **imports: str) -> Path:
    """A models folder of modules by name with the text of their imports."""
    models.mkdir()
    (models / "__init__.py").write_text("from .a import A\n\n__all__ = ['A']\n", encoding="utf-8")
    for name, text in imports.items():
        (models / f"{name}.py").write_text(f"from __future__ import annotations\n{text}\n", encoding="utf-8")
    return models


def tools_that_make(folder: Path, **models: str) -> Path:
    """A tool environment whose generator makes these model modules, whatever it is given."""
    made_by_hand(folder.parent / "made", **models)
    folder.mkdir()
    script = f"""\
#!/bin/sh
while [ "$1" != --output-path ]; do shift; done
mkdir "$2" && cp -R '{folder.parent / "made"}' "$2/models"
"""
    (folder / "openapi-python-client").write_text(script, encoding="utf-8")
    (folder / "openapi-python-client").chmod(0o755)
    (folder / "ruff").symlink_to(TOOLS / "ruff")
    return folder


class TestGenerate:
    def test_it_makes_what_is_committed(self, first: tuple[Path, Ran]) -> None:
        """From nothing, the generator makes all that is committed of its work, byte for byte, and nothing else."""
        root, _ = first
        for name in (PACKAGE, EMULATED):
            assert snapshot(PROJECT / name) == snapshot(root / name)
        for name in PAPERS:
            assert (PROJECT / name).read_bytes() == (root / name).read_bytes()
        assert set(COPIES) == {f"custom/{name}" for name in snapshot(root / "custom")}

    def test_the_command_says_so(self, first: tuple[Path, Ran]) -> None:
        """``generate`` ends with 0 and a line that says what and how long."""
        _, ran = first
        assert (0, "") == (ran.status, ran.err)
        assert re.fullmatch(rf"generated {PACKAGE} in \d+\.\d s\n", ran.out)

    def test_again_over_itself(self, project: Path) -> None:
        """A second generation gives the same bytes, takes stale files away, and leaves no folder behind."""
        before = snapshot(project)
        (project / PACKAGE / "models" / "stale.py").write_text("", encoding="utf-8")
        for name in ("openapi/bundle.yaml", COPIES[0]):
            (project / name).write_text("old\n", encoding="utf-8")
        generate(*checkout(project))
        assert before == snapshot(project)
        assert {"openapi", "custom", PACKAGE, "generator-config.yaml"} == {path.name for path in project.iterdir()}

    def test_every_file_says_where_it_comes_from(self, first: tuple[Path, Ran]) -> None:
        """Each generated module begins with the line that says how to make it again."""
        header = b"# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.\n"
        modules = {name: text for name, text in snapshot(first[0] / PACKAGE).items() if name.endswith(".py")}
        assert [] == [name for name, text in modules.items() if not text.startswith(header)]
        assert all(b"\r" not in text for text in modules.values())

    def test_no_file_says_where_it_was_made(self, first: tuple[Path, Ran]) -> None:
        """No generated file holds the folder in which it was built."""
        root, _ = first
        found = [name for name, text in snapshot(root).items() if b".generate-" in text or str(root).encode() in text]
        assert [] == found

    def test_no_folder_stays_behind(self, first: tuple[Path, Ran]) -> None:
        """The folder in which the tree was built is gone."""
        assert [] == list(first[0].glob(".generate-*"))


class TestFailures:
    """Whatever fails, the tree is as it was, to the byte, and no folder stays behind."""

    def untouched(self, project: Path, complaint: str, tools: Path = TOOLS) -> str:
        before = snapshot(project)
        with pytest.raises(SpecError) as caught:
            generate(*checkout(project, tools))
        assert before == snapshot(project)
        assert [] == list(project.glob(".generate-*"))
        assert complaint in str(caught.value)
        return str(caught.value)

    def test_in_a_document(self, project: Path) -> None:
        """A document that is no YAML stops before anything is made."""
        (project / "openapi" / TEAM).write_text("openapi: [\n", encoding="utf-8")
        self.untouched(project, "team_api.yaml: cannot be read as YAML")

    def test_in_the_generator(self, project: Path, tmp_path: Path) -> None:
        """What the generator complains of is passed on, from both of its streams."""
        tools = tools_that_make(tmp_path / "bin")
        script = "#!/bin/sh\necho 'No such type.'; echo 'Look again.' >&2; exit 1\n"
        (tools / "openapi-python-client").write_text(script, encoding="utf-8")
        message = self.untouched(project, "Look again.", tools)
        assert message == "openapi-python-client failed:\nNo such type.\nLook again."

    def test_in_what_was_generated(self, project: Path, tmp_path: Path) -> None:
        """Modules that are no Python are found before they are put in place."""
        tools = tools_that_make(tmp_path / "bin", a="class A(")
        assert self.untouched(project, "models/a.py", tools).startswith("ruff failed:\n")

    def test_in_how_it_hangs_together(self, project: Path, tmp_path: Path) -> None:
        """Models that import each other in a circle are found before they are put in place."""
        tools = tools_that_make(tmp_path / "bin", a="from .b import B\nA = B", b="from .a import A\nB = A")
        self.untouched(project, "in a circle: a → b → a", tools)

    @pytest.mark.parametrize("nth", [1, 2, 4, 5, 6, 12, 13, 14])
    def test_while_files_are_moved(self, project: Path, monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
        """When the n-th move fails, those before it are undone."""
        moves: list[Path] = []
        replace = Path.replace

        def failing(self: Path, target: Path) -> Path:
            moves.append(self)
            if len(moves) == nth:
                raise PermissionError(13, "Permission denied", str(self))
            return replace(self, target)

        def build(_layout: Layout, _tools: Tools, out: Path) -> None:
            for name in (*PAPERS, f"{PACKAGE}/new.py"):
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (out / name).write_text("new\n", encoding="utf-8")

        before = snapshot(project)
        monkeypatch.setattr(generator, "build", build)
        monkeypatch.setattr(Path, "replace", failing)
        ran = run_in(project, "generate")
        assert (1, "") == (ran.status, ran.out)
        assert ran.err.startswith("error: [Errno 13] Permission denied: ")
        assert before == snapshot(project)
        assert [] == list(project.glob(".generate-*"))


class TestTools:
    def test_without_any(self, project: Path, tmp_path: Path) -> None:
        """A tool environment that is not there is named as what it is, with the remedy."""
        with pytest.raises(SpecError) as caught:
            generate(*checkout(project, tmp_path / "nowhere"))
        expected = (
            "openapi-python-client cannot be run (No such file or directory); `make install` puts it into the tool"
        )
        assert str(caught.value).startswith(expected)

    def test_without_ruff(self, project: Path, tmp_path: Path) -> None:
        """Each of the two programs is asked for."""
        tools = tools_that_make(tmp_path / "bin")
        (tools / "ruff").unlink()
        with pytest.raises(SpecError, match=r"^ruff cannot be run .*`make install`"):
            generate(*checkout(project, tools))


class TestDifferences:
    def test_the_committed_tree_has_none(self, tmp_path: Path) -> None:
        """What is committed is what openapi/ gives; ``check`` says so and ends with 0."""
        project = copy_project(tmp_path / "project", package=True)
        ran = run_in(project, "check")
        assert (0, "") == (ran.status, ran.err)
        assert re.fullmatch(rf"{PACKAGE}: is what openapi/ gives \(\d+\.\d s\)\n", ran.out)
        assert [] == list(project.glob(".generate-*"))

    def test_each_is_named(self, first: tuple[Path, Ran], project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A flipped byte, a stale file, a missing one and edited papers are each named; ``check`` ends with 1."""

        def build(_layout: Layout, _tools: Tools, out: Path) -> None:
            shutil.copytree(first[0], out, dirs_exist_ok=True)

        monkeypatch.setattr(generator, "build", build)
        model = project / PACKAGE / "models" / "amount.py"
        model.write_bytes(bytes([*model.read_bytes()[:-1], ord(" ")]))
        (project / PACKAGE / "api" / "expenses" / "gone_operation.py").write_text("", encoding="utf-8")
        (project / PACKAGE / "py.typed").unlink()
        (project / PACKAGE / "__pycache__").mkdir(exist_ok=True)
        (project / PACKAGE / "__pycache__" / "client.cpython-311.pyc").write_bytes(b"compiled")
        with (project / "openapi" / "bundle.yaml").open("a", encoding="utf-8") as bundle:
            bundle.write("# edited\n")
        (project / "openapi" / "DEVIATIONS.md").unlink()
        (project / COPIES[1]).write_bytes((project / COPIES[0]).read_bytes())
        (project / COPIES[2]).unlink()
        before = snapshot(project)
        ran = run_in(project, "check")
        *lines, verdict = ran.out.splitlines()
        assert lines == [
            "differs: openapi/bundle.yaml",
            "missing: openapi/DEVIATIONS.md",
            f"differs: {COPIES[1]}",
            f"missing: {COPIES[2]}",
            f"stale: {PACKAGE}/api/expenses/gone_operation.py",
            f"differs: {PACKAGE}/models/amount.py",
            f"missing: {PACKAGE}/py.typed",
        ]
        assert re.fullmatch(rf"{PACKAGE}: 7 files differ; run `make generate` \(\d+\.\d s\)", verdict)
        assert (1, "") == (ran.status, ran.err)
        assert before == snapshot(project)

    def test_without_a_package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where nothing was generated yet, every file is missing."""

        def build(_layout: Layout, _tools: Tools, out: Path) -> None:
            for name in (*PAPERS, f"{PACKAGE}/a.py"):
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (out / name).write_text("", encoding="utf-8")

        monkeypatch.setattr(generator, "build", build)
        assert [f"missing: {name}" for name in (*PAPERS, f"{PACKAGE}/a.py")] == differences(*checkout(tmp_path))


class TestEmulatedDocuments:
    """What the emulator holds requests and answers against."""

    @pytest.mark.parametrize(("name", "copy"), list(zip(PUBLISHED, COPIES, strict=True)))
    def test_each_is_what_brex_published(self, name: str, copy: str) -> None:
        """Each JSON is the YAML in openapi/, value for value and key for key, in the same order."""
        tree = json.loads((PROJECT / copy).read_text(encoding="utf-8"))
        assert published(name) == tree
        assert json.dumps(published(name)) == json.dumps(tree)

    @pytest.mark.parametrize("copy", COPIES)
    def test_each_is_a_file_that_can_be_read_and_compared(self, copy: str) -> None:
        """Each is in lines, which end as all others do, so that a change shows."""
        content = (PROJECT / copy).read_bytes()
        assert (True, False) == (content.endswith(b"}\n"), b"\r" in content)
        assert content.count(b"\n") > 100

    def test_dates(self, tmp_path: Path) -> None:
        """Dates that a document does not put in quotes are text in JSON, as whoever wrote them meant."""
        (tmp_path / "dated.yaml").write_text("info:\n  example: 2025-08-15\n", encoding="utf-8")
        tree = load(tmp_path / "dated.yaml")
        assert {"info": {"example": "2025-08-15"}} == json.loads(dump_json(tree, "dated.yaml"))

    @pytest.mark.parametrize("value", [".nan", ".inf", "!!binary aGVsbG8="])
    def test_what_json_cannot_say(self, tmp_path: Path, value: str) -> None:
        """A value that is none in JSON is refused with the name of its document."""
        (tmp_path / "odd.yaml").write_text(f"info:\n  x-odd: {value}\n", encoding="utf-8")
        with pytest.raises(SpecError, match=r"^odd\.yaml: cannot be written as JSON: "):
            dump_json(load(tmp_path / "odd.yaml"), "odd.yaml")

    def test_never_the_bundle(self) -> None:
        """The four are all there are: neither the bundle is among them, nor anything that overlays or joining add."""
        assert set(COPIES) == {f"{EMULATED}/{name}" for name in snapshot(PROJECT / EMULATED)}
        bundle = json.dumps(published("bundle.yaml"))
        for copy in COPIES:
            text = (PROJECT / copy).read_text(encoding="utf-8")
            assert bundle != json.dumps(json.loads(text))
            for mark in ('"x-name"', '"x-direction"', '"x-page"'):
                assert mark not in text
        assert '"x-direction"' in bundle


class TestImportCycles:
    def test_the_models_have_none(self) -> None:
        """No two of the committed models import each other."""
        refuse_import_cycles(PROJECT / PACKAGE / "models")

    def test_there_are_models_to_look_at(self) -> None:
        """The committed models do import each other one way, so that there is something to find."""
        text = (PROJECT / PACKAGE / "models" / "accounting_record.py").read_text(encoding="utf-8")
        assert "from ..models.amount import Amount" in text

    def test_a_circle_is_named_in_order(self, tmp_path: Path) -> None:
        """A circle is refused with its modules in the order of their imports; what leads into it is left out."""
        models = made_by_hand(
            tmp_path / "models",
            a="from ..models.b import B",
            b="from ..models.c import C",
            c="from ..models.a import A",
            _entry="from ..models.b import B",
        )
        with pytest.raises(SpecError) as caught:
            refuse_import_cycles(models)
        assert str(caught.value).startswith("model modules import each other in a circle: b → c → a → b; break it")

    @pytest.mark.parametrize(
        "statement",
        [
            "from .b import B",
            "from ..models.b import B as C",
            "if True:\n    from ..models.b import B",
            "def f():\n from .b import B",
        ],
    )
    def test_every_kind_of_import_counts(self, tmp_path: Path, statement: str) -> None:
        """A circle is found however its modules are imported."""
        models = made_by_hand(tmp_path / "models", a=statement, b="from ..models.a import A")
        with pytest.raises(SpecError, match="a → b → a"):
            refuse_import_cycles(models)

    def test_no_circles(self, tmp_path: Path) -> None:
        """A module may name itself, several may import one, and modules of other packages do not count."""
        refuse_import_cycles(
            made_by_hand(
                tmp_path / "models",
                a="from ..models.a import A\nfrom ..models.b import B\nfrom ..models.c import C",
                b="from ..models.c import C\nfrom ..types import a\nfrom datetime import date",
                c="import a\nfrom attrs import frozen\nfrom ..pages import Page",
            )
        )


class TestCommand:
    def test_an_error_is_a_line_and_a_status(self, tmp_path: Path) -> None:
        """What is wrong with a document goes to standard error, in one line, with status 1."""
        root = copy_project(tmp_path / "project")
        (root / "openapi" / ACCOUNTING).unlink()
        for name in ("generate", "check"):
            ran = run_in(root, name)
            assert (1, "") == (ran.status, ran.out)
            assert ran.err.startswith("error: accounting_api.yaml: cannot be read as YAML: ")
            assert 1 == ran.err.count("\n")

    @pytest.mark.parametrize("name", ["generate", "check"])
    def test_a_project_that_is_not_there(self, tmp_path: Path, name: str) -> None:
        """A root that does not exist is an error like any other."""
        ran = run_in(tmp_path / "nowhere", name)
        assert (1, "") == (ran.status, ran.out)
        assert ran.err.startswith("error: ")

    def test_without_openapi(self, tmp_path: Path) -> None:
        """So is a folder that is no project."""
        ran = run_in(tmp_path, "check")
        assert (1, "") == (ran.status, ran.out)
        assert ran.err.startswith(f"error: {tmp_path}: is neither a checkout of this project nor a copy")
        assert [] == list(tmp_path.iterdir())

    @pytest.mark.parametrize("arguments", [[], ["destroy"], ["check", "--nonsense"]])
    def test_words_that_it_does_not_know(self, arguments: list[str]) -> None:
        """Unknown commands and options end with status 2, as everywhere."""
        with pytest.raises(SystemExit) as caught, contextlib.redirect_stderr(io.StringIO()) as err:
            command.main(arguments)
        assert 2 == caught.value.code
        assert "usage: python -m brex_accounting.spec" in err.getvalue()

    def test_the_makefile_calls_it(self) -> None:
        """``make generate`` and ``make check-generated`` are the two commands."""
        makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
        assert "\ngenerate: install\n\t$(SPEC) generate\n" in makefile
        assert "\ncheck-generated: install\n\t$(SPEC) check\n" in makefile
        assert '\t$(SPEC) update "$(FROM)" --api $(or $(API),accounting) $(if $(DRY_RUN),--dry-run)\n' in makefile
