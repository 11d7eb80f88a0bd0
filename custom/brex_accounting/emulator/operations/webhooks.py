"""Webhook subscriptions and the secrets that sign deliveries."""

from __future__ import annotations

from typing import Any, Final

import attrs

from ..answers import Answer, Refusal, json_answer
from ..holdings import Subscription
from ..walks import page_limit
from .call import Call
from .pages import cursor_members

MOST_SUBSCRIPTIONS: Final = 100


def list_subscriptions(call: Call) -> Answer:
    """``listSubscription``."""
    tenant, given = call.tenant, call.arguments
    limit = page_limit(given["limit"], most=MOST_SUBSCRIPTIONS, default=MOST_SUBSCRIPTIONS, variants=tenant.variants)
    page = tenant.walks.page(
        list(tenant.subscriptions.values()),
        tenant.subscriptions.get,
        cursor=given["cursor"],
        limit=limit,
        query="subscriptions",
        variants=tenant.variants,
        now=tenant.now(),
    )
    items = [_as_json(subscription) for subscription in page.items]
    return json_answer({**cursor_members(call, page.next_cursor), "items": items})


def create_subscription(call: Call) -> Answer:
    """``createSubscription``."""
    tenant, body = call.tenant, call.body
    subscription_id = tenant.new_id("wh")
    created = Subscription(
        id=subscription_id,
        position=tenant.given_ids,
        url=body["url"],
        event_types=tuple(body["event_types"]),
        status="ACTIVE",
        group_id=body.get("group_id"),
    )
    tenant.subscriptions[subscription_id] = created
    return json_answer(_as_json(created), committed=True)


def get_subscription(call: Call) -> Answer:
    """``getSubscriptionById``."""
    return json_answer(_as_json(_named(call)))


def update_subscription(call: Call) -> Answer:
    """``updateSubscription``: replaces url, events, status and group."""
    body = call.body
    updated = attrs.evolve(
        _named(call),
        url=body["url"],
        event_types=tuple(body["event_types"]),
        status=body["status"],
        group_id=body.get("group_id"),
    )
    call.tenant.subscriptions[updated.id] = updated
    return json_answer(_as_json(updated), committed=True)


def delete_subscription(call: Call) -> Answer:
    """``deleteSubscription``."""
    del call.tenant.subscriptions[_named(call).id]
    return Answer(200, b"", (), committed=True)


def list_secrets(call: Call) -> Answer:
    """``listSecrets``."""
    return json_answer([{"secret": secret, "status": status} for secret, status in call.tenant.webhook_secrets])


def _named(call: Call) -> Subscription:
    subscription = call.tenant.subscriptions.get(call.arguments["id"])
    if subscription is not None:
        return subscription
    message = "there is no subscription with this id"
    if call.tenant.variants["unknown_subscription"] == "missing":
        raise Refusal(404, "NOT_FOUND", message, listed=False)
    raise Refusal(400, "INVALID_REQUEST", message)


def _as_json(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "url": subscription.url,
        "event_types": list(subscription.event_types),
        "status": subscription.status,
        "group_id": subscription.group_id,
    }


__all__ = [
    "create_subscription",
    "delete_subscription",
    "get_subscription",
    "list_secrets",
    "list_subscriptions",
    "update_subscription",
]
