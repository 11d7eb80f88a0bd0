"""Copies made, compared and updated: what is drift, what is an edit, and that no edit is ever lost unasked."""

from __future__ import annotations

import contextlib
import pickle
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.errors import VendorError
from brex_accounting.vendoring.copy import Copy
from brex_accounting.vendoring.drift import Kind
from brex_accounting.vendoring.manifest import PLACE, Manifest
from brex_accounting.vendoring.source import Source
from brex_accounting.vendoring.staging import NAME, state
from brex_accounting.vendoring.update import EditsInTheWay, check, create, update

from . import sources
from .sources import changed, source, tree
from .test_staging import at_step, forked

CLIENT = "brex_accounting/client.py"
MODELS = "brex_accounting_client/models.py"
NEXT = changed(source("0.2.0"), {CLIENT: sources.CLIENT.replace(b"1000", b"2000")})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds a copy, and something else."""
    place = tmp_path / "acme erp" / "_vendor"
    place.mkdir(parents=True)
    (place / "__init__.py").write_text("# theirs\n")
    create(place, source=source())
    return place


def edit(folder: Path, path: str, text: str = "# mine\n") -> bytes:
    """Add to a file of a copy, and give what it is then."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    with (folder / path).open("a") as file:
        file.write(text)
    return (folder / path).read_bytes()


def said(folder: Path, against: Source) -> list[tuple[str, str]]:
    return [(found.kind.value, found.path) for found in check(folder, source=against).found]


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(VendorError) as caught:
        action()
    return str(caught.value)


class TestCreate:
    def test_what_is_there(self, folder: Path) -> None:
        """A copy has the files of its parts, with imports that find each other, and its papers; the rest stays."""
        assert {
            "__init__.py": b"# theirs\n",
            "brex_accounting/__init__.py": b"from .version import __version__\n",
            "brex_accounting/client.py": b"from ..brex_accounting_client import Client\n\nLIMIT = 1000\n",
            "brex_accounting/version.py": b'__version__ = "0.1.0"\n',
            "brex_accounting/export/__init__.py": b"from ..client import LIMIT\n",
            "brex_accounting/vendored/LICENSE": b"Apache License 2.0\n",
            "brex_accounting_client/__init__.py": b"class Client: ...\n",
            "brex_accounting_client/models.py": b"RECORD = 1\n",
        } == {path: text for path, text in tree(folder).items() if not path.endswith((".json", ".txt"))}
        lines = (folder / "brex_accounting/vendored/requirements.txt").read_text().splitlines()
        assert [
            "# What this copy of brex-accounting-client 0.1.0 takes to run.",
            "attrs>=24.2,<27",
            "filelock>=4.2.11,<5",
            "httpx>=0.28.1,<0.29",
            "msgspec>=0.22,<0.23",
            "python-dateutil>=2.9,<5",
            "sniffio>=1.3.1,<2",
        ] == lines[:7]

    def test_is_clean(self, folder: Path) -> None:
        """A copy that was just made has nothing to say, and says what it was made from."""
        found = check(folder, source=source())
        assert ((), True) == (found.found, found.is_clean)
        assert ("_vendor", "0.1.0", ("core", "export")) == (
            found.manifest.package,
            found.manifest.version,
            found.manifest.parts,
        )

    def test_again(self, folder: Path) -> None:
        """A second copy in the same place is refused, with what to do, and changes nothing."""
        before = tree(folder)
        text = refused(lambda: create(folder, source=NEXT))
        assert (
            f"{folder}: holds a copy already; `vendor --update` brings it up to date, `vendor --check` compares it"
            == text
        )
        assert before == tree(folder)

    @pytest.mark.parametrize("name", ["brex_accounting", "brex_accounting_client"])
    def test_something_else_of_that_name(self, name: str, tmp_path: Path) -> None:
        """A package of that name that is no copy is left alone."""
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.py").touch()
        text = refused(lambda: create(tmp_path, source=source()))
        assert f"{tmp_path / name}: is there, and no copy that `vendor` made; remove it, or name another folder" == text
        assert {f"{name}/mine.py": b""} == tree(tmp_path)

    @pytest.mark.parametrize("name", ["brex_accounting", "brex_accounting_client"])
    def test_links_and_files(self, name: str, tmp_path: Path) -> None:
        """Neither a link nor a file is replaced by a package."""
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / name).symlink_to(tmp_path / "elsewhere")
        assert "is a link or a file" in refused(lambda: create(tmp_path, source=source()))
        (tmp_path / name).unlink()
        (tmp_path / name).touch()
        assert "is a link or a file" in refused(lambda: create(tmp_path, source=source()))
        assert "is a file; name the folder" in refused(lambda: create(tmp_path / name, source=source()))

    def test_link_to_the_folder(self, tmp_path: Path) -> None:
        """A destination that is a link is the folder that it leads to."""
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "real")
        assert tmp_path / "real" == create(tmp_path / "link", source=source()).folder
        assert (tmp_path / "link").is_symlink()
        assert check(tmp_path / "real", source=source()).is_clean

    def test_link_above_the_folder(self, tmp_path: Path) -> None:
        """A package that is called otherwise by a link is what the destination says."""
        (tmp_path / "lib" / "python").mkdir(parents=True)
        (tmp_path / "acme_erp").symlink_to(tmp_path / "lib" / "python")
        made = create(tmp_path / "acme_erp" / "_vendor", source=source(), package="acme_erp._vendor")
        assert (tmp_path / "lib/python/_vendor", "acme_erp._vendor") == (made.folder, made.copy.manifest.package)
        for package in ("acme_erp._vendor", None):
            again = update(tmp_path / "acme_erp" / "_vendor", source=NEXT, package=package)
            assert "acme_erp._vendor" == again.copy.manifest.package

    def test_within_itself(self, tmp_path: Path) -> None:
        """A copy within what it is made of, which would be part of the next copy, is refused."""
        own = evolve(source(), place=tmp_path / "brex_accounting")
        assert "is within the package that the copy is made of" in refused(
            lambda: create(tmp_path / "brex_accounting" / "_vendor", source=own)
        )

    def test_dry_run(self, tmp_path: Path) -> None:
        """A dry run says what it would write, and writes nothing, not even the folder."""
        outcome = create(tmp_path / "a" / "_vendor", source=source(), dry_run=True)
        assert "brex_accounting/client.py" in outcome.changed
        assert [] == list(tmp_path.iterdir())

    def test_folders_that_cannot_be_written(self, tmp_path: Path) -> None:
        """A disk that takes no more leaves nothing behind, the folders above included."""
        (tmp_path / "file").touch()
        place = tmp_path / "file" / "_vendor"
        assert "cannot be written" in refused(lambda: create(place, source=source()))
        assert ["file"] == [path.name for path in tmp_path.iterdir()]

    def test_half_of_a_source(self, tmp_path: Path) -> None:
        """A module that cannot be rewritten stops it before anything is written."""
        broken = changed(source(), {CLIENT: b"def"})
        assert "brex_accounting/client.py, line 1: this is no Python" in refused(
            lambda: create(tmp_path / "_vendor", source=broken)
        )
        assert [] == list(tmp_path.iterdir())


class TestCheck:
    def test_edits(self, folder: Path) -> None:
        """Files that were edited, added and removed here are told apart, by name."""
        edit(folder, CLIENT)
        edit(folder, "brex_accounting/mine.py")
        (folder / MODELS).unlink()
        assert [
            ("edited", CLIENT),
            ("extra", "brex_accounting/mine.py"),
            ("missing", MODELS),
        ] == said(folder, source())
        assert not check(folder, source=source()).is_clean

    @pytest.mark.parametrize("path", ["brex_accounting/vendored/LICENSE", "brex_accounting/vendored/requirements.txt"])
    def test_papers_are_files_too(self, folder: Path, path: str) -> None:
        """The licence and the requirements are held to the manifest like modules."""
        edit(folder, path)
        assert [("edited", path)] == said(folder, source())

    def test_drift(self, folder: Path) -> None:
        """What a release has otherwise, anew or no more is told, and what it is."""
        newer = changed(NEXT, {"brex_accounting/new.py": b"", MODELS: None})
        newer = evolve(newer, generator="openapi-python-client==0.30.0", spec_revision="2" * 64)
        found = check(folder, source=newer)
        assert [
            ("behind", CLIENT),
            ("behind", "brex_accounting/new.py"),
            ("behind", "brex_accounting/vendored/requirements.txt"),  # names the version
            ("behind", "brex_accounting/version.py"),
            ("behind", MODELS),
        ] == said(folder, newer)
        assert (
            "version: 0.1.0 here, 0.2.0 there",
            "generator: openapi-python-client==0.29.1 here, openapi-python-client==0.30.0 there",
            "documents: 111111111111 here, 222222222222 there",
        ) == found.moved_on
        assert not found.is_clean

    def test_moved_on_alone(self, folder: Path) -> None:
        """A copy whose files are right and whose manifest names other documents is not clean."""
        assert not check(folder, source=evolve(source(), spec_revision="2" * 64)).is_clean

    def test_line_ends_of_a_checkout(self, folder: Path) -> None:
        """Line ends that version control changed on the way are no edits, in the manifest neither."""
        for path in [*sources.FILES, PLACE]:
            if (folder / path).exists():
                (folder / path).write_bytes((folder / path).read_bytes().replace(b"\n", b"\r\n"))
        assert check(folder, source=source()).is_clean
        assert () == update(folder, source=source()).kept

    def test_what_python_writes(self, folder: Path) -> None:
        """Compiled modules are not files of the copy."""
        (folder / "brex_accounting" / "__pycache__").mkdir()
        (folder / "brex_accounting" / "__pycache__" / "client.cpython-311.pyc").write_bytes(b"\0")
        assert check(folder, source=source()).is_clean

    def test_link_in_a_copy(self, folder: Path) -> None:
        """A file that was replaced by a link is refused: an update would not know whose it is."""
        (folder / CLIENT).rename(folder / "client.py")
        (folder / CLIENT).symlink_to(folder / "client.py")
        text = f"{folder / CLIENT}: is no file of its own, but a link or a device; put the file itself there"
        assert text == refused(lambda: check(folder, source=source()))
        assert text == refused(lambda: update(folder, source=source(), edits="overwrite"))

    def test_folder_that_cannot_be_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder of a copy that this user may not read is named, with the remedy."""
        inner, iterdir = folder / "brex_accounting" / "export", Path.iterdir

        def refusing(self: Path) -> Iterator[Path]:
            if self == inner:
                raise PermissionError(13, "Permission denied", str(inner))
            return iterdir(self)

        monkeypatch.setattr(Path, "iterdir", refusing)
        text = f"{inner}: cannot be read (Permission denied); let this user read it"
        for action in (check, update):
            assert text == refused(lambda action=action: action(folder, source=NEXT))

    def test_no_copy(self, tmp_path: Path) -> None:
        """A folder without a copy is refused."""
        assert "holds no copy" in refused(lambda: check(tmp_path, source=source()))
        assert "holds no copy" in refused(lambda: update(tmp_path, source=source()))

    def test_itself(self, folder: Path) -> None:
        """A command that runs from the copy compares it with its manifest, and cannot update it."""
        own = evolve(source(), place=folder / "brex_accounting")
        assert check(folder, source=own).is_clean
        assert check(folder, source=own).version is None
        edit(folder, CLIENT)
        assert [("edited", CLIENT)] == said(folder, own)
        assert "a copy cannot update itself" in refused(lambda: update(folder, source=own))

    def test_writes_nothing(self, folder: Path) -> None:
        """A comparison changes nothing."""
        edit(folder, CLIENT)
        before = tree(folder)
        check(folder, source=NEXT)
        assert before == tree(folder)


class TestUpdate:
    def test_untouched(self, folder: Path) -> None:
        """A copy that nobody edited becomes what a new one would be, and files that are gone go."""
        newer = changed(NEXT, {"brex_accounting/new.py": b"X = 1\n", MODELS: None})
        outcome = update(folder, source=newer)
        assert "0.1.0" == outcome.before
        assert (
            CLIENT,
            "brex_accounting/new.py",
            "brex_accounting/vendored/requirements.txt",
            "brex_accounting/version.py",
            MODELS,
        ) == outcome.changed
        assert b"from ..brex_accounting_client import Client\n\nLIMIT = 2000\n" == (folder / CLIENT).read_bytes()
        assert not (folder / MODELS).exists()
        assert b"# theirs\n" == (folder / "__init__.py").read_bytes()
        assert check(folder, source=newer).is_clean

    def test_nothing_new(self, folder: Path) -> None:
        """A copy that is up to date is left as it is, down to the times of its files."""
        times = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        assert () == update(folder, source=source()).changed
        assert times == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    def test_stops_for_an_edit(self, folder: Path) -> None:
        """An edit is shown as a diff, and nothing is written."""
        edit(folder, CLIENT)
        before = tree(folder)
        with pytest.raises(EditsInTheWay) as caught:
            update(folder, source=changed(NEXT, {CLIENT: sources.CLIENT}))
        error = caught.value
        assert (CLIENT,) == error.paths
        assert [
            "--- brex-accounting-client-0.2.0/brex_accounting/client.py",
            "+++ here/brex_accounting/client.py",
            "@@ -1,3 +1,4 @@",
            " from ..brex_accounting_client import Client",
            " ",
            " LIMIT = 1000",
            "+# mine",
        ] == "".join(error.diffs).splitlines()
        assert (
            f"{folder}: nothing was written, since files were changed here (1, such as brex_accounting/client.py); "
            "--keep-edits lets them stay as they are, --overwrite-edits takes those of the release"
        ) == str(error)
        assert before == tree(folder)
        again = pickle.loads(pickle.dumps(error))
        assert (str(error), error.paths, error.diffs) == (str(again), again.paths, again.diffs)

    def test_stops_for_an_added_file(self, folder: Path) -> None:
        """A file that somebody added would be lost, and is shown whole."""
        edit(folder, "brex_accounting/mine.py", "X = 1")
        with pytest.raises(EditsInTheWay) as caught:
            update(folder, source=NEXT)
        assert (
            "--- /dev/null\n+++ here/brex_accounting/mine.py\n@@ -0,0 +1 @@\n+X = 1\n\\ No newline at end of file\n",
        ) == caught.value.diffs

    def test_keep(self, folder: Path) -> None:
        """Edits that are kept stay byte for byte, are recorded, and are no problem any more."""
        mine, added = edit(folder, CLIENT), edit(folder, "brex_accounting/mine.py")
        outcome = update(folder, source=NEXT, edits="keep")
        assert (CLIENT, "brex_accounting/mine.py") == outcome.kept
        assert (mine, added) == tuple((folder / path).read_bytes() for path in outcome.kept)
        assert [("kept edit", CLIENT), ("kept edit", "brex_accounting/mine.py")] == said(folder, NEXT)
        assert check(folder, source=NEXT).is_clean

    def test_kept_ones_keep_their_mode(self, folder: Path) -> None:
        """A file that stays as it is here stays what it may be used for, too."""
        edit(folder, CLIENT)
        for path, mode in ((CLIENT, 0o755), (MODELS, 0o600)):
            (folder / path).chmod(mode)
        update(folder, source=NEXT, edits="keep")
        assert [0o755, 0o600] == [stat.S_IMODE((folder / path).stat().st_mode) for path in (CLIENT, MODELS)]

    @pytest.mark.parametrize("path", [CLIENT, "brex_accounting/mine.py", MODELS])
    def test_an_edit_that_comes_while_it_is_made(self, folder: Path, path: str) -> None:
        """What somebody saves between the reading of a copy and the writing of the new one stops the update."""

        def action() -> None:
            sys.addaudithook(at_step(3, folder / NAME, lambda: (folder / path).write_text("# mine\n")))
            text = refused(lambda: update(folder, source=NEXT))
            assert text.endswith(": was changed while the copy was being made; nothing was written, run it again")

        assert 0 == forked(action)
        assert "# mine\n" == (folder / path).read_text()
        with pytest.raises(EditsInTheWay):
            update(folder, source=NEXT)

    def test_kept_ones_stay_while_the_release_does(self, folder: Path) -> None:
        """A kept edit stays without a question until the release changes that file, or somebody edits it again."""
        mine = edit(folder, CLIENT)
        update(folder, source=NEXT, edits="keep")
        later = evolve(changed(NEXT, {MODELS: b"RECORD = 2\n"}), version="0.3.0")
        assert (CLIENT,) == update(folder, source=later).kept
        assert (mine, b"RECORD = 2\n") == ((folder / CLIENT).read_bytes(), (folder / MODELS).read_bytes())
        moved = changed(later, {CLIENT: b"LIMIT = 3000\n"})
        assert "nothing was written" in refused(lambda: update(folder, source=moved))
        edit(folder, CLIENT)
        assert [("edited", CLIENT)] == said(folder, later)
        assert "nothing was written" in refused(lambda: update(folder, source=later))

    def test_overwrite(self, folder: Path) -> None:
        """Edits that are to go are gone, files that were added too, and nothing is recorded."""
        edit(folder, CLIENT)
        edit(folder, "brex_accounting/mine.py")
        outcome = update(folder, source=NEXT, edits="overwrite")
        assert (CLIENT, "brex_accounting/mine.py") == outcome.lost
        assert [] == said(folder, NEXT)

    def test_an_edit_that_the_release_has(self, folder: Path) -> None:
        """An edit that is what the release has now, such as a fix that went upstream, is none."""
        (folder / CLIENT).write_bytes((folder / CLIENT).read_bytes().replace(b"1000", b"2000"))
        assert () == update(folder, source=NEXT).kept
        assert [] == said(folder, NEXT)

    def test_missing(self, folder: Path) -> None:
        """A file that was removed here comes back, and is named."""
        (folder / CLIENT).unlink()
        assert (CLIENT,) == update(folder, source=source()).restored
        assert check(folder, source=source()).is_clean

    def test_parts(self, folder: Path) -> None:
        """Parts can be taken away and added, and stay as they are by default."""
        assert ("core", "export") == update(folder, source=NEXT).copy.manifest.parts
        update(folder, source=NEXT, parts=[])
        assert not (folder / "brex_accounting" / "export").exists()
        update(folder, source=NEXT, parts=["cli"])
        assert ("core", "export", "cli") == Manifest.read(folder).parts
        assert check(folder, source=NEXT).is_clean

    def test_dry_run(self, folder: Path) -> None:
        """A dry run says the same, and writes nothing."""
        edit(folder, CLIENT)
        before = tree(folder)
        assert "nothing was written" in refused(lambda: update(folder, source=NEXT, dry_run=True))
        outcome = update(folder, source=NEXT, edits="overwrite", dry_run=True)
        assert (CLIENT,) == outcome.lost
        assert before == tree(folder)

    @given(data=st.data())
    def test_no_edit_is_lost(self, memory: Path, data: st.DataObject) -> None:
        """Whatever is edited here and whatever the release changes, an update without permission loses no byte."""
        place = Path(tempfile.mkdtemp(dir=memory))
        create(place, source=source())
        paths = sorted(path for path in tree(place) if path != PLACE)
        texts = st.sampled_from([None, b"", b"one\n", b"two\r\n", sources.CLIENT])
        here = data.draw(st.dictionaries(st.sampled_from([*paths, "brex_accounting/x.py"]), texts, max_size=4))
        upstream = data.draw(
            st.dictionaries(st.sampled_from([CLIENT, MODELS, "brex_accounting/x.py"]), texts, max_size=3)
        )
        for path, text in here.items():
            (place / path).unlink(missing_ok=True)
            if text is not None:
                (place / path).write_bytes(text)
        before, newer = tree(place), changed(source("0.2.0"), upstream)
        with contextlib.suppress(EditsInTheWay):
            update(place, source=newer)
            before = {}
        after = tree(place)
        assert after == before or not before  # all of it, or nothing
        was, now = files_of(source()), files_of(newer)
        for path, text in here.items():
            if text is not None and lines(text) != was.get(path):  # an edit: it is there, or it is what the release has
                assert lines(text) in (lines(after[path]), now.get(path))


def files_of(of: Source) -> dict[str, bytes]:
    """What a copy of a source holds."""
    return dict(Copy.of(of, ["core", "export"], "x").files)


def lines(text: bytes) -> bytes:
    """A text without the line ends of one system."""
    return text.replace(b"\r\n", b"\n")


class TestRegenerated:
    @pytest.fixture
    def remade(self, folder: Path) -> Iterator[Path]:
        """A copy that was made again from a new document: one file is other, one new, one gone."""
        manifest = Manifest.read(folder)
        texts = {MODELS: b"RECORD = 2\n", "brex_accounting_client/new.py": b"NEW = 1\n"}
        for path, text in texts.items():
            (folder / path).write_bytes(text)
        (folder / "brex_accounting/export/__init__.py").unlink()
        recorded = manifest.with_regenerated({**texts, "brex_accounting/export/__init__.py": None}, "2" * 64)
        (folder / PLACE).write_bytes(recorded.dump())
        return folder

    ALL = ("brex_accounting/export/__init__.py", MODELS, "brex_accounting_client/new.py")

    def test_is_no_edit(self, remade: Path) -> None:
        """What was made again here is said so, and is no problem."""
        found = check(remade, source=source())
        assert [("regenerated here", path) for path in sorted(self.ALL)] == said(remade, source())
        assert found.is_clean

    def test_edits_on_top_are_edits(self, remade: Path) -> None:
        """A file that was made again and then edited was edited; one that was removed then is missing."""
        edit(remade, MODELS)
        (remade / "brex_accounting_client/new.py").unlink()
        edit(remade, "brex_accounting/export/__init__.py")
        assert [Kind.EDITED, Kind.EDITED, Kind.MISSING] == [
            found.kind for found in check(remade, source=source()).found
        ]

    def test_stays_while_the_release_does(self, remade: Path) -> None:
        """A release that leaves these files alone leaves them as they were made here."""
        assert set(self.ALL) == set(update(remade, source=NEXT).kept)
        assert b"RECORD = 2\n" == (remade / MODELS).read_bytes()
        assert not (remade / "brex_accounting/export/__init__.py").exists()
        assert check(remade, source=NEXT).is_clean
        assert "2" * 64 == Manifest.read(remade).spec_revision

    def test_belongs_together(self, remade: Path) -> None:
        """A release that changes one of them stops the update for all: half of two documents fits neither."""
        newer = changed(NEXT, {MODELS: b"RECORD = 3\n"})
        with pytest.raises(EditsInTheWay) as caught:
            update(remade, source=newer)
        assert tuple(sorted(self.ALL)) == caught.value.paths
        update(remade, source=newer, edits="overwrite")
        assert b"RECORD = 3\n" == (remade / MODELS).read_bytes()
        assert ({}, "1" * 64) == (Manifest.read(remade).regenerated, Manifest.read(remade).spec_revision)
        assert [] == said(remade, newer)

    def test_keep(self, remade: Path) -> None:
        """Kept, they stay what they are: made again here, from the documents that are here."""
        newer = changed(NEXT, {MODELS: b"RECORD = 3\n"})
        update(remade, source=newer, edits="keep")
        assert b"RECORD = 2\n" == (remade / MODELS).read_bytes()
        assert ({}, "2" * 64) == (Manifest.read(remade).kept_edits, Manifest.read(remade).spec_revision)
        assert [("regenerated here", path) for path in sorted(self.ALL)] == said(remade, newer)


class TestOtherCopies:
    def test_from_a_copy(self, folder: Path, tmp_path: Path) -> None:
        """A copy of a copy is the copy that the release would have made, hashes of the sources included."""
        own = Source.at(folder / "brex_accounting")
        create(tmp_path / "other" / "_vendor", source=own)
        assert tree(folder) == {"__init__.py": b"# theirs\n", **tree(tmp_path / "other" / "_vendor")}

    def test_from_an_edited_copy(self, folder: Path, tmp_path: Path) -> None:
        """A copy with edits is no source: they would pass for the release's."""
        edit(folder, CLIENT)
        own = Source.at(folder / "brex_accounting")
        assert "is a copy with edits of its own, such as brex_accounting/client.py" in refused(
            lambda: create(tmp_path / "other", source=own)
        )


_HOLD = """
import sys
from pathlib import Path
from brex_accounting.vendoring.staging import sole
with sole(Path(sys.argv[1]), dry_run=False):
    print("held", flush=True)
    sys.stdin.read()
"""


def commit(stage: Path, before: Mapping[str, Path]) -> None:
    """Say that all packages are made, and where each of those that they replace is."""
    (stage / "commit").write_text("".join(f"{name} {state(place / name)}\n" for name, place in before.items()))


class TestProcesses:
    def test_second_process(self, folder: Path) -> None:
        """While one process is at work on a copy, another is refused at once, and goes on when it has ended."""
        command = [sys.executable, "-c", _HOLD, folder]
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with holder:
            assert holder.stdout is not None
            assert "held\n" == holder.stdout.readline()
            text = f"{folder}: another process is making a copy there; try again when it is done"
            assert text == refused(lambda: update(folder, source=NEXT))
            holder.kill()
        assert "0.2.0" == update(folder, source=NEXT).copy.manifest.version

    def test_no_place_for_the_lock(self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the lock cannot be made, its file is named, with what to set."""
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere" / "at all"))
        (tmp_path / "nowhere").touch()
        text = refused(lambda: update(folder, source=NEXT))
        assert text.startswith(f"{tmp_path}/nowhere/at all/brex-accounting-vendor-")
        assert text.endswith("set TMPDIR to a folder that this user may write")

    def test_killed_before(self, folder: Path) -> None:
        """A process that was killed between two packages is found: a comparison says so, an update ends it."""
        stage = folder / NAME
        (stage / "new").mkdir(parents=True)
        create(stage / "new", source=NEXT, package=None)
        (stage / "new" / "brex_accounting").rename(folder / "brex_accounting.new")
        (stage / "old").mkdir()
        (folder / "brex_accounting").rename(stage / "old" / "brex_accounting")
        (folder / "brex_accounting.new").rename(folder / "brex_accounting")
        commit(stage, {"brex_accounting": stage / "old", "brex_accounting_client": folder})
        found = check(folder, source=NEXT)
        assert (True, False) == (found.interrupted, found.is_clean)
        assert () == update(folder, source=NEXT).changed
        assert check(folder, source=NEXT).is_clean

    @pytest.mark.parametrize("away", ["brex_accounting_client", PLACE])
    def test_while_it_is_made_again(self, folder: Path, away: str) -> None:
        """Where a new document was being taken over, and that was killed, nothing is taken for missing or an edit."""
        (folder / ".generate-moving" / "before" / away).parent.mkdir(parents=True)
        (folder / away).rename(folder / ".generate-moving" / "before" / away)
        before = tree(folder)
        for action in (check, create, update):
            text = refused(lambda action=action: action(folder, source=NEXT))
            assert text.endswith("run its `brex_accounting.spec check`, which puts back what was there, and then this")
        assert before == tree(folder)

    def test_killed_in_between(self, folder: Path) -> None:
        """So is one that had taken the old package away and not put the new one there."""
        stage = folder / NAME
        create(stage / "new", source=NEXT, package="new")
        (stage / "old").mkdir()
        (folder / "brex_accounting").rename(stage / "old" / "brex_accounting")
        commit(stage, {"brex_accounting": stage / "old", "brex_accounting_client": folder})
        text = f"{folder}: a process that made a copy there was killed, or is at work; `vendor --update` ends that"
        assert text == refused(lambda: check(folder, source=NEXT))
        update(folder, source=NEXT)
        assert check(folder, source=NEXT).is_clean
