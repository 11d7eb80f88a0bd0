"""Schemathesis against the running emulator: it keeps what the published documents promise, whatever it is sent."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from schemathesis.checks import CHECKS, load_all_checks

from ..not_emulated import not_emulated
from .campaign import Campaign, run
from .documents import DOCUMENTS, UNLISTED, operations
from .refusals import unseen
from .settings import BUDGETS, PHASES, Budget, load, make_world

CHECKS_OF_SCHEMATHESIS = {
    "allow_header_conformance",
    "content_type_conformance",
    "ensure_resource_availability",
    "ignored_auth",
    "max_response_time",
    "missing_required_header",
    "negative_data_rejection",
    "not_a_server_error",
    "object_level_authorization",
    "positive_data_acceptance",
    "response_headers_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "unsupported_method",
    "use_after_free",
}
"""All that there are; one that a later version brings has to be looked at and put here."""

TRANSITIONS = {
    "accounting_api": {
        ("disconnectIntegration", "createIntegration"),
        ("disconnectIntegration", "reactivateIntegration"),
        ("reactivateIntegration", "disconnectIntegration"),
        ("queryAccountingRecords", "getAccountingRecord"),
    },
    "expenses_api": {
        ("listExpenses", "getExpense"),
        ("listExpenses", "updateExpense"),
        ("listExpenses", "receiptUpload"),
    },
    "webhooks_api": {
        ("listSubscription", "createSubscription"),
        ("listSubscription", "getSubscriptionById"),
        ("listSubscription", "updateSubscription"),
        ("listSubscription", "deleteSubscription"),
    },
}
"""Pairs of operations of which the second succeeds with what the first has answered; the Team API has one alone."""

EACH_DOCUMENT = pytest.mark.parametrize("name", DOCUMENTS)
EACH_LINKED_DOCUMENT = pytest.mark.parametrize("name", TRANSITIONS)
OPERATIONS = {name: {node["operationId"]: node for _, _, node in operations(name)} for name in DOCUMENTS}
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "quick")


@pytest.fixture(scope="module")
def budget(pytestconfig: pytest.Config) -> Budget:
    """What the profile allows; ``--hypothesis-seed`` runs one run again."""
    seed = pytestconfig.getoption("--hypothesis-seed", None)
    return BUDGETS[PROFILE] if seed is None else replace(BUDGETS[PROFILE], seed=int(seed))


@pytest.fixture(scope="module")
def campaigns(budget: Budget, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Campaign]:
    """One run for each document."""
    found = {name: run(name, budget, tmp_path_factory.mktemp(name)) for name in DOCUMENTS}
    for campaign in found.values():
        print(f"{campaign.name}: {campaign.cases.total()} cases {dict(campaign.cases)}, seed {campaign.seed}")
    return found


class TestDocument:
    """What one run shows about one document."""

    @EACH_DOCUMENT
    def test_it_is_kept(self, campaigns: dict[str, Campaign], name: str) -> None:
        """No check fails, no valid request is refused but for a declared reason, and nothing is logged or raised."""
        campaign = campaigns[name]
        assert [] == campaign.findings, "\n\n".join([f"seed {campaign.seed}", *campaign.findings[:20]])

    @EACH_DOCUMENT
    def test_every_phase_ran(self, campaigns: dict[str, Campaign], name: str) -> None:
        """Examples, coverage, fuzzing and stateful sent requests, where the document has examples and links."""
        phases = PHASES if name in TRANSITIONS else ("coverage", "fuzzing")
        assert {*phases} <= {*campaigns[name].cases}

    @EACH_DOCUMENT
    def test_every_operation_succeeded(self, campaigns: dict[str, Campaign], name: str) -> None:
        """Every operation answered 200 at least once."""
        assert {*OPERATIONS[name]} == {operation for operation, status in campaigns[name].statuses if status == 200}

    @EACH_DOCUMENT
    def test_every_status_was_seen(self, campaigns: dict[str, Campaign], name: str) -> None:
        """Every operation answered with every status that its document lists, and with no other."""
        nodes = OPERATIONS[name].items()
        listed = {(operation, int(status)) for operation, node in nodes for status in node["responses"]}
        listed |= {(operation, int(status)) for operation, status in UNLISTED if operation in OPERATIONS[name]}
        missing = not_emulated(name)
        expected = {
            (operation, status)
            for operation, status in listed
            if not unseen(operation, status) and f"{operation} {status}" not in missing
        }
        assert expected == {(operation, status) for operation, status in campaigns[name].statuses if status != 405}

    @EACH_DOCUMENT
    def test_other_methods_were_tried(self, campaigns: dict[str, Campaign], name: str) -> None:
        """Every path answered 405 to a method that it has not."""
        refused = {operation for operation, status in campaigns[name].statuses if status == 405}
        assert {path for _, path, _ in operations(name)} == {
            path for _, path, node in operations(name) if node["operationId"] in refused
        }

    @EACH_LINKED_DOCUMENT
    def test_every_sequence_ran(self, campaigns: dict[str, Campaign], budget: Budget, name: str) -> None:
        """The stateful phase did not end before its time."""
        assert budget.scenarios <= campaigns[name].sequences

    @EACH_LINKED_DOCUMENT
    def test_answers_led_on(self, campaigns: dict[str, Campaign], budget: Budget, name: str) -> None:
        """Requests made from an earlier answer succeeded."""
        missed = TRANSITIONS[name] - {*campaigns[name].links}
        if budget.thorough:
            assert set() == missed
        assert missed < TRANSITIONS[name]

    @EACH_LINKED_DOCUMENT
    def test_strangers_asked(self, campaigns: dict[str, Campaign], name: str) -> None:
        """The second account asked for what the first one has; a check saw that it did not get it."""
        assert campaigns[name].strangers > 0


class TestCampaign:
    """What the runs are worth."""

    def test_enough_cases_ran(self, campaigns: dict[str, Campaign], budget: Budget) -> None:
        """As many cases as promised were answered, and the emulator knows of all of them."""
        cases = sum(campaign.cases.total() for campaign in campaigns.values())
        assert budget.cases <= cases <= sum(campaign.exchanges for campaign in campaigns.values())

    def test_there_are_no_other_checks(self) -> None:
        """The checks that have to pass are all that Schemathesis has."""
        load_all_checks()
        assert CHECKS_OF_SCHEMATHESIS == {*CHECKS.get_all_names(), "max_response_time"}

    @EACH_DOCUMENT
    def test_no_check_is_off(self, budget: Budget, tmp_path: Path, name: str) -> None:
        """Every check is on for every operation in every phase."""
        schema = load(name, "http://127.0.0.1", make_world(budget.records), budget, tmp_path)
        for found in schema.get_all_operations():
            for phase in PHASES:
                checks = schema.config.checks_config_for(operation=found.ok(), phase=phase)
                on = {check for check in CHECKS_OF_SCHEMATHESIS if checks.get_by_name(name=check).enabled}
                assert CHECKS_OF_SCHEMATHESIS == on

    def test_every_check_judged(self, campaigns: dict[str, Campaign]) -> None:
        """Every check passed judgement on some answer."""
        assert CHECKS_OF_SCHEMATHESIS == {check for campaign in campaigns.values() for check in campaign.checks}
