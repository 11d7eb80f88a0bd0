"""``brex-accounting vendor``: what it prints, and its exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from brex_accounting import __version__
from brex_accounting.cli import main
from brex_accounting.vendoring.source import Source
from tests.vendoring import sources


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of a few lines in the place of the one that this is; what is made of it is tested with the real one."""
    monkeypatch.setattr(Source, "running", classmethod(lambda _: sources.source()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "acme_erp").mkdir()
    (tmp_path / "acme_erp" / "__init__.py").touch()
    return tmp_path / "acme_erp" / "_vendor"


@pytest.mark.usefixtures("small")
class TestCommand:
    def test_make(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A copy is made, and its package, parts, place and requirements printed."""
        assert 0 == main(["vendor", str(folder), "--parts", "cli"])
        out, err = capsys.readouterr()
        assert "" == err
        assert (
            "part export: cli needs it: brex_accounting/cli/__init__.py imports it\n"
            "acme_erp._vendor: brex-accounting-client 0.1.0 with the parts core, export, cli; 9 files written or "
            f"removed in {folder}\n"
            "it takes attrs>=24.2,<27, filelock>=4.2.11,<5, httpx>=0.28.1,<0.29, msgspec>=0.22,<0.23, "
            "python-dateutil>=2.9,<5, rich>=15,<16, sniffio>=1.3.1,<2, typer>=0.29.2,<0.30\n"
        ) == out

    def test_dry_run(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A dry run says that it did not write."""
        assert 0 == main(["vendor", str(folder), "--dry-run"])
        assert "8 files would be written or removed" in capsys.readouterr().out
        assert not folder.exists()

    def test_check(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A comparison prints what there is to say; the exit status is 1 if somebody has to do something."""
        main(["vendor", str(folder)])
        capsys.readouterr()
        assert 0 == main(["vendor", str(folder), "--check"])
        first = f"acme_erp._vendor 0.1.0 in {folder}: core, export\n"
        assert (f"{first}nothing to do\n", "") == capsys.readouterr()
        (folder / "brex_accounting/client.py").write_text("# mine\n")
        assert 1 == main(["vendor", str(folder), "--check"])
        assert capsys.readouterr().err.endswith("made as now: 1 difference in files\n")
        (folder / "brex_accounting/version.py").unlink()
        assert 1 == main(["vendor", str(folder), "--check"])
        assert (
            f"{first}edited: brex_accounting/client.py\nmissing: brex_accounting/version.py\n",
            "error: the copy is not what it would be made as now: 2 differences in files\n",
        ) == capsys.readouterr()

    def test_update(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """An update that would lose an edit prints it as a diff, and ends with 1; then it does as it is told."""
        main(["vendor", str(folder)])
        module = folder / "brex_accounting/version.py"
        module.write_text('__version__ = "mine"\n')
        capsys.readouterr()
        assert 1 == main(["vendor", str(folder), "--update"])
        out, err = capsys.readouterr()
        assert (
            "--- brex-accounting-client-0.1.0/brex_accounting/version.py\n"
            "+++ here/brex_accounting/version.py\n"
            "@@ -1 +1 @@\n"
            '-__version__ = "0.1.0"\n'
            '+__version__ = "mine"\n'
        ) == out
        assert err.startswith(f"error: {folder}: nothing was written, since files were changed here (1, such as ")
        assert 0 == main(["vendor", str(folder), "--update", "--keep-edits"])
        assert capsys.readouterr().out.startswith("kept as it is here: brex_accounting/version.py\n")
        assert 0 == main(["vendor", str(folder), "--check"])
        assert "kept edit: brex_accounting/version.py\nnothing to do\n" in capsys.readouterr().out
        module.write_text('__version__ = "mine again"\n')
        assert 0 == main(["vendor", str(folder), "--update", "--overwrite-edits"])
        assert capsys.readouterr().out.startswith("overwritten: brex_accounting/version.py\n")
        assert '__version__ = "0.1.0"\n' == module.read_text()

    def test_interrupted(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A comparison of a copy of which an update was killed says that alone where no file differs."""
        main(["vendor", str(folder)])
        (folder / ".brex-accounting-vendor").mkdir()
        capsys.readouterr()
        assert 1 == main(["vendor", str(folder), "--check"])
        assert (
            (
                f"acme_erp._vendor 0.1.0 in {folder}: core, export\n"
                "an update was interrupted, or is under way; run `vendor --update` to end it\n"
            ),
            "error: the copy is as it was made, and an update of it has not ended\n",
        ) == capsys.readouterr()

    def test_no_part(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """An update to parts that nobody names takes none away."""
        main(["vendor", str(folder), "--parts", "cli"])
        before = sources.tree(folder)
        capsys.readouterr()
        assert 2 == main(["vendor", str(folder), "--update", "--parts", ""])
        assert capsys.readouterr().err.startswith("error: --parts: names no part; ")
        assert before == sources.tree(folder)

    @pytest.mark.parametrize("destination", ["", " "])
    @pytest.mark.parametrize("options", [[], ["--check"], ["--update"]])
    def test_no_destination(
        self,
        destination: str,
        options: list[str],
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """An empty destination, such as a variable that is not set, is not the current folder."""
        monkeypatch.chdir(folder.parent)
        assert 2 == main(["vendor", destination, *options])
        assert (
            "",
            "error: DEST: is empty; name the folder of the package that the copy lives in, or . for the current one\n",
        ) == capsys.readouterr()
        assert ["__init__.py"] == [file.name for file in folder.parent.iterdir()]

    def test_many_files(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Of hundreds of files, some are named and the rest counted."""
        main(["vendor", str(folder)])
        for number in range(100):
            (folder / f"brex_accounting/x{number:03}.py").touch()
        capsys.readouterr()
        assert 1 == main(["vendor", str(folder), "--check"])
        lines = capsys.readouterr().out.splitlines()
        assert "extra: brex_accounting/x019.py" == lines[20]
        assert ["extra: … and 80 more files"] == lines[21:]

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            (["--check", "--update"], "--check and --update: give one of them"),
            (["--update", "--keep-edits", "--overwrite-edits"], "--keep-edits and --overwrite-edits: give one of them"),
            (["--keep-edits"], "--keep-edits: goes with --update"),
            (["--overwrite-edits", "--check"], "--overwrite-edits: goes with --update"),
            (["--check", "--parts", "core"], "--check: takes no other option, since it compares what is there"),
            (["--check", "--package", "a"], "--check: takes no other option, since it compares what is there"),
            (["--parts", ""], "--parts: names no part; leave it out for those that are there, or for core,export"),
            (["--parts", " ,"], "--parts: names no part; leave it out for those that are there, or for core,export"),
            (["--check", "--dry-run"], "--check: takes no other option, since it compares what is there"),
        ],
    )
    def test_contradictions(
        self, arguments: list[str], text: str, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Options that contradict each other are refused in one line, and nothing is written."""
        assert 2 == main(["vendor", str(folder), *arguments])
        assert ("", f"error: {text}\n") == capsys.readouterr()
        assert not folder.exists()

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            (["--parts", "core,exports"], "parts: there is no part 'exports'; the parts are core, export, emulator, "),
            (["--package", "acme._vendor"], "--package: acme._vendor would be …/acme/_vendor, and the copy goes to "),
            (["--update"], "holds no copy, since there is no brex_accounting/vendored/manifest.json; "),
            (["--check"], "holds no copy, since there is no brex_accounting/vendored/manifest.json; "),
        ],
    )
    def test_refusals(self, arguments: list[str], text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """What cannot be done is said in one line, with the remedy, and nothing is written."""
        assert 1 == main(["vendor", str(folder), *arguments])
        out, err = capsys.readouterr()
        assert "" == out
        assert text in err
        assert 1 == err.count("\n")
        assert not folder.exists()


class TestReal:
    def test_dry_run(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The command finds what it is part of, and would make a copy of it."""
        assert 0 == main(["vendor", str(folder), "--package", "acme_erp._vendor", "--dry-run"])
        out = capsys.readouterr().out
        assert out.startswith(f"acme_erp._vendor: brex-accounting-client {__version__} with the parts core, export; ")
