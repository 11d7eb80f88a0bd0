# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import field as _field
from attrs import frozen

from ..models.webhook_secret_status import WebhookSecretStatus


@frozen(kw_only=True)
class WebhookSecret:
    """A secret that signs deliveries.

    Attributes:
        secret: The signing key. Keep it secret.
        status: Whether the secret stays in use (ACTIVE) or is about to be withdrawn (PENDING_REVOKE).
    """

    secret: str = _field(repr=False)
    status: WebhookSecretStatus
