# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class ExportFailureDetails:
    """Why the export of the record failed.

    Attributes:
        error_message: The reason, for people to read.
    """

    error_message: str
