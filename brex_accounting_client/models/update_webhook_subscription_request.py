# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.updatable_webhook_subscription_status import UpdatableWebhookSubscriptionStatus
from ..models.webhook_event_type import WebhookEventType
from ..types import UNSET, Unset


@frozen(kw_only=True)
class UpdateWebhookSubscriptionRequest:
    """The subscription's new state.

    Attributes:
        url: Where Brex sends the events.
        event_types: The events to deliver.
        status: The states that a caller may set.
        group_id: Id of the group that the subscription belongs to, if any.
    """

    url: str
    event_types: list[WebhookEventType]
    status: UpdatableWebhookSubscriptionStatus
    group_id: str | None | Unset = UNSET
