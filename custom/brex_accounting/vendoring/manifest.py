"""What a copy says about itself: what it was made from, and what each of its files was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from attrs import evolve, frozen

from ..errors import VendorError

PLACE: Final = "brex_accounting/vendored/manifest.json"
"""Where it lies in a copy."""

_FORMAT: Final = 1


def digest(data: bytes) -> str:
    """The SHA-256 of a text file with the line ends that it was made with, whatever a checkout made of them.

    Args:
        data: The file.
    """
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


@frozen
class Entry:
    """A file of a copy.

    Attributes:
        sha256: Of the file as it was written.
        source_sha256: Of the file that it was made from.
    """

    sha256: str
    source_sha256: str


@frozen(kw_only=True)
class Manifest:
    """What a copy was made from.

    Attributes:
        package: The parent package that it was made for.
        version: Of this project.
        generator: The generator of the low-level client, with its version.
        spec_revision: SHA-256 over the documents that the low-level client was made from.
        parts: Names of parts.
        files: Each file as it was made, by place in the copy.
        kept_edits: SHA-256 of files that were edited here, and stayed so in an update on request.
        regenerated: SHA-256 of files that a new document changed here, None for those that it removed.
    """

    package: str
    version: str
    generator: str
    spec_revision: str
    parts: tuple[str, ...]
    files: Mapping[str, Entry]
    kept_edits: Mapping[str, str]
    regenerated: Mapping[str, str | None]

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of a copy.

        Args:
            folder: The one that holds both packages.

        Raises:
            VendorError: There is none, or it cannot be understood.
        """
        path = folder / PLACE
        try:
            return cls.parse(path.read_bytes())
        except FileNotFoundError as error:
            message = f"{folder}: holds no copy, since there is no {PLACE}; name the folder that `vendor` was given"
            raise VendorError(message) from error
        except OSError as error:
            message = f"{path}: cannot be read ({error.strerror}); let this user read it"
            raise VendorError(message) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            message = f"{path}: is not what `vendor` writes; restore it from version control, or make the copy again"
            raise VendorError(message) from error

    @classmethod
    def parse(cls, text: bytes) -> Manifest:
        """A manifest from its text.

        Raises:
            ValueError: It is none, or of another format. Other errors mean the same.
        """
        data = cast("dict[str, Any]", json.loads(text))
        if data["format"] != _FORMAT:
            message = f"format {data['format']}"
            raise ValueError(message)
        return cls(
            package=_text(data["package"]),
            version=_text(data["version"]),
            generator=_text(data["generator"]),
            spec_revision=_text(data["spec_revision"]),
            parts=tuple(map(_text, data["parts"])),
            files={
                path: Entry(_text(entry["sha256"]), _text(entry["source_sha256"]))
                for path, entry in data["files"].items()
            },
            kept_edits={path: _text(sha) for path, sha in data["kept_edits"].items()},
            regenerated={path: None if sha is None else _text(sha) for path, sha in data["regenerated"].items()},
        )

    def dump(self) -> bytes:
        """Its text: the same for the same facts, whenever and wherever."""
        data = {
            "format": _FORMAT,
            "project": "brex-accounting-client",
            "package": self.package,
            "version": self.version,
            "generator": self.generator,
            "spec_revision": self.spec_revision,
            "parts": list(self.parts),
            "files": {
                path: {"sha256": entry.sha256, "source_sha256": entry.source_sha256}
                for path, entry in sorted(self.files.items())
            },
            "kept_edits": dict(sorted(self.kept_edits.items())),
            "regenerated": dict(sorted(self.regenerated.items())),
        }
        return f"{json.dumps(data, indent=2)}\n".encode()

    def with_regenerated(self, changed: Mapping[str, bytes | None], spec_revision: str) -> Manifest:
        """The manifest after a new document changed files of the copy; such files are no edits.

        Args:
            changed: Each file that was written, by place in the copy, None for one that was removed.
            spec_revision: Of the documents that the copy has now.
        """
        regenerated = dict(self.regenerated)
        regenerated |= {path: None if data is None else digest(data) for path, data in changed.items()}
        for path, entry in self.files.items():
            if regenerated.get(path) == entry.sha256:  # as it was made
                del regenerated[path]
        gone = {path for path, sha in regenerated.items() if sha is None and path not in self.files}
        return evolve(
            self,
            spec_revision=spec_revision,
            regenerated={path: sha for path, sha in regenerated.items() if path not in gone},
        )


def spec_revision(documents: Mapping[str, bytes]) -> str:
    """SHA-256 over published documents.

    Args:
        documents: Their texts, by file name.
    """
    lines = [f"{digest(text)}  {name}\n" for name, text in sorted(documents.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = "expected text"
        raise TypeError(message)
    return value


__all__ = ["PLACE", "Entry", "Manifest", "digest", "spec_revision"]
