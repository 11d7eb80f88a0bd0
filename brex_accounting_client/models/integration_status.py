# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class IntegrationStatus(OpenEnum):
    """Whether the integration is connected (ACTIVE) or not (DISABLED)."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
