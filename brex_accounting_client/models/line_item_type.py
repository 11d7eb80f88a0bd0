# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class LineItemType(OpenEnum):
    """The side of the entry that the line stands on."""

    CREDIT = "CREDIT"
    DEBIT = "DEBIT"
