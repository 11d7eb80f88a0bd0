# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.webhook_event_type import WebhookEventType
from ..types import UNSET, Unset


@frozen(kw_only=True)
class CreateWebhookSubscriptionRequest:
    """The subscription to create.

    Attributes:
        url: Where Brex sends the events.
        event_types: The events to deliver.
        group_id: Id of the group that the subscription belongs to, if any.
    """

    url: str
    event_types: list[WebhookEventType]
    group_id: str | None | Unset = UNSET
