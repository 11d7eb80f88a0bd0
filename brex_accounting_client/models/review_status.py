# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class ReviewStatus(OpenEnum):
    """The stage of the record: PREPARE, then REVIEW, then READY_FOR_EXPORT, then EXPORTED."""

    READY_FOR_EXPORT = "READY_FOR_EXPORT"
    PREPARE = "PREPARE"
    REVIEW = "REVIEW"
    EXPORTED = "EXPORTED"
