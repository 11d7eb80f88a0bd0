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
from brex_accounting.vendoring.regenerated import manifest_after, refuse_edits
from brex_accounting.vendoring.update import create, update

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

    def test_edits(self, tmp_path: Path) -> None:
        """A file that was edited or added, kept or not, is not made again; one that is to be the same stays."""
        copy, made = tmp_path / "copy", tmp_path / "made"
        models, mine = "brex_accounting_client/models.py", "brex_accounting_client/mine.py"
        create(copy, source=source())
        (made / "brex_accounting_client").mkdir(parents=True)
        (made / models).write_text("RECORD = 2\n")
        refuse_edits(copy, made, ["brex_accounting_client"])
        (copy / models).write_text("RECORD = 2\n")
        refuse_edits(copy, made, ["brex_accounting_client"])
        (copy / models).write_text("# mine\n")
        update(copy, source=source(), edits="keep")
        with pytest.raises(VendorError) as caught:
            refuse_edits(copy, made, ["brex_accounting_client"])
        assert (
            f"{copy}: nothing was written, since files that are made from documents were changed here (1, such as "
            f"{models}); bring the changes into brex_accounting/spec/inputs, and move these files elsewhere"
        ) == str(caught.value)
        (copy / models).unlink()
        refuse_edits(copy, made, ["brex_accounting_client"])
        (copy / mine).write_text("")
        with pytest.raises(VendorError, match=r"changed here \(1, such as brex_accounting_client/mine\.py\)"):
            refuse_edits(copy, made, ["brex_accounting_client"])
        refuse_edits(made, copy, ["brex_accounting_client"])

    def test_of_no_copy(self, tmp_path: Path) -> None:
        """An installation or a checkout has no manifest, and needs none."""
        assert manifest_after(tmp_path, tmp_path, ["a.py"]) is None
