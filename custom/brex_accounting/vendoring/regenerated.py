"""What a copy says about itself after a new document has changed files of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..errors import VendorError
from .manifest import PLACE, Manifest, spec_revision
from .source import INPUTS

_DOCUMENT: Final = re.compile(re.escape(INPUTS) + r"/openapi/(\w+_api\.yaml)")


def manifest_after(folder: Path, changed: Mapping[str, bytes | None]) -> bytes | None:
    """The text of a copy's manifest that says that files were made again, and not edited.

    It is to be written together with them, or not at all.

    Args:
        folder: The one that holds both packages.
        changed: Each file that is written, by place below the folder, None for one that is removed.

    Returns:
        The text for ``PLACE``, None where the folder holds no copy but an installation or a checkout.

    Raises:
        VendorError: The manifest cannot be understood, or a document cannot be read.
    """
    if not (folder / PLACE).exists():
        return None
    documents: dict[str, bytes] = {}
    try:
        for file in sorted((folder / INPUTS / "openapi").glob("*_api.yaml")):
            documents[file.name] = file.read_bytes()
    except OSError as error:
        message = f"{error.filename or folder}: cannot be read ({error.strerror}); let this user read it"
        raise VendorError(message) from error
    for path, text in changed.items():
        match = _DOCUMENT.fullmatch(path)
        if match is not None and text is not None:
            documents[match[1]] = text
    return Manifest.read(folder).with_regenerated(changed, spec_revision(documents)).dump()


__all__ = ["PLACE", "manifest_after"]
