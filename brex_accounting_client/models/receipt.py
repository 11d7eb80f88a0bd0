# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import field as _field
from attrs import frozen


@frozen(kw_only=True)
class Receipt:
    """A receipt with links to its files.

    Attributes:
        id: Id of the receipt.
        download_uris: Signed links to the files. Each works for 15 minutes and needs no token, so treat it as a
            secret.
    """

    id: str
    download_uris: list[str] | None = _field(default=None, repr=False)
