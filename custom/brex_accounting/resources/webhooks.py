"""Webhooks: where Brex sends events, and which of those that arrive are Brex's."""

from __future__ import annotations

from collections.abc import Iterable

from brex_accounting_client import UNSET, Unset
from brex_accounting_client.api.webhook_subscriptions import (
    create_subscription,
    delete_subscription,
    get_subscription_by_id,
    list_subscription,
    update_subscription,
)
from brex_accounting_client.models import (
    CreateWebhookSubscriptionRequest,
    UpdatableWebhookSubscriptionStatus,
    UpdateWebhookSubscriptionRequest,
    WebhookEventType,
    WebhookSubscription,
    WebhookSubscriptionPage,
)

from ..checks import seconds, text
from ..errors import InvalidArgument, NotFound
from ..paging import Stream, records
from ..transport.caller import PLAIN, Ask, Caller
from ..webhook_delivery import Delivery, WebhookBody, WebhookHeaders
from ..webhook_events import TOLERANCE, WebhookEvent, event_of, not_genuine
from .arguments import given, texts
from .listing import StreamOptions, listing
from .webhook_secrets import WebhookSecrets

_AGED_SECONDS = 900.0
"""Secrets that are older are fetched again: one that Brex has withdrawn must not be good for ever."""

_SETTLED_SECONDS = 60.0
"""Secrets that are younger are not fetched again for a delivery that they do not fit: anybody can send one."""


class WebhooksResource:
    """``brex.webhooks``: subscriptions to events, and the check of what comes of them."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def subscribe(
        self,
        *,
        url: str,
        event_types: Iterable[WebhookEventType | str],
        group_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> WebhookSubscription:
        """Have events sent to a URL.

        Args:
            url: Where to.
            event_types: Which, such as ``["ACCOUNTING_RECORD_READY_FOR_EXPORT"]``.
            group_id: The group that the subscription belongs to.
            idempotency_key: The key of this call; one is made where none is given.

        Raises:
            InvalidArgument: An argument cannot be right.
            CallError: The call did not succeed.
        """
        key = self._caller.idempotency_key(idempotency_key)
        body = CreateWebhookSubscriptionRequest(
            url=text(url, "url"),
            event_types=_event_types(event_types),
            group_id=UNSET if group_id is None else text(group_id, "group_id"),
        )
        # The document lists this operation's key among its parameters; it is the same header field.
        return await self._caller.call(
            create_subscription.OPERATION, Ask(idempotency_key=key), body=body, idempotency_key=key
        )

    def list(
        self, *, page_size: int | None = None, prefetch: int = 1, resume: str | None = None
    ) -> Stream[WebhookSubscription]:
        """All subscriptions, page after page.

        Args:
            page_size: The most subscriptions in a page; None takes Brex's default.
            prefetch: How many pages to fetch while the caller works on one.
            resume: ``stream.checkpoint`` of an earlier stream.

        Raises:
            InvalidArgument: An argument cannot be right.
        """
        caller = self._caller

        async def fetch(_: tuple[str, ...] | None, cursor: str | None) -> WebhookSubscriptionPage:
            return await caller.call(list_subscription.OPERATION, PLAIN, cursor=given(cursor), limit=given(page_size))

        options = StreamOptions(page_size=page_size, largest_page=None, prefetch=prefetch, resume=resume)
        operation = list_subscription.OPERATION.name
        return records(listing(caller, operation, WebhookSubscription, fetch, options=options, filters={}))

    async def get(self, subscription_id: str) -> WebhookSubscription:
        """One subscription.

        Raises:
            BadRequest: There is none with this id; so Brex's document has it, which lists no 404 here.
            NotFound: The same.
            CallError: The call did not succeed.
        """
        return await self._caller.call(
            get_subscription_by_id.OPERATION, PLAIN, text(subscription_id, "subscription_id")
        )

    async def update(
        self,
        subscription_id: str,
        *,
        url: str,
        event_types: Iterable[WebhookEventType | str],
        status: UpdatableWebhookSubscriptionStatus | str,
        group_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> WebhookSubscription:
        """Replace a subscription; Brex takes the whole of it, not a part.

        Args:
            subscription_id: The subscription.
            url: Where events go from now on.
            event_types: Which.
            status: ``ACTIVE`` or ``INACTIVE``.
            group_id: The group that the subscription belongs to; None takes it out, left out it is not sent.
            idempotency_key: The key of this call; one is made where none is given.

        Raises:
            InvalidArgument: An argument cannot be right.
            BadRequest: There is no such subscription, or Brex rejects a value; its document lists no 404 here.
            NotFound: There is no such subscription.
            CallError: The call did not succeed.
        """
        body = UpdateWebhookSubscriptionRequest(
            url=text(url, "url"),
            event_types=_event_types(event_types),
            status=UpdatableWebhookSubscriptionStatus(text(status, "status")),
            group_id=text(group_id, "group_id") if isinstance(group_id, str) else group_id,
        )
        return await self._caller.call(
            update_subscription.OPERATION,
            Ask(idempotency_key=idempotency_key),
            text(subscription_id, "subscription_id"),
            body=body,
        )

    async def delete(self, subscription_id: str) -> None:
        """Delete a subscription.

        Raises:
            BadRequest: There is no such subscription; so Brex's document has it, which lists no 404 here. With
                ``maybe_applied`` an attempt whose answer was lost may have deleted it: ``list`` tells.
            NotFound: There is no such subscription.
            CallError: The call did not succeed.
        """
        try:
            await self._caller.call(delete_subscription.OPERATION, PLAIN, text(subscription_id, "subscription_id"))
        except NotFound as error:
            if not error.maybe_applied:  # after a lost answer, gone is what was asked for
                raise

    async def verify(self, headers: WebhookHeaders, body: WebhookBody, *, tolerance: float = TOLERANCE) -> WebhookEvent:
        """Make sure that a delivery is Brex's and new, and read it: ``verify_webhook`` with the account's own secrets.

        The secrets are fetched at the first use and again when they are 15 minutes old. Where none of them fits and
        they are older than a minute, they are fetched once more, since they may have been rotated meanwhile. All
        clients of the account in this process share them, and wait for the same fetch. What is malformed is refused
        without any.

        A WebhookError means that the delivery must not be believed: answer 4xx. A CallError means that nobody knows,
        because the secrets could not be fetched: answer 5xx, and the delivery comes again. For ten seconds after such a
        failure Brex is not asked again, and whoever needs the secrets gets the same error. A sender does not wait for
        long: ask a view that does not either, such as ``brex.with_options(deadline=10)``.

        Args:
            headers: The header fields of the request, names in any case; all but three of them are ignored.
            body: The body of the request, byte for byte as it came.
            tolerance: Seconds that the delivery may be older or newer than the clock.

        Returns:
            ``AccountingRecordReadyForExport``, or ``UnknownWebhookEvent`` for any other event.

        Raises:
            InvalidArgument: An argument cannot be right, whatever was delivered.
            WebhookMalformed: Headers or body are not what a delivery has.
            WebhookNotGenuine: No signature fits any of the secrets.
            WebhookStale: It is genuine, and was signed longer ago or later than ``tolerance`` allows.
            ClientStateError: The client is not open here.
            CallError: The secrets could not be fetched.
        """
        caller = self._caller
        caller.session.check()
        tolerated = seconds(tolerance, "tolerance")
        delivery = Delivery.read(headers, body)
        secrets = caller.part(WebhookSecrets, lambda: WebhookSecrets(caller.clock))
        keys = await secrets.fetched_within(_AGED_SECONDS, caller)
        if not delivery.is_signed_with(keys):
            newer = await secrets.fetched_within(_SETTLED_SECONDS, caller)
            if newer is keys or not delivery.is_signed_with(newer):
                raise not_genuine()
        return event_of(delivery, now=caller.clock.now(), tolerance=tolerated)


def _event_types(values: Iterable[WebhookEventType | str]) -> list[WebhookEventType]:
    found = [WebhookEventType(value) for value in texts(values, "event_types")]
    if not found:
        message = "event_types: expected at least one event, such as ACCOUNTING_RECORD_READY_FOR_EXPORT"
        raise InvalidArgument(message)
    return found


__all__ = ["WebhooksResource"]
