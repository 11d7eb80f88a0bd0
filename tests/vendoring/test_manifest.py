"""What a copy says about itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from attrs import evolve

from brex_accounting.errors import VendorError
from brex_accounting.vendoring.copy import Copy
from brex_accounting.vendoring.manifest import PLACE, Entry, Manifest, digest, spec_revision
from brex_accounting.vendoring.regenerated import edits, manifest_after
from brex_accounting.vendoring.update import create

from . import sources
from .sources import changed, source

MADE = Manifest(
    package="acme_erp._vendor",
    version="0.1.0",
    generator="openapi-python-client==0.29.1",
    spec_revision="1" * 64,
    parts=("core",),
    files={"brex_accounting/b.py": Entry("b" * 64, "c" * 64), "brex_accounting/a.py": Entry("a" * 64, "d" * 64)},
    kept_edits={"brex_accounting/a.py": "e" * 64},
    regenerated={"brex_accounting/b.py": None},
)

TEXT = b"""\
{
  "format": 1,
  "project": "brex-accounting-client",
  "package": "acme_erp._vendor",
  "version": "0.1.0",
  "generator": "openapi-python-client==0.29.1",
  "spec_revision": "%(one)s",
  "parts": [
    "core"
  ],
  "files": {
    "brex_accounting/a.py": {
      "sha256": "%(a)s",
      "source_sha256": "%(d)s"
    },
    "brex_accounting/b.py": {
      "sha256": "%(b)s",
      "source_sha256": "%(c)s"
    }
  },
  "kept_edits": {
    "brex_accounting/a.py": "%(e)s"
  },
  "regenerated": {
    "brex_accounting/b.py": null
  }
}
""" % {b"one": b"1" * 64, **{bytes([letter]): bytes([letter]) * 64 for letter in b"abcde"}}


class TestText:
    def test_is_written_and_read(self) -> None:
        """The text is sorted, says nothing of when or where, and reads back as what it was made from."""
        assert TEXT == MADE.dump()
        assert MADE == Manifest.parse(TEXT)

    def test_none(self, tmp_path: Path) -> None:
        """A folder without a manifest is no copy, and the error says what to name."""
        with pytest.raises(VendorError) as caught:
            Manifest.read(tmp_path)
        assert (
            f"{tmp_path}: holds no copy, since there is no brex_accounting/vendored/manifest.json; name the folder "
            "that `vendor` was given"
        ) == str(caught.value)

    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"null",
            b"[]",
            b"<<<<<<< HEAD\n",
            b"\xff",
            TEXT[:-10],
            TEXT.replace(b'"format": 1', b'"format": 2'),
            TEXT.replace(b'"files"', b'"file"'),
            TEXT.replace(b'"version": "0.1.0"', b'"version": 1'),
            TEXT.replace(b'"parts": [', b'"parts": [1,'),
            TEXT.replace(b": null", b": 3"),
        ],
    )
    def test_broken(self, text: bytes, tmp_path: Path) -> None:
        """A text that is no manifest is refused, with its place and what to do."""
        path = tmp_path / PLACE
        path.parent.mkdir(parents=True)
        path.write_bytes(text)
        with pytest.raises(VendorError) as caught:
            Manifest.read(tmp_path)
        assert (f"{path}: is not what `vendor` writes; restore it from version control, or make the copy again") == str(
            caught.value
        )


class TestHashes:
    def test_digest(self) -> None:
        """A file has one hash with the line ends of either system, and another with any other change."""
        assert hashlib.sha256(b"a\nb\n").hexdigest() == digest(b"a\nb\n") == digest(b"a\r\nb\r\n")
        assert len({digest(text) for text in (b"a\nb\n", b"a\nb", b"a\rb\n", b"a\n\nb\n", b"A\nb\n")}) == 5

    def test_spec_revision(self) -> None:
        """The revision of the documents is that of their names and texts, in no order and with either line end."""
        one = hashlib.sha256(b"x\n").hexdigest()
        two = hashlib.sha256(b"y\n").hexdigest()
        expected = hashlib.sha256(f"{one}  a.yaml\n{two}  b.yaml\n".encode()).hexdigest()
        assert expected == spec_revision({"b.yaml": b"y\r\n", "a.yaml": b"x\n"})
        assert expected != spec_revision({"a.yaml": b"y\n", "b.yaml": b"x\n"})

    def test_of_files(self) -> None:
        """Each file has the hash of what was written and of what that was made from."""
        copy = Copy.of(sources.source(), ["core"], "acme_erp._vendor")
        entry = copy.manifest.files["brex_accounting/client.py"]
        written = b"from ..brex_accounting_client import Client\n\nLIMIT = 1000\n"
        assert Entry(hashlib.sha256(written).hexdigest(), hashlib.sha256(sources.CLIENT).hexdigest()) == entry
        assert set(copy.files) == set(copy.manifest.files)

    def test_is_the_same_each_time(self) -> None:
        """Two copies of one source have the same manifest, byte for byte."""
        one, two = (Copy.of(sources.source(), ["core"], "acme_erp._vendor").manifest.dump() for _ in range(2))
        assert one == two
        assert set(json.loads(one)) == {
            "format", "project", "package", "version", "generator", "spec_revision", "parts", "files", "kept_edits",
            "regenerated",
        }  # fmt: skip


class TestRegenerated:
    def test_is_recorded(self) -> None:
        """What a new document changed, added and removed is recorded, with the revision of the new documents."""
        text = b"new\n"
        files = {"a.py": Entry("a" * 64, "a" * 64), "b.py": Entry("b" * 64, "b" * 64)}
        before = evolve(MADE, files=files, regenerated={})
        after = before.with_regenerated({"a.py": text, "b.py": None, "c.py": b""}, "2" * 64)
        assert {"a.py": digest(text), "b.py": None, "c.py": digest(b"")} == after.regenerated
        assert ("2" * 64, files) == (after.spec_revision, after.files)

    def test_later_ones_replace_earlier_ones(self) -> None:
        """A file that is again what it was made as, or that is gone and was never made, is not listed any more."""
        files = {"a.py": Entry(digest(b"made\n"), "a" * 64), "b.py": Entry("b" * 64, "b" * 64)}
        before = evolve(MADE, files=files, regenerated={"a.py": "1" * 64, "b.py": None, "c.py": "3" * 64})
        after = before.with_regenerated({"a.py": b"made\r\n", "c.py": None}, "2" * 64)
        assert {"b.py": None} == after.regenerated

    def test_of_a_folder(self, tmp_path: Path) -> None:
        """The manifest names what takes the place of files and folders of a copy, and the revision of all documents."""
        inputs, copy, made = "brex_accounting/spec/inputs/openapi", tmp_path / "copy", tmp_path / "made"
        files = {f"{inputs}/a_api.yaml": b"old\n", f"{inputs}/b_api.yaml": b"same\n", f"{inputs}/gone.yaml": b"old\n"}
        create(copy, source=changed(source(), {**files, "brex_accounting/spec/__init__.py": b""}), parts=["spec"])
        new = {f"{inputs}/a_api.yaml": b"new\n", "brex_accounting_client/models.py": b"RECORD = 2\n"}
        new["brex_accounting_client/new.py"] = b"NEW = 1\n"
        for path, text in new.items():
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            (made / path).write_bytes(text)
        text = manifest_after(copy, made, [f"{inputs}/a_api.yaml", f"{inputs}/gone.yaml", "brex_accounting_client"])
        assert text is not None
        after = Manifest.parse(text)
        assert spec_revision({"a_api.yaml": b"new\n", "b_api.yaml": b"same\n"}) == after.spec_revision
        assert {
            f"{inputs}/a_api.yaml": digest(b"new\n"),
            f"{inputs}/gone.yaml": None,
            "brex_accounting_client/__init__.py": None,
            "brex_accounting_client/models.py": digest(b"RECORD = 2\n"),
            "brex_accounting_client/new.py": digest(b"NEW = 1\n"),
        } == after.regenerated

    def test_of_no_copy(self, tmp_path: Path) -> None:
        """An installation or a checkout has no manifest, and needs none."""
        assert manifest_after(tmp_path, tmp_path, ["a.py"]) is None


class TestEdits:
    NAMES = ("brex_accounting_client", "brex_accounting/bundle.yaml")

    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        create(tmp_path / "copy", source=source(), parts=["core"])
        return tmp_path / "copy"

    def test_what_would_be_lost(self, copy: Path, tmp_path: Path) -> None:
        """A file that was edited here is named, and so is one that was added; what a new document made is neither."""
        assert [] == edits(copy, tmp_path / "made", self.NAMES)
        made = {"brex_accounting_client/regenerated.py": b"R = 1\n"}
        manifest = Manifest.read(copy).with_regenerated(made, "2" * 64)
        (copy / PLACE).write_bytes(manifest.dump())
        for path, text in made.items():
            (copy / path).write_bytes(text)
        assert [] == edits(copy, tmp_path / "made", self.NAMES)
        for name in ("models.py", "extra.py", "regenerated.py"):
            with (copy / "brex_accounting_client" / name).open("a", encoding="utf-8") as file:
                file.write("MINE = 1\n")
        assert [
            "brex_accounting_client/extra.py",
            "brex_accounting_client/models.py",
            "brex_accounting_client/regenerated.py",
        ] == edits(copy, tmp_path / "made", self.NAMES)

    def test_what_is_made_anew_as_it_is(self, copy: Path, tmp_path: Path) -> None:
        """An edit that is what a new document makes of the file is not lost, and one with other line ends is none."""
        path = "brex_accounting_client/models.py"
        before = (copy / path).read_bytes()
        (copy / path).write_bytes(before.replace(b"\n", b"\r\n"))
        assert [] == edits(copy, tmp_path / "made", self.NAMES)
        (copy / path).write_bytes(b"MINE = 1\n")
        (tmp_path / "made" / path).parent.mkdir(parents=True)
        (tmp_path / "made" / path).write_bytes(b"MINE = 1\n")
        assert [] == edits(copy, tmp_path / "made", self.NAMES)

    def test_outside_of_what_is_replaced(self, copy: Path, tmp_path: Path) -> None:
        """What stays is nobody's business here, and a folder that holds no copy has nothing to lose."""
        (copy / "brex_accounting" / "__init__.py").write_bytes(b"MINE = 1\n")
        assert [] == edits(copy, tmp_path / "made", self.NAMES)
        (copy / PLACE).unlink()
        assert [] == edits(copy, tmp_path / "made", ["brex_accounting"])
