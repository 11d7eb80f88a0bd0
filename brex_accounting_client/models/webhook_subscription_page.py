# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.webhook_subscription import WebhookSubscription
from ..pages import Page


@frozen(kw_only=True)
class WebhookSubscriptionPage(Page[WebhookSubscription]):
    """One page of subscriptions.

    Attributes:
        next_cursor: Send it as `cursor` to get the next page.
        items: The subscriptions of this page.
    """

    next_cursor: str | None = None
    items: list[WebhookSubscription]
