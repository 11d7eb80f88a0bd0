# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import field as _field
from attrs import frozen


@frozen(kw_only=True)
class FileUpload:
    """Where to upload a file.

    Attributes:
        id: Id of the upload.
        uri: Address to send the file to; it is a secret while it works.
    """

    id: str
    uri: str = _field(repr=False)
