# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..types import UNSET, Unset


@frozen(kw_only=True)
class ExportSuccessDetails:
    """Where to find the record in the accounting system.

    Attributes:
        reference_id: Id of the entry there.
        deep_link_url: Link that opens the entry there.
    """

    reference_id: str | None | Unset = UNSET
    deep_link_url: str | Unset = UNSET
