"""Every operation of the four documents can be reached through a resource."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Coroutine
from typing import Any

import httpx

import brex_accounting_client.api
from brex_accounting import Brex, CallStarted, Event, ExportSuccess
from tests import wire
from tests.resources.test_expenses import expense
from tests.resources.test_webhook_verify import OLD, delivery
from tests.transport.scripted import COMPANY, INTEGRATION, SUBSCRIPTION, Answer, Script, play

LATER = {"receipt_match", "receipt_upload"}
"""Operations that put receipts to expenses, which is not the work of an ERP."""

HOOK = {"url": "https://erp.example.com/hook", "event_types": ["ACCOUNTING_RECORD_READY_FOR_EXPORT"]}

CALLS: list[tuple[str, Any, Callable[[Brex], Coroutine[Any, Any, Any]]]] = [
    ("create_integration", INTEGRATION, lambda b: b.integrations.create(vendor="ERP_A", vendor_account_id="42")),
    ("create_integration", INTEGRATION, lambda b: b.integrations.ensure(vendor="ERP_A", vendor_account_id="42")),
    ("disconnect_integration", INTEGRATION, lambda b: b.integrations.disconnect("int_1")),
    ("reactivate_integration", INTEGRATION, lambda b: b.integrations.reactivate("int_1")),
    ("get_accounting_record", wire.record(1), lambda b: b.records.get("accr_1")),
    ("query_accounting_records", wire.page([wire.record(1)]), lambda b: b.records.query()),
    ("query_accounting_records", wire.page([wire.record(1)]), lambda b: anext(b.records.iter())),
    ("query_accounting_records", wire.page([wire.record(1)]), lambda b: anext(b.records.pages())),
    (
        "report_accounting_export_results",
        {"updated_accounting_record_ids": ["accr_1"]},
        lambda b: b.records.report([ExportSuccess("accr_1")]),
    ),
    ("get_expense", expense(1), lambda b: b.expenses.get("expense_1")),
    ("list_expenses", {"items": [expense(1)]}, lambda b: b.expenses.query()),
    ("list_expenses", {"items": [expense(1)]}, lambda b: anext(b.expenses.iter())),
    ("list_expenses", {"items": [expense(1)]}, lambda b: anext(b.expenses.pages())),
    ("update_expense", expense(1), lambda b: b.expenses.update("expense_1", memo="Toner")),
    ("create_subscription", SUBSCRIPTION, lambda b: b.webhooks.subscribe(**HOOK)),
    ("list_subscription", {"items": [SUBSCRIPTION]}, lambda b: anext(b.webhooks.list())),
    ("get_subscription_by_id", SUBSCRIPTION, lambda b: b.webhooks.get("wh_1")),
    ("update_subscription", SUBSCRIPTION, lambda b: b.webhooks.update("wh_1", **HOOK, status="ACTIVE")),
    ("delete_subscription", {}, lambda b: b.webhooks.delete("wh_1")),
    ("list_secrets", [{"secret": OLD, "status": "ACTIVE"}], lambda b: b.webhooks.verify(*delivery(OLD))),
    ("get_company", COMPANY, lambda b: b.company.get()),
]


def operations() -> dict[str, str]:
    """Each generated operation: its module's name, and what it is called in events and errors."""
    found = {}
    package = brex_accounting_client.api
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        operation = getattr(importlib.import_module(module.name), "OPERATION", None)
        if operation is not None:
            found[module.name.rpartition(".")[2]] = operation.name
    return found


class TestReach:
    def test_every_operation(self) -> None:
        """What resources call is what the documents have, but for those that come later; no module is forgotten."""
        names = operations()
        assert 18 == len(names)
        reached = {}
        for module, body, ask in CALLS:
            events: list[Event] = []
            play(Script(lambda _, body=body: Answer(200, body)), ask, on_event=events.append)
            (started,) = [event for event in events if isinstance(event, CallStarted)]
            reached[module] = started.operation
        assert {module: name for module, name in names.items() if module not in LATER} == reached

    def test_templates_are_true(self) -> None:
        """The name of an operation in events is the method and the path of the request that was sent."""
        for module, body, ask in CALLS:
            script = Script(lambda _, body=body: Answer(200, body))
            play(script, ask)
            method, template = operations()[module].split(" ")
            parts = httpx.URL(script.sent[0].url).path.split("/")
            assert method == script.sent[0].method
            assert [True] * len(parts) == [
                part == wanted or wanted.startswith("{")
                for part, wanted in zip(parts, template.split("/"), strict=True)
            ]
