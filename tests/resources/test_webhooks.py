"""``brex.webhooks``: subscriptions, and a delete that is not mistaken for a failure."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from brex_accounting import AnswerLost, BadRequest, Brex, CursorRepeated, InvalidArgument, NotFound, RetryPolicy
from brex_accounting_client.models import WebhookEventType
from tests import wire
from tests.transport.scripted import SUBSCRIPTION, Answer, Raise, Script, Step, play

LOST = Raise(httpx.ReadError("reset"))
GONE = Answer(404, {"type": "not_found", "message": "gone"})
REFUSED = Answer(400, {"type": "invalid", "message": "no such id"})
READY = "ACCOUNTING_RECORD_READY_FOR_EXPORT"
URL = "https://erp.example.com/hook"


class TestSubscribe:
    def test_request(self) -> None:
        """The body holds what was said and nothing else; exactly one key is sent, the caller's or a new one."""
        script = Script(lambda _: Answer(200, SUBSCRIPTION))

        async def ask(brex: Brex) -> None:
            await brex.webhooks.subscribe(url=URL, event_types=[READY], idempotency_key="key-1")
            await brex.webhooks.subscribe(
                url=URL, event_types=(WebhookEventType(READY), "NEW_EVENT"), group_id="group_1"
            )

        play(script, ask)
        assert {"url": URL, "event_types": [READY]} == wire.loads(script.sent[0].content)
        assert {"url": URL, "event_types": [READY, "NEW_EVENT"], "group_id": "group_1"} == wire.loads(
            script.sent[1].content
        )
        assert [("POST", "/v1/webhooks")] * 2 == [(sent.method, sent.url.path) for sent in script.sent]
        assert ["key-1"] == script.sent[0].headers.get_list("Idempotency-Key")
        assert 1 == len(script.sent[1].headers.get_list("Idempotency-Key"))

    def test_key_is_stable(self) -> None:
        """All attempts carry one key, whether the caller gave it or not."""
        for options in ({}, {"idempotency_key": "key-1"}):
            script = Script(LOST, Answer(503), Answer(200, SUBSCRIPTION))
            play(
                script,
                lambda brex, options=options: brex.webhooks.subscribe(url=URL, event_types=[READY], **options),
                retry=RetryPolicy(attempts=3, backoff=0.01),
            )
            assert 1 == len({sent.key for sent in script.sent})
            assert options.get("idempotency_key", script.sent[0].key) == script.sent[0].key

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("url", {"url": ""}),
            ("url", {"url": None}),
            ("event_types", {"event_types": READY}),
            ("event_types", {"event_types": None}),
            (r"event_types\[1\]", {"event_types": [READY, None]}),
            ("idempotency_key", {"idempotency_key": " "}),
        ],
    )
    def test_bad_arguments(self, name: str, arguments: dict[str, Any]) -> None:
        """What cannot be right is refused by name before anything is sent."""
        script = Script()
        with pytest.raises(InvalidArgument, match=f"^{name}: expected"):
            play(script, lambda brex: brex.webhooks.subscribe(**{"url": URL, "event_types": [READY], **arguments}))
        assert [] == script.sent

    def test_no_events(self) -> None:
        """A subscription to nothing is refused: nothing would ever come of it."""
        with pytest.raises(InvalidArgument, match="event_types"):
            play(Script(Answer(200, SUBSCRIPTION)), lambda brex: brex.webhooks.subscribe(url=URL, event_types=[]))


class TestUpdate:
    def test_request(self) -> None:
        """The whole subscription is put, under one key."""
        script = Script(Answer(200, SUBSCRIPTION))
        play(
            script,
            lambda brex: brex.webhooks.update(
                "wh/1", url=URL, event_types=[READY], status="INACTIVE", idempotency_key="key-1"
            ),
        )
        (sent,) = script.sent
        assert ("PUT", b"/v1/webhooks/wh%2F1", "key-1") == (sent.method, sent.url.raw_path, sent.key)
        assert {"url": URL, "event_types": [READY], "status": "INACTIVE"} == wire.loads(sent.content)

    @pytest.mark.parametrize("status", ["", None])
    def test_bad_status(self, status: Any) -> None:
        """A status that says nothing is refused."""
        with pytest.raises(InvalidArgument, match=r"^status: expected"):
            play(Script(), lambda brex: brex.webhooks.update("wh_1", url=URL, event_types=[READY], status=status))


class TestGetAndList:
    def test_get(self) -> None:
        """One subscription by its id."""
        script = Script(Answer(200, SUBSCRIPTION))
        assert "wh_1" == play(script, lambda brex: brex.webhooks.get("wh_1")).id
        assert "/v1/webhooks/wh_1" == script.sent[0].url.path

    def test_list(self) -> None:
        """All pages of subscriptions, an empty one in the middle included; the last one has no cursor."""
        pages = [
            {"items": [SUBSCRIPTION], "next_cursor": "c1"},
            {"items": [], "next_cursor": "c2"},
            {"items": [{**SUBSCRIPTION, "id": "wh_2"}], "next_cursor": None},
        ]
        script = Script(*[Answer(200, page) for page in pages])

        async def ask(brex: Brex) -> list[str]:
            return [each.id async for each in brex.webhooks.list(page_size=10)]

        assert ["wh_1", "wh_2"] == play(script, ask)
        assert [{"limit": "10"}, {"limit": "10", "cursor": "c1"}, {"limit": "10", "cursor": "c2"}] == [
            dict(sent.url.params) for sent in script.sent
        ]

    def test_list_sends_nothing_unset(self) -> None:
        """Without arguments no parameter is sent."""
        script = Script(Answer(200, {"items": []}))

        async def ask(brex: Brex) -> list[str]:
            return [each.id async for each in brex.webhooks.list()]

        assert [] == play(script, ask)
        assert "" == script.sent[0].url.query.decode()

    def test_list_that_never_ends(self) -> None:
        """A repeated cursor ends the walk with an error, here too."""
        script = Script(lambda _: Answer(200, {"items": [SUBSCRIPTION], "next_cursor": "c1"}))

        async def ask(brex: Brex) -> list[str]:
            return [each.id async for each in brex.webhooks.list()]

        with pytest.raises(CursorRepeated):
            play(script, ask)
        assert 2 == len(script.sent)


class TestDelete:
    @pytest.mark.parametrize("answer", [Answer(200), Answer(204), Answer(200, b"{}")], ids=["200", "204", "body"])
    def test_deleted(self, answer: Answer) -> None:
        """A success gives None, whatever its body."""
        script = Script(answer)
        assert play(script, lambda brex: brex.webhooks.delete("wh_1")) is None
        assert [("DELETE", "/v1/webhooks/wh_1", None)] == [(s.method, s.url.path, s.key) for s in script.sent]

    @pytest.mark.parametrize(("answer", "error"), [(GONE, NotFound), (REFUSED, BadRequest)], ids=["404", "400"])
    def test_unknown(self, answer: Answer, error: type[Exception]) -> None:
        """A subscription that was not there is an error, in both ways in which Brex may say so."""
        with pytest.raises(error):
            play(Script(answer), lambda brex: brex.webhooks.delete("wh_1"))

    @pytest.mark.parametrize("first", [LOST, Answer(500), Answer(504, b"<html>")], ids=["lost", "500", "504"])
    def test_after_a_lost_answer(self, first: Step) -> None:
        """Not there after a lost answer is what was asked for; a 400 may mean anything, and says what may have been."""
        script = Script(first, GONE)
        assert play(script, lambda brex: brex.webhooks.delete("wh_1")) is None
        assert 2 == len(script.sent)
        with pytest.raises(BadRequest) as caught:
            play(Script(first, REFUSED), lambda brex: brex.webhooks.delete("wh_1"))
        assert caught.value.maybe_applied is True

    @pytest.mark.parametrize(("gone", "error"), [(GONE, NotFound), (REFUSED, BadRequest)], ids=["404", "400"])
    @pytest.mark.parametrize("first", [Answer(429), Raise(httpx.ConnectError("refused"))], ids=["429", "no connection"])
    def test_after_an_attempt_without_effect(self, first: Step, gone: Answer, error: type[NotFound]) -> None:
        """Not there after an attempt that cannot have taken effect is an error all the same."""
        with pytest.raises(error) as caught:
            play(Script(first, gone), lambda brex: brex.webhooks.delete("wh_1"))
        assert (2, False) == (caught.value.attempts, caught.value.maybe_applied)

    def test_lost_for_good(self) -> None:
        """Where no answer ever comes, the error says that it may have taken effect."""
        with pytest.raises(AnswerLost) as caught:
            play(Script(LOST), lambda brex: brex.webhooks.delete("wh_1"), retry=None)
        assert caught.value.maybe_applied is True

    @pytest.mark.parametrize("subscription_id", ["", None])
    def test_bad_id(self, subscription_id: Any) -> None:
        """An id that is none is refused: the URL would name the list."""
        with pytest.raises(InvalidArgument, match=r"^subscription_id: expected"):
            play(Script(), lambda brex: brex.webhooks.delete(subscription_id))
