"""Webhooks: subscriptions, and the secrets of their signatures."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.asking import WEBHOOKS, Emulator
from tests.emulator.operations.tenant import CLASSIC_INVALID, HOOK, other_token


class TestWebhooks:
    def test_create(self, brex: Emulator) -> None:
        """A subscription is active at once."""
        reply = brex.post(WEBHOOKS, HOOK, key="k1")
        created = reply.json
        assert (200, {**HOOK, "id": created["id"], "status": "ACTIVE", "group_id": None}) == (reply.status, created)
        assert created == brex.get(f"{WEBHOOKS}/{created['id']}").json
        assert [created] == brex.items(WEBHOOKS)

    def test_key_is_required(self, brex: Emulator) -> None:
        """Without Idempotency-Key it is refused with 400; a blank or endless one too."""
        for key in (None, "", "k" * 256):
            reply = brex.post(WEBHOOKS, HOOK, key=key)
            assert (400, CLASSIC_INVALID) == (reply.status, reply.error)
        assert [] == brex.items(WEBHOOKS)

    def test_same_key(self, brex: Emulator) -> None:
        """The same key makes no second subscription, another one does."""
        replies = [brex.post(WEBHOOKS, HOOK, key=key) for key in ("k1", "k1", "k2")]
        assert replies[0].json == replies[1].json != replies[2].json
        assert [replies[0].json, replies[2].json] == brex.items(WEBHOOKS)

    def test_update(self, brex: Emulator) -> None:
        """An update replaces address, events, status and group."""
        hook = brex.post(WEBHOOKS, {**HOOK, "group_id": "g1"}, key="k").json
        assert "g1" == hook["group_id"]
        body = {"url": "https://erp.example.com/2", "event_types": ["USER_UPDATED"], "status": "INACTIVE"}
        reply = brex.put(f"{WEBHOOKS}/{hook['id']}", body)
        assert (200, {**body, "id": hook["id"], "group_id": None}) == (reply.status, reply.json)
        assert [reply.json] == brex.items(WEBHOOKS)

    @pytest.mark.parametrize(
        "change",
        [{"status": "ERROR"}, {"status": None}, {"event_types": ["NOTHING"]}, {"event_types": None}, {"url": 7}],
    )
    def test_malformed(self, brex: Emulator, change: dict[str, Any]) -> None:
        """What the document does not allow is refused with 400; ERROR is a status that no caller may set."""
        hook = brex.post(WEBHOOKS, HOOK, key="k").json
        reply = brex.put(f"{WEBHOOKS}/{hook['id']}", {**HOOK, "status": "ACTIVE", **change})
        assert (400, CLASSIC_INVALID) == (reply.status, reply.error)
        assert [hook] == brex.items(WEBHOOKS)

    def test_delete(self, brex: Emulator) -> None:
        """A deleted subscription is unknown."""
        first, second = (brex.post(WEBHOOKS, HOOK, key=key).json for key in ("k1", "k2"))
        reply = brex.ask("DELETE", f"{WEBHOOKS}/{first['id']}")
        assert (200, b"", True) == (reply.status, reply.body, brex.last.committed)
        assert [second] == brex.items(WEBHOOKS)
        assert 400 == brex.ask("DELETE", f"{WEBHOOKS}/{first['id']}").status

    @pytest.mark.parametrize(
        ("value", "status", "kind"), [("refused", 400, "INVALID_REQUEST"), ("missing", 404, "NOT_FOUND")]
    )
    def test_unknown(self, brex: Emulator, value: str, status: int, kind: str) -> None:
        """An unknown subscription, and another account's, is 400 or 404."""
        foreign = brex.post(WEBHOOKS, HOOK, key="k", token=other_token(brex)).json["id"]
        brex.choose(unknown_subscription=value)
        body = {**HOOK, "status": "ACTIVE"}
        for name in ("wh_x", foreign):
            for method, sent in (("GET", None), ("PUT", body), ("DELETE", None)):
                reply = brex.ask(method, f"{WEBHOOKS}/{name}", value=sent)
                assert (status, {"type": kind}) == (reply.status, reply.error)

    @pytest.mark.parametrize("cursor", ["offset", "key", "snapshot"])
    def test_pages(self, brex: Emulator, cursor: str) -> None:
        """Subscriptions come in the order they were made in, at most a hundred on a page."""
        brex.choose(cursor=cursor)
        made = [brex.post(WEBHOOKS, HOOK, key=f"k{number}").json for number in range(105)]
        assert [100, 5] == [len(page["items"]) for page in brex.pages(WEBHOOKS)]
        assert made == brex.items(WEBHOOKS, [("limit", 9)])

    def test_secrets(self, brex: Emulator) -> None:
        """Each account has an active secret of its own, always the same one."""
        token = other_token(brex)
        [secret] = brex.get(f"{WEBHOOKS}/secrets").json
        assert {"secret", "status"} == set(secret)
        assert "ACTIVE" == secret["status"]
        assert [secret] == brex.get(f"{WEBHOOKS}/secrets").json
        assert secret["secret"] != brex.get(f"{WEBHOOKS}/secrets", token=token).json[0]["secret"]
