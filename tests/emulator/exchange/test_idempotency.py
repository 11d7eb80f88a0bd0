"""Idempotency keys: what is repeated under one is answered again, and done once."""

from __future__ import annotations

from typing import Any

import pytest

from brex_accounting.emulator import Disconnected, move
from tests.emulator.asking import CARD, INTEGRATION, RECORDS, RESULTS, WEBHOOKS, Emulator, failure, report, success
from tests.emulator.exchange.tenant import (
    ERP,
    NETWORK,
    REPORT,
    breaches,
    everything,
    fault,
    ready,
    stage,
    together,
    version,
)

HOOK = {"url": "https://erp.example.com/hook", "event_types": ["USER_UPDATED"]}


class TestIdempotency:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", INTEGRATION, ERP),
            ("POST", f"{INTEGRATION}/{{integration}}/disconnect", None),
            ("POST", RESULTS, "{report}"),
            ("PUT", f"{CARD}/{{expense}}", {"memo": "Toner"}),
            ("POST", f"{CARD}/receipt_match", {"receipt_name": "r.pdf"}),
            ("POST", f"{CARD}/{{expense}}/receipt_upload", {"receipt_name": "r.pdf"}),
            ("POST", WEBHOOKS, HOOK),
            ("PUT", f"{WEBHOOKS}/{{hook}}", {**HOOK, "status": "INACTIVE"}),
        ],
    )
    def test_same_answer(self, brex: Emulator, method: str, path: str, body: Any) -> None:
        """A key that comes again gets the first answer again, and nothing happens; only the trace id is new."""
        expense = next(it.id for it in brex.tenant.expenses.all() if it.expense_type == "CARD")
        path = path.format(
            integration=brex.post(INTEGRATION, ERP).json["integration_id"] if "{integration}" in path else "",
            expense=expense,
            hook=brex.post(WEBHOOKS, HOOK, key="hook").json["id"] if "{hook}" in path else "",
        )
        value = report(success(ready(brex)[0])) if body == "{report}" else body
        first = brex.ask(method, path, value=value, key="k")
        assert (200, True) == (first.status, brex.last.committed)
        brex.advance(60)
        before = everything(brex)
        second = brex.ask(method, path, value=value, key="k")
        assert (200, first.body, before) == (second.status, second.body, everything(brex))
        assert ("k", False) == (brex.last.idempotency_key, brex.last.committed)

    def test_other_body(self, brex: Emulator) -> None:
        """The key alone tells requests apart: another body changes nothing, and breaks an invariant."""
        brex.get(RECORDS)
        first, second = ready(brex, 2)
        answer = brex.post(RESULTS, report(success(first)), key="k").body
        assert answer == brex.post(RESULTS, report(success(first)), key="k").body
        assert [] == breaches(brex)
        brex.advance(1)
        assert answer == brex.post(RESULTS, report(success(second)), key="k").body
        assert ["EXPORTED", "READY_FOR_EXPORT"] == [stage(brex, name) for name in (first, second)]
        [violation] = brex.world.violations(brex.tenant)
        assert ("key_reused", brex.tenant.now()) == (violation.invariant, violation.at)
        assert REPORT == violation.what["operation"]

    def test_other_path(self, brex: Emulator) -> None:
        """Another path of the same operation neither."""
        expenses = [it.id for it in brex.tenant.expenses.all() if it.expense_type == "CARD"][:2]
        answers = [brex.put(f"{CARD}/{name}", {"memo": "Toner"}, key="k").body for name in expenses]
        assert answers[0] == answers[1]
        assert ["key_reused"] == breaches(brex)

    def test_other_operation(self, brex: Emulator) -> None:
        """The same key means nothing to another operation, and nothing at all to GET and DELETE."""
        record_id = ready(brex)[0]
        assert 200 == brex.post(INTEGRATION, ERP, key="k").status
        assert 200 == brex.get(f"{RECORDS}/{record_id}", key="k").status
        hook = brex.post(WEBHOOKS, HOOK, key="k").json["id"]
        assert [record_id] == brex.post(RESULTS, report(success(record_id)), key="k").json[
            "updated_accounting_record_ids"
        ]
        assert "EXPORTED" == brex.get(f"{RECORDS}/{record_id}", key="k").json["review_status"]
        assert [200, 400] == [brex.ask("DELETE", f"{WEBHOOKS}/{hook}", key="k").status for _ in range(2)]

    def test_other_key(self, brex: Emulator) -> None:
        """Another key is another request, and so is one without a key."""
        record_id = ready(brex)[0]
        start = version(brex, record_id)
        for key in ("a", "A", "b", None, None):
            assert 200 == brex.post(RESULTS, report(failure(record_id)), key=key).status
        assert start + 5 == version(brex, record_id)

    def test_other_account(self, brex: Emulator) -> None:
        """Keys of accounts have nothing to do with each other; those of all tokens of one account have."""
        brex.world.add("globex")
        mine, granted = brex.token, brex.world.issuer.grant("main").access_token
        foreign = brex.world.issuer.user_token("globex")
        ids = [brex.post(INTEGRATION, ERP, key="k", token=token).json for token in (mine, granted, foreign)]
        assert ids[0] == ids[1] != ids[2]

    def test_expiry(self, brex: Emulator) -> None:
        """A key is forgotten after 24 h of the tenant's clock; then it begins anew."""
        record_id = ready(brex)[0]
        start = version(brex, record_id)
        for seconds, effects in ((0, 1), (86399.999, 1), (0.001, 2), (86399, 2), (1, 3)):
            brex.advance(seconds)
            assert 200 == brex.post(RESULTS, report(failure(record_id)), key="k").status
            assert start + effects == version(brex, record_id)

    def test_ignored(self, brex: Emulator) -> None:
        """Where keys mean nothing a repeated request takes effect again; what was remembered before stays so."""
        record_id = ready(brex)[0]
        start = version(brex, record_id)
        for value, key, effects in (
            ("honoured", "a", 1),
            ("ignored", "a", 2),
            ("ignored", "b", 3),
            ("honoured", "b", 4),
            ("honoured", "a", 4),
        ):
            brex.choose(idempotency=value)
            assert 200 == brex.post(RESULTS, report(failure(record_id)), key=key).status
            assert start + effects == version(brex, record_id)

    def test_refusals_are_not_remembered(self, brex: Emulator) -> None:
        """A request that was refused may come again with its key, and take effect then."""
        record_id = ready(brex)[0]
        move(brex.tenant, record_id, "REVIEW")
        assert 422 == brex.post(RESULTS, report(success(record_id)), key="k").status
        move(brex.tenant, record_id, "READY_FOR_EXPORT")
        assert [200, 200] == [brex.post(RESULTS, report(success(record_id)), key="k").status for _ in range(2)]

    def test_what_changed_nothing_is_not_remembered(self, brex: Emulator) -> None:
        """A request that changed nothing begins anew."""
        first = brex.post(INTEGRATION, ERP).json["integration_id"]
        assert first == brex.post(INTEGRATION, ERP, key="k").json["integration_id"]
        brex.post(f"{INTEGRATION}/{first}/disconnect")
        assert first != brex.post(INTEGRATION, ERP, key="k").json["integration_id"]

    def test_partial_refusals_are(self, brex: Emulator) -> None:
        """A refusal that took effect in part is remembered: nothing happens a second time."""
        brex.choose(report_422="partial")
        record_id = ready(brex)[0]
        start = version(brex, record_id)
        body = report(failure(record_id), success("accr_x"))
        first, second = (brex.post(RESULTS, body, key="k") for _ in range(2))
        assert (404, first.body) == (second.status, second.body)
        assert start + 1 == version(brex, record_id)
        assert [True, False] == [entry.committed for entry in brex.tenant.journal]

    def test_way_back(self, brex: Emulator) -> None:
        """Reset and new data forget keys; restore knows those of the snapshot."""
        first, second = ready(brex, 2)
        before = brex.post(RESULTS, report(success(first)), key="before").body
        snapshot = brex.tenant.snapshot()
        for _ in range(2):
            assert 200 == brex.post(RESULTS, report(success(second)), key="after").status
            assert (True, "EXPORTED") == (brex.last.committed, stage(brex, second))
            brex.tenant.restore(snapshot)
            assert before == brex.post(RESULTS, report(success(first)), key="before").body
            assert not brex.last.committed
        brex.tenant.reset()
        assert 200 == brex.post(RESULTS, report(success(first)), key="before").status
        assert (True, "EXPORTED") == (brex.last.committed, stage(brex, first))

    def test_at_once(self, brex: Emulator) -> None:
        """Two requests at once with one key: one takes effect, both get its answer."""
        fault(brex, "latency", delay=2, phase="before", skip=1)
        fault(brex, "latency", delay=2, phase="after", times=1)
        record_id = ready(brex)[0]
        start = version(brex, record_id)
        first, second = together(*(brex.send("POST", RESULTS, value=report(failure(record_id)), key="k") for _ in "ab"))
        assert (200, first.body) == (second.status, second.body)
        assert start + 1 == version(brex, record_id)
        assert [True, False] == [entry.committed for entry in brex.tenant.journal]

    @pytest.mark.parametrize("effect", ["drop", "reset", "cut_body", "bad_json", "empty", "status"])
    def test_lost_answer(self, brex: Emulator, effect: str) -> None:
        """What was lost after it took effect is got again with the key, and nothing happens twice."""
        fault(brex, effect, phase="after", times=1)
        record_id = ready(brex)[0]
        body = report(success(record_id))
        try:
            brex.post(RESULTS, body, key="k")
        except Disconnected:
            assert effect in NETWORK
        after = version(brex, record_id)
        reply = brex.post(RESULTS, body, key="k")
        assert (200, [record_id]) == (reply.status, reply.json["updated_accounting_record_ids"])
        assert after == version(brex, record_id)
        assert [True, False] == [entry.committed for entry in brex.tenant.journal]

    def test_lost_request(self, brex: Emulator) -> None:
        """What was lost before it took effect is not remembered."""
        fault(brex, "drop", times=1)
        record_id = ready(brex)[0]
        with pytest.raises(Disconnected):
            brex.post(RESULTS, report(success(record_id)), key="k")
        assert "READY_FOR_EXPORT" == stage(brex, record_id)
        assert 200 == brex.post(RESULTS, report(success(record_id)), key="k").status
        assert "EXPORTED" == stage(brex, record_id)
