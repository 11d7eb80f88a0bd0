# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class AccountingFieldValue:
    """The value of one accounting field, named by its ids in Brex and in the remote system.

    Attributes:
        brex_field_id: The field's id in Brex.
        remote_field_id: The field's id in the accounting system.
        brex_field_value_id: The value's id in Brex.
        remote_field_value_id: The value's id in the accounting system.
    """

    brex_field_id: str
    remote_field_id: str | None
    brex_field_value_id: str
    remote_field_value_id: str | None
