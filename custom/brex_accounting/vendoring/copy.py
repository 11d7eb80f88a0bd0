"""A copy as it is to be: every byte of every file, made in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import frozen

from .manifest import Entry, Manifest, digest
from .parts import PACKAGE, PARTS, Selection, is_module, select
from .rewriting import relative
from .source import INPUTS, LICENSE, Source

REQUIREMENTS: Final = f"{PACKAGE}/vendored/requirements.txt"


@frozen
class Copy:
    """What is to be written.

    Attributes:
        files: By place in the copy, without the manifest.
        manifest: What it says about itself.
        selection: The parts it holds, and why.
    """

    files: Mapping[str, bytes]
    manifest: Manifest
    selection: Selection

    @classmethod
    def of(cls, source: Source, parts: Iterable[str], package: str) -> Copy:
        """Make it.

        Args:
            source: What it is made of.
            parts: Names of parts; those that they import come along.
            package: The parent package.

        Raises:
            VendorError: A part is not there, or a module cannot be rewritten.
        """
        selection = select(source.files, parts)
        files = {
            path: relative(path, text) if is_module(path) else text
            for path, text in source.files.items()
            if path == LICENSE or selection.has(path)
        }
        files[REQUIREMENTS] = _requirements(source, selection)
        entries = {
            path: Entry(digest(text), digest(text) if path == REQUIREMENTS else source.source_sha256(path))
            for path, text in files.items()
        }
        manifest = Manifest(
            package=package,
            version=source.version,
            generator=source.generator,
            spec_revision=source.spec_revision,
            parts=selection.parts,
            files=entries,
            kept_edits={},
            regenerated={},
        )
        return cls(files, manifest, selection)


def _requirements(source: Source, selection: Selection) -> bytes:
    lines = [f"# What this copy of brex-accounting-client {source.version} takes to run.", *selection.requirements()]
    if "spec" in selection.parts:
        lines += [
            "# To make the low-level client again, the programs of an environment of their own:",
            f"# pip install --requirement {INPUTS}/openapi/generator-requirements.txt",
        ]
    lines.append(f"# Parts: {', '.join(f'{part} ({PARTS[part].holds})' for part in selection.parts)}.")
    return "".join(f"{line}\n" for line in lines).encode()


__all__ = ["REQUIREMENTS", "Copy"]
