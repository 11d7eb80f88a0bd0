"""The suite against an installed wheel: what is copied, what counts, and what is no success."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.errors import ToolError
from tools.release import __main__ as command
from tools.release import installed
from tools.release.installed import Tally, check_origin, copy_tests, read_report, run_suite, tools_of_tests
from tools.release.project import Project

from . import made_up

ROOT = Path(__file__).parents[3]
INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
REPORT = (
    '<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1"/><testsuite tests="2" failures="0" '
    'errors="0" skipped="0"/></testsuites>'
)


class TestCopy:
    def test_sources_are_gone(self, tmp_path: Path) -> None:
        """Everything but the packages' sources and what is left out is copied; the programs for books are linked."""
        made = made_up.project(tmp_path / "here")
        copy_tests(made, tmp_path / "there")
        copied = {path.name for path in (tmp_path / "there").rglob("*") if path.is_file()}
        assert {
            *("LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml"),
            *("test_one.py", "test_bundle.py", "bundle.yaml"),
        } == copied
        assert made.root / ".books" == (tmp_path / "there" / ".books").readlink()

    def test_nothing_is_left_out_in_vain(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A line of the list that names nothing is refused: it would say something untrue."""
        monkeypatch.setattr(installed, "LEFT_OUT", {"tests/gone": "why"})
        with pytest.raises(ToolError, match=r"^tests/gone: is left out of the tests, and is not there; see LEFT_OUT"):
            copy_tests(made_up.project(tmp_path / "here"), tmp_path / "there")

    def test_each_omission_has_a_reason(self) -> None:
        """What is left out exists in this project and says why."""
        for name, reason in installed.LEFT_OUT.items():
            assert (ROOT / name).exists()
            assert len(reason) > 20

    def test_what_tests_import(self, tmp_path: Path) -> None:
        """The requirements of ``dev`` but for the package itself and what checks sources."""
        assert ["hypothesis>=6,<7"] == tools_of_tests(made_up.project(tmp_path))


class TestOrigin:
    def test_a_checkout_is_refused(self, tmp_path: Path) -> None:
        """An environment in which the packages come from sources is none to test a wheel in."""
        with pytest.raises(ToolError, match=r"brex_accounting/__init__\.py: is not what was installed into"):
            check_origin(Path(sys.executable), tmp_path)

    def test_sources_beside_the_tests_are_refused(self, tmp_path: Path) -> None:
        """Sources in the folder of the tests come before what is installed, and are seen."""
        for name in ("brex_accounting", "brex_accounting_client"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "__init__.py").write_text("")
        with pytest.raises(ToolError, match=r"^.*/brex_accounting/__init__\.py: is not what was installed into"):
            check_origin(Path(sys.executable), tmp_path)


class TestSuite:
    def test_what_is_no_success(self, tmp_path: Path) -> None:
        """Failures and skips are counted and refused."""
        (tmp_path / "pytest.ini").write_text(INI)
        (tmp_path / "test_it.py").write_text(
            "import pytest\n"
            "def test_a(): pass\n"
            "def test_b(): assert False\n"
            "@pytest.mark.skip\ndef test_c(): pass\n"
            "@pytest.mark.xfail\ndef test_d(): assert False\n"
        )
        with pytest.raises(ToolError, match=r"^against the installed wheel 1 tests failed and 2 were skipped$"):
            run_suite(Path(sys.executable), tmp_path, processes=0)

    def test_too_few(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A suite that passes and has shrunk is refused, by the number that it has to have."""
        (tmp_path / "pytest.ini").write_text(INI)
        (tmp_path / "test_it.py").write_text("def test_a(): pass\ndef test_b(): pass\n")
        monkeypatch.setattr(installed, "LEAST", 3)
        with pytest.raises(ToolError, match=r"^only 2 tests ran against the installed wheel; LEAST in .* is 3$"):
            run_suite(Path(sys.executable), tmp_path, processes=0)
        monkeypatch.setattr(installed, "LEAST", 2)
        assert Tally(passed=2, failed=0, skipped=0) == run_suite(Path(sys.executable), tmp_path, processes=0)

    def test_the_least_is_a_suite(self) -> None:
        """The number is no formality."""
        assert installed.LEAST >= 11_000

    def test_report(self, tmp_path: Path) -> None:
        """All suites of a report count; errors are failures."""
        (tmp_path / "report.xml").write_text(REPORT)
        assert Tally(passed=4, failed=2, skipped=1) == read_report(tmp_path / "report.xml")

    @pytest.mark.parametrize("text", ["", "<testsuite", None])
    def test_no_report(self, tmp_path: Path, text: str | None) -> None:
        """Tests that were killed before their end are no success."""
        if text is not None:
            (tmp_path / "report.xml").write_text(text)
        with pytest.raises(ToolError, match=r"is no report of tests .*; they did not come to their end$"):
            read_report(tmp_path / "report.xml")


class TestProject:
    def test_what_git_knows(self, tmp_path: Path) -> None:
        """Files that git knows and that are there, in a folder with a space; the version is that of the package."""
        root = tmp_path / "a project"
        made_up.project(root)
        (root / "pyproject.toml").write_text('[project]\nname = "brex-accounting-client"\n')
        for command_line in (["init", "--quiet"], ["add", "."]):
            subprocess.run(["git", *command_line], cwd=root, check=True, timeout=60)
        (root / "draft.txt").write_text("")
        (root / "CHANGELOG.md").unlink()
        found = Project.at(root)
        assert "brex_accounting_client-9.8.7" == found.stem
        assert set(made_up.FILES) - {"CHANGELOG.md"} == set(found.tracked)
        assert root / "custom/brex_accounting/py.typed" == found.wheel_files()["brex_accounting/py.typed"]

    def test_no_project(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A folder that is no project ends with 1 and says what is missing, and nothing is made there."""
        assert 1 == command.main(["--root", str(tmp_path)])
        assert "version.py" in capsys.readouterr().err
        assert [] == list(tmp_path.iterdir())
