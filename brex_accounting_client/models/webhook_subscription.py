# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.webhook_event_type import WebhookEventType
from ..models.webhook_subscription_status import WebhookSubscriptionStatus


@frozen(kw_only=True)
class WebhookSubscription:
    """A standing request to send events to a URL.

    Attributes:
        id: Id of the subscription.
        url: Where Brex sends the events.
        event_types: The events to deliver.
        status: Whether Brex delivers events, has been told not to, or has met an error.
        group_id: Id of the group that the subscription belongs to, if any.
    """

    id: str
    url: str
    event_types: list[WebhookEventType]
    status: WebhookSubscriptionStatus
    group_id: str | None = None
