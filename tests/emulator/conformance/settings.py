"""What Schemathesis is told: how much to try, as whom, against which account, and what may come back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.meta import CoveragePhaseData
from schemathesis.schemas import BaseSchema

from brex_accounting.emulator import TenantPlan, World
from brex_accounting.emulator.world import DEFAULT_TENANT

from .documents import BODY, KEY_EXAMPLE, operations, prepared
from .refusals import MALFORMED, REFUSALS

STRANGER = "stranger"
"""A second account, which must not see what belongs to the first."""

PHASES = ("examples", "coverage", "fuzzing", "stateful")
SLOWEST = 10.0
"""Seconds within which every answer comes, however busy the machine is."""


@dataclass(frozen=True)
class Budget:
    """How much is tried.

    Args:
        records: Accounting records of the account; every id of an answer makes more requests.
        fuzzing: Requests for each operation.
        scenarios: Sequences of requests for each document.
        cases: The least number of cases in all documents together.
        seed: What randomness grows from; None for another seed each time.
        thorough: Whether whatever can be met by chance is met.
    """

    records: int
    fuzzing: int
    scenarios: int
    cases: int
    seed: int | None
    thorough: bool


BUDGETS = {
    "quick": Budget(records=12, fuzzing=5, scenarios=6, cases=800, seed=20261120, thorough=False),
    "soak": Budget(records=60, fuzzing=60, scenarios=80, cases=2000, seed=None, thorough=True),
}
"""By Hypothesis profile."""


def make_world(records: int) -> World:
    """Two accounts with different data; time stands still, so that one seed makes one run.

    Args:
        records: How many the first one has.
    """
    start = datetime(2026, 7, 1, tzinfo=timezone.utc)
    world = World(TenantPlan(records=records, start=start, rate_limit=None), monotonic=lambda: 0.0)
    world.add(STRANGER, TenantPlan(records=10, seed=2, start=start, rate_limit=None))
    return world


def _examples(world: World) -> dict[tuple[str, str], Any]:
    """Values of parameters that mean something in the first account."""
    tenant = world.tenant()
    record = next(record.id for record in tenant.records.all() if record.review_status == "READY_FOR_EXPORT")
    expense = next(expense.id for expense in tenant.expenses.all() if expense.expense_type == "CARD")
    report = {"results": [{"accounting_record_id": record, "success": {"reference_id": "JE-1"}}]}
    return {
        ("getAccountingRecord", "record_id"): record,
        ("queryAccountingRecords", "ids"): [record],
        ("queryAccountingRecords", "source_type"): "CARD",
        ("queryAccountingRecords", "updated_at"): {"gte": "2025-01-01", "lt": "2027-01-01T00:00:00Z"},
        ("reportAccountingExportResults", BODY): report,
        ("getExpense", "id"): expense,
        ("updateExpense", "expense_id"): expense,
        ("receiptUpload", "expense_id"): expense,
        ("createSubscription", "Idempotency-Key"): KEY_EXAMPLE,
    }


def _configuration(name: str, base_url: str, users: Path, budget: Budget) -> SchemathesisConfig:
    """Everything at once, so that no file is looked for; users come in the format of Web Fuzzing Commons."""
    return SchemathesisConfig.from_dict(
        {
            **({} if budget.seed is None else {"seed": budget.seed}),
            "base-url": base_url,
            "cache": {"enabled": False},
            "continue-on-failure": True,
            "suppress-health-check": ["too_slow"],  # it would be about the machine
            "auth": {"wfc": {"path": str(users), "user": DEFAULT_TENANT, "peers": [DEFAULT_TENANT, STRANGER]}},
            # A third of all requests would have no good token, and hide what else is wrong with them. Such requests
            # are made by a check, and by the last phase here.
            "generation": {"mode": "all", "database": "none", "with-security-parameters": False},
            "phases": {
                "examples": {"generation": {"max-examples": budget.fuzzing}},
                "coverage": {"generate-duplicate-query-parameters": True},
                "fuzzing": {"generation": {"max-examples": budget.fuzzing}},
                "stateful": {"generation": {"max-examples": budget.scenarios}},
            },
            "checks": {
                "not_a_server_error": {"expected-statuses": ["2xx", "4xx"]},
                "missing_required_header": {"expected-statuses": ["400"]},
                "max_response_time": SLOWEST,
            },
            "operations": [_settings(node) for _, _, node in operations(name)],
        }
    )


def _settings(node: Mapping[str, Any]) -> dict[str, Any]:
    """What one operation may answer, and what may be sent to it."""
    operation = node["operationId"]
    accepted = {200, *(refusal.status for refusal in REFUSALS if refusal.operation == operation)}
    settings: dict[str, Any] = {
        "include-operation-id": operation,
        "checks": {
            "positive_data_acceptance": {"expected-statuses": sorted(accepted)},
            "negative_data_rejection": {"expected-statuses": [MALFORMED.get(operation, 400)]},
        },
    }
    if "requestBody" not in node and all(parameter["in"] == "path" for parameter in node.get("parameters", ())):
        # Any text may be an id: looking for one that breaks the schema finds nothing, and takes a minute to do so.
        settings["phases"] = {"fuzzing": {"generation": {"mode": "positive"}}}
    return settings


def load(name: str, base_url: str, world: World, budget: Budget, folder: Path) -> BaseSchema:
    """A document, ready to be tested.

    Args:
        name: The document.
        base_url: Of the emulator.
        world: What it serves.
        budget: How much is tried.
        folder: Where to put files.
    """
    users = folder / "users.json"
    users.write_text(json.dumps({"auth": [_user(world, tenant) for tenant in (DEFAULT_TENANT, STRANGER)]}))
    schema = schemathesis.openapi.from_dict(
        prepared(name, _examples(world)), config=_configuration(name, base_url, users, budget)
    )

    @schema.hook
    def map_case(_context: Any, case: Any) -> Any:
        """Do what no schema can say: take a new key for each request, and begin a walk without a cursor."""
        if (case.headers or {}).get("Idempotency-Key") == KEY_EXAMPLE:
            case.headers["Idempotency-Key"] = f"key {case.id}"
        about = case.meta.phase.data
        if isinstance(about, CoveragePhaseData) and about.parameter != "cursor" and case.query.get("cursor") == "":
            del case.query["cursor"]
        return case

    return schema


def _user(world: World, tenant: str) -> dict[str, Any]:
    token = world.issuer.user_token(tenant)
    return {"name": tenant, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}


__all__ = ["BUDGETS", "PHASES", "STRANGER", "Budget", "load", "make_world"]
