# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class LegalEntityStatus(OpenEnum):
    """The state of the legal entity. Brex shows only this value; expect others."""

    UNSUBMITTED = "UNSUBMITTED"
