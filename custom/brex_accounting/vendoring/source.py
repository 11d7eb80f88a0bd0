"""What copies are made of: a checkout, an installation, or another copy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from ..errors import VendorError
from .manifest import PLACE, Manifest, digest, spec_revision
from .parts import LOW_LEVEL, PACKAGE

INPUTS: Final = f"{PACKAGE}/spec/inputs"
"""Where a copy has what the low-level client is made from."""

LICENSE: Final = f"{PACKAGE}/vendored/LICENSE"

_KINDS: Final = frozenset({".jinja", ".json", ".md", ".py", ".txt", ".typed", ".yaml"})
_VERSION: Final = re.compile(rb'^__version__ = "([^"]+)"$', re.MULTILINE)
_GENERATOR: Final = re.compile(rb"^openapi-python-client==\S+", re.MULTILINE)


@frozen
class Source:
    """What a copy is made of.

    Attributes:
        place: The folder of the package ``brex_accounting``.
        files: All files that a copy may hold, by place in the copy, with the line ends of a release.
        version: Of this project.
        generator: The generator of the low-level client, with its version.
        spec_revision: SHA-256 over the published documents.
        manifest: If it is a copy itself, what that says.
    """

    place: Path
    files: Mapping[str, bytes]
    version: str
    generator: str
    spec_revision: str
    manifest: Manifest | None

    @classmethod
    def running(cls) -> Source:
        """What this very module belongs to.

        Raises:
            VendorError: As ``at`` does.
        """
        return cls.at(Path(__file__).parent.parent)

    @classmethod
    def at(cls, place: Path) -> Source:
        """Read it all.

        Args:
            place: The folder of a package ``brex_accounting``.

        Raises:
            VendorError: Something is missing, or cannot be read.
        """
        try:
            files = {path: file.read_bytes().replace(b"\r\n", b"\n") for path, file in _files(place)}
            manifest = Manifest.read(place.parent) if (place.parent / PLACE).exists() else None
        except OSError as error:
            message = f"{error.filename or place}: cannot be read ({error.strerror}); let this user read it"
            raise VendorError(message) from error
        for path in (f"{PACKAGE}/version.py", f"{LOW_LEVEL}/__init__.py", LICENSE):
            if path not in files:
                message = f"{place}: has no {path} with it; run `vendor` from a checkout, an installation or a copy"
                raise VendorError(message)
        version = _VERSION.search(files[f"{PACKAGE}/version.py"])
        generator = _GENERATOR.search(files.get(f"{INPUTS}/openapi/generator-requirements.txt", b""))
        documents = {
            path.rpartition("/")[2]: text
            for path, text in files.items()
            if re.fullmatch(re.escape(INPUTS) + r"/openapi/\w+_api\.yaml", path)
        }
        if manifest is None and (generator is None or not documents):
            message = f"{place}: has no {INPUTS} with it; install the package again"
            raise VendorError(message)
        return cls(
            place=place,
            files=files,
            version=version[1].decode() if version else "unknown",
            generator=generator[0].decode() if generator else manifest.generator if manifest else "",
            spec_revision=spec_revision(documents) if documents else manifest.spec_revision if manifest else "",
            manifest=manifest,
        )

    def source_sha256(self, path: str) -> str:
        """The hash of the file that a file was made from in the first place."""
        entry = None if self.manifest is None else self.manifest.files.get(path)
        own = digest(self.files[path])
        return entry.source_sha256 if entry is not None and entry.sha256 == own else own


def _files(place: Path) -> Iterator[tuple[str, Path]]:
    checkout = place.parent.parent
    if not (place.parent / LOW_LEVEL).is_dir() and (checkout / "openapi").is_dir():
        low_level, license_ = checkout / LOW_LEVEL, checkout / "LICENSE"
        yield from _below(checkout / "openapi", f"{INPUTS}/openapi")
        yield f"{INPUTS}/generator-config.yaml", checkout / "generator-config.yaml"
    else:
        low_level, license_ = place.parent / LOW_LEVEL, place / "vendored" / "LICENSE"
    yield from _below(place, PACKAGE)
    yield from _below(low_level, LOW_LEVEL)
    if license_.exists():
        yield LICENSE, license_


def _below(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*")):
        inner = file.relative_to(folder)
        if file.suffix in _KINDS and not {"__pycache__", "vendored"} & set(inner.parts[:-1]) and file.is_file():
            yield f"{name}/{inner.as_posix()}", file


__all__ = ["INPUTS", "LICENSE", "Source"]
