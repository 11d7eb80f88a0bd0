# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class WebhookSecretStatus(OpenEnum):
    """Whether the secret stays in use (ACTIVE) or is about to be withdrawn (PENDING_REVOKE)."""

    ACTIVE = "ACTIVE"
    PENDING_REVOKE = "PENDING_REVOKE"
