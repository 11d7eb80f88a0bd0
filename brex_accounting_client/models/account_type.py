# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class AccountType(OpenEnum):
    """The kind of Brex account."""

    BREX_CLASSIC = "BREX_CLASSIC"
    BREX_EMPOWER = "BREX_EMPOWER"
